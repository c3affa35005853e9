"""What the clients of one source may do wrong, with real servers: over sessions, over protocols' own words, over two workers."""

import imaplib
import poplib
import smtplib
import time

from tests.integration.clients import PATIENCE
from tests.integration.mailways import FIRST, FRONT, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.waiting import eventually

LIMITS = 'per_source = { auth_failures = "3/10m", bad_commands = "10/10m" }'
SLOWED = "auth_failure_delay = 0\n"
"""Dovecot's own brake is not what is looked at here."""


class LimitsTests(MailWaysTests):
    def run_mailboxes(self, workers: int = 1, limits: str = LIMITS) -> None:
        needs.require(*dovecot.NEEDS)
        self.peer = dovecot.Dovecot("ex1", FIRST, *free_ports(2, FIRST), settings=SLOWED)
        self.started(self.peer)
        self.site = f"[service]\nworkers = {workers}\n"
        self.back("hub", {"ex1": f"{FIRST}:{self.peer.port if self.mode == 'imap' else self.peer.pop3_port}"})
        self.front("mail", "hub", "off", limits)
        self.run_site("hub/ex1")


class ImapTests(LimitsTests):
    mode = "imap"

    def fail(self, client: imaplib.IMAP4) -> str:
        """What a wrong password comes to."""
        try:
            client.login(dovecot.USER, "wrong")
        except imaplib.IMAP4.error as error:
            return str(error)
        raise AssertionError("it was let in")

    def test_after_three_failures_over_sessions_a_source_hears_bye_and_others_are_served(self) -> None:
        self.run_mailboxes()
        for _ in range(3):
            self.assertIn("AUTHENTICATIONFAILED", self.fail(self.imap("mail")))
        with self.assertRaisesRegex(imaplib.IMAP4.error, r"\* BYE \[UNAVAILABLE\] Too many errors"):
            self.imap("mail")
        with imaplib.IMAP4(FRONT, self.ports["mail"], PATIENCE) as other:
            self.assertEqual(other.login(dovecot.USER, dovecot.PASSWORD)[0], "OK")
        eventually(lambda: "of sources that want too much" in self.proxy.logged(), "a line in the log")

    def test_it_holds_for_two_workers_together(self) -> None:
        self.run_mailboxes(workers=2)
        for _ in range(3):
            self.fail(self.imap("mail"))
        eventually(lambda: all(self.refused() for _ in range(16)), "both workers to know of all failures")

    def refused(self) -> bool:
        """Whether somebody who comes is."""
        with self.connection("mail") as connection, connection.makefile("rb") as said:
            return b"Too many errors" in said.readline()

    def test_a_mailbox_that_is_open_stays_open(self) -> None:
        self.run_mailboxes()
        client = self.imap("mail")
        client.login(dovecot.USER, dovecot.PASSWORD)
        for _ in range(3):
            self.fail(self.imap("mail"))
        self.assertEqual(client.select("INBOX")[0], "OK")
        client.logout()


class Pop3Tests(LimitsTests):
    mode = "pop3"

    def test_after_three_failures_a_source_hears_err(self) -> None:
        self.run_mailboxes()
        for _ in range(3):
            client = self.pop("mail")
            client.user(dovecot.USER)
            self.assertRaisesRegex(poplib.error_proto, r"-ERR \[AUTH\]", client.pass_, "wrong")
        with self.assertRaisesRegex(poplib.error_proto, r"-ERR \[SYS/TEMP\] Too many errors"):
            self.pop("mail")


class SmtpTests(LimitsTests):
    mode = "smtp"

    def run_postfix(self, limits: str) -> None:
        needs.require(*postfix.NEEDS)
        peer = postfix.Postfix("ex1", FIRST, free_port(FIRST))
        self.started(peer)
        self.back("hub", {"ex1": f"{FIRST}:{peer.port}"})
        self.front("mail", "hub", "off", limits)
        self.run_site("hub/ex1")

    def test_bad_commands_of_several_sessions_are_added_up(self) -> None:
        self.run_postfix(LIMITS)
        first, second = self.smtp("mail"), self.smtp("mail")
        for _ in range(4):
            self.assertGreaterEqual(first.docmd("WHAT")[0], 500)
            self.assertGreaterEqual(second.docmd("XCLIENT ADDR=1")[0], 500)
        for client in (first, second):
            self.assertGreaterEqual(client.docmd("WHAT")[0], 500)
        self.assertEqual(second.getreply()[0], 421)
        with self.assertRaises(smtplib.SMTPConnectError) as caught:
            self.smtp("mail")
        self.assertEqual((caught.exception.smtp_code, caught.exception.smtp_error[:5]), (421, b"4.7.0"))

    def test_in_the_tarpit_a_source_hears_it_late(self) -> None:
        self.run_postfix('timeouts = { tarpit = "2s" }\nper_source = { bad_commands = "1/10m", action = "tarpit" }')
        client = self.smtp("mail")
        client.docmd("WHAT")
        began = time.monotonic()
        with self.assertRaises(smtplib.SMTPConnectError):
            self.smtp("mail")
        self.assertGreater(time.monotonic() - began, 1.5)
