"""Which certificate a client gets, resumption, and renewal."""

import os
from pathlib import Path

from OpenSSL import SSL
from trustme import KeyType
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.certificates import CertificateError, CertificateFile
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.net.tls.tickets import ROTATE
from tests.net.tls.files import write
from tests.net.tls.handshakes import bytes_of_the_server, converse
from tests.net.tlspeer import authority


class ServerTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()

    def file(self, *names: str, kind: KeyType = KeyType.ECDSA, name: str = "") -> CertificateFile:
        return CertificateFile(
            write(self.folder, authority().issue_cert(*names, key_type=kind), name or names[0].replace("*", "any"))
        )

    def tls(self, *files: CertificateFile) -> ServerTLS:
        return ServerTLS(files, BUILT_IN["intermediate"])

    def connect(
        self, tls: ServerTLS, name: str = "", context: SSL.Context | None = None, session: SSL.Session | None = None
    ) -> SSL.Connection:
        client = SSL.Connection(context or SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        client.set_connect_state()
        if name:
            client.set_tlsext_host_name(name.encode())
        if session is not None:
            client.set_session(session)
        converse(client, tls.connection(None, self))
        return client

    def serial(self, tls: ServerTLS, name: str = "", context: SSL.Context | None = None) -> int:
        certificate = self.connect(tls, name, context).get_peer_certificate()
        assert certificate is not None
        return certificate.get_serial_number()


class ChoiceTests(ServerTestCase):
    def test_an_exact_name_wins_over_a_wildcard_and_the_first_is_for_all_others(self) -> None:
        tls = self.tls(self.file("first.example.org"), self.file("*.example.com"), self.file("mail.example.com"))
        first, wild, exact = (identity.chain[0].serial_number for identity in tls.identities)
        for name, wanted in (
            ("", first),
            ("unknown.example.net", first),
            ("mail.example.com", exact),
            ("MAIL.example.com", exact),
            ("owa.example.com", wild),
            ("a.b.example.com", first),
        ):
            self.assertEqual(self.serial(tls, name), wanted, name)

    def test_rsa_and_ecdsa_stand_side_by_side(self) -> None:
        names = ("mail.example.com",)
        tls = self.tls(self.file(*names, kind=KeyType.RSA, name="rsa"), self.file(*names, name="ec"))
        rsa, ec = (identity.chain[0].serial_number for identity in tls.identities)
        for ciphers, wanted in ((b"ECDHE-RSA-AES128-GCM-SHA256", rsa), (b"ECDHE-ECDSA-AES128-GCM-SHA256", ec)):
            for name in ("", "mail.example.com"):
                context = SSL.Context(SSL.TLS_CLIENT_METHOD)
                context.set_max_proto_version(SSL.TLS1_2_VERSION)
                context.set_cipher_list(ciphers)
                self.assertEqual(self.serial(tls, name, context), wanted)

    def test_the_chain_is_sent(self) -> None:
        child = authority().create_child_ca()
        tls = self.tls(CertificateFile(write(self.folder, child.issue_cert("mail.example.com"), "child")))
        chain = self.connect(tls).get_peer_cert_chain()
        self.assertEqual(len(chain or []), 2)

    def test_a_certificate_that_cannot_be_used_is_an_error(self) -> None:
        self.assertRaises(CertificateError, self.tls, CertificateFile(Path(self.folder, "none.pem")))


class ResumptionTests(ServerTestCase):
    def test_a_session_is_resumed_in_both_versions_until_the_keys_rotate(self) -> None:
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            tls = self.tls(self.file("mail.example.com"))
            context = SSL.Context(SSL.TLS_CLIENT_METHOD)
            context.set_max_proto_version(version)
            sizes = []
            session = None
            for step in range(4):
                if step == 3:
                    self.assertFalse(tls.poll(ROTATE))
                client = SSL.Connection(context, None)
                client.set_connect_state()
                if session is not None:
                    client.set_session(session)
                server = tls.connection(None, self)
                sizes.append(bytes_of_the_server(client, server))
                session = client.get_session()
                client.set_shutdown(SSL.SENT_SHUTDOWN)  # OpenSSL resumes no session whose connection was cut
            full, first, second, rotated = sizes
            self.assertLess(first, full - 200)
            self.assertLess(second, full - 200)
            self.assertGreater(rotated, first + 200)


class RenewalTests(ServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.file("mail.example.com", name="a")
        self.server = self.tls(self.source)
        self.before = self.serial(self.server)
        self.renewals = 0

    def renew(self, data: bytes | None = None) -> None:
        if data is None:
            self.file("mail.example.com", name="a")
        else:
            self.source.file.write_bytes(data)
        self.renewals += 1
        os.utime(self.source.file, (self.renewals, self.renewals))

    def test_what_has_not_changed_is_not_read(self) -> None:
        self.assertFalse(self.server.poll(1.0))
        self.assertEqual(self.serial(self.server), self.before)

    def test_a_new_file_is_used_when_it_has_stayed_the_same_for_one_more_look(self) -> None:
        live = self.connect(self.server)
        self.renew()
        self.assertFalse(self.server.poll(1.0))
        self.assertEqual(self.serial(self.server), self.before)
        self.assertTrue(self.server.poll(2.0))
        self.assertNotEqual(self.serial(self.server), self.before)
        self.assertEqual(live.get_state_string(), b"SSL negotiation finished successfully")

    def test_tickets_are_good_after_a_renewal(self) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        sizes = []
        session = None
        for _ in range(2):
            client = SSL.Connection(context, None)
            client.set_connect_state()
            if session is not None:
                client.set_session(session)
            sizes.append(bytes_of_the_server(client, self.server.connection(None, self)))
            session = client.get_session()
            client.set_shutdown(SSL.SENT_SHUTDOWN)  # OpenSSL resumes no session whose connection was cut
            self.renew()
            self.assertEqual([self.server.poll(1.0), self.server.poll(2.0)], [False, True])
        full, resumed = sizes
        self.assertLess(resumed, full - 200)
        self.assertNotEqual(self.serial(self.server), self.before)

    def test_a_broken_file_keeps_the_old_and_is_told_once(self) -> None:
        self.renew(b"nonsense")
        self.assertFalse(self.server.poll(1.0))
        self.assertRaises(CertificateError, self.server.poll, 2.0)
        self.assertFalse(self.server.poll(3.0))
        self.assertEqual(self.serial(self.server), self.before)

    def test_a_file_that_is_gone_keeps_the_old(self) -> None:
        self.source.file.unlink()
        self.assertFalse(self.server.poll(1.0))
        self.assertRaises(CertificateError, self.server.poll, 2.0)
        self.assertEqual(self.serial(self.server), self.before)
