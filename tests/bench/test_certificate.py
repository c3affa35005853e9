"""The throw-away certificate."""

import ssl
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from twisted.trial.unittest import SynchronousTestCase

from bench.certificate import make_certificate


class CertificateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = make_certificate(Path(self.mktemp()))

    def test_key_and_certificate_in_one_file_are_a_pair(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        self.assertEqual(context.cert_store_stats()["x509"], 0)

    def test_it_is_rsa_2048(self) -> None:
        key = load_pem_x509_certificate(self.path.read_bytes()).public_key()
        assert isinstance(key, RSAPublicKey)
        self.assertEqual(key.key_size, 2048)

    def test_nobody_else_may_read_it(self) -> None:
        self.assertEqual(self.path.stat().st_mode & 0o077, 0)
