from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exproxy.simulator.account import welcome
from exproxy.simulator.modes import Mode
from exproxy.simulator.pop3 import IDLE, Pop3Factory, failing
from tests.simulator.talking import CERTIFICATE, Client, TalkTestCase

SIZE = len(welcome("EX1.example.com"))


class Pop3Tests(TalkTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.client = Client(Pop3Factory(self.clock, "EX1.example.com", None))

    def log_in(self) -> None:
        self.client.say(b"USER anna\r\nPASS demo\r\n")

    def test_the_greeting_names_the_server(self) -> None:
        self.assertEqual(self.client.hear(), b"+OK The Microsoft Exchange POP3 service on EX1.example.com is ready.\r\n")

    def test_the_account_may_log_in(self) -> None:
        self.assertEqual(self.client.say(b"user anna\r\npass demo\r\n"), b"+OK\r\n+OK User successfully logged on.\r\n")

    def test_a_wrong_password_is_refused(self) -> None:
        self.assertIn(b"-ERR Logon failure", self.client.say(b"USER anna\r\nPASS no\r\n"))

    def test_mail_is_for_those_who_logged_in(self) -> None:
        self.assertStartsWith(self.client.say(b"STAT\r\n"), b"-ERR")

    def test_there_is_one_message(self) -> None:
        self.log_in()
        self.assertEqual(self.client.say(b"STAT\r\n"), b"+OK 1 %d\r\n" % SIZE)
        self.assertEqual(self.client.say(b"LIST\r\n"), b"+OK 1 %d\r\n1 %d\r\n.\r\n" % (SIZE, SIZE))
        self.assertEqual(self.client.say(b"UIDL 1\r\n"), b"+OK 1 welcome\r\n")

    def test_the_message_is_told_whole(self) -> None:
        self.log_in()
        head, _, message = self.client.say(b"RETR 1\r\n").partition(b"\r\n")
        self.assertEqual((head, message), (b"+OK", welcome("EX1.example.com") + b".\r\n"))

    def test_there_is_no_second_message(self) -> None:
        self.log_in()
        self.assertStartsWith(self.client.say(b"RETR 2\r\n"), b"-ERR")

    def test_an_unknown_command_is_an_error_and_no_end(self) -> None:
        self.log_in()
        self.assertStartsWith(self.client.say(b"XYZZY\r\n"), b"-ERR")
        self.assertFalse(self.client.left)

    def test_stls_is_offered_only_where_there_is_no_tls_yet(self) -> None:
        self.assertNotIn(b"STLS", self.client.say(b"CAPA\r\n"))
        self.assertIn(b"STLS\r\n", Client(Pop3Factory(self.clock, "EX1", CERTIFICATE.context)).say(b"CAPA\r\n"))

    def test_stls_that_was_not_offered_is_refused(self) -> None:
        self.assertStartsWith(self.client.say(b"STLS\r\n"), b"-ERR")

    def test_quit_ends_the_session(self) -> None:
        self.assertStartsWith(self.client.say(b"QUIT\r\n"), b"+OK")
        self.assertTrue(self.client.left)

    def test_an_endless_line_ends_the_session(self) -> None:
        self.client.say(b"x" * 2000 + b"\r\n")
        self.assertTrue(self.client.left)

    def test_a_client_that_says_nothing_is_sent_away(self) -> None:
        self.clock.advance(IDLE)
        self.assertTrue(self.client.left)

    def test_a_failing_service_says_so_instead_of_a_greeting(self) -> None:
        for mode in (Mode.MAINTENANCE, Mode.ERROR):
            transport = StringTransport()
            failing(mode).makeConnection(transport)
            self.assertStartsWith(transport.value(), b"-ERR ")
