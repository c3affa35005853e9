"""The server that the client's key hashes to, the same in every process and after every restart.

Weighted rendezvous hashing (Schindelhauer, Schomaker 2005): each server has a score for the key, the highest one wins.  A server
that goes moves its own clients only, one that comes takes its share from all others alike, and a change of weight moves what it
must and no more.  A ring of virtual nodes does the same less evenly, and has to be built anew whenever a weight changes, which
slow start does all the time.
"""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from math import log
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.server import Server

_MASK = (1 << 64) - 1


@attrs.define(eq=False)
class Source:
    """By key.  A full server is returned all the same: its clients wait for it rather than end up elsewhere."""

    keyed: bool = attrs.field(default=True, init=False)
    _servers: list[tuple[int, int, "Server"]] = attrs.field(factory=list, init=False)
    """Seed, share and server."""

    def arrange(self, servers: Sequence["Server"]) -> None:
        # The name and not the back end's: equal names behind several back ends get the same clients.
        self._servers = [(_hash(server.name.encode()), server.share, server) for server in servers]

    def pick(self, key: bytes | None, avoid: Collection["Server"]) -> "Server | None":
        best: Server | None = None
        lowest = 0.0
        number = _hash(key or b"")
        for seed, share, server in self._servers:
            if server in avoid:
                continue
            # The finalizer of splitmix64: a change of one bit in the key or in the seed changes half of all bits.
            mixed = number ^ seed
            mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
            # An exponential variable with rate share: the least of several is this one's in proportion to the share.
            score = -log(((mixed ^ (mixed >> 31)) + 1) / (1 << 64)) / share
            if best is None or score < lowest:
                best = server
                lowest = score
        return best


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
