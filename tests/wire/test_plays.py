"""A whole mail user agent's session goes through the relays as it was, wherever it is cut."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.imaprelay import ImapRelay
from exproxy.wire.mailsettings import Settings
from exproxy.wire.smtprelay import Ending, SmtpRelay
from exproxy.wire.step import Then
from tests.wire.plays import played, recorded, said

SIZES = (1, 2, 3, 5, 7, 64, 100_000)


class PlayTests(SynchronousTestCase):
    def test_mutt_s_imap_passes_octet_for_octet(self) -> None:
        play = recorded("mutt-imap")
        for size in SIZES:
            relay = ImapRelay(Settings())
            heard = played(play, relay, size)
            self.assertEqual((heard.server, heard.client), (said(play, client=True), said(play, client=False)), size)
            self.assertEqual((heard.thens, relay.facts.account), ([Then.PIPE], b"anna"))

    def test_mutt_s_smtp_passes_octet_for_octet(self) -> None:
        play = recorded("mutt-smtp")
        for size in SIZES:
            relay = SmtpRelay(Settings())
            heard = played(play, relay, size)
            self.assertEqual((heard.server, heard.client), (said(play, client=True), said(play, client=False)), size)
            facts = relay.facts
            self.assertEqual((facts.mails, facts.last, facts.bad, facts.helo), (1, 221, 0, "client.example.com"))
            self.assertEqual((heard.thens, facts.ending), ([Then.FINISH], Ending.QUIT))
