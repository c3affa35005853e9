"""Listening sockets for Twisted's reactors: bound first, so that what is wrong is said before anything starts.

Windows differs twice.  There SO_REUSEADDR lets a second program *share* a port that is taken, and even without it the owner of a
wildcard has to say that it wants to be alone: SO_EXCLUSIVEADDRUSE (Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE").  And
the reactor with completion ports cannot adopt a socket, nor pause a port.
"""

import socket
from typing import Any

from twisted.internet.interfaces import IListeningPort, IReactorSocket

from exproxy.net.interfaces import Address


def listening_socket(address: Address, backlog: int) -> socket.socket:
    """Bound, listening and non-blocking; on Windows nobody else can have the port, elsewhere one in TIME_WAIT is no hindrance.

    :raises OSError: it is not to be had.
    """
    made = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        alone = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if alone is None else alone, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(backlog)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def adopt(reactor: Any, sock: socket.socket, factory: Any) -> IListeningPort:
    """Accept on ``sock`` from now on.  The reactor has a descriptor of its own then, and the caller closes his."""
    if IReactorSocket.providedBy(reactor):
        port: IListeningPort = reactor.adoptStreamPort(sock.fileno(), sock.family, factory)
        return port
    from exproxy.net.iocp import CompletionPort

    return CompletionPort(sock.dup(), factory, reactor).started()
