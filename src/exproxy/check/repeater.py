"""Does one thing now and then, never twice at once."""

from collections.abc import Callable
from random import Random

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

JITTER = 0.03
"""Intervals are so much longer or shorter, at random, so that checks which began together do not stay together."""
SHORTEST = 0.05
"""Seconds between the end of one turn and the start of the next, at least."""
FIRST = 1.0
"""First turns are spread over so many seconds, or over an interval if that is shorter: clients wait for their results."""


@attrs.define(eq=False)
class Repeater:
    """Calls ``begin``; whoever is called says :meth:`finished` some time later, and the next turn is due ``interval()`` seconds
    after the start of this one.

    :param interval: seconds; asked after each turn.
    """

    clock: IReactorTime
    rng: Random
    begin: Callable[[], None]
    interval: Callable[[], float]
    _began: float = float("-inf")
    _stretch: float = 1.0
    """Of the next interval: the second turns are spread over a whole interval, and so are all after them."""
    _call: IDelayedCall | None = None
    stopped: bool = True

    @property
    def under_way(self) -> bool:
        """Whether a turn has begun and is not over."""
        return self._call is None and not self.stopped

    def start(self, phase: float) -> None:
        """:param phase: 0 to 1: where in the spread this one stands."""
        self.stopped = False
        self._stretch = 0.5 + phase
        self._later(phase * min(FIRST, self.interval()))

    def finished(self) -> None:
        """The turn is over."""
        if self.stopped:
            return
        interval = self.interval() * self._stretch * (1.0 + self.rng.uniform(-JITTER, JITTER))
        self._stretch = 1.0
        self._later(max(SHORTEST, self._began + interval - self.clock.seconds()))

    def again(self, seconds: float) -> None:
        """The turn came to nothing; the next one is due in ``seconds``."""
        if not self.stopped:
            self._later(seconds)

    def hasten(self, pause: float) -> None:
        """The next turn is due now, or ``pause`` seconds after the start of the last one; one that is under way is no reason
        for another."""
        due = max(0.0, self._began + pause - self.clock.seconds())
        if self._call is not None and self._call.getTime() > self.clock.seconds() + due:
            self._call.reset(due)

    def put_off(self, seconds: float) -> None:
        """The next turn can wait so long."""
        if self._call is not None:
            self._call.reset(seconds)

    def stop(self) -> None:
        """No more turns."""
        self.stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _later(self, seconds: float) -> None:
        self._call = self.clock.callLater(seconds, self._turn)

    def _turn(self) -> None:
        self._call = None
        self._began = self.clock.seconds()
        self.begin()
