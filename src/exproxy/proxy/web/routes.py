"""Which back end a request goes to: the first route that matches wins."""

from urllib.parse import quote_from_bytes

import attrs

from exproxy.proxy.backend import Backend
from exproxy.wire.web.head import RequestHead
from exproxy.wire.web.path import within

_SAFE = "!#$%&'()*+,-./:;=?@[]_~"
"""Characters of a target that stand in ``Location`` as they came."""


@attrs.frozen
class Redirect:
    """:param location: an address or a path; ``None``: what was asked for, by way of ``https``.

    :param status: 301, 302, 303, 307 or 308.
    :param port: of the address by way of ``https``.
    """

    location: str | None = None
    status: int = 302
    port: int = 443

    def to(self, head: RequestHead) -> str | None:
        """Where a request is sent; ``None``: it is of HTTP/1.0 and has no host, so nobody knows."""
        if self.location is not None:
            return self.location
        if not head.host:
            return None
        # A target that is no path (absolute form, or a backslash, which browsers take for a slash) is not repeated.
        target = head.target if head.target.startswith(b"/") else b"/"
        port = "" if self.port == 443 else f":{self.port}"
        return f"https://{head.host}{port}{quote_from_bytes(target, safe=_SAFE)}"


@attrs.frozen
class Route:
    """All that is said has to match; what is not said matches everything.

    :param target: who gets the request.
    :param hosts: names in lower case, or ``*.`` and a domain: that matches one label or more.
    :param paths: canonical prefixes (:mod:`exproxy.wire.web.path`); with ``=`` before it, that path and none beneath it.
    :param methods: as they are written.
    :param headers: names in lower case; with a value, one of the header's lines has to have that value.
    """

    target: Backend | Redirect
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset()
    headers: tuple[tuple[bytes, bytes | None], ...] = ()
    _exact: frozenset[str] = attrs.field(init=False)
    _domains: tuple[str, ...] = attrs.field(init=False)
    _whole: frozenset[str] = attrs.field(init=False)
    _prefixes: tuple[str, ...] = attrs.field(init=False)

    @_exact.default
    def _names(self) -> frozenset[str]:
        return frozenset(host for host in self.hosts if not host.startswith("*."))

    @_domains.default
    def _endings(self) -> tuple[str, ...]:
        return tuple(host[1:] for host in self.hosts if host.startswith("*."))

    @_whole.default
    def _whole_paths(self) -> frozenset[str]:
        return frozenset(path[1:] for path in self.paths if path.startswith("="))

    @_prefixes.default
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths if not path.startswith("="))

    def takes(self, head: RequestHead) -> bool:
        """Whether ``head`` matches."""
        if self.hosts and head.host not in self._exact and not head.host.endswith(self._domains):
            return False
        if self.methods and head.method not in self.methods:
            return False
        if self.paths and head.path not in self._whole and not any(within(head.path, prefix) for prefix in self._prefixes):
            return False
        return all(_has(head, name, value) for name, value in self.headers)


@attrs.frozen
class Routes:
    """:param default: for what no route takes; ``None``: that is answered with 503."""

    default: Backend | None
    routes: tuple[Route, ...] = ()

    def find(self, head: RequestHead) -> Backend | Redirect | None:
        """Who gets a request."""
        for route in self.routes:
            if route.takes(head):
                return route.target
        return self.default


def _has(head: RequestHead, name: bytes, value: bytes | None) -> bool:
    return name in head.values if value is None else value in head.every(name)
