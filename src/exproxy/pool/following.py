"""What one process knows of a server, told to others that follow it: they do not check, they believe."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from exproxy.pool.states import Admin, Operational

if TYPE_CHECKING:
    from exproxy.pool.backend import Backend
    from exproxy.pool.server import Server


@attrs.frozen
class ServerState:
    """All that may change of a server while a configuration holds.

    :param reason: why ``operational`` is what it is, a sentence part.
    :param admin: what holds: of the server, its host and its agent.
    :param percent: the agent's, of the weight.
    :param maxconn: over all processes; each has its part of that (:meth:`exproxy.pool.Server.set_quota`).
    :param port: ``None``: the one that the client reached, or its endpoint mapper has told none.
    :param ramped: seconds since a slow start began; ``None``: there is none.  No time of day: clocks differ between processes.
    :param offers: what a mail server says that it can, as its checks have learned it.
    """

    operational: Operational
    reason: str
    admin: Admin
    weight: int
    percent: int
    maxconn: int | None
    address: str | None
    resolve_error: str
    port: int | None
    port_error: str
    ramped: float | None
    offers: tuple[str, ...] | None = None


def follow(states: "Mapping[Server, ServerState]", now: float) -> None:
    """Make the servers what they are elsewhere.

    All of them change before any back end chooses anew: when a host goes, nobody is sent from one of its servers to the next.
    """
    backends: dict[str, Backend] = {}
    for server, state in states.items():
        server.follow(state, now)
        if server.backend is not None:
            server.backend.notice(server)
            backends[server.backend.name] = server.backend
    for backend in backends.values():
        backend.settle(now)
