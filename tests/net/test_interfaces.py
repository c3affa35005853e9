"""Every network offers all that the interface promises."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.epoll.attempt import EpollAttempt, FailedAttempt
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.epoll.port import EpollPort
from exproxy.net.epoll.stream import EpollStream
from exproxy.net.epoll.tlsstream import EpollTLSStream
from exproxy.net.interfaces import Attempt, Network, PipedStream, PlainStream, Port, SecureStream, Stream
from exproxy.net.tls.buffered import BufferedTLSStream
from exproxy.net.tlsclient import TLSClientStream
from exproxy.net.transports import TransportAttempt, TransportNetwork, TransportPort, TransportStream
from tests.net.memory import MemoryNetwork, MemoryStream


def promised(protocol: type) -> set[str]:
    """The methods that a protocol class asks for."""
    return {name for name, value in vars(protocol).items() if not name.startswith("_") and callable(value)}


class InterfaceTests(SynchronousTestCase):
    def assertOffers(self, protocol: type, *implementations: type) -> None:
        self.assertTrue(promised(protocol))
        for implementation in implementations:
            missing = {name for name in promised(protocol) if not callable(getattr(implementation, name, None))}
            self.assertEqual(missing, set(), f"{implementation.__name__} lacks methods of {protocol.__name__}")

    def test_streams(self) -> None:
        plain = EpollStream, TransportStream, MemoryStream
        secure = EpollTLSStream, BufferedTLSStream
        self.assertOffers(Stream, *plain, *secure, TLSClientStream)
        self.assertOffers(PipedStream, *plain, *secure)
        self.assertOffers(PlainStream, *plain)

    def test_nobody_is_promised_what_only_plain_streams_can(self) -> None:
        self.assertNotIn(PlainStream, SecureStream.__mro__)
        self.assertEqual(promised(PlainStream), {"look", "skip"})
        self.assertEqual(promised(PipedStream), {"pipe", "pour", "stop_pouring", "fed_by", "has_waiting", "has_queued"})
        self.assertEqual(promised(PipedStream) & set(dir(TLSClientStream)), set())

    def test_ports(self) -> None:
        self.assertOffers(Port, EpollPort, TransportPort)

    def test_attempts(self) -> None:
        self.assertOffers(Attempt, EpollAttempt, FailedAttempt, TransportAttempt)

    def test_networks(self) -> None:
        self.assertOffers(Network, EpollNetwork, TransportNetwork, MemoryNetwork)
