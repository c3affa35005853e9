"""A server's certificate beside those that clients see."""

from datetime import UTC, datetime
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.certificates import CertificateFile
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.net.tls.shown import Shown
from tests.net.tls.files import write
from tests.net.tlspeer import authority


def seen(leaf: trustme.LeafCert, chain_fault: str = "", name_fault: str = "") -> PeerCertificate:
    """As a check sees it."""
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    times = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    return PeerCertificate("CN=ex1", "CN=ca", ("ex1",), *times, chain_fault, name_fault, certificate.fingerprint(SHA256()).hex())


class ShownTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        self.ours, self.theirs = (authority().issue_cert("mail.example.com") for _ in range(2))
        self.front = self.made(self.ours, "ours")
        self.shown = Shown((self.front,))

    def made(self, leaf: trustme.LeafCert, name: str) -> ServerTLS:
        return ServerTLS([CertificateFile(write(self.folder, leaf, name))], BUILT_IN["intermediate"])

    def test_the_same_certificate_is_relied_on_whoever_signed_it(self) -> None:
        self.assertTrue(self.shown.has(seen(self.ours)))
        self.assertEqual(self.shown.fault(seen(self.ours, "it is self-signed", "it is for ex1")), "")

    def test_another_one_has_to_be_right_by_itself(self) -> None:
        self.assertFalse(self.shown.has(seen(self.theirs)))
        self.assertEqual(self.shown.fault(seen(self.theirs)), "")
        for faults in (("it is self-signed", ""), ("", "it is self-signed")):
            self.assertEqual(
                self.shown.fault(seen(self.theirs, *faults)), "it is not the one that clients see here, and it is self-signed"
            )

    def test_none_is_a_fault(self) -> None:
        self.assertEqual(self.shown.fault(None), "the server has none")

    def test_each_of_several_front_ends_counts(self) -> None:
        shown = Shown((self.front, self.made(self.theirs, "theirs")))
        self.assertTrue(shown.has(seen(self.theirs)))

    def test_a_difference_names_both_and_what_comes_of_it(self) -> None:
        self.assertEqual(self.shown.difference(seen(self.ours)), "")
        said = self.shown.difference(seen(self.theirs))
        self.assertIn("the server's certificate (CN=ex1, until 2027-01-01) is not the one that clients see here", said)
        self.assertIn(str(Path(self.folder, "ours.pem")), said)
        self.assertTrue(said.endswith("with Extended Protection, OWA works while Outlook and phones fail"))

    def test_a_renewed_certificate_counts_from_then_on(self) -> None:
        write(self.folder, self.theirs, "ours")
        self.front.poll(1.0)
        self.front.poll(2.0)
        self.assertEqual((self.shown.has(seen(self.ours)), self.shown.has(seen(self.theirs))), (False, True))

    def test_the_name_is_the_first_that_is_no_wildcard(self) -> None:
        self.assertEqual(self.shown.name, "mail.example.com")
        names = ("*.example.com", "owa.example.com")
        self.assertEqual(Shown((self.made(authority().issue_cert(*names), "several"),)).name, "owa.example.com")

    def test_a_wildcard_stands_for_a_server_called_mail(self) -> None:
        self.assertEqual(Shown((self.made(authority().issue_cert("*.example.com"), "any"),)).name, "mail.example.com")

    def test_without_front_ends_there_is_no_name(self) -> None:
        self.assertEqual(Shown(()).name, "")
