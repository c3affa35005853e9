"""Mode ``epm``: what a front end of endpoint mappers tells its clients."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Any

import attrs

from exproxy.config.kinds import CheckerType, Name
from exproxy.config.model import Mapped, Mapper
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report, settings
from exproxy.config.sections import BindSection, DocumentSection, FrontendSection, FrontTLSSection, MappedSection

_OF_MAPPERS = ("map", "others", "dynamic_ports", "dynamic_idle", "protected")
_DYNAMIC = ("dynamic_ports", "dynamic_idle")

InterfaceProblem = Callable[[str], str]
"""What is wrong with a text that is to be an RPC interface; empty if nothing is."""


def interface_problem(checkers: Mapping[str, CheckerType]) -> InterfaceProblem:
    """The check that binds to interfaces knows their names: one list for checks and maps."""

    def problem(name: str) -> str:
        try:
            checkers["rpc"].options(interface=name)
        except ValueError as error:
            return str(error)
        return ""

    return problem


@attrs.frozen
class MapperBuilder:
    """Builds what front ends say of interfaces; every problem goes to the report."""

    document: DocumentSection
    report: Report
    interface_problem: InterfaceProblem

    def mapper(self, path: KeyPath, section: FrontendSection) -> Mapper | None:
        """``None`` in another mode, where none of this may stand."""
        if section.mode != "epm":
            for word in _OF_MAPPERS:
                if getattr(section, word) is not None:
                    self._of_epm((*path, word))
            return None
        self._alone(path, section)
        said: dict[str, Any] = settings(_OF_MAPPERS[1:], (section,))
        mapped = tuple(self._mapped((*path, "map", name), name, front) for name, front in (section.map or {}).items())
        mapper = Mapper(mapped, **said)
        if not mapped and mapper.others == "hide":
            hint = 'write map = { emsmdb = "…", nspi = "…", rfri = "…" } with the front ends that serve them'
            self.report.problem((*path, "map"), "no interface is mapped, so clients would be told of none", hint)
        if mapper.others == "dynamic" and mapper.dynamic_ports is None:
            hint = 'write dynamic_ports = "40000-40099" or the like'
            self.report.problem((*path, "dynamic_ports"), 'others = "dynamic" has no ports to open', hint)
        for word in _DYNAMIC:
            if mapper.others != "dynamic" and getattr(section, word) is not None:
                self.report.problem((*path, word), "no port is opened for other interfaces", 'write others = "dynamic"')
        return mapper

    def advertised(self, path: KeyPath, section: BindSection, frontend: FrontendSection) -> str | None:
        """An IPv4 address: a tower's address floor has no room for another one (C706 appendix I)."""
        if section.advertise is None:
            return None
        if frontend.mode != "epm":
            self._of_epm(path)
            return None
        try:
            address = IPv4Address(section.advertise)
        except ValueError:
            message = f'"{section.advertise}" is not an IPv4 address, and endpoint mappers can tell no other'
            self.report.problem(path, message, 'write the address that clients reach, such as "192.0.2.9"')
            return None
        if address.is_unspecified or address.is_multicast:
            self.report.problem(path, f"nobody can connect to {address}", "write the address that clients reach")
        return str(address)

    def _of_epm(self, path: KeyPath) -> None:
        self.report.problem(path, 'this belongs to mode = "epm"', 'write mode = "epm", or leave it out')

    def _alone(self, path: KeyPath, section: FrontendSection) -> None:
        """What other front ends may say, and mappers not."""
        hint = "leave it out: RPC signs and seals by itself"
        if _speaks(section.tls):
            self.report.problem((*path, "tls"), "endpoint mappers do not speak TLS", hint)
        for below, bind in section.bind.items:
            if _speaks(bind.tls):
                self.report.problem((*path, "bind", *below, "tls"), "endpoint mappers do not speak TLS", hint)
        if section.routes.items:
            self.report.problem((*path, "routes"), "without TLS there are no names to go by", "write backend = …")

    def _mapped(self, path: KeyPath, name: str, section: MappedSection) -> Mapped:
        wrong = self.interface_problem(name)
        if wrong:
            self.report.problem(path, wrong)
        for word, front in (("tcp", section.tcp), ("http", section.http)):
            if front is not None:
                self._serves(path, word, front)
        if section.tcp is None and section.http is None:
            self.report.problem(path, "no front end is named", f'write {name} = "…" with the front end that serves it')
        return Mapped(name, section.tcp, section.http)

    def _serves(self, path: KeyPath, word: str, name: str) -> None:
        """Whether RPC clients can be sent to that front end, and to one port of it."""
        path = (*path, word) if (*path, word) in self.report.tree.places else path
        if not self.report.reference(path, "frontends", name) or Name(name) not in self.document.frontends:
            return
        front = self.document.frontends[Name(name)]
        if front.mode != "tcp":
            self.report.problem(path, f'"{name}" has mode = "{front.mode}", but RPC is relayed', 'name one of mode = "tcp"')
        elif _speaks(front.tls) or any(_speaks(bind.tls) for bind in front.bind.values()):
            self.report.problem(path, f'"{name}" speaks TLS, which RPC clients do not', "name one without tls")
        elif any(bind.address.first_port != bind.address.last_port for bind in front.bind.values()):
            message = f'"{name}" listens on a range of ports, but clients are told one'
            self.report.problem(path, message, "give the interface a front end of its own")


def _speaks(tls: FrontTLSSection | None) -> bool:
    return tls is not None and tls.mode != "off"
