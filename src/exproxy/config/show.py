"""A configuration as a file again, with everything expanded: includes, templates, references.

Loading the text gives an equal configuration.  It is for people: every value that exproxy goes by stands there, but what is so
nearly everywhere stands in ``[defaults]``, and what all servers of a back end have, at the back end.  Left out is only what a
kind of table has by itself (docs/configuration.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from exproxy.config import spelling
from exproxy.config.addresses import joined
from exproxy.config.model import Admin, Backend, Configuration, Frontend, FrontTLS, Server
from exproxy.config.problems import key
from exproxy.config.spelling import fields, given, one_or_list, setting
from exproxy.config.toml import table_lines
from exproxy.config.units import duration_text
from exproxy.config.usual import OF_BACKENDS, OF_FRONTENDS, OF_SERVERS, Usual, usual

Table = Mapping[str, Any]


def show(configuration: Configuration) -> str:
    """The whole configuration as TOML."""
    lines = ["# " + str(path) for path in configuration.files]
    for header, table in _Writer(configuration, usual(configuration), _by_address(configuration)).tables():
        lines += ["", *table_lines(header, table)]
    return "\n".join(lines) + "\n"


def _by_address(configuration: Configuration) -> frozenset[str]:
    """Hosts that need no name: their servers stand there with the address, and make the same host again."""
    hosts = list(configuration.hosts.values())
    addresses = [host.address for host in hosts]
    servers = [server for backend in configuration.backends.values() for server in backend.servers]
    return frozenset(
        host.name
        for host in hosts
        if host.name == host.address
        and addresses.count(host.address) == 1
        and {server.address for server in servers if server.host == host.name} == {host.address}
    )


@attrs.frozen
class _Writer:
    configuration: Configuration
    usual: Usual
    by_address: frozenset[str]

    def tables(self) -> Iterator[tuple[str, Table]]:
        service = self.configuration.service
        log = {"format": service.log.format, **fields(service.log)}
        yield "service", given(maxconn=service.maxconn, workers=service.workers, state=service.state, log=log)
        if self.configuration.admin is not None:
            yield "admin", _admin(self.configuration.admin)
        if self.configuration.notify is not None:
            yield "notify", spelling.notify(self.configuration.notify)
        yield "defaults", self._defaults()
        yield "defaults.timeouts", {name: duration_text(value) for name, value in attrs.asdict(self.usual.timeouts).items()}
        hosts = [host for host in self.configuration.hosts.values() if host.name not in self.by_address]
        if hosts:
            yield "hosts", {host.name: host.address for host in hosts}
        for table in self.configuration.tables.values():
            yield f"tables.{key(table.name)}", spelling.table(table)
        for profile in self.configuration.profiles.values():
            versions = {"min_version": profile.min_version, "max_version": profile.max_version}
            yield f"tls.profiles.{key(profile.name)}", {**versions, **fields(profile, "name")}
        yield from self._ends()

    def _defaults(self) -> Table:
        settings = self.usual.settings
        return {
            **{name: setting(name, settings[name]) for name in (*OF_BACKENDS, *OF_SERVERS, *OF_FRONTENDS)},
            "check": spelling.timing(self.usual.check, None),
        }

    def _ends(self) -> Iterator[tuple[str, Table]]:
        """Each front end, with the back ends behind it that have not been shown yet."""
        left = dict(self.configuration.backends)
        for frontend in self.configuration.frontends.values():
            yield f"frontends.{key(frontend.name)}", self._frontend(frontend)
            routed = [route.backend for route in frontend.routes]
            routed += [route.backend for route in frontend.web.routes if route.backend] if frontend.web else []
            for name in (frontend.backend, *routed):
                if name is not None and name in left:
                    yield from self._backend(left.pop(name))
        for backend in left.values():
            yield from self._backend(backend)

    def _frontend(self, frontend: Frontend) -> Table:
        tls = {bind.tls for bind in frontend.binds}
        shared = tls.pop() if len(tls) == 1 else None
        return given(
            mode=frontend.mode,
            bind=one_or_list(spelling.bind(bind, shared, frontend.mode) for bind in frontend.binds),
            tls=_tls(frontend, shared),
            backend=frontend.backend,
            routes=_routes(frontend) or None,
            maxconn=frontend.maxconn,
            **({} if frontend.mapper is None else spelling.mapper(frontend.mapper)),
            **({} if frontend.web is None else spelling.web(frontend.web)),
            **({} if frontend.mail is None else spelling.mail(frontend.mail)),
            access=one_or_list(spelling.access(rule) for rule in frontend.access) or None,
            per_source=None if frontend.per_source is None else spelling.per_source(frontend.per_source),
            **self._settings(OF_FRONTENDS, frontend),
            timeouts=self._timeouts(frontend),
        )

    def _backend(self, backend: Backend) -> Iterator[tuple[str, Table]]:
        header = f"backends.{key(backend.name)}"
        servers = [self._shareable(server) for server in backend.servers]
        shared = _shared(servers)
        persistence = backend.persistence
        yield (
            header,
            given(
                **self._settings(OF_BACKENDS, backend),
                persistence=None if persistence is None else fields(persistence),
                maxconn=backend.maxconn,
                source=backend.source,
                **spelling.header_rules(backend),
                extended_protection=backend.extended_protection,
                **shared,
                timeouts=self._timeouts(backend),
            ),
        )
        own = {
            server.name: self._place(server) | {name: value for name, value in said.items() if name not in shared}
            for server, said in zip(backend.servers, servers, strict=True)
        }
        if any(isinstance(said.get("check"), list) for said in own.values()):
            for name, said in own.items():
                yield f"{header}.servers.{key(name)}", said
        else:
            yield f"{header}.servers", {name: _short(said) for name, said in own.items()}

    def _settings(self, names: Iterable[str], thing: Any) -> dict[str, Any]:
        """What ``thing`` has otherwise than most."""
        values = {name: getattr(thing, name) for name in names}
        return {name: setting(name, value) for name, value in values.items() if value != self.usual.settings[name]}

    def _timeouts(self, end: Frontend | Backend) -> Table | None:
        values, most = attrs.asdict(end.timeouts), attrs.asdict(self.usual.timeouts)
        return {name: duration_text(value) for name, value in values.items() if value != most[name]} or None

    def _place(self, server: Server) -> dict[str, Any]:
        """Where it is, and what only a server can say."""
        host, agent, port = self.configuration.hosts[server.host], server.agent, spelling.port(server)
        if host.name in self.by_address:
            at = given(address=server.address if port is None else joined(server.address, port))
        elif server.address != host.address:
            at = given(host=host.name, address=server.address, port=port)
        else:
            at = given(host=None if host.name == server.name else host.name, port=port)
        return at | given(
            weight=server.weight if server.weight != 1 else None,
            maxconn=server.maxconn,
            backup=server.backup or None,
            agent=None if agent is None else fields(agent),
        )

    def _shareable(self, server: Server) -> dict[str, Any]:
        """What its back end may say for it."""
        return {
            **self._settings(OF_SERVERS, server),
            **given(
                mapper=spelling.own_mapper(server, self.usual.check),
                tls=None if server.tls is None else spelling.server_tls(server.tls),
            ),
            "check": spelling.checks(server, self.usual.check),
        }


def _admin(admin: Admin) -> Table:
    return given(
        listen=None if admin.address is None else joined(*admin.address),
        socket=admin.socket,
        tls=None if admin.tls is None else spelling.front_tls(admin.tls, "http"),
        hsts=duration_text(admin.hsts) if admin.hsts else None,
        users={user.name: {"password": user.password, "role": user.role} for user in admin.users} or None,
    )


def _tls(frontend: Frontend, shared: FrontTLS | None) -> Table | str | None:
    """Of a mail mode, no word means more than ``off``: clients and servers may speak it with one another."""
    if shared is not None:
        return spelling.front_tls(shared, frontend.mode)
    bare = frontend.mail is not None and not any(bind.tls for bind in frontend.binds)
    return "off" if bare and frontend.mail is not None and not frontend.mail.end_to_end else None


def _routes(frontend: Frontend) -> list[Table]:
    if frontend.web is not None:
        return [spelling.web_route(route) for route in frontend.web.routes]
    return [{"sni": one_or_list(route.sni), "backend": route.backend} for route in frontend.routes]


def _shared(tables: Sequence[Table]) -> dict[str, Any]:
    """What stands in all of them."""
    first, *others = tables
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _short(server: Table) -> Any:
    """A port or an address may stand for the server."""
    return next(iter(server.values())) if server.keys() in ({"port"}, {"address"}) else server
