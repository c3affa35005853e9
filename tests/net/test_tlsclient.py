"""TLS as client over a stream in memory."""

import attrs
from cryptography import x509
from OpenSSL import SSL
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net import tlsclient
from exproxy.net.pins import pin_of
from exproxy.net.tls.certificates import CertificateFile, load
from exproxy.net.tlsclient import HANDSHAKE_LIMIT, TLSClientStream, TLSError, explain
from exproxy.net.tlscontext import TLSContextSettings, client_context
from tests.net.memory import Peer, Recorder, pair
from tests.net.tls.files import write
from tests.net.tlspeer import TLSPeer, TLSPeerSession, authority_file, certificate, expired, server_context, stranger


@attrs.define(eq=False)
class Observer(Recorder):
    """Writes down how the handshake ended, too."""

    secured: int = 0
    tls_failure: TLSError | None = None

    def tls_secured(self, stream: TLSClientStream) -> None:
        self.secured += 1

    def tls_failed(self, stream: TLSClientStream, failure: TLSError) -> None:
        assert self.tls_failure is None and not self.secured
        self.tls_failure = failure


class TLSClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.told = Observer()
        self.near, self.far = pair(self.clock, far=("192.0.2.1", 443))

    def client(
        self, name: str = "mail.example.com", verify: bool = True, legacy: bool = False, pins: tuple[str, ...] = ()
    ) -> TLSClientStream:
        ca = authority_file(self.mktemp())
        context = client_context(TLSContextSettings(verify=verify, ca=ca, legacy=legacy))
        return TLSClientStream(self.clock, self.near, context, name, self.told, verify, pins)

    def serve(self, peer: TLSPeer) -> TLSPeerSession:
        session = TLSPeerSession(peer, self.far)
        self.far.attach(session)
        self.far.resume()
        return session

    def shake(self, client: TLSClientStream, context: SSL.Context | None = None, **options: object) -> TLSPeerSession:
        session = self.serve(TLSPeer(context or server_context(certificate()), **options))  # type: ignore[arg-type]  # passed on
        client.start()
        self.clock.advance(0)
        return session

    def failure(self) -> str:
        assert self.told.tls_failure is not None
        return str(self.told.tls_failure)

    def test_a_handshake_tells_name_version_and_certificate(self) -> None:
        client = self.client()
        session = self.shake(client)
        self.assertEqual((self.told.secured, session.sni, client.version), (1, "mail.example.com", "TLSv1.3"))
        assert client.certificate is not None
        self.assertTrue(client.certificate.chain_ok and client.certificate.name_ok)

    def test_a_pinned_key_lets_it_in_whatever_else_is_not_verified(self) -> None:
        leaf = stranger().issue_cert("other.example.com")
        pin = pin_of(x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()))
        client = self.client(verify=False, pins=(pin,))
        self.shake(client, server_context(leaf))
        self.assertEqual(self.told.secured, 1)
        assert client.certificate is not None
        self.assertEqual((client.certificate.pin, len(client.certificate.fingerprint)), (pin, 64))

    def test_a_certificate_has_one_fingerprint_on_disk_and_on_the_wire(self) -> None:
        identity = load(CertificateFile(write(self.mktemp(), certificate(), "mail")))
        client = self.client()
        self.shake(client)
        assert client.certificate is not None
        self.assertEqual(client.certificate.fingerprint, identity.fingerprint)

    def test_another_key_is_told(self) -> None:
        client = self.client(verify=False, pins=("sha256/other",))
        self.shake(client)
        self.assertEqual(self.told.secured, 0)
        self.assertIn("its key is not a pinned one: it is sha256/", self.failure())

    def test_bytes_go_both_ways(self) -> None:
        client = self.client()
        session = self.shake(client, greeting=b"hello", answer=lambda data: data.upper())
        client.resume()
        self.clock.advance(0)
        client.write(b"x" * 200_000)
        self.clock.advance(0)
        self.assertEqual(len(session.data), 200_000)
        self.assertEqual(bytes(self.told.data), b"hello" + b"X" * 200_000)
        self.assertEqual((client.sent, client.received), (200_000, 200_005))

    def test_it_is_paused_until_it_is_resumed_and_never_calls_from_inside(self) -> None:
        client = self.client()
        self.shake(client, greeting=b"hello")
        self.assertEqual(bytes(self.told.data), b"")
        client.resume()
        self.assertEqual(bytes(self.told.data), b"")
        self.clock.advance(0)
        self.assertEqual(bytes(self.told.data), b"hello")

    def test_bytes_put_back_come_first(self) -> None:
        client = self.client()
        self.shake(client, greeting=b" world")
        client.unread(b"hello")
        client.resume()
        self.clock.advance(0)
        self.assertEqual(bytes(self.told.data), b"hello world")

    def test_half_close_leaves_the_servers_direction_open(self) -> None:
        client = self.client()
        session = self.shake(client)
        client.resume()
        client.write_eof()
        session.connection.send(b"late")
        session.flush()
        self.clock.advance(0)
        self.assertEqual(bytes(self.told.data), b"late")
        self.assertTrue(self.told.eof and self.told.lost)
        self.assertIsNone(self.told.error)

    def test_the_servers_end_is_told_once(self) -> None:
        client = self.client()
        self.shake(client, greeting=b"bye", close_after_greeting=True)
        client.resume()
        self.clock.advance(0)
        self.assertEqual((bytes(self.told.data), self.told.eof, self.told.lost), (b"bye", True, False))

    def test_an_end_without_close_notify_is_an_end(self) -> None:
        client = self.client()
        self.shake(client)
        client.resume()
        self.far.close()
        self.clock.advance(0)
        self.assertTrue(self.told.eof)

    def test_close_says_goodbye(self) -> None:
        client = self.client()
        session = self.shake(client)
        client.write(b"QUIT")
        client.close()
        self.clock.advance(0)
        self.assertEqual((bytes(session.data), session.eof, self.told.lost), (b"QUIT", True, True))

    def test_abort_is_a_reset(self) -> None:
        client = self.client()
        session = self.shake(client)
        client.abort()
        self.clock.advance(0)
        self.assertIsInstance(session.error, ConnectionResetError)
        self.assertEqual((self.told.lost, self.told.error), (True, None))

    def test_garbage_after_the_handshake_loses_the_stream(self) -> None:
        client = self.client()
        self.shake(client)
        client.resume()
        self.far.write(b"garbage garbage garbage")
        self.clock.advance(0)
        self.assertTrue(self.told.lost)
        self.assertIsInstance(self.told.error, TLSError)

    def test_an_ip_address_is_looked_for_in_the_certificate_and_not_sent_as_a_name(self) -> None:
        client = self.client(name="192.0.2.1")
        session = self.shake(client)
        self.assertEqual((self.told.secured, session.sni), (1, None))

    def test_another_name_is_refused(self) -> None:
        self.shake(self.client(name="other.example.com"))
        self.assertEqual(
            self.failure(),
            "the server's certificate is refused: it is for mail.example.com, 192.0.2.1, not for other.example.com",
        )

    def test_another_name_is_only_noted_when_nothing_is_verified(self) -> None:
        client = self.client(name="other.example.com", verify=False)
        self.shake(client)
        assert client.certificate is not None
        self.assertIn("not for other.example.com", client.certificate.name_fault)

    def test_a_certificate_that_nobody_can_read_is_a_failure(self) -> None:
        def fail(*_arguments: object) -> None:
            raise LookupError("two of one extension")

        self.patch(tlsclient, "read_certificate", fail)
        self.shake(self.client())
        self.assertEqual(self.failure(), "the server's certificate is malformed: two of one extension")

    def test_an_unknown_authority_is_refused_and_the_server_is_told(self) -> None:
        session = self.shake(self.client(), server_context(stranger().issue_cert("mail.example.com")))
        self.assertIn("issuer is not among the trusted ones", self.failure())
        self.assertIsNotNone(session.failure)
        self.assertTrue(self.told.lost)
        self.assertIs(self.told.error, self.told.tls_failure)

    def test_an_unknown_authority_is_only_noted_when_nothing_is_verified(self) -> None:
        client = self.client(verify=False)
        self.shake(client, server_context(stranger().issue_cert("mail.example.com")))
        assert client.certificate is not None
        self.assertFalse(client.certificate.chain_ok)

    def test_an_expired_certificate_is_refused_by_that_word(self) -> None:
        self.shake(self.client(), server_context(expired("mail.example.com")))
        self.assertIn("it has expired", self.failure())

    def test_an_old_server_is_refused_with_the_key_that_allows_it(self) -> None:
        self.shake(self.client(), server_context(certificate(), SSL.TLS1_VERSION, legacy=True))
        self.assertIn("legacy = true", self.failure())

    def test_an_old_server_is_spoken_to_with_legacy(self) -> None:
        client = self.client(legacy=True)
        self.shake(client, server_context(certificate(), SSL.TLS1_VERSION, legacy=True))
        self.assertEqual((self.told.secured, client.version), (1, "TLSv1"))

    def plain(self, peer: Peer) -> None:
        peer.accepted(self.far)
        self.client().start()
        self.clock.advance(0)

    def test_plain_text_is_quoted(self) -> None:
        self.plain(Peer(greeting=b"220 mail ESMTP\r\n"))
        self.assertEqual(self.failure(), "the server does not speak TLS here: it said '220 mail ESMTP'")

    def test_garbage_that_begins_like_a_record_is_a_failure(self) -> None:
        self.plain(Peer(greeting=b"\x16garbage garbage"))
        self.assertIn("does not speak TLS", self.failure())

    def test_an_endless_handshake_is_cut(self) -> None:
        # Handshake records of one HelloRequest each: OpenSSL ignores them, and would for ever.
        self.plain(Peer(greeting=b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * (HANDSHAKE_LIMIT // 9 + 1)))
        self.assertIsNotNone(self.told.tls_failure)
        self.assertTrue(self.told.lost)

    def test_a_close_in_the_handshake_is_told(self) -> None:
        self.plain(Peer(close_on_data=True))
        self.assertEqual(self.failure(), "the server closed the connection during the TLS handshake")

    def test_a_reset_in_the_handshake_is_told(self) -> None:
        self.plain(Peer(abort_on_data=True))
        self.assertEqual(self.failure(), "the server reset the connection during the TLS handshake")

    def test_an_alert_is_told_by_its_name(self) -> None:
        self.plain(Peer(answer=lambda data: b"\x15\x03\x03\x00\x02\x02\x28"))
        self.assertEqual(self.failure(), "the server refused the TLS handshake with the alert 'handshake failure'")

    def test_closing_during_the_handshake_tells_no_failure(self) -> None:
        peer = Peer()
        peer.accepted(self.far)
        client = self.client()
        client.start()
        client.close()
        self.clock.advance(0)
        self.assertEqual((self.told.tls_failure, self.told.lost), (None, True))


class ExplainTests(SynchronousTestCase):
    def test_an_error_without_reasons_is_still_a_sentence(self) -> None:
        self.assertEqual(explain(SSL.Error(), ""), "TLS failed: OpenSSL gives no reason")

    def test_a_weak_key_names_the_key_that_allows_it(self) -> None:
        self.assertIn("legacy = true", explain(SSL.Error([("SSL routines", "", "dh key too small")]), ""))
