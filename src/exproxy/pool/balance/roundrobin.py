"""In turn, smooth and weighted: the algorithm of nginx (ngx_http_upstream_round_robin.c).

Weights 5, 1, 1 give a a b a c a a and not a a a a a b c: nobody gets a burst because it is strong.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.server import Server


@attrs.define(eq=False)
class _Turn:
    server: "Server"
    share: int
    credit: int = 0


@attrs.define(eq=False)
class RoundRobin:
    """Each in turn, as often as its share says."""

    keyed: bool = attrs.field(default=False, init=False)
    _turns: list[_Turn] = attrs.field(factory=list, init=False)

    def arrange(self, servers: Sequence["Server"]) -> None:
        known = {turn.server: turn.credit for turn in self._turns}
        # Credits outlive a change of weights (slow start changes them every second), or it would start a new round each time.
        self._turns = [_Turn(server, server.share, known.get(server, 0)) for server in servers]

    def pick(self, key: bytes | None, avoid: Collection["Server"]) -> "Server | None":
        best: _Turn | None = None
        highest = total = 0
        for turn in self._turns:
            server = turn.server
            if server.sessions >= server.limit or server in avoid:
                continue
            total += turn.share
            turn.credit = credit = turn.credit + turn.share
            if best is None or credit > highest:
                best = turn
                highest = credit
        if best is None:
            return None
        best.credit = highest - total
        return best.server
