"""Streams on Twisted's transports pass the suite of all streams: on Linux, and on Windows with completion ports."""

import sys
from typing import Any, cast

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from exproxy.net.interfaces import Network
from exproxy.net.transports import TransportNetwork
from exproxy.net.windows import WindowsNetwork
from tests.integration.streams import PlainStreamSuite
from tests.integration.tlsstreams import TLSStreamSuite


def transports(test: TestCase) -> Network:
    """Those of this platform."""
    live = cast(Any, reactor)
    network = WindowsNetwork(live) if sys.platform == "win32" else TransportNetwork(live)
    test.addCleanup(network.deadlines.stop)
    return network


class TransportStreamTests(PlainStreamSuite, TestCase):
    """Streams on Twisted's transports."""

    def setUp(self) -> None:
        self.network = transports(self)


class TransportTLSStreamTests(TLSStreamSuite, TestCase):
    """TLS between two buffers, over Twisted's transports."""

    def setUp(self) -> None:
        self.network = transports(self)
        self.prepare(self.mktemp())
