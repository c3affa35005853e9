from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exproxy.simulator.account import welcome
from exproxy.simulator.imap import ImapFactory, failing
from exproxy.simulator.modes import Mode
from tests.simulator.talking import Client, TalkTestCase


class ImapTests(TalkTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.client = Client(ImapFactory(self.clock, "EX1.example.com", None))

    def select(self) -> bytes:
        self.client.say(b"1 LOGIN anna demo\r\n")
        return self.client.say(b"2 SELECT INBOX\r\n")

    def test_the_greeting_names_the_server_and_its_capabilities(self) -> None:
        greeting = self.client.hear()
        self.assertStartsWith(greeting, b"* OK [CAPABILITY IMAP4rev1")
        self.assertIn(b"EX1.example.com", greeting)

    def test_a_login_in_clear_is_not_disabled(self) -> None:
        self.assertNotIn(b"LOGINDISABLED", self.client.hear())

    def test_the_account_may_log_in(self) -> None:
        self.assertStartsWith(self.client.say(b"1 LOGIN anna demo\r\n"), b"1 OK")

    def test_a_wrong_password_is_refused(self) -> None:
        self.assertStartsWith(self.client.say(b"1 LOGIN anna no\r\n"), b"1 NO")

    def test_there_is_one_message_for_reading(self) -> None:
        answer = self.select()
        self.assertIn(b"* 1 EXISTS\r\n", answer)
        self.assertIn(b"2 OK [READ-ONLY]", answer)

    def test_the_message_is_told_whole(self) -> None:
        self.select()
        answer = self.client.say(b"3 FETCH 1:* BODY[]\r\n")
        # The body comes from a producer, which the transport asks to go on.
        while (producer := self.client.transport.producer) is not None:
            producer.resumeProducing()
        answer += self.client.hear()
        self.assertIn(welcome("EX1.example.com"), answer)
        self.assertIn(b"3 OK FETCH completed", answer)

    def test_header_fields_are_told_alone(self) -> None:
        self.select()
        answer = self.client.say(b"3 FETCH 1 (UID BODY[HEADER.FIELDS (SUBJECT)])\r\n")
        self.assertIn(b"UID 1", answer)
        self.assertIn(b"Subject: You are connected to EX1.example.com", answer)
        self.assertNotIn(b"Message-", answer)

    def test_there_is_no_second_message(self) -> None:
        self.select()
        self.assertEqual(self.client.say(b"3 FETCH 2 FLAGS\r\n"), b"3 OK FETCH completed\r\n")

    def test_the_status_counts_one_message(self) -> None:
        self.client.say(b"1 LOGIN anna demo\r\n")
        self.assertIn(b"MESSAGES 1", self.client.say(b"2 STATUS INBOX (MESSAGES UIDNEXT)\r\n"))

    def test_logout_ends_the_session(self) -> None:
        self.assertIn(b"* BYE", self.client.say(b"1 LOGOUT\r\n"))
        self.assertTrue(self.client.left)

    def test_a_client_that_says_nothing_is_sent_away(self) -> None:
        self.clock.advance(60)
        self.assertTrue(self.client.left)

    def test_a_failing_service_says_bye_instead_of_a_greeting(self) -> None:
        for mode in (Mode.MAINTENANCE, Mode.ERROR):
            transport = StringTransport()
            failing(mode).makeConnection(transport)
            self.assertStartsWith(transport.value(), b"* BYE ")
