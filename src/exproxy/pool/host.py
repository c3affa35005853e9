"""One machine behind several back ends."""

from typing import TYPE_CHECKING

from exproxy.pool.states import Admin

if TYPE_CHECKING:
    from exproxy.pool.backend import Backend
    from exproxy.pool.server import Server


class Host:
    """A machine; maintenance is done to it, everywhere at once.

    :param address: as configured, for display: an IP address or a DNS name.
    """

    __slots__ = ("address", "admin", "name", "servers")

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.admin = Admin.READY
        """What people set on the host; a server's own setting may be stricter."""
        self.servers: list[Server] = []
        """Those that stand in a back end (:meth:`exproxy.pool.backend.Backend.add` puts them here)."""

    def set_admin(self, admin: Admin, now: float, by: str = "") -> None:
        """Set the host, and so all its servers.

        All servers change before any back end chooses anew: nobody is sent from one to the next.

        :param by: who did it, for texts.
        """
        if admin is self.admin:
            return
        self.admin = admin
        backends: dict[str, Backend] = {}
        for server in self.servers:
            server.host_changed(now, f"host {self.name} was set to {admin.value}{f' by {by}' if by else ''}")
            if server.backend is not None:
                backends[server.backend.name] = server.backend
        for backend in backends.values():
            backend.settle(now)
