"""A port of loopback, as good as a unix socket for who knows the word."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.peer import peer
from exproxy.admin.watchword import Watchword

WORD = b"token 0f0f\n"


class Transport(StringTransport):
    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Answering(Protocol):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: object = None) -> None:
        self.lost = True


class WatchwordTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.behind = Answering()
        factory = ServerFactory()
        factory.buildProtocol = lambda addr: self.behind  # type: ignore[method-assign]  # one is enough
        self.guarded: Any = Watchword(factory, WORD).buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        self.transport = Transport()
        self.guarded.makeConnection(self.transport)

    def test_what_follows_the_word_is_heard(self) -> None:
        self.guarded.dataReceived(WORD + b"GET")
        self.guarded.dataReceived(b" /")
        self.assertEqual((self.behind.heard, self.transport.aborted), (b"GET /", False))

    def test_so_it_is_byte_by_byte(self) -> None:
        for octet in WORD + b"GET /":
            self.guarded.dataReceived(bytes([octet]))
        self.assertEqual(self.behind.heard, b"GET /")

    def test_a_wrong_word_ends_it_and_nothing_is_heard(self) -> None:
        self.guarded.dataReceived(b"token 0f0e\nGET /")
        self.guarded.dataReceived(WORD + b"GET /")
        self.assertEqual((self.behind.heard, self.transport.aborted, self.transport.value()), (b"", True, b""))

    def test_so_does_another_line_that_is_shorter(self) -> None:
        self.guarded.dataReceived(b"GET /\n")
        self.assertTrue(self.transport.aborted)

    def test_the_beginning_of_the_word_is_not_enough(self) -> None:
        self.guarded.dataReceived(WORD[:-1])
        self.assertEqual((self.behind.heard, self.transport.aborted), (b"", False))

    def test_who_has_said_it_is_somebody_with_the_token(self) -> None:
        self.assertEqual(peer(self.behind.transport), ("somebody with the socket's token", ""))

    def test_another_protocol_may_take_over(self) -> None:
        self.guarded.dataReceived(WORD)
        other = Answering()
        transport: Any = self.behind.transport
        transport.protocol = other
        self.guarded.dataReceived(b"show stat\n")
        self.assertEqual((other.heard, self.behind.heard), (b"show stat\n", b""))

    def test_who_is_behind_is_told_of_the_end(self) -> None:
        self.guarded.connectionLost(None)
        self.assertTrue(self.behind.lost)
