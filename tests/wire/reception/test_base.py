"""What every reception has in common."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.reception.base import Now, Turn, plain_address


class AddressTests(SynchronousTestCase):
    def test_a_mapped_address_is_one_of_ipv4(self) -> None:
        self.assertEqual(plain_address("::ffff:192.0.2.1"), "192.0.2.1")

    def test_others_stay(self) -> None:
        self.assertEqual((plain_address("192.0.2.1"), plain_address("2001:DB8::1")), ("192.0.2.1", "2001:db8::1"))

    def test_a_scope_is_nobody_else_s_business(self) -> None:
        self.assertEqual(plain_address("fe80::1%eth0"), "fe80::1")


class TurnTests(SynchronousTestCase):
    def test_by_itself_it_waits(self) -> None:
        self.assertEqual(Turn(), Turn(b"", Now.WAIT, b"", ""))
