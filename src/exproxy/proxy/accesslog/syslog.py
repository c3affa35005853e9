"""A syslog sink from its address."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from exproxy.proxy.accesslog.datagram import DatagramSink
from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.sinks import Sink
from exproxy.proxy.accesslog.tcp import IClientReactor, TcpSink


def _udp(host: str, port: int) -> Callable[[], socket.socket]:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]

    def connect() -> socket.socket:
        return _connected(socket.socket(family, kind, protocol), address)

    return connect


def _unix(path: str) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        return _connected(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), path)

    return connect


def _connected(opened: socket.socket, address: object) -> socket.socket:
    opened.setblocking(False)
    try:
        opened.connect(address)  # type: ignore[arg-type]  # the address that getaddrinfo gave, or a path
    except OSError:
        opened.close()
        raise
    return opened


def open_syslog(reactor: IClientReactor, url: str, header: Header) -> Sink:
    """The sink of ``udp://host:port``, ``tcp://host:port`` (IPv6 in brackets) or ``unix:///path``; port 514 by default.

    A name in a ``udp`` address is looked up here, once, at the start.

    :raises ValueError: the address is none of these; a sentence part.
    :raises OSError: a name that cannot be looked up, or no unix sockets on this system.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 514
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}") from None
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError(f"{url}: this system has no unix sockets; use udp:// or tcp://")
        return DatagramSink(url, _unix(parts.path), header)
    if not host or parts.scheme not in ("udp", "tcp"):
        raise ValueError(f"{url!r} is not udp://host:port, tcp://host:port or unix:///path")
    if parts.scheme == "tcp":
        return TcpSink(reactor, host, port, header)
    return DatagramSink(url, _udp(host, port), header)
