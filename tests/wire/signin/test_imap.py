"""A client's login at an IMAP server."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import Login
from exproxy.wire.mailsettings import Settings
from exproxy.wire.reception.base import Now, Turn
from exproxy.wire.reception.imap import ImapReception
from exproxy.wire.signin.imap import ImapSignIn

LOGIN = Login(b"anna", b"s3cret", tag=b"a1")
PLAIN = b64encode(b"\0anna\0s3cret")
AUTH = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n"
BARE = b"* OK [CAPABILITY IMAP4rev1] hi\r\n"


def sign_in(login: Login = LOGIN, *, starttls: bool = False) -> ImapSignIn:
    return ImapSignIn(ImapReception(starttls), login, Settings())


class ImapSignInTests(SynchronousTestCase):
    def test_plain_waits_to_be_asked_where_the_server_knows_no_initial_response(self) -> None:
        one = sign_in()
        self.assertEqual(one.receive(AUTH), Turn(b"exproxy AUTHENTICATE PLAIN\r\n"))
        self.assertEqual(one.receive(b"+ \r\n"), Turn(PLAIN + b"\r\n"))

    def test_plain_at_once_where_it_does(self) -> None:
        said = sign_in().receive(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n")
        self.assertEqual(said, Turn(b"exproxy AUTHENTICATE PLAIN " + PLAIN + b"\r\n"))

    def test_somebody_else_s_mailbox(self) -> None:
        one = sign_in(Login(b"admin", b"pw", b"anna", tag=b"a1"))
        one.receive(AUTH)
        self.assertEqual(one.receive(b"+ \r\n"), Turn(b64encode(b"anna\0admin\0pw") + b"\r\n"))
        turn = sign_in(Login(b"admin", b"pw", b"anna", tag=b"a1")).receive(BARE)
        self.assertEqual((turn.now, turn.greeting[:16]), (Now.REFUSED, b"a1 NO [CANNOT] N"))

    def test_login_where_there_is_no_plain(self) -> None:
        self.assertEqual(sign_in().receive(BARE), Turn(b'exproxy LOGIN "anna" "s3cret"\r\n'))
        self.assertEqual(sign_in(Login(b'a"b', b"c\\d")).receive(BARE), Turn(b'exproxy LOGIN "a\\"b" "c\\\\d"\r\n'))

    def test_login_with_literals_where_a_word_needs_it(self) -> None:
        one = sign_in(Login(b"ann\xc3\xa9", b"p\xc3\xa4ss"))
        self.assertEqual(one.receive(BARE), Turn(b"exproxy LOGIN {5}\r\n"))
        self.assertEqual(one.receive(b"+ OK\r\n"), Turn(b"ann\xc3\xa9 {5}\r\n"))
        self.assertEqual(one.receive(b"+ OK\r\n"), Turn(b"p\xc3\xa4ss\r\n"))

    def test_a_server_that_takes_a_login_before_it_is_said_is_turned_away(self) -> None:
        one = sign_in(Login(b"anna", b"p\xc3\xa4ss"))
        one.receive(BARE)
        self.assertIs(one.receive(b"exproxy OK in\r\n").now, Now.TURN_AWAY)

    def test_a_greeting_that_tells_no_capabilities_is_asked_for_them(self) -> None:
        one = sign_in()
        self.assertEqual(one.receive(b"* OK hi\r\n"), Turn(b"exproxy CAPABILITY\r\n"))
        self.assertEqual(one.receive(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"), Turn())
        self.assertEqual(one.receive(b"exproxy OK done\r\n"), Turn(b"exproxy AUTHENTICATE PLAIN\r\n"))

    def test_what_was_offered_in_the_clear_does_not_count_over_tls(self) -> None:
        one = sign_in(starttls=True)
        one.receive(b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n")
        self.assertIs(one.receive(b"exproxy OK go\r\n").now, Now.START_TLS)
        self.assertEqual(one.secured(), Turn(b"exproxy CAPABILITY\r\n"))

    def test_no_password_is_said_where_none_is_taken(self) -> None:
        turn = sign_in().receive(b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n")
        self.assertIs(turn.now, Now.TURN_AWAY)
        self.assertEqual(turn.say, b"exproxy LOGOUT\r\n")

    def test_the_welcome_is_the_servers_with_the_clients_tag_and_true_capabilities(self) -> None:
        one = sign_in()
        one.receive(BARE)
        turn = one.receive(
            b"* OK [ALERT] mind\r\n* CAPABILITY IDLE COMPRESS=DEFLATE\r\nexproxy OK [CAPABILITY A COMPRESS=DEFLATE] in\r\n* 3 EX"
        )
        self.assertEqual(
            turn,
            Turn(
                now=Now.PUT_THROUGH,
                greeting=b"* OK [ALERT] mind\r\n* CAPABILITY IDLE\r\na1 OK [CAPABILITY A] in\r\n* 3 EX",
            ),
        )

    def test_a_refusal_is_the_servers_with_the_clients_tag(self) -> None:
        one = sign_in()
        one.receive(BARE)
        turn = one.receive(b"exproxy NO [AUTHENTICATIONFAILED] no such luck\r\n")
        self.assertEqual(turn, Turn(b"exproxy LOGOUT\r\n", Now.REFUSED, b"a1 NO [AUTHENTICATIONFAILED] no such luck\r\n"))

    def test_a_challenge_too_many_is_answered_by_the_word_to_cancel(self) -> None:
        one = sign_in()
        one.receive(AUTH)
        one.receive(b"+ \r\n")
        self.assertEqual(one.receive(b"+ ZXJyb3I=\r\n"), Turn(b"*\r\n"))
        self.assertIs(one.receive(b"exproxy NO no\r\n").now, Now.REFUSED)

    def test_a_server_that_says_too_much_is_turned_away(self) -> None:
        one = sign_in()
        one.receive(BARE)
        self.assertIs(one.receive(b"* OK %b\r\n" % (b"x" * 9_000) * 2).now, Now.TURN_AWAY)
