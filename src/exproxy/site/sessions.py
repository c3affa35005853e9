"""Which sessions live, and with whom, for who looks."""

from collections.abc import Iterable, Mapping

from exproxy import pool
from exproxy.config.addresses import joined
from exproxy.process.messages import LiveSession
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.reaching import Reaching


def live(frontends: Iterable[Frontend], backends: Mapping[str, Backend], server: str, most: int, now: float) -> list[LiveSession]:
    """Of this process, at most so many.

    :param server: ``backend/server`` of those that are wanted; empty for all.
    """
    servers = _servers(backends)
    found: list[LiveSession] = []
    for frontend in frontends:
        for session in frontend.sessions:
            if len(found) >= most:
                return found
            leased = tuple(servers.get(session, ()))
            if server and server not in leased:
                continue
            since, received, sent = session.so_far()
            found.append(LiveSession(joined(*session.source), frontend.name, leased, max(0.0, now - since), received, sent))
    return found


def _servers(backends: Mapping[str, Backend]) -> dict[object, list[str]]:
    """By session: the servers that it has slots of."""
    servers: dict[object, list[str]] = {}
    for backend in backends.values():
        for one in backend.pool.servers.values():
            for lease in one.leases:
                servers.setdefault(_owner(lease), []).append(one.full_name)
    return servers


def _owner(lease: pool.Lease) -> object:
    """A session chooses itself, or has somebody who does it for each request or dialogue."""
    return lease.holder.session if isinstance(lease.holder, Reaching) else lease.holder
