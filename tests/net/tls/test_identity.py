"""What is told of a client's certificate fits into a header, whatever stands in the certificate."""

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.model import CLIENT_HEADERS
from exproxy.net.tls.identity import FACTS, check_readable, told
from exproxy.wire.web.rules import header_line


def made(name: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ex")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(0xABC).not_valid_before(datetime(2026, 1, 2, tzinfo=UTC))
    return builder.not_valid_after(datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)).sign(key, SHA256())


class FactTests(SynchronousTestCase):
    def test_each_fact(self) -> None:
        certificate = made("anna")
        der = b64encode(certificate.public_bytes(Encoding.DER)).decode()
        found = {name: tell(certificate) for name, tell in FACTS.items()}
        self.assertEqual(unquote(found.pop("pem")), certificate.public_bytes(Encoding.PEM).decode())
        self.assertEqual({len(found.pop("sha1")), len(found.pop("sha256"))}, {40, 64})
        self.assertEqual(
            found,
            {
                "verify": "SUCCESS",
                "subject": "O=Ex,CN=anna",
                "name": "anna",
                "issuer": "CN=Authority",
                "serial": "ABC",
                "not_before": "2026-01-02T00:00:00Z",
                "not_after": "2027-01-02T03:04:05Z",
                "der": der,
                "client-cert": f":{der}:",
            },
        )

    def test_nothing_breaks_out_of_its_line(self) -> None:
        for name in ("J\u00fcrgen", "a\r\nX-SSL-Client-Verify: SUCCESS", " blank ", "\U0001f600", "tab\tnul\0"):
            certificate = made(name)
            check_readable(certificate)
            for line, value in told(dict(CLIENT_HEADERS), certificate).items():
                assert value is not None
                self.assertTrue(header_line(line, value).isascii())
        self.assertEqual(FACTS["name"](made("J\u00fcrgen")), "J\\C3\\BCrgen")
        self.assertEqual(FACTS["name"](made("a\r\nb")), "a\\0D\\0Ab")

    def test_without_a_certificate_only_that_is_told(self) -> None:
        found = told({"X-V": "verify", "X-S": "subject", "X-C": "client-cert"}, None)
        self.assertEqual(found, {"X-V": "NONE", "X-S": None, "X-C": None})
        check_readable(None)

    def test_what_is_empty_is_no_line(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([])).public_key(key.public_key())
        builder = builder.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        builder = builder.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        self.assertEqual(told({"X-S": "subject", "X-N": "name"}, builder.sign(key, SHA256())), {"X-S": None, "X-N": None})
