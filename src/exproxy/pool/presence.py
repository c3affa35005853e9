"""How many there are at once, for each of very many: sessions of clients' networks, as HAProxy's ``conn_cur``."""

from collections.abc import Sequence

from exproxy.pool.together import Fresh


class Presence:
    """:param limit: so many may be there at once, over all processes.

    Who is not there needs no memory: it is bounded by the sessions that there are.
    """

    __slots__ = ("_fresh", "_here", "_limit", "_there")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._here: dict[bytes, int] = {}
        self._there: dict[bytes, int] = {}
        self._fresh = Fresh()

    def resize(self, limit: int) -> None:
        """Who is there beyond a smaller limit stays."""
        self._limit = limit

    def enter(self, key: bytes) -> bool:
        """Whether one more may come; it is then counted until :meth:`leave`."""
        here = self._here.get(key, 0)
        if here + self._there.get(key, 0) >= self._limit:
            return False
        self._here[key] = here + 1
        self._fresh.add(key, 1)
        return True

    def leave(self, key: bytes) -> None:
        """One that had entered has gone."""
        left = self._here[key] - 1
        if left:
            self._here[key] = left
        else:
            del self._here[key]
        self._fresh.add(key, -1)

    def share(self) -> None:
        self._fresh.share()

    def changes(self) -> Sequence[tuple[bytes, int]]:
        return self._fresh.changes()

    def elsewhere(self, key: bytes, more: int, now: float) -> None:
        there = self._there.get(key, 0) + more
        if there:
            self._there[key] = there
        else:
            self._there.pop(key, None)

    def __len__(self) -> int:
        return len(self._here.keys() | self._there.keys())
