"""Hosts, tables and back ends of a configuration as the pool's objects."""

from collections.abc import Mapping
from ipaddress import ip_address
from random import Random
from typing import TypeVar

import attrs

from exproxy import pool
from exproxy.config import model
from exproxy.net.tls.client import ClientTLS
from exproxy.pool.notices import Listener
from exproxy.proxy.backend import Backend
from exproxy.site.persistence import Stickiness
from exproxy.site.tls import TLSContexts
from exproxy.site.web import rules
from exproxy.wire.interfaces import interface

T = TypeVar("T")

_NOTHING = model.Configuration(files=())


class Pools:
    """:param now: the reactor's seconds.

    :param secret: of the process: what is made of clients' names with it is the same in all workers.

    ``named`` are the servers that DNS has to find, with the name and the seconds between two look-ups.  What is in the mappings
    changes with the configuration, the mappings stay.
    """

    def __init__(self, configuration: model.Configuration, now: float, rng: Random, tls: TLSContexts, secret: bytes) -> None:
        self._configuration = _NOTHING
        self._rng = rng
        self._secret = secret
        self._listeners: list[Listener] = []
        self.hosts: dict[str, pool.Host] = {}
        self.groups: dict[str, pool.Group] = {}
        self.named: list[tuple[pool.Server, str, float]] = []
        self.backends: dict[str, Backend] = {}
        self.reconfigure(configuration, now, tls)

    def reconfigure(self, configuration: model.Configuration, now: float, tls: TLSContexts) -> None:
        """Be what ``configuration`` says: what keeps its name keeps its state, its sessions and its counts.

        Servers and back ends that are no more let nobody in, and go with their last session (:meth:`sweep`).  All of it changes
        before any back end chooses anew: nobody is sent from one server to the next, or away.
        """
        former, self._configuration = self._configuration, configuration
        stickiness = Stickiness(configuration, self._secret)
        self._take_hosts(configuration)
        groups = {name: self._group(former.tables.get(name), table) for name, table in configuration.tables.items()}
        self.named.clear()
        made = {}
        for backend in configuration.backends.values():
            made[backend.name] = self._backend(backend, groups, former.backends.get(backend.name), now)
        leaving = {name: backend for name, backend in self.backends.items() if name not in made}
        for gone in leaving.values():
            gone.pool.leave(now)
        _become(self.groups, groups)
        self._take_backends(made, leaving, stickiness, tls)
        self._settle(now)
        self.sweep()

    def subscribe(self, listener: Listener) -> None:
        """Have every change of a server told once, of all back ends that there will ever be."""
        self._listeners.append(listener)
        for backend in self.backends.values():
            backend.pool.subscribe(listener)

    def find(self, name: str) -> pool.Backend | None:
        """The back end of that name; ``None``: there is none, or none any more."""
        found = self.backends.get(name)
        return None if found is None else found.pool

    def sweep(self) -> bool:
        """Forget back ends and hosts that are not in the configuration and have nobody any more.

        :returns: whether there were any.
        """
        said = self._configuration
        backends = [name for name, each in self.backends.items() if each.pool.sweep()]
        for name in backends:
            del self.backends[name]
        hosts = [name for name, host in self.hosts.items() if name not in said.hosts and not host.servers]
        for name in hosts:
            del self.hosts[name]
        return bool(backends or hosts)

    def _take_hosts(self, configuration: model.Configuration) -> None:
        servers = [server for backend in configuration.backends.values() for server in backend.servers]
        wanted = {server.host: server.address for server in servers}
        wanted |= {name: host.address for name, host in configuration.hosts.items()}
        gone = {host.address: host for name, host in self.hosts.items() if name not in wanted}
        order = [*configuration.hosts, *(name for name in wanted if name not in configuration.hosts)]
        for name in order:
            host = self.hosts.get(name)
            if host is None:
                host = pool.Host(name, wanted[name])
                renamed = gone.get(wanted[name])
                host.admin = pool.Admin.READY if renamed is None else renamed.admin
            host.address = wanted[name]
            self.hosts.pop(name, None)  # back in the order of the configuration
            self.hosts[name] = host

    def _group(self, former: model.Table | None, table: model.Table) -> pool.Group:
        """The one that was there, if keys are still made of the same."""
        known = self.groups.get(table.name)
        if known is None or former is None or _essence(former) != _essence(table):
            return pool.Group(_table(table))
        known.table.resize(table.expire, table.size)
        return known

    def _backend(
        self, backend: model.Backend, groups: Mapping[str, pool.Group], former: model.Backend | None, now: float
    ) -> pool.Backend:
        persistence = backend.persistence
        group = None if persistence is None else groups[persistence.table]
        required = True if persistence is None else persistence.required
        error_limit = backend.error_limit if backend.observe else None
        known = self.backends.get(backend.name)
        if known is None:
            made = pool.Backend(
                backend.name,
                backend.balance,
                rng=self._rng,
                maxconn=backend.maxconn,
                queue_size=backend.queue_size,
                on_marked_down=backend.on_marked_down,
                on_marked_up=backend.on_marked_up,
                error_limit=error_limit,
                group=group,
                required=required,
            )
            for listener in self._listeners:
                made.subscribe(listener)
        else:
            made = known.pool
            made.reconfigure(
                backend.balance,
                maxconn=backend.maxconn,
                queue_size=backend.queue_size,
                on_marked_down=backend.on_marked_down,
                on_marked_up=backend.on_marked_up,
                error_limit=error_limit,
                group=group,
                required=required,
                now=now,
            )
        before = {} if former is None else {server.name: server for server in former.servers}
        made.rearrange([self._server(made, server, before.get(server.name), now) for server in backend.servers], now)
        return made

    def _server(self, backend: pool.Backend, server: model.Server, former: model.Server | None, now: float) -> pool.Server:
        literal = is_literal(server.address)
        made = pool.Server(
            server.name,
            self.hosts[server.host],
            server.address if literal else None,
            server.port,
            interface=None if server.mapping is None else interface(server.mapping.interface).name,
            weight=server.weight,
            maxconn=server.maxconn,
            backup=server.backup,
            slow_start=server.slow_start,
            checks=[pool.CheckSpec(check.name, check.timing.rise, check.timing.fall, check.required) for check in server.checks],
            now=now,
        )
        known = backend.servers.get(server.name)
        if known is not None:
            # one that was leaving has not been looked at since, and may be anywhere
            moved = former is None or _place(former) != _place(server)
            if known.host is not made.host:
                backend.move(known, made.host)
            known.become(made, moved, now)
            if former is not None and former.agent is not None and server.agent is None:
                known.forget_agent(now)
            made = known
        if not literal:
            self.named.append((made, server.address, server.resolve))
        return made

    def _take_backends(
        self, made: Mapping[str, pool.Backend], leaving: dict[str, Backend], stickiness: Stickiness, tls: TLSContexts
    ) -> None:
        backends: dict[str, Backend] = {}
        for name, servers in made.items():
            built = _built(self._configuration.backends[name], servers, stickiness, tls)
            known = self.backends.get(name)
            if known is not None:
                known.become(built)
            backends[name] = built if known is None else known
        _become(self.backends, backends | leaving)

    def _settle(self, now: float) -> None:
        for group in self.groups.values():
            group.settle(now)
        for backend in self.backends.values():
            if backend.pool.group is None:
                backend.pool.settle(now)
            for server in backend.pool.servers.values():
                backend.pool.notice(server)


def _built(backend: model.Backend, servers: pool.Backend, stickiness: Stickiness, contexts: TLSContexts) -> Backend:
    tls = {server.name: contexts.server(backend.name, server) for server in backend.servers}
    return Backend(
        pool=servers,
        connect_timeout=backend.timeouts.connect,
        server_timeout=backend.timeouts.server,
        queue_timeout=backend.timeouts.queue,
        retries=backend.retries,
        redispatch=backend.redispatch,
        abortonclose=backend.abortonclose,
        source=backend.source,
        send_proxy={server.name: server.send_proxy for server in backend.servers if server.send_proxy is not None},
        handshake_timeout=backend.timeouts.handshake,
        sticky=stickiness.sticky(backend, servers),
        session_ids=stickiness.session_ids(backend, servers),
        user_key=stickiness.user_key(backend),
        tls=_of_mode(backend, tls, "implicit"),
        starttls=_of_mode(backend, tls, "starttls"),
        xclient=frozenset(server.name for server in backend.servers if server.send_xclient),
        imap_id=frozenset(server.name for server in backend.servers if server.send_id),
        request_rules=rules(backend.request_headers),
        response_rules=rules(backend.response_headers),
    )


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


def _essence(table: model.Table) -> model.Table:
    """What keys are made of: with anything else of it changed, entries are as good as before."""
    cookie = None if table.cookie is None else attrs.evolve(table.cookie, secure="auto", http_only=True, same_site="none")
    return attrs.evolve(table, expire=0.0, size=0, cookie=cookie)


def _place(server: model.Server) -> tuple[str, int | None, str | None]:
    """Where a server is: what was found at another place says nothing of this one."""
    return server.address, server.port, None if server.mapping is None else server.mapping.interface


def _become(kept: dict[str, T], new: Mapping[str, T]) -> None:
    """The same mapping, for those who have it, with other contents."""
    kept.clear()
    kept.update(new)
