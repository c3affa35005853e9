"""OCSP answers from files: which are stapled, and why others are not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp
from OpenSSL import SSL
from trustme import KeyType
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.certificates import CertificateFile, load
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.net.tls.stapling import LARGEST, StapleError, judge, read
from tests.net.tls.files import intermediate, ocsp_answer, write
from tests.net.tls.handshakes import converse
from tests.net.tlspeer import authority, stranger

NOW = datetime.now(UTC)
LEAF = intermediate().issue_cert("mail.example.com")
CHAIN = [x509.load_pem_x509_certificate(blob.bytes()) for blob in LEAF.cert_chain_pems]


class JudgeTests(SynchronousTestCase):
    def fault(self, data: bytes) -> str:
        return str(self.assertRaises(StapleError, judge, data, CHAIN))

    def test_a_good_answer_is_good_for_its_time(self) -> None:
        staple = judge(ocsp_answer(LEAF, NOW), CHAIN)
        moments = [staple.begin - timedelta(seconds=1), staple.begin, staple.end - timedelta(seconds=1), staple.end]
        self.assertEqual([staple.usable(moment) for moment in moments], [False, True, True, False])
        self.assertEqual([len(staple.warnings(moment)) for moment in moments], [1, 0, 0, 1])

    def test_what_is_no_answer(self) -> None:
        self.assertEqual(self.fault(b"nonsense"), "it is no OCSP answer in DER form")
        refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        self.assertEqual(self.fault(b"0\x03\n\x01\x03"), "the authority had no answer: try later")
        self.assertEqual(refused.response_status, ocsp.OCSPResponseStatus.TRY_LATER)

    def test_an_answer_about_another_certificate(self) -> None:
        self.assertIn("about another certificate", self.fault(ocsp_answer(intermediate().issue_cert("mail.example.com"))))

    def test_an_answer_by_somebody_else(self) -> None:
        for signer in (stranger(), stranger().issue_cert("x.example.com"), intermediate().issue_cert("x.example.com")):
            self.assertIn("signed neither by", self.fault(ocsp_answer(LEAF, signer=signer)))

    def test_bad_news(self) -> None:
        for status, word in ((ocsp.OCSPCertStatus.REVOKED, "revoked"), (ocsp.OCSPCertStatus.UNKNOWN, "unknown")):
            self.assertEqual(self.fault(ocsp_answer(LEAF, status=status)), f"it says that the certificate is {word}")

    def test_an_answer_without_an_end(self) -> None:
        self.assertIn("until when", self.fault(ocsp_answer(LEAF, days=None)))

    def test_a_certificate_without_its_issuer(self) -> None:
        error = self.assertRaises(StapleError, judge, ocsp_answer(LEAF), CHAIN[:1])
        self.assertIn("the issuer's certificate is not in the file", str(error))


class FileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        self.file = write(self.folder, LEAF, "mail")
        self.beside = Path(self.folder, "mail.pem.ocsp")

    def test_it_stands_beside_the_certificate(self) -> None:
        self.assertIsNone(load(CertificateFile(self.file)).staple)
        self.beside.write_bytes(ocsp_answer(LEAF))
        identity = load(CertificateFile(self.file))
        self.assertIsNotNone(identity.staple)
        self.assertEqual(identity.warnings(NOW), [])

    def test_or_elsewhere(self) -> None:
        elsewhere = Path(self.folder, "answer")
        (warning,) = load(CertificateFile(self.file, ocsp=elsewhere)).warnings(NOW)
        self.assertIn("there is no OCSP answer in ", warning)
        elsewhere.write_bytes(ocsp_answer(LEAF))
        self.assertIsNotNone(load(CertificateFile(self.file, ocsp=elsewhere)).staple)

    def test_a_wrong_one_is_told_and_the_certificate_is_used(self) -> None:
        self.beside.write_bytes(b"nonsense")
        identity = load(CertificateFile(self.file))
        self.assertIsNone(identity.staple)
        self.assertEqual(identity.warnings(NOW), [f"{self.beside} is not stapled: it is no OCSP answer in DER form"])

    def test_a_huge_file_is_not_read(self) -> None:
        self.beside.write_bytes(bytes(LARGEST + 1))
        self.assertIn("larger than 64 KB", str(self.assertRaises(StapleError, read, self.beside, CHAIN)))

    def test_one_that_is_out_of_date_is_told(self) -> None:
        self.beside.write_bytes(ocsp_answer(LEAF, NOW - timedelta(days=5)))
        (warning,) = load(CertificateFile(self.file)).warnings(NOW)
        self.assertIn("is not stapled any more", warning)


class HandshakeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()

    def file(self, kind: KeyType, name: str, **answer: object) -> CertificateFile:
        leaf = intermediate().issue_cert("mail.example.com", key_type=kind)
        file = write(self.folder, leaf, name)
        if answer:
            file.with_name(f"{name}.pem.ocsp").write_bytes(ocsp_answer(leaf, **answer))  # type: ignore[arg-type]  # its own words
        return CertificateFile(file)

    def stapled(self, tls: ServerTLS, ciphers: bytes = b"ALL", asks: bool = True) -> bytes | None:
        got: list[bytes] = []
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(ciphers)
        context.set_ocsp_client_callback(lambda _connection, data, _more: not got.append(data))
        client = SSL.Connection(context, None)
        client.set_connect_state()
        if asks:
            client.request_ocsp()
        converse(client, tls.connection(None, self))
        return got[0] if got else None

    def test_each_certificate_has_its_own(self) -> None:
        files = [self.file(KeyType.RSA, "rsa", days=1), self.file(KeyType.ECDSA, "ec", days=2)]
        tls = ServerTLS(files, BUILT_IN["intermediate"])
        for identity, ciphers in zip(tls.identities, (b"aRSA", b"aECDSA"), strict=True):
            assert identity.staple is not None
            self.assertEqual(self.stapled(tls, ciphers), identity.staple.data)

    def test_who_does_not_ask_gets_none(self) -> None:
        tls = ServerTLS([self.file(KeyType.ECDSA, "ec", days=2)], BUILT_IN["intermediate"])
        self.assertIsNone(self.stapled(tls, asks=False))

    def test_one_that_is_out_of_date_is_not_sent(self) -> None:
        tls = ServerTLS([self.file(KeyType.ECDSA, "ec", begin=NOW - timedelta(days=3))], BUILT_IN["intermediate"])
        self.assertIn(self.stapled(tls), (b"", None))

    def test_one_that_is_fetched_later_is_picked_up(self) -> None:
        leaf = intermediate().issue_cert("mail.example.com")
        file = write(self.folder, leaf, "late")
        tls = ServerTLS([CertificateFile(file)], BUILT_IN["intermediate"])
        self.assertIn(self.stapled(tls), (b"", None))
        answer = ocsp_answer(leaf)
        file.with_name("late.pem.ocsp").write_bytes(answer)
        self.assertEqual([tls.poll(1.0), tls.poll(2.0)], [False, True])
        self.assertEqual(tls.renewed, (file.with_name("late.pem.ocsp"),))
        self.assertEqual(self.stapled(tls), answer)

    def test_a_root_alone_needs_its_certificate_in_the_file(self) -> None:
        leaf = authority().issue_cert("mail.example.com")
        file = write(self.folder, leaf, "root")
        file.with_name("root.pem.ocsp").write_bytes(ocsp_answer(leaf))
        self.assertTrue(any("is not stapled" in one for one in ServerTLS([CertificateFile(file)], BUILT_IN["mx"]).warnings()))
