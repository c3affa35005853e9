"""Mode ``epm`` of a configuration."""

from uuid import UUID

from exproxy.config import model
from exproxy.config.addresses import PortRange
from exproxy.proxy.dynamic import Spot
from exproxy.proxy.mapper import Door, Mapper
from exproxy.site.mapping import install
from exproxy.wire.epmrelay import Protected
from exproxy.wire.interfaces import EMSMDB, NSPI
from tests.proxy.stage import Stage

ANOTHER = UUID("7d3fdb9c-5c0f-4f0e-9a3c-6e78706f7879")
FRONT, FRONT6 = ("192.0.2.9", 135), ("2001:db8::9", 135)


class InstallTests(Stage):
    def setUp(self) -> None:
        super().setUp()
        self.frontend = self.open(self.backend(), name="epm", address=FRONT)
        self.frontends = {
            name: self.open(self.backend(), name=name, address=("192.0.2.9", port)) for name, port in (("ca", 1), ("ab", 2))
        }

    def install(self, said: model.Mapper, advertise: str | None = None) -> Mapper:
        """The mapper that the front end has then."""
        listener = self.frontend.listeners[0]
        bind = model.Bind(listener.address[0], 135, 135, advertise=advertise)
        self.dynamic = install(self.frontend, said, [(bind, listener)], self.frontends, self.network)
        mapper = getattr(self.frontend.join, "__self__", None)
        assert isinstance(mapper, Mapper)
        return mapper

    def test_interfaces_are_found_by_name_and_by_uuid(self) -> None:
        mapped = (
            model.Mapped("emsmdb", "ca"),
            model.Mapped(str(NSPI.uuid), "ab", "ca"),
            model.Mapped(f"{ANOTHER}/7.0", http="ab"),
        )
        mapper = self.install(model.Mapper(mapped))
        self.assertEqual(set(mapper.services), {(EMSMDB.uuid, 0), (NSPI.uuid, 56), (ANOTHER, 7)})
        services = mapper.services[NSPI.uuid, 56]
        self.assertEqual((services.tcp, services.http), (self.frontends["ab"], self.frontends["ca"]))
        self.assertIsNone(mapper.services[ANOTHER, 7].tcp)

    def test_a_uuid_without_a_name_or_version_means_all_versions(self) -> None:
        mapper = self.install(model.Mapper((model.Mapped(str(ANOTHER), "ca"),)))
        self.assertEqual(set(mapper.services), {(ANOTHER, None)})

    def test_the_front_end_has_the_counters(self) -> None:
        mapper = self.install(model.Mapper((model.Mapped("emsmdb", "ca"),), protected="pass"))
        self.assertIs(self.frontend.mapping, mapper.counters)
        self.assertIs(mapper.protected, Protected.PASS)
        self.assertIsNone(self.dynamic)

    def test_ports_are_opened_where_the_client_came_in(self) -> None:
        mapper = self.install(model.Mapper((), "dynamic", PortRange(40000, 40001)))
        self.assertIs(mapper.dynamic, self.dynamic)
        self.assertEqual(dict(mapper.doors), {FRONT: Door(Spot("192.0.2.9"))})

    def test_who_came_in_by_ipv6_is_sent_to_the_advertised_address(self) -> None:
        self.frontend.listeners[0].stop()
        self.listen(self.frontend, address=FRONT6)
        mapper = self.install(model.Mapper((), "dynamic", PortRange(40000, 40001)))
        self.assertEqual(dict(mapper.doors), {FRONT6: Door()})
        mapper = self.install(model.Mapper((), "dynamic", PortRange(40000, 40001)), "198.51.100.1")
        self.assertEqual(dict(mapper.doors), {FRONT6: Door(Spot("198.51.100.1"), "198.51.100.1")})
