"""No client hears a bad greeting: who gives one is passed over in time, and when nobody is left it is told in its protocol."""

import imaplib
import poplib
import smtplib
import socket
import time
from collections.abc import Iterator
from typing import ClassVar

from tests.integration.mailways import FIRST, SECOND, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.liar import GARBAGE
from tests.integration.peers.player import Part, Player, Stage
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.waiting import eventually

GREETING = 12.0
"""Seconds in which a client has to be greeted; two servers share them: the second has half of them at least."""
UNHEEDED = 30.0
"""What the first of two would have if nobody had said anything."""
TIMES = f'timeouts = {{ greeting = "{GREETING:g}s" }}'


def saying(words: bytes) -> Part:
    """Greets with ``words``, and then listens to whoever stays."""

    def part(stage: Stage) -> None:
        stage.say(words)
        stage.listen()

    return part


def silence(stage: Stage) -> None:
    stage.listen()


def closing(stage: Stage) -> None:
    stage.connection.close()


class GreetingTests(MailWaysTests):
    """``ex1`` is always tried first."""

    def player(self, part: Part, host: str = FIRST) -> Player:
        player = Player(host, free_port(host), part)
        self.addCleanup(player.stop)
        player.start()
        return player

    def run_with(self, parts: dict[str, Part], real: str | None) -> None:
        """A front end for each part: its player first, and then the ``real`` server."""
        self.players = {name: self.player(part) for name, part in parts.items()}
        for name, player in self.players.items():
            servers = {"ex1": f"{FIRST}:{player.port}", **({"ex2": real} if real else {})}
            self.back(name, servers, None, '"off"', 'balance = "first"')
            self.front(name, name, "off", TIMES)
        self.run_site()

    def clients(self, parts: dict[str, Part]) -> Iterator[tuple[str, socket.socket]]:
        """One at each front end, all at the same time, for some wait."""
        yield from [(name, self.connection(name)) for name in parts]

    def assert_second(self, parts: dict[str, Part], real: str, greeting: bytes) -> None:
        self.run_with(parts, real)
        began = time.monotonic()
        for name, connection in self.clients(parts):
            with connection.makefile("rb") as said:
                self.assertIn(greeting, said.readline(), name)
            self.assertLess(time.monotonic() - began, UNHEEDED, name)
            self.assertEqual(len(self.players[name].stages), 1, name)
            self.proxy.wait_for_log(rf"{name}: {name}/ex1 .*its client goes to another server")


class SmtpTests(GreetingTests):
    mode = "smtp"
    PARTS: ClassVar[dict[str, Part]] = {
        "busy": saying(b"421 4.3.2 Service not active\r\n"),
        "never": saying(b"554 5.3.2 No SMTP service here\r\n"),
        "half": saying(b"220-ex1.example.com ESMTP\r\n"),
        "garbage": saying(GARBAGE),
        "imap": saying(b"* OK Dovecot ready.\r\n"),
        "silent": silence,
        "closed": closing,
    }

    def test_each_bad_greeting_sends_the_client_to_the_second_server_in_time(self) -> None:
        needs.require(*postfix.NEEDS)
        peer = postfix.Postfix("ex2", SECOND, free_port(SECOND))
        self.started(peer)
        self.assert_second(self.PARTS, f"{SECOND}:{peer.port}", b"220 ex2.example.com")

    def test_a_postfix_that_has_too_many_clients_is_passed_over(self) -> None:
        needs.require(*postfix.NEEDS)
        few = "smtpd_client_connection_count_limit = 1\nsmtpd_client_event_limit_exceptions =\n"
        peers = [postfix.Postfix("ex1", FIRST, free_port(FIRST), few), postfix.Postfix("ex2", SECOND, free_port(SECOND))]
        self.started(*peers)
        self.back("hub", {each.name: f"{each.host}:{each.port}" for each in peers}, None, '"off"', 'balance = "first"')
        self.front("hub", "hub", "off", TIMES)
        self.run_site()
        # who looked whether it is ready may still be there
        eventually(lambda: peers[0].logged().count(" connect from") == peers[0].logged().count("disconnect from"), "nobody there")
        first, second = self.smtp("hub"), self.smtp("hub")
        self.assertIn(b"ex1.example.com", first.ehlo()[1])
        self.assertIn(b"ex2.example.com", second.ehlo()[1])
        self.proxy.wait_for_log("hub/ex1 said 421 4.7.0 .* instead of the greeting")
        for client in (first, second):
            client.sendmail("bob@example.net", "anna@example.com", "Subject: hello\n\nhello\n")
            client.quit()

    def test_smtplib_hears_421_when_nobody_is_left(self) -> None:
        self.run_with(self.PARTS, None)
        for name, connection in self.clients(self.PARTS):
            with self.assertRaises(smtplib.SMTPConnectError) as caught:
                self.smtp(name, at=connection)
            self.assertEqual(caught.exception.smtp_code, 421, name)
            self.assertIn(b"4.3.2", caught.exception.smtp_error)


class ImapTests(GreetingTests):
    mode = "imap"
    PARTS: ClassVar[dict[str, Part]] = {
        "bye": saying(b"* BYE [UNAVAILABLE] Too many connections\r\n"),
        "garbage": saying(GARBAGE),
        "smtp": saying(b"220 ex1.example.com ESMTP\r\n"),
        "silent": silence,
        "closed": closing,
    }

    def test_each_bad_greeting_sends_the_client_to_the_second_server_in_time(self) -> None:
        needs.require(*dovecot.NEEDS)
        peer = dovecot.Dovecot("ex2", SECOND, *free_ports(2, SECOND))
        self.started(peer)
        self.assert_second(self.PARTS, f"{SECOND}:{peer.port}", b"ex2 ready")

    def test_imaplib_hears_bye_when_nobody_is_left(self) -> None:
        self.run_with(self.PARTS, None)
        for name, connection in self.clients(self.PARTS):
            with self.assertRaisesRegex(imaplib.IMAP4.error, r"\* BYE \[UNAVAILABLE\]"):
                self.imap(name, at=connection)


class Pop3Tests(GreetingTests):
    mode = "pop3"
    PARTS: ClassVar[dict[str, Part]] = {
        "busy": saying(b"-ERR [SYS/TEMP] Busy\r\n"),
        "garbage": saying(GARBAGE),
        "imap": saying(b"* OK Dovecot ready.\r\n"),
        "silent": silence,
        "closed": closing,
    }

    def test_each_bad_greeting_sends_the_client_to_the_second_server_in_time(self) -> None:
        needs.require(*dovecot.NEEDS)
        peer = dovecot.Dovecot("ex2", SECOND, *free_ports(2, SECOND))
        self.started(peer)
        self.assert_second(self.PARTS, f"{SECOND}:{peer.pop3_port}", b"ex2 ready")

    def test_poplib_hears_err_when_nobody_is_left(self) -> None:
        self.run_with(self.PARTS, None)
        for name, connection in self.clients(self.PARTS):
            with self.assertRaisesRegex(poplib.error_proto, r"-ERR \[SYS/TEMP\]"):
                self.pop(name, at=connection)
