"""Chains: who signed whom, and what clients will not like."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.chains import ChainError, check_order, signed_by, warnings

NOW = datetime.now(UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Made:
    """A certificate with its key."""

    def __init__(
        self,
        subject: str,
        signer: "Made | None" = None,
        days: int = 100,
        key: Key | None = None,
        ca: bool | None = True,
        usage: x509.ObjectIdentifier | None = None,
        digest: HashAlgorithm | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        issuer = signer or self
        builder = x509.CertificateBuilder().subject_name(name(subject)).serial_number(7).public_key(self.key.public_key())
        builder = builder.issuer_name(name(subject) if signer is None else signer.certificate.subject)
        builder = builder.not_valid_before(NOW - timedelta(days=500)).not_valid_after(NOW + timedelta(days=days, hours=1))
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self.certificate = builder.sign(issuer.key, digest or SHA256())


class OrderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Made("root")
        self.middle = Made("middle", self.root)
        self.leaf = Made("leaf", self.middle, ca=None)

    def fault(self, *chain: Made) -> str:
        return str(self.assertRaises(ChainError, check_order, [one.certificate for one in chain]))

    def test_leaf_intermediate_root(self) -> None:
        check_order([one.certificate for one in (self.leaf, self.middle, self.root)])
        check_order([self.leaf.certificate])
        self.assertTrue(signed_by(self.leaf.certificate, self.middle.certificate))

    def test_out_of_order(self) -> None:
        self.assertEqual(
            self.fault(self.leaf, self.root, self.middle),
            "certificate 2 (CN=root) did not sign the one before it, whose issuer is CN=middle: the order is certificate,"
            " intermediates, root",
        )

    def test_an_authority_of_the_same_name_with_another_key(self) -> None:
        fault = self.fault(self.leaf, Made("middle", self.root))
        self.assertIn("certificate 2 (CN=middle) has the name of the issuer of the one before it, but another key", fault)


class WarningTests(SynchronousTestCase):
    def said(self, *chain: Made, days: int = 14) -> list[str]:
        return warnings([one.certificate for one in chain], ("leaf",), NOW, days)

    def test_what_is_well_has_none(self) -> None:
        root = Made("root")
        self.assertEqual(self.said(Made("leaf", root, usage=ExtendedKeyUsageOID.SERVER_AUTH), root), [])

    def test_an_intermediate_that_expires(self) -> None:
        root = Made("root")
        for days, words in ((3, "expires in 3 days"), (1, "expires in 1 day ("), (-2, "expired on")):
            (said,) = self.said(Made("leaf", middle := Made("middle", root, days=days)), middle)
            self.assertIn(f"certificate 2 of the chain (CN=middle) {words}", said)

    def test_warnings_begin_as_many_days_before_as_is_said(self) -> None:
        root = Made("root")
        leaf = Made("leaf", root, days=20)
        self.assertEqual([len(self.said(leaf, root, days=days)) for days in (19, 20, 21)], [0, 0, 1])

    def test_who_may_not_sign(self) -> None:
        for ca in (False, None):
            root = Made("root", ca=ca)
            (said,) = self.said(Made("leaf", root), root)
            self.assertIn("certificate 2 of the chain (CN=root) is not that of an authority", said)

    def test_a_certificate_for_something_else(self) -> None:
        root = Made("root")
        (said,) = self.said(Made("leaf", root, usage=ExtendedKeyUsageOID.CLIENT_AUTH), root)
        self.assertIn("is not meant for servers", said)

    def test_a_small_key(self) -> None:
        root = Made("root")
        (said,) = self.said(Made("leaf", root, key=rsa.generate_private_key(65537, 1024)), root)
        self.assertEqual(said, "the certificate has a key of 1024 bits, and clients want 2048")

    def test_a_missing_intermediate(self) -> None:
        (said,) = self.said(Made("leaf", Made("middle")))
        self.assertIn("the certificate of the issuer (CN=middle) is not in the file", said)
