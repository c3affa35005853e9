"""``tls``."""

from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.tls import TlsCheck, TlsChecker, TlsOptions
from exproxy.check.interfaces import Target
from exproxy.net.interfaces import Acceptor
from exproxy.wire.dialogue.base import Outcome, Status
from tests.check.peers import Bench, client_tls
from tests.net.memory import Peer
from tests.net.tlspeer import TLSPeer, authority, authority_file, certificate, expired, server_context, stranger


class TlsCheckerTests(SynchronousTestCase):
    def run_against(self, peer: Acceptor, verify: bool = True, name: str = "mail.example.com") -> Outcome:
        bench = Bench()
        bench.serve(peer)
        ca = authority_file(self.mktemp())
        dialogue = TlsChecker().dialogue(TlsOptions(), Target("b/s", "192.0.2.1", 25, name))
        return bench.run(dialogue, tls=client_tls(implicit=True, verify=verify, name=name, ca=ca))

    def test_a_good_certificate_passes_and_is_told(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(certificate())))
        self.assertEqual((outcome.status, outcome.warnings), (Status.L6OK, ()))
        self.assertIn("TLSv1.3 with a certificate for mail.example.com, 192.0.2.1, until ", outcome.text)

    def test_an_unknown_authority_fails(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(stranger().issue_cert("mail.example.com"))))
        self.assertEqual(outcome.status, Status.L6RSP)

    def test_an_unknown_authority_is_a_warning_when_nothing_is_verified(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(stranger().issue_cert("mail.example.com"))), verify=False)
        self.assertEqual(outcome.status, Status.L6OK)
        self.assertIn("the certificate would be refused: ", outcome.warnings[0])

    def test_another_name_fails(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(certificate())), name="other.example.com")
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("not for other.example.com", outcome.text)

    def test_another_name_is_a_warning_when_nothing_is_verified(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(certificate())), name="other.example.com", verify=False)
        self.assertEqual(outcome.status, Status.L6OK)
        self.assertIn("not for other.example.com", outcome.warnings[0])

    def test_an_address_is_a_name_too(self) -> None:
        self.assertEqual(self.run_against(TLSPeer(server_context(certificate())), name="192.0.2.1").status, Status.L6OK)

    def test_an_expired_certificate_fails(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(expired("mail.example.com"))))
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("it has expired", outcome.text)

    def test_an_expired_certificate_is_a_warning_when_nothing_is_verified(self) -> None:
        outcome = self.run_against(TLSPeer(server_context(expired("mail.example.com"))), verify=False)
        self.assertEqual(outcome.status, Status.L6OK)
        self.assertIn("the certificate expired 3 days ago", " ".join(outcome.warnings))

    def test_a_certificate_that_ends_soon_is_a_warning(self) -> None:
        soon = datetime.now(UTC) + timedelta(days=9, hours=1)
        outcome = self.run_against(TLSPeer(server_context(authority().issue_cert("mail.example.com", not_after=soon))))
        self.assertEqual(outcome.status, Status.L6OK)
        self.assertIn("the certificate expires in 9 days", outcome.warnings[0])

    def test_plain_text_fails(self) -> None:
        self.assertEqual(self.run_against(Peer(b"220 hello\r\n")).status, Status.L6RSP)

    def test_without_tls_it_fails(self) -> None:
        bench = Bench()
        bench.serve(Peer())
        outcome = bench.run(TlsCheck())
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("is TLS switched on", outcome.text)
