import ssl
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.clienthello import ClientHello, ClientHelloReader, parse_client_hello
from exproxy.wire.errors import WireError
from tests.wire.cutting import ParserContract

GREASE = 0x0A0A


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, data)


def server_name(*names: bytes, kind: int = 0) -> bytes:
    return extension(0, vector(2, b"".join(bytes((kind,)) + vector(2, name) for name in names)))


def alpn(*protocols: bytes) -> bytes:
    return extension(16, vector(2, b"".join(vector(1, protocol) for protocol in protocols)))


def body(*extensions: bytes) -> bytes:
    """A message without its type and length."""
    fixed = b"\3\3" + bytes(32) + vector(1, b"session") + vector(2, b"\x0a\x0a\x13\x01") + vector(1, b"\0")
    return fixed + vector(2, b"".join(extensions))


def message(*extensions: bytes) -> bytes:
    return b"\1" + vector(3, body(*extensions))


def records(data: bytes, size: int = 16_384) -> bytes:
    """``data`` in handshake records of ``size`` bytes."""
    return b"".join(b"\x16\3\1" + vector(2, data[at : at + size]) for at in range(0, len(data), size))


def genuine(name: str | None, *protocols: str) -> bytes:
    """What OpenSSL says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(list(protocols))
    sent = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return sent.read()
    raise AssertionError("a handshake without a server")


OPENSSL = genuine("mail.example.com", "h2", "http/1.1")
names = st.lists(st.from_regex(r"[a-z0-9_-]{1,10}", fullmatch=True), min_size=1, max_size=4).map(".".join)
protocols = st.lists(st.binary(min_size=1, max_size=9), max_size=4)
hellos = st.builds(
    lambda name, offered, size, noise: records(
        message(extension(GREASE, noise), server_name(name.encode()), alpn(*offered), extension(0x1A1A, b"\0")), size
    ),
    names,
    protocols,
    st.integers(1, 400),
    st.binary(max_size=30),
)


class Peek:
    """The reader as a parser of one event."""

    def __init__(self) -> None:
        self._reader = ClientHelloReader()
        self._done = False
        self.limit = self._reader.limit

    @property
    def buffered(self) -> int:
        return self._reader.buffered

    def feed(self, data: bytes) -> list[Any]:
        hello = None if self._done else self._reader.feed(data)
        if hello is None:
            return []
        self._done = True
        return [hello]


class ClientHelloContract(ParserContract, SynchronousTestCase):
    valid = hellos | st.just(OPENSSL) | st.builds(lambda hello, early: hello + early, hellos, st.binary(max_size=20))

    def make(self) -> Peek:
        return Peek()


class ClientHelloTests(SynchronousTestCase):
    def read(self, data: bytes) -> ClientHello:
        hello = ClientHelloReader().feed(data)
        assert hello is not None, "the ClientHello is not complete"
        return hello

    def refusal(self, data: bytes) -> str:
        return str(self.assertRaises(WireError, ClientHelloReader().feed, data))

    def test_openssls_is_read(self) -> None:
        self.assertEqual(self.read(OPENSSL), ClientHello("mail.example.com", (b"h2", b"http/1.1")))

    def test_openssls_without_a_name_is_read(self) -> None:
        self.assertEqual(self.read(genuine(None)), ClientHello(None))

    def test_one_without_extensions_is_read(self) -> None:
        self.assertEqual(parse_client_hello(body()[:-2]), ClientHello(None))

    def test_grease_is_passed_over(self) -> None:
        hello = self.read(records(message(extension(GREASE, b"\0"), alpn(b"\x0a\x0a", b"h2"), server_name(b"a.example"))))
        self.assertEqual(hello, ClientHello("a.example", (b"\x0a\x0a", b"h2")))

    def test_it_may_be_spread_over_records_of_one_byte(self) -> None:
        self.assertEqual(self.read(records(message(server_name(b"a.example")), 1)), ClientHello("a.example"))

    def test_the_name_is_lower_case_without_a_final_dot(self) -> None:
        self.assertEqual(self.read(records(message(server_name(b"Mail.Example.COM.")))).server_name, "mail.example.com")

    def test_names_of_other_types_are_passed_over(self) -> None:
        self.assertIsNone(self.read(records(message(server_name(b"\xff\xfe", kind=7)))).server_name)

    def test_what_is_no_host_name_is_refused(self) -> None:
        for name in (b"", b".", b"a..b", b"a b", b"a\0b", b"m\xe4il.example", b"x" * 64, b".".join([b"abcdefg"] * 40), b"a\n"):
            self.assertIn("server_name: the name is no host name", self.refusal(records(message(server_name(name)))))

    def test_two_host_names_are_refused(self) -> None:
        self.assertIn("two host names", self.refusal(records(message(server_name(b"a", b"b")))))

    def test_an_extension_that_comes_twice_is_refused(self) -> None:
        twice = records(message(alpn(b"h2"), alpn(b"h2")))
        self.assertEqual(self.refusal(twice), "TLS ClientHello, extensions: extension 16 comes twice")

    def test_an_empty_protocol_is_refused(self) -> None:
        self.assertIn("an empty protocol name", self.refusal(records(message(alpn(b"")))))

    def test_vectors_that_overrun_are_refused(self) -> None:
        whole = body(server_name(b"a.example"))
        for end in range(len(whole)):
            if whole[:end] == body()[:-2]:
                continue  # without extensions it is whole
            self.assertRaises(WireError, parse_client_hello, whole[:end])

    def test_bytes_behind_the_extensions_are_refused(self) -> None:
        error = self.assertRaises(WireError, parse_client_hello, body() + b"xy")
        self.assertEqual(str(error), "TLS ClientHello: 2 bytes too many")

    def test_other_protocols_are_refused_at_the_first_byte(self) -> None:
        for start in (b"G", b"\x80", b"\x15", b"\x16\x02"):
            self.assertIn("this is no TLS", self.refusal(start))

    def test_records_of_no_length_and_too_long_ones_are_refused(self) -> None:
        self.assertIn("record length 0 is not from 1 to 16384", self.refusal(b"\x16\3\1\0\0"))
        self.assertIn("record length 16385", self.refusal(b"\x16\3\1\x40\x01"))

    def test_another_handshake_message_is_refused(self) -> None:
        self.assertIn("type is 2, not 1", self.refusal(records(b"\2\0\0\1x")))

    def test_a_message_that_declares_more_than_16_kb_is_refused(self) -> None:
        self.assertIn("16385 bytes, at most 16384", self.refusal(records(b"\1\0\x40\x01")))

    def test_one_that_ends_beyond_16_kb_of_records_is_refused(self) -> None:
        long = records(message(extension(21, bytes(4000))), 1)
        self.assertIn("not complete within 16384 bytes", self.refusal(long))

    def test_arbitrary_messages_raise_nothing_but_wire_errors(self) -> None:
        good = body(server_name(b"a.example"), alpn(b"h2"))

        @given(st.binary(max_size=60), st.integers(0, 200))
        def check(noise: bytes, at: int) -> None:
            for data in (noise, good[:at] + noise + good[at + len(noise) :]):
                try:
                    self.assertIsInstance(parse_client_hello(data), ClientHello)
                except WireError as error:
                    self.assertTrue(error.what)

        check()
