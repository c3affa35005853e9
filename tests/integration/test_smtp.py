"""SMTP: Postfix behind the proxy, swaks in front."""

import re

from tests.integration.balanced import FIRST, FRONT, SECOND, BalancedTests, servers
from tests.integration.clients import swaks
from tests.integration.peers import needs, postfix
from tests.integration.peers.liar import Liar
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually

CONFIGURATION = """
[frontends.smtp]
mode = "{mode}"
bind = ["{front}:{port}"]
backend = "hub"

[backends.hub]
check = [{{ type = "smtp", helo = "lb.example.com" }}]
{servers}
"""


class SmtpTests(BalancedTests, PeerTestCase):
    backends = ("hub",)
    mode = "tcp"

    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS, needs.SWAKS)
        behind, port = free_port(FIRST, SECOND), free_port(FRONT)
        self.first, self.second = postfix.Postfix("ex1", FIRST, behind), postfix.Postfix("ex2", SECOND, behind)
        self.started(self.first, self.second)
        self.balance(port, CONFIGURATION.format(mode=self.mode, front=FRONT, port=port, servers=servers(behind)))

    def client(self) -> str:
        dialogue = swaks(self.proxy.host, self.proxy.port)
        banner = re.search(r"220 (\w+)\.example\.com", dialogue)
        assert banner is not None, f"no server named itself:\n{dialogue}"
        return banner.group(1)

    def liars(self) -> list[Liar]:
        return [Liar(SECOND, self.second.port)]

    def test_what_a_client_sends_is_delivered_by_the_server_that_it_reached(self) -> None:
        self.wait_until_up()
        reached = {"ex1": self.first, "ex2": self.second}[self.client()]
        self.assertIn("bob@example.net", eventually(reached.delivered, "the message to be delivered")[0])

    def test_checks_leave_no_complaint_in_the_log_of_the_server(self) -> None:
        self.wait_until_up()
        eventually(lambda: self.second.logged().count("quit=1") >= 3, "three checks to say QUIT")
        self.assertNotRegex(self.second.logged(), "lost connection|improper command|non-SMTP command")
