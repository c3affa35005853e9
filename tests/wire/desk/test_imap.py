"""A client's session with us before its login, in IMAP."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.crossing import Broken
from exproxy.wire.desk.imap import LITERAL, ImapDesk, words_of
from exproxy.wire.desk.login import Login
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.step import Step, Then

OFFERED = ("IMAP4REV1", "IDLE", "LITERAL+", "COMPRESS=DEFLATE", "AUTH=NTLM", "LOGINDISABLED", "STARTTLS", "LOGIN-REFERRALS")


def desk(settings: Settings | None = None, *, secure: bool = False) -> ImapDesk:
    return ImapDesk(settings or Settings(), OFFERED, secure=secure)


class OfferTests(SynchronousTestCase):
    def test_what_cannot_be_replayed_is_not_offered(self) -> None:
        self.assertEqual(
            desk().greeting(), b"* OK [CAPABILITY IMAP4rev1 ID IDLE LITERAL+ SASL-IR AUTH=PLAIN AUTH=LOGIN] IMAP4 ready\r\n"
        )

    def test_before_tls_nobody_is_asked_for_a_password_where_that_is_required(self) -> None:
        settings = Settings(StartTls.OFFER, require_tls=True)
        bare, secure = desk(settings), desk(settings, secure=True)
        self.assertIn(b"IDLE LITERAL+ STARTTLS LOGINDISABLED]", bare.greeting())
        self.assertNotIn(b"STARTTLS", secure.greeting())
        for command in (b"a LOGIN anna x\r\n", b"a AUTHENTICATE PLAIN\r\n"):
            self.assertIn(b"a NO [PRIVACYREQUIRED]", bare.from_client(command).to_client)

    def test_capability_is_told_when_asked(self) -> None:
        self.assertEqual(
            desk().from_client(b"a capability\r\n").to_client,
            b"* CAPABILITY IMAP4rev1 ID IDLE LITERAL+ SASL-IR AUTH=PLAIN AUTH=LOGIN\r\na OK Completed\r\n",
        )

    def test_noop_id_and_logout(self) -> None:
        one = desk()
        self.assertEqual(one.from_client(b"a NOOP\r\n").to_client, b"a OK Completed\r\n")
        self.assertEqual(one.from_client(b'b ID ("name" "x")\r\n').to_client, b"* ID NIL\r\nb OK ID completed\r\n")
        self.assertIn(b"c BAD", one.from_client(b'c ID ("x-originating-ip" "192.0.2.1")\r\n').to_client)
        self.assertEqual(one.from_client(b"d LOGOUT\r\n").then, Then.FINISH)


class LoginTests(SynchronousTestCase):
    def login(self, *said: bytes) -> Login | None:
        one = desk()
        step = Step()
        for piece in said:
            step = one.from_client(piece)
        self.assertEqual(step.then is Then.LOG_IN, one.login is not None)
        return one.login

    def test_words_and_quoted_strings(self) -> None:
        self.assertEqual(self.login(b"a1 LOGIN anna secret\r\n"), Login(b"anna", b"secret", tag=b"a1"))
        self.assertEqual(self.login(b'a1 login "an na" "a\\"b\\\\c"\r\n'), Login(b"an na", b'a"b\\c', tag=b"a1"))
        self.assertEqual(self.login(b"a1 LOGIN EXAMPLE\\anna 100%*\r\n"), Login(b"EXAMPLE\\anna", b"100%*", tag=b"a1"))
        self.assertEqual(self.login(b'a1 LOGIN anna ""\r\n'), Login(b"anna", b"", tag=b"a1"))

    def test_literals_of_both_kinds(self) -> None:
        self.assertEqual(
            self.login(b"a LOGIN {4}\r\n", b"anna {6}\r\n", b"a b\xc3\xa9c\r\n"), Login(b"anna", b"a b\xc3\xa9c", tag=b"a")
        )
        self.assertEqual(self.login(b"a LOGIN {4+}\r\nanna {3+}\r\nabc\r\n"), Login(b"anna", b"abc", tag=b"a"))
        self.assertEqual(self.login(b"a LOGIN anna {0+}\r\n\r\n"), Login(b"anna", b"", tag=b"a"))

    def test_who_waits_is_asked_for_a_literal(self) -> None:
        one = desk()
        self.assertEqual(one.from_client(b"a LOGIN {4}\r\n").to_client, b"+ OK\r\n")
        self.assertEqual(one.from_client(b"anna {3}\r\n").to_client, b"+ OK\r\n")
        self.assertEqual(one.from_client(b"abc\r\n"), Step(then=Then.LOG_IN))

    def test_what_is_no_login_is_refused(self) -> None:
        for said in (
            b"a LOGIN\r\n",
            b"a LOGIN anna\r\n",
            b"a LOGIN anna b c\r\n",
            b"a LOGIN anna  b\r\n",
            b'a LOGIN "anna\r\n',
            b"a LOGIN anna {3+}\r\nabc d\r\n",
            b"a LOGIN {3+}\r\nabc{1+}\r\nd\r\n",
            b'a LOGIN "" x\r\n',
            b"a LOGIN anna {3+}\r\na\0b\r\n",
            b"a LOGIN anna {3+}\r\na\nb\r\n",
        ):
            one = desk()
            self.assertIn(b"a BAD ", one.from_client(said).to_client, said)
            self.assertIsNone(one.login, said)
            self.assertEqual(one.buffered, 0, said)

    def test_a_literal_of_a_refused_command_is_swallowed(self) -> None:
        one = desk()
        step = one.from_client(b"a NOPE {9+}\r\nb LOGOUT\r \r\nc NOOP\r\n")
        self.assertEqual(step.to_client.splitlines()[-1], b"c OK Completed")
        self.assertIs(step.then, Then.GO_ON)

    def test_a_literal_that_is_too_big_is_the_end(self) -> None:
        for mark in (b"{4294967295}", b"{%d+}" % (LITERAL + 1)):
            self.assertRaises(Broken, desk().from_client, b"a LOGIN %b\r\n" % mark)

    def test_authenticate_plain_with_and_without_an_initial_response(self) -> None:
        response = b64encode(b"\0anna\0secret")
        expected = Login(b"anna", b"secret", sasl=True, tag=b"a")
        self.assertEqual(self.login(b"a AUTHENTICATE PLAIN " + response + b"\r\n"), expected)
        self.assertEqual(self.login(b"a AUTHENTICATE plain\r\n", response + b"\r\n"), expected)

    def test_authenticate_login(self) -> None:
        said = (b"a AUTHENTICATE LOGIN\r\n", b64encode(b"anna") + b"\r\n", b64encode(b"secret") + b"\r\n")
        self.assertEqual(self.login(*said), Login(b"anna", b"secret", sasl=True, tag=b"a"))

    def test_an_exchange_may_be_cancelled_or_come_to_nothing(self) -> None:
        for line in (b"*\r\n", b"!!\r\n", b"abcd\n"):
            one = desk()
            self.assertEqual(one.from_client(b"a AUTHENTICATE PLAIN\r\n").to_client, b"+ \r\n")
            self.assertIn(b"a BAD ", one.from_client(line).to_client)
            self.assertIn(b"b OK", one.from_client(b"b NOOP\r\n").to_client)

    def test_other_mechanisms_are_not_there(self) -> None:
        self.assertIn(b"a NO [CANNOT]", desk().from_client(b"a AUTHENTICATE SCRAM-SHA-256\r\n").to_client)

    def test_while_a_login_is_judged_nothing_is_heard(self) -> None:
        one = desk()
        one.from_client(b"a LOGIN anna x\r\n")
        self.assertEqual(one.from_client(b"b NOOP\r\n"), Step())
        self.assertEqual(one.leftover(), b"b NOOP\r\n")

    def test_words_of_login(self) -> None:
        self.assertEqual(words_of(b"a ", first=True, literal=True), [b"a"])
        self.assertEqual(words_of(b"", first=True, literal=True), [])
        self.assertIsNone(words_of(b"a", first=True, literal=True))
        self.assertEqual(words_of(b" b", first=False, literal=False), [b"b"])
        self.assertIsNone(words_of(b"b", first=False, literal=False))
