"""What has been seen lately: a bounded memory of keys."""

from collections import OrderedDict
from collections.abc import Sequence

from exproxy.pool.together import Fresh


class Marks:
    """:param seconds: for which a key is known after it was seen.

    :param size: keys at most; the one goes that was seen the longest ago.
    """

    __slots__ = ("_fresh", "_seconds", "_seen", "_size")

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._fresh = Fresh()

    def set(self, key: bytes, now: float) -> None:
        """It is seen now.  Other processes are told when it is new, and once in a while."""
        before = self._seen.get(key)
        if before is None or now - before >= self._seconds / 100:
            self._fresh.add(key, 1)
            self.elsewhere(key, 1, now)

    def has(self, key: bytes, now: float) -> bool:
        """Whether it is known."""
        seen = self._seen.get(key)
        return seen is not None and now - seen < self._seconds

    def share(self) -> None:
        self._fresh.share()

    def changes(self) -> Sequence[tuple[bytes, int]]:
        return self._fresh.changes()

    def elsewhere(self, key: bytes, count: int, now: float) -> None:
        self._seen[key] = now
        self._seen.move_to_end(key)
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)

    def __len__(self) -> int:
        return len(self._seen)
