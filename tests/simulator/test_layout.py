import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.layout import DEMO, Ports, ports_above


class PortsAboveTests(SynchronousTestCase):
    def test_base_0_leaves_the_choice_to_the_system(self) -> None:
        self.assertEqual(ports_above(0), Ports())

    def test_the_well_known_ports_are_moved_up(self) -> None:
        ports = ports_above(10_000)
        self.assertEqual((ports.smtp, ports.https, ports.imaps, ports.epm), (10_025, 10_443, 10_993, 10_135))

    def test_no_two_services_share_a_port(self) -> None:
        numbers = attrs.astuple(ports_above(10_000))
        self.assertEqual(len(set(numbers)), len(numbers))


class DemoTests(SynchronousTestCase):
    def test_the_servers_have_addresses_of_their_own_because_they_share_the_ports(self) -> None:
        self.assertEqual(len(set(DEMO.servers.values())), 2)

    def test_everything_stays_on_loopback(self) -> None:
        assert DEMO.control is not None
        addresses = [*DEMO.servers.values(), DEMO.control[0]]
        self.assertTrue(all(address.startswith("127.") for address in addresses))
