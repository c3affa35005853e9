"""What is done to a proxy: connections, requests and bodies, each counted."""

import re
import socket
import subprocess
import time

from bench.processes import LOOPBACK, BenchError, program
from bench.web import BULK, BULK_BYTES, TINY

CONNECTIONS = 32


def _wrk(port: int, seconds: float, headers: list[str]) -> int:
    arguments = [
        program("wrk"),
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{max(1, round(seconds))}s",
        *headers,
        f"http://{LOOPBACK}:{port}{TINY}",
    ]
    output = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    found = re.search(r"(\d+) requests in", output)
    failed = re.search(r"Socket errors:.*|Non-2xx.*", output)
    if found is None or failed is not None:
        raise BenchError(f"wrk did not get what it asked for:\n{output}")
    return int(found[1])


def connections(port: int, seconds: float) -> int:
    """Open, one request, close, by :data:`CONNECTIONS` clients at once; returns how many."""
    return _wrk(port, seconds, ["-H", "Connection: close"])


def requests(port: int, seconds: float) -> int:
    """Requests on :data:`CONNECTIONS` connections that stay open; returns how many."""
    return _wrk(port, seconds, [])


def bodies(port: int, seconds: float) -> int:
    """Bodies of 64 MB, one after the other until the time is over; returns how many."""
    count = 0
    buffer = bytearray(1 << 18)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        count += 1
        received = 0
        with socket.create_connection((LOOPBACK, port), timeout=30) as client:
            client.sendall(f"GET {BULK} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            while length := client.recv_into(buffer):
                received += length
        if received < BULK_BYTES:
            raise BenchError(f"a body of {BULK_BYTES} bytes ended after {received}")
    return count
