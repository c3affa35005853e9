"""Makes ports and connections on a :class:`exproxy.net.epoll.loop.Loop`."""

import errno
import os
from _socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPV6_V6ONLY,
    SO_KEEPALIVE,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
    TCP_KEEPIDLE,
    TCP_NODELAY,
    TCP_QUICKACK,
    socket,
)

from exproxy.net.epoll.attempt import EpollAttempt, FailedAttempt
from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.port import SHARED_ACCEPTS_A_ROUND, EpollPort
from exproxy.net.epoll.tlsstream import EpollTLSStream, secured
from exproxy.net.interfaces import Acceptor, Address, Attempt, Dialer, PlainStream, TLSOwner
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.server import ServerTLS

KEEPALIVE_AFTER = 120
"""Seconds of silence: some devices on the way forget a connection after five minutes (some Exchange clients idle for 15)."""

_UNDER_WAY = (0, errno.EINPROGRESS)
_KIND = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC


class EpollNetwork:
    """The :class:`exproxy.net.interfaces.Network` of Linux."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.deadlines = loop.deadlines

    def listen(self, address: Address, acceptor: Acceptor, backlog: int = 1024) -> EpollPort:
        """An IPv6 address means IPv6 only: a front end that wants both binds both."""
        family = _family(address)
        sock = socket(family, _KIND)
        try:
            sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            if family == AF_INET6:
                sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
            _prepare(sock)
            sock.bind(address)
            sock.listen(backlog)
        except OSError:
            sock.close()
            raise
        return EpollPort(self.loop, sock, acceptor)

    def adopt(self, fd: int, acceptor: Acceptor) -> EpollPort:
        sock = socket(fileno=fd)
        sock.setblocking(False)
        _prepare(sock)  # who made it may be another program
        return EpollPort(self.loop, sock, acceptor, SHARED_ACCEPTS_A_ROUND)

    def connect(
        self, address: Address, dialer: Dialer, timeout: float, source: str | None = None, speaks_first: bool = False
    ) -> Attempt:
        try:
            sock = socket(_family(address), _KIND)
        except OSError as error:
            return FailedAttempt(self.loop, dialer, error)
        try:
            _prepare(sock)
            if source is not None:
                sock.bind((source, 0))
            if speaks_first:
                sock.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 0)
            code = sock.connect_ex(address)
        except OSError as error:
            sock.close()
            return FailedAttempt(self.loop, dialer, error)
        if code not in _UNDER_WAY:
            sock.close()
            return FailedAttempt(self.loop, dialer, OSError(code, os.strerror(code)))
        return EpollAttempt(self.loop, sock, address, dialer, timeout)

    def secure_server(self, stream: PlainStream, tls: ServerTLS, owner: TLSOwner) -> EpollTLSStream:
        return secured(stream, tls, owner)

    def secure_client(self, stream: PlainStream, tls: ClientTLS, owner: TLSOwner) -> EpollTLSStream:
        return secured(stream, tls, owner)


def _family(address: Address) -> int:
    return AF_INET6 if ":" in address[0] else AF_INET


def _prepare(sock: socket) -> None:
    sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    sock.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_AFTER)
