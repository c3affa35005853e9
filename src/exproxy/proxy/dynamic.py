"""Ports that are opened because a client was told of them: mode ``epm`` with ``others = "dynamic"``.

An endpoint is one port of ours, relayed as it is to one port of one server.  It follows the server behind the endpoint mapper
that told of it: when that goes down, or into maintenance, so does the endpoint.  While it drains, who was told of the endpoint
may still come, as clients may who are remembered in a table.
"""

import errno
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from random import Random

import attrs
from twisted.logger import Logger

from exproxy import pool
from exproxy.net.interfaces import Network
from exproxy.pool import Admin, Server
from exproxy.proxy.accesslog.formats import Record
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.listener import Listener
from exproxy.proxy.session import Session
from exproxy.proxy.sparing import Sparing

BACKLOG = 128
REST = 1.0
"""Seconds before the range is tried again in which no port was free: each client that asks would try them all."""

_log = Logger()


@attrs.frozen
class Spot:
    """Where a port is opened.

    :param host: of ours, IPv4.
    :param accept_proxy: the networks whose PROXY header is demanded and believed there.
    """

    host: str
    accept_proxy: tuple[IPv4Network | IPv6Network, ...] = ()


@attrs.define(eq=False)
class Endpoint:
    """One port that is open; ``used``: when it was last told, or a session there ended."""

    frontend: Frontend
    listener: Listener
    server: Server
    """Follows ``mapper``."""
    mapper: Server
    used: float
    ports: "DynamicPorts"
    key: "Key"
    deadline_tick: int = 0

    def deadline_due(self, now: float) -> None:
        """Perhaps nobody has needed it for long."""
        self.ports.look(self, now)

    def logged(self, record: Record) -> None:
        """A session is over."""
        self.used = self.frontend.seconds()
        self.ports.frontend.log(record)


Key = tuple[Spot, Server, int]


class DynamicPorts:
    """:param frontend: the endpoint mapper's.

    :param network: may bind what nobody has bound for this process.
    :param idle: seconds after which a port is closed that has no session and was not told again.
    """

    def __init__(self, frontend: Frontend, network: Network, first: int, last: int, idle: float) -> None:
        self.frontend = frontend
        self.endpoints: dict[Key, Endpoint] = {}
        self._network = network
        self._range = range(first, last + 1)
        self._next = 0
        self._idle = idle
        self._full_until = 0.0
        self._sparing = Sparing()
        self._following = False
        self._closed = False
        self._watched: pool.Backend | None = None
        self._watch()

    def reconfigure(self, first: int, last: int, idle: float) -> None:
        """Open ports there from now on, for what the front end is by now; those that are open stay as long as they are used."""
        self._range = range(first, last + 1)
        self._idle = idle
        self._full_until = 0.0
        self._watch()

    def _watch(self) -> None:
        watched = None if self.frontend.backend is None else self.frontend.backend.pool
        if watched is not self._watched:
            if self._watched is not None:
                self._watched.unwatch(self._changed)
            self._watched = watched
            if watched is not None:
                watched.watch(self._changed)

    def port(self, spot: Spot, server: Server, port: int) -> int | None:
        """Ours for ``port`` of ``server``, opened if there is none yet; ``None``: no port is free."""
        now = self.frontend.seconds()
        key = (spot, server, port)
        endpoint = self.endpoints.get(key)
        if endpoint is None:
            if self._closed or now < self._full_until:
                return None
            endpoint = self._open(key, now)
            if endpoint is None:
                return None
        endpoint.used = now
        return endpoint.listener.address[1]

    def retire(self) -> None:
        """:meth:`close`; who has connected already is let in before."""
        for endpoint in self.endpoints.values():
            endpoint.listener.retire()
        self.close()

    def close(self) -> None:
        """Open nothing any more, and listen no more; sessions go on."""
        self._closed = True
        if self._watched is not None:
            self._watched.unwatch(self._changed)
            self._watched = None
        for endpoint in self.endpoints.values():
            endpoint.listener.stop()

    def sessions(self) -> Iterator[Session]:
        """Those of all endpoints."""
        return (session for endpoint in self.endpoints.values() for session in tuple(endpoint.frontend.sessions))

    def look(self, endpoint: Endpoint, now: float) -> None:
        """Close a port that nobody needs."""
        left = self._idle if endpoint.frontend.sessions else endpoint.used + self._idle - now
        if left > 0:
            self._network.deadlines.set(endpoint, now + left)
            return
        del self.endpoints[endpoint.key]
        _log.info("{frontend} is closed: nobody has used it for {idle:g} s", frontend=endpoint.frontend.name, idle=self._idle)
        endpoint.listener.stop()
        self.frontend.absorb(endpoint.frontend)
        if endpoint.server.backend is not None:
            endpoint.server.backend.retire(now)

    def _open(self, key: Key, now: float) -> Endpoint | None:
        spot, mapper, port = key
        mapped = self.frontend.backend
        if mapped is None:
            return None
        servers = pool.Backend(
            f"{mapped.pool.name}:{port}",
            "first",
            rng=Random(0),  # noqa: S311 - there is one server to choose from
            on_marked_down=mapped.pool.on_marked_down,
        )
        host = pool.Host(mapper.host.name, mapper.host.address)
        server = Server(mapper.name, host, mapper.address, port, now=now)
        servers.add(server, now)
        pool.follow({server: _state(mapper, server, now)}, now)
        frontend = self._frontend(attrs.evolve(mapped, pool=servers))
        listener = self._listen(frontend, spot, now)
        if listener is None:
            servers.retire(now)
            return None
        frontend.name = f"{self.frontend.name}:{listener.address[1]}"
        endpoint = self.endpoints[key] = Endpoint(frontend, listener, server, mapper, now, self, key)
        frontend.log = endpoint.logged
        self.frontend.annexes.append(frontend)
        listener.start()
        self._network.deadlines.set(endpoint, now + self._idle)
        _log.info("{frontend} is open, for port {port} of {server}", frontend=frontend.name, port=port, server=mapper.full_name)
        return endpoint

    def _frontend(self, backend: Backend) -> Frontend:
        """Like the mapper's own, but for ``maxconn``, which is for those who ask the mapper; its log is the endpoint's."""
        front = self.frontend
        return Frontend(
            name=front.name,
            clock=front.clock,
            network=self._network,
            gate=front.gate,
            backend=backend,
            routes=None,
            maxconn=None,
            client_timeout=front.client_timeout,
            client_fin_timeout=front.client_fin_timeout,
            preface_timeout=front.preface_timeout,
            handshake_timeout=front.handshake_timeout,
            log=front.log,
            dontlognull=front.dontlognull,
            admission=front.admission,
            numbering=front.numbering,
        )

    def _listen(self, frontend: Frontend, spot: Spot, now: float) -> Listener | None:
        """On the next port that is free: one that was closed is given to somebody else as late as may be."""
        failed = OSError()
        for _ in self._range:
            port = self._range[self._next % len(self._range)]
            self._next += 1
            listener = Listener(frontend, spot.accept_proxy)
            try:
                listener.open((spot.host, port), BACKLOG)
            except OSError as error:
                failed = error
                if error.errno != errno.EADDRINUSE:
                    break
            else:
                return listener
        self._full_until = now + REST
        self._tell_full(spot, failed, now)
        return None

    def _tell_full(self, spot: Spot, error: OSError, now: float) -> None:
        advice = (
            "widen dynamic_ports" if error.errno == errno.EADDRINUSE else "ports can only be opened on addresses of this machine"
        )
        left_out = self._sparing.left_out("full", now)
        if left_out is not None:
            _log.error(
                "{frontend}: no port of {first}-{last} can be opened on {host} ({reason}), so clients are not told of what they"
                " asked for; {advice}{more}",
                frontend=self.frontend.name,
                first=self._range[0],
                last=self._range[-1],
                host=spot.host,
                reason=error.strerror or str(error),
                advice=advice,
                more=f" ({left_out} more in the last minute)" if left_out else "",
            )

    def _changed(self, server: Server) -> None:
        """The pool tells from inside a call; what has become of the server is looked at afterwards."""
        if not self._following and any(endpoint.mapper is server for endpoint in self.endpoints.values()):
            self._following = True
            self.frontend.clock.callLater(0, self._follow)

    def _follow(self) -> None:
        self._following = False
        now = self.frontend.seconds()
        pool.follow({one.server: _state(one.mapper, one.server, now) for one in self.endpoints.values()}, now)


def _state(mapper: Server, server: Server, now: float) -> pool.ServerState:
    """The mapper's port, limits and weight are not the endpoint's.  Where it was taken out of the configuration, nobody comes
    any more; maintenance would also end the sessions of who is there."""
    state = mapper.state(now)
    gone = Admin.DRAIN if mapper.leaving else Admin.READY
    admin = Admin.MAINT if state.admin is Admin.MAINT else gone
    return attrs.evolve(state, admin=admin, port=server.port, weight=1, percent=100, maxconn=None, ramped=None)
