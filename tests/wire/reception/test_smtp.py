"""An SMTP server's reception."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.reception.base import ClientFacts, Now, Turn
from exproxy.wire.reception.smtp import SmtpReception

GREETING = b"220-ex1.example.com\r\n220 ready\r\n"
CLIENT = ClientFacts(("2001:db8::1", 40000), ("::ffff:192.0.2.9", 25))


class SmtpReceptionTests(SynchronousTestCase):
    def test_a_good_greeting_is_all_that_is_wanted(self) -> None:
        self.assertEqual(SmtpReception("lb").receive(GREETING), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_cut_anywhere_it_is_the_same(self) -> None:
        reception = SmtpReception("lb")
        for octet in GREETING[:-1]:
            self.assertEqual(reception.receive(bytes([octet])), Turn())
        self.assertEqual(reception.receive(GREETING[-1:]).greeting, GREETING)

    def test_anything_else_is_turned_away_with_the_server_s_words(self) -> None:
        for said, why in (
            (b"421 4.3.2 Service not active\r\n", "said 421 4.3.2 Service not active instead of the greeting"),
            (b"554 go away\r\n", "said 554 go away instead of the greeting"),
            (b"250 what\r\n", "said 250 what instead of the greeting"),
            (b"* OK IMAP\r\n", "did not speak SMTP"),
            (b"220 hi\r\n250 there\r\n", "said more behind the greeting, and was not asked"),
            (b"220-x\r\n" * 3000, "did not speak SMTP"),
        ):
            turn = SmtpReception("lb").receive(said)
            self.assertIs(turn.now, Now.TURN_AWAY)
            self.assertIn(why, turn.why)

    def test_starttls_and_nothing_more(self) -> None:
        reception = SmtpReception("lb", starttls=True)
        self.assertEqual(reception.receive(GREETING), Turn(b"EHLO lb\r\n"))
        self.assertEqual(reception.receive(b"250-x\r\n250 starttls\r\n"), Turn(b"STARTTLS\r\n"))
        self.assertEqual(reception.awaited(), "the answer to STARTTLS")
        self.assertIs(reception.receive(b"220 go\r\n").now, Now.START_TLS)
        self.assertEqual(reception.secured(), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_xclient_is_said_over_tls_as_it_is_offered_there(self) -> None:
        reception = SmtpReception("lb", True, CLIENT)
        reception.receive(GREETING)
        reception.receive(b"250-x\r\n250 STARTTLS\r\n")
        reception.receive(b"220 go\r\n")
        self.assertEqual(reception.secured().say, b"EHLO lb\r\n")
        said = reception.receive(b"250-x\r\n250 XCLIENT ADDR PORT DESTADDR\r\n").say
        self.assertEqual(said, b"XCLIENT ADDR=IPV6:2001:db8::1 PORT=40000 DESTADDR=192.0.2.9\r\n")
        self.assertEqual(reception.receive(b"220 x\r\n"), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_a_name_with_blanks_is_none(self) -> None:
        self.assertRaises(ValueError, SmtpReception, "a b")
