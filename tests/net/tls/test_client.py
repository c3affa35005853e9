"""TLS towards one server."""

from pathlib import Path

import trustme
from cryptography import x509
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.pins import pin_of
from exproxy.net.tls.certificates import CertificateFile
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.failures import TLSError
from exproxy.net.tls.profiles import BUILT_IN, Profile
from exproxy.net.tls.server import ServerTLS
from exproxy.net.tls.shown import Shown
from exproxy.net.tlscontext import TLSSettingsError
from tests.net.tls.files import write
from tests.net.tls.handshakes import bytes_of_the_server, converse
from tests.net.tlspeer import authority, authority_file, certificate, server_context, stranger


def stranger_file(folder: str) -> Path:
    """An authority that has signed nothing here."""
    path = authority_file(folder)
    path.write_bytes(stranger().cert_pem.bytes())
    return path


class Observer:
    fault = ""

    def chain_fault(self, fault: str) -> None:
        self.fault = self.fault or fault


class ClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = server_context(certificate())
        self.trusting = client_context(True, authority_file(self.mktemp()), BUILT_IN["intermediate"])
        self.observer = Observer()

    def connect(self, tls: ClientTLS) -> tuple[SSL.Connection, SSL.Connection]:
        client = tls.connection(None, self.observer)
        server = SSL.Connection(self.server, None)
        server.set_accept_state()
        converse(client, server)
        return client, server

    def test_the_name_is_asked_for_and_looked_for(self) -> None:
        tls = ClientTLS("mail.example.com", True, self.trusting)
        client, server = self.connect(tls)
        self.assertEqual(server.get_servername(), b"mail.example.com")
        tls.judge(client, "")
        tls.judge(client, "")

    def test_an_address_is_looked_for_and_not_asked_for(self) -> None:
        tls = ClientTLS("192.0.2.1", True, self.trusting)
        client, server = self.connect(tls)
        self.assertIsNone(server.get_servername())
        tls.judge(client, "")

    def test_another_name_is_refused(self) -> None:
        tls = ClientTLS("other.example.com", True, self.trusting)
        client, _ = self.connect(tls)
        error = self.assertRaises(TLSError, tls.judge, client, "")
        self.assertIn("not for other.example.com", str(error))

    def test_without_verify_nothing_is_looked_at(self) -> None:
        tls = ClientTLS("other.example.com", False, client_context(False, None, BUILT_IN["intermediate"]))
        client, _ = self.connect(tls)
        tls.judge(client, "")
        self.assertEqual(self.observer.fault, "")

    def test_a_pinned_key_is_looked_for_with_and_without_the_rest(self) -> None:
        pin = pin_of(x509.load_pem_x509_certificate(certificate().cert_chain_pems[0].bytes()))
        anything = client_context(False, None, BUILT_IN["intermediate"])
        for verify, context in ((True, self.trusting), (False, anything)):
            tls = ClientTLS("mail.example.com", verify, context, ("sha256/other", pin))
            client, _ = self.connect(tls)
            tls.judge(client, "")
            tls.judge(client, "")
            other = ClientTLS("mail.example.com", verify, context, ("sha256/other",))
            client, _ = self.connect(other)
            error = self.assertRaises(TLSError, other.judge, client, "")
            self.assertEqual(str(error), f"the server's certificate is refused: its key is not a pinned one: it is {pin}")

    def test_a_pin_does_not_make_up_for_the_name(self) -> None:
        pin = pin_of(x509.load_pem_x509_certificate(certificate().cert_chain_pems[0].bytes()))
        tls = ClientTLS("other.example.com", True, self.trusting, (pin,))
        client, _ = self.connect(tls)
        self.assertIn("not for other.example.com", str(self.assertRaises(TLSError, tls.judge, client, "")))

    def test_with_other_authorities_no_session_of_before_is_resumed(self) -> None:
        tls = ClientTLS("mail.example.com", True, self.trusting)
        full = self.said(tls)
        before = self.client
        tls.remember(before)
        before.set_shutdown(SSL.SENT_SHUTDOWN)
        tls.trust(client_context(True, authority_file(self.mktemp()), BUILT_IN["intermediate"]))
        tls.remember(before)
        self.assertGreater(self.said(tls), full - 50)
        tls.trust(client_context(True, stranger_file(self.mktemp()), BUILT_IN["intermediate"]))
        self.assertRaises(SSL.Error, self.connect, tls)

    def test_an_unknown_authority_is_told(self) -> None:
        tls = ClientTLS("mail.example.com", True, client_context(True, None, BUILT_IN["intermediate"]))
        error = self.assertRaises(SSL.Error, self.connect, tls)
        self.assertIn("refused: ", str(tls.failure(error, self.observer.fault)))
        self.assertTrue(self.observer.fault)

    def shown(self, leaf: trustme.LeafCert) -> Shown:
        file = CertificateFile(write(self.mktemp(), leaf, "ours"))
        return Shown((ServerTLS([file], BUILT_IN["intermediate"]),))

    def test_who_has_our_certificate_is_known_by_it(self) -> None:
        context = client_context("same", None, BUILT_IN["intermediate"])
        tls = ClientTLS("other.example.com", True, context, shown=self.shown(certificate()))
        client, _ = self.connect(tls)
        tls.judge(client, self.observer.fault)
        self.assertTrue(self.observer.fault, "nobody has trusted it for its authority")

    def test_who_was_known_by_it_is_not_any_more_when_ours_is_renewed(self) -> None:
        folder = self.mktemp()
        front = ServerTLS([CertificateFile(write(folder, certificate(), "ours"))], BUILT_IN["intermediate"])
        tls = ClientTLS("mail.example.com", True, client_context("same", None, BUILT_IN["intermediate"]), shown=Shown((front,)))
        client, _ = self.connect(tls)
        tls.judge(client, self.observer.fault)
        write(folder, authority().issue_cert("mail.example.com"), "ours")
        front.poll(1.0)
        front.poll(2.0)
        client, _ = self.connect(tls)
        self.assertRaises(TLSError, tls.judge, client, self.observer.fault)

    def test_who_has_another_one_has_to_be_right(self) -> None:
        ours = self.shown(authority().issue_cert("mail.example.com"))
        for ca, name, fault in (
            (authority_file(self.mktemp()), "mail.example.com", ""),
            (authority_file(self.mktemp()), "other.example.com", "not for other.example.com"),
            (None, "mail.example.com", "its issuer is not among the trusted ones|self-signed|incomplete"),
        ):
            self.observer.fault = ""
            tls = ClientTLS(name, True, client_context("same", ca, BUILT_IN["intermediate"]), shown=ours)
            client, _ = self.connect(tls)
            if fault:
                error = self.assertRaises(TLSError, tls.judge, client, self.observer.fault)
                self.assertRegex(str(error), f"it is not the one that clients see here, and .*({fault})")
            else:
                tls.judge(client, self.observer.fault)

    def said(self, tls: ClientTLS) -> int:
        """What the server says in the handshake; its certificate is most of that, and a resumed one has none."""
        self.client = tls.connection(None, self.observer)
        server = SSL.Connection(self.server, None)
        server.set_accept_state()
        return bytes_of_the_server(self.client, server)

    def test_the_next_connection_resumes_the_session(self) -> None:
        tls = ClientTLS("mail.example.com", True, self.trusting)
        full = self.said(tls)
        tls.remember(self.client)
        self.client.set_shutdown(SSL.SENT_SHUTDOWN)
        self.assertLess(self.said(tls), full - 200)
        tls.judge(self.client, "")

    def test_after_a_failure_nothing_is_resumed(self) -> None:
        tls = ClientTLS("mail.example.com", True, self.trusting)
        full = self.said(tls)
        tls.remember(self.client)
        self.client.set_shutdown(SSL.SENT_SHUTDOWN)
        tls.failure(SSL.Error(), "")
        self.assertGreater(self.said(tls), full - 100)

    def test_a_file_without_authorities_is_an_error(self) -> None:
        self.assertRaises(TLSSettingsError, client_context, True, Path(self.mktemp()), Profile("x"))
