"""Front ends are bound all or none."""

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.config.addresses import PortRange
from exproxy.proxy.gate import Gate
from exproxy.proxy.joint import pipe
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts
from exproxy.site.tls import TLSContexts
from tests.net.memory import MemoryNetwork, Peer


class FrontsTests(SynchronousTestCase):
    def setUp(self) -> None:
        clock = Clock()
        self.network = MemoryNetwork(clock)
        self.fronts = Fronts(clock, self.network, Gate(10), {}, [].append, self.network, b"secret")

    def open(self, configured: dict[str, model.Frontend]) -> None:
        self.fronts.open(model.Configuration(files=(), frontends=configured), TLSContexts({}, 0.0))

    def frontend(self, name: str, *binds: model.Bind) -> model.Frontend:
        return model.Frontend(name, "tcp", binds, None)

    def test_every_address_and_every_port_of_a_range_is_bound_and_nobody_let_in(self) -> None:
        binds = (model.Bind("192.0.2.9", 60200, 60202), model.Bind("fd00::9", 135, 135))
        self.open({"rpc": self.frontend("rpc", *binds)})
        bound = {("192.0.2.9", 60200), ("192.0.2.9", 60201), ("192.0.2.9", 60202), ("fd00::9", 135)}
        self.assertEqual(set(self.network.ports), bound)
        self.assertTrue(all(port.paused for port in self.network.ports.values()))
        self.fronts.start()
        self.assertFalse(any(port.paused for port in self.network.ports.values()))

    def test_all_that_cannot_be_had_is_said_in_one_go_and_nothing_is_held(self) -> None:
        for port in (25, 143):
            self.network.listen(("192.0.2.9", port), Peer())
        configured = {
            "smtp": self.frontend("smtp", model.Bind("192.0.2.9", 25, 25)),
            "web": self.frontend("web", model.Bind("192.0.2.9", 443, 443)),
            "imap": self.frontend("imap", model.Bind("192.0.2.9", 143, 143)),
        }
        error = self.assertRaises(SiteError, self.open, configured)
        self.assertEqual(len(error.sentences), 2)
        self.assertIn(
            "frontends.smtp: cannot listen on 192.0.2.9:25: Address already in use; another program", error.sentences[0]
        )
        self.assertNotIn(("192.0.2.9", 443), self.network.ports)

    def test_a_mapper_knows_front_ends_that_come_after_it(self) -> None:
        mapper = model.Mapper((model.Mapped("emsmdb", "ca"),), "dynamic", PortRange(40000, 40001))
        epm = attrs.evolve(self.frontend("epm", model.Bind("192.0.2.9", 135, 135)), mode="epm", mapper=mapper)
        self.open({"epm": epm, "ca": self.frontend("ca", model.Bind("192.0.2.9", 59531, 59531))})
        built = self.fronts.frontends
        self.assertIsNotNone(built["epm"].mapping)
        self.assertIsNone(built["ca"].mapping)
        self.assertIs(built["ca"].join, pipe)
        self.assertEqual(self.fronts.sessions(), [])
        self.fronts.close()
        self.assertEqual(self.network.ports, {})

    def test_closed_nothing_listens(self) -> None:
        self.open({"smtp": self.frontend("smtp", model.Bind("192.0.2.9", 25, 25))})
        self.fronts.start()
        self.fronts.close()
        self.assertEqual(self.network.ports, {})
