"""Certificates from files: every way in which one is wrong has its sentence."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from trustme import KeyType
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.certificates import CertificateError, CertificateFile, Identity, load
from tests.net.tls.files import pfx_file, write
from tests.net.tlspeer import authority, certificate, expired, stranger


class LoadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        Path(self.folder).mkdir()

    def file(self, data: bytes, name: str = "a.pem") -> Path:
        path = Path(self.folder, name)
        path.write_bytes(data)
        return path

    def fault(self, *source: object) -> str:
        error = self.assertRaises(CertificateError, load, CertificateFile(*source))  # type: ignore[arg-type]
        return str(error).replace(f"{self.folder}{os.sep}", "")

    def test_a_pem_file_of_everything(self) -> None:
        identity = load(CertificateFile(write(self.folder, certificate(), "all")))
        self.assertEqual((identity.names, identity.kind), (("mail.example.com",), "EC"))

    def test_a_key_in_a_file_of_its_own(self) -> None:
        chain = self.file(b"".join(blob.bytes() for blob in certificate().cert_chain_pems))
        self.assertIn("holds no private key", self.fault(chain))
        key = self.file(certificate().private_key_pem.bytes(), "key.pem")
        self.assertEqual(load(CertificateFile(chain, key)).kind, "EC")

    def test_an_encrypted_key(self) -> None:
        key = load_pem_private_key(certificate().private_key_pem.bytes(), None)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
        path = self.file(b"".join(blob.bytes() for blob in certificate().cert_chain_pems) + secret)
        self.assertEqual(load(CertificateFile(path, None, "word")).kind, "EC")
        self.assertIn("the key is encrypted", self.fault(path))
        self.assertIn("the password is wrong", self.fault(path, None, "other"))

    def test_a_pfx_with_its_password(self) -> None:
        leaf = authority().issue_cert("mail.example.com", key_type=KeyType.RSA)
        path = pfx_file(self.folder, leaf, "word")
        self.assertEqual(load(CertificateFile(path, None, "word")).kind, "RSA")
        self.assertIn("has another password", self.fault(path, None, "other"))
        self.assertIn("needs a password", self.fault(path))

    def test_a_pfx_is_put_in_order(self) -> None:
        child = authority().create_child_ca()
        leaf = child.issue_cert("mail.example.com")
        identity = load(CertificateFile(pfx_file(self.folder, leaf, "x"), None, "x"))
        self.assertEqual(len(identity.chain), len(leaf.cert_chain_pems))

    def test_another_certificates_key(self) -> None:
        other = self.file(stranger().issue_cert("x.example.com").private_key_pem.bytes(), "key.pem")
        path = self.file(certificate().cert_chain_pems[0].bytes())
        self.assertIn("key.pem: the key is not that of the certificate", self.fault(path, other))

    def test_a_chain_out_of_order(self) -> None:
        data = certificate().private_key_and_cert_chain_pem.bytes() + stranger().cert_pem.bytes()
        self.assertIn("did not sign the one before it", self.fault(self.file(data)))

    def test_files_that_are_nothing(self) -> None:
        self.assertIn("cannot read none.pem: no such file", self.fault(Path(self.folder, "none.pem")))
        self.assertIn("neither PEM nor a PFX", self.fault(self.file(b"\x30\x82nonsense")))
        self.assertIn("holds no certificate", self.fault(self.file(certificate().private_key_pem.bytes())))
        self.assertIn("damaged", self.fault(self.file(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")))
        broken = certificate().cert_chain_pems[0].bytes() + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        self.assertIn("the key is damaged", self.fault(self.file(broken)))


class WarningTests(SynchronousTestCase):
    def identity(self, leaf: object) -> Identity:
        return load(CertificateFile(write(self.mktemp(), leaf, "a")))  # type: ignore[arg-type]

    def warning(self, leaf: object) -> str:
        (warning,) = self.identity(leaf).warnings(datetime.now(UTC))
        return warning.partition("a.pem: ")[2]

    def test_what_is_well_has_none(self) -> None:
        now = datetime.now(UTC)
        leaf = authority().issue_cert("x.example.com", not_before=now, not_after=now + timedelta(days=90))
        found = self.identity(leaf).warnings(now + timedelta(minutes=1))
        self.assertEqual([one for one in found if "issuer" not in one], [])

    def test_one_that_has_expired_or_will_soon(self) -> None:
        self.assertTrue(any("expired on" in one for one in self.identity(expired("x.example.com")).warnings(datetime.now(UTC))))
        now = datetime.now(UTC)
        soon = authority().issue_cert("x.example.com", not_before=now, not_after=now + timedelta(days=3, hours=1))
        self.assertTrue(any("expires in 3 days" in one for one in self.identity(soon).warnings(now)))

    def test_one_that_is_not_valid_yet(self) -> None:
        now = datetime.now(UTC)
        leaf = authority().issue_cert("x.example.com", not_before=now + timedelta(days=1), not_after=now + timedelta(days=99))
        self.assertTrue(any("is not valid before" in one for one in self.identity(leaf).warnings(now)))

    def test_one_without_its_issuer(self) -> None:
        leaf = authority().create_child_ca().issue_cert("x.example.com")
        identity = self.identity(leaf)
        alone = Identity(identity.source, identity.chain[:1], identity.key, identity.names, identity.kind)
        self.assertTrue(any("is not in the file" in one for one in alone.warnings(datetime.now(UTC))))
