import base64

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exproxy.simulator.modes import Mode
from exproxy.simulator.smtp import IDLE, SIZE_LIMIT, Delivery, Mail, SmtpFactory, failing
from tests.simulator.talking import CERTIFICATE, Client, TalkTestCase


class SmtpTests(TalkTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.mails: list[Mail] = []

    def connect(self, login: bool = False) -> Client:
        delivery = Delivery("ex1", "smtp", self.mails.append)
        return Client(SmtpFactory(self.clock, "EX1.example.com", delivery, CERTIFICATE.context, login))

    def test_the_greeting_names_the_server(self) -> None:
        self.assertEqual(self.connect().hear(), b"220 EX1.example.com Microsoft ESMTP MAIL Service ready\r\n")

    def test_a_mail_is_kept_with_the_server_that_took_it(self) -> None:
        client = self.connect()
        client.say(b"EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
        self.assertStartsWith(client.say(b"Subject: x\r\n\r\nhello\r\n..\r\n.\r\n"), b"250 ")
        (mail,) = self.mails
        self.assertEqual(
            (mail.server, mail.service, mail.sender, mail.recipient), ("ex1", "smtp", "a@example.com", "b@example.com")
        )
        self.assertEndsWith(mail.data, b"Subject: x\r\n\r\nhello\r\n.\r\n")

    def test_each_recipient_gets_one(self) -> None:
        client = self.connect()
        client.say(b"EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n\r\n.\r\n")
        self.assertEqual([mail.recipient for mail in self.mails], ["b@x", "c@x"])

    def test_a_bounce_has_an_empty_sender(self) -> None:
        client = self.connect()
        client.say(b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n\r\n.\r\n")
        self.assertEqual([mail.sender for mail in self.mails], [""])

    def test_a_mail_that_is_too_large_is_refused_and_not_kept(self) -> None:
        client = self.connect()
        client.say(b"EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
        line = b"x" * 998 + b"\r\n"
        self.assertStartsWith(client.say(line * (SIZE_LIMIT // 1000 + 1) + b".\r\n"), b"552 ")
        self.assertEqual(self.mails, [])

    def test_garbage_is_answered_as_an_unknown_command(self) -> None:
        self.assertEndsWith(self.connect().say(b"\x16\x03\xff\x80 x\r\n"), b"500 Command not implemented\r\n")

    def test_ehlo_offers_the_size_limit(self) -> None:
        self.assertIn(b"250-SIZE 1048576\r\n", self.connect().say(b"EHLO me\r\n"))

    def test_submission_wants_a_login(self) -> None:
        client = self.connect(login=True)
        client.say(b"EHLO me\r\n")
        self.assertStartsWith(client.say(b"MAIL FROM:<a@x>\r\n"), b"550 ")

    def test_submission_takes_mail_after_the_login(self) -> None:
        client = self.connect(login=True)
        client.say(b"EHLO me\r\n")
        secret = base64.b64encode(b"\0anna\0demo")
        self.assertStartsWith(client.say(b"AUTH PLAIN " + secret + b"\r\n"), b"235 ")
        self.assertStartsWith(client.say(b"MAIL FROM:<a@x>\r\n"), b"250 ")

    def test_submission_refuses_a_wrong_password(self) -> None:
        client = self.connect(login=True)
        client.say(b"EHLO me\r\n")
        self.assertStartsWith(client.say(b"AUTH PLAIN " + base64.b64encode(b"\0anna\0no") + b"\r\n"), b"535 ")

    def test_quit_ends_the_session(self) -> None:
        client = self.connect()
        self.assertStartsWith(client.say(b"QUIT\r\n"), b"221 ")
        self.assertTrue(client.left)

    def test_a_client_that_says_nothing_is_sent_away(self) -> None:
        client = self.connect()
        self.clock.advance(IDLE)
        self.assertTrue(client.left)

    def refusal(self, mode: Mode) -> bytes:
        transport = StringTransport()
        failing(mode).makeConnection(transport)
        return transport.value()

    def test_maintenance_is_exchanges_own_reply(self) -> None:
        self.assertEqual(self.refusal(Mode.MAINTENANCE), b"421 4.3.2 Service not active\r\n")

    def test_an_error_is_a_554(self) -> None:
        self.assertStartsWith(self.refusal(Mode.ERROR), b"554 ")
