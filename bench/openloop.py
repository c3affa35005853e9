"""An open-loop client: what it asks for is due at fixed times, and late answers do not slow it down.

Latency counts from when a request was *due*: a client that waits for a slow proxy before it asks again would not see what its
users see.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bench.load import CONNECTIONS, ONE_REQUEST
from bench.processes import LOOPBACK, BenchError
from bench.web import TINY

GRACE = 5.0
"""Seconds in which the last answers have to come."""
KEPT_REQUEST = f"GET {TINY} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
TIMER_SLACK = Path("/proc/self/timerslack_ns")


class Client(Protocol):
    """What an open loop drives."""

    epoll: select.epoll

    def ask(self, due: float) -> None: ...

    def answered(self, fd: int) -> float:
        """An answer can be read; returns when it was due."""

    def close(self) -> None: ...


class Connecting:
    """A connection for each request."""

    def __init__(self, port: int) -> None:
        self.epoll = select.epoll()
        self._port = port
        self._open: dict[int, tuple[socket.socket, float]] = {}

    def ask(self, due: float) -> None:
        client = socket.socket()
        self._open[client.fileno()] = client, due
        client.connect((LOOPBACK, self._port))  # on loopback it is there at once: the listener's queue answers, not the proxy
        client.sendall(ONE_REQUEST)
        self.epoll.register(client, select.EPOLLIN)

    def answered(self, fd: int) -> float:
        client, due = self._open.pop(fd)
        _whole(client.recv(4096))
        client.close()
        return due

    def close(self) -> None:
        for client, _ in self._open.values():
            client.close()
        self.epoll.close()


class Keeping:
    """Requests on connections that stay open; one that is due while all are busy waits, and its clock runs."""

    def __init__(self, port: int) -> None:
        self.epoll = select.epoll()
        self._clients: dict[int, socket.socket] = {}
        self._free: deque[socket.socket] = deque()
        self._waiting: deque[float] = deque()
        self._due: dict[int, float] = {}
        for _ in range(CONNECTIONS):
            client = socket.create_connection((LOOPBACK, port), timeout=30)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients[client.fileno()] = client
            self._free.append(client)
            self.epoll.register(client, select.EPOLLIN)

    def ask(self, due: float) -> None:
        if not self._free:
            self._waiting.append(due)
            return
        client = self._free.popleft()
        self._due[client.fileno()] = due
        client.sendall(KEPT_REQUEST)

    def answered(self, fd: int) -> float:
        client = self._clients[fd]
        _whole(client.recv(4096))
        due = self._due.pop(fd)
        self._free.append(client)
        if self._waiting:
            self.ask(self._waiting.popleft())
        return due

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self.epoll.close()


def _whole(answer: bytes) -> None:
    if not (answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"ok\n")):
        raise BenchError(f"a small request was answered with {answer[:40]!r}")


@contextmanager
def _exact_timers() -> Iterator[None]:
    """The kernel may wake us 50 microseconds late by default: about what a proxy takes."""
    before = TIMER_SLACK.read_text()
    TIMER_SLACK.write_text("1")
    try:
        yield
    finally:
        TIMER_SLACK.write_text(before)


def latencies(client: Client, rate: float, seconds: float) -> list[float]:
    """Ask ``rate`` times a second; returns the seconds from due to answered, sorted."""
    try:
        with _exact_timers():
            return sorted(_drive(client, rate, round(rate * seconds)))
    finally:
        client.close()


def _drive(client: Client, rate: float, total: int) -> list[float]:
    taken: list[float] = []
    started = time.monotonic() + 0.01
    end = started + total / rate + GRACE
    asked = 0
    while len(taken) < total:
        now = time.monotonic()
        while asked < total and (due := started + asked / rate) <= now:
            client.ask(due)
            asked += 1
        patience = started + asked / rate - time.monotonic() if asked < total else 0.1
        # epoll waits for whole milliseconds, select for microseconds: it waits for the epoll
        if select.select([client.epoll], [], [], max(0.0, patience))[0]:
            for fd, _ in client.epoll.poll(0):
                was_due = client.answered(fd)
                taken.append(time.monotonic() - was_due)
        elif now > end:  # looked at last: what is late because we were ourselves is there all the same
            raise BenchError(f"{total - len(taken)} of {total} requests had no answer {GRACE:g} s after the last was due")
    return taken
