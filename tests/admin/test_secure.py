"""TLS before the door, with OpenSSL as the client and memory between both."""

import contextlib
from typing import Any

from OpenSSL import SSL
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exproxy.admin.door import IDLE, MOST, Door
from exproxy.admin.secure import Secured
from exproxy.net.tls.clients import ClientCertificates
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from tests.admin.stage import AdminStage
from tests.net.tls.files import authority_file, certificate_file


class Wire(StringTransport):  # type: ignore[misc]  # Twisted's has no types
    """What the client's side of a connection is given, and whether it is there."""

    clock: Any
    protocol: Any
    aborted = False

    def setTcpNoDelay(self, on: bool) -> None:
        """There are no packets."""

    def abortConnection(self) -> None:
        """As a socket does it, which tells so in a turn of its own."""
        if not self.aborted:
            self.aborted = True
            self.clock.callLater(0, self.protocol.connectionLost, Failure(ConnectionLost()))


class Client:
    """A browser, with ``tls`` or without."""

    def __init__(self, stage: "SecureTests", tls: bool = True) -> None:
        self.clock = stage.clock
        self.wire = Wire()
        self.wire.clock = stage.clock
        self.wire.protocol = stage.factory.buildProtocol(None)
        self.wire.protocol.makeConnection(self.wire)
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self.connection = SSL.Connection(context, None)
        self.connection.set_connect_state()
        self.said = b""
        if tls:
            self.shake()

    def shake(self) -> None:
        for _ in range(5):
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                self.turn()

    def turn(self) -> None:
        """Both hear what the other one has said."""
        with contextlib.suppress(SSL.WantReadError):
            self.wire.protocol.dataReceived(self.connection.bio_read(1 << 16))
        self.clock.advance(0)
        data = self.wire.value()
        self.wire.clear()
        if data:
            self.connection.bio_write(data)

    def ask(self, path: str) -> bytes:
        self.connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost:7777\r\n\r\n".encode())
        self.turn()
        return bytes(self.connection.recv(1 << 16))


class SecureTests(AdminStage):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.mktemp()
        self.file = certificate_file(self.folder)
        self.begin()

    def begin(self, hsts: float = 0.0, clients: ClientCertificates | None = None) -> None:
        self.tls = ServerTLS([self.file], BUILT_IN["intermediate"], protocols=("http/1.1",), clients=clients)
        self.door = Door(self.clock, self.application(), hsts)
        self.factory = Secured(self.door, self.tls, self.clock)

    def test_a_request_is_answered_and_known_to_be_safe(self) -> None:
        said = Client(self).ask("/healthz")
        self.assertTrue(said.startswith(b"HTTP/1.1 200 OK\r\n"), said)
        self.assertNotIn(b"Strict-Transport-Security", said)
        self.begin(hsts=86400.0)
        self.assertIn(b"Strict-Transport-Security: max-age=86400\r\n", Client(self).ask("/healthz"))

    def test_without_tls_nothing_is_said_of_it(self) -> None:
        self.door = Door(self.clock, self.application(), 86400.0)
        wire = Wire()
        wire.protocol = self.door.buildProtocol(None)
        wire.protocol.makeConnection(wire)
        wire.protocol.dataReceived(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertNotIn(b"Strict-Transport-Security", wire.value())

    def test_who_speaks_http_right_away_is_told_what_is_wrong(self) -> None:
        client = Client(self, tls=False)
        client.wire.protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: localhost:7777\r\n\r\n")
        self.assertTrue(client.wire.value().startswith(b"HTTP/1.1 400 Bad Request\r\n"))
        self.assertIn(b"this port speaks TLS: ask for https://", client.wire.value())
        self.assertTrue(client.wire.disconnecting)
        before = client.wire.value()
        client.wire.protocol.dataReceived(b"more")
        self.assertEqual(client.wire.value(), before)
        client.wire.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nonsense_is_refused(self) -> None:
        client = Client(self, tls=False)
        client.wire.protocol.dataReceived(b"\x16\x03\x01\xff\xffnonsense" * 10)
        self.assertTrue(client.wire.disconnecting or client.wire.aborted)

    def test_who_does_not_get_on_with_the_handshake_is_cut_off(self) -> None:
        silent, slow = Client(self, tls=False), Client(self, tls=False)
        slow.wire.protocol.dataReceived(b"\x16\x03\x01\x02\x00\x01")
        self.clock.advance(IDLE)
        self.assertEqual((silent.wire.aborted, slow.wire.aborted), (True, True))
        self.clock.advance(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_handshakes_are_so_many_and_the_next_one_gets_on(self) -> None:
        waiting = []
        for _ in range(2 * MOST):
            waiting.append(Client(self, tls=False))
            self.clock.advance(0.01)
        self.assertEqual(sum(not client.wire.aborted for client in waiting), MOST)
        self.assertIn(b" 200 ", Client(self).ask("/healthz"))

    def test_renewed_files_are_shown_to_the_next_client(self) -> None:
        def serial(client: Client) -> int:
            certificate = client.connection.get_peer_certificate()
            assert certificate is not None
            return certificate.get_serial_number()

        before = serial(Client(self))
        self.file.file.write_bytes(certificate_file(self.folder, "other").file.read_bytes())
        while not self.tls.poll(self.clock.seconds()):
            self.clock.advance(1.0)
        self.assertNotEqual(serial(Client(self)), before)

    def test_who_has_to_show_a_certificate_and_has_none_is_refused(self) -> None:
        self.begin(clients=ClientCertificates(authority_file(self.folder), required=True))
        client = Client(self, tls=False)
        self.assertRaises(SSL.Error, self.shake_and_read, client)
        self.assertTrue(client.wire.disconnecting or client.wire.aborted)

    def shake_and_read(self, client: Client) -> None:
        client.shake()
        client.turn()
        client.connection.recv(100)

    def test_who_asks_for_http_2_only_is_refused(self) -> None:
        client = Client(self, tls=False)
        client.connection.set_alpn_protos([b"h2"])
        self.assertRaises(SSL.Error, client.shake)
        self.assertTrue(client.wire.disconnecting)
