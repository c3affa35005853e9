"""Which back end a request goes to: the first route that matches wins."""

from urllib.parse import quote_from_bytes

import attrs

from exproxy.proxy.backend import Backend
from exproxy.proxy.web.matching import Matching
from exproxy.wire.web.head import RequestHead

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
class Route(Matching[Backend | Redirect]):
    """``target`` gets the request."""


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
