from ipaddress import IPv4Address, IPv6Address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.proxyheader import (
    LOCAL_V2,
    Address,
    ProxyHeader,
    ProxyReader,
    crc32c,
    encode_v1,
    encode_v2,
)
from tests.wire.cutting import ParserContract

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT, SERVER = ("192.0.2.7", 40000), ("10.0.0.9", 25)
CLIENT6, SERVER6 = ("2001:db8::7", 40000), ("fd00::9", 25)

ports = st.integers(0, 65535)
fours: st.SearchStrategy[Address] = st.tuples(st.ip_addresses(v=4).map(str), ports)
sixes: st.SearchStrategy[Address] = st.tuples(st.ip_addresses(v=6).filter(lambda each: each.ipv4_mapped is None).map(str), ports)
pairs = st.tuples(fours, fours) | st.tuples(sixes, sixes) | st.tuples(fours, sixes) | st.tuples(sixes, fours)


def v2(command: int, family: int, payload: bytes = b"") -> bytes:
    return SIGNATURE + bytes((command, family)) + len(payload).to_bytes(2, "big") + payload


def tlv(kind: int, value: bytes) -> bytes:
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value


ADDRESSES = IPv4Address(CLIENT[0]).packed + IPv4Address(SERVER[0]).packed + b"\x9c\x40\0\x19"


def with_checksum(extras: bytes) -> bytes:
    """A header with ``extras`` and then a CRC32c of all of it."""
    blank = v2(0x21, 0x11, ADDRESSES + extras + tlv(3, bytes(4)))
    return blank[:-4] + crc32c(blank).to_bytes(4, "big")


class Relay:
    """The reader as a parser whose events are the header, and then every byte that is to be passed on."""

    def __init__(self) -> None:
        self._reader = ProxyReader()
        self._done = False
        self.limit = self._reader.limit

    @property
    def buffered(self) -> int:
        return self._reader.buffered

    def feed(self, data: bytes) -> list[Any]:
        if self._done:
            return [*data]
        header = self._reader.feed(data)
        if header is None:
            return []
        self._done = True
        return [header, *self._reader.rest]


class ProxyReaderContract(ParserContract, SynchronousTestCase):
    valid = st.builds(
        lambda encode, pair, rest: encode(*pair) + rest, st.sampled_from((encode_v1, encode_v2)), pairs, st.binary(max_size=20)
    ) | st.sampled_from(
        (
            b"PROXY UNKNOWN\r\n",
            LOCAL_V2 + b"x",
            with_checksum(tlv(4, b"")),
            b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n",
            v2(0x21, 0x31, bytes(216)),
        )
    )

    def make(self) -> Relay:
        return Relay()


class ProxyReaderTests(SynchronousTestCase):
    def read(self, data: bytes) -> ProxyHeader:
        header = ProxyReader().feed(data)
        assert header is not None, "the header is not complete"
        return header

    def refusal(self, data: bytes) -> str:
        return str(self.assertRaises(WireError, ProxyReader().feed, data))

    def test_the_examples_of_the_specification_are_read(self) -> None:
        header = self.read(b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n")
        self.assertEqual(header, ProxyHeader(("192.168.0.1", 56324), ("192.168.0.11", 443)))
        longest = b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"
        self.assertEqual(self.read(longest), ProxyHeader(None, None))

    def test_what_is_behind_the_header_is_left_over(self) -> None:
        reader = ProxyReader()
        self.assertIsNone(reader.feed(encode_v2(CLIENT, SERVER)[:20]))
        reader.feed(encode_v2(CLIENT, SERVER)[20:] + b"EHLO x\r\n")
        self.assertEqual((reader.rest, reader.buffered), (b"EHLO x\r\n", 0))

    def test_a_local_connection_is_told_as_one(self) -> None:
        self.assertEqual(self.read(LOCAL_V2), ProxyHeader(None, None, local=True))
        self.assertEqual(self.read(v2(0x20, 0x11, ADDRESSES)), ProxyHeader(None, None, local=True))

    def test_families_that_are_no_tcp_over_ip_leave_the_connections_own_addresses(self) -> None:
        for family, payload in ((0x00, b"anything"), (0x12, ADDRESSES), (0x31, bytes(216))):
            self.assertEqual(self.read(v2(0x21, family, payload)), ProxyHeader(None, None))

    def test_extra_fields_are_passed_over(self) -> None:
        header = self.read(v2(0x21, 0x11, ADDRESSES + tlv(2, b"mail.example.com") + tlv(0xEE, b"")))
        self.assertEqual(header, ProxyHeader(CLIENT, SERVER))

    def test_an_ipv4_client_written_as_ipv6_stays_ipv4(self) -> None:
        mapped = b"PROXY TCP6 ::ffff:192.0.2.7 fd00::9 40000 25\r\n"
        self.assertEqual(self.read(mapped), ProxyHeader(CLIENT, SERVER6))

    def test_a_right_checksum_is_taken_and_a_wrong_one_refused(self) -> None:
        good = with_checksum(tlv(2, b"mail"))
        self.assertEqual(self.read(good), ProxyHeader(CLIENT, SERVER))
        self.assertEqual(self.refusal(good[:16] + b"\x01" + good[17:]), "PROXY v2 header, offset 35: the checksum is wrong")

    def test_the_checksum_is_castagnolis(self) -> None:
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_a_client_without_a_header_is_refused_at_its_first_byte(self) -> None:
        self.assertEqual(self.refusal(b"E"), "PROXY header: the connection does not begin with one")
        self.assertEqual(self.refusal(b"\r\nE"), "PROXY header: the connection does not begin with one")

    def test_lines_that_are_none_are_refused(self) -> None:
        wrong = {
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n": "the line does not end with CR LF",
            b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n": "the protocol is neither",
            b"PROXY \r\n": "the protocol is neither",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n": "5 words instead of 6",
            b"PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n": "7 words instead of 6",
            b"PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\n": "source address is no IPv4 address",
            b"PROXY TCP6 1.2.3.4 ::1 1 2\r\n": "source address is no IPv6 address",
            b"PROXY TCP6 ::1 fe80::1%eth0 1 2\r\n": "destination address is no IPv6 address",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n": "source port is no number",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 02\r\n": "destination port is no number",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n": "destination port is no number",
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 \xb2\r\n": "destination port is no number",
        }
        for line, what in wrong.items():
            self.assertIn(what, self.refusal(line))

    def test_a_line_of_107_bytes_is_taken_and_a_longer_one_refused(self) -> None:
        self.assertEqual(self.read(b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n"), ProxyHeader(None, None))
        self.assertIn("no end of line within 107 bytes", self.refusal(b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n"))

    def test_binary_headers_that_are_none_are_refused(self) -> None:
        wrong = {
            v2(0x11, 0x11, ADDRESSES): "version 1 does not exist",
            v2(0x22, 0x11, ADDRESSES): "command 2 is neither",
            v2(0x21, 0x41, ADDRESSES): "0x41 do not exist",
            v2(0x21, 0x13, ADDRESSES): "0x13 do not exist",
            v2(0x21, 0x21, ADDRESSES): "12 bytes do not hold the 36 of the addresses",
            v2(0x21, 0x11, ADDRESSES + b"\2\0\5mail"): "an extra field overruns the header",
            v2(0x21, 0x11, ADDRESSES + b"\2"): "an extra field overruns the header",
            v2(0x21, 0x11, ADDRESSES + tlv(3, b"abc")): "the checksum has 3 bytes instead of 4",
        }
        for header, what in wrong.items():
            self.assertIn(what, self.refusal(header))

    def test_a_header_of_more_than_4096_bytes_is_refused_by_its_length(self) -> None:
        self.assertIn("65551 bytes, at most 4096 are taken", self.refusal(SIGNATURE + b"\x21\x11\xff\xff"))


class EncodeTests(SynchronousTestCase):
    def test_either_version_is_read_as_it_was_written(self) -> None:
        @given(st.sampled_from((encode_v1, encode_v2)), pairs)
        def check(encode: Any, pair: tuple[Address, Address]) -> None:
            self.assertEqual(ProxyReader().feed(encode(*pair)), ProxyHeader(*pair))

        check()

    def test_lines(self) -> None:
        self.assertEqual(encode_v1(CLIENT, SERVER), b"PROXY TCP4 192.0.2.7 10.0.0.9 40000 25\r\n")
        self.assertEqual(encode_v1(CLIENT6, SERVER6), b"PROXY TCP6 2001:db8::7 fd00::9 40000 25\r\n")

    def test_binary(self) -> None:
        self.assertEqual(encode_v2(CLIENT, SERVER), v2(0x21, 0x11, ADDRESSES))
        packed = IPv6Address(CLIENT6[0]).packed + IPv6Address(SERVER6[0]).packed
        self.assertEqual(encode_v2(CLIENT6, SERVER6), v2(0x21, 0x21, packed + b"\x9c\x40\0\x19"))

    def test_addresses_of_both_families_are_written_as_ipv6(self) -> None:
        self.assertEqual(encode_v1(CLIENT6, SERVER), b"PROXY TCP6 2001:db8::7 ::ffff:10.0.0.9 40000 25\r\n")
        self.assertEqual(encode_v2(CLIENT, SERVER6)[13:16], b"\x21\0\x24")

    def test_no_line_is_longer_than_107_bytes(self) -> None:
        longest = ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)
        self.assertLessEqual(len(encode_v1(longest, longest)), 107)

    def test_a_connection_of_our_own_has_constants(self) -> None:
        self.assertEqual(ProxyReader().feed(b"PROXY UNKNOWN\r\n"), ProxyHeader(None, None))
        self.assertEqual(ProxyReader().feed(LOCAL_V2), ProxyHeader(None, None, local=True))
