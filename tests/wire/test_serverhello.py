"""What a server of TLS says first."""

import contextlib
import ssl
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.clienthello import ClientHelloReader
from exproxy.wire.errors import WireError
from exproxy.wire.serverhello import ServerHello, ServerHelloReader, parse_server_hello
from tests.net.tls.files import certificate_file
from tests.wire.cutting import ParserContract
from tests.wire.test_clienthello import extension, records, vector

TLS_1_2, TLS_1_3 = 0x0303, 0x0304


def body(session_id: bytes, *extensions: bytes, version: bytes = b"\3\3", bare: bool = False) -> bytes:
    """A message without its type and length."""
    fixed = version + bytes(32) + vector(1, session_id) + b"\xc0\x2f" + b"\0"
    return fixed if bare else fixed + vector(2, b"".join(extensions))


def server_hello(session_id: bytes, *extensions: bytes, size: int = 16_384) -> bytes:
    return records(b"\2" + vector(3, body(session_id, *extensions)), size)


def genuine(file: Path, version: ssl.TLSVersion, ticket: bool = False) -> tuple[bytes, bytes]:
    """What two OpenSSL say first, client and server."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.maximum_version = version
    server.load_cert_chain(file)
    if not ticket:
        server.options |= ssl.OP_NO_TICKET
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    with contextlib.suppress(ssl.SSLWantReadError):
        asking.do_handshake()
    asked = to_server.read()
    to_server.write(asked)
    with contextlib.suppress(ssl.SSLWantReadError):
        answering.do_handshake()
    return asked, to_client.read()


class Peek:
    """The reader as a parser of one event."""

    def __init__(self) -> None:
        self._reader = ServerHelloReader()
        self._done = False
        self.limit = self._reader.limit

    @property
    def buffered(self) -> int:
        return self._reader.buffered

    def feed(self, data: bytes) -> list[ServerHello]:
        hello = None if self._done else self._reader.feed(data)
        self._done = self._done or hello is not None
        return [] if hello is None else [hello]


class ServerHelloContract(ParserContract, SynchronousTestCase):
    valid = st.builds(
        lambda session_id, noise, size, behind: server_hello(session_id, extension(0xFF01, noise), size=size) + behind,
        st.binary(max_size=32),
        st.binary(max_size=30),
        st.integers(1, 200),
        st.binary(max_size=30),
    )

    def make(self) -> Peek:
        return Peek()


class ServerHelloTests(SynchronousTestCase):
    def said(self, version: ssl.TLSVersion, ticket: bool = False) -> tuple[bytes, ServerHello]:
        """The id that the client offered, and the answer."""
        asked, answered = genuine(certificate_file(self.mktemp()).file, version, ticket)
        client, server = ClientHelloReader().feed(asked), ServerHelloReader().feed(answered)
        assert client is not None
        assert server is not None
        return client.session_id, server

    def test_openssls_of_tls_1_2_assigns_an_id(self) -> None:
        offered, hello = self.said(ssl.TLSVersion.TLSv1_2)
        self.assertEqual((hello.version, len(hello.session_id)), (TLS_1_2, 32))
        self.assertTrue(hello.assigns(offered))

    def test_openssls_of_tls_1_2_that_gives_a_ticket_assigns_none(self) -> None:
        offered, hello = self.said(ssl.TLSVersion.TLSv1_2, ticket=True)
        self.assertEqual(hello, ServerHello(TLS_1_2, b""))
        self.assertFalse(hello.assigns(offered))

    def test_openssls_of_tls_1_3_repeats_what_means_nothing(self) -> None:
        offered, hello = self.said(ssl.TLSVersion.TLSv1_3)
        self.assertEqual((hello.version, hello.session_id, len(offered)), (TLS_1_3, offered, 32))
        self.assertFalse(hello.assigns(offered))
        self.assertFalse(hello.assigns(b""))

    def test_an_id_that_the_client_offered_is_not_assigned(self) -> None:
        hello = ServerHello(TLS_1_2, b"id")
        self.assertEqual((hello.assigns(b"id"), hello.assigns(b"other"), hello.assigns(b"")), (False, True, True))

    def test_older_versions_assign_ids_too(self) -> None:
        self.assertTrue(parse_server_hello(body(b"id", version=b"\3\1")).assigns(b""))

    def test_one_without_extensions_is_read(self) -> None:
        self.assertEqual(parse_server_hello(body(b"id", bare=True)), ServerHello(TLS_1_2, b"id"))

    def test_an_id_that_is_too_long_is_refused(self) -> None:
        error = self.assertRaises(WireError, parse_server_hello, body(bytes(33)))
        self.assertEqual(str(error), "TLS ServerHello: a session id of 33 bytes, at most 32 are allowed")

    def test_an_alert_and_other_protocols_are_refused_at_the_first_octet(self) -> None:
        for start in (b"\x15", b"H", b"2", b"\x16\2"):
            self.assertIn("this is no TLS", str(self.assertRaises(WireError, ServerHelloReader().feed, start)))

    def test_arbitrary_messages_raise_nothing_but_wire_errors(self) -> None:
        good = body(b"session", extension(43, b"\3\4"))

        @given(st.binary(max_size=60), st.integers(0, 100))
        def check(noise: bytes, at: int) -> None:
            for data in (noise, good[:at] + noise + good[at + len(noise) :]):
                try:
                    self.assertIsInstance(parse_server_hello(data), ServerHello)
                except WireError as error:
                    self.assertTrue(error.what)

        check()
