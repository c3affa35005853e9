"""What is done to a proxy that ends TLS: handshakes and bodies.  The client is Python's ssl, the same for all.

Its own cost is no part of any figure; handshakes run on several threads, since it lets go of the interpreter while it computes.
"""

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from bench.certificate import HOST
from bench.load import Done, asked, body
from bench.processes import LOOPBACK

CLIENTS = 4


class _Client(NamedTuple):
    """One client's handshakes, and what was agreed in the last."""

    times: int
    resumed: int
    agreed: str


def trusting() -> ssl.SSLContext:
    """A client's context that takes any certificate: verification is not what is measured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connected(context: ssl.SSLContext, port: int, session: ssl.SSLSession | None) -> ssl.SSLSocket:
    """A connection to the proxy, its handshake done."""
    plain = socket.create_connection((LOOPBACK, port), timeout=30)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else Finished waits for the acknowledgement of what went before
    return context.wrap_socket(plain, server_hostname=HOST, session=session)


def _full(context: ssl.SSLContext, port: int, deadline: float) -> _Client:
    times, agreed = 0, ""
    while time.monotonic() < deadline:
        with connected(context, port, None) as client:
            asked(client)
            agreed = _agreed(client)
        times += 1
    return _Client(times, 0, agreed)


def _resumed(context: ssl.SSLContext, port: int, deadline: float) -> _Client:
    """Each connection brings the ticket that the one before was given, as browsers and mail servers do."""
    times, resumed, agreed = 0, 0, ""
    session: ssl.SSLSession | None = None
    while time.monotonic() < deadline:
        with connected(context, port, session) as client:
            asked(client)  # a TLS 1.3 server gives its tickets after the handshake
            brought, session, agreed = session is not None, client.session, _agreed(client)
            if brought:
                times += 1
                resumed += bool(client.session_reused)
    return _Client(times, resumed, agreed)


def _agreed(client: ssl.SSLSocket) -> str:
    cipher = client.cipher()
    return f"{client.version()} {cipher[0] if cipher else ''}"


def full(port: int, seconds: float) -> Done:
    """Connect, a full handshake, one small request, close; by :data:`CLIENTS` clients at once."""
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = list(pool.map(lambda context: _full(context, port, deadline), [trusting() for _ in range(CLIENTS)]))
    return Done(sum(client.times for client in clients), agreed=clients[0].agreed)


def resumed(port: int, seconds: float) -> Done:
    """The same, but each connection brings a ticket; says what share of them the proxy took."""
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = list(pool.map(lambda context: _resumed(context, port, deadline), [trusting() for _ in range(CLIENTS)]))
    times = sum(client.times for client in clients)
    return Done(times, resumed=sum(client.resumed for client in clients) / max(1, times), agreed=clients[0].agreed)


def bodies(port: int, seconds: float) -> Done:
    """Bodies of 64 MB, each over a connection of its own."""
    connect = partial(connected, trusting(), port, None)
    deadline = time.monotonic() + seconds
    times = 0
    while time.monotonic() < deadline:
        body(connect)
        times += 1
    return Done(times)
