"""What a certificate says."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.certificate import PeerCertificate, is_address, read_certificate
from exproxy.net.tlscontext import TLSContextSettings, client_context
from tests.net.test_tlscontext import shake
from tests.net.tlspeer import authority


class ReadCertificateTests(SynchronousTestCase):
    def setUp(self) -> None:
        server = SSL.Context(SSL.TLS_SERVER_METHOD)
        authority().issue_cert("mail.example.com", "*.corp.example.com", "192.0.2.1", "2001:db8::1").configure_cert(server)
        self.connection = shake(client_context(TLSContextSettings(verify=False)), server)

    def read(self, name: str) -> PeerCertificate:
        certificate = read_certificate(self.connection, name, "")
        assert certificate is not None
        return certificate

    def test_names_and_addresses_are_listed(self) -> None:
        self.assertEqual(self.read("x").names, ("mail.example.com", "*.corp.example.com", "192.0.2.1", "2001:db8::1"))

    def test_names_addresses_and_wildcards_match(self) -> None:
        for name in ("mail.example.com", "ex1.corp.example.com", "192.0.2.1", "2001:db8::1"):
            self.assertEqual(self.read(name).name_fault, "")

    def test_another_address_does_not_match(self) -> None:
        self.assertIn("not for 192.0.2.2", self.read("192.0.2.2").name_fault)

    def test_a_name_that_is_none_is_a_fault_and_no_error(self) -> None:
        self.assertIn("not a host name", self.read("ex_1 .").name_fault)

    def test_days_left_are_counted_from_now(self) -> None:
        certificate = self.read("x")
        now = certificate.not_after - timedelta(days=10)
        self.assertEqual(certificate.days_left(now), 10.0)
        self.assertLess(certificate.days_left(certificate.not_after + timedelta(days=1)), 0)
        self.assertGreater(certificate.days_left(datetime.now(UTC)), 0)

    def test_no_certificate_is_none(self) -> None:
        fresh = SSL.Connection(client_context(TLSContextSettings(verify=False)), None)
        self.assertIsNone(read_certificate(fresh, "x", ""))

    def test_a_certificate_without_names_is_the_one_of_nobody(self) -> None:
        server = SSL.Context(SSL.TLS_SERVER_METHOD)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.com")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
        server.use_certificate(builder.sign(key, hashes.SHA256()))
        server.use_privatekey(key)
        connection = shake(client_context(TLSContextSettings(verify=False)), server)
        certificate = read_certificate(connection, "mail.example.com", "")
        assert certificate is not None
        self.assertEqual((certificate.subject, certificate.names), ("CN=mail.example.com", ()))
        self.assertIn("it names no host", certificate.name_fault)


class IsAddressTests(SynchronousTestCase):
    def test_literals_are_addresses_and_names_are_not(self) -> None:
        self.assertEqual([is_address(name) for name in ("192.0.2.1", "::1", "mail.example.com")], [True, True, False])
