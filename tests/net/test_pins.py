"""Hashes of public keys."""

from base64 import b64encode
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.pins import pin_fault, pin_of
from tests.net.tlspeer import certificate


class PinTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.certificate = x509.load_pem_x509_certificate(certificate().cert_chain_pems[0].bytes())

    def test_it_is_the_hash_of_the_key(self) -> None:
        key = load_pem_private_key(certificate().private_key_pem.bytes(), None).public_key()
        digest = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        self.assertEqual(pin_of(self.certificate), "sha256/" + b64encode(digest).decode())

    def test_one_of_several_is_enough(self) -> None:
        pin = pin_of(self.certificate)
        self.assertEqual(pin_fault(self.certificate, ("sha256/other", pin)), "")

    def test_another_key_is_told(self) -> None:
        fault = pin_fault(self.certificate, ("sha256/other",))
        self.assertEqual(fault, f"its key is not a pinned one: it is {pin_of(self.certificate)}")

    def test_no_certificate_has_no_key(self) -> None:
        self.assertIn("the server has none", pin_fault(None, ("sha256/other",)))
