"""Who the client is: Postfix and Dovecot hear it from us by XCLIENT and ID, and from a client of ours never."""

import imaplib
import poplib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import trustme

from tests.integration.balanced import FIRST, FRONT
from tests.integration.clients import PATIENCE
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

CLIENT = "127.0.0.78"
"""Who the client is: an address that nobody else here has."""
CLAIMED = "127.0.0.99"
"""Who it would like to be."""

SITE = """
[frontends.mail]
mode = "{mode}"
bind = "{host}:{port}"
backend = "mail"
tls = {{ mode = "starttls", certificates = "{certificate}" }}

[backends.mail]
{told}
check = "{mode}"
servers = {{ ex1 = "{server}" }}
"""
TRUSTING_POSTFIX = "smtpd_authorized_xclient_hosts = 127.0.0.0/8\nsmtpd_authorized_xforward_hosts = 127.0.0.0/8\n"


class _Imap(imaplib.IMAP4):
    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, source_address=(CLIENT, 0))


class _Pop(poplib.POP3):
    def _create_socket(self, timeout: float) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, source_address=(CLIENT, 0))


class ToldTests(PeerTestCase):
    """One front end that offers STARTTLS, and one server that believes us."""

    def run_proxy(self, mode: str, server: str, told: str) -> None:
        self.authority = trustme.CA()
        certificate = write_certificate(Path(f"{self.mktemp()}.pem").absolute(), self.authority.issue_cert("127.0.0.1"))
        port = free_port(FRONT)
        site = SITE.format(mode=mode, host=FRONT, port=port, certificate=certificate, told=told, server=server)
        self.proxy = Proxy("proxy", FRONT, port, site)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        self.proxy.wait_until("mail/ex1", "up")

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


class XclientTests(ToldTests):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS)
        self.peer = postfix.Postfix("ex1", FIRST, free_port(FIRST), settings=TRUSTING_POSTFIX)
        self.started(self.peer)
        self.run_proxy("smtp", f"{FIRST}:{self.peer.port}", "send_xclient = true")

    def session(self) -> smtplib.SMTP:
        client = smtplib.SMTP(FRONT, self.proxy.port, "client.example.com", PATIENCE, source_address=(CLIENT, 0))
        self.addCleanup(client.close)
        return client

    def test_postfix_takes_the_client_for_who_it_is(self) -> None:
        client = self.session()
        client.sendmail("bob@example.net", "anna@example.com", "Subject: hello\n\nhello\n")
        client.quit()
        (letter,) = eventually(self.peer.delivered, "the message to be delivered")
        self.assertIn(f"[{CLIENT}]", letter)
        self.assertNotIn(FRONT, letter)

    def test_so_it_does_over_starttls(self) -> None:
        client = self.session()
        client.starttls(context=self.context())
        client.sendmail("bob@example.net", "anna@example.com", "Subject: hello\n\nhello\n")
        client.quit()
        self.assertIn(f"[{CLIENT}]", eventually(self.peer.delivered, "the message to be delivered")[0])

    def test_no_client_is_told_that_there_is_xclient(self) -> None:
        client = self.session()
        client.ehlo()
        self.assertFalse(client.has_extn("xclient") or client.has_extn("xforward"))
        client.starttls(context=self.context())
        client.ehlo()
        self.assertFalse(client.has_extn("xclient") or client.has_extn("xforward"))

    def claim(self, client: smtplib.SMTP) -> None:
        """Every way of saying it is refused, and Postfix goes on to know the client."""
        for line in (
            f"XCLIENT ADDR={CLAIMED}",
            f"xclient addr={CLAIMED}",
            f"XFORWARD ADDR={CLAIMED}",
            f"XCLIENT\tADDR={CLAIMED}",
        ):
            self.assertGreaterEqual(client.docmd(line)[0], 500, line)

    def after(self, prepare: Callable[[smtplib.SMTP], object]) -> None:
        client = self.session()
        prepare(client)
        self.claim(client)
        client.ehlo_or_helo_if_needed()
        client.sendmail("bob@example.net", "anna@example.com", "Subject: hello\n\nhello\n")
        client.quit()
        (letter,) = eventually(self.peer.delivered, "the message to be delivered")
        self.assertIn(f"[{CLIENT}]", letter)
        self.assertNotIn(CLAIMED, letter + self.peer.logged())

    def test_a_claim_of_its_own_at_once_is_refused(self) -> None:
        self.after(lambda client: None)

    def test_a_claim_after_ehlo_is_refused(self) -> None:
        self.after(lambda client: client.ehlo())

    def test_a_claim_after_rset_is_refused(self) -> None:
        self.after(lambda client: (client.ehlo(), client.rset()))

    def test_a_claim_after_starttls_is_refused(self) -> None:
        self.after(lambda client: (client.starttls(context=self.context()), client.ehlo()))

    def test_a_claim_after_a_mail_is_refused(self) -> None:
        self.after(lambda client: (client.ehlo(), client.mail("x@example.net"), client.rset()))

    def test_a_pipelined_claim_is_refused(self) -> None:
        client = self.session()
        client.ehlo()
        said = f"RSET\r\nXCLIENT ADDR={CLAIMED}\r\nNOOP\r\nMAIL FROM:<bob@example.net>\r\nXCLIENT ADDR={CLAIMED}\r\nRSET\r\n"
        client.send(said)
        self.assertEqual([client.getreply()[0] for _ in range(6)], [250, 550, 250, 250, 550, 250])
        client.quit()
        eventually(lambda: f"disconnect from unknown[{CLIENT}]" in self.peer.logged(), "Postfix to see the client leave")
        self.assertNotIn(CLAIMED, self.peer.logged())


class IdTests(ToldTests):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        self.peer = dovecot.Dovecot(
            "ex1", FIRST, free_port(FIRST), free_port(FIRST), settings="login_trusted_networks = 127.0.0.0/8"
        )
        self.started(self.peer)

    def imap(self) -> imaplib.IMAP4:
        self.run_proxy("imap", f"{FIRST}:{self.peer.port}", "send_id = true")
        client = _Imap(FRONT, self.proxy.port, PATIENCE)
        self.addCleanup(client.sock.close)
        return client

    def logged_in(self, protocol: str) -> str:
        return eventually(
            lambda: re.search(rf"^.*{protocol}-login.*Login.*$", self.peer.logged(), re.MULTILINE), "Dovecot to log the login"
        ).group()

    def test_dovecot_takes_the_client_for_who_it_is(self) -> None:
        client = self.imap()
        client.login(dovecot.USER, dovecot.PASSWORD)
        client.logout()
        self.assertIn(f"rip={CLIENT},", self.logged_in("imap"))

    def test_so_it_does_over_starttls(self) -> None:
        client = self.imap()
        client.starttls(self.context())
        client.login(dovecot.USER, dovecot.PASSWORD)
        self.assertEqual(client.select("INBOX")[0], "OK")
        client.logout()
        self.assertIn(f"rip={CLIENT},", self.logged_in("imap"))

    def test_a_claim_of_its_own_is_refused(self) -> None:
        client = self.imap()
        for prepare in (lambda: None, lambda: client.starttls(self.context())):
            prepare()
            with self.assertRaises(imaplib.IMAP4.error):
                client.xatom("ID", f'("name" "x" "X-Originating-IP" "{CLAIMED}")')
        self.assertEqual(client.xatom("ID", '("name" "x")')[0], "OK")
        client.login(dovecot.USER, dovecot.PASSWORD)
        client.logout()
        line = self.logged_in("imap")
        self.assertIn(f"rip={CLIENT},", line)
        self.assertNotIn(CLAIMED, self.peer.logged())


class PopTests(ToldTests):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        self.peer = dovecot.Dovecot(
            "ex1", FIRST, free_port(FIRST), free_port(FIRST), settings="login_trusted_networks = 127.0.0.0/8"
        )
        self.started(self.peer)
        self.run_proxy("pop3", f"{FIRST}:{self.peer.pop3_port}", "send_xclient = true")

    def pop(self) -> poplib.POP3:
        client = _Pop(FRONT, self.proxy.port, timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def test_dovecot_takes_the_client_for_who_it_is_whatever_it_claims(self) -> None:
        client = self.pop()
        self.assertNotIn(b"XCLIENT", client.getwelcome())
        self.assertNotIn("XCLIENT", client.capa())
        for prepare in (lambda: None, lambda: client.stls(self.context())):
            prepare()
            with self.assertRaises(poplib.error_proto):
                client._shortcmd(f"XCLIENT ADDR={CLAIMED} PORT=1")  # type: ignore[attr-defined]  # poplib has no public one
        client.user(dovecot.USER)
        client.pass_(dovecot.PASSWORD)
        self.assertEqual(client.stat()[0], 1)
        client.quit()
        line = eventually(
            lambda: re.search(r"^.*pop3-login.*Login.*$", self.peer.logged(), re.MULTILINE), "Dovecot to log the login"
        ).group()
        self.assertIn(f"rip={CLIENT},", line)
        self.assertNotIn(CLAIMED, self.peer.logged())


class TlsToServersTests(ToldTests):
    """Servers are told of clients within the TLS that the server has begun at our command."""

    def run_over_tls(self, mode: str, server: str, told: str) -> None:
        ca = Path(f"{self.mktemp()}.ca.pem").absolute()
        self.servers.cert_pem.write_to_path(str(ca))
        self.run_proxy(mode, server, f'{told}\ntls = {{ mode = "starttls", ca = "{ca}" }}')

    def setUp(self) -> None:
        super().setUp()
        self.servers = trustme.CA()
        self.certificate = self.servers.issue_cert(FIRST)

    def dovecot(self) -> dovecot.Dovecot:
        needs.require(*dovecot.NEEDS)
        ports = [free_port(FIRST) for _ in range(4)]
        trusting = "login_trusted_networks = 127.0.0.0/8"
        peer = dovecot.Dovecot("ex1", FIRST, *ports, certificate=self.certificate, settings=trusting)
        self.started(peer)
        return peer

    def test_postfix_by_xclient(self) -> None:
        needs.require(*postfix.NEEDS)
        peer = postfix.Postfix("ex1", FIRST, free_port(FIRST), settings=TRUSTING_POSTFIX, certificate=self.certificate)
        self.started(peer)
        self.run_over_tls("smtp", f"{FIRST}:{peer.port}", "send_xclient = true")
        with smtplib.SMTP(FRONT, self.proxy.port, "client.example.com", PATIENCE, source_address=(CLIENT, 0)) as client:
            client.sendmail("bob@example.net", "anna@example.com", "Subject: hello\n\nhello\n")
        (letter,) = eventually(peer.delivered, "the message to be delivered")
        self.assertIn(f"[{CLIENT}]", letter)
        self.assertIn("from client.example.com", letter)

    def test_dovecot_by_id(self) -> None:
        peer = self.dovecot()
        self.run_over_tls("imap", f"{FIRST}:{peer.port}", "send_id = true")
        client = _Imap(FRONT, self.proxy.port, PATIENCE)
        self.addCleanup(client.sock.close)
        client.login(dovecot.USER, dovecot.PASSWORD)
        client.logout()
        self.assertRegex(peer.wait_for_log(r"imap-login.*Login"), rf"rip={CLIENT},.* TLS")

    def test_dovecot_by_xclient(self) -> None:
        peer = self.dovecot()
        self.run_over_tls("pop3", f"{FIRST}:{peer.pop3_port}", "send_xclient = true")
        client = _Pop(FRONT, self.proxy.port, timeout=PATIENCE)
        self.addCleanup(client.close)
        client.user(dovecot.USER)
        client.pass_(dovecot.PASSWORD)
        client.quit()
        self.assertRegex(peer.wait_for_log(r"pop3-login.*Login"), rf"rip={CLIENT},.* TLS")
