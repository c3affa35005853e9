"""IMAP: Dovecot behind the proxy, imaplib in front."""

from tests.integration.balanced import FIRST, FRONT, SECOND, BalancedTests, servers
from tests.integration.clients import imap_server_name
from tests.integration.peers import dovecot, needs
from tests.integration.peers.liar import Liar
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase

CONFIGURATION = """
[frontends.imap]
mode = "tcp"
bind = ["{front}:{port}"]
backend = "mailboxes"

[backends.mailboxes]
check = [{{ type = "imap" }}]
{servers}
"""


class ImapTests(BalancedTests, PeerTestCase):
    backends = ("mailboxes",)

    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        imap, pop3, port = free_port(FIRST, SECOND), free_port(FIRST, SECOND), free_port(FRONT)
        self.first, self.second = dovecot.Dovecot("ex1", FIRST, imap, pop3), dovecot.Dovecot("ex2", SECOND, imap, pop3)
        self.started(self.first, self.second)
        self.balance(port, CONFIGURATION.format(front=FRONT, port=port, servers=servers(imap)))

    def client(self) -> str:
        return imap_server_name(self.proxy.host, self.proxy.port)

    def liars(self) -> list[Liar]:
        return [Liar(SECOND, self.second.port)]
