"""What is known of an IMAP session."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.imaprelay.facts import Facts


class FactsTests(SynchronousTestCase):
    def test_at_first_nothing_is_known(self) -> None:
        facts = Facts()
        self.assertEqual((facts.helo, facts.account, facts.mails, facts.last, facts.opaque), ("", b"", 0, "", False))
