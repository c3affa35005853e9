"""The first server until it is full, then the next: the last ones may sleep."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.server import Server


@attrs.define(eq=False)
class First:
    """In the order of the configuration; weights do not matter, but for 0."""

    keyed: bool = attrs.field(default=False, init=False)
    _servers: Sequence["Server"] = attrs.field(default=(), init=False)

    def arrange(self, servers: Sequence["Server"]) -> None:
        self._servers = tuple(servers)

    def pick(self, key: bytes | None, avoid: Collection["Server"]) -> "Server | None":
        for server in self._servers:
            if server.sessions < server.limit and server not in avoid:
                return server
        return None
