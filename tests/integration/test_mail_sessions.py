"""The sense of a session: literals at the login, hours of IDLE, big mails up and down, and a drain's goodbye in each state."""

import imaplib
import os
import pwd
import re
import signal
import socket
import time
from pathlib import Path

from tests.integration.clients import PATIENCE
from tests.integration.mailways import FIRST, FRONT, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import DEFAULTS, Proxy
from tests.integration.test_mail_bytes import Talker

BIG = 20_000_000
"""Octets."""
DRAIN = 300
"""Seconds that sessions have to end; nobody here waits so long."""


class SessionTests(MailWaysTests):
    def run_site(self, *up: str) -> None:
        """With time for a drain."""
        defaults = re.sub(r'drain = "1s"', f'drain = "{DRAIN}s"', DEFAULTS)
        self.proxy = Proxy("proxy", FRONT, self.ports["mail"], self.site, defaults)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for each in up:
            self.proxy.wait_until(each, "up")

    def drain(self) -> None:
        """Tell the proxy to end, in its own time."""
        self.proxy.process.signal(signal.SIGTERM)

    def assert_ended(self) -> None:
        """By itself, and not for want of time."""
        self.assertEqual(self.proxy.process.wait(DRAIN // 2), 0)


class ImapTests(SessionTests):
    mode = "imap"

    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        mechanisms = "auth_mechanisms = plain login"
        self.peer = dovecot.Dovecot("ex1", FIRST, *free_ports(2, FIRST), settings=mechanisms)
        self.started(self.peer)
        self.back("hub", {"ex1": f"{FIRST}:{self.peer.port}"})
        self.front("mail", "hub", "off")
        self.run_site("hub/ex1")

    def logged_in(self) -> imaplib.IMAP4:
        client = self.imap("mail")
        client.login(dovecot.USER, dovecot.PASSWORD)
        client.select("INBOX")
        return client

    def deliver(self, name: str) -> None:
        """As an MTA does: another mail in the maildir."""
        owner = pwd.getpwnam(dovecot.OWNER)
        letter = self.peer.folder / "mail" / dovecot.USER / "tmp" / name
        letter.write_text(f"From: bob@example.net\nSubject: {name}\n\nhello\n")
        os.chown(letter, owner.pw_uid, owner.pw_gid)
        letter.rename(letter.parent.parent / "new" / name)

    def test_each_kind_of_literal_logs_in(self) -> None:
        user, password = dovecot.USER.encode(), dovecot.PASSWORD.encode()
        nine, words = len(user), len(password)
        for sent in (
            [b"a LOGIN {%d}\r\n" % nine, user + b" {%d}\r\n" % words, password + b"\r\n"],
            [b"a LOGIN {%d+}\r\n" % nine + user + b" {%d+}\r\n" % words + password + b"\r\n"],
            [b"a LOGIN " + user + b" {%d}\r\n" % words, password + b"\r\n"],
            [b"a LOGIN {%d+}\r\n" % nine + user + b' "' + password + b'"\r\n'],
            [b"a AUTHENTICATE PLAIN\r\n", b"AGFubmEAY29ycmVjdC1ob3JzZQ==\r\n"],
            [b"a AUTHENTICATE PLAIN AGFubmEAY29ycmVjdC1ob3JzZQ==\r\n"],
            [b"a AUTHENTICATE LOGIN\r\n", b"YW5uYQ==\r\n", b"Y29ycmVjdC1ob3JzZQ==\r\n"],
        ):
            connection = self.connection("mail")
            file = connection.makefile("rb")
            self.assertIn(b"ex1 ready", file.readline())
            for part in sent[:-1]:
                connection.sendall(part)
                self.assertRegex(file.readline(), rb"^\+")
            connection.sendall(sent[-1] + b"b LOGOUT\r\n")
            said = b"".join(file)
            self.assertRegex(said, rb"(?m)^a OK")
            self.assertRegex(said, rb"(?m)^b OK")
            file.close()

    def test_who_idles_hears_at_once_of_a_mail(self) -> None:
        client = self.logged_in()
        client.send(b"i IDLE\r\n")
        self.assertRegex(client.readline(), rb"^\+ ")
        for number in (2, 3):
            time.sleep(1.5)  # nothing happens meanwhile
            self.deliver(f"{number}.letter")
            while (said := client.readline()) != b"* %d EXISTS\r\n" % number:
                self.assertRegex(said, rb"^\* \d+ RECENT\r\n")
        client.send(b"DONE\r\n")
        while not (said := client.readline()).startswith(b"i OK"):
            self.assertRegex(said, rb"^\* \d+ RECENT\r\n")
        client.logout()

    def test_a_mail_of_twenty_million_octets_goes_up_and_comes_back(self) -> None:
        client = self.logged_in()
        letter = b"Subject: big\r\n\r\n" + b"".join(b"%075d\r\n" % number for number in range(BIG // 77))
        self.assertEqual(client.append("INBOX", None, None, letter)[0], "OK")
        client.noop()
        (_, back), _ = client.fetch("2", "(BODY[])")[1]
        self.assertTrue(back == letter, "it came back as another")
        client.logout()

    def test_the_rest_of_what_the_server_can_is_offered(self) -> None:
        client = self.imap("mail")
        client.login(dovecot.USER, dovecot.PASSWORD)
        words = client.capability()[1][0].split()
        self.assertFalse([word for word in words if word == b"STARTTLS"])
        self.assertLessEqual({b"ID", b"NAMESPACE", b"IDLE", b"LITERAL+"}, set(words))
        client.logout()

    def test_a_drain_says_bye_to_who_idles_and_to_who_has_not_logged_in(self) -> None:
        client, stranger = self.logged_in(), self.imap("mail")
        client.send(b"i IDLE\r\n")
        client.readline()
        self.drain()
        for one in (stranger, client):
            self.assertRegex(one.readline(), rb"^\* BYE \[UNAVAILABLE\]")
            self.assertEqual(one.readline(), b"")
        self.assert_ended()

    def test_a_drain_lets_a_mail_come_down_whole(self) -> None:
        client = self.logged_in()
        client.append("INBOX", None, None, b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 2_000_000)
        client.noop()
        client.send(b"f FETCH 2 BODY[]\r\n")
        size = int(re.search(rb"\{(\d+)\}", client.readline())[1])
        self.drain()
        got = 0
        while got < size:
            got += len(client.read(min(200_000, size - got)))
            time.sleep(0.05)
        self.assertEqual(client.readline(), b")\r\n")
        self.assertRegex(client.readline(), rb"^\* |^f OK")
        self.assert_ended()


class SmtpTests(SessionTests):
    mode = "smtp"

    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS)
        self.peer = postfix.Postfix("ex1", FIRST, free_port(FIRST))
        self.started(self.peer)
        self.back("hub", {"ex1": f"{FIRST}:{self.peer.port}"})
        self.front("mail", "hub", "off")
        self.run_site("hub/ex1")

    def talker(self) -> Talker:
        talker = Talker(FRONT, self.ports["mail"])
        self.addCleanup(talker.close)
        talker.connection.settimeout(PATIENCE)
        talker.say(b"EHLO client.example.com\r\n", 1)
        return talker

    def test_a_drain_says_421_between_two_mails_and_lets_one_that_has_begun_be_finished(self) -> None:
        between, begun, inside = self.talker(), self.talker(), self.talker()
        envelope = b"MAIL FROM:<bob@example.net>\r\n", b"RCPT TO:<anna@example.com>\r\n", b"DATA\r\n"
        begun.say(envelope[0], 1)
        for line in envelope:
            inside.say(line, 1)
        inside.say(b"Subject: half\r\n\r\nhalf\r\n", 0)
        self.drain()
        between.hear(1)
        self.assertRegex(between.replies[-1], rb"^421 4\.3\.2 ")
        self.assertEqual(between.connection.recv(100), b"")
        time.sleep(0.5)
        inside.say(b"the rest\r\n.\r\n", 1)
        begun.say(envelope[1] + envelope[2], 2)
        begun.say(b"Subject: begun\r\n\r\nbegun\r\n.\r\n", 1)
        for talker in (inside, begun):
            self.assertRegex(talker.replies[-1], rb"^250 2\.0\.0 Ok: ")
            talker.hear(1)
            self.assertRegex(talker.replies[-1], rb"^421 4\.3\.2 ")
        self.assert_ended()
        self.assertEqual(len(eventually(lambda: len(self.peer.delivered()) == 2 and self.peer.delivered(), "both mails")), 2)

    def test_who_comes_while_it_drains_is_refused(self) -> None:
        inside = self.talker()
        inside.say(b"MAIL FROM:<bob@example.net>\r\n", 1)
        self.drain()
        eventually(lambda: not self._comes_in(), "the port to close")
        inside.say(b"RSET\r\n", 2)
        self.assert_ended()

    def _comes_in(self) -> bool:
        try:
            socket.create_connection((FRONT, self.ports["mail"]), PATIENCE).close()
        except ConnectionRefusedError:
            return False
        return True


class AccessTests(SessionTests):
    """Who was here, and what became of it."""

    mode = "smtp"

    def test_the_access_line_tells_of_mails_and_of_the_last_reply(self) -> None:
        needs.require(*postfix.NEEDS)
        peer = postfix.Postfix("ex1", FIRST, free_port(FIRST))
        self.started(peer)
        self.site += '[service]\nlog = { access = "access.log", format = "json" }\n'
        self.back("hub", {"ex1": f"{FIRST}:{peer.port}"})
        self.front("mail", "hub", "starttls")
        self.run_site("hub/ex1")
        client = self.smtp("mail", "starttls")
        for _ in range(3):
            client.sendmail("bob@example.net", "anna@example.com", "Subject: hello\n\nhello\n")
        client.quit()
        line = eventually(self.proxy.accessed, "the access line")[0]
        for said in ('"helo":"client.example.com"', '"tls":"TLSv1.3"', '"mails":3', '"last":"221"'):
            self.assertIn(said, line.replace('": ', '":'))
        self.assertTrue(Path(self.proxy.folder / "access.log").exists())
