"""Hosts, tables and back ends of a configuration as the pool's objects."""

from collections.abc import Mapping
from ipaddress import ip_address
from random import Random

from exproxy import pool
from exproxy.config import model
from exproxy.net.tls.client import ClientTLS
from exproxy.proxy.backend import Backend
from exproxy.site.persistence import Stickiness
from exproxy.site.tls import TLSContexts
from exproxy.site.web import rules
from exproxy.wire.interfaces import interface


class Pools:
    """:param now: the reactor's seconds.

    :param secret: of the process: what is made of clients' names with it is the same in all workers.

    ``named`` are the servers that DNS has to find, with the name and the seconds between two look-ups.
    """

    def __init__(self, configuration: model.Configuration, now: float, rng: Random, tls: TLSContexts, secret: bytes) -> None:
        self._configuration = configuration
        self._now = now
        self._rng = rng
        self._tls = tls
        self._stickiness = Stickiness(configuration, secret)
        self.hosts = {name: pool.Host(name, host.address) for name, host in configuration.hosts.items()}
        self.groups = {name: pool.Group(_table(table)) for name, table in configuration.tables.items()}
        self.named: list[tuple[pool.Server, str, float]] = []
        self.backends = {name: self._backend(backend) for name, backend in configuration.backends.items()}

    def _backend(self, backend: model.Backend) -> Backend:
        persistence = backend.persistence
        built = pool.Backend(
            backend.name,
            backend.balance,
            rng=self._rng,
            maxconn=backend.maxconn,
            queue_size=backend.queue_size,
            on_marked_down=backend.on_marked_down,
            on_marked_up=backend.on_marked_up,
            error_limit=backend.error_limit if backend.observe else None,
            group=None if persistence is None else self.groups[persistence.table],
            required=True if persistence is None else persistence.required,
        )
        for server in backend.servers:
            built.add(self._server(server), self._now)
        tls = {server.name: self._tls.server(backend.name, server) for server in backend.servers}
        return Backend(
            pool=built,
            connect_timeout=backend.timeouts.connect,
            server_timeout=backend.timeouts.server,
            queue_timeout=backend.timeouts.queue,
            retries=backend.retries,
            redispatch=backend.redispatch,
            abortonclose=backend.abortonclose,
            source=backend.source,
            send_proxy={server.name: server.send_proxy for server in backend.servers if server.send_proxy is not None},
            handshake_timeout=backend.timeouts.handshake,
            sticky=self._stickiness.sticky(backend, built),
            session_ids=self._stickiness.session_ids(backend, built),
            user_key=self._stickiness.user_key(backend),
            tls=_of_mode(backend, tls, "implicit"),
            starttls=_of_mode(backend, tls, "starttls"),
            xclient=frozenset(server.name for server in backend.servers if server.send_xclient),
            imap_id=frozenset(server.name for server in backend.servers if server.send_id),
            request_rules=rules(backend.request_headers),
            response_rules=rules(backend.response_headers),
        )

    def _server(self, server: model.Server) -> pool.Server:
        literal = is_literal(server.address)
        built = pool.Server(
            server.name,
            self._host(server),
            server.address if literal else None,
            server.port,
            interface=None if server.mapping is None else interface(server.mapping.interface).name,
            weight=server.weight,
            maxconn=server.maxconn,
            backup=server.backup,
            slow_start=server.slow_start,
            checks=[pool.CheckSpec(check.name, check.timing.rise, check.timing.fall, check.required) for check in server.checks],
            now=self._now,
        )
        if not literal:
            self.named.append((built, server.address, server.resolve))
        return built

    def _host(self, server: model.Server) -> pool.Host:
        host = self.hosts.get(server.host)
        if host is None:
            host = self.hosts[server.host] = pool.Host(server.host, server.address)
        return host


def _of_mode(backend: model.Backend, contexts: Mapping[str, ClientTLS | None], mode: model.TLSMode) -> dict[str, ClientTLS]:
    """Those of the servers that are spoken to so."""
    names = [server.name for server in backend.servers if server.tls is not None and server.tls.mode == mode]
    return {name: context for name in names if (context := contexts[name]) is not None}


def is_literal(address: str) -> bool:
    """Whether ``address`` is an IP address and no name."""
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def _table(table: model.Table) -> pool.Table:
    return pool.Table(table.name, table.expire, table.size, table.ipv4_prefix, table.ipv6_prefix, table.kind)
