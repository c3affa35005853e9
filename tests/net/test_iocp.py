"""A port of the reactor with completion ports, driven by hand."""

import errno
import socket
import sys
from typing import Any

from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.listening import listening_socket

if sys.platform == "win32":
    from twisted.internet.iocpreactor import tcp

    from exproxy.net.iocp import REST, CompletionPort


class Reactor(Clock):
    """Notes what it is told to watch."""

    def __init__(self) -> None:
        super().__init__()
        self.handles: list[object] = []

    def registerHandle(self, handle: int) -> None:
        self.handles.append(handle)

    def addActiveHandle(self, handle: object) -> None: ...

    def removeActiveHandle(self, handle: object) -> None: ...


class CompletionPortTests(SynchronousTestCase):
    skip = None if sys.platform == "win32" else "completion ports are Windows'; make test-windows"

    def setUp(self) -> None:
        self.posted = 0
        self.accepted: list[object] = []
        self.trouble: Exception | None = None
        self.patch(tcp.Port, "doAccept", self.post)
        self.patch(tcp.Port, "handleAccept", self.handle)
        self.reactor = Reactor()
        sock = listening_socket(("127.0.0.1", 0), 5)
        self.addCleanup(sock.close)
        self.port = CompletionPort(sock, Factory(), self.reactor).started()

    def post(self, *_: object) -> None:
        self.posted += 1

    def handle(self, *arguments: object) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.accepted.append(arguments)

    def come(self, code: int = 0) -> None:
        """AcceptEx is done."""
        event: Any = type("Event", (), {"newskt": socket.socket()})()
        self.addCleanup(event.newskt.close)
        self.port.cbAccept(code, None, event)
        self.reactor.advance(0)

    def test_it_accepts_on_the_socket_that_it_was_given_one_after_the_other(self) -> None:
        self.assertEqual((self.reactor.handles, self.posted), ([self.port.fileno()], 1))
        self.come()
        self.assertEqual((len(self.accepted), self.posted), (1, 2))

    def test_paused_it_accepts_nobody_further(self) -> None:
        self.port.stopReading()
        self.come()
        self.assertEqual(self.posted, 1)
        self.port.startReading()
        self.assertEqual(self.posted, 2)

    def test_resumed_while_it_still_waits_it_waits_once(self) -> None:
        self.port.stopReading()
        self.port.startReading()
        self.assertEqual(self.posted, 1)

    def test_a_client_that_has_gone_is_no_reason_to_wait(self) -> None:
        self.come(64)
        self.come(errno.ECONNRESET)
        self.assertEqual((self.accepted, self.posted), ([], 3))

    def test_nor_is_one_whose_socket_cannot_be_asked_anything(self) -> None:
        self.trouble = OSError(errno.ENOTCONN, "gone")
        self.come()
        self.assertEqual(self.posted, 2)

    def test_when_the_system_has_nothing_left_it_tries_again_after_a_while(self) -> None:
        self.come(errno.ENOBUFS)
        self.assertEqual(self.posted, 1)
        self.reactor.advance(REST)
        self.assertEqual(self.posted, 2)
