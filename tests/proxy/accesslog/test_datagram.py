"""Tests of exproxy.proxy.accesslog.datagram."""

import socket
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.datagram import DatagramSink
from exproxy.proxy.accesslog.rfc5424 import Header

START = b"<134>1 1970-01-01T00:00:05.000Z lb1 exproxy 42 access - "


class Socket:
    """Takes datagrams until an error is set."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.error: OSError | None = None
        self.closed = False

    def send(self, data: bytes) -> int:
        if self.error is not None:
            raise self.error
        self.sent.append(data)
        return len(data)

    def close(self) -> None:
        self.closed = True


class DatagramSinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sockets: list[Socket] = []
        self.refused: OSError | None = None
        self.sink = DatagramSink("udp://192.0.2.1:514", self.connect, Header("lb1", process=42))

    def connect(self) -> socket.socket:
        if self.refused is not None:
            raise self.refused
        self.sockets.append(Socket())
        return cast(socket.socket, self.sockets[-1])

    def test_each_line_is_a_datagram(self) -> None:
        self.sink.write(["a", "b"], 5)
        self.assertEqual(self.sockets[0].sent, [START + b"a", START + b"b"])

    def test_the_socket_is_used_again(self) -> None:
        self.sink.write(["a"], 5)
        self.sink.write(["b"], 5)
        self.assertEqual(len(self.sockets), 1)

    def test_a_server_that_is_not_there_costs_its_lines_and_nothing_else(self) -> None:
        self.refused = FileNotFoundError(2, "No such file or directory")
        self.sink.write(["a", "b"], 5)
        self.assertEqual(self.sink.dropped, 2)

    def test_after_an_error_it_connects_again(self) -> None:
        self.sink.write(["a"], 5)
        self.sockets[0].error = ConnectionRefusedError(111, "Connection refused")
        self.sink.write(["b", "c"], 5)
        self.sink.write(["d"], 5)
        self.assertEqual((self.sockets[0].closed, self.sink.dropped, self.sockets[1].sent), (True, 2, [START + b"d"]))

    def test_a_full_buffer_keeps_the_socket(self) -> None:
        self.sink.write(["a"], 5)
        self.sockets[0].error = BlockingIOError(11, "Resource temporarily unavailable")
        self.sink.write(["b"], 5)
        self.assertEqual((self.sockets[0].closed, self.sink.dropped), (False, 1))

    def test_reopen_and_close_give_the_socket_up(self) -> None:
        self.sink.write(["a"], 5)
        self.sink.reopen()
        self.sink.close()
        self.assertTrue(self.sockets[0].closed)
