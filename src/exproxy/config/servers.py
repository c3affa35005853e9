"""Back ends, their servers, and the hosts and tables that they share."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from exproxy.config import model
from exproxy.config.addresses import InterfacePort, is_ip
from exproxy.config.checks import MAPPER_PORT, CheckedServer, ChecksBuilder, timing
from exproxy.config.headers import HeadersBuilder
from exproxy.config.mapping import interface_problem
from exproxy.config.model import Agent, Backend, Check, Host, Persistence, ProxyVersion, Server, Table, Timeouts
from exproxy.config.persistence import TABLE_KEYS, TableBuilder
from exproxy.config.problems import KeyPath, did_you_mean
from exproxy.config.report import Report, first, settings
from exproxy.config.sections import BackendSection, DocumentSection, PersistenceSection, ServerSection, TimeoutsSection
from exproxy.config.tls import TLSBuilder

_BACKEND_SETTINGS = (
    "balance",
    "retries",
    "redispatch",
    "maxconn",
    "queue_size",
    "on_marked_down",
    "on_marked_up",
    "abortonclose",
)
_PASSIVE_SETTINGS = ("observe", "error_limit")
_NOT_ASKED = ("nobody asks an endpoint mapper here", 'it is for servers whose port is one\'s interface: port = "epm/emsmdb"')


@attrs.frozen
class BackendsBuilder:
    """Builds hosts, tables and back ends; every problem goes to the report."""

    document: DocumentSection
    report: Report
    checks: ChecksBuilder
    hosts: dict[str, Host] = attrs.Factory(dict)
    tables: dict[str, Table] = attrs.Factory(dict)
    backends: dict[str, Backend] = attrs.Factory(dict)

    def build(self) -> None:
        for name, address in self.document.hosts.items():
            if address.port is not None:
                self.report.problem(("hosts", name), "a host is an address without a port", "ports stand with the servers")
            self.hosts[name] = Host(name, address.host)
        for name, table in self.document.tables.items():
            self.tables[name] = TableBuilder(self.report).table(("tables", name), name, table)
        for name, section in self.document.backends.items():
            self.backends[name] = self._backend(name, section)

    def _backend(self, name: str, section: BackendSection) -> Backend:
        path: KeyPath = ("backends", name)
        defaults = self.document.defaults
        servers = [self._server(path, section, server, words) for server, words in section.servers.items()]
        if not servers:
            hint = f'write [backends.{name}.servers] and a line for each, such as mx1 = "10.0.0.15:25"'
            self.report.problem((*path, "servers"), "there are no servers", hint)
        if section.mapper is not None and not any(server is not None and server.mapping for server in servers):
            self.report.problem((*path, "mapper"), *_NOT_ASKED)
        persistence = self._persistence(name, section.persistence)
        said: dict[str, Any] = settings((*_BACKEND_SETTINGS, *_PASSIVE_SETTINGS), (section, defaults))
        table = None if persistence is None else self.tables.get(persistence.table)
        if table is not None and table.kind == "user":
            said.setdefault(
                "balance", "source"
            )  # by the user's key: who is not in the table yet, or any more, is not thrown about
        return Backend(
            name=name,
            servers=tuple(server for server in servers if server is not None),
            persistence=persistence,
            timeouts=timeouts(defaults.timeouts, section.timeouts),
            source=self._source((*path, "source"), section.source),
            request_headers=HeadersBuilder(self.report).request((*path, "request_headers"), section.request_headers),
            response_headers=HeadersBuilder(self.report).response((*path, "response_headers"), section.response_headers),
            extended_protection=section.extended_protection,
            **said,
        )

    def _server(self, path: KeyPath, backend: BackendSection, name: str, section: ServerSection) -> Server | None:
        defaults = self.document.defaults
        here = (*path, "servers", name)
        host = self._host(here, name, section)
        port = section.port or (section.address.port if section.address else None)
        if section.port and section.address and section.address.port not in (None, section.port):
            self.report.problem((*here, "port"), f"the port is {section.port} here and {section.address.port} in address")
        send_proxy = _proxy(first(section.send_proxy, backend.send_proxy, defaults.send_proxy))
        # Looked at also where the host is unknown: its checks may have mistakes of their own.
        number, interface = self._port(here, section, port)
        mapper: dict[str, Any] = settings(("port", "interval", "timeout", "fall"), (section.mapper, backend.mapper))
        checked = CheckedServer(here, number, send_proxy, interface, mapper.get("port", MAPPER_PORT))
        checks = self.checks.build(path, backend.check, section.check, checked)
        if host is None:
            return None
        said: dict[str, Any] = settings(("slow_start", "resolve", "send_xclient", "send_id"), (section, backend, defaults))
        return Server(
            name=name,
            host=host.name,
            address=self._address(section, host),
            port=number,
            weight=section.weight,
            maxconn=section.maxconn,
            backup=section.backup,
            checks=checks,
            send_proxy=send_proxy,
            tls=TLSBuilder(self.report).server(((*here, "tls"), section.tls), ((*path, "tls"), backend.tls)),
            agent=Agent(section.agent.port, section.agent.interval, section.agent.send) if section.agent else None,
            mapping=None if interface is None else self._mapping(interface, mapper, checks),
            **said,
        )

    def _port(self, path: KeyPath, section: ServerSection, port: int | InterfacePort | None) -> tuple[int | None, str | None]:
        """The port's number, or the interface whose port is asked for."""
        if not isinstance(port, InterfacePort):
            if section.mapper is not None:
                self.report.problem((*path, "mapper"), *_NOT_ASKED)
            return port, None
        trouble = interface_problem(self.checks.checkers)(port.interface)
        if trouble:
            self.report.problem((*path, "port") if section.port else path, f'"{port}": {trouble}')
            return MAPPER_PORT, None  # any number: that there is none was said
        return None, port.interface

    def _mapping(self, interface: str, mapper: dict[str, Any], checks: Sequence[Check]) -> model.Mapping:
        """The mapper is asked as often as the server is checked."""
        as_often = checks[0].timing if checks else timing(self.checks.timing)
        usual = {"mapper": MAPPER_PORT, "interval": as_often.interval, "timeout": as_often.timeout, "fall": as_often.fall}
        said = {"mapper" if name == "port" else name: value for name, value in mapper.items()}
        return model.Mapping(interface, **{**usual, **said})

    def _address(self, section: ServerSection, host: Host) -> str:
        if section.address is None:
            return host.address
        named = self.hosts.get(section.address.host)
        return named.address if named else section.address.host

    def _host(self, path: KeyPath, name: str, section: ServerSection) -> Host | None:
        """The machine: named, or the one that has the address, or one of its own."""
        if section.host is not None:
            return self.hosts.get(section.host) if self.report.reference((*path, "host"), "hosts", section.host) else None
        if section.address is None:
            if name not in self.report.tree.values.get("hosts", {}) and name not in self.report.expected:
                hint = did_you_mean(name, self.hosts) or f'write {name} = "10.0.0.15:25" or the like'
                self.report.problem(path, f'there is no "{name}" in [hosts], and the server has no address', hint)
            return self.hosts.get(name)
        address = section.address.host
        if address in self.hosts:
            return self.hosts[address]
        known = [host for host in self.hosts.values() if host.address == address]
        return known[0] if len(known) == 1 else self.hosts.setdefault(address, Host(address, address))

    def _persistence(self, name: str, section: PersistenceSection | None) -> Persistence | None:
        path: KeyPath = ("backends", name, "persistence")
        if section is None:
            return None
        if section.table is not None:
            for word in settings(TABLE_KEYS, (section,)):
                self.report.problem(
                    (*path, word), f"this belongs to the table, which is [tables.{section.table}]", "say it there"
                )
            self.report.reference((*path, "table"), "tables", section.table)
            return Persistence(section.table, section.required is not False)
        if section.required is not None:
            self.report.problem((*path, "required"), "this is for a table that several back ends share", "name one: table = …")
        if name in self.document.tables:
            self.report.problem(
                path, f"its own table would be named as [tables.{name}] is", f'write table = "{name}" or rename one'
            )
        self.tables.setdefault(name, TableBuilder(self.report).table(path, name, section))
        return Persistence(name)

    def _source(self, path: KeyPath, source: str | None) -> str | None:
        if source in ("client", "auto"):
            self.report.later(path, f'source = "{source}"', "give an address of this machine, or leave it out")
        elif source is not None and not is_ip(source):
            self.report.problem(path, f'"{source}" is not an IP address')
        return source


def timeouts(*sections: TimeoutsSection) -> Timeouts:
    """Later sections win over earlier ones."""
    said: dict[str, Any] = settings([attribute.name for attribute in attrs.fields(Timeouts)], sections[::-1])
    return Timeouts(**said)


def _proxy(word: object) -> ProxyVersion | None:
    return "v1" if word == "v1" else "v2" if word == "v2" else None


def shared(backends: Mapping[str, Backend]) -> dict[str, list[Backend]]:
    """The back ends of each table that has several."""
    groups: dict[str, list[Backend]] = {}
    for backend in backends.values():
        if backend.persistence is not None:
            groups.setdefault(backend.persistence.table, []).append(backend)
    return {table: members for table, members in groups.items() if len(members) > 1}
