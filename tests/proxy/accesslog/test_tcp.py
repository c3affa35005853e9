"""Tests of exproxy.proxy.accesslog.tcp."""

from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.tcp import TcpFactory, TcpSender, TcpSink, bracketed

START = b"<134>1 1970-01-01T00:00:05.000Z lb1 exproxy 42 access - "


def frame(line: bytes) -> bytes:
    return b"%d %b" % (len(START + line), START + line)


class TcpSinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.sink = TcpSink(self.reactor, "192.0.2.1", 514, Header("lb1", process=42), bound=3)
        self.connector = self.reactor.connectors[0]
        self.attempts = 1
        self.connector.connect = self.again

    def again(self) -> None:
        self.attempts += 1

    @property
    def factory(self) -> TcpFactory:
        return self.reactor.tcpClients[0][2]

    def connect(self) -> tuple[TcpSender, StringTransport]:
        sender = self.factory.buildProtocol(None)
        transport = StringTransport()
        sender.makeConnection(transport)
        return sender, transport

    def refuse(self) -> None:
        self.factory.clientConnectionFailed(self.connector, Failure(ConnectError()))

    def test_it_connects_to_the_server(self) -> None:
        self.assertEqual(self.reactor.tcpClients[0][:2], ("192.0.2.1", 514))

    def test_each_message_comes_after_its_length(self) -> None:
        _, transport = self.connect()
        self.sink.write(["a", "bc"], 5)
        self.assertEqual(transport.value(), frame(b"a") + frame(b"bc"))

    def test_the_length_counts_bytes(self) -> None:
        _, transport = self.connect()
        self.sink.write(["ä"], 5)
        self.assertEqual(transport.value(), frame("ä".encode()))

    def test_what_comes_before_the_connection_is_sent_first(self) -> None:
        self.sink.write(["a"], 5)
        _, transport = self.connect()
        self.sink.write(["b"], 5)
        self.assertEqual(transport.value(), frame(b"a") + frame(b"b"))

    def test_what_is_kept_is_bounded_and_the_rest_counted(self) -> None:
        self.sink.write(["a", "b"], 5)
        self.sink.write(["c", "d"], 5)
        _, transport = self.connect()
        self.assertEqual((transport.value(), self.sink.dropped), (frame(b"a") + frame(b"b") + frame(b"c"), 1))

    def test_a_server_that_does_not_read_gets_no_more(self) -> None:
        sender, transport = self.connect()
        sender.pauseProducing()
        self.sink.write(["a"], 5)
        self.assertEqual(transport.value(), b"")

    def test_when_it_reads_again_it_gets_what_was_kept(self) -> None:
        sender, transport = self.connect()
        sender.pauseProducing()
        self.sink.write(["a"], 5)
        sender.resumeProducing()
        self.assertEqual(transport.value(), frame(b"a"))

    def test_the_end_of_the_transports_producing_changes_nothing(self) -> None:
        sender, transport = self.connect()
        sender.stopProducing()
        self.sink.write(["a"], 5)
        self.assertEqual(transport.value(), frame(b"a"))

    def test_after_a_refusal_it_tries_again_later_each_time(self) -> None:
        waits = []
        for _ in range(7):
            self.refuse()
            waits.append(self.reactor.getDelayedCalls()[0].getTime() - self.reactor.seconds())
            self.reactor.advance(waits[-1])
        self.assertEqual((waits, self.attempts), ([1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0], 8))

    def test_a_connection_that_was_made_starts_the_waits_anew(self) -> None:
        for _ in range(3):
            self.refuse()
            self.reactor.advance(30)
        self.connect()
        self.factory.clientConnectionLost(self.connector, Failure(ConnectionDone()))
        self.assertEqual(self.reactor.getDelayedCalls()[0].getTime() - self.reactor.seconds(), 1.0)

    def test_lines_are_kept_while_the_server_is_away(self) -> None:
        self.connect()
        self.factory.clientConnectionLost(self.connector, Failure(ConnectionDone()))
        self.sink.write(["a"], 5)
        _, transport = self.connect()
        self.assertEqual(transport.value(), frame(b"a"))

    def test_reopen_leaves_the_connection(self) -> None:
        _, transport = self.connect()
        self.sink.reopen()
        self.assertFalse(transport.disconnecting)

    def test_close_ends_the_connection_and_does_not_come_back(self) -> None:
        _, transport = self.connect()
        self.sink.close()
        self.factory.clientConnectionLost(self.connector, Failure(ConnectionDone()))
        self.assertEqual((transport.disconnecting, self.reactor.getDelayedCalls()), (True, []))

    def test_close_between_attempts_ends_the_timer_and_counts_what_was_kept(self) -> None:
        self.sink.write(["a"], 5)
        self.refuse()
        self.sink.close()
        self.assertEqual((self.reactor.getDelayedCalls(), self.sink.dropped), ([], 1))

    def test_close_during_an_attempt_ends_it(self) -> None:
        self.sink.close()
        self.assertTrue(self.connector.stoppedConnecting or self.connector._disconnected)

    def test_close_while_the_server_does_not_read_ends_the_connection(self) -> None:
        sender, transport = self.connect()
        sender.pauseProducing()
        self.sink.close()
        self.assertEqual((transport.disconnecting, transport.producer), (True, None))


class BracketedTests(SynchronousTestCase):
    def test_only_ipv6_has_brackets(self) -> None:
        self.assertEqual([bracketed("::1"), bracketed("10.0.0.1")], ["[::1]", "10.0.0.1"])
