"""The network of Windows; its streams are those of tests/integration/test_transport_streams."""

import socket
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.windows import WindowsNetwork
from tests.net.test_transports import Port, SilentRecorder


class Reactor(MemoryReactorClock):
    """Its ports can be paused."""

    def adoptStreamPort(self, fileno: int, addressFamily: int, factory: ServerFactory) -> Port:
        with socket.socket(fileno=socket.socket(fileno=fileno).detach()) as sock:
            host, port = sock.getsockname()
            sock.detach()
        return Port(IPv4Address("TCP", host, port))


class WindowsNetworkTests(SynchronousTestCase):
    def test_it_binds_by_itself_and_the_port_is_paused(self) -> None:
        port = WindowsNetwork(cast(Any, Reactor())).listen(("127.0.0.1", 0), SilentRecorder())
        self.assertEqual(port.address[0], "127.0.0.1")
        self.assertTrue(port.address[1])
        self.assertTrue(port.paused)

    def test_what_is_taken_is_an_os_error(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            network = WindowsNetwork(cast(Any, Reactor()))
            self.assertRaises(OSError, network.listen, taken.getsockname(), SilentRecorder())
