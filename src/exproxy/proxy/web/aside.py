"""A client's connections to servers of one back end that its last request did not go to.

Behind another proxy one connection brings requests of several users, each of which belongs somewhere.  They all are this one
client's, as ever: what is put aside here is for its later requests, or ends with it.
"""

from exproxy.pool import Server
from exproxy.proxy.web.upstream import Upstream


class Aside:
    """One to each host at most."""

    __slots__ = ("_by_host",)

    def __init__(self) -> None:
        self._by_host: dict[str, Upstream] = {}

    def put(self, upstream: Upstream) -> None:
        """It may be wanted again."""
        if upstream.host is None:
            upstream.retire()
            return
        older = self._by_host.get(upstream.host)
        if older is not None:
            older.retire()
        self._by_host[upstream.host] = upstream

    def take(self, host: str) -> Upstream | None:
        """The one to that host, which is not aside any more; perhaps it has ended meanwhile."""
        return self._by_host.pop(host, None)

    def idle(self, server: Server) -> Upstream | None:
        """One to that server that takes a request."""
        found = self._by_host.get(server.host.name)
        if found is None or not found.free or found.server is not server:
            return None
        return self._by_host.pop(server.host.name)

    def retire(self) -> None:
        """None of them is wanted any more."""
        for upstream in self._by_host.values():
            upstream.retire()
        self._by_host.clear()
