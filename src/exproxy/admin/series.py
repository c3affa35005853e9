"""What there was in the last minutes, for charts: looked at every few seconds, kept in a fixed room."""

from array import array
from collections.abc import Mapping

import attrs

from exproxy.admin.views import SeriesView

STEP = 2.0
"""Seconds between two points."""
LENGTH = 300
"""Points: ten minutes."""


@attrs.frozen
class Counts:
    """:param bytes_in: ever, as the next one."""

    sessions: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


@attrs.define
class _Line:
    counts: Counts
    sessions: "array[float]" = attrs.field(factory=lambda: array("d"))
    bytes_in: "array[float]" = attrs.field(factory=lambda: array("d"))
    bytes_out: "array[float]" = attrs.field(factory=lambda: array("d"))

    def add(self, counts: Counts, passed: float) -> None:
        # a worker that dies takes along what it has not reported
        self._put(self.sessions, counts.sessions)
        self._put(self.bytes_in, max(0, counts.bytes_in - self.counts.bytes_in) / passed)
        self._put(self.bytes_out, max(0, counts.bytes_out - self.counts.bytes_out) / passed)
        self.counts = counts

    def _put(self, values: "array[float]", value: float) -> None:
        values.append(value)
        del values[:-LENGTH]


class Series:
    """Of any number of things, by name."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._at: float | None = None

    def sample(self, counts: Mapping[str, Counts], now: float) -> None:
        """As often as one likes; a point comes every :data:`STEP`, and nothing is kept of what is not named any more."""
        passed = 0.0 if self._at is None else now - self._at
        # half a second too early is early enough: who comes every second comes a little off
        if self._at is not None and 0 <= passed < STEP - 0.5:
            return
        self._at = now
        before, self._lines = self._lines, {}
        for name, count in counts.items():
            line = self._lines[name] = before.get(name) or _Line(count)
            if passed > 0:
                line.add(count, passed)
            else:
                line.counts = count

    def of(self, name: str) -> SeriesView:
        """The oldest first; a thing that is new has a shorter one."""
        line = self._lines.get(name) or _Line(Counts())
        return SeriesView(self._at or 0.0, STEP, tuple(line.sessions), tuple(line.bytes_in), tuple(line.bytes_out))
