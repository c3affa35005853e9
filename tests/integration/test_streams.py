"""Both implementations of streams pass one and the same suite."""

from typing import Any, cast

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.transports import TransportNetwork
from tests.integration.streams import PlainStreamSuite
from tests.integration.tlsstreams import TLSStreamSuite


class EpollStreamTests(PlainStreamSuite, TestCase):
    """Streams on an epoll of our own."""

    def setUp(self) -> None:
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        self.network = EpollNetwork(loop)


class EpollStreamIPv6Tests(EpollStreamTests):
    """The same over IPv6."""

    host = "::1"
    source = "::1"
    """There is but one loopback address in IPv6."""


class TransportStreamTests(PlainStreamSuite, TestCase):
    """Streams on Twisted's transports."""

    def setUp(self) -> None:
        self.network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(self.network.deadlines.stop)


class EpollTLSStreamTests(TLSStreamSuite, TestCase):
    """TLS on the socket itself."""

    def setUp(self) -> None:
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        self.network = EpollNetwork(loop)
        self.prepare(self.mktemp())


class TransportTLSStreamTests(TLSStreamSuite, TestCase):
    """TLS between two buffers, over Twisted's transports."""

    def setUp(self) -> None:
        self.network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(self.network.deadlines.stop)
        self.prepare(self.mktemp())
