"""``imap``."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.imap import ImapChecker, ImapOptions
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.imap import ImapCheck


class ImapCheckerTests(SynchronousTestCase):
    def test_starttls_is_asked_for_when_the_target_says_so(self) -> None:
        for starttls in (False, True):
            dialogue = ImapChecker().dialogue(ImapOptions(), Target("b/s", "192.0.2.1", 143, "mail", starttls))
            self.assertEqual(dialogue, ImapCheck(starttls))

    def test_its_port_is_the_protocols(self) -> None:
        self.assertEqual(ImapChecker().default_port, 143)
