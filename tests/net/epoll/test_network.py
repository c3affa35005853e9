"""Making ports and connections."""

from _socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPIDLE, TCP_NODELAY

from exproxy.net.epoll.network import KEEPALIVE_AFTER, EpollNetwork
from tests.net.epoll.harness import LoopTestCase, SilentRecorder


class NetworkTests(LoopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.network = EpollNetwork(self.loop)

    def test_accepted_and_dialed_sockets_have_nodelay_and_keepalive(self) -> None:
        server, client = SilentRecorder(), SilentRecorder()
        port = self.network.listen(("127.0.0.1", 0), server)
        self.addCleanup(port.close)
        port.resume()
        self.network.connect(port.address, client, 5.0)
        self.turn()
        for stream in (server.streams[0], client.streams[0]):
            sock = stream._sock
            options = [sock.getsockopt(IPPROTO_TCP, TCP_NODELAY), sock.getsockopt(SOL_SOCKET, SO_KEEPALIVE)]
            self.assertEqual([*options, sock.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE)], [1, 1, KEEPALIVE_AFTER])

    def test_who_speaks_first_confirms_the_connection_with_what_it_says(self) -> None:
        """The kernel waits some 40 ms for it: a busy machine may need that long once, not ten times."""
        self.assertTrue(any(self.accepted_only_with_bytes() for _ in range(10)))

    def accepted_only_with_bytes(self) -> bool:
        server, client = SilentRecorder(), SilentRecorder()
        port = self.network.listen(("127.0.0.1", 0), server)
        self.addCleanup(port.close)
        port.resume()
        self.network.connect(port.address, client, 5.0, speaks_first=True)
        self.turn()
        before = len(server.streams)
        client.streams[0].write(b"first")
        self.turn()
        return (before, len(server.streams)) == (0, 1)

    def test_an_address_that_is_not_ours_to_connect_from_is_a_failed_attempt(self) -> None:
        recorder = SilentRecorder()
        self.network.connect(("127.0.0.1", 9), recorder, 5.0, "192.0.2.1")
        self.turn()
        self.assertIsInstance(recorder.events[0][1], OSError)

    def test_an_ipv6_port_leaves_ipv4_to_others(self) -> None:
        """Another process may have a port by chance; not all of these, which are none that the system gives to clients."""
        self.assertTrue(any(self.both_families(port) for port in range(21_300, 21_400)))

    def both_families(self, port: int) -> bool:
        try:
            self.addCleanup(self.network.listen(("::", port), SilentRecorder()).close)
            self.addCleanup(self.network.listen(("0.0.0.0", port), SilentRecorder()).close)
        except OSError:
            return False
        return True
