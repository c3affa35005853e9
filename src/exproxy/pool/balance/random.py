"""Two servers by lot, weighted, and of these the one with fewer sessions for its weight (the power of two choices).

Nearly as even as least connections, and without everybody rushing to the server that has just come back.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.server import Server


@attrs.define(eq=False)
class TwoChoices:
    """Two by lot, the better of them.

    :param rng: where the lots come from; each process needs its own seed.
    """

    _rng: Random
    keyed: bool = attrs.field(default=False, init=False)
    _servers: Sequence["Server"] = attrs.field(default=(), init=False)
    _sums: list[int] = attrs.field(factory=list, init=False)
    """Running sums of the shares."""

    def arrange(self, servers: Sequence["Server"]) -> None:
        self._servers = tuple(servers)
        self._sums = list(accumulate(server.share for server in servers))

    def pick(self, key: bytes | None, avoid: Collection["Server"]) -> "Server | None":
        servers = self._servers
        if not servers:
            return None
        one = self._draw()
        two = self._draw_other(one) if len(servers) > 1 else one
        if two.sessions >= two.limit or two in avoid:
            two = one
        elif one.sessions >= one.limit or one in avoid or _busier(one, two):
            one = two
        if one.sessions < one.limit and one not in avoid:
            return one
        return self._least(avoid)

    def _draw(self) -> "Server":
        return self._servers[bisect_right(self._sums, int(self._rng.random() * self._sums[-1]))]

    def _draw_other(self, drawn: "Server") -> "Server":
        """Draw again as if ``drawn`` were not there."""
        index = self._servers.index(drawn)
        lot = int(self._rng.random() * (self._sums[-1] - drawn.share))
        if lot >= self._sums[index] - drawn.share:
            lot += drawn.share
        return self._servers[bisect_right(self._sums, lot)]

    def _least(self, avoid: Collection["Server"]) -> "Server | None":
        """Both lots were full: any that is not."""
        free = (server for server in self._servers if server.sessions < server.limit and server not in avoid)
        return min(free, key=lambda server: (server.sessions + server.elsewhere) / server.share, default=None)


def _busier(one: "Server", two: "Server") -> bool:
    return (two.sessions + two.elsewhere) * one.share < (one.sessions + one.elsewhere) * two.share
