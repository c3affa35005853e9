"""Who a request comes from, as far as that can be believed."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.chain import client_of

PROXIES = {"10.0.0.1", "10.0.0.2", "fd00::1"}


def client(chain: str) -> str | None:
    return client_of(chain.encode("latin-1"), PROXIES.__contains__)


class ChainTests(SynchronousTestCase):
    def test_the_last_address_is_the_clients(self) -> None:
        self.assertEqual(client("198.51.100.7"), "198.51.100.7")

    def test_what_the_client_has_written_itself_is_not_believed(self) -> None:
        self.assertEqual(client("192.0.2.1, 10.0.0.9,198.51.100.7"), "198.51.100.7")

    def test_believed_proxies_are_passed_over(self) -> None:
        self.assertEqual(client("192.0.2.1, 198.51.100.7, 10.0.0.2, fd00::1"), "198.51.100.7")

    def test_where_all_are_believed_it_is_the_first(self) -> None:
        self.assertEqual(client("10.0.0.1, 10.0.0.2"), "10.0.0.1")

    def test_ports_and_brackets_are_no_part_of_it(self) -> None:
        for chain, expected in (
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ('"[2001:db8::7]:1"', "2001:db8::7"),
            ("2001:DB8:0::7", "2001:db8::7"),
        ):
            self.assertEqual(client(chain), expected, chain)

    def test_what_is_no_address_ends_the_search(self) -> None:
        self.assertIsNone(client("unknown"))
        self.assertIsNone(client(""))
        self.assertIsNone(client("198.51.100.7, "))
        self.assertEqual(client("198.51.100.7, _hidden, 10.0.0.1"), "10.0.0.1")
