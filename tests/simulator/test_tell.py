import io
from typing import Any

from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.tell import tell


class TellTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.out = io.StringIO()
        self.told = tell(self.reactor, ("127.0.0.1", 7900), "ex1 smtp slow", self.out)
        self.host, self.port, self.factory, _, _ = self.reactor.tcpClients[0]

    def test_it_goes_to_the_control_port(self) -> None:
        self.assertEqual((self.host, self.port), ("127.0.0.1", 7900))

    def test_the_answer_is_printed_whole(self) -> None:
        transport = StringTransport()
        client = self.factory.buildProtocol(None)
        client.makeConnection(transport)
        self.assertEqual(transport.value(), b"ex1 smtp slow\nquit\n")
        client.dataReceived(b"ex1 smtp ")
        client.dataReceived(b"slow\n")
        client.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(self.told)
        self.assertEqual(self.out.getvalue(), "ex1 smtp slow\n")

    def test_where_no_site_runs_it_says_how_to_start_one(self) -> None:
        self.factory.clientConnectionFailed(None, Failure(ConnectError()))
        error = self.failureResultOf(self.told, SystemExit).value
        self.assertIn("no simulated site answers on 127.0.0.1:7900", str(error))
