"""Deadlines for many owners at a cost that does not grow with what they do.

An owner stands in one bucket of a tenth of a second.  A deadline that moves later as bytes go by is *not* moved here: when
its bucket is due, the owner is asked, and sets the next one itself.  One timer of the reactor serves them all.
"""

from heapq import heappop, heappush
from math import ceil
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

RESOLUTION = 0.1

_SWEEP = 1024
"""Buckets before those are looked for whose owners have all left early."""

_log = Logger()


class Owner(Protocol):
    """Whoever has a deadline."""

    deadline_tick: int
    """Kept by :class:`Deadlines`; 0 to begin with."""

    def deadline_due(self, now: float) -> None:
        """The deadline is reached (never early, up to a tenth of a second late); it is no longer set."""


class Deadlines:
    """:param clock: the reactor."""

    __slots__ = ("_buckets", "_clock", "_due_tick", "_fired", "_sweep_at", "_ticks", "_timer")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._buckets: dict[int, set[Owner]] = {}
        self._ticks: list[int] = []
        self._timer: IDelayedCall | None = None
        self._due_tick = 0
        self._fired = 0
        self._sweep_at = _SWEEP

    def set(self, owner: Owner, when: float) -> None:
        """Ask ``owner`` at ``when`` (the reactor's seconds); replaces its earlier deadline."""
        tick = ceil(when / RESOLUTION)
        if tick <= self._fired:
            tick = self._fired + 1
        before = owner.deadline_tick
        if before:
            if before == tick:
                return
            self._buckets[before].discard(owner)
        owner.deadline_tick = tick
        bucket = self._buckets.get(tick)
        if bucket is None:
            if len(self._buckets) >= self._sweep_at:
                self._sweep()
            self._buckets[tick] = {owner}
            heappush(self._ticks, tick)
            if self._timer is None or tick < self._due_tick:
                self._arm(tick)
        else:
            bucket.add(owner)

    def clear(self, owner: Owner) -> None:
        """``owner`` has no deadline any more."""
        if owner.deadline_tick:
            self._buckets[owner.deadline_tick].discard(owner)
            owner.deadline_tick = 0

    def stop(self) -> None:
        """Wake the reactor no more; for the end of the process."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, tick: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due_tick = tick
        self._timer = self._clock.callLater(max(0.0, tick * RESOLUTION - self._clock.seconds()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        while self._ticks and self._ticks[0] * RESOLUTION <= now + 1e-9:
            tick = heappop(self._ticks)
            self._fired = max(tick, self._fired)
            bucket = self._buckets[tick]
            while bucket:
                owner = bucket.pop()
                owner.deadline_tick = 0
                try:
                    owner.deadline_due(now)
                except Exception:  # noqa: BLE001 - the deadlines of all others hang on this timer
                    _log.failure("exproxy made an error at a deadline; please report this")
            del self._buckets[tick]
        self._drop_empty()
        if self._ticks and (self._timer is None or self._ticks[0] < self._due_tick):
            self._arm(self._ticks[0])

    def _sweep(self) -> None:
        """Without this, sessions that end long before a timeout of a day would leave a bucket each for a day."""
        self._buckets = {tick: bucket for tick, bucket in self._buckets.items() if bucket or tick == self._fired}
        self._ticks = sorted(tick for tick in self._buckets if tick > self._fired)
        self._sweep_at = 2 * len(self._buckets) + _SWEEP

    def _drop_empty(self) -> None:
        """Without this, buckets whose owners all left early would wake the reactor for nobody."""
        while self._ticks and not self._buckets[self._ticks[0]]:
            del self._buckets[heappop(self._ticks)]
