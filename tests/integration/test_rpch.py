"""The RPC proxy's check over real sockets: the simulated site echoes, a real nginx only asks who is there, or not even that."""

from typing import Any, cast

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from exproxy.check.once import check_now
from exproxy.check.plan import CheckPlan, security
from exproxy.check.plugins import checkers
from exproxy.check.report import Report, Transcript
from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.simulator.account import PASSWORD, USER
from exproxy.simulator.layout import Layout
from exproxy.simulator.modes import Mode
from exproxy.simulator.site import Simulator
from tests.integration.peers import needs, nginx
from tests.integration.peers.ports import free_port

HOST = "127.0.0.1"


class RpchTests(TestCase):
    timeout = 240

    def setUp(self) -> None:
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        self.network = EpollNetwork(loop)

    async def check(self, port: int, **options: Any) -> Report:
        checker = checkers()["rpch"]
        tls = security("implicit", verify=False)
        plan = CheckPlan(name="rpch", host=HOST, checker=checker, options=checker.options(**options), security=tls, timeout=60.0)
        return await check_now(reactor, plan, port, Transcript(), self.network)

    async def test_the_simulated_proxy_asks_and_echoes(self) -> None:
        site = Simulator(reactor, Layout({"ex1": HOST}, control=(HOST, 0)))
        self.addCleanup(site.stop)
        await site.start()
        port = site.server("ex1").service("https").tls_port
        for verb in ("RPC_IN_DATA", "RPC_OUT_DATA"):
            asked = await self.check(port, verb=verb)
            self.assertTrue(asked.passed, asked)
            self.assertIn("said 401 Unauthorized", asked.outcome.text)
            echoed = await self.check(port, verb=verb, user=USER, password=PASSWORD)
            self.assertTrue(echoed.passed, echoed)
            self.assertIn("said 200 Success with an echo", echoed.outcome.text)
            self.assertNotIn("Basic YW5u", "\n".join(echoed.transcript))
        wrong = await self.check(port, user=USER, password="wrong")
        self.assertEqual((wrong.outcome.status.value, wrong.outcome.code), ("L7STS", 401))
        await site.server("ex1").directory("rpc").set(Mode.ERROR)
        self.assertEqual((await self.check(port)).outcome.code, 500)

    async def test_a_real_server_that_asks_is_well_and_one_that_only_refuses_is_not(self) -> None:
        needs.require(*nginx.NEEDS)
        for challenges, status in ((True, "L7OKD"), (False, "L7STS")):
            server: nginx.Nginx = nginx.Nginx("ex1", HOST, free_port(HOST), challenges=challenges)
            self.addCleanup(server.close)
            server.start()
            report = await self.check(server.port)
            self.assertEqual(report.outcome.status.value, status, report)
            refused = await self.check(server.port, user=USER, password=PASSWORD)
            self.assertEqual(refused.outcome.status.value, "L7STS", refused)
            self.assertIn("it takes no Basic authentication", refused.outcome.text)
