"""How many sessions a second: reckoned from totals that are looked at once a second."""

from collections.abc import Mapping

import attrs


@attrs.define
class _Count:
    total: int
    rate: float = 0.0
    most: float = 0.0


class Rates:
    """Of any number of things, by name."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._at: float | None = None

    def sample(self, totals: Mapping[str, int], now: float) -> None:
        """:param totals: how many there have ever been; a name that is new has no rate before the next time."""
        passed = None if self._at is None or now <= self._at else now - self._at
        self._at = now
        before, self._counts = self._counts, {}
        for name, total in totals.items():
            count = self._counts[name] = before.get(name) or _Count(total)
            if passed is not None:
                # a worker that dies takes along what it has not reported
                count.rate = max(0, total - count.total) / passed
                count.most = max(count.most, count.rate)
            count.total = total

    def rate(self, name: str) -> float:
        """In the last second."""
        return self._counts[name].rate if name in self._counts else 0.0

    def most(self, name: str) -> float:
        """In the busiest second."""
        return self._counts[name].most if name in self._counts else 0.0
