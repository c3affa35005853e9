"""Users stay together: IMAP, POP3 and submission of one user end on one host, with real Dovecots and Postfixes."""

import base64
import imaplib
import os
import poplib
import pwd
import shutil
import smtplib
import socket
import ssl
from collections.abc import Callable

import attrs
import trustme

from tests.integration.clients import PATIENCE
from tests.integration.haproxies import ask
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase, new_folder
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.100.1", "127.0.100.2", "127.0.100.3"
CLIENTS = ("127.0.100.11", "127.0.100.12")
USERS = [f"user{number}" for number in range(12)]
PASSWORD = 'pass word \\ of "many" letters'

CONFIGURATION = """
[service]
workers = {workers}
log = {{ access = "access.log" }}

[admin]
socket = "x.sock"

[hosts]
ex1 = "{first}"
ex2 = "{second}"

[tables.users]
kind = "user"

[frontends.imap]
mode = "imap"
tls = "off"
bind = ["{front}:{imap}"]
backend = "imap"

[frontends.pop3]
mode = "pop3"
tls = "off"
bind = ["{front}:{pop3}"]
backend = "pop3"

[backends.imap]
persistence = {{ table = "users" }}
check = [{{ type = "imap" }}]
servers = {{ ex1 = {imap}, ex2 = {imap} }}

[backends.pop3]
persistence = {{ table = "users" }}
check = [{{ type = "pop3" }}]
servers = {{ ex1 = {pop3}, ex2 = {pop3} }}
"""

SUBMISSION = """
[frontends.submission]
mode = "smtp"
tls = "off"
helo = "mail.example.com"
bind = ["{front}:{smtp}"]
backend = "submission"

[backends.submission]
persistence = {{ table = "users" }}
check = [{{ type = "smtp", helo = "lb.example.com" }}]
servers = {{ ex1 = {smtp}, ex2 = {smtp} }}
"""

SASL = """
service auth {{
  inet_listener {{
    address = {host}
    port = {port}
  }}
}}
auth_mechanisms = plain login
"""


@attrs.define
class Mailboxes(dovecot.Dovecot):
    """Of many users, each with one letter that names the instance."""

    def prepare(self) -> None:
        super().prepare()
        owner = pwd.getpwnam(dovecot.OWNER)
        for user in USERS:
            inbox = self.folder / "mail" / user
            for folder in (inbox, *(inbox / name for name in ("cur", "new", "tmp"))):
                folder.mkdir(exist_ok=True)
                os.chown(folder, owner.pw_uid, owner.pw_gid)
            letter = inbox / "cur" / "1:2,"
            letter.write_text(f"Subject: {self.name}\n\nThis is {self.name}.\n")
            os.chown(letter, owner.pw_uid, owner.pw_gid)
        (self.folder / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in USERS))


class UsersTestCase(PeerTestCase):
    workers = 1

    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        self.imap, self.pop3, self.smtp = (free_port(FRONT, FIRST, SECOND) for _ in range(3))
        self.sasl = free_port(FIRST, SECOND)
        self.first, self.second = (self.mailboxes(name, host) for name, host in (("ex1", FIRST), ("ex2", SECOND)))
        self.started(self.first, self.second)
        self.prepare_more()
        values = {"front": FRONT, "first": FIRST, "second": SECOND, "workers": self.workers}
        ports = {"imap": self.imap, "pop3": self.pop3, "smtp": self.smtp}
        self.proxy = Proxy("proxy", FRONT, self.imap, self.configuration().format(**values, **ports))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for number in range(self.workers if self.workers > 1 else 0):
            self.proxy.wait_for_log(f"worker {number + 1} serves")
        for backend in self.backends():
            for server in ("ex1", "ex2"):
                self.proxy.wait_until(f"{backend}/{server}", "up")
        ask(self.proxy.folder / "x.sock", "show sess")  # each worker is asked, and answers behind what it was told before

    def mailboxes(self, name: str, host: str) -> Mailboxes:
        settings = f"auth_username_format = %Ln\nauth_failure_delay = 0{SASL.format(host=host, port=self.sasl)}"
        return Mailboxes(name, host, self.imap, pop3_port=self.pop3, settings=settings)

    def configuration(self) -> str:
        return CONFIGURATION

    def backends(self) -> tuple[str, ...]:
        return ("imap", "pop3")

    def prepare_more(self) -> None:
        """Start what else is needed."""

    def over_imap(self, user: str, source: str = CLIENTS[0], log_in: "Callable[[imaplib.IMAP4, str], None] | None" = None) -> str:
        """Log in and read: the server's name."""
        client = From(source, FRONT, self.imap, timeout=PATIENCE)
        try:
            (log_in or by_login)(client, user)
            client.select("INBOX", readonly=True)
            letter = client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0]
            assert isinstance(letter, tuple), f"no message, but {letter!r}"
            return letter[1].decode().removeprefix("Subject:").strip()
        finally:
            client.logout()

    def over_pop3(self, user: str) -> str:
        client = poplib.POP3(FRONT, self.pop3, timeout=PATIENCE)
        client.user(user)
        client.pass_(PASSWORD)
        lines = client.retr(1)[1]
        client.quit()
        return next(line for line in lines if line.startswith(b"Subject:")).decode().removeprefix("Subject:").strip()


class UsersTests(UsersTestCase):
    def test_a_user_is_on_one_server_from_everywhere_in_both_protocols_by_every_name(self) -> None:
        for user in USERS[:4]:
            names = (user, user.upper(), f"{user}@example.com")
            reached = {self.over_imap(name, source) for name in names for source in CLIENTS}
            reached |= {self.over_pop3(name) for name in names}
            self.assertEqual(len(reached), 1, user)

    def test_other_users_are_on_other_servers(self) -> None:
        self.assertEqual({self.over_imap(user) for user in USERS}, {"ex1", "ex2"})

    def test_every_way_to_log_in_over_imap_leads_there(self) -> None:
        ways = {self.over_imap("user1", log_in=way) for way in (by_login, by_plain, by_login_mechanism, by_literals)}
        self.assertEqual(len(ways), 1)

    def test_a_user_moves_when_the_server_dies_and_finds_a_server_when_it_is_back(self) -> None:
        user = next(user for user in USERS if self.over_imap(user) == "ex2")
        before = self.proxy.written()
        self.second.stop()
        self.assertEqual(self.over_imap(user), "ex1")
        self.proxy.wait_until("imap/ex2", "down", before)
        self.proxy.wait_until("pop3/ex2", "down", before)
        self.assertEqual((self.over_imap(user), self.over_pop3(user)), ("ex1", "ex1"))
        before = self.proxy.written()
        self.second.start()
        self.proxy.wait_until("imap/ex2", "up", before)
        self.proxy.wait_until("pop3/ex2", "up", before)
        self.assertEqual(self.over_imap(user), self.over_pop3(user))
        self.assertIn("ex2", {self.over_imap(user) for user in USERS} | {self.over_imap(f"{user}") for user in USERS})

    def test_a_wrong_password_has_the_servers_own_words_and_no_place_in_a_log(self) -> None:
        client = imaplib.IMAP4(FRONT, self.imap, timeout=PATIENCE)
        wrong = "not-the-password"
        with self.assertRaises(imaplib.IMAP4.error) as caught:
            client.login("user1", wrong)
        self.assertIn("AUTHENTICATIONFAILED", str(caught.exception))
        client.login("user1", PASSWORD)
        client.logout()
        poor = poplib.POP3(FRONT, self.pop3, timeout=PATIENCE)
        poor.user("user1")
        with self.assertRaises(poplib.error_proto) as failed:
            poor.pass_(wrong)
        self.assertIn("AUTH", str(failed.exception))
        poor.quit()
        eventually(lambda: len(self.proxy.accessed()) >= 2, "two access lines")
        said = self.proxy.logged() + "\n".join(self.proxy.accessed())
        for word in (wrong, PASSWORD, "user1", base64.b64encode(wrong.encode()).decode()):
            self.assertNotIn(word, said)

    def test_capabilities_are_the_servers_before_and_behind_the_login(self) -> None:
        client = imaplib.IMAP4(FRONT, self.imap, timeout=PATIENCE)
        self.assertIn("IDLE", client.capabilities)
        self.assertIn("AUTH=PLAIN", client.capabilities)
        client.login("user1", PASSWORD)
        words = client.capability()[1][0].split()
        self.assertIn(b"UIDPLUS", words)
        client.logout()
        pop = poplib.POP3(FRONT, self.pop3, timeout=PATIENCE)
        self.assertIn("UIDL", pop.capa())
        pop.quit()


class TlsUsersTests(UsersTestCase):
    """STARTTLS with the client, and with the server."""

    def mailboxes(self, name: str, host: str) -> Mailboxes:
        made = super().mailboxes(name, host)
        made.certificate = trustme.CA().issue_cert(host)
        made.settings += "\ndisable_plaintext_auth = yes"
        made.imaps_port, made.pop3s_port = free_port(host), free_port(host)
        return made

    def configuration(self) -> str:
        folder = new_folder("front")
        self.addCleanup(shutil.rmtree, folder)
        path = write_certificate(folder / "front.pem", trustme.CA().issue_cert("mail.example.com"))
        front = f'tls = {{ mode = "starttls", certificates = ["{path}"] }}\nrequire_tls = true'
        ours = CONFIGURATION.replace('tls = "off"', front.replace("{", "{{").replace("}", "}}"))
        for kind in ("imap", "pop3"):
            ours = ours.replace(f"[backends.{kind}]\n", f'[backends.{kind}]\ntls = {{{{ mode = "starttls", verify = false }}}}\n')
            ours = ours.replace(f'type = "{kind}"', f'type = "{kind}", tls = "starttls"')
        return ours

    def test_nothing_is_said_in_the_clear(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def securely(client: imaplib.IMAP4, user: str) -> None:
            self.assertIn("LOGINDISABLED", client.capabilities)
            client.starttls(context)
            self.assertIn("AUTH=PLAIN", client.capabilities)
            client.login(user, PASSWORD)

        first = self.over_imap("user1", log_in=securely)
        pop = poplib.POP3(FRONT, self.pop3, timeout=PATIENCE)
        self.assertNotIn("USER", pop.capa())
        pop.stls(context)
        pop.user("user1")
        pop.pass_(PASSWORD)
        self.assertIn(f"Subject: {first}".encode(), pop.retr(1)[1])
        pop.quit()


class WorkerUsersTests(UsersTestCase):
    workers = 2

    def test_users_stay_together_whichever_worker_they_meet(self) -> None:
        for user in USERS[:3]:
            reached = {self.over_imap(user) for _ in range(6)} | {self.over_pop3(user) for _ in range(6)}
            self.assertEqual(len(reached), 1, user)

    def test_workers_know_what_servers_offer(self) -> None:
        for _ in range(6):
            client = imaplib.IMAP4(FRONT, self.imap, timeout=PATIENCE)
            self.assertIn("IDLE", client.capabilities)
            client.logout()


class SubmissionTests(UsersTestCase):
    def configuration(self) -> str:
        return CONFIGURATION + SUBMISSION

    def backends(self) -> tuple[str, ...]:
        return ("imap", "pop3", "submission")

    def prepare_more(self) -> None:
        needs.require(*postfix.NEEDS)
        sasl = "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:{host}:{port}\n"
        self.mta = {
            name: postfix.Postfix(f"mta-{name}", host, self.smtp, settings=sasl.format(host=host, port=self.sasl))
            for name, host in (("ex1", FIRST), ("ex2", SECOND))
        }
        self.started(*self.mta.values())

    def send(self, user: str, subject: str) -> None:
        with smtplib.SMTP(FRONT, self.smtp, local_hostname="client.example.com", timeout=PATIENCE) as client:
            client.login(user, PASSWORD)
            client.sendmail("bob@example.com", ["anna@example.com"], f"Subject: {subject}\r\n\r\nhello\r\n")

    def test_mail_is_submitted_where_the_mailbox_is(self) -> None:
        for user in USERS[:3]:
            home = self.over_imap(user)
            self.send(user.upper(), f"letter of {user}")
            server = self.mta[home]
            (letter,) = eventually(
                lambda server=server, user=user: [said for said in server.delivered() if f"letter of {user}" in said],
                "the letter",
            )
            self.assertIn("client.example.com", letter)

    def test_without_a_login_there_is_no_mail(self) -> None:
        with smtplib.SMTP(FRONT, self.smtp, timeout=PATIENCE) as client:
            client.ehlo()
            self.assertTrue(client.has_extn("PIPELINING"))
            self.assertTrue(client.has_extn("SIZE"))
            self.assertEqual(client.esmtp_features["auth"].split(), ["PLAIN", "LOGIN"])
            self.assertEqual(client.mail("bob@example.com")[0], 530)

    def test_a_wrong_password_has_the_servers_own_words(self) -> None:
        with smtplib.SMTP(FRONT, self.smtp, timeout=PATIENCE) as client:
            with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                client.login("user1", "not-the-password")
            self.assertEqual(caught.exception.smtp_code, 535)
            client.login("user1", PASSWORD)


class From(imaplib.IMAP4):
    """One that comes from a certain address."""

    def __init__(self, source: str, host: str, port: int, timeout: float) -> None:
        self.source = source
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, (self.source, 0))


def by_login(client: imaplib.IMAP4, user: str) -> None:
    client.login(user, PASSWORD)


def by_plain(client: imaplib.IMAP4, user: str) -> None:
    client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())


def by_login_mechanism(client: imaplib.IMAP4, user: str) -> None:
    words = iter((user.encode(), PASSWORD.encode()))
    client.authenticate("LOGIN", lambda _: next(words))


def by_literals(client: imaplib.IMAP4, user: str) -> None:
    """With literals that wait; imaplib has none for names, so this is said by hand."""
    connection: socket.socket = client.socket()
    connection.sendall(f"x1 LOGIN {{{len(user)}}}\r\n".encode())
    assert client.readline().startswith(b"+")
    connection.sendall(f"{user} {{{len(PASSWORD)}}}\r\n".encode())
    assert client.readline().startswith(b"+")
    connection.sendall(f"{PASSWORD}\r\n".encode())
    answer = client.readline()
    while answer.startswith(b"*"):
        answer = client.readline()
    assert answer.startswith(b"x1 OK"), answer
    client.state = "AUTH"
