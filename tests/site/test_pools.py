"""From the configuration's words to the pool's objects."""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.config import model
from exproxy.site.pools import Pools, is_literal
from exproxy.site.tls import TLSContexts


def server(name: str, address: str, **more: object) -> model.Server:
    return model.Server(name, host=more.pop("host", address), address=address, port=25, **more)


class PoolsTests(SynchronousTestCase):
    def build(self, *backends: model.Backend, **more: object) -> Pools:
        configuration = model.Configuration(files=(), backends={backend.name: backend for backend in backends}, **more)
        return Pools(configuration, 1000.0, Random(1), TLSContexts({}, 1000.0), b"secret")

    def test_servers_of_one_host_share_it(self) -> None:
        pools = self.build(
            model.Backend("smtp", (server("ex1", "192.0.2.1", host="ex1"),)),
            model.Backend("imap", (server("ex1", "192.0.2.1", host="ex1"),)),
            hosts={"ex1": model.Host("ex1", "192.0.2.1")},
        )
        self.assertIs(pools.backends["smtp"].pool.servers["ex1"].host, pools.backends["imap"].pool.servers["ex1"].host)
        pools.hosts["ex1"].set_admin(pool.Admin.MAINT, 1001.0)
        self.assertEqual(pools.backends["imap"].pool.servers["ex1"].admin, pool.Admin.MAINT)

    def test_a_server_without_a_named_host_has_one_of_its_own(self) -> None:
        pools = self.build(model.Backend("smtp", (server("ex1", "192.0.2.1"), server("ex2", "192.0.2.2"))))
        self.assertEqual(sorted(pools.hosts), ["192.0.2.1", "192.0.2.2"])

    def test_a_back_end_has_its_header_rules(self) -> None:
        request, response = model.Headers((("X-A", "1"),)), model.Headers(remove=("Server",))
        one = model.Backend("owa", (server("ex1", "192.0.2.1"),), request_headers=request, response_headers=response)
        built = self.build(one).backends["owa"]
        self.assertEqual((built.request_rules.lines, built.response_rules.dropped), ((b"X-A: 1",), {b"server"}))

    def test_a_name_waits_for_dns(self) -> None:
        pools = self.build(model.Backend("smtp", (server("mx", "mx.example.com", resolve=7.0),)))
        built, name, every = pools.named[0]
        self.assertEqual((built.address, name, every), (None, "mx.example.com", 7.0))

    def test_back_ends_that_share_a_table_share_a_group(self) -> None:
        persistence = model.Persistence("cas")
        pools = self.build(
            model.Backend("ca", (server("ex1", "192.0.2.1"),), persistence=persistence),
            model.Backend("ab", (server("ex1", "192.0.2.1"),), persistence=model.Persistence("cas", required=False)),
            tables={"cas": model.Table("cas", expire=60.0, size=5)},
        )
        ca, ab = pools.backends["ca"].pool, pools.backends["ab"].pool
        self.assertIs(ca.group, ab.group)
        self.assertEqual((ca.required, ab.required, ca.group.table.size), (True, False, 5))

    def test_limits_and_checks_arrive(self) -> None:
        check = model.Check("smtp", "smtp", None, model.CheckTiming(rise=4, fall=5), required=False)
        pools = self.build(
            model.Backend("smtp", (server("ex1", "192.0.2.1", weight=7, maxconn=9, backup=True, checks=(check,)),))
        )
        built = pools.backends["smtp"].pool.servers["ex1"]
        self.assertEqual((built.weight, built.maxconn, built.backup), (7, 9, True))
        self.assertEqual(built.health.checks["smtp"].spec, pool.CheckSpec("smtp", 4, 5, False))

    def test_observation_can_be_off(self) -> None:
        pools = self.build(model.Backend("a", ()), model.Backend("b", (), observe=False))
        self.assertEqual([pools.backends[name].pool.error_limit for name in "ab"], [10, None])

    def test_addresses_and_names_are_told_apart(self) -> None:
        self.assertEqual([is_literal(text) for text in ("192.0.2.1", "fd00::1", "mx.example.com")], [True, True, False])

    def test_a_port_by_interface_waits_for_the_mapper(self) -> None:
        uuid = "a4f1db00-ca47-1067-b31f-00dd010662da"
        mapped = model.Server("ex1", "192.0.2.1", "192.0.2.1", None, mapping=model.Mapping(uuid))
        built = self.build(model.Backend("ca", (mapped,))).backends["ca"].pool.servers["ex1"]
        self.assertEqual((built.interface, built.located, built.opened), ("emsmdb", False, False))
