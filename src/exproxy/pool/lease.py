"""A session's hold on a server."""

from typing import TYPE_CHECKING, Protocol

import attrs

from exproxy.pool.errors import NoServer
from exproxy.pool.states import Transition

if TYPE_CHECKING:
    from exproxy.pool.backend import Backend
    from exproxy.pool.server import Server
    from exproxy.pool.table import Entry


class Holder(Protocol):
    """Who asked for a server.  None of these is called from inside ``acquire`` for the same holder, and none may raise."""

    def lease_granted(self, lease: "Lease") -> None:
        """The wait is over."""

    def lease_denied(self, error: NoServer) -> None:
        """The wait is over: no server is left."""

    def evicted(self, lease: "Lease", reason: str) -> None:
        """The session is to end; the lease is still to be released."""


@attrs.define(eq=False)
class Lease:
    """A slot of a server, released exactly once.

    :param persistent: an entry of the table, or the client itself, chose the server, not the balancer.
    :param lasting: the client shall come back to this host: one that carries its choice itself is told so.
    """

    server: "Server"
    backend: "Backend"
    holder: Holder
    persistent: bool = False
    entry: "Entry | None" = None
    lasting: bool = False
    released: bool = False
    evicted: bool = False
    """Whether the holder was told to end."""

    def release(self, now: float) -> None:
        """Give the slot back; it goes to the oldest that waits for it.

        :raises RuntimeError: it was released before: a bug, and counts would drift.
        """
        if self.released:
            raise RuntimeError(f"a lease of {self.server.full_name} was released twice")
        self.released = True
        self.backend.released(self, now)

    def connected(self) -> None:
        """The server took the connection."""
        self.server.failed_in_a_row = 0

    def connect_failed(self, now: float) -> Transition | None:
        """The server did not take the connection; the lease is still to be released.

        Returns the transition when this was the failure that took the server out.  This lease is not evicted for it.
        """
        return self.server.connect_failed(self, now)
