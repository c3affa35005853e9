"""What IMAP and POP3 have in common: Dovecot behind the proxy, on one port that the test chooses."""

from tests.integration.balanced import FIRST, FRONT, SECOND, BalancedTests, servers
from tests.integration.peers import dovecot, needs
from tests.integration.peers.liar import Liar
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase

CONFIGURATION = """
[frontends.mail]
mode = "{mode}"
bind = ["{front}:{port}"]
backend = "mailboxes"

[backends.mailboxes]
check = [{{ type = "{protocol}" }}]
{servers}
"""


class MailboxTests(BalancedTests, PeerTestCase):
    """A protocol's own test case is this one with the protocol and the client."""

    protocol: str
    """``imap`` or ``pop3``, as checks name it."""
    mode = "tcp"
    backends = ("mailboxes",)

    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        ports = {"imap": free_port(FIRST, SECOND), "pop3": free_port(FIRST, SECOND)}
        self.first, self.second = (dovecot.Dovecot(*each, *ports.values()) for each in (("ex1", FIRST), ("ex2", SECOND)))
        self.started(self.first, self.second)
        self._port, port = ports[self.protocol], free_port(FRONT)
        values = {"mode": self.mode, "front": FRONT, "port": port, "protocol": self.protocol, "servers": servers(self._port)}
        self.balance(port, CONFIGURATION.format(**values))

    def liars(self) -> list[Liar]:
        return [Liar(SECOND, self._port)]
