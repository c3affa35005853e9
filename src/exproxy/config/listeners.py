"""Front ends: what is listened on, and where it goes."""

import re
from typing import Any

import attrs

from exproxy.config.addresses import is_name, joined
from exproxy.config.mail import MODES, MailBuilder
from exproxy.config.mapping import MapperBuilder
from exproxy.config.model import Bind, Frontend, SniRoute, clients_of
from exproxy.config.problems import KeyPath, dotted
from exproxy.config.protection import ProtectionBuilder
from exproxy.config.report import Report, settings
from exproxy.config.sections import BindSection, DocumentSection, FrontendSection, RouteSection
from exproxy.config.servers import timeouts
from exproxy.config.tls import TLSBuilder
from exproxy.config.web import WebBuilder, said_of_http

_SETTINGS = ("maxconn", "dontlognull", "backlog")
_ANY = ("0.0.0.0", "::")
_WILDCARD = re.compile(r"\*\.")


@attrs.frozen
class FrontendsBuilder:
    """Builds front ends; every problem goes to the report."""

    document: DocumentSection
    report: Report
    mappers: MapperBuilder
    frontends: dict[str, Frontend] = attrs.Factory(dict)
    _taken: list[tuple[KeyPath, Bind]] = attrs.Factory(list)

    def build(self) -> None:
        for name, section in self.document.frontends.items():
            self.frontends[name] = self._frontend(name, section)

    def _frontend(self, name: str, section: FrontendSection) -> Frontend:
        path: KeyPath = ("frontends", name)
        if not section.bind.items:
            self.report.problem((*path, "bind"), "there is no address to listen on", 'write bind = "10.0.0.9:25" or the like')
        if section.backend is None and not section.routes.items and section.mode not in MODES:
            self.report.problem((*path, "backend"), "there is nothing to send sessions to", "name a back end: backend = …")
        elif section.backend is not None:
            self.report.reference((*path, "backend"), "backends", section.backend)
        said: dict[str, Any] = settings(_SETTINGS, (section, self.document.defaults))
        binds = tuple(self._bind((*path, "bind", *below), bind, path, section) for below, bind in section.bind.items)
        if len({clients.headers for clients in clients_of(binds)}) > 1:
            message = "the binds tell servers about client certificates in different headers"
            self.report.problem((*path, "bind"), message, "write the same client_certificates.headers in each")
        web = WebBuilder(self.report, self.document.defaults)
        protection = ProtectionBuilder(self.report, web)
        return Frontend(
            name=name,
            mode=section.mode,
            binds=binds,
            backend=section.backend,
            routes=() if section.mode in ("http", *MODES) else self._routes(path, section),
            timeouts=timeouts(self.document.defaults.timeouts, section.timeouts),
            mapper=self.mappers.mapper(path, section),
            web=web.web(path, section),
            mail=MailBuilder(self.document, self.report).mail(path, section),
            access=protection.access(path, section),
            per_source=protection.per_source(path, section),
            **said,
        )

    def _bind(self, path: KeyPath, section: BindSection, front: KeyPath, frontend: FrontendSection) -> Bind:
        bind = Bind(
            section.address.address,
            section.address.first_port,
            section.address.last_port,
            tuple(dict.fromkeys(section.accept_proxy.values())),
            TLSBuilder(self.report).front(frontend.mode, ((*path, "tls"), section.tls), ((*front, "tls"), frontend.tls)),
            self.mappers.advertised((*path, "advertise"), section, frontend),
        )
        for other_path, other in self._taken:
            if _overlap(bind, other):
                where = f"{self.report.tree.place(other_path)} ({dotted(other_path)})"
                self.report.problem(path, f"{_text(bind)} is already listened on at {where}{_why(bind, other)}")
                break
        self._taken.append((path, bind))
        return bind

    def _routes(self, path: KeyPath, section: FrontendSection) -> tuple[SniRoute, ...]:
        return tuple(self._route((*path, "routes", *below), route) for below, route in section.routes.items)

    def _route(self, path: KeyPath, section: RouteSection) -> SniRoute:
        if of_http := said_of_http(section):
            hint = 'write mode = "http", with tls where clients speak TLS; or a route goes by sni = "mail.example.com"'
            self.report.problem((*path, of_http[0]), 'this belongs to mode = "http"', hint)
        elif not section.sni.items:
            self.report.problem(path, "the route does not say which connections it takes", 'write sni = "mail.example.com"')
        for below, name in section.sni.items:
            if not is_name(_WILDCARD.sub("", name, count=1)):
                self.report.problem(
                    (*path, "sni", *below), f'"{name}" is not a name such as "mail.example.com" or "*.example.com"'
                )
        if section.backend is None:
            self.report.problem((*path, "backend"), '"backend" is missing')
        else:
            self.report.reference((*path, "backend"), "backends", section.backend)
        return SniRoute(tuple(name.lower() for name in section.sni.values()), section.backend or "")


def _overlap(one: Bind, other: Bind) -> bool:
    if one.last_port < other.first_port or other.last_port < one.first_port:
        return False
    family, other_family = (6 if ":" in bind.address else 4 for bind in (one, other))
    return one.address == other.address or (family == other_family and (one.address in _ANY or other.address in _ANY))


def _why(one: Bind, other: Bind) -> str:
    if one.address == other.address:
        return ""
    everything = one if one.address in _ANY else other
    return f": {everything.address} is every address of this machine"


def _text(bind: Bind) -> str:
    ports = str(bind.first_port) if bind.first_port == bind.last_port else f"{bind.first_port}-{bind.last_port}"
    return joined(bind.address, ports)
