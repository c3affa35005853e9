"""The suite of streams over TLS, and what only TLS has."""

import contextlib
import socket
from typing import Any, cast

from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from exproxy.net.interfaces import Address, PipedStream, PlainStream, SecureStream
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.clients import ClientCertificates
from exproxy.net.tls.failures import TLSError
from exproxy.net.tls.profiles import BUILT_IN, Profile
from exproxy.net.tls.server import ServerTLS
from tests.integration.streams import PATIENCE, Recorder, StreamSuite
from tests.net.tls.files import authority_file, certificate_file
from tests.net.tlspeer import authority, certificate, stranger


class TLSRecorder(Recorder):
    """A recorder whose connections become TLS; ``streams`` are those whose handshake is done."""

    def __init__(self, suite: "TLSStreamSuite", server: bool) -> None:
        super().__init__()
        self.suite = suite
        self.server = server
        self.begun: list[SecureStream] = []

    def accepted(self, stream: PlainStream) -> None:
        network = self.suite.network
        if self.server:
            self.begun.append(network.secure_server(stream, self.suite.server_tls, self))
        else:
            self.begun.append(network.secure_client(stream, self.suite.client_tls, self))
        self.note("accepted", stream)

    connected = accepted

    def tls_secured(self, stream: SecureStream) -> None:
        self.streams.append(stream)
        self.data[stream] = b""
        self.note("accepted", stream)

    def tls_failed(self, stream: SecureStream, failure: TLSError) -> None:
        self.note("failed", str(failure))


class TLSSocket:
    """A client's socket with TLS, by hand, with the calls of a socket that the suite makes.

    What the kernel does not take waits here, as it does within OpenSSL, and goes when the reactor turns.

    :param buffer: bytes that the kernel may keep for it, about; 0: as many as the kernel likes.
    """

    def __init__(self, address: Address, version: int | None = None, buffer: int = 0) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        if version is not None:
            context.set_max_proto_version(version)
        self.raw = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if buffer:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.raw.connect(address)
        self.raw.setblocking(False)
        self.connection = SSL.Connection(context, None)
        self.connection.set_connect_state()
        self.getsockname = self.raw.getsockname
        self.getpeername = self.raw.getpeername
        self._out = b""
        self._flushes = False
        self._call: Any = None
        self._closing = False

    def setblocking(self, flag: bool) -> None:
        """It never blocks: the reactor turns in the same thread."""

    def shake_hands(self) -> None:
        """One step."""
        self._receive()
        with contextlib.suppress(SSL.WantReadError):
            self.connection.do_handshake()
        self._flush()

    def send(self, data: bytes) -> int:
        self._flush()
        if self._out:
            raise BlockingIOError
        taken = self.connection.send(data)
        self._flush()
        return cast(int, taken)

    def sendall(self, data: bytes) -> None:
        assert self.send(data) == len(data)

    def recv(self, size: int, flags: int = 0) -> bytes:
        if flags:
            return self.raw.recv(size, flags)
        self._receive()
        try:
            return cast(bytes, self.connection.recv(size))
        except SSL.WantReadError as error:
            raise BlockingIOError from error
        except SSL.ZeroReturnError:
            return b""

    def shutdown(self, how: int) -> None:
        self.connection.shutdown()
        self._flush()

    def close(self) -> None:
        if not self.connection.get_shutdown() & SSL.SENT_SHUTDOWN:
            self.connection.shutdown()
        self._closing = True
        self._flush()

    def end(self) -> None:
        """For the end of the test."""
        self.raw.close()
        if self._flushes:
            self._call.cancel()

    def _receive(self) -> None:
        try:
            while data := self.raw.recv(1 << 20):
                self.connection.bio_write(data)
        except OSError:
            pass

    def _flush_again(self) -> None:
        self._flushes = False
        self._flush()

    def _flush(self) -> None:
        if self.raw.fileno() < 0:
            return
        try:
            while True:
                self._out += self.connection.bio_read(1 << 20)
        except SSL.WantReadError:
            pass
        try:
            while self._out:
                self._out = self._out[self.raw.send(self._out) :]
        except BlockingIOError:
            if not self._flushes:
                self._flushes = True
                self._call = cast(Any, reactor).callLater(0.002, self._flush_again)
        except OSError:
            self._out = b""
        if self._closing and not self._out:
            self.raw.close()


class TLSStreamSuite(StreamSuite):
    """Every stream is a TLS stream; the peers' sockets speak TLS too."""

    more_than_fits = 12 << 20  # the peers offer no more than 16 KB at once
    profile: Profile = BUILT_IN["intermediate"]
    server_tls: ServerTLS
    client_tls: ClientTLS

    def prepare(self, folder: str) -> None:
        self.server_tls = ServerTLS([certificate_file(folder)], self.profile)
        self.client_tls = ClientTLS("mail.example.com", True, client_context(True, authority_file(folder), self.profile))

    def ended(self, recorder: TLSRecorder) -> TLSRecorder:
        async def end() -> None:
            for stream in recorder.begun:
                stream.abort()
            await recorder.until(lambda: len(recorder.lost) == len(recorder.begun))

        self.addCleanup(end)
        return recorder

    async def pair(self) -> tuple[Recorder, PipedStream, Recorder, PipedStream]:
        ours, theirs = self.ended(TLSRecorder(self, False)), self.ended(TLSRecorder(self, True))
        self.network.connect(self.listen(theirs), ours, PATIENCE)
        await ours.until(lambda: ours.streams)
        await theirs.until(lambda: theirs.streams)
        return ours, ours.streams[0], theirs, theirs.streams[0]

    async def plain(self, version: int | None = None) -> tuple[Recorder, PipedStream, Any]:
        """A TLS stream, and a socket with TLS at its other end."""
        server = self.ended(TLSRecorder(self, True))
        peer = TLSSocket(self.listen(server), version)
        self.addCleanup(peer.end)
        while not server.streams:
            peer.shake_hands()
            await self.turn()
        peer.shake_hands()
        return server, server.streams[0], peer

    async def raw(self) -> tuple[TLSRecorder, socket.socket]:
        """A server that waits for a ClientHello, and a socket that has sent nothing."""
        server = self.ended(TLSRecorder(self, True))
        peer = socket.create_connection(self.listen(server))
        self.addCleanup(peer.close)
        await server.until(lambda: server.begun)
        return server, peer

    async def turn(self) -> None:
        turn: Deferred[None] = Deferred()
        cast(Any, reactor).callLater(0.002, turn.callback, None)
        await turn

    async def failure(self, recorder: Recorder) -> str:
        await recorder.until(lambda: any(event == "failed" for event, _ in recorder.events))
        await recorder.until(lambda: recorder.lost)
        return next(cast(str, about) for event, about in recorder.events if event == "failed")

    async def test_a_new_stream_reads_nothing(self) -> None:
        server, stream, peer = await self.plain()
        peer.sendall(b"early")
        await self.pair()
        self.assertEqual(server.data[stream], b"")

    async def test_version_cipher_and_name_are_known(self) -> None:
        _, one, _, other = await self.pair()
        near, far = cast(SecureStream, one), cast(SecureStream, other)
        self.assertEqual((near.version, far.version), ("TLSv1.3", "TLSv1.3"))
        self.assertEqual(near.cipher, far.cipher)
        self.assertEqual(far.server_name, "mail.example.com")

    async def test_a_peer_that_closes_without_close_notify_is_told_after_its_last_bytes(self) -> None:
        server, stream, peer = await self.plain()
        peer.sendall(b"last words")
        peer.raw.shutdown(socket.SHUT_WR)  # not close: its unread tickets would make that a reset
        stream.resume()
        await server.until(lambda: stream in server.lost)
        self.assertEqual(server.data[stream], b"last words")
        self.assertIsInstance(server.lost[stream], TLSError)
        self.assertIn("close_notify", str(server.lost[stream]))
        self.assertFalse(server.happened("eof", stream))

    async def test_renegotiation_is_refused_and_the_session_goes_on(self) -> None:
        server, stream, peer = await self.plain(SSL.TLS1_2_VERSION)
        stream.resume()
        while peer.connection.get_state_string() != b"SSL negotiation finished successfully":
            peer.shake_hands()  # the server is done before its last words have arrived
            await self.turn()
        peer.connection.renegotiate()
        with self.assertRaisesRegex(SSL.Error, "no renegotiation"):
            for _ in range(200):
                peer.shake_hands()
                await self.turn()
        self.assertFalse(server.lost)

    async def test_a_server_that_asks_for_renegotiation_is_refused_and_the_session_goes_on(self) -> None:
        client = self.ended(TLSRecorder(self, False))
        listener = socket.create_server((self.host, 0))
        self.addCleanup(listener.close)
        self.network.connect(listener.getsockname()[:2], client, PATIENCE)
        await client.until(lambda: client.begun)
        peer, _ = listener.accept()
        self.addCleanup(peer.close)
        peer.setblocking(False)
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        certificate().configure_cert(context)
        server = SSL.Connection(context, peer)
        server.set_accept_state()
        while not client.streams:
            with contextlib.suppress(SSL.WantReadError):
                server.do_handshake()
            await self.turn()
        client.streams[0].resume()
        server.renegotiate()
        with self.assertRaisesRegex(SSL.Error, "no renegotiation"):
            for _ in range(200):
                with contextlib.suppress(SSL.WantReadError):
                    server.do_handshake()
                    server.recv(1)
                await self.turn()
        self.assertFalse(client.lost)

    async def test_a_client_hello_one_byte_at_a_time_is_understood(self) -> None:
        server, peer = await self.raw()
        client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        client.set_connect_state()
        with self.assertRaises(SSL.WantReadError):
            client.do_handshake()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in client.bio_read(65536):
            peer.send(bytes([byte]))
            await self.turn_now()
        peer.setblocking(False)
        while not server.streams:
            await self.turn()
            try:
                client.bio_write(peer.recv(65536))
                client.do_handshake()
            except (BlockingIOError, SSL.WantReadError):
                pass
            with contextlib.suppress(SSL.WantReadError):
                peer.send(client.bio_read(65536))
        self.assertEqual(len(server.streams), 1)

    async def turn_now(self) -> None:
        turn: Deferred[None] = Deferred()
        cast(Any, reactor).callLater(0, turn.callback, None)
        await turn

    async def test_a_handshake_that_never_ends_is_the_owners_to_abort(self) -> None:
        server, peer = await self.raw()
        peer.send(b"\x16\x03\x01")
        await self.turn()
        server.begun[0].abort()
        await server.until(lambda: server.lost)
        self.assertEqual([event for event, _ in server.events], ["accepted", "lost"])

    async def test_an_end_cannot_be_said_before_the_handshake_is_done(self) -> None:
        for begun in (b"", b"\x16\x03\x01"):
            server, peer = await self.raw()
            peer.send(begun)
            await self.turn()
            server.begun[0].write_eof()
            await self.turn()
            self.assertEqual([event for event, _ in server.events], ["accepted"])
            server.begun[0].abort()
            await server.until(lambda server=server: server.lost)

    async def test_plain_http_is_said_to_be_that(self) -> None:
        server, peer = await self.raw()
        peer.send(b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
        self.assertIn("plain HTTP", await self.failure(server))

    async def test_garbage_is_no_tls(self) -> None:
        server, peer = await self.raw()
        peer.send(b"EHLO mail.example.com\r\n")
        self.assertIn("does not speak TLS", await self.failure(server))

    async def test_a_client_that_leaves_during_the_handshake_is_told(self) -> None:
        server, peer = await self.raw()
        peer.send(b"\x16\x03\x01\x02")
        peer.close()
        self.assertIn("closed the connection during the TLS handshake", await self.failure(server))

    async def test_a_client_that_does_not_trust_us_is_told_by_its_alert(self) -> None:
        server, client = self.ended(TLSRecorder(self, True)), self.ended(TLSRecorder(self, False))
        self.client_tls = ClientTLS("mail.example.com", True, client_context(True, None, self.profile))
        self.network.connect(self.listen(server), client, PATIENCE)
        self.assertIn("refused: ", await self.failure(client))
        # In TLS 1.3 the server is done before the client has looked at its certificate.
        await server.until(lambda: server.lost or server.streams)
        for stream in server.streams:
            stream.resume()
        await server.until(lambda: server.lost)
        error = next(iter(server.lost.values()))
        self.assertIn("unknown ca", str(error))

    async def test_a_certificate_of_another_name_is_refused(self) -> None:
        server, client = self.ended(TLSRecorder(self, True)), self.ended(TLSRecorder(self, False))
        self.client_tls = ClientTLS("other.example.com", True, self.client_tls.context)
        self.network.connect(self.listen(server), client, PATIENCE)
        self.assertIn("not for other.example.com", await self.failure(client))

    async def connected(self, context: SSL.Context) -> tuple[TLSRecorder, TLSRecorder]:
        """Both ends of a connection whose client has ``context``."""
        self.client_tls = ClientTLS("mail.example.com", True, context)
        ours, theirs = self.ended(TLSRecorder(self, False)), self.ended(TLSRecorder(self, True))
        self.network.connect(self.listen(theirs), ours, PATIENCE)
        await theirs.until(lambda: theirs.begun)
        return ours, theirs

    async def test_a_clients_certificate_is_known(self) -> None:
        folder = self.mktemp()
        clients = ClientCertificates(authority_file(folder), True)
        self.server_tls = ServerTLS([certificate_file(folder)], self.profile, clients=clients)
        context = client_context(True, authority_file(folder), self.profile)
        authority().issue_cert("anna@example.com", common_name="anna").configure_cert(context)
        _, theirs = await self.connected(context)
        await theirs.until(lambda: theirs.streams)
        shown = theirs.begun[0].peer_certificate
        assert shown is not None
        self.assertIn("CN=anna", shown.subject.rfc4514_string())

    async def test_what_is_wrong_with_a_clients_certificate_is_told(self) -> None:
        folder = self.mktemp()
        clients = ClientCertificates(authority_file(folder), False)
        self.server_tls = ServerTLS([certificate_file(folder)], self.profile, clients=clients)
        context = client_context(True, authority_file(folder), self.profile)
        stranger().issue_cert("anna@example.com").configure_cert(context)
        _, theirs = await self.connected(context)
        wanted = "the client's certificate is refused: its issuer is not among the trusted ones"
        self.assertEqual(await self.failure(theirs), wanted)

    async def test_a_client_that_speaks_something_else_inside_is_told_so_on_both_sides(self) -> None:
        folder = self.mktemp()
        self.server_tls = ServerTLS([certificate_file(folder)], self.profile, protocols=("http/1.1",))
        context = client_context(True, authority_file(folder), self.profile)
        context.set_alpn_protos([b"h2"])
        ours, theirs = await self.connected(context)
        self.assertIn("the client speaks h2 inside TLS (ALPN)", await self.failure(theirs))
        self.assertIn("no application protocol", await self.failure(ours))

    async def test_truncated_records_are_an_error(self) -> None:
        server, stream, peer = await self.plain()
        stream.resume()
        peer.raw.send(b"\x17\x03\x03\x40\x00only a little")
        peer.raw.shutdown(socket.SHUT_WR)
        await server.until(lambda: stream in server.lost)
        self.assertIsInstance(server.lost[stream], TLSError)

    async def test_a_damaged_record_is_an_error(self) -> None:
        server, stream, peer = await self.plain()
        stream.resume()
        peer.raw.send(b"\x17\x03\x03\x00\x20" + bytes(32))
        await server.until(lambda: stream in server.lost)
        self.assertIn("TLS is broken", str(server.lost[stream]))

    async def test_a_close_that_waits_for_a_deaf_peer_is_the_owners_to_abort(self) -> None:
        server, stream, _ = await self.plain()
        for _ in range(64):
            stream.write(b"x" * 262_144)
            await self.turn()
        stream.close()
        await self.turn()
        self.assertFalse(server.lost)
        stream.abort()
        await server.until(lambda: stream in server.lost)
        self.assertIsNone(server.lost[stream])

    async def test_bytes_go_from_plain_to_tls_and_back_with_back_pressure(self) -> None:
        front, client_side, client = await self.plain()
        _, server_side, server = await super().plain()
        client_side.pipe(server_side)
        server_side.pipe(client_side)
        client.setblocking(False)
        offered = await self._flood(client, front)
        self.assertLess(client_side.received, offered + 1)
        client.shutdown(socket.SHUT_WR)
        got = await self._drain(server, front)
        self.assertEqual(got, offered)
        server.setblocking(False)
        offered = await self._flood(server, front)
        server.close()
        self.assertEqual(await self._drain(client, front), offered)

    async def test_a_pipe_relays_both_ways_with_its_ends(self) -> None:
        """As the suite's, but for a peer that must not block, because its bytes come in a later turn."""
        front, client_side, client = await self.plain()
        back, server_side, server = await self.plain()
        client_side.pipe(server_side)
        server_side.pipe(client_side)
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(await self._drain(server, front), 8)
        server.sendall(b"answer")
        server.close()
        await back.until(lambda: server_side in back.lost)
        await front.until(lambda: client_side in front.lost)
        self.assertEqual(await self._drain(client, front), 6)
        self.assertEqual(front.data[client_side] + back.data[server_side], b"")

    async def _drain(self, peer: Any, recorder: Recorder) -> int:
        peer.setblocking(False)
        got = 0
        while True:
            try:
                data = peer.recv(1 << 20)
            except BlockingIOError:
                await self._turn(recorder)
                continue
            if not data:
                return got
            got += len(data)
