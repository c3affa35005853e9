"""A POP3 server's reception."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.reception.base import ClientFacts, Now, Turn
from exproxy.wire.reception.pop3 import Pop3Reception

GREETING = b"+OK Dovecot ready. <1.2@ex1>\r\n"
TRUSTING = b"+OK [XCLIENT] Dovecot ready. <1.2@ex1>\r\n"
CLIENT = ClientFacts(("::ffff:192.0.2.77", 40000), ("192.0.2.9", 110))


class Pop3ReceptionTests(SynchronousTestCase):
    def test_a_good_greeting_is_all_that_is_wanted(self) -> None:
        self.assertEqual(Pop3Reception().receive(GREETING), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_anything_else_is_turned_away(self) -> None:
        for said, why in (
            (b"-ERR [SYS/TEMP] busy\r\n", "said -ERR [SYS/TEMP] busy instead of the greeting"),
            (b"* OK IMAP\r\n", "said * OK IMAP instead"),
            (GREETING + b"+OK\r\n", "said more behind"),
            (b"+" * 9000, "did not speak POP3"),
        ):
            turn = Pop3Reception().receive(said)
            self.assertIs(turn.now, Now.TURN_AWAY)
            self.assertIn(why, turn.why)

    def test_stls(self) -> None:
        reception = Pop3Reception(stls=True)
        self.assertEqual(reception.receive(GREETING), Turn(b"STLS\r\n"))
        self.assertEqual(reception.awaited(), "the answer to STLS")
        self.assertIs(reception.receive(b"+OK go\r\n").now, Now.START_TLS)
        self.assertEqual(reception.secured(), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_a_server_that_trusts_us_is_told_the_client_and_the_client_not_of_that(self) -> None:
        reception = Pop3Reception(client=CLIENT)
        self.assertEqual(reception.receive(TRUSTING), Turn(b"XCLIENT ADDR=192.0.2.77 PORT=40000\r\n"))
        self.assertEqual(reception.receive(b"+OK Updated\r\n"), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_one_that_does_not_is_told_nothing(self) -> None:
        self.assertIs(Pop3Reception(client=CLIENT).receive(GREETING).now, Now.PUT_THROUGH)

    def test_the_word_is_hidden_also_where_nothing_is_told(self) -> None:
        self.assertEqual(Pop3Reception().receive(TRUSTING).greeting, GREETING)
