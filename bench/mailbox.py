"""An IMAP and POP3 server that lets everybody in (``python -m bench.mailbox IMAP POP3 PERMISSION``, ports), and its clients.

On the port PERMISSION it answers as nginx's mail module wants it (``auth_http``), which asks there before it goes to a server.
"""

import select
import socket
import sys
import time
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

from bench.load import Done
from bench.processes import LOOPBACK, BenchError, Processes, free_port
from bench.web import BULK_BYTES

AT_ONCE = 32

Kind = Literal["imap", "pop3"]

CAPABILITIES = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE AUTH=PLAIN"
SESSIONS: dict[Kind, tuple[bytes, ...]] = {
    "imap": (b"a1 LOGIN user secret\r\n", b"a2 LOGOUT\r\n"),
    "pop3": (b"USER user\r\n", b"PASS secret\r\n", b"QUIT\r\n"),
}
"""What a client says; each line is said when the one before was answered."""
GREETED = {"imap": b"* OK", "pop3": b"+OK"}
ANSWERED = {"imap": (b"a1 OK", b"a2 OK"), "pop3": (b"+OK", b"+OK", b"+OK")}
"""How the last line begins of what is said before the client's first line, and of each answer."""
FETCH = b"a3 FETCH 1 BODY[]\r\n"


class Visitor(Protocol):
    """One connection."""

    greeting: bytes

    def answer(self, data: bytes) -> bytes:
        """Nobody sends more than one line at once, or less."""


class ImapVisitor:
    """nginx's proxy logs in with two literals, and waits before each."""

    greeting = f"* OK [CAPABILITY {CAPABILITIES}] Mailbox ready.\r\n".encode()

    def __init__(self) -> None:
        self._login = b""
        """The tag of the one that is not yet complete."""

    def answer(self, data: bytes) -> bytes:
        line = self._login + data
        tag, _, command = line.partition(b" ")
        if line.endswith(b"}\r\n"):
            self._login = tag + b" LOGIN "
            return b"+ OK\r\n"
        self._login = b""
        if command.startswith(b"LOGOUT"):
            return b"* BYE Logging out\r\n" + tag + b" OK Logout completed.\r\n"
        if command.startswith(b"FETCH"):
            return b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\n%b OK Fetch completed.\r\n" % (BULK_BYTES, bytes(BULK_BYTES), tag)
        return tag + b" OK [CAPABILITY IMAP4rev1] Logged in\r\n"


class PopVisitor:
    greeting = b"+OK Mailbox ready.\r\n"

    def answer(self, data: bytes) -> bytes:
        return b"+OK Logged in.\r\n" if data.startswith(b"PASS") else b"+OK\r\n"


class Permission:
    """nginx, which asks where to send somebody who logs in."""

    greeting = b""

    def __init__(self, ports: "Mailbox") -> None:
        self._ports = ports

    def answer(self, data: bytes) -> bytes:
        port = self._ports.imap if b"\r\nAuth-Protocol: imap\r\n" in data else self._ports.pop3
        head = f"HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: {LOOPBACK}\r\nAuth-Port: {port}\r\n\r\n"
        return head.encode()


class Mailbox(NamedTuple):
    """The ports of the server."""

    imap: int
    pop3: int
    permission: int


def serve(ports: Mailbox) -> None:
    """Until the process ends; with little around it, so that the proxies do not wait for it."""
    kinds = (ImapVisitor, PopVisitor, lambda: Permission(ports))
    listeners = [socket.create_server((LOOPBACK, port), backlog=1024) for port in ports]
    makers = {listener.fileno(): (listener, kind) for listener, kind in zip(listeners, kinds, strict=True)}
    visitors: dict[int, tuple[socket.socket, Visitor]] = {}
    ready = select.epoll()
    for fd in makers:
        ready.register(fd, select.EPOLLIN)
    while True:
        for fd, _ in ready.poll():
            if fd in makers:
                listener, kind = makers[fd]
                peer, visitor = listener.accept()[0], kind()
                visitors[peer.fileno()] = peer, visitor
                ready.register(peer.fileno(), select.EPOLLIN)
                with suppress(OSError):  # who has left already is met again below
                    peer.sendall(visitor.greeting)
            elif not spoken(*visitors[fd]):
                visitors.pop(fd)[0].close()


def spoken(peer: socket.socket, visitor: Visitor) -> bool:
    """Answer what was said; tells whether there may be more."""
    try:
        data = peer.recv(4096)
        if data:
            peer.sendall(visitor.answer(data))
    except OSError:
        return False
    return bool(data) and not isinstance(visitor, Permission)


def start_mailbox(processes: Processes) -> Mailbox:
    """Start it."""
    ports = Mailbox(free_port(), free_port(), free_port())
    processes.start("mailbox", [sys.executable, "-m", "bench.mailbox", *map(str, ports)], ports.imap)
    return ports


def hear(client: socket.socket, begin: bytes) -> None:
    """Read up to the end of a line that begins so.

    :raises BenchError: it did not come.
    """
    answer = b""
    while not (answer.endswith(b"\r\n") and answer[answer.rfind(b"\n", 0, -1) + 1 :].startswith(begin)):
        portion = client.recv(4096)
        if not portion:
            raise BenchError(f"a mailbox closed after {answer[-80:]!r}, and {begin!r} was due")
        answer += portion


def logins(kind: Kind, port: int, seconds: float) -> Done:
    """Connect, log in, log out, by :data:`AT_ONCE` clients at once."""
    times = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        clients = [socket.create_connection((LOOPBACK, port), timeout=10) for _ in range(AT_ONCE)]
        for client in clients:
            hear(client, GREETED[kind])
        for said, begin in zip(SESSIONS[kind], ANSWERED[kind], strict=True):
            for client in clients:
                client.sendall(said)
            for client in clients:
                hear(client, begin)
        for client in clients:
            client.close()
        times += AT_ONCE
    return Done(times)


def imap_logins(port: int, seconds: float) -> Done:
    return logins("imap", port, seconds)


def pop_logins(port: int, seconds: float) -> Done:
    return logins("pop3", port, seconds)


def mails(port: int, seconds: float) -> Done:
    """Mails of 64 MB, fetched one after the other by a client that has logged in."""
    buffer = bytearray(1 << 18)
    times = 0
    with socket.create_connection((LOOPBACK, port), timeout=30) as client:
        hear(client, GREETED["imap"])
        client.sendall(SESSIONS["imap"][0])
        hear(client, ANSWERED["imap"][0])
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            client.sendall(FETCH)
            due = BULK_BYTES + len(b"* 1 FETCH (BODY[] {%d}\r\n)\r\na3 OK Fetch completed.\r\n" % BULK_BYTES)
            while due > 0:
                length = client.recv_into(buffer)
                if not length:
                    raise BenchError(f"a mailbox closed {due} bytes before the end of a mail")
                due -= length
            times += 1
    return Done(times)


if __name__ == "__main__":
    serve(Mailbox(*map(int, sys.argv[1:])))
