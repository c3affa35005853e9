"""What the suite on real sockets cannot drive on Twisted's transports: errors of ours, and failures by their names."""

import errno

from twisted.internet import error as reasons
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.interfaces import Stream
from exproxy.net.transports import TransportNetwork, TransportPort, TransportStream
from tests.integration.streams import Recorder


class SilentRecorder(Recorder):
    """A recorder that needs no reactor."""

    def note(self, event: str, about: object) -> None:
        self.events.append((event, about))


class Transport(StringTransport):
    """A transport that has what a TCP one has besides."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.nodelay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self.keepalive = enabled


class Port:
    """A listening port of a reactor."""

    def __init__(self, address: IPv4Address) -> None:
        self._address = address
        self.reading = True

    def getHost(self) -> IPv4Address:
        return self._address

    def startReading(self) -> None:
        self.reading = True

    def stopReading(self) -> None:
        self.reading = False

    def stopListening(self) -> None:
        self.reading = False


class Reactor(MemoryReactorClock):
    """A reactor in memory whose ports can be paused."""

    def listenTCP(self, port: int, factory: ServerFactory, backlog: int = 50, interface: str = "") -> Port:
        super().listenTCP(port, factory, backlog, interface)
        return Port(IPv4Address("TCP", interface, port))


class AcceptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.network = TransportNetwork(self.reactor)
        self.recorder = SilentRecorder()

    def listen(self, recorder: SilentRecorder) -> TransportPort:
        return self.network.listen(("127.0.0.1", 25), recorder)

    def come(self) -> Transport:
        """A client is accepted by the transport."""
        factory = self.reactor.tcpServers[-1][1]
        transport = Transport()
        factory.buildProtocol(None).makeConnection(transport)
        return transport

    def test_nodelay_and_keepalive_are_on_and_nothing_is_read_yet(self) -> None:
        self.listen(self.recorder).resume()
        transport = self.come()
        self.assertEqual((transport.nodelay, transport.keepalive, transport.producerState), (True, True, "paused"))
        self.assertEqual(len(self.recorder.streams), 1)

    def test_who_comes_to_a_paused_port_waits_for_it(self) -> None:
        port = self.listen(self.recorder)
        self.come()
        self.come()
        self.assertEqual(self.recorder.streams, [])
        port.resume()
        self.assertEqual(self.recorder.streams, [])
        self.reactor.pump([0, 0, 0])
        self.assertEqual(len(self.recorder.streams), 2)

    def test_who_waits_for_a_port_that_closes_is_let_go(self) -> None:
        port = self.listen(self.recorder)
        transport = self.come()
        port.take_in(5)
        port.close()
        self.reactor.pump([0, 0])
        self.assertTrue(transport.disconnected)

    def test_a_client_whose_acceptor_raises_is_let_go(self) -> None:
        class Bad(SilentRecorder):
            def accepted(self, stream: Stream) -> None:
                raise ZeroDivisionError

        self.listen(Bad()).resume()
        factory = self.reactor.tcpServers[-1][1]
        transport = Transport()
        with self.assertRaises(ZeroDivisionError):
            factory.buildProtocol(None).makeConnection(transport)
        self.reactor.pump([0, 0])
        self.assertTrue(transport.disconnected)


class StreamTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.recorder = SilentRecorder()

    def stream(self) -> tuple[TransportStream, Transport]:
        stream, transport = TransportStream(self.reactor), Transport()
        stream.makeConnection(transport)
        self.recorder.accepted(stream)
        return stream, transport

    def test_what_comes_while_it_is_paused_is_held(self) -> None:
        stream, _ = self.stream()
        stream.dataReceived(b"held")
        self.assertEqual(self.recorder.data[stream], b"")
        stream.resume()
        self.reactor.pump([0])
        self.assertEqual(self.recorder.data[stream], b"held")

    def test_a_full_transport_holds_back_the_source_of_a_pipe(self) -> None:
        source, inward = self.stream()
        sink, outward = self.stream()
        source.pipe(sink)
        sink.pauseProducing()
        source.dataReceived(b"x")
        self.assertEqual((outward.value(), inward.producerState), (b"x", "paused"))
        sink.resumeProducing()
        self.assertEqual(inward.producerState, "producing")

    def test_the_end_is_told_once_with_its_error(self) -> None:
        stream, _ = self.stream()
        error = OSError(errno.ECONNRESET, "reset")
        stream.connectionLost(Failure(error))
        stream.close()
        stream.abort()
        self.reactor.pump([0, 0])
        self.assertEqual(self.recorder.lost, {stream: error})


class DialTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.network = TransportNetwork(self.reactor)
        self.recorder = SilentRecorder()

    def fail(self, error: Exception) -> Exception:
        self.network.connect(("127.0.0.1", 25), self.recorder, 5.0)
        self.reactor.pump([0])
        connector, factory = self.reactor.connectors[-1], self.reactor.tcpClients[-1][2]
        factory.clientConnectionFailed(connector, Failure(error))
        return self.recorder.events[-1][1]

    def test_failures_are_those_of_the_system(self) -> None:
        self.assertIsInstance(self.fail(reasons.TimeoutError()), TimeoutError)
        self.assertIsInstance(self.fail(reasons.ConnectionRefusedError(errno.ECONNREFUSED)), ConnectionRefusedError)
        self.assertEqual(self.fail(reasons.ConnectError(errno.EMFILE)).errno, errno.EMFILE)

    def test_cancelled_before_it_began_it_never_begins(self) -> None:
        self.network.connect(("127.0.0.1", 25), self.recorder, 5.0).cancel()
        self.reactor.pump([0])
        self.assertEqual((self.reactor.tcpClients, self.recorder.events), ([], []))
