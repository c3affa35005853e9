"""That the configuration is read anew."""

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred


class NotReloadedError(Exception):
    """Nothing has changed, for these reasons.

    :param problems: a sentence each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


Reload = Callable[[], "Deferred[Sequence[str]]"]
"""Fires with what has changed, a sentence part each, once all holds; fails with :class:`NotReloadedError`."""
