"""A bounded, expiring memory of which client went to which host.

An entry expires when it has not been used for ``expire`` seconds; a session that is alive uses its entry all the time, so that an
Outlook that has idled for hours keeps its host (RPC, EXCHANGE.md, "Affinity").  When the table is full, the entry goes whose last
use is the longest ago.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

import attrs

from exproxy.pool.key import SourceKeys

Kind = Literal["source", "cookie", "app-cookie", "header", "user", "super-http", "tls-session-id"]


@attrs.define(eq=False)
class Entry:
    """One client's choice.

    :param used: when it was last used.
    :param live: sessions that use it now; who begins adds one, and :meth:`Table.let_go` takes it off.
    """

    key: bytes
    host: str
    used: float
    live: int = 0


class Table:
    """Keys to host names.  Entries are ordered by last use, the oldest first.

    :param expire: seconds after the last use.
    :param size: entries at most.
    :param kind: what keys are made of.
    """

    __slots__ = ("_entries", "_keys", "evicted", "expire_after", "kind", "name", "size")

    def __init__(
        self,
        name: str,
        expire: float = 3600.0,
        size: int = 100_000,
        ipv4_prefix: int = 32,
        ipv6_prefix: int = 128,
        kind: Kind = "source",
    ) -> None:
        _demand_size(name, size)
        self.name = name
        self.kind = kind
        self.expire_after = expire
        self.size = size
        self.evicted = 0
        """Entries that went because the table was full; when this grows, ``size`` is too small."""
        self._keys = SourceKeys(ipv4_prefix, ipv6_prefix)
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()

    def resize(self, expire: float, size: int) -> None:
        """Keep entries for another time, and another number of them; what is too much goes, the least recently used first.

        :raises ValueError: a size that holds nothing.
        """
        _demand_size(self.name, size)
        self.expire_after = expire
        self.size = size
        while len(self._entries) > size:
            self._entries.popitem(last=False)
            self.evicted += 1

    def key_for(self, host: str) -> bytes:
        """The key of a client's address.

        :raises ValueError: ``host`` is no IP address.
        """
        return self._keys.key(host)

    def find(self, key: bytes, now: float) -> Entry | None:
        """The entry of ``key``, used now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now - entry.used >= self.expire_after and not entry.live:
            del self._entries[key]
            return None
        entry.used = now
        self._entries.move_to_end(key)
        return entry

    def peek(self, key: bytes) -> Entry | None:
        """The entry of ``key``, without using it."""
        return self._entries.get(key)

    def insert(self, key: bytes, host: str, now: float) -> str:
        """Remember ``host`` unless there is an entry already: the first insertion wins.  Returns the host that holds."""
        return (self.find(key, now) or self._add(key, host, now)).host

    def bind(self, key: bytes, host: str, now: float) -> Entry:
        """Remember ``host`` whatever was there: the client moves."""
        entry = self.find(key, now)
        if entry is None:
            return self._add(key, host, now)
        entry.host = host
        return entry

    def let_go(self, entry: Entry, now: float) -> None:
        """A session that used ``entry`` has ended."""
        entry.live -= 1
        entry.used = now
        if self._entries.get(entry.key) is entry:
            self._entries.move_to_end(entry.key)

    def expire(self, now: float) -> int:
        """Drop what has expired; returns how many entries that were."""
        dropped = 0
        while self._entries:
            entry = next(iter(self._entries.values()))
            if now - entry.used < self.expire_after:
                break
            if entry.live:
                entry.used = now
                self._entries.move_to_end(entry.key)
                continue
            del self._entries[entry.key]
            dropped += 1
        return dropped

    def clear(self) -> int:
        """Forget everything; returns how many entries there were.  Live sessions stay where they are."""
        count = len(self._entries)
        self._entries.clear()
        return count

    def forget(self, key: bytes) -> bool:
        """Forget one entry; returns whether there was one.  Its live sessions stay where they are."""
        return self._entries.pop(key, None) is not None

    def entries(self) -> Iterator[tuple[bytes, str, float]]:
        """Key, host name and time of the last use, the oldest first."""
        return ((entry.key, entry.host, entry.used) for entry in list(self._entries.values()))

    def latest(self, most: int) -> Iterator[tuple[bytes, str, float]]:
        """The same of those that were used last, the last one first; it costs what it tells, however many there are.

        :param most: at most so many.
        """
        found = list(islice(reversed(self._entries.values()), most))
        return ((entry.key, entry.host, entry.used) for entry in found)

    def snapshot(self) -> list[Entry]:
        """The entries of this moment, in no order: the cheapest look at all of them (1 ms for 100,000).

        They are the table's own and live on: who reads them later sees what they are then.
        """
        # not OrderedDict's own values(), which take six times as long, to keep an order that nobody needs
        return list(dict.values(self._entries))

    def recall(self, kept: Iterable[tuple[bytes, str, float]]) -> int:
        """Take up what another process remembered: key, host name and time of the last use.

        Of more than there is room for, the latest used; what is known here already stays as it is.  Returns how many are new.
        """
        room = self.size - len(self._entries)
        latest = sorted((entry for entry in kept if entry[0] not in self._entries), key=lambda entry: entry[2])
        taken = latest[-room:] if room else []
        known = list(self._entries.values())
        self._entries.clear()
        for key, host, used in taken:
            self._entries[key] = Entry(key, host, used)
        count = len(self._entries)
        self._entries.update((entry.key, entry) for entry in known)
        return count

    def touched(self, since: float) -> Iterator[bytes]:
        """The keys that were used since then, and those whose sessions live."""
        for entry in self._entries.values():
            if entry.live or entry.used >= since:
                yield entry.key

    def __len__(self) -> int:
        return len(self._entries)

    def _add(self, key: bytes, host: str, now: float) -> Entry:
        if len(self._entries) >= self.size:
            self._entries.popitem(last=False)
            self.evicted += 1
        entry = self._entries[key] = Entry(key, host, now)
        return entry


def _demand_size(name: str, size: int) -> None:
    if size < 1:
        raise ValueError(f"table {name}: a size of {size} holds nothing")
