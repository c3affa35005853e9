"""Tells those who look what has changed, as server-sent events (HTML Living Standard, 9.2).

Everybody hears the same, at most once a second, so what it costs does not grow with who listens.  Nothing is ever kept for one
who does not read: who has not taken the last event gets no more, and everything at once when he has.
"""

import json
import time
from collections.abc import Callable, Mapping

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exproxy.admin.answers import Answer, Follow, Listener, RefusedError
from exproxy.admin.pieces import Done

KIND = "text/event-stream"
INTERVAL = 1.0
"""Seconds between two events, at least."""
SHARE = 0.05
"""Of a core: so much goes to looking and telling in the long run; with very many servers, events come less often."""
EACH = 6
"""Of one viewer; the next one takes the place of the oldest."""
ALL = 32
LIFE = 240.0
"""Seconds; then who listens asks again, and has to be somebody who may."""
STUCK = 30.0
"""Seconds in which something has to be taken."""
RETRY = 5
"""Seconds after which who found no place may ask again."""

Facts = Mapping[str, object]
"""What can be seen, by names; the values are what JSON can say."""

_log = Logger()


@attrs.define(eq=False)
class _Viewer:
    name: str
    listener: Listener
    since: float
    behind: bool = True
    """Has not heard the last event, or none yet."""
    stuck_since: float | None = None


class Events:
    """:param look: what there is to see at this moment, a little later.

    :param stopwatch: seconds, finely.
    """

    def __init__(
        self, clock: IReactorTime, look: "Callable[[], Deferred[Done[Facts]]]", stopwatch: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self._look = look
        self._stopwatch = stopwatch
        self._viewers: list[_Viewer] = []
        self._told: Facts = {}
        self._call: IDelayedCall | None = None
        self._looking = False
        self._next = clock.seconds()

    def answer(self, viewer: str) -> Answer:
        """An answer that goes on.

        :param viewer: who it is, by name or address.
        :raises RefusedError: there are too many already.
        """
        own = [one for one in self._viewers if one.name == viewer]
        if len(own) >= EACH:
            own[0].listener.tell(b"event: enough\ndata: \n\n")
            own[0].listener.end()
        elif len(self._viewers) >= ALL:
            raise RefusedError(429, f"{ALL} are listening already", (("Retry-After", str(RETRY)),))
        return Answer(200, b"retry: 2000\n\n", KIND, follow=self._follow(viewer))

    def close(self) -> None:
        """Tell nobody any more."""
        for viewer in tuple(self._viewers):
            viewer.listener.end()

    def _follow(self, name: str) -> Follow:
        def follow(listener: Listener) -> Callable[[], None]:
            viewer = _Viewer(name, listener, self._clock.seconds())
            self._viewers.append(viewer)
            if self._call is None and not self._looking:
                self._call = self._clock.callLater(max(0.0, self._next - self._clock.seconds()), self._begin)
            return lambda: self._left(viewer)

        return follow

    def _left(self, viewer: _Viewer) -> None:
        self._viewers.remove(viewer)
        if not self._viewers and self._call is not None:
            self._call.cancel()
            self._call = None
            self._told = {}

    def _begin(self) -> None:
        self._call = None
        self._looking = True
        began = self._clock.seconds()
        looked = self._look().addCallback(self._tell)
        looked.addErrback(lambda failure: _log.failure("exproxy made an error in an event; please report this", failure))
        looked.addCallback(self._rest, began)

    def _rest(self, took: float | None, began: float) -> None:
        self._looking = False
        self._next = began + max(INTERVAL, (took or 0.0) / SHARE)
        if self._viewers:
            self._call = self._clock.callLater(max(0.0, self._next - self._clock.seconds()), self._begin)
        else:
            self._told = {}

    def _tell(self, done: Done[Facts]) -> float:
        """:returns: the seconds of work that looking and telling took."""
        began = self._stopwatch()
        now = self._clock.seconds()
        facts, whole = done.value, b""
        changed = _event({name: value for name, value in facts.items() if self._told.get(name) != value})
        self._told = facts
        for viewer in tuple(self._viewers):
            if viewer.listener.full:
                self._wait_for(viewer, now)
            elif now - viewer.since >= LIFE:
                viewer.listener.end()
            elif viewer.behind:
                whole = whole or _event(facts)
                viewer.behind, viewer.stuck_since = False, None
                viewer.listener.tell(whole)
            else:
                viewer.listener.tell(changed)
        return done.took + self._stopwatch() - began

    def _wait_for(self, viewer: _Viewer, now: float) -> None:
        viewer.behind = True
        if viewer.stuck_since is None:
            viewer.stuck_since = now
        elif now - viewer.stuck_since >= STUCK:
            viewer.listener.cut()


def _event(facts: Facts) -> bytes:
    return b"data: " + json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
