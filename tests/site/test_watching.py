"""Checks and names, without anybody who serves."""

from random import Random

import attrs

from exproxy.check.plugins import checkers
from exproxy.config import model
from exproxy.pool import Operational
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts
from exproxy.site.watching import Watching
from tests.check.mapper import Mapper
from tests.net.tls.files import certificate_file
from tests.site.stage import SiteStage


class WatchingTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1")
        self.names.known["mx.example.com"] = "192.0.2.1"
        servers = self.server("one", "mx.example.com", self.check()), self.server("two", "192.0.2.2", self.check())
        configuration = self.configuration(*servers)
        tls = TLSContexts({}, 0.0)
        self.pools = Pools(configuration, self.reactor.seconds(), Random(1), tls, b"secret")
        self.watching = Watching(self.reactor, self.network, Random(1), checkers(), configuration, self.pools, tls)

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


class OwnCertificateTests(SiteStage):
    def test_each_certificate_of_a_front_end_is_told_once(self) -> None:
        files = [certificate_file(self.mktemp(), name).file for name in ("a.example.com", "b.example.com")]
        tls = model.FrontTLS(tuple(model.Certificate(file) for file in files))
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        binds = tuple(model.Bind("192.0.2.9", port, port, tls=tls) for port in (443, 444))
        configuration.frontends["smtp"] = attrs.evolve(configuration.frontends["smtp"], binds=binds)
        contexts = TLSContexts({}, 0.0)
        contexts.make_all(configuration)
        pools = Pools(configuration, self.reactor.seconds(), Random(1), contexts, b"secret")
        watching = Watching(self.reactor, self.network, Random(1), checkers(), configuration, pools, contexts)
        self.assertEqual([one.source.file for one in watching.own_certificates("smtp")], files)


class PortTests(SiteStage):
    def test_the_mapper_of_whatever_address_a_name_has_is_asked(self) -> None:
        first, second = Mapper(self.network, "192.0.2.1", 6001), Mapper(self.network, "192.0.2.2", 6002)
        self.names.known["mbx.example.com"] = "192.0.2.1"
        server = model.Server("one", "mbx", "mbx.example.com", None, resolve=5.0, mapping=model.Mapping("emsmdb"))
        configuration = self.configuration(server)
        pools = Pools(configuration, self.reactor.seconds(), Random(1), TLSContexts({}, 0.0), b"secret")
        watching = Watching(self.reactor, self.network, Random(1), checkers(), configuration, pools, TLSContexts({}, 0.0))
        built = pools.backends["hub"].pool.servers["one"]
        watching.start()
        self.settle(2.0)
        (asked,) = watching.runs(built)
        self.assertEqual((asked.kind, asked.name), ("port", "emsmdb"))
        self.assertEqual((built.place(25), built.opened), (("192.0.2.1", 6001), True))
        before = first.asked
        self.names.known["mbx.example.com"] = "192.0.2.2"
        self.settle(6.0)
        self.assertEqual(built.place(25), ("192.0.2.2", 6002))
        self.settle(10.0)
        self.assertGreater(second.asked, 1)
        self.assertLessEqual(first.asked - before, 2)
        watching.stop()
