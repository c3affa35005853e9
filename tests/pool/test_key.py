from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.key import HashedKeys, SourceKeys


class SourceKeysTests(SynchronousTestCase):
    def test_an_ipv4_address_is_its_four_bytes(self) -> None:
        self.assertEqual(SourceKeys().key("192.0.2.255"), b"\xc0\x00\x02\xff")

    def test_an_ipv6_address_is_its_sixteen_bytes(self) -> None:
        self.assertEqual(SourceKeys().key("2001:db8::1"), bytes.fromhex("20010db8000000000000000000000001"))

    def test_an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address(self) -> None:
        keys = SourceKeys(ipv4_prefix=24)
        self.assertEqual(keys.key("::ffff:192.0.2.9"), keys.key("192.0.2.200"))

    def test_addresses_under_one_prefix_have_one_key(self) -> None:
        keys = SourceKeys(ipv4_prefix=20, ipv6_prefix=64)
        self.assertEqual(keys.key("10.1.16.1"), keys.key("10.1.31.254"))
        self.assertNotEqual(keys.key("10.1.15.1"), keys.key("10.1.16.1"))
        self.assertEqual(keys.key("2001:db8::1"), keys.key("2001:db8::ffff:0:0:1"))
        self.assertNotEqual(keys.key("2001:db8::1"), keys.key("2001:db8:0:1::1"))

    def test_a_prefix_of_nothing_makes_all_equal(self) -> None:
        keys = SourceKeys(0, 0)
        self.assertEqual(keys.key("10.1.2.3"), keys.key("192.0.2.1"))
        self.assertEqual(keys.key("fe80::1"), keys.key("2001:db8::1"))

    def test_a_scope_does_not_count(self) -> None:
        self.assertEqual(SourceKeys().key("fe80::1%eth0"), SourceKeys().key("fe80::1"))

    def test_what_is_no_address_is_refused(self) -> None:
        for text in ("10.1.2", "10.1.2.3.4", "10.1.2.256", "mail.example.com", "", ":::"):
            self.assertRaises(ValueError, SourceKeys().key, text)

    def test_a_prefix_out_of_range_is_refused(self) -> None:
        self.assertRaisesRegex(ValueError, "0 to 32", SourceKeys, 33)
        self.assertRaisesRegex(ValueError, "0 to 128", SourceKeys, 32, 129)

    @given(st.ip_addresses(v=4), st.integers(0, 32))
    def test_the_bits_beyond_the_prefix_are_zero(self, address: object, prefix: int) -> None:
        number = int.from_bytes(SourceKeys(ipv4_prefix=prefix).key(str(address)), "big")
        self.assertEqual(number & ((1 << (32 - prefix)) - 1), 0)


class HashedKeyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.keys = HashedKeys(b"secret")

    def test_the_same_is_the_same_in_every_process_that_has_the_secret(self) -> None:
        self.assertEqual(self.keys.key("user", b"anna"), HashedKeys(b"secret").key("user", b"anna"))

    def test_the_thing_itself_is_not_in_it(self) -> None:
        self.assertNotIn(b"anna", self.keys.key("user", b"anna"))

    def test_without_the_secret_it_cannot_be_made(self) -> None:
        self.assertNotEqual(self.keys.key("user", b"anna"), HashedKeys(b"").key("user", b"anna"))

    def test_kinds_do_not_meet(self) -> None:
        self.assertNotEqual(self.keys.key("user", b"anna"), self.keys.key("header", b"anna"))

    def test_no_address_has_such_a_key(self) -> None:
        self.assertNotIn(len(self.keys.key("user", b"anna")), (4, 16))
