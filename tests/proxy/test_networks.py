"""Whether an address is in a network."""

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.networks import Networks, number_of


class NetworksTests(SynchronousTestCase):
    def test_addresses_are_found_in_their_networks(self) -> None:
        networks = Networks((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
        hosts = ("10.1.2.3", "fd00::7", "192.0.2.1", "2001:db8::1")
        self.assertEqual([networks.has_host(host) for host in hosts], [True, True, False, False])

    def test_an_ipv4_address_is_one_however_it_came(self) -> None:
        self.assertTrue(Networks((ip_network("10.0.0.0/8"),)).has_host("::ffff:10.1.2.3"))
        self.assertEqual(number_of("::ffff:10.1.2.3"), number_of("10.1.2.3"))

    def test_a_zone_is_no_part_of_an_address(self) -> None:
        self.assertTrue(Networks((ip_network("fe80::/10"),)).has_host("fe80::1%eth0"))

    def test_none_have_nobody(self) -> None:
        self.assertFalse(Networks())
        self.assertFalse(Networks().has_host("10.0.0.1"))
        self.assertTrue(Networks((ip_network("::/0"),)))

    def test_a_number_is_of_its_own_kind_of_address(self) -> None:
        self.assertFalse(Networks((ip_network("0.0.0.0/0"),)).has_host("::1"))
        self.assertFalse(Networks((ip_network("::/0"),)).has_host("10.0.0.1"))
        self.assertEqual(number_of("10.0.0.1"), (4, 0x0A000001))
