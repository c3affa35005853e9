"""A client's session with us before its login, in POP3."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import Login
from exproxy.wire.desk.pop3 import PopDesk
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.step import Then

OFFERED = ("TOP", "UIDL", "STLS", "SASL NTLM", "UTF8", "XCLIENT", "PIPELINING")


def desk(settings: Settings | None = None, *, secure: bool = False) -> PopDesk:
    return PopDesk(settings or Settings(), OFFERED, secure=secure)


class PopDeskTests(SynchronousTestCase):
    def test_the_greeting_has_nothing_for_apop(self) -> None:
        self.assertNotIn(b"<", desk().greeting())
        self.assertIn(b"-ERR", desk().from_client(b"APOP anna 0123\r\n").to_client)

    def test_what_is_offered(self) -> None:
        self.assertEqual(
            desk().from_client(b"CAPA\r\n").to_client, b"+OK\r\nTOP\r\nUIDL\r\nPIPELINING\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n"
        )

    def test_before_tls_no_login_is_offered_where_that_is_required(self) -> None:
        one = desk(Settings(StartTls.OFFER, require_tls=True))
        self.assertEqual(one.from_client(b"CAPA\r\n").to_client, b"+OK\r\nTOP\r\nUIDL\r\nPIPELINING\r\nSTLS\r\n.\r\n")
        for command in (b"USER anna\r\n", b"AUTH PLAIN\r\n"):
            self.assertIn(b"-ERR Begin TLS first", one.from_client(command).to_client)

    def test_user_and_pass_with_blanks(self) -> None:
        one = desk()
        self.assertEqual(one.from_client(b"USER anna\r\n").to_client, b"+OK\r\n")
        self.assertIs(one.from_client(b"PASS  two blanks \r\n").then, Then.LOG_IN)
        self.assertEqual(one.login, Login(b"anna", b" two blanks "))

    def test_pass_needs_user_each_time(self) -> None:
        one = desk()
        self.assertIn(b"-ERR Say USER first", one.from_client(b"PASS x\r\n").to_client)
        one.from_client(b"USER anna\r\nPASS x\r\n")
        one.refused(b"-ERR no\r\n")
        self.assertIn(b"-ERR Say USER first", one.from_client(b"PASS x\r\n").to_client)

    def test_auth(self) -> None:
        one = desk()
        self.assertEqual(one.from_client(b"AUTH PLAIN\r\n").to_client, b"+ \r\n")
        one.from_client(b64encode(b"\0anna\0x") + b"\r\n")
        self.assertEqual(one.login, Login(b"anna", b"x", sasl=True))
        one = desk()
        one.from_client(b"AUTH LOGIN " + b64encode(b"anna") + b"\r\n")
        one.from_client(b64encode(b"x") + b"\r\n")
        self.assertEqual(one.login, Login(b"anna", b"x", sasl=True))

    def test_other_mechanisms_and_the_commands_of_servers_are_not_there(self) -> None:
        for command in (b"AUTH NTLM\r\n", b"AUTH\r\n", b"UTF8\r\n", b"XCLIENT ADDR=192.0.2.1\r\n", b"STAT\r\n"):
            self.assertIn(b"-ERR", desk().from_client(command).to_client)

    def test_a_name_said_in_the_clear_does_not_count_over_tls(self) -> None:
        one = desk(Settings(StartTls.OFFER))
        one.from_client(b"USER eve\r\nSTLS\r\n")
        one.secured()
        self.assertIn(b"-ERR Say USER first", one.from_client(b"PASS x\r\n").to_client)

    def test_quit(self) -> None:
        self.assertIs(desk().from_client(b"QUIT\r\n").then, Then.FINISH)
