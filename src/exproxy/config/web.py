"""Mode ``http``: which requests go where, and what servers are told about clients."""

import re
from typing import Any

import attrs

from exproxy.config.addresses import is_name
from exproxy.config.headers import HeadersBuilder
from exproxy.config.model import Redirect, Web, WebRoute
from exproxy.config.pages import PagesBuilder
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report, settings
from exproxy.config.sections import (
    AccessSection,
    DefaultsSection,
    DocumentSection,
    FrontendSection,
    RedirectSection,
    RouteSection,
)

_SETTINGS = ("max_body", "max_head", "max_headers", "max_target", "body_rate", "body_grace")
_OF_HTTP = ("forwarded", "trust", "request_headers", "response_headers", "pages", *_SETTINGS)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2
_PATH = re.compile(r"(?:/[A-Za-z0-9_~@=+,!-](?:[A-Za-z0-9_.~@=+,!-]*[A-Za-z0-9_~@=+,!-])?)+/?|/")
"""Paths that mean the same however they are read: the canonical one is this in lower case."""
_LOCATION = re.compile(r"[!-~]+")
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "RPC_IN_DATA", "RPC_OUT_DATA")
"""Those that are often meant."""
_REDIRECTS = (301, 302, 303, 307, 308)


@attrs.frozen
class WebBuilder:
    """Builds what a front end says of requests; every problem goes to the report."""

    report: Report
    defaults: DefaultsSection

    def web(self, path: KeyPath, section: FrontendSection) -> Web | None:
        """``None`` in another mode, where none of this may stand."""
        if section.mode != "http":
            for word in _OF_HTTP:
                if getattr(section, word) is not None:
                    self.report.problem((*path, word), 'this belongs to mode = "http"', 'write mode = "http", or leave it out')
            return None
        said: dict[str, Any] = {} if section.forwarded is None else {"forwarded": section.forwarded.values()}
        said |= settings(_SETTINGS, (section,))
        return Web(
            routes=tuple(self._route((*path, "routes", *below), route) for below, route in section.routes.items),
            trusted=() if section.trust is None else section.trust.values(),
            request_headers=HeadersBuilder(self.report).request((*path, "request_headers"), section.request_headers),
            response_headers=HeadersBuilder(self.report).response((*path, "response_headers"), section.response_headers),
            pages=PagesBuilder(self.report).pages(
                ((*path, "pages"), section.pages), (("defaults", "pages"), self.defaults.pages)
            ),
            **said,
        )

    def _route(self, path: KeyPath, section: RouteSection) -> WebRoute:
        if section.sni.items:
            self.report.problem((*path, "sni"), "requests go by the name in them", 'write host = "mail.example.com"')
        if section.backend is not None and section.redirect is not None:
            self.report.problem((*path, "redirect"), "a request goes to a back end or is redirected, not both")
        elif section.backend is not None:
            self.report.reference((*path, "backend"), "backends", section.backend)
        elif section.redirect is None:
            self.report.problem((*path, "backend"), '"backend" is missing', 'or write redirect = "/owa"')
        route = WebRoute(
            backend=section.backend,
            redirect=None if section.redirect is None else self._redirect((*path, "redirect"), section.redirect),
            **self.criteria(path, section),
        )
        if _circles(route):
            hint = 'write path = "=/" for that path alone, without what is beneath it'
            self.report.problem((*path, "redirect"), "this redirects clients in circles", hint)
        return route

    def criteria(self, path: KeyPath, section: RouteSection | AccessSection) -> dict[str, Any]:
        """What a request has to be like for a route or an access rule."""
        return {
            "hosts": tuple(self._host((*path, "host", *below), host) for below, host in section.host.items),
            "paths": tuple(self._path((*path, "path", *below), prefix) for below, prefix in section.path.items),
            "methods": tuple(self._method((*path, "method", *below), name) for below, name in section.method.items),
            "headers": tuple(self._header((*path, "header"), name, value) for name, value in (section.header or {}).items()),
        }

    def _redirect(self, path: KeyPath, section: RedirectSection) -> Redirect:
        place = (*path, "to") if (*path, "to") in self.report.tree.places else path
        to = section.to
        if to != "https" and (not _LOCATION.fullmatch(to) or not to.startswith(("/", "http://", "https://"))):
            hint = 'write "/owa" or "https://mail.example.com/owa", encoded as in an address, or "https"'
            self.report.problem(place, f'"{to}" is neither a path nor an address', hint)
        if section.status is not None and section.status not in _REDIRECTS:
            message = f"{section.status} redirects nobody"
            self.report.problem((*path, "status"), message, f"it is one of {', '.join(map(str, _REDIRECTS))}")
        if section.port is not None and to != "https":
            self.report.problem((*path, "port"), 'this is for to = "https"', "an address has its port in it")
        said: dict[str, Any] = settings(("status", "port"), [section])
        return Redirect(to, **said)

    def _host(self, path: KeyPath, host: str) -> str:
        if not is_name(host.removeprefix("*.")):
            message = f'"{host}" is not a name such as "mail.example.com" or "*.example.com"'
            self.report.problem(path, message, "ports do not count" if ":" in host else "")
        return host.lower()

    def _path(self, path: KeyPath, prefix: str) -> str:
        if not _PATH.fullmatch(prefix.removeprefix("=")):
            hint = 'write it decoded and from the root: "/ews" with all beneath it, or "=/ews" without'
            self.report.problem(path, f'"{prefix}" is not a path that can be compared', hint)
        return prefix.lower()

    def _header(self, path: KeyPath, name: str, value: str) -> tuple[str, str]:
        self._token((*path, name), name, "header")
        if value != value.strip() or not value.isprintable() or not value.isascii():
            self.report.problem((*path, name), f'"{value}" is no value of a header')
        return name.lower(), value

    def _method(self, path: KeyPath, name: str) -> str:
        """Case counts (RFC 9110 9.1), so ``get`` would never match what clients send."""
        if not name.isupper() and name.upper() in _METHODS:
            self.report.problem(path, f'"{name}" is a method that nobody uses: case counts', f'write "{name.upper()}"')
        return self._token(path, name, "method")

    def _token(self, path: KeyPath, word: str, what: str) -> str:
        if not _TOKEN.fullmatch(word):
            self.report.problem(path, f'"{word}" is not the name of a {what}')
        return word


def _circles(route: WebRoute) -> bool:
    """Whether a path that clients are sent to takes the same route; what methods and headers do to that is not known here."""
    if route.redirect is None or not route.redirect.to.startswith("/") or route.methods or route.headers:
        return False
    to = route.redirect.to.partition("?")[0].lower()
    below = (path.rstrip("/") for path in route.paths)
    return not route.paths or any(path == f"={to}" or f"{to}/".startswith(f"{path}/") for path in below)


def refuse_elsewhere(document: DocumentSection, report: Report) -> None:
    """Header rules of back ends whose sessions come from other modes too, which have no headers."""
    for name, section in document.frontends.items():
        for target in (section.backend, *(route.backend for route in section.routes.values())):
            backend = None if target is None or section.mode == "http" else document.backends.get(target)
            for word in ("request_headers", "response_headers"):
                if target is not None and getattr(backend, word, None) is not None:
                    message = f'this belongs to mode = "http", and front end "{name}" has mode = "{section.mode}"'
                    report.problem(("backends", target, word), message, "leave it out, or give that front end another back end")


def said_of_http(section: RouteSection) -> list[str]:
    """The keys of a route that only mode ``http`` has."""
    return [*criteria_said(section), *(["redirect"] if section.redirect else [])]


def criteria_said(section: RouteSection | AccessSection) -> list[str]:
    """The keys that are about requests, of those that are there."""
    criteria = [("host", section.host.items), ("path", section.path.items), ("method", section.method.items)]
    return [word for word, said in (*criteria, ("header", section.header)) if said]
