"""What all logins at servers have in common."""

from base64 import b64encode
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import Login
from exproxy.wire.mailsettings import Settings
from exproxy.wire.reception.base import Now, Turn
from exproxy.wire.reception.imap import ImapReception
from exproxy.wire.reception.pop3 import Pop3Reception
from exproxy.wire.reception.smtp import SmtpReception
from exproxy.wire.signin.base import SignIn
from exproxy.wire.signin.imap import ImapSignIn
from exproxy.wire.signin.pop3 import PopSignIn
from exproxy.wire.signin.smtp import SmtpSignIn
from tests.wire.cutting import pieces

SECRET = b"s3cret"
SECRETS = (SECRET.decode(), b64encode(b"\0anna\0" + SECRET).decode(), b64encode(SECRET).decode())


def login() -> Login:
    return Login(b"anna", SECRET, tag=b"a1")


SIGNINS: dict[str, tuple[Callable[[], SignIn], tuple[bytes, ...]]] = {
    "imap": (
        lambda: ImapSignIn(ImapReception(), login(), Settings()),
        (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1\r\nexproxy OK done\r\n", b"* CAPABILITY IMAP4rev1 X\r\nexproxy OK in\r\n"),
    ),
    "pop3": (lambda: PopSignIn(Pop3Reception(), login()), (b"+OK hi\r\n", b"+OK who\r\n", b"+OK in\r\n")),
    "smtp": (
        lambda: SmtpSignIn(SmtpReception("lb.example.com"), login(), "me"),
        (b"220 hi\r\n", b"250-x\r\n250 AUTH PLAIN\r\n", b"235 2.7.0 in\r\n"),
    ),
}


def play(sign_in: SignIn, *said: bytes) -> Turn:
    """All that the server says; the last turn, with all that was said to the server."""
    turn = Turn()
    to_server = b""
    for words in said:
        turn = sign_in.receive(words)
        to_server += turn.say
        if turn.now is not Now.WAIT:
            break
    return Turn(to_server, turn.now, turn.greeting, turn.why)


class SignInTests(SynchronousTestCase):
    @given(st.sampled_from(sorted(SIGNINS)), st.lists(st.integers(0, 200), max_size=4))
    def test_how_it_is_cut_changes_nothing(self, name: str, cuts: list[int]) -> None:
        make, said = SIGNINS[name]
        self.assertEqual(play(make(), *(piece for words in said for piece in pieces(words, cuts))), play(make(), *said))

    @given(st.sampled_from(sorted(SIGNINS)), st.integers(0, 2), st.binary(max_size=100))
    def test_nothing_that_a_server_says_brings_it_down(self, name: str, place: int, nonsense: bytes) -> None:
        make, said = SIGNINS[name]
        play(make(), *said[:place], nonsense)
        self.assertIsNotNone(make())

    def test_a_server_that_repeats_the_password_has_it_in_no_reason(self) -> None:
        for name, (make, said) in SIGNINS.items():
            for secret in SECRETS:
                for words in ("* BYE %s\r\n", "%s\r\n", "999 %s\r\n", "421 %s\r\n", "* %s", "exproxy WHAT %s\r\n"):
                    turn = play(make(), *said[:2], (words % secret).encode() + b"x" * 20_000)
                    self.assertNotIn(secret, turn.why, name)

    def test_nothing_of_the_login_is_shown(self) -> None:
        for make, said in SIGNINS.values():
            one = make()
            play(one, *said[:2])
            for secret in (*SECRETS, "anna"):
                self.assertNotIn(secret, repr(one))

    def test_what_the_client_can_bring_about_is_told_apart(self) -> None:
        for name, (make, said) in SIGNINS.items():
            one = make()
            self.assertFalse(one.replaying, name)
            play(one, *said[:2])
            self.assertTrue(one.replaying, name)

    def test_a_server_that_greets_badly_is_turned_away(self) -> None:
        for make, _ in SIGNINS.values():
            self.assertIs(make().receive(b"* BYE no\r\n").now, Now.TURN_AWAY)

    def test_what_it_waits_for_can_be_said(self) -> None:
        for make, said in SIGNINS.values():
            one = make()
            self.assertEqual(one.awaited(), "the greeting")
            play(one, *said[:2])
            self.assertEqual(one.awaited(), "the answer to the login")
