"""HTTPS as a client access server answers it: OWA, the health pages of all virtual directories, the RPC proxy."""

import html
from collections.abc import Mapping
from typing import Protocol, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IReactorTime
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from exproxy.simulator.account import may_log_in
from exproxy.simulator.modes import Mode
from exproxy.wire.rts import ECHO

DIRECTORIES = (
    "owa",
    "ecp",
    "EWS",
    "mapi",
    "oab",
    "rpc",
    "autodiscover",
    "Microsoft-Server-ActiveSync",
    "powershell",
    "api",
)
"""The virtual directories that have a health page."""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Outlook Web App on {server}</title></head>
<body><h1>{server}</h1><p>This page was made by the simulated Exchange server {server} for {client}.</p></body></html>
"""


class Moody(Protocol):
    """Something with a mode that changes."""

    @property
    def mode(self) -> Mode:
        """What new clients meet."""


class ClientAccess(Resource):
    """Everything under ``/`` of one server.

    IIS does not care about the case of paths, so they are compared in lower case.

    :param server: the server's full name (``EX1.example.com``).
    :param whole: has the mode of the HTTPS service.
    :param directories: has the mode of each virtual directory, by its name in lower case.
    """

    isLeaf = True  # noqa: N815 - twisted.web's name

    def __init__(self, server: str, whole: Moody, directories: Mapping[str, Moody]) -> None:
        super().__init__()
        self._server = server
        self._whole = whole
        self._directories = directories

    def render(self, request: Request) -> bytes:
        # Exchange names the server that did the work in this header.
        request.setHeader(b"X-FEServer", self._server.partition(".")[0].encode())
        request.setHeader(b"Server", b"Microsoft-IIS/10.0")
        path = (request.path or b"/").decode("ascii", "replace").lower()
        directory = path.split("/")[1] if path.startswith("/") else ""
        modes = {self._whole.mode, self._directories.get(directory, self._whole).mode}
        if Mode.ERROR in modes:
            return _plain(request, 500, "Server Error in '/' Application.")
        if path == "/":
            return _redirect(request, "/owa/")
        if directory not in self._directories:
            return _plain(request, 404, "404 - File or directory not found.")
        return self._answer(request, directory, path.removeprefix(f"/{directory}"), Mode.MAINTENANCE in modes)

    def _answer(self, request: Request, directory: str, rest: str, maintenance: bool) -> bytes:
        if rest == "/healthcheck.htm":
            if maintenance:
                return _plain(request, 503, "503 Service Unavailable")
            request.setHeader(b"Content-Type", b"text/html")
            return f"200 OK<br/>{self._server}".encode()
        if directory == "owa":
            return _redirect(request, "/owa/") if rest == "" else self._page(request)
        if directory == "rpc" and rest == "/rpcproxy.dll" and may_log_in(request.getUser(), request.getPassword()):
            return _echo(request)
        request.responseHeaders.setRawHeaders("WWW-Authenticate", ["Negotiate", "NTLM", 'Basic realm="mail.example.com"'])
        return _plain(request, 401, "401 - Unauthorized: Access is denied due to invalid credentials.")

    def _page(self, request: Request) -> bytes:
        client = cast(IPv4Address | IPv6Address, request.getClientAddress())
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        return _PAGE.format(server=html.escape(self._server), client=html.escape(client.host)).encode()


def web_site(clock: IReactorTime, root: ClientAccess) -> Site:
    """The factory of HTTP connections, without an access log: the proxy's own is the one to look at."""
    site = _QuietSite(root, reactor=clock)
    site.noisy = False
    return site


class _QuietSite(Site):
    def log(self, request: http.Request) -> None:
        """Nothing."""


def _echo(request: Request) -> bytes:
    """MS-RPCH 2.1.2.1.6; channels, whose requests are longer than 16 octets, are not simulated."""
    length = int(request.getHeader("Content-Length") or 0)
    if request.method not in (b"RPC_IN_DATA", b"RPC_OUT_DATA") or length > 0x10:
        return _plain(request, 501, "The simulated RPC proxy only answers echo requests.")
    request.setResponseCode(200, b"Success")
    request.setHeader(b"Content-Type", b"application/rpc")
    return ECHO.encode()


def _redirect(request: Request, path: str) -> bytes:
    request.setHeader(b"Location", path.encode())
    return _plain(request, 302, "Object moved")


def _plain(request: Request, code: int, text: str) -> bytes:
    request.setResponseCode(code)
    request.setHeader(b"Content-Type", b"text/plain")
    return text.encode() + b"\r\n"
