"""A client's login at an SMTP server."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import Login
from exproxy.wire.reception.base import ClientFacts, Now, Turn
from exproxy.wire.reception.smtp import SmtpReception
from exproxy.wire.signin.smtp import SmtpSignIn

CLIENT = ClientFacts(("192.0.2.77", 40000), ("192.0.2.9", 587))


def sign_in(login: Login | None = None, client: ClientFacts | None = None) -> SmtpSignIn:
    return SmtpSignIn(SmtpReception("lb.example.com", client=client), login or Login(b"anna", b"pw"), "client.example.com")


class SmtpSignInTests(SynchronousTestCase):
    def offered(self, offers: bytes, login: Login | None = None) -> tuple[SmtpSignIn, Turn]:
        one = sign_in(login)
        self.assertEqual(one.receive(b"220 hi\r\n"), Turn(b"EHLO client.example.com\r\n"))
        return one, one.receive(offers)

    def test_auth_plain(self) -> None:
        one, turn = self.offered(b"250-x\r\n250-CHUNKING\r\n250 AUTH LOGIN PLAIN\r\n")
        self.assertEqual(turn, Turn(b"AUTH PLAIN " + b64encode(b"\0anna\0pw") + b"\r\n"))
        self.assertTrue(one.chunking)
        self.assertEqual(one.receive(b"235 2.7.0 in\r\n"), Turn(now=Now.PUT_THROUGH, greeting=b"235 2.7.0 in\r\n"))

    def test_auth_login_where_there_is_no_plain_as_with_exchange(self) -> None:
        one, turn = self.offered(b"250-x\r\n250 AUTH NTLM LOGIN\r\n")
        self.assertEqual(turn, Turn(b"AUTH LOGIN\r\n"))
        self.assertEqual(one.receive(b"334 VXNlcm5hbWU6\r\n"), Turn(b64encode(b"anna") + b"\r\n"))
        self.assertEqual(one.receive(b"334 UGFzc3dvcmQ6\r\n"), Turn(b64encode(b"pw") + b"\r\n"))
        self.assertIs(one.receive(b"235 in\r\n").now, Now.PUT_THROUGH)

    def test_a_server_without_either_is_turned_away(self) -> None:
        for offers in (b"250 x\r\n", b"250-x\r\n250 AUTH NTLM\r\n"):
            self.assertIs(self.offered(offers)[1].now, Now.TURN_AWAY)

    def test_nobody_acts_as_somebody_else_where_there_is_no_plain(self) -> None:
        turn = self.offered(b"250-x\r\n250 AUTH LOGIN\r\n", Login(b"a", b"b", b"c"))[1]
        self.assertEqual((turn.now, turn.greeting[:4]), (Now.REFUSED, b"504 "))

    def test_it_is_told_the_client_and_then_its_name(self) -> None:
        one = sign_in(client=CLIENT)
        self.assertEqual(one.receive(b"220 hi\r\n"), Turn(b"EHLO lb.example.com\r\n"))
        self.assertEqual(one.receive(b"250-x\r\n250 XCLIENT ADDR LOGIN\r\n"), Turn(b"XCLIENT ADDR=192.0.2.77\r\n"))
        self.assertEqual(one.receive(b"220 hi\r\n"), Turn(b"EHLO client.example.com\r\n"))

    def test_a_refusal_is_the_servers(self) -> None:
        for words in (b"535 5.7.8 no\r\n", b"454-4.7.0 a\r\n454 4.7.0 later\r\n"):
            one, _ = self.offered(b"250-x\r\n250 AUTH PLAIN\r\n")
            self.assertEqual(one.receive(words), Turn(b"QUIT\r\n", Now.REFUSED, words))

    def test_a_name_that_a_server_refuses_is_the_clients_affair(self) -> None:
        self.assertEqual(self.offered(b"501 5.5.4 what\r\n")[1], Turn(b"QUIT\r\n", Now.REFUSED, b"501 5.5.4 what\r\n"))

    def test_a_server_that_closes_is_turned_away(self) -> None:
        self.assertIs(self.offered(b"421 4.3.2 no\r\n")[1].now, Now.TURN_AWAY)
        one, _ = self.offered(b"250-x\r\n250 AUTH PLAIN\r\n")
        self.assertIs(one.receive(b"421 4.3.2 no\r\n").now, Now.TURN_AWAY)

    def test_nothing_else_is_a_welcome(self) -> None:
        for words in (b"250 ok\r\n", b"235 in\r\n220 more\r\n"):
            one, _ = self.offered(b"250-x\r\n250 AUTH PLAIN\r\n")
            self.assertIs(one.receive(words).now, Now.TURN_AWAY)

    def test_a_challenge_too_many_is_answered_by_the_word_to_cancel(self) -> None:
        one, _ = self.offered(b"250-x\r\n250 AUTH PLAIN\r\n")
        self.assertEqual(one.receive(b"334 ZXJy\r\n"), Turn(b"*\r\n"))
