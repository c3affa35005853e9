"""What the suite on real sockets cannot drive: lost before it began, the size of a turn, what is not written twice."""

import contextlib
import socket

from OpenSSL import SSL

from exproxy.net.epoll.loop import BUFFER
from exproxy.net.epoll.tlsstream import EpollTLSStream
from exproxy.net.interfaces import PORTION
from exproxy.net.tls.failures import TLSError
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from tests.net.epoll.harness import LoopTestCase, SilentRecorder
from tests.net.tls.files import certificate_file


class Owner(SilentRecorder):
    def tls_secured(self, stream: EpollTLSStream) -> None:
        self.data[stream] = b""
        self.note("secured", stream)

    def tls_failed(self, stream: EpollTLSStream, failure: TLSError) -> None:
        self.note("failed", str(failure))


class TLSStreamTests(LoopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.side = ServerTLS([certificate_file(self.mktemp())], BUILT_IN["intermediate"])
        self.owner = Owner()

    def secured(self) -> tuple[EpollTLSStream, SSL.Connection, socket.socket]:
        plain, far = self.stream(SilentRecorder())
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * BUFFER)
        stream = EpollTLSStream(plain, self.side, self.owner)
        self.addCleanup(self.turn)
        self.addCleanup(stream.abort)
        client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), far)
        client.set_connect_state()
        while not self.owner.happened("secured", stream):
            with contextlib.suppress(SSL.WantReadError):
                client.do_handshake()
            self.turn(1)
        return stream, client, far

    def test_the_plain_stream_tells_nothing_any_more(self) -> None:
        recorder = SilentRecorder()
        plain, _ = self.stream(recorder)
        stream = EpollTLSStream(plain, self.side, self.owner)
        stream.abort()
        self.turn()
        self.assertEqual(recorder.lost, {})
        self.assertIn(stream, self.owner.lost)

    def test_a_connection_that_was_lost_before_fails_the_handshake_and_closes_nobody_elses_descriptor(self) -> None:
        plain, far = self.stream(SilentRecorder())
        far.close()
        plain.write(b"x")
        stream = EpollTLSStream(plain, self.side, self.owner)
        self.turn()
        self.assertIn("lost before the TLS handshake", self.owner.events[0][1])
        self.assertIn(stream, self.owner.lost)

    def test_it_reads_a_bounded_number_of_records_a_round_and_carries_on_without_an_event(self) -> None:
        stream, client, _ = self.secured()
        size = 0
        with contextlib.suppress(SSL.WantWriteError):
            while size < 2 * BUFFER:
                size += client.send(b"x" * 16384)
        self.assertGreater(size, 128 * 1024)
        stream.resume()
        self.loop.round(0)
        self.assertGreater(stream.received, 0)
        self.assertLessEqual(stream.received, 2 * PORTION)  # one for the event, one for what it asked for
        for _ in range(20):
            self.turn(1)
        self.assertGreaterEqual(stream.received, size)

    def test_openssl_is_not_troubled_before_a_client_has_said_something(self) -> None:
        plain, far = self.stream(SilentRecorder())
        stream = EpollTLSStream(plain, self.side, self.owner)
        self.addCleanup(self.turn)
        self.addCleanup(stream.abort)
        self.turn()
        self.assertIsNone(stream._connection)
        far.send(b"\x16")
        self.turn()
        self.assertIsNotNone(stream._connection)

    def test_what_a_client_said_before_the_stream_became_tls_is_heard(self) -> None:
        plain, far = self.stream(SilentRecorder())
        plain.resume()
        self.turn()
        plain.pause()
        far.send(b"GET / HTTP/1.1\r\n\r\n")
        self.turn()
        stream = EpollTLSStream(plain, self.side, self.owner)
        self.turn()
        self.assertIn(("failed", "the client spoke plain HTTP to the TLS port"), self.owner.events)
        self.assertIn(stream, self.owner.lost)

    def test_it_is_empty_of_words_after_the_end(self) -> None:
        stream, _, _ = self.secured()
        self.assertEqual(stream.version, "TLSv1.3")
        stream.abort()
        self.turn()
        self.assertEqual((stream.version, stream.cipher, stream.server_name), ("", "", None))
