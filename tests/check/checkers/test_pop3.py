"""``pop3``."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.pop3 import Pop3Checker, Pop3Options
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.pop3 import Pop3Check


class Pop3CheckerTests(SynchronousTestCase):
    def test_starttls_is_asked_for_when_the_target_says_so(self) -> None:
        for starttls in (False, True):
            dialogue = Pop3Checker().dialogue(Pop3Options(), Target("b/s", "192.0.2.1", 110, "mail", starttls))
            self.assertEqual(dialogue, Pop3Check(starttls))

    def test_its_port_is_the_protocols(self) -> None:
        self.assertEqual(Pop3Checker().default_port, 110)
