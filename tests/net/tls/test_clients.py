"""Certificates of clients: who is let in, what is said to others, and what resumption keeps."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.certificates import CertificateError, CertificateFile
from exproxy.net.tls.clients import AuthoritiesError, ClientCertificates, load_authorities
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from tests.net.tls.files import authority_file, crl_file, intermediate, write
from tests.net.tls.handshakes import bytes_of_the_server, converse
from tests.net.tlspeer import authority, certificate, expired, stranger

VERSIONS = (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION)


class Observer:
    """As a stream: it is told of faults in the chain."""

    def __init__(self) -> None:
        self.fault = ""

    def chain_fault(self, fault: str) -> None:
        self.fault = self.fault or fault


class ClientTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        self.ca = authority_file(self.folder)
        self.file = CertificateFile(write(self.folder, certificate(), "mail"))

    def tls(self, required: bool = True, crl: Path | None = None) -> ServerTLS:
        return ServerTLS([self.file], BUILT_IN["intermediate"], clients=ClientCertificates(self.ca, required, crl))

    def context(self, leaf: trustme.LeafCert | None, version: int = SSL.TLS1_3_VERSION) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(version)
        if leaf is not None:
            leaf.configure_cert(context)
        return context

    def shown(self, tls: ServerTLS, leaf: trustme.LeafCert | None, version: int = SSL.TLS1_3_VERSION) -> int | None:
        """The serial number of the certificate that the server sees."""
        server = tls.connection(None, Observer())
        client = SSL.Connection(self.context(leaf, version), None)
        client.set_connect_state()
        converse(client, server)
        tls.judge(server, "")
        found = server.get_peer_certificate()
        return None if found is None else found.get_serial_number()

    def fault(self, tls: ServerTLS, leaf: trustme.LeafCert | None, version: int = SSL.TLS1_3_VERSION) -> str:
        """What is said of a handshake that fails."""
        observer = Observer()
        client = SSL.Connection(self.context(leaf, version), None)
        client.set_connect_state()
        error = self.assertRaises(SSL.Error, converse, client, tls.connection(None, observer))
        return str(tls.failure(error, observer.fault))


class VerifyTests(ClientTestCase):
    def test_who_has_one_is_let_in_and_known(self) -> None:
        leaf = authority().issue_cert("anna@example.com")
        for version in VERSIONS:
            self.assertIsNotNone(self.shown(self.tls(), leaf, version))

    def test_who_has_none_is_refused_where_one_is_required(self) -> None:
        for version in VERSIONS:
            self.assertEqual(
                self.fault(self.tls(), None, version), "the client has shown no certificate, and has to show one here"
            )
            self.assertIsNone(self.shown(self.tls(False), None, version))

    def test_a_bad_one_is_refused_also_where_none_is_required(self) -> None:
        for required in (True, False):
            for leaf, words in (
                (stranger().issue_cert("anna@example.com"), "its issuer is not among the trusted ones"),
                (expired("anna@example.com"), "it has expired"),
            ):
                fault = self.fault(self.tls(required), leaf)
                self.assertEqual(fault, f"the client's certificate is refused: {words}")

    def test_the_chain_may_come_from_the_client(self) -> None:
        self.assertIsNotNone(self.shown(self.tls(), intermediate().issue_cert("anna@example.com")))

    def test_clients_are_told_whom_we_believe(self) -> None:
        client = SSL.Connection(self.context(None), None)
        client.set_connect_state()
        converse(client, self.tls(False).connection(None, Observer()))
        self.assertEqual(len(client.get_client_ca_list()), 1)

    def test_nobody_is_asked_without(self) -> None:
        tls = ServerTLS([self.file], BUILT_IN["intermediate"])
        self.assertIsNone(self.shown(tls, stranger().issue_cert("anna@example.com")))


class RevocationTests(ClientTestCase):
    def test_who_is_revoked_is_refused_and_others_are_not(self) -> None:
        good, bad = authority().issue_cert("anna@example.com"), authority().issue_cert("bert@example.com")
        tls = self.tls(crl=crl_file(self.folder, authority(), bad))
        self.assertEqual(self.fault(tls, bad), "the client's certificate is refused: it is revoked")
        self.assertIsNotNone(self.shown(tls, good))

    def test_an_authority_between_may_be_revoked(self) -> None:
        leaf = intermediate().issue_cert("anna@example.com")
        below = crl_file(self.folder, intermediate(), name="below.pem").read_bytes()
        for revoked, words in (((), ""), ((intermediate(),), "it is revoked (certificate 1 of the chain")):
            crl = crl_file(self.folder, authority(), *revoked)
            tls = self.tls(crl=crl)
            self.assertIn("there is no revocation list of its issuer", self.fault(tls, leaf))
            crl.write_bytes(crl.read_bytes() + below)
            tls = self.tls(crl=crl)
            if words:
                self.assertIn(words, self.fault(tls, leaf))
            else:
                self.assertIsNotNone(self.shown(tls, leaf))

    def test_a_list_that_is_out_of_date_lets_nobody_in_and_is_told(self) -> None:
        tls = self.tls(crl=crl_file(self.folder, authority(), days=-1))
        fault = self.fault(tls, authority().issue_cert("anna@example.com"))
        self.assertIn("the revocation list of its issuer is out of date", fault)
        self.assertTrue(any("crl.pem: the list of" in warning for warning in tls.warnings()))

    def test_an_authority_without_a_list_is_an_error(self) -> None:
        crl = crl_file(self.folder, stranger())
        error = self.assertRaises(AuthoritiesError, self.tls, crl=crl)
        self.assertIn("crl.pem has no list of ", str(error))

    def test_whoever_is_revoked_while_we_run_cannot_resume(self) -> None:
        leaf = authority().issue_cert("anna@example.com")
        for version in VERSIONS:
            crl = crl_file(self.folder, authority())
            tls, context = self.tls(crl=crl), self.context(leaf, version)
            session = self.session(tls, context)
            crl_file(self.folder, authority(), leaf)
            os.utime(crl, (version, version))
            self.assertEqual([tls.poll(1.0), tls.poll(2.0)], [False, True])
            client = SSL.Connection(context, None)
            client.set_connect_state()
            client.set_session(session)
            self.assertRaises(SSL.Error, converse, client, tls.connection(None, Observer()))

    def test_nor_when_the_lists_are_only_read_after_another_file_was_mended(self) -> None:
        leaf = authority().issue_cert("anna@example.com")
        crl = crl_file(self.folder, authority())
        tls, context = self.tls(crl=crl), self.context(leaf, SSL.TLS1_2_VERSION)
        session, good = self.session(tls, context), self.file.file.read_bytes()
        crl_file(self.folder, authority(), leaf)
        self.file.file.write_text("nonsense")
        self.assertFalse(tls.poll(1.0))
        self.assertRaises(CertificateError, tls.poll, 2.0)
        self.file.file.write_bytes(good)
        self.assertEqual([tls.poll(3.0), tls.poll(4.0)], [False, True])
        self.assertEqual(set(tls.renewed), {self.file.file, crl})
        client = SSL.Connection(context, None)
        client.set_connect_state()
        client.set_session(session)
        self.assertRaises(SSL.Error, converse, client, tls.connection(None, Observer()))

    def session(self, tls: ServerTLS, context: SSL.Context) -> SSL.Session:
        client = SSL.Connection(context, None)
        client.set_connect_state()
        converse(client, tls.connection(None, Observer()))
        session = client.get_session()
        client.set_shutdown(SSL.SENT_SHUTDOWN)
        assert session is not None
        return session


class ResumptionTests(ClientTestCase):
    def test_a_resumed_session_keeps_the_certificate_also_after_a_renewal_of_ours(self) -> None:
        leaf = authority().issue_cert("anna@example.com")
        for version in VERSIONS:
            tls, context = self.tls(), self.context(leaf, version)
            sizes, serials = [], set()
            session = None
            for step in range(3):
                if step == 2:
                    os.utime(self.file.file, (version, version))
                    self.assertEqual([tls.poll(1.0), tls.poll(2.0)], [False, True])
                client = SSL.Connection(context, None)
                client.set_connect_state()
                if session is not None:
                    client.set_session(session)
                server = tls.connection(None, Observer())
                sizes.append(bytes_of_the_server(client, server))
                found = server.get_peer_certificate()
                assert found is not None
                serials.add(found.get_serial_number())
                session = client.get_session()
                client.set_shutdown(SSL.SENT_SHUTDOWN)
            self.assertEqual(len(serials), 1)
            self.assertTrue(all(size < sizes[0] - 200 for size in sizes[1:]), sizes)


class FileTests(ClientTestCase):
    def fault_of(self, ca: Path, crl: Path | None = None) -> str:
        return str(self.assertRaises(AuthoritiesError, load_authorities, ClientCertificates(ca, True, crl)))

    def test_files_that_are_nothing(self) -> None:
        nothing = Path(self.folder, "nothing.pem")
        self.assertIn("cannot read ", self.fault_of(nothing))
        nothing.write_text("nonsense")
        self.assertIn("nothing.pem holds no certificate", self.fault_of(nothing))
        nothing.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.assertIn("nothing.pem: a certificate is damaged", self.fault_of(nothing))
        self.assertIn("nothing.pem holds no certificate revocation list", self.fault_of(self.ca, nothing))
        nothing.write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        self.assertIn("nothing.pem: a certificate revocation list is damaged", self.fault_of(self.ca, nothing))

    def test_an_authority_that_expires_is_told(self) -> None:
        found = load_authorities(ClientCertificates(self.ca, True))
        end = found.certificates[0].not_valid_after_utc
        self.assertEqual(found.warnings(datetime.now(UTC), 14), [])
        self.assertIn("expires in 2 days", found.warnings(end - timedelta(days=2, hours=1), 14)[0])
        self.assertIn("expired on", found.warnings(end, 14)[0])

    def test_a_broken_renewal_keeps_the_old(self) -> None:
        tls = self.tls()
        self.ca.write_text("nonsense")
        self.assertFalse(tls.poll(1.0))
        self.assertRaises(AuthoritiesError, tls.poll, 2.0)
        self.assertIsNotNone(self.shown(tls, authority().issue_cert("anna@example.com")))
