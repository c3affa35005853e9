"""Listening sockets for Twisted's reactors."""

import socket
import sys

from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.listening import adopt, listening_socket


class ListeningTests(SynchronousTestCase):
    def listen(self) -> socket.socket:
        made = listening_socket(("127.0.0.1", 0), 5)
        self.addCleanup(made.close)
        return made

    def test_it_listens_at_once_and_does_not_block(self) -> None:
        made = self.listen()
        with socket.create_connection(made.getsockname()):
            self.assertFalse(made.getblocking())

    def test_what_is_taken_is_said(self) -> None:
        taken = self.listen().getsockname()
        self.assertRaises(OSError, listening_socket, taken, 5)

    def test_what_is_not_ours_is_said(self) -> None:
        self.assertRaises(OSError, listening_socket, ("192.0.2.1", 1), 5)

    def test_on_windows_nobody_else_can_have_the_address(self) -> None:
        alone = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        self.assertNotEqual(self.listen().getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if alone is None else alone), 0)

    if sys.platform != "win32":
        test_on_windows_nobody_else_can_have_the_address.skip = "Windows has exclusive use"  # type: ignore[attr-defined]

    def test_a_reactor_that_adopts_sockets_is_given_it(self) -> None:
        reactor = MemoryReactorClock()
        factory = ServerFactory()
        made = self.listen()
        adopt(reactor, made, factory)
        self.assertEqual(reactor.adoptedPorts, [(made.fileno(), made.family, factory)])
