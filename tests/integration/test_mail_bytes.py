"""What goes through mode ``smtp`` is what would go without it: each extension, big mails, odd cuts, octet for octet."""

import base64
import re
import smtplib
import socket
from pathlib import Path
from random import Random

from tests.integration.clients import PATIENCE
from tests.integration.mailways import FIRST, FRONT, SECOND, MailWaysTests
from tests.integration.peers import needs, postfix
from tests.integration.peers.ports import free_port
from tests.integration.peers.waiting import eventually

HEAD = (
    b"From: bob@example.net\r\nTo: anna@example.com\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%d@example.net>\r\n\r\n"
)
"""With all that Postfix would add itself."""
BIG = 20_000_000
"""Octets."""
UNLIMITED = "message_size_limit = 0\nmailbox_size_limit = 0\nvirtual_mailbox_limit = 0\n"
ENVELOPE = b"MAIL FROM:<bob@example.net>%b\r\n", b"RCPT TO:<anna@example.com>%b\r\n"


class Talker:
    """A client that sends what it is told, as it is, and counts replies."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = socket.create_connection((host, port), 3 * PATIENCE)
        self._file = self.connection.makefile("rb")
        self.replies: list[bytes] = []
        self.hear(1)

    def say(self, octets: bytes, replies: int, piece: int = 0) -> None:
        """Say it at once or ``piece`` by piece, then hear so many replies."""
        for start in range(0, len(octets), piece or len(octets)):
            self.connection.sendall(octets[start : start + (piece or len(octets))])
        self.hear(replies)

    def hear(self, replies: int) -> None:
        while replies:
            line = self._file.readline()
            assert line, f"the session ended behind {self.replies}"
            if line[3:4] == b" ":
                replies -= 1
                self.replies.append(re.sub(rb"queued as \w+|ex\d", b"", line))

    def close(self) -> None:
        self._file.close()
        self.connection.close()


def plain(talker: Talker) -> None:
    talker.say(b"EHLO client.example.com\r\n", 1)
    for line in (ENVELOPE[0] % b"", ENVELOPE[1] % b"", b"DATA\r\n"):
        talker.say(line, 1)
    talker.say(HEAD % 1 + b"one\r\n..two\r\n...\r\n .\r\n.x\r\n.\r\n", 1)


def one_dot(talker: Talker) -> None:
    """The shortest content of all."""
    talker.say(b"HELO client.example.com\r\n", 1)
    talker.say(ENVELOPE[0] % b"" + ENVELOPE[1] % b"" + b"DATA\r\n", 3)
    talker.say(HEAD % 2 + b".\r\n", 1)


def pipelined(talker: Talker) -> None:
    """RFC 2920: groups of commands, the end of one mail with the beginning of the next."""
    talker.say(b"EHLO client.example.com\r\n", 1)
    group = ENVELOPE[0] % b"" + ENVELOPE[1] % b"" + b"RCPT TO:<>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\n"
    talker.say(b"NOOP\r\nRSET\r\n" + group, 7)
    talker.say(HEAD % 3 + b"first\r\n.\r\n" + group, 6)
    talker.say(HEAD % 4 + b"second\r\n.\r\nVRFY anna\r\nQUIT\r\n", 3)


def by_octets(talker: Talker) -> None:
    """Every cut there is."""
    said = b"EHLO client.example.com\r\n", ENVELOPE[0] % b"", ENVELOPE[1] % b"", b"DATA\r\n", HEAD % 5 + b"cut\r\n..\r\n.\r\n"
    for octets in said:
        talker.say(octets, 1, piece=1)


def eight_bit(talker: Talker) -> None:
    """RFC 6152: all octets but NUL, CR and LF, in lines of 998."""
    octets = bytes(sorted(set(range(1, 256)) - {10, 13}))
    lines = b"".join((octets * 4)[:998] + b"\r\n" for _ in range(5))
    talker.say(b"EHLO client.example.com\r\n", 1)
    talker.say(ENVELOPE[0] % b" BODY=8BITMIME SIZE=9000", 1)
    talker.say(ENVELOPE[1] % b"", 1)
    talker.say(b"DATA\r\n", 1)
    talker.say(HEAD % 6 + lines + b".\r\n", 1)


def international(talker: Talker) -> None:
    """RFC 6531."""
    talker.say(b"EHLO client.example.com\r\n", 1)
    talker.say("MAIL FROM:<jörg@example.net> SMTPUTF8 BODY=8BITMIME\r\n".encode(), 1)
    talker.say(ENVELOPE[1] % b"" + "RCPT TO:<änne@example.com>\r\n".encode() + b"DATA\r\n", 3)
    talker.say(HEAD % 7 + "Grüße aus Köln\r\n.\r\n".encode(), 1)


def notified(talker: Talker) -> None:
    """RFC 3461."""
    talker.say(b"EHLO client.example.com\r\n", 1)
    talker.say(ENVELOPE[0] % b" RET=HDRS ENVID=QQ314159", 1)
    talker.say(ENVELOPE[1] % b" NOTIFY=NEVER ORCPT=rfc822;Anna+2Bx@example.com", 1)
    talker.say(b"DATA\r\n", 1)
    talker.say(HEAD % 8 + b"hello\r\n.\r\n", 1)


def chunked(talker: Talker) -> None:
    """RFC 3030: chunks of all sizes, with what would end DATA inside, pipelined."""
    content = HEAD % 9 + b"one\r\n.\r\ntwo\r\n.\r\nQUIT\r\n" + b"x" * 500 + b"\r\n"
    talker.say(b"EHLO client.example.com\r\n", 1)
    talker.say(ENVELOPE[0] % b"" + ENVELOPE[1] % b"", 2)
    talker.say(b"BDAT 1\r\n" + content[:1], 1)
    talker.say(b"BDAT 40\r\n" + content[1:41] + b"BDAT 9\r\n" + content[41:50], 2)
    talker.say(b"BDAT %d\r\n" % len(content[50:]) + content[50:] + b"BDAT 0 LAST\r\n", 2)
    talker.say(b"QUIT\r\n", 1)


def big(talker: Talker) -> None:
    """As clients send attachments."""
    octets = Random(7).randbytes(BIG // 4 * 3)
    talker.say(b"EHLO client.example.com\r\n", 1)
    talker.say(ENVELOPE[0] % b"" + ENVELOPE[1] % b"" + b"DATA\r\n", 3)
    talker.say(HEAD % 10 + base64.encodebytes(octets).replace(b"\n", b"\r\n") + b".\r\n", 1)


def big_chunks(talker: Talker) -> None:
    """Of a million octets, dots and ends of lines and all."""
    content = HEAD % 11 + b"".join(b"%d\r\n.\r\n" % number for number in range(BIG // 10))
    talker.say(b"EHLO client.example.com\r\n", 1)
    talker.say(ENVELOPE[0] % b"" + ENVELOPE[1] % b"", 2)
    for start in range(0, len(content), 1_000_000):
        chunk = content[start : start + 1_000_000]
        talker.say(b"BDAT %d%b\r\n" % (len(chunk), b" LAST" if start + 1_000_000 >= len(content) else b"") + chunk, 1)


SCRIPTS = (plain, one_dot, pipelined, by_octets, eight_bit, international, notified, chunked, big, big_chunks)


class ThroughTests(MailWaysTests):
    """The same sessions with one Postfix directly and with another through us."""

    mode = "smtp"

    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS)
        peers = [postfix.Postfix(name, host, free_port(host), UNLIMITED) for name, host in (("ex1", FIRST), ("ex2", SECOND))]
        self.direct, self.behind = peers
        self.started(*peers)
        self.back("hub", {"ex2": f"{SECOND}:{self.behind.port}"})
        self.front("mail", "hub", "off")
        self.run_site("hub/ex2")

    def test_replies_and_mails_are_the_same(self) -> None:
        for script in SCRIPTS:
            heard = []
            for host, port in ((FIRST, self.direct.port), (FRONT, self.ports["mail"])):
                talker = Talker(host, port)
                self.addCleanup(talker.close)
                script(talker)
                talker.close()
                heard.append(talker.replies)
            self.assertEqual(heard[1], heard[0], script.__name__)
        eventually(lambda: len(mails(self.direct)) == len(mails(self.behind)) >= len(SCRIPTS), "all mails", 3 * PATIENCE)
        eventually(lambda: mails(self.direct).keys() == mails(self.behind).keys() and mails(self.behind), "whole mails")
        for number, mail in mails(self.direct).items():
            self.assertTrue(mail == mails(self.behind)[number], f"mail {number} is another")

    def test_what_is_offered_is_the_same_but_for_what_is_dangerous(self) -> None:
        offers = []
        for host, port in ((FIRST, self.direct.port), (FRONT, self.ports["mail"])):
            with smtplib.SMTP(host, port, "client.example.com", PATIENCE) as client:
                client.ehlo()
                offers.append(client.esmtp_features)
        self.assertEqual(offers[1], offers[0])
        self.assertLessEqual({"8bitmime", "chunking", "smtputf8", "dsn", "pipelining", "size"}, offers[1].keys())


def mails(peer: postfix.Postfix) -> dict[bytes, bytes]:
    """Each mail by its number, without what Postfix writes before it."""
    found = {}
    for path in Path(peer.folder / "mail" / "inbox" / "new").glob("*"):
        text = path.read_bytes()
        mail = text[text.index(b"From: bob@") :]
        to, number = re.search(rb"^Delivered-To: (.*)$", text, re.MULTILINE), re.search(rb"<(\d+)@example.net>", mail)
        assert to is not None
        assert number is not None
        found[number[1] + b" to " + to[1]] = mail
    return found
