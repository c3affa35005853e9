"""A server's checks: the back end's, or its own, or the back end's with some of its own words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from exproxy.config.addresses import server_address
from exproxy.config.kinds import CheckerType, Port, Several
from exproxy.config.model import Check, CheckTiming, CheckTLS, ProxyVersion
from exproxy.config.pins import pins
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report, settings
from exproxy.config.sections import CheckSection, CheckTLSSection, TimingSection
from exproxy.config.structuring import DEFAULT_CHECK, TLS_TYPES

MAPPER_PORT = Port(135)
"""Of endpoint mappers."""

_COMMON = [attribute.name for attribute in attrs.fields(CheckSection) if attribute.name not in ("type", "options")]

Placed = tuple[KeyPath, CheckSection]


@attrs.frozen
class CheckedServer:
    """What a server's checks have to know of it.

    :param interface: whose port is asked of the endpoint mapper.
    :param mapper: the mapper's port.
    """

    path: KeyPath
    port: int | None
    send_proxy: ProxyVersion | None
    interface: str | None = None
    mapper: Port = MAPPER_PORT


@attrs.frozen
class ChecksBuilder:
    """Builds the checks of all servers."""

    report: Report
    checkers: Mapping[str, CheckerType]
    timing: TimingSection

    def build(
        self,
        backend: KeyPath,
        of_backend: Several[CheckSection] | None,
        of_server: Several[CheckSection] | None,
        server: CheckedServer,
    ) -> tuple[Check, ...]:
        """The checks of one server; every problem has been reported."""
        said = self._chosen(self._items((*backend, "check"), of_backend), self._items((*server.path, "check"), of_server))
        chosen = [(path, self._typed(section, server)) for path, section in said]
        names = _names([section for _, section in chosen])
        for (path, _), name in zip(chosen, names, strict=True):
            if names.count(name) > 1:
                self.report.problem((*path, "name"), f'several checks of one server are named "{name}"')
        return tuple(self._check(path, section, name, server) for (path, section), name in zip(chosen, names, strict=True))

    def _items(self, path: KeyPath, sections: Several[CheckSection] | None) -> list[Placed] | None:
        return None if sections is None else [((*path, *below), section) for below, section in sections.items]

    def _chosen(self, of_backend: list[Placed] | None, of_server: list[Placed] | None) -> Sequence[Placed]:
        usual = [((), CheckSection())] if of_backend is None else of_backend
        if of_server is None:
            return usual
        if len(of_server) == 1 and of_server[0][1].type is None:
            path, changes = of_server[0]
            return [(path, _changed(section, changes)) for _, section in usual]
        for path, section in of_server:
            if section.type is None:
                self.report.problem((*path, "type"), "each check of a list needs its type")
        return of_server

    def _typed(self, section: CheckSection, server: CheckedServer) -> CheckSection:
        """A check that says no type is the simplest one that says something of the server."""
        if section.type is not None:
            return section
        if server.interface is None:
            return attrs.evolve(section, type=DEFAULT_CHECK)
        options = self.checkers["rpc"].options(interface=(server.interface,), mapper=True)
        return attrs.evolve(section, type="rpc", port=section.port or server.mapper, options=options)

    def _check(self, path: KeyPath, section: CheckSection, name: str, server: CheckedServer) -> Check:
        kind = section.type or DEFAULT_CHECK
        if section.port is None and server.port is None and server.interface is None:
            hint = f'write check = {{ type = "{kind}", port = … }}, or check = "off"'
            self.report.problem(server.path, f'the server has no port, so its check "{name}" needs one of its own', hint)
        if section.address is not None:
            self._address((*path, "address"), section.address)
        checker = TLS_TYPES.get(kind, kind)
        return Check(
            name=name,
            type=checker,
            options=self.checkers[checker].options() if section.options is None else section.options,
            timing=timing(section, self.timing),
            port=section.port,
            address=section.address,
            tls=self._tls((*path, "tls"), section.tls, kind),
            send_proxy=_send_proxy(section, server),
            required=section.required is not False,
        )

    def _address(self, path: KeyPath, text: str) -> None:
        try:
            if server_address(text).port is not None:
                self.report.problem(path, f'"{text}" has a port', "the port of a check stands under port")
        except ValueError as error:
            self.report.problem(path, str(error))

    def _tls(self, path: KeyPath, section: CheckTLSSection | None, kind: str) -> CheckTLS | None:
        section = section or CheckTLSSection()
        if section.mode == "starttls" and kind in TLS_TYPES:
            self.report.problem(path, f'"{kind}" has TLS from the first byte, not after STARTTLS', "leave the mode out")
        elif section.mode == "starttls" and not self.checkers[kind].starttls:
            self.report.problem(path, f'"{kind}" has no STARTTLS', 'TLS from the first byte is mode = "implicit"')
        if section.mode == "off" or (section == CheckTLSSection() and kind not in TLS_TYPES):
            return None
        if section.mode is None and kind not in TLS_TYPES:
            self.report.problem(path, "mode is missing", 'mode = "starttls" or mode = "implicit"')
        ca = None if section.ca is None else self.report.file((*path, "ca"), section.ca)
        if ca is not None and not ca.is_file():
            self.report.problem((*path, "ca"), f'there is no file "{ca}"')
        return CheckTLS(
            mode="starttls" if section.mode == "starttls" else "implicit",
            verify=section.verify,
            ca=ca,
            name=section.name,
            warn_days=section.warn_days,
            legacy=section.legacy,
            pin=pins(self.report, (*path, "pin"), section.pin),
        )


def timing(*sections: TimingSection) -> CheckTiming:
    """The first section that says something wins; ``fast_interval`` and ``down_interval`` follow ``interval``."""
    said: dict[str, Any] = settings([attribute.name for attribute in attrs.fields(CheckTiming)], sections)
    interval = said.get("interval", CheckTiming().interval)
    return CheckTiming(**{"fast_interval": interval, "down_interval": interval, **said})


def _changed(section: CheckSection, changes: CheckSection) -> CheckSection:
    said: dict[str, Any] = settings(_COMMON, [changes])
    return attrs.evolve(section, **said)


def _send_proxy(section: CheckSection, server: CheckedServer) -> ProxyVersion | None:
    """A check that goes where the sessions go has to look like them, or the server refuses it."""
    if section.send_proxy is not None:
        return None if section.send_proxy == "off" else section.send_proxy
    elsewhere = section.address is not None or section.port not in (None, server.port)
    return None if elsewhere else server.send_proxy


def _names(sections: Iterable[CheckSection]) -> list[str]:
    """A check is named as the file says, or by its type; the second one of a type is numbered."""
    seen: Counter[str] = Counter()
    names = []
    for section in sections:
        kind = section.type or DEFAULT_CHECK
        if section.name is None:
            seen[kind] += 1
        names.append(section.name or (kind if seen[kind] == 1 else f"{kind}-{seen[kind]}"))
    return names
