"""Tests of exproxy.proxy.accesslog.syslog."""

import socket

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog import syslog
from exproxy.proxy.accesslog.datagram import DatagramSink
from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.syslog import open_syslog
from exproxy.proxy.accesslog.tcp import TcpSink


class Socket:
    """Notes what it was made with and connected to."""

    def __init__(self, family: int, kind: int, protocol: int = 0) -> None:
        self.family = family
        self.address: object = None
        self.blocking = True
        self.closed = False

    def setblocking(self, blocking: bool) -> None:
        self.blocking = blocking

    def connect(self, address: object) -> None:
        self.address = address
        if address == "/nobody":
            raise FileNotFoundError(2, "No such file or directory")

    def send(self, data: bytes) -> int:
        return len(data)

    def close(self) -> None:
        self.closed = True


class OpenSyslogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.sockets: list[Socket] = []

        def make(*arguments: int) -> Socket:
            self.sockets.append(Socket(*arguments))
            return self.sockets[-1]

        self.patch(syslog.socket, "socket", make)

    def open(self, url: str) -> DatagramSink | TcpSink:
        sink = open_syslog(self.reactor, url, Header("lb1"))
        assert isinstance(sink, DatagramSink | TcpSink)
        sink.write(["a"], 5)
        return sink

    def test_udp_over_ipv4(self) -> None:
        self.open("udp://192.0.2.1:5514")
        self.assertEqual((self.sockets[0].family, self.sockets[0].address), (socket.AF_INET, ("192.0.2.1", 5514)))

    def test_udp_over_ipv6(self) -> None:
        self.open("udp://[2001:db8::1]:514")
        self.assertEqual((self.sockets[0].family, self.sockets[0].address), (socket.AF_INET6, ("2001:db8::1", 514, 0, 0)))

    def test_the_socket_never_blocks(self) -> None:
        self.open("udp://192.0.2.1")
        self.assertFalse(self.sockets[0].blocking)

    def test_the_port_is_514_by_default(self) -> None:
        self.open("udp://192.0.2.1")
        self.assertEqual(self.sockets[0].address, ("192.0.2.1", 514))

    def test_a_unix_socket(self) -> None:
        self.open("unix:///dev/log")
        self.assertEqual((self.sockets[0].family, self.sockets[0].address), (socket.AF_UNIX, "/dev/log"))

    def test_a_unix_socket_that_nobody_holds_is_no_error_and_leaks_nothing(self) -> None:
        sink = self.open("unix:///nobody")
        self.assertEqual((sink.dropped, self.sockets[0].closed), (1, True))

    def test_a_system_without_unix_sockets_says_so(self) -> None:
        self.patch(syslog, "socket", object())
        error = self.assertRaises(OSError, open_syslog, self.reactor, "unix:///dev/log", Header("lb1"))
        self.assertIn("use udp:// or tcp://", str(error))

    def test_tcp(self) -> None:
        self.open("tcp://[2001:db8::1]:601")
        self.assertEqual(self.reactor.tcpClients[0][:2], ("2001:db8::1", 601))

    def test_anything_else_is_refused_by_its_text(self) -> None:
        for url in (
            "10.0.0.5:514",
            "http://10.0.0.5",
            "udp://",
            "unix:",
            "tcp://10.0.0.5:seventy",
            "udp://10.0.0.5:99999",
            "udp://[::1",
        ):
            error = self.assertRaises(ValueError, open_syslog, self.reactor, url, Header("lb1"))
            self.assertIn(url, str(error))
