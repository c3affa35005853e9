"""What mode ``imap`` does its own way."""

from exproxy.proxy.mail.imap import EARLY, NONE_LEFT, PARTING, Imap
from exproxy.wire.mailsettings import Settings
from exproxy.wire.reception.base import ClientFacts
from tests.proxy.stage import Stage

CLIENT = ClientFacts(("192.0.2.77", 40000), ("192.0.2.9", 143))


class ImapTests(Stage):
    def test_only_those_who_want_it_are_told_who_the_client_is(self) -> None:
        backend = self.backend(imap_id={"one"})
        manner = Imap(Settings(), backend).manner()
        said = {
            name: manner.reception(server, CLIENT).receive(b"* OK hi\r\n").say for name, server in backend.pool.servers.items()
        }
        self.assertEqual((b"192.0.2.77" in said["one"], said["two"]), (True, b""))

    def test_starttls_is_offered_to_those_who_can_have_it(self) -> None:
        manner = Imap(Settings(), self.backend()).manner()
        for offered in (True, False):
            said = manner.relay(False, offered).greeting(b"* OK [CAPABILITY IMAP4rev1] hi\r\n")
            self.assertEqual(b"STARTTLS" in said, offered)

    def test_what_a_client_hears_is_imap(self) -> None:
        for words in (NONE_LEFT, EARLY, PARTING):
            self.assertTrue(words.startswith(b"* BYE ") and words.endswith(b"\r\n"))
