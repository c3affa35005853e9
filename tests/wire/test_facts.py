"""What is known of a session: every protocol's class has what the access line wants."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire import imaprelay, poprelay, smtprelay
from exproxy.wire.facts import Facts


class FactsTests(SynchronousTestCase):
    def test_every_protocol_knows_the_same(self) -> None:
        words = [word for word in vars(Facts) if not word.startswith("_")]
        for facts in (imaprelay.Facts(), poprelay.Facts(), smtprelay.Facts()):
            for word in words:
                self.assertTrue(hasattr(facts, word), word)
