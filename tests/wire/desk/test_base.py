"""What all desks have in common."""

from base64 import b64encode
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.crossing import Broken
from exproxy.wire.desk.base import MOST_FAILED, Desk
from exproxy.wire.desk.imap import ImapDesk
from exproxy.wire.desk.pop3 import PopDesk
from exproxy.wire.desk.smtp import SmtpDesk
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.step import Then
from tests.wire.cutting import pieces

SETTINGS = Settings(StartTls.OFFER)
PLAIN = b64encode(b"\0anna\0s3cret")
DESKS: dict[str, tuple[Callable[[], Desk], bytes, bytes]] = {
    "imap": (
        lambda: ImapDesk(SETTINGS, ("IDLE",)),
        b"a CAPABILITY\r\nb ID NIL\r\nc NOPE {3+}\r\nabc\r\nd LOGIN {4+}\r\nanna {6+}\r\ns3cret\r\ne SELECT x\r\n",
        b"d NO no\r\n",
    ),
    "pop3": (
        lambda: PopDesk(SETTINGS, ("UIDL",)),
        b"CAPA\r\nNOPE\r\nNOOP\r\nUSER anna\r\nPASS s3cret\r\nSTAT\r\n",
        b"-ERR no\r\n",
    ),
    "smtp": (
        lambda: SmtpDesk("mx.example.com", SETTINGS, ("SIZE 9",)),
        b"EHLO me\r\nMAIL FROM:<a>\r\nBDAT 5\r\nabcdeNOOP\r\nAUTH PLAIN " + PLAIN + b"\r\nMAIL FROM:<b>\r\n",
        b"535 5.7.8 no\r\n",
    ),
}


class DeskTests(SynchronousTestCase):
    @given(st.sampled_from(sorted(DESKS)), st.lists(st.integers(0, 500), max_size=6))
    def test_how_it_is_cut_changes_nothing(self, name: str, cuts: list[int]) -> None:
        make, said, _ = DESKS[name]
        whole, cut = make(), make()
        step = whole.from_client(said)
        steps = [cut.from_client(piece) for piece in pieces(said, cuts)]
        self.assertEqual(b"".join(one.to_client for one in steps), step.to_client)
        self.assertEqual(cut.login, whole.login)
        assert whole.login is not None
        self.assertEqual((whole.login.user, whole.login.password), (b"anna", b"s3cret"))
        self.assertEqual(cut.leftover(), whole.leftover())

    @given(st.sampled_from(sorted(DESKS)), st.binary(max_size=200), st.lists(st.integers(0, 500), max_size=4))
    def test_nothing_that_a_client_says_brings_it_down(self, name: str, said: bytes, cuts: list[int]) -> None:
        desk = DESKS[name][0]()
        for piece in pieces(said, cuts):
            try:
                step = desk.from_client(piece)
            except Broken:
                return
            self.assertEqual(step.to_server, b"")

    def test_too_many_refusals_are_the_end(self) -> None:
        for name, (make, _, refusal) in DESKS.items():
            desk = make()
            said = {"imap": b"d LOGIN anna x\r\n", "pop3": b"USER anna\r\nPASS x\r\n"}.get(name, b"AUTH PLAIN " + PLAIN + b"\r\n")
            if name == "smtp":
                desk.from_client(b"EHLO me\r\n")
            for number in range(MOST_FAILED):
                self.assertIs(desk.from_client(said).then, Then.LOG_IN)
                self.assertIsNotNone(desk.login)
                step = desk.refused(refusal)
                self.assertTrue(step.to_client.startswith(refusal))
                self.assertIsNone(desk.login)
                self.assertEqual(desk.facts.account, b"")
                self.assertIs(step.then, Then.FINISH if number == MOST_FAILED - 1 else Then.GO_ON)

    def test_what_is_behind_a_refused_login_is_heard(self) -> None:
        for name, (make, said, refusal) in DESKS.items():
            desk = make()
            desk.from_client(said)
            step = desk.refused(refusal)
            self.assertGreater(len(step.to_client), len(refusal), name)

    def test_bytes_in_the_clear_behind_starttls_are_thrown_away(self) -> None:
        for name, command, more in (
            ("imap", b"a STARTTLS\r\n", b"b LOGIN eve x\r\n"),
            ("pop3", b"STLS\r\n", b"USER eve\r\nPASS x\r\n"),
            ("smtp", b"EHLO me\r\nSTARTTLS\r\n", b"EHLO eve\r\nAUTH PLAIN " + PLAIN + b"\r\n"),
        ):
            desk = DESKS[name][0]()
            self.assertIs(desk.from_client(command + more).then, Then.START_TLS, name)
            desk.from_client(more)
            step = desk.secured()
            self.assertEqual((step.to_client, step.then, desk.login), (b"", Then.GO_ON, None), name)
            self.assertTrue(desk.facts.tls)

    def test_tls_is_begun_once(self) -> None:
        for name, command in (("imap", b"a STARTTLS\r\n"), ("pop3", b"STLS\r\n"), ("smtp", b"STARTTLS\r\n")):
            desk = DESKS[name][0]()
            desk.from_client(command)
            desk.secured()
            self.assertIs(desk.from_client(command).then, Then.GO_ON, name)

    def test_bad_commands_are_counted_and_are_the_end(self) -> None:
        for name, (make, _, _) in DESKS.items():
            desk = make()
            step = desk.from_client(b"x NOPE\r\n" * SETTINGS.most_bad)
            self.assertEqual((step.then, desk.facts.bad), (Then.FINISH, SETTINGS.most_bad), name)

    def test_so_are_too_many_good_ones(self) -> None:
        for name, command in (("imap", b"a CAPABILITY\r\n"), ("pop3", b"CAPA\r\n"), ("smtp", b"EHLO me\r\n")):
            desk = DESKS[name][0]()
            step = desk.from_client(command * 4_000)
            self.assertIs(step.then, Then.FINISH)
            self.assertLess(len(step.to_client), 16_384)

    def test_a_client_that_does_not_wait_is_bounded(self) -> None:
        for name, (make, said, _) in DESKS.items():
            desk = make()
            desk.from_client(said)
            error = self.assertRaises(Broken, desk.from_client, b"x" * 50_000)
            self.assertNotIn("s3cret", f"{error}{error.last}", name)

    def test_a_line_without_end_is_the_end_and_not_quoted(self) -> None:
        for name, begin in (("imap", b"a LOGIN anna s3cret"), ("pop3", b"PASS s3cret")):
            desk = DESKS[name][0]()
            error = self.assertRaises(Broken, desk.from_client, begin + b"x" * 20_000)
            self.assertNotIn("s3cret", f"{error!r}{error}", name)

    def test_a_drain_and_a_timeout_have_the_protocols_words(self) -> None:
        for name, drained, expired in (
            ("imap", b"* BYE [UNAVAILABLE] ", b"* BYE "),
            ("pop3", b"-ERR [SYS/TEMP] ", b"-ERR "),
            ("smtp", b"421 4.3.2 ", b"421 4.4.2 "),
        ):
            make = DESKS[name][0]
            step = make().drain()
            self.assertEqual((step.to_client.startswith(drained), step.then), (True, Then.FINISH))
            step = make().expire()
            self.assertEqual((step.to_client.startswith(expired), step.then), (True, Then.FINISH))

    def test_no_server_is_no_failure_of_the_client(self) -> None:
        for name, words in (("imap", b"d NO [UNAVAILABLE] "), ("pop3", b"-ERR [SYS/TEMP] "), ("smtp", b"454 4.7.0 ")):
            make, said, _ = DESKS[name]
            desk = make()
            desk.from_client(said)
            step = desk.unavailable()
            self.assertTrue(step.to_client.startswith(words))
            self.assertEqual((desk.login, desk.facts.auth_failures), (None, 0))

    def test_what_a_server_says_of_itself_is_no_failure_either(self) -> None:
        for name, words in (
            ("imap", b"d NO [UNAVAILABLE] x\r\n"),
            ("pop3", b"-ERR [SYS/TEMP] x\r\n"),
            ("smtp", b"454 4.7.0 x\r\n"),
        ):
            make, said, _ = DESKS[name]
            desk = make()
            desk.from_client(said)
            desk.refused(words)
            self.assertEqual(desk.facts.auth_failures, 0)
