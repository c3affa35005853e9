"""What is done to a proxy: connections, requests and bodies, each counted."""

import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.processes import LOOPBACK, BenchError, program
from bench.web import BULK, BULK_BYTES, TINY, VARIED

CONNECTIONS = 32
ONE_REQUEST = f"GET {TINY} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()


Connect = Callable[[], socket.socket]


class Done(NamedTuple):
    """What was done to a proxy in one round."""

    times: int
    resumed: float | None = None
    """The share of TLS handshakes that were resumed, where that was tried."""
    agreed: str = ""
    """TLS version and cipher."""


VARYING = Path(__file__).with_name("varied.lua")


def _wrk(url: str, seconds: float, headers: list[str]) -> Done:
    arguments = [program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", *headers, url]
    output = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    found = re.search(r"(\d+) requests in", output)
    failed = re.search(r"Socket errors:.*|Non-2xx.*", output)
    if found is None or failed is not None:
        raise BenchError(f"wrk did not get what it asked for:\n{output}")
    return Done(int(found[1]))


def connections(port: int, seconds: float) -> Done:
    """Open, one request, close, by :data:`CONNECTIONS` clients at once."""
    return _wrk(f"http://{LOOPBACK}:{port}{TINY}", seconds, ["-H", "Connection: close"])


def requests(port: int, seconds: float) -> Done:
    """Requests on :data:`CONNECTIONS` connections that stay open."""
    return _wrk(f"http://{LOOPBACK}:{port}{TINY}", seconds, [])


def tls_requests(port: int, seconds: float) -> Done:
    """Requests on :data:`CONNECTIONS` TLS connections that stay open; their handshakes are in it, and few."""
    return _wrk(f"https://{LOOPBACK}:{port}{TINY}", seconds, [])


def varied(port: int, seconds: float) -> Done:
    """Requests on connections that stay open, each of which has a head of its own, and so has its answer."""
    return _wrk(f"http://{LOOPBACK}:{port}{VARIED}", seconds, ["-s", str(VARYING)])


def tls_varied(port: int, seconds: float) -> Done:
    """The same over TLS."""
    return _wrk(f"https://{LOOPBACK}:{port}{VARIED}", seconds, ["-s", str(VARYING)])


def asked(client: socket.socket) -> None:
    """One small request, and all that comes until the server closes."""
    client.sendall(ONE_REQUEST)
    answer = b""
    while portion := client.recv(4096):
        answer += portion
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"a small request was answered with {answer[:40]!r}")


def body(connect: Connect) -> None:
    """Get one body of 64 MB and throw it away."""
    buffer = bytearray(1 << 18)
    received = 0
    with connect() as client:
        client.sendall(f"GET {BULK} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
        while length := client.recv_into(buffer):
            received += length
    if received < BULK_BYTES:
        raise BenchError(f"a body of {BULK_BYTES} bytes ended after {received}")


def bodies(port: int, seconds: float) -> Done:
    """Bodies of 64 MB, one after the other until the time is over."""
    times = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        body(lambda: socket.create_connection((LOOPBACK, port), timeout=30))
        times += 1
    return Done(times)
