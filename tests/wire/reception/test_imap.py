"""An IMAP server's reception."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.reception.base import ClientFacts, Now, Turn
from exproxy.wire.reception.imap import ImapReception

GREETING = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"
CLIENT = ClientFacts(("::ffff:192.0.2.77", 40000), ("192.0.2.9", 143))
ID = (
    b'exproxy ID ("x-originating-ip" "192.0.2.77" "x-originating-port" "40000"'
    b' "x-connected-ip" "192.0.2.9" "x-connected-port" "143")\r\n'
)


class ImapReceptionTests(SynchronousTestCase):
    def test_a_good_greeting_is_all_that_is_wanted(self) -> None:
        self.assertEqual(ImapReception().receive(GREETING), Turn(now=Now.PUT_THROUGH, greeting=GREETING))

    def test_anything_else_is_turned_away(self) -> None:
        for said, why in (
            (b"* BYE overload\r\n", "said * BYE overload instead of the greeting"),
            (b"* PREAUTH hi\r\n", "said * PREAUTH hi instead"),
            (b"220 smtp\r\n", "said 220 smtp instead"),
            (GREETING + b"* OK\r\n", "said more behind"),
            (b"\0\r\n", "did not speak IMAP"),
        ):
            turn = ImapReception().receive(said)
            self.assertIs(turn.now, Now.TURN_AWAY)
            self.assertIn(why, turn.why)

    def test_starttls_takes_the_greeting_s_capabilities_away(self) -> None:
        reception = ImapReception(starttls=True)
        self.assertEqual(reception.receive(GREETING), Turn(b"exproxy STARTTLS\r\n"))
        self.assertEqual(reception.awaited(), "the answer to STARTTLS")
        self.assertIs(reception.receive(b"exproxy OK go\r\n").now, Now.START_TLS)
        self.assertEqual(reception.secured(), Turn(now=Now.PUT_THROUGH, greeting=b"* OK ready\r\n"))

    def test_a_server_that_refuses_it_or_injects_behind_it_is_turned_away(self) -> None:
        for said in (b"exproxy BAD no\r\n", b"exproxy OK go\r\n* OK injected\r\n", b"* BYE now\r\n"):
            reception = ImapReception(starttls=True)
            reception.receive(GREETING)
            self.assertIs(reception.receive(said).now, Now.TURN_AWAY, said)

    def test_the_server_is_told_the_client(self) -> None:
        reception = ImapReception(client=CLIENT)
        self.assertEqual(reception.receive(GREETING), Turn(ID))
        self.assertEqual(reception.receive(b'* ID ("name" "Dovecot")\r\n'), Turn())
        self.assertEqual(reception.receive(b"exproxy OK done\r\n"), Turn(now=Now.PUT_THROUGH, greeting=GREETING))
