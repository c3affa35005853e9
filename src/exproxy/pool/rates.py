"""How often something happened lately, for each of very many: clients' networks, users.

As HAProxy's ``conn_rate`` and its like: events of the present period, and of the one before as much as is still within the last
period.  So ``100/10s`` lets 100 through within any ten seconds, a few more or less where they came unevenly.
"""

from collections import OrderedDict
from collections.abc import Sequence
from math import ceil

import attrs

from exproxy.pool.together import Fresh


@attrs.define(eq=False)
class _Tally:
    period: int
    count: int = 0
    before: int = 0


class Rates:
    """:param count: so many are allowed  :param seconds: within so long.

    :param size: keys that are remembered; who has been quiet for the longest is forgotten for who is new.
    """

    __slots__ = ("_count", "_fresh", "_seconds", "_size", "_tallies")

    def __init__(self, count: int, seconds: float, size: int = 100_000) -> None:
        if count < 1 or seconds <= 0 or size < 1:
            raise ValueError(f"{count} within {seconds:g} s, for {size}: nothing is ever allowed")
        self._count = count
        self._seconds = seconds
        self._size = size
        self._tallies: OrderedDict[bytes, _Tally] = OrderedDict()
        self._fresh = Fresh()

    def take(self, key: bytes, now: float) -> float:
        """Count one, if that is allowed: 0; else the seconds until it will be, and nothing is counted."""
        tally = self._tally(key, now)
        wait = self._wait(tally, 1, now)
        if not wait:
            tally.count += 1
            self._fresh.add(key, 1)
        return wait

    def add(self, key: bytes, now: float) -> None:
        """Count one, allowed or not."""
        self._tally(key, now).count += 1
        self._fresh.add(key, 1)

    def wait(self, key: bytes, now: float, more: int = 1) -> float:
        """Seconds until ``more`` are allowed, 0 if they are; nothing is counted.  Beyond what is ever allowed: a period."""
        if key not in self._tallies:
            return 0.0 if more <= self._count else self._seconds
        return self._wait(self._tally(key, now), more, now)

    def share(self) -> None:
        self._fresh.share()

    def changes(self) -> Sequence[tuple[bytes, int]]:
        return self._fresh.changes()

    def elsewhere(self, key: bytes, count: int, now: float) -> None:
        self._tally(key, now).count += count

    def __len__(self) -> int:
        return len(self._tallies)

    def _tally(self, key: bytes, now: float) -> _Tally:
        period = int(now // self._seconds)
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= self._size:
                self._tallies.popitem(last=False)
            tally = self._tallies[key] = _Tally(period)
            self._forget(period)
            return tally
        self._tallies.move_to_end(key)
        if tally.period != period:
            tally.before = tally.count if tally.period == period - 1 else 0
            tally.count = 0
            tally.period = period
        return tally

    def _forget(self, period: int) -> None:
        """One that is new makes place of two that are of no more use, so that nobody has to come and clean up."""
        for _ in range(2):
            key, oldest = next(iter(self._tallies.items()))
            if oldest.period >= period - 1:
                return
            del self._tallies[key]

    def _wait(self, tally: _Tally, more: int, now: float) -> float:
        room = self._count - more
        into = now % self._seconds
        if tally.count <= room:
            if not tally.before:
                return 0.0
            wait = self._seconds * (1 - (room - tally.count) / tally.before) - into
        elif room < 0:
            return self._seconds
        else:
            wait = self._seconds * (2 - room / tally.count) - into
        return wait if wait > 1e-6 else 0.0  # what is left of it is of arithmetic


def seconds_to_wait(wait: float) -> int:
    """As ``Retry-After`` wants it: whole seconds, not fewer."""
    return max(1, ceil(wait))
