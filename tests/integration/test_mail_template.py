"""The template's mail with real servers that are like Exchange's: TLS of users ends here, theirs has the same certificate."""

from tests.integration.clients import PATIENCE
from tests.integration.mailways import CLIENT, FIRST, FRONT, SECOND, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.ports import free_ports
from tests.integration.peers.waiting import eventually

ENDPOINTS = ("smtp", "submission", "imap", "imaps", "pop3", "pop3s")
SITE = """
[exchange]
version = "2016"
listen = "{front}"
servers = {{ ex1 = "{first}", ex2 = "{second}" }}
services = ["smtp", "imap", "pop3"]
ports = {{ {listened} }}
server_ports = {{ {reached} }}
{more}
"""


class TemplateTests(MailWaysTests):
    mode = "smtp"

    def run_template(self, more: str) -> None:
        needs.require(*postfix.NEEDS, *dovecot.NEEDS)
        hosts = {"ex1": FIRST, "ex2": SECOND}
        reached = dict(zip(ENDPOINTS, free_ports(len(ENDPOINTS), *hosts.values()), strict=True))
        self.ports = dict(zip(ENDPOINTS, free_ports(len(ENDPOINTS), FRONT), strict=True))
        mail = self.authority.issue_cert(FRONT, FIRST, SECOND, common_name=FRONT)
        mail.private_key_and_cert_chain_pem.write_to_path(str(self.certificate))
        boxes = [reached[name] for name in ("imap", "pop3", "imaps", "pop3s")]
        self.servers = []
        for name, host in hosts.items():
            self.started(dovecot.Dovecot(name, host, *boxes, certificate=mail))
            for port in (reached["smtp"], reached["submission"]):
                self.servers.append(postfix.Postfix(name, host, port, certificate=mail))
                self.started(self.servers[-1])
        values = {"listened": self.ports, "reached": reached}
        said = {word: ", ".join(f"{name} = {port}" for name, port in ports.items()) for word, ports in values.items()}
        self.site = SITE.format(front=FRONT, first=FIRST, second=SECOND, more=more, **said)
        self.run_site(*(f"{name}/{server}" for name in ENDPOINTS for server in hosts))

    def assert_served(self, certificate: str) -> None:
        """Every service, each way that there is."""
        self.context.check_hostname = False
        for name in ("smtp", "submission"):
            client = self.smtp(name, "starttls")
            self.assertIn(("IP Address", certificate), client.sock.getpeercert()["subjectAltName"])
            client.sendmail("bob@example.net", "anna@example.com", f"Subject: {name}\n\nhello\n")
            client.quit()
        for name, way in (("imap", "starttls"), ("imaps", "implicit")):
            mailbox = self.imap(name, way)
            self.assertEqual(mailbox.login(dovecot.USER, dovecot.PASSWORD)[0], "OK")
            mailbox.logout()
        for name, way in (("pop3", "starttls"), ("pop3s", "implicit")):
            drop = self.pop(name, way)
            drop.user(dovecot.USER)
            drop.pass_(dovecot.PASSWORD)
            drop.quit()
        eventually(lambda: sum(len(server.delivered()) for server in self.servers) == 2, "both mails", PATIENCE)

    def test_with_a_certificate(self) -> None:
        self.run_template(f'tls = {{ certificates = "{self.certificate}" }}')
        self.assert_served(FRONT)
        self.assertFalse([server for server in self.servers if CLIENT in server.logged()])

    def test_without_one(self) -> None:
        self.run_template("")
        self.assert_served(FIRST)
