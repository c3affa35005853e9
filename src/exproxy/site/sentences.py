"""What an administrator reads when a server changes."""

from collections.abc import Callable

from twisted.logger import Logger

from exproxy import pool

_log = Logger()


class Sentences:
    """Logs each transition as a sentence that says what is left.

    :param find: the back end of a name, which is the first part of a server's full name; ``None``: that is no more.
    """

    def __init__(self, find: Callable[[str], pool.Backend | None]) -> None:
        self._find = find

    def tell(self, transition: pool.Transition) -> None:
        """One transition; given to :meth:`exproxy.pool.Backend.subscribe`."""
        backend = self._find(transition.server.partition("/")[0])
        if backend is None:
            return
        sentence = backend.describe(transition)
        if backend.usable:
            _log.info("{sentence}", sentence=sentence)
        else:
            _log.error("{sentence}", sentence=sentence)
