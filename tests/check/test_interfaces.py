"""Our checkers are what the interface says."""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from exproxy.check.checkers.tls import TlsCheck
from exproxy.check.interfaces import CertificateReader, IChecker, Target
from exproxy.check.plugins import checkers
from exproxy.wire.dialogue.tcp import TcpCheck


class CheckerTests(SynchronousTestCase):
    def test_each_of_ours_keeps_the_interface(self) -> None:
        for name, checker in checkers().items():
            self.assertTrue(verifyObject(IChecker, checker), name)

    def test_a_target_asks_for_no_starttls_by_itself(self) -> None:
        self.assertFalse(Target("b/s", "192.0.2.1", 25, "mail").starttls)

    def test_a_dialogue_reads_certificates_if_it_has_the_method(self) -> None:
        self.assertIsInstance(TlsCheck(), CertificateReader)
        self.assertNotIsInstance(TcpCheck(), CertificateReader)
