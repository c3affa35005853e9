"""The server with the fewest sessions for its weight; those that are equal, in turn."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.server import Server


@attrs.define(eq=False)
class LeastConn:
    """Weighted least connections, counting the session to come (as HAProxy's ``lb_fwlc.c``)."""

    keyed: bool = attrs.field(default=False, init=False)
    _servers: list["Server"] = attrs.field(factory=list, init=False)
    """The one that was picked the longest ago comes first, so the first of equals is the one whose turn it is."""

    def arrange(self, servers: Sequence["Server"]) -> None:
        present = set(servers)
        kept = [server for server in self._servers if server in present]
        known = set(kept)
        self._servers = [server for server in servers if server not in known] + kept

    def pick(self, key: bytes | None, avoid: Collection["Server"]) -> "Server | None":
        best: Server | None = None
        load = share = 0
        for server in self._servers:
            sessions = server.sessions
            if sessions >= server.limit or server in avoid:
                continue
            sessions += server.elsewhere
            # Fractions (sessions + 1) / share, compared without dividing.
            if best is None or (sessions + 1) * share < load * server.share:
                best = server
                load = sessions + 1
                share = server.share
        if best is not None:
            self._servers.remove(best)
            self._servers.append(best)
        return best
