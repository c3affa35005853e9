"""What comes before a server is chosen, whole and in pieces."""

import contextlib
import ssl

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.preface import Preface
from exproxy.wire.errors import WireError
from exproxy.wire.proxyheader import encode_v1, encode_v2

SOURCE, DESTINATION = ("192.0.2.7", 40000), ("198.51.100.1", 443)


def client_hello(name: str) -> bytes:
    """What OpenSSL says first."""
    outgoing = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def feed_by_bytes(preface: Preface, data: bytes) -> int:
    """How many bytes it took until the preface was complete."""
    for index in range(len(data)):
        if preface.feed(data[index : index + 1]):
            return index + 1
    raise AssertionError("never complete")


class PrefaceTests(SynchronousTestCase):
    def test_a_proxy_header_tells_the_addresses_and_is_kept_from_the_server(self) -> None:
        for encode in (encode_v1, encode_v2):
            preface = Preface(proxy=True, hello=False)
            self.assertTrue(preface.feed(encode(SOURCE, DESTINATION) + b"EHLO"))
            self.assertEqual((preface.source, preface.destination, preface.rest), (SOURCE, DESTINATION, b"EHLO"))
            self.assertEqual(preface.header_size, len(encode(SOURCE, DESTINATION)))

    def test_a_proxy_header_in_single_bytes(self) -> None:
        preface = Preface(proxy=True, hello=False)
        header = encode_v1(SOURCE, DESTINATION)
        self.assertEqual(feed_by_bytes(preface, header), len(header))
        self.assertEqual((preface.source, preface.rest, preface.header_size), (SOURCE, b"", len(header)))

    def test_a_hello_is_kept_whole_for_the_server(self) -> None:
        hello = client_hello("mail.example.com")
        preface = Preface(proxy=False, hello=True)
        feed_by_bytes(preface, hello)
        self.assertEqual(preface.hello.server_name, "mail.example.com")
        self.assertEqual(preface.rest, hello)

    def test_both_one_after_the_other_in_any_pieces(self) -> None:
        hello = client_hello("mail.example.com")
        data = encode_v2(SOURCE, DESTINATION) + hello
        for cut in (1, 20, 28, 29, 40, len(data) - 1):
            preface = Preface(proxy=True, hello=True)
            self.assertFalse(preface.feed(data[:cut]))
            self.assertTrue(preface.feed(data[cut:]))
            self.assertEqual((preface.source, preface.hello.server_name, preface.rest), (SOURCE, "mail.example.com", hello))

    def test_what_is_no_proxy_header_is_an_error(self) -> None:
        self.assertRaises(WireError, Preface(proxy=True, hello=False).feed, b"EHLO x\r\n")

    def test_what_begins_like_a_header_and_is_none_is_no_header(self) -> None:
        preface = Preface(proxy=True, hello=False)
        preface.feed(b"PROXY ")
        self.assertEqual(preface.header_size, 6)
        self.assertRaises(WireError, preface.feed, b"garbage\r\n")
        self.assertEqual(preface.header_size, 0)

    def test_what_is_no_tls_is_an_error(self) -> None:
        self.assertRaises(WireError, Preface(proxy=False, hello=True).feed, b"GET / HTTP/1.1\r\n")
