"""Mail, to servers in memory.  (A real Postfix: tests/integration/test_notify.py.)"""

import email
import email.policy
from typing import Any

from twisted.internet.testing import MemoryReactorClock, StringTransportWithDisconnection
from twisted.protocols.policies import TimeoutMixin
from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify.channel import DeliveryError
from exproxy.notify.mail import PATIENCE, Mail, Route
from exproxy.notify.news import Story
from tests.notify.stories import message, news


class MailTests(SynchronousTestCase):
    def setUp(self) -> None:
        # the clients' own timers are the live reactor's, which would have them in the middle of somebody else's test
        self.patch(TimeoutMixin, "callLater", lambda client, seconds, call: self.reactor.callLater(seconds, call))

    def mail(self, **more: Any) -> None:
        self.reactor = MemoryReactorClock()
        to = more.pop("recipients", ("anna@example.com",))
        route = Route("mx.example.com", 25, "exproxy@example.net", to, **more)
        reason = more.get("password", "é \u2013 said\r\n.\r\nQUIT")
        self.delivery = Mail(self.reactor, route, "proxy1.example.net").deliver(message(Story.of(news(reason=reason))))
        ((host, port, factory, _, _),) = self.reactor.tcpClients
        self.assertEqual((host, port), ("mx.example.com", 25))
        self.factory = factory
        self.protocol = factory.buildProtocol(None)
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)

    def say(self, *lines: str) -> str:
        """What a server says, and what was answered to the last of it."""
        for line in lines:
            self.transport.clear()
            self.protocol.dataReceived(line.encode() + b"\r\n")
        return self.transport.value().decode()

    def refusal(self) -> tuple[str, bool]:
        error = self.failureResultOf(self.delivery, DeliveryError).value
        assert isinstance(error, DeliveryError)
        return str(error), error.final

    def test_a_mail_is_whole_and_nothing_in_it_is_a_command(self) -> None:
        self.mail()
        self.assertEqual(self.say("220 mx", "250 mx"), "MAIL FROM:<exproxy@example.net>\r\n")
        self.assertEqual(self.say("250 ok"), "RCPT TO:<anna@example.com>\r\n")
        self.assertEqual(self.say("250 ok"), "DATA\r\n")
        self.say("354 go")
        while self.transport.producer is not None:
            self.transport.producer.resumeProducing()
        sent = self.transport.value()
        self.assertTrue(sent.isascii())
        self.assertNotIn(b"\r\r\n", sent)
        self.assertTrue(sent.endswith(b"\r\n.\r\n"))
        self.assertEqual(sent.count(b"\r\n.\r\n"), 1)
        mail = email.message_from_bytes(sent[:-3], policy=email.policy.default)
        self.assertIn("é \u2013 said . QUIT", str(mail["Subject"]))
        self.assertEqual(
            (mail["From"], mail["To"], mail["Auto-Submitted"]), ("exproxy@example.net", "anna@example.com", "auto-generated")
        )
        self.assertNoResult(self.delivery)
        self.say("250 taken")
        self.assertIsNone(self.successResultOf(self.delivery))

    def test_a_server_that_never_answers_quit_is_left_without_a_word(self) -> None:
        self.mail()
        self.say("220 mx", "250 mx", "250 ok", "250 ok", "354 go")
        while self.transport.producer is not None:
            self.transport.producer.resumeProducing()
        self.assertEqual(self.say("250 taken", "250 ok"), "QUIT\r\n")
        self.assertIsNone(self.successResultOf(self.delivery))
        self.assertTrue(self.transport.connected)
        self.reactor.advance(PATIENCE)
        self.assertFalse(self.transport.connected)

    def test_what_the_server_says_is_told(self) -> None:
        for code, final in ((421, False), (450, False), (550, True)):
            self.mail()
            self.say("220 mx", "250 mx", f"{code} 4.3.2 no, not now")
            self.assertEqual(self.refusal(), (f"mx.example.com said {code} 4.3.2 no, not now", final))

    def test_what_it_says_of_the_recipient_is_told(self) -> None:
        self.mail()
        self.say("220 mx", "250 mx", "250 ok", "450 4.2.0 Greylisted")
        self.assertEqual(self.refusal(), ("mx.example.com said 450 4.2.0 Greylisted", False))

    def test_a_greeting_that_is_none_is_told(self) -> None:
        self.mail()
        self.say("554 go away")
        self.assertEqual(self.refusal(), ("mx.example.com said 554 go away", True))

    def test_without_starttls_nothing_goes_out(self) -> None:
        self.mail(tls="starttls")
        self.assertNotIn("MAIL", self.say("220 mx", "250 mx"))
        self.assertEqual(self.refusal(), ("mx.example.com does not offer STARTTLS", True))

    def test_without_a_login_nothing_goes_out(self) -> None:
        self.mail(user="u", password="s3cret")
        self.assertNotIn("MAIL", self.say("220 mx", "250 mx"))
        self.assertEqual(self.refusal(), ("mx.example.com does not offer a login", True))

    def test_a_wrong_password_is_not_repeated(self) -> None:
        self.mail(user="u", password="s3cret")
        self.say("220 mx", "250-mx\r\n250 AUTH PLAIN", "334 ", "535 5.7.8 wrong")
        why, final = self.refusal()
        self.assertEqual(final, True)
        self.assertNotIn("s3cret", why)
        self.assertIn("535", why)

    def test_a_server_that_hangs_up_is_tried_again(self) -> None:
        self.mail()
        self.say("220 mx")
        from twisted.internet.error import ConnectionLost
        from twisted.python.failure import Failure

        self.protocol.connectionLost(Failure(ConnectionLost("cut")))
        self.factory.clientConnectionLost(None, Failure(ConnectionLost("cut")))
        why, final = self.refusal()
        self.assertIn("cut", why)
        self.assertFalse(final)

    def test_when_nobody_waits_any_more_the_connection_goes(self) -> None:
        self.mail()
        gone: list[bool] = []
        self.patch(self.reactor.connectors[0], "disconnect", lambda: gone.append(True))
        self.delivery.cancel()
        self.failureResultOf(self.delivery)
        self.assertEqual(gone, [True])
        self.factory.clientConnectionLost(None, None)
