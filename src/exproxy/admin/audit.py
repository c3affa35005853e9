"""Who did what: a line in the log each, and the last ones for whoever looks."""

from collections import deque

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exproxy.admin.views import ActionView

KEPT = 100
"""So many are remembered."""

_log = Logger()


class Audit:
    """Remembers until the process ends; the log does for longer."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._kept: deque[ActionView] = deque(maxlen=KEPT)

    def note(self, by: str, what: str) -> None:
        """:param by: who; ``what``: the rest of the sentence."""
        _log.info("audit: {by} {what}", by=by, what=what)
        self._kept.append(ActionView(self._clock.seconds(), by, what))

    def last(self) -> tuple[ActionView, ...]:
        """The newest first."""
        return tuple(reversed(self._kept))
