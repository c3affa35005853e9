"""``smtp``."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.smtp import SmtpCheck


class SmtpCheckerTests(SynchronousTestCase):
    def test_the_dialogue_says_the_configured_name(self) -> None:
        dialogue = SmtpChecker().dialogue(SmtpOptions("lb.example.com"), Target("b/s", "192.0.2.1", 25, "mail"))
        self.assertEqual(dialogue, SmtpCheck("lb.example.com", starttls=False))

    def test_starttls_is_asked_for_when_the_target_says_so(self) -> None:
        dialogue = SmtpChecker().dialogue(SmtpOptions(), Target("b/s", "192.0.2.1", 25, "mail", starttls=True))
        self.assertEqual(dialogue, SmtpCheck("exproxy", starttls=True))

    def test_a_name_with_a_line_break_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            SmtpOptions("lb\r\nMAIL FROM:<>")
