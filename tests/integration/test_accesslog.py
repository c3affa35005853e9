"""The access log's sinks on real sockets and files."""

import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from exproxy.proxy.accesslog.formats import TextFormat
from exproxy.proxy.accesslog.log import AccessLog
from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.sinks import FileSink
from exproxy.proxy.accesslog.syslog import open_syslog
from tests.proxy.accesslog.samples import RECORD

live: Any = reactor
HEADER = Header("lb1", process=42)


class DatagramTests(TestCase):
    def received(self, family: socket.AddressFamily, address: Any, url: str) -> bytes:
        with socket.socket(family, socket.SOCK_DGRAM) as server:
            server.bind(address)
            server.settimeout(5)
            port = server.getsockname()[1] if family != socket.AF_UNIX else 0
            sink = open_syslog(live, url.format(port=port), HEADER)
            sink.write(["a line"], 5)
            sink.close()
            return server.recv(1000)

    def test_a_line_arrives_over_ipv4(self) -> None:
        self.assertTrue(self.received(socket.AF_INET, ("127.0.0.1", 0), "udp://127.0.0.1:{port}").endswith(b" access - a line"))

    def test_a_line_arrives_over_ipv6(self) -> None:
        self.assertTrue(self.received(socket.AF_INET6, ("::1", 0), "udp://[::1]:{port}").endswith(b" access - a line"))

    def test_a_line_arrives_over_a_unix_socket(self) -> None:
        folder = tempfile.mkdtemp()  # not trial's: a socket's name has 107 bytes at most
        self.addCleanup(shutil.rmtree, folder)
        self.assertTrue(self.received(socket.AF_UNIX, f"{folder}/log", f"unix://{folder}/log").endswith(b" access - a line"))

    def test_a_port_that_nobody_has_costs_lines_and_nothing_else(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            port = gone.getsockname()[1]
        sink = open_syslog(live, f"udp://127.0.0.1:{port}", HEADER)
        for _ in range(10):
            sink.write(["a line"], 5)
        sink.close()
        self.assertGreater(sink.dropped, 0)


class Syslog(Protocol):
    """Collects what comes."""

    factory: "Server"

    def dataReceived(self, data: bytes) -> None:
        self.factory.received += data
        if self.factory.received.endswith(self.factory.until):
            self.factory.done.callback(self.factory.received)
            self.factory.done = Deferred()

    def connectionLost(self, reason: Any = None) -> None:
        self.factory.lost.callback(None)
        self.factory.lost = Deferred()


class Server(Factory):
    protocol = Syslog
    noisy = False

    def __init__(self, until: bytes) -> None:
        self.until = until
        self.received = b""
        self.done: Deferred[bytes] = Deferred()
        self.lost: Deferred[None] = Deferred()


class TcpTests(TestCase):
    async def test_lines_arrive_counted_and_close_delivers_the_last(self) -> None:
        server = Server(b"last")
        port = live.listenTCP(0, server, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        sink = open_syslog(live, f"tcp://127.0.0.1:{port.getHost().port}", HEADER)
        done, lost = server.done, server.lost
        sink.write(["first", "last"], 5)
        received = await done
        sink.close()
        await lost
        start = HEADER(5).encode()
        expected = b"".join(b"%d %b" % (len(start + line), start + line) for line in (b"first", b"last"))
        self.assertEqual(received, expected)


class FileTests(TestCase):
    def test_ten_thousand_sessions_are_ten_thousand_whole_lines(self) -> None:
        path = Path(self.mktemp()) / "access.log"
        log = AccessLog(live, TextFormat(), [FileSink(path)])
        for _ in range(10_000):
            log.log(RECORD)
        log.close()
        lines = path.read_text().splitlines()
        self.assertEqual((len(lines), len(set(lines)), log.lost), (10_000, 1, 0))

    def test_a_full_device_is_counted(self) -> None:
        log = AccessLog(live, TextFormat(), [FileSink(Path("/dev/full"))])
        log.log(RECORD)
        log.close()
        self.assertEqual(log.lost, 1)
