"""The three relays of mail, between clients that say anything at all and servers that are lax."""

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.imaprelay import ImapRelay
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.poprelay import PopRelay
from exproxy.wire.smtprelay import SmtpRelay
from tests.wire.mailfuzz import CHOICES, CLEAR, IMAP, POP, SMTP, ImapServer, PopServer, Relay, Run, Server, SmtpServer, talks


class MailFuzz(SynchronousTestCase):
    def lead(self, relay: Relay, server: Server, talk: list[tuple[bytes, int, bool]]) -> None:
        run = Run(relay, server)
        for data, size, heard in talk:
            for start in range(0, len(data), size):
                if relay.holding or heard:
                    run.answer()
                rest = data[start:]
                run.ask((rest.replace(CLEAR, b"x" * len(CLEAR)) if run.secure else rest)[:size])
        run.answer()
        self.assertFalse(server.fooled, run.heard)
        self.assertNotIn(CLEAR, run.late)
        heard = run.heard
        if run.over:
            heard = heard.removesuffix(b"QUIT\r\n").removesuffix(b"exproxy LOGOUT\r\n")
        heard = re.sub(rb"(?<=\n)\*\r\n", b"", heard)  # the word that cancels an exchange may be ours
        left = iter(run.asked)
        self.assertTrue(all(octet in left for octet in heard), (run.asked, heard))

    @given(talks(SMTP), CHOICES, st.sampled_from(list(StartTls)), st.booleans())
    def test_smtp(self, talk: list[tuple[bytes, int, bool]], choices: list[bool], starttls: StartTls, require: bool) -> None:
        self.lead(SmtpRelay(Settings(starttls, require)), SmtpServer(choices), talk)

    @given(talks(IMAP), CHOICES, st.sampled_from(list(StartTls)), st.booleans())
    def test_imap(self, talk: list[tuple[bytes, int, bool]], choices: list[bool], starttls: StartTls, require: bool) -> None:
        self.lead(ImapRelay(Settings(starttls, require)), ImapServer(choices), talk)

    @given(talks(POP), CHOICES, st.sampled_from(list(StartTls)), st.booleans())
    def test_pop3(self, talk: list[tuple[bytes, int, bool]], choices: list[bool], starttls: StartTls, require: bool) -> None:
        self.lead(PopRelay(Settings(starttls, require)), PopServer(choices), talk)
