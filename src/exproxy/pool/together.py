"""What several processes count together: each counts at once, and hears of the others' counts a moment later."""

from collections.abc import Sequence
from typing import Protocol


class Shared(Protocol):
    """Counts by key that only grow together by being told."""

    def share(self) -> None:
        """There are other processes: from now on :meth:`changes` has something to say."""

    def changes(self) -> Sequence[tuple[bytes, int]]:
        """Keys and what was counted here since the last call, for the others' :meth:`elsewhere`."""

    def elsewhere(self, key: bytes, count: int, now: float) -> None:
        """So much was counted in another process."""


class Fresh:
    """What was counted since it was last told; nothing is kept before anybody wants to be told."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[bytes, int] | None = None

    def share(self) -> None:
        self._counts = {}

    def add(self, key: bytes, count: int) -> None:
        if self._counts is not None:
            self._counts[key] = self._counts.get(key, 0) + count

    def changes(self) -> Sequence[tuple[bytes, int]]:
        if not self._counts:
            return ()
        counts, self._counts = self._counts, {}
        return [(key, count) for key, count in counts.items() if count]
