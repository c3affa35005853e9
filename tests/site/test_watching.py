"""Checks and names, without anybody who serves."""

from random import Random

from exproxy.check.plugins import checkers
from exproxy.pool import Operational
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts
from exproxy.site.watching import Watching
from tests.site.stage import SiteStage


class WatchingTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1")
        self.names.known["mx.example.com"] = "192.0.2.1"
        servers = self.server("one", "mx.example.com", self.check()), self.server("two", "192.0.2.2", self.check())
        configuration = self.configuration(*servers)
        self.pools = Pools(configuration, self.reactor.seconds(), Random(1), TLSContexts({}, 0.0))
        self.watching = Watching(self.reactor, self.network, Random(1), checkers(), configuration, self.pools)

    def test_it_finds_names_and_how_servers_are(self) -> None:
        self.watching.start()
        self.settle(3.0)
        servers = self.pools.backends["hub"].pool.servers
        self.assertEqual(servers["one"].address, "192.0.2.1")
        found = [servers[name].operational for name in ("one", "two")]
        self.assertEqual(found, [Operational.UP, Operational.DOWN])

    def test_stopped_it_asks_nobody_any_more(self) -> None:
        self.watching.start()
        self.settle(3.0)
        self.watching.stop()
        before = len(self.network.attempts)
        self.settle(10.0)
        self.assertEqual(len(self.network.attempts), before)
