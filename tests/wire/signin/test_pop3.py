"""A client's login at a POP3 server."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import Login
from exproxy.wire.reception.base import Now, Turn
from exproxy.wire.reception.pop3 import Pop3Reception
from exproxy.wire.signin.pop3 import PopSignIn


def sign_in(login: Login | None = None, *, stls: bool = False) -> PopSignIn:
    return PopSignIn(Pop3Reception(stls), login or Login(b"anna", b"a b"))


class PopSignInTests(SynchronousTestCase):
    def test_user_and_pass(self) -> None:
        one = sign_in()
        self.assertEqual(one.receive(b"+OK hi\r\n"), Turn(b"USER anna\r\n"))
        self.assertEqual(one.receive(b"+OK\r\n"), Turn(b"PASS a b\r\n"))
        self.assertEqual(one.receive(b"+OK in\r\n"), Turn(now=Now.PUT_THROUGH, greeting=b"+OK in\r\n"))

    def test_over_tls_that_the_server_has_a_command_for(self) -> None:
        one = sign_in(stls=True)
        self.assertEqual(one.receive(b"+OK hi\r\n"), Turn(b"STLS\r\n"))
        self.assertIs(one.receive(b"+OK go\r\n").now, Now.START_TLS)
        self.assertEqual(one.secured(), Turn(b"USER anna\r\n"))

    def test_who_said_auth_is_logged_in_so(self) -> None:
        one = sign_in(Login(b"anna", b"pw", b"bob", sasl=True))
        self.assertEqual(one.receive(b"+OK hi\r\n"), Turn(b"AUTH PLAIN\r\n"))
        self.assertEqual(one.receive(b"+ \r\n"), Turn(b64encode(b"bob\0anna\0pw") + b"\r\n"))
        self.assertIs(one.receive(b"+OK in\r\n").now, Now.PUT_THROUGH)

    def test_a_server_without_auth_hears_user(self) -> None:
        one = sign_in(Login(b"anna", b"pw", sasl=True))
        one.receive(b"+OK hi\r\n")
        self.assertEqual(one.receive(b"-ERR what\r\n"), Turn(b"USER anna\r\n"))

    def test_what_is_too_long_for_a_line_goes_by_auth(self) -> None:
        self.assertEqual(sign_in(Login(b"anna", b"p" * 300)).receive(b"+OK hi\r\n"), Turn(b"AUTH PLAIN\r\n"))

    def test_a_refusal_is_the_servers(self) -> None:
        for before in ((), (b"+OK\r\n",)):
            one = sign_in()
            one.receive(b"+OK hi\r\n")
            for words in before:
                one.receive(words)
            turn = one.receive(b"-ERR [AUTH] no\r\n")
            self.assertEqual(turn, Turn(b"QUIT\r\n", Now.REFUSED, b"-ERR [AUTH] no\r\n"))

    def test_anything_else_is_turned_away(self) -> None:
        for words in (b"hello\r\n", b"+ \r\n"):
            one = sign_in()
            one.receive(b"+OK hi\r\n")
            self.assertIs(one.receive(words).now, Now.TURN_AWAY)
