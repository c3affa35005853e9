from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.greeting import PATIENCE, RETRY, greeted

LIMIT = 3.0


class GreetedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.transport = StringTransport()
        self.done = ensureDeferred(greeted(self.reactor, ("127.0.0.1", 10_025), LIMIT))

    def refuse(self) -> None:
        self.reactor.tcpClients[-1][2].clientConnectionFailed(None, Failure(ConnectError()))

    def connect(self) -> Any:
        client = self.reactor.tcpClients[-1][2].buildProtocol(None)
        client.makeConnection(self.transport)
        return client

    def test_a_greeting_ends_the_waiting_politely(self) -> None:
        self.connect().dataReceived(b"220 EX1.example.com\r\n")
        self.successResultOf(self.done)
        self.assertEqual((self.transport.value(), self.transport.disconnecting), (b"QUIT\r\n", True))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_a_port_that_is_not_open_yet_is_tried_again(self) -> None:
        self.refuse()
        self.reactor.advance(RETRY)
        self.assertEqual(len(self.reactor.tcpClients), 2)

    def test_a_refusal_is_no_greeting(self) -> None:
        self.connect().dataReceived(b"421 4.3.2 Service not active\r\n")
        self.assertNoResult(self.done)

    def test_a_connection_that_is_closed_is_no_greeting(self) -> None:
        self.connect().connectionLost(Failure(ConnectionDone()))
        self.reactor.advance(RETRY)
        self.assertEqual(len(self.reactor.tcpClients), 2)

    def test_a_server_that_says_nothing_is_given_up(self) -> None:
        self.connect()
        self.reactor.advance(PATIENCE)
        self.assertTrue(self.transport.disconnected)

    def test_the_waiting_has_an_end(self) -> None:
        for _ in range(int(LIMIT / RETRY) + 1):
            self.refuse()
            self.reactor.advance(RETRY)
        error = self.failureResultOf(self.done, TimeoutError).value
        self.assertEqual(str(error), "no server has greeted a client on 127.0.0.1:10025 within 3 seconds")
