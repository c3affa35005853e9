"""Addresses as people write them."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.addresses import (
    BindAddress,
    InterfacePort,
    PortRange,
    ServerAddress,
    bind_address,
    canonical,
    is_name,
    joined,
    network,
    port_number,
    port_range,
    server_address,
    syslog_address,
)


class PortRangeTests(SynchronousTestCase):
    def test_two_ports_or_one(self) -> None:
        self.assertEqual(port_range("40000-40099"), PortRange(40000, 40099))
        self.assertEqual(port_range("40000"), PortRange(40000, 40000))

    def test_what_is_wrong_is_named(self) -> None:
        for text, words in (
            ("2-1", "runs backwards"),
            ("1-", "from 1 to 65535"),
            ("a-b", "from 1 to 65535"),
            ("", "from 1 to 65535"),
        ):
            self.assertIn(words, str(self.assertRaises(ValueError, port_range, text)))


class BindAddressTests(SynchronousTestCase):
    def test_every_notation_is_known(self) -> None:
        for text, expected in (
            ("10.0.0.9:25", BindAddress("10.0.0.9", 25, 25)),
            ("[fd00::9]:25", BindAddress("fd00::9", 25, 25)),
            ("[FD00:0::9]:25", BindAddress("fd00::9", 25, 25)),
            ("*:25", BindAddress("0.0.0.0", 25, 25)),
            (":25", BindAddress("0.0.0.0", 25, 25)),
            ("[::]:25", BindAddress("::", 25, 25)),
            ("10.0.0.9:60200-60201", BindAddress("10.0.0.9", 60200, 60201)),
        ):
            self.assertEqual(bind_address(text), expected)

    def test_what_is_wrong_is_named(self) -> None:
        for text, words in (
            ("10.0.0.9", "has no port"),
            ("10.0.0.9:0", "from 1 to 65535"),
            ("10.0.0.9:65536", "from 1 to 65535"),
            ("10.0.0.9:20-10", "runs backwards"),
            ("mail.example.com:25", "is not an IP address"),
            ("fd00::9:25:x", "put the address into brackets"),
            ("[10.0.0.9]:25", "is not an IPv6 address in brackets"),
            ("[fd00::9", "is not an IPv6 address in brackets"),
        ):
            self.assertIn(words, str(self.assertRaises(ValueError, bind_address, text)), text)


class ServerAddressTests(SynchronousTestCase):
    def test_the_port_may_be_left_out(self) -> None:
        for text, expected in (
            ("10.0.0.15:25", ServerAddress("10.0.0.15", 25)),
            ("10.0.0.15", ServerAddress("10.0.0.15", None)),
            ("fd00::15", ServerAddress("fd00::15", None)),
            ("[fd00::15]", ServerAddress("fd00::15", None)),
            ("mx3.example.com:25", ServerAddress("mx3.example.com", 25)),
        ):
            self.assertEqual(server_address(text), expected)

    def test_an_interface_may_stand_for_the_port(self) -> None:
        uuid = "a4f1db00-ca47-1067-b31f-00dd010662da/0.81"
        for text, host, interface in (
            ("10.0.0.15:epm/emsmdb", "10.0.0.15", "emsmdb"),
            (f"10.0.0.15:epm/{uuid}", "10.0.0.15", uuid),
            ("mbx1.example.com:epm/nspi", "mbx1.example.com", "nspi"),
            ("[fd00::15]:epm/rfri", "fd00::15", "rfri"),
        ):
            self.assertEqual(server_address(text), ServerAddress(host, InterfacePort(interface)))
            self.assertEqual(joined(host, str(InterfacePort(interface))), text)

    def test_an_interface_that_is_not_named_is_no_port(self) -> None:
        for text in ("10.0.0.15:epm", "10.0.0.15:epm/", "10.0.0.15:EPM/nspi"):
            self.assertRaises(ValueError, server_address, text)

    def test_only_servers_have_a_port_by_interface(self) -> None:
        error = self.assertRaises(ValueError, server_address, "10.0.0.15:epm/")
        self.assertIn("names no interface", str(error))
        error = self.assertRaises(ValueError, port_number, "epm/nspi", "epm/nspi")
        self.assertIn("is for the port of a server", str(error))
        self.assertRaises(ValueError, syslog_address, "udp://10.0.0.5:epm/nspi")

    def test_a_mistyped_address_is_no_name(self) -> None:
        self.assertFalse(is_name("10.0.0.256"))
        self.assertIn("is not an address", str(self.assertRaises(ValueError, server_address, "10.0.0.256:25")))


class SyslogAddressTests(SynchronousTestCase):
    def test_it_is_udp_tcp_or_unix(self) -> None:
        for text in ("udp://10.0.0.5:514", "udp://log.example.com", "tcp://[fd00::5]:601", "unix:///dev/log"):
            self.assertEqual(syslog_address(text), text)

    def test_anything_else_is_refused(self) -> None:
        for text in ("10.0.0.5:514", "udp:10.0.0.5", "udp://", "http://10.0.0.5", "unix://dev/log", "udp://10.0.0.5:99999"):
            self.assertRaises(ValueError, syslog_address, text)


class OtherTests(SynchronousTestCase):
    def test_a_network_with_bits_behind_its_prefix_is_corrected(self) -> None:
        self.assertIn('the network is "10.0.0.0/24"', str(self.assertRaises(ValueError, network, "10.0.0.3/24")))

    def test_one_address_is_a_network(self) -> None:
        self.assertEqual(str(network("10.0.0.3")), "10.0.0.3/32")

    def test_what_is_no_network_is_refused(self) -> None:
        self.assertIn("is not a network", str(self.assertRaises(ValueError, network, "everywhere")))

    def test_addresses_have_one_form(self) -> None:
        self.assertEqual(canonical("FD00:0:0::1"), "fd00::1")

    def test_ipv6_gets_brackets_before_a_port(self) -> None:
        self.assertEqual([joined("fd00::9", 25), joined("10.0.0.9", 25)], ["[fd00::9]:25", "10.0.0.9:25"])
