"""What each mail protocol does its own way."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.mail.manner import Facts, Relay
from exproxy.wire.smtprelay import Settings, SmtpRelay


class MannerTests(SynchronousTestCase):
    def test_a_relay_has_all_that_is_asked_of_it(self) -> None:
        relay = SmtpRelay(Settings())
        for what, made in ((Relay, relay), (Facts, relay.facts)):
            asked = {name for name in vars(what) if not name.startswith("_")}
            self.assertEqual({name for name in asked if not hasattr(made, name)}, set())
