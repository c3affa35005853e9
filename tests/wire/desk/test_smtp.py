"""A client's session with us before its login, in SMTP."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import Login
from exproxy.wire.desk.smtp import SmtpDesk
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.step import Then

OFFERED = ("SIZE 1000", "8BITMIME", "CHUNKING", "XCLIENT ADDR", "STARTTLS", "AUTH=NTLM", "AUTH NTLM GSSAPI", "X-EXPS NTLM")
PLAIN = b64encode(b"\0anna\0x")


def desk(settings: Settings | None = None, *, secure: bool = False) -> SmtpDesk:
    return SmtpDesk("mail.example.com", settings or Settings(), OFFERED, secure=secure)


class SmtpDeskTests(SynchronousTestCase):
    def test_what_is_offered(self) -> None:
        self.assertEqual(desk().greeting(), b"220 mail.example.com ESMTP\r\n")
        self.assertEqual(
            desk().from_client(b"EHLO me\r\n").to_client,
            b"250-mail.example.com\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n",
        )

    def test_auth_is_offered_over_tls_only_where_that_is_required(self) -> None:
        settings = Settings(StartTls.OFFER, require_tls=True)
        said = desk(settings).from_client(b"EHLO me\r\n").to_client
        self.assertEqual((b"250 STARTTLS\r\n" in said, b"AUTH" in said), (True, False))
        said = desk(settings, secure=True).from_client(b"EHLO me\r\n").to_client
        self.assertEqual((b"STARTTLS" in said, b"AUTH" in said), (False, True))
        self.assertIn(b"530 5.7.0 Must issue", desk(settings).from_client(b"EHLO me\r\nAUTH PLAIN\r\n").to_client)

    def test_nothing_but_a_login_may_be_said(self) -> None:
        for command in (b"MAIL FROM:<a>", b"RCPT TO:<a>", b"DATA", b"VRFY a", b"BURL x LAST"):
            self.assertIn(b"530 5.7.0 Auth", desk().from_client(b"EHLO me\r\n" + command + b"\r\n").to_client, command)

    def test_a_chunk_is_swallowed(self) -> None:
        one = desk()
        said = one.from_client(b"EHLO me\r\nBDAT 15 LAST\r\nXCLIENT ADDR=\r\nNOOP\r\n").to_client
        self.assertTrue(said.endswith(b"530 5.7.0 Authentication required\r\n250 2.0.0 OK\r\n"), said)
        self.assertIs(desk().from_client(b"BDAT x\r\n").then, Then.FINISH)

    def test_xclient_is_refused(self) -> None:
        one = desk()
        self.assertIn(b"550 5.7.0", one.from_client(b"XCLIENT ADDR=192.0.2.1\r\n").to_client)
        self.assertEqual(one.facts.denied, 1)

    def test_auth_needs_ehlo_with_a_name(self) -> None:
        for hello in (b"", b"HELO me\r\n", b"EHLO \r\n"):
            one = desk()
            self.assertIn(b"503 5.5.1", one.from_client(hello + b"AUTH PLAIN " + PLAIN + b"\r\n").to_client, hello)
            self.assertIsNone(one.login)

    def test_auth_plain_and_login(self) -> None:
        one = desk()
        one.from_client(b"EHLO me\r\nAUTH PLAIN " + PLAIN + b"\r\n")
        self.assertEqual(one.login, Login(b"anna", b"x", sasl=True))
        one = desk()
        said = one.from_client(b"EHLO me\r\nAUTH LOGIN\r\n").to_client
        self.assertTrue(said.endswith(b"334 VXNlcm5hbWU6\r\n"))
        self.assertEqual(one.from_client(b64encode(b"anna") + b"\r\n").to_client, b"334 UGFzc3dvcmQ6\r\n")
        one.from_client(b64encode(b"x") + b"\r\n")
        self.assertEqual(one.login, Login(b"anna", b"x", sasl=True))

    def test_what_is_no_login(self) -> None:
        for line, code in ((b"*\r\n", b"501 "), (b"x\r\n", b"501 "), (b"x\n", b"501 ")):
            one = desk()
            one.from_client(b"EHLO me\r\nAUTH PLAIN\r\n")
            self.assertTrue(one.from_client(line).to_client.startswith(code))
        self.assertIn(b"504 5.5.4", desk().from_client(b"EHLO me\r\nAUTH NTLM\r\n").to_client)
        self.assertIn(b"502 5.5.1", desk().from_client(b"EHLO me\r\nX-EXPS LOGIN\r\n").to_client)

    def test_tls_makes_the_hello_forgotten(self) -> None:
        one = desk(Settings(StartTls.OFFER))
        one.from_client(b"EHLO eve\r\nSTARTTLS\r\n")
        one.secured()
        self.assertEqual(one.facts.helo, "")
        self.assertIn(b"503", one.from_client(b"AUTH PLAIN " + PLAIN + b"\r\n").to_client)

    def test_noop_rset_help_and_quit(self) -> None:
        one = desk()
        said = one.from_client(b"NOOP\r\nRSET\r\nHELP\r\n").to_client
        self.assertEqual([line[:3] for line in said.splitlines()], [b"250", b"250", b"214"])
        self.assertIs(one.from_client(b"QUIT\r\n").then, Then.FINISH)

    def test_whether_chunks_are_offered_is_known(self) -> None:
        self.assertTrue(desk().chunking)
        self.assertFalse(SmtpDesk("a", Settings(), ()).chunking)
