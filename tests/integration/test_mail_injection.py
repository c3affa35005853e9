"""Who adds commands in the clear before TLS begins (CVE-2011-0411), and who smuggles mails in mails (CVE-2023-51764)."""

import re
import socket
import ssl
from pathlib import Path

from tests.integration.clients import PATIENCE
from tests.integration.mailways import FIRST, FRONT, SECOND, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.player import Player, Stage
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.waiting import eventually


def read(connection: socket.socket, pattern: bytes) -> bytes:
    """What comes, up to the ``pattern`` and including it, or to the end."""
    said = b""
    while not re.search(pattern, said, re.MULTILINE):
        data = connection.recv(4096)
        if not data:
            break
        said += data
    return said


class BehindStarttlsTests(MailWaysTests):
    """What a client's command to begin TLS is followed by in the clear is nobody's."""

    def secured(self, name: str, hello: bytes, begin: bytes, injected: bytes, begun: bytes) -> ssl.SSLSocket:
        """Begin TLS with ``injected`` in the same packet; nothing but the answer to the beginning is heard in the clear."""
        connection = self.connection(name)
        read(connection, rb"\r\n")
        connection.sendall(hello)
        read(connection, rb"^(250 |a OK|\.\r\n)")
        connection.sendall(begin + injected)
        said = read(connection, rb"\r\n")
        self.assertRegex(said, rb"^" + begun + rb"[^\r\n]*\r\n$")
        self.context.check_hostname = False
        secure = self.context.wrap_socket(connection, server_hostname=FRONT)
        self.addCleanup(secure.close)
        return secure

    def run_mailbox(self) -> None:
        needs.require(*dovecot.NEEDS)
        self.peer = dovecot.Dovecot("ex1", FIRST, *free_ports(2, FIRST), certificate=self.leaf(FIRST))
        self.started(self.peer)
        place = f"{FIRST}:{self.peer.port if self.mode == 'imap' else self.peer.pop3_port}"
        self.back("hub", {"ex1": place})
        self.front("ours", "hub", "starttls")
        self.front("past", "hub", None)
        self.run_site("hub/ex1")


class SmtpBehindStarttlsTests(BehindStarttlsTests):
    mode = "smtp"

    def test_no_command_from_the_clear_is_done_in_the_session_that_follows(self) -> None:
        needs.require(*postfix.NEEDS)
        peer = postfix.Postfix("ex1", FIRST, free_port(FIRST), certificate=self.leaf(FIRST))
        self.started(peer)
        self.back("hub", {"ex1": f"{FIRST}:{peer.port}"})
        self.back("over", {"ex1": f"{FIRST}:{peer.port}"}, "starttls")
        self.front("ours", "hub", "starttls")
        self.front("both", "over", "starttls")
        self.front("past", "hub", None)
        self.run_site("hub/ex1", "over/ex1")
        injected = b"EHLO mallory.example.net\r\nMAIL FROM:<mallory@example.net>\r\nRCPT TO:<anna@example.com>\r\n"
        for name in self.ports:
            secure = self.secured(name, b"EHLO client.example.com\r\n", b"STARTTLS\r\n", injected, b"220 ")
            secure.sendall(b"RCPT TO:<anna@example.com>\r\nEHLO client.example.com\r\nRCPT TO:<anna@example.com>\r\nQUIT\r\n")
            codes = re.findall(rb"^(\d{3}) ", read(secure, rb"^221 "), re.MULTILINE)
            self.assertEqual(codes, [b"503", b"250", b"503", b"221"], name)
        self.assertNotIn("mallory", peer.logged())


class ImapBehindStarttlsTests(BehindStarttlsTests):
    mode = "imap"

    def test_no_login_from_the_clear_is_done_in_the_session_that_follows(self) -> None:
        self.run_mailbox()
        for name in self.ports:
            injected = f"x LOGIN {dovecot.USER} {dovecot.PASSWORD}\r\ny SELECT INBOX\r\n".encode()
            secure = self.secured(name, b"a NOOP\r\n", b"b STARTTLS\r\n", injected, b"b OK")
            secure.sendall(b"c SELECT INBOX\r\nd LOGOUT\r\n")
            said = read(secure, rb"^d OK")
            self.assertNotRegex(said, rb"(?m)^[xy] ")
            self.assertRegex(said, rb"(?m)^c BAD")
        self.assertNotIn("Login: user=", self.peer.logged())


class Pop3BehindStarttlsTests(BehindStarttlsTests):
    mode = "pop3"

    def test_no_login_from_the_clear_is_done_in_the_session_that_follows(self) -> None:
        self.run_mailbox()
        for name in self.ports:
            injected = f"USER {dovecot.USER}\r\nPASS {dovecot.PASSWORD}\r\n".encode()
            secure = self.secured(name, b"CAPA\r\n", b"STLS\r\n", injected, rb"\+OK")
            secure.sendall(b"STAT\r\nQUIT\r\n")
            self.assertRegex(read(secure, rb"^\+OK"), rb"^-ERR [^\r\n]*\r\n\+OK")
        self.assertNotIn("Login: user=", self.peer.logged())


class BehindTheAnswerTests(MailWaysTests):
    """A server that says more in the clear behind its answer to our STARTTLS has somebody beside it."""

    def run_with(self, greeting: bytes, lead: dict[bytes, bytes]) -> None:
        """A server that answers each word of ``lead`` so, and then shakes hands."""
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.leaf(FIRST).configure_cert(served)
        self.heard: list[bytes] = []

        def part(stage: Stage) -> None:
            stage.say(greeting)
            for word, answer in lead.items():
                stage.listen(word)
                stage.listen(b"\r\n") if not stage.heard.endswith(b"\r\n") else None
                stage.say(answer)
            stage.connection = served.wrap_socket(stage.connection, server_side=True)
            stage.say(greeting)

        self.player = Player(FIRST, free_port(FIRST), part)
        self.addCleanup(self.player.stop)
        self.player.start()
        self.back("hub", {"ex1": f"{FIRST}:{self.player.port}"}, "starttls", '"off"')
        self.front("mail", "hub", "off")
        self.run_site()
        said = self.connection("mail").recv(4096)
        self.assertNotIn(b"injected", said)
        self.assertNotIn(greeting, said)
        self.proxy.wait_for_log("hub/ex1 said more behind the answer to ST.*, and was not asked")


class SmtpBehindTheAnswerTests(BehindTheAnswerTests):
    mode = "smtp"

    def test_it_is_passed_over(self) -> None:
        offers = b"250-ex1.example.com\r\n250 STARTTLS\r\n"
        self.run_with(b"220 ex1 ESMTP\r\n", {b"EHLO": offers, b"STARTTLS": b"220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n"})


class ImapBehindTheAnswerTests(BehindTheAnswerTests):
    mode = "imap"

    def test_it_is_passed_over(self) -> None:
        self.run_with(b"* OK ready\r\n", {b"STARTTLS": b"exproxy OK go\r\n* CAPABILITY IMAP4rev1 injected\r\n"})


class Pop3BehindTheAnswerTests(BehindTheAnswerTests):
    mode = "pop3"

    def test_it_is_passed_over(self) -> None:
        self.run_with(b"+OK ready\r\n", {b"STLS": b"+OK go\r\n+OK injected\r\n"})


ENDS = (
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n.\rx\r\n",
    b"\n\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n..\r\n",
    b"\n.\r",
    b"\r.\n",
)
"""What some servers take for the end of a mail, beside CRLF.CRLF (Longin, SMTP Smuggling, 2023)."""
HEAD = b"From: bob@example.net\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.net>\r\n\r\n"
"""What Postfix would put into a mail that has none."""
SMUGGLED = (
    b"MAIL FROM:<mallory@example.net>\r\nRCPT TO:<anna@example.com>\r\nDATA\r\nSubject: smuggled\r\n"
    + HEAD
    + b"smuggled\r\n.\r\n"
)


class SmugglingTests(MailWaysTests):
    mode = "smtp"

    def content(self, end: bytes) -> bytes:
        return b"Subject: hello\r\n" + HEAD + b"hello" + end + SMUGGLED

    def test_what_the_server_hears_is_octet_for_octet_what_the_client_said(self) -> None:
        ok = b"250 ok\r\n"

        def part(stage: Stage) -> None:
            stage.say(b"220 ex1 ESMTP\r\n")
            for answer in (b"250 ex1\r\n", ok, ok, b"354 go on\r\n"):
                stage.listen(b"\r\n")
                stage.say(answer)
            stage.listen(b"\r\n.\r\n")
            stage.say(ok)
            stage.listen()

        player = Player(FIRST, free_port(FIRST), part)
        self.addCleanup(player.stop)
        player.start()
        self.back("hub", {"ex1": f"{FIRST}:{player.port}"}, None, '"off"')
        self.front("mail", "hub", "off")
        self.run_site()
        for end in ENDS:
            for cut in (None, 1):
                connection = self.connection("mail")
                read(connection, rb"\r\n")
                lines = [
                    b"EHLO a.example.net\r\n",
                    b"MAIL FROM:<bob@example.net>\r\n",
                    b"RCPT TO:<anna@example.com>\r\n",
                    b"DATA\r\n",
                ]
                for line in lines:
                    connection.sendall(line)
                    read(connection, rb"\r\n")
                content = self.content(end)
                for start in range(0, len(content), cut or len(content)):
                    connection.sendall(content[start : start + (cut or len(content))])
                self.assertEqual(read(connection, rb"\r\n"), ok)
                connection.close()
                stage = player.stages[-1]
                eventually(lambda stage=stage, content=content: content in stage.heard, "the content to be heard")
                behind = bytes(stage.heard).partition(b"DATA\r\n")[2]
                self.assertIn(behind, (content, content + b"QUIT\r\n"), end)

    def send(self, host: str, port: int, content: bytes) -> bytes:
        """One session with Postfix: the replies behind DATA."""
        with socket.create_connection((host, port), PATIENCE) as connection:
            read(connection, rb"\r\n")
            for line, done in (
                (b"EHLO client.example.com\r\n", rb"^250 "),
                (b"MAIL FROM:<bob@example.net>\r\n", rb"\r\n"),
                (b"RCPT TO:<anna@example.com>\r\n", rb"\r\n"),
                (b"DATA\r\n", rb"^354"),
            ):
                connection.sendall(line)
                read(connection, done)
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            return read(connection, rb"\Znever")

    def test_postfix_never_stores_a_mail_more_through_us_than_without_us_nor_another(self) -> None:
        needs.require(*postfix.NEEDS)
        direct, behind = (postfix.Postfix(name, host, free_port(host)) for name, host in (("ex1", FIRST), ("ex2", SECOND)))
        self.started(direct, behind)
        self.back("hub", {"ex2": f"{SECOND}:{behind.port}"})
        self.front("mail", "hub", "off")
        self.run_site("hub/ex2")
        for number, end in enumerate(ENDS):
            content = self.content(end).replace(b"hello", b"hello %d" % number)
            self.send(FIRST, direct.port, content)
            said = self.send(FRONT, self.ports["mail"], content)
            self.assertLessEqual(said.count(b"250 2.0.0 Ok: queued"), 1, end)
        eventually(lambda: not any(map(queued, (direct, behind))), "empty queues")
        self.assertEqual(stored(behind), stored(direct))
        for peer in (direct, behind):
            self.assertEqual(len([mail for mail in stored(peer) if b"hello" in mail]), len(ENDS))


def queued(peer: postfix.Postfix) -> list[Path]:
    """Mails that are not in the mailbox yet; looked for in the order of their way, so that none slips through."""
    return [
        path
        for folder in ("incoming", "active", "deferred")
        for path in (peer.folder / "queue" / folder).rglob("*")
        if path.is_file()
    ]


def stored(peer: postfix.Postfix) -> list[bytes]:
    """All mails, as they were sent."""
    paths = (peer.folder / "mail" / "inbox" / "new").glob("*")
    return sorted(re.sub(rb"\A(.*\n)*?(?=Subject:)", b"", path.read_bytes()) for path in paths)
