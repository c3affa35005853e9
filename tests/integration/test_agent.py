"""HAProxy's agent-check: a server's agent takes it out and brings it back."""

from tests.integration.balanced import ENOUGH, FIRST, FRONT, SECOND
from tests.integration.peers.agent import Agent
from tests.integration.peers.echo import Echo, EchoClient, echoing_server
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

SITE = """
[frontends.front]
bind = "{host}:{port}"
backend = "echo"

[backends.echo.servers]
ex1 = {{ address = "{first}", agent = {{ port = {agent}, interval = "200ms" }} }}
ex2 = "{second}"
"""


class AgentTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        behind, port = free_port(FIRST, SECOND), free_port(FRONT)
        self.agent = Agent(FIRST, free_port(FIRST))
        self.addCleanup(self.agent.stop)
        self.agent.start("up ready 100%")
        for name, host in (("ex1", FIRST), ("ex2", SECOND)):
            echo = Echo(name, host, behind)
            self.addCleanup(echo.stop)
            echo.start()
        servers = {"first": f"{FIRST}:{behind}", "second": f"{SECOND}:{behind}"}
        self.proxy = Proxy("proxy", FRONT, port, SITE.format(host=FRONT, port=port, agent=self.agent.port, **servers))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for server in ("ex1", "ex2"):
            self.proxy.wait_until(f"echo/{server}", "up")

    def reached(self) -> set[str]:
        return {echoing_server(FRONT, self.proxy.port) for _ in range(ENOUGH)}

    def session_at(self, server: str) -> EchoClient:
        for _ in range(ENOUGH):
            client = EchoClient(FRONT, self.proxy.port)
            if client.server == server:
                return client
            client.close()
        raise AssertionError(f"no session reaches {server}")

    def test_a_server_is_drained_and_comes_back(self) -> None:
        self.assertEqual(self.reached(), {"ex1", "ex2"})
        before = self.session_at("ex1")
        self.agent.say("drain # patches")
        eventually(lambda: self.reached() == {"ex2"}, "nobody new to reach the drained server")
        self.assertEqual(before.echo("still"), "still")
        before.close()
        self.agent.say("ready")
        eventually(lambda: self.reached() == {"ex1", "ex2"}, "the server to be back")

    def test_a_server_whose_agent_says_down_is_down_with_its_words_though_its_check_passes(self) -> None:
        before = self.proxy.written()
        self.agent.say("down # the database is not mounted")
        self.assertIn("the database is not mounted", self.proxy.wait_until("echo/ex1", "down", before))
        self.assertEqual(self.reached(), {"ex2"})
        before = self.proxy.written()
        self.agent.say("up")
        self.proxy.wait_until("echo/ex1", "up", before)
        self.assertEqual(self.reached(), {"ex1", "ex2"})

    def test_an_agent_that_goes_away_changes_nothing_and_is_told_once(self) -> None:
        before = self.proxy.written()
        self.agent.stop()
        # refused, or reset: whoever was in the queue of the port when it was closed
        self.proxy.wait_for_log(rf"echo/ex1: its agent on port {self.agent.port} has not answered \(\w+ \w+", before)
        self.assertEqual(self.reached(), {"ex1", "ex2"})
        self.agent.start("up")
        again = self.proxy.wait_for_log("echo/ex1: its agent answers again", before)
        said, _, _ = self.proxy.logged()[before:].partition(again)
        self.assertEqual(said.count("has not answered"), 1)
