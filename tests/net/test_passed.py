"""Sockets that the process was given."""

import os
import socket
import sys
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.passed import PassedNetwork, PassedSockets
from tests.net.memory import MemoryNetwork, Recorder


class PassedStage(SynchronousTestCase):
    skip = "nobody passes sockets on Windows" if sys.platform == "win32" else None

    def listening(self, host: str = "127.0.0.1") -> socket.socket:
        made = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.addCleanup(made.close)
        return made

    def passed(self, *socks: socket.socket, names: tuple[str, ...] = ()) -> PassedSockets:
        """On descriptors that follow one another, as systemd has them."""
        first = self.free(len(socks))
        for number, sock in enumerate(socks):
            os.dup2(sock.fileno(), first + number)
        passed = PassedSockets(names or ("unknown",) * len(socks), first)
        self.addCleanup(lambda: [each.sock.close() for each in passed._by_address.values()])
        return passed

    def free(self, count: int) -> int:
        open_ones = {int(name) for name in os.listdir("/dev/fd")}
        return next(fd for fd in range(100, 1000) if open_ones.isdisjoint(range(fd, fd + count)))


class PassedSocketsTests(PassedStage):
    def test_a_socket_is_found_by_its_address(self) -> None:
        sock = self.listening()
        taken = self.passed(sock).take(sock.getsockname(), 10)
        assert taken is not None
        self.addCleanup(taken.close)
        self.assertEqual(taken.getsockname(), sock.getsockname())
        self.assertFalse(taken.getblocking())

    def test_another_address_has_none(self) -> None:
        self.assertIsNone(self.passed(self.listening()).take(("127.0.0.1", 1), 10))

    def test_it_can_be_had_again_after_it_was_closed(self) -> None:
        sock = self.listening()
        passed = self.passed(sock)
        for _ in range(2):
            taken = passed.take(sock.getsockname(), 10)
            assert taken is not None
            taken.close()
        self.assertEqual(passed.unused, [])

    def test_children_do_not_have_it(self) -> None:
        sock = self.listening()
        passed = self.passed(sock)
        (each,) = passed._by_address.values()
        self.assertFalse(each.sock.get_inheritable())

    def test_one_that_nothing_uses_is_told_by_its_name(self) -> None:
        sock = self.listening()
        passed = self.passed(sock, names=("smtp",))
        (sentence,) = passed.unused
        self.assertIn('the socket "smtp" (descriptor ', sentence)
        self.assertIn(f"127.0.0.1:{sock.getsockname()[1]}", sentence)
        self.assertEqual(passed.used, [])

    def test_one_that_is_used_is_told(self) -> None:
        sock = self.listening()
        passed = self.passed(sock, names=("smtp",))
        taken = passed.take(sock.getsockname(), 10)
        assert taken is not None
        taken.close()
        (sentence,) = passed.used
        self.assertIn(f'127.0.0.1:{sock.getsockname()[1]} by "smtp"', sentence)

    def test_ipv6_is_found_in_its_short_form(self) -> None:
        sock = self.listening("::1")
        passed = self.passed(sock)
        self.assertIn(f"[::1]:{sock.getsockname()[1]}", passed.unused[0])

    def test_one_that_takes_ipv4_too_is_refused_for_an_ipv6_address(self) -> None:
        sock = socket.socket(socket.AF_INET6)
        self.addCleanup(sock.close)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        sock.listen()
        error = self.assertRaises(OSError, self.passed(sock).take, sock.getsockname()[:2], 10)
        self.assertIn("BindIPv6Only=ipv6-only", str(error))

    def test_one_of_a_single_ipv6_address_takes_no_ipv4_whatever_it_is_set_to(self) -> None:
        sock = socket.socket(socket.AF_INET6)
        self.addCleanup(sock.close)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::1", 0))
        sock.listen()
        taken = self.passed(sock).take(sock.getsockname()[:2], 10)
        assert taken is not None
        taken.close()

    def test_what_is_no_tcp_socket_is_told_and_closed(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        passed = self.passed(sock, names=("dns",))
        (sentence,) = passed.troubles
        self.assertRegex(sentence, r'^the socket "dns" \(descriptor \d+\) was passed to us and is no TCP socket')

    def test_what_does_not_listen_is_told(self) -> None:
        server = self.listening()
        client = socket.create_connection(server.getsockname())
        self.addCleanup(client.close)
        self.assertIn("Accept=no", self.passed(client).troubles[0])

    def test_the_second_one_of_an_address_is_told(self) -> None:
        sock = self.listening()
        self.assertIn("is the second one for 127.0.0.1:", self.passed(sock, sock).troubles[0])

    def test_what_is_no_socket_is_told(self) -> None:
        passed = PassedSockets(("smtp",), self.free(1))
        self.assertIn("and is none: Bad file descriptor", passed.troubles[0])


class Adopting(MemoryNetwork):
    def adopt(self, fd: int, acceptor: Any) -> Any:
        with socket.socket(fileno=fd) as sock:
            return "adopted", sock.getsockname(), acceptor


class PassedNetworkTests(PassedStage):
    def setUp(self) -> None:
        self.network = Adopting(MemoryReactorClock())

    def test_a_port_that_was_passed_is_adopted(self) -> None:
        sock = self.listening()
        acceptor: Any = object()
        network = PassedNetwork(self.network, self.passed(sock))
        self.assertEqual(network.listen(sock.getsockname(), acceptor), ("adopted", sock.getsockname(), acceptor))

    def test_any_other_is_bound(self) -> None:
        network = PassedNetwork(self.network, self.passed(self.listening()))
        acceptor: Any = object()
        self.assertEqual(network.listen(("192.0.2.9", 25), acceptor).address, ("192.0.2.9", 25))

    def test_connections_are_the_network_s_own(self) -> None:
        network = PassedNetwork(self.network, self.passed())
        network.connect(("192.0.2.1", 25), Recorder(), 5.0)
        self.assertEqual(self.network.attempts[0].address, ("192.0.2.1", 25))
        self.assertIs(network.deadlines, self.network.deadlines)
