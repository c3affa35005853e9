"""A TLS server in memory, and certificates for it, for tests of TLS clients."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import attrs
import trustme
from OpenSSL import SSL

from exproxy.net.interfaces import Stream


@cache
def authority() -> trustme.CA:
    """One for all tests: keys take time to make, and trial has no ``setUpClass``."""
    return trustme.CA()


@cache
def stranger() -> trustme.CA:
    """One that nobody trusts."""
    return trustme.CA()


@cache
def certificate() -> trustme.LeafCert:
    """Of mail.example.com and 192.0.2.1, by :func:`authority`."""
    return authority().issue_cert("mail.example.com", "192.0.2.1")


def server_context(leaf: trustme.LeafCert, only: int | None = None, legacy: bool = False) -> SSL.Context:
    """A context for a server; ``only`` is the one protocol version that it speaks."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    leaf.configure_cert(context)
    if only is not None:
        context.set_min_proto_version(only)
        context.set_max_proto_version(only)
    if legacy:
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
    return context


def expired(name: str) -> trustme.LeafCert:
    """A certificate that expired three days ago."""
    return authority().issue_cert(
        name, not_before=datetime.now(UTC) - timedelta(days=400), not_after=datetime.now(UTC) - timedelta(days=3, hours=1)
    )


def authority_file(folder: str) -> Path:
    """Write the authority's certificate into ``folder``."""
    path = Path(folder, "ca.pem")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(authority().cert_pem.bytes())
    return path


@attrs.define(eq=False)
class TLSPeerSession:
    """One connection of a :class:`TLSPeer`, also usable on its own after STARTTLS."""

    server: "TLSPeer"
    stream: Stream
    data: bytearray = attrs.field(factory=bytearray)
    sni: str | None = None
    secured: bool = False
    eof: bool = False
    lost: bool = False
    error: Exception | None = None
    failure: SSL.Error | None = None
    connection: SSL.Connection = attrs.field(init=False)
    _plaintext_done: bool = False
    _pending: bytearray = attrs.field(factory=bytearray)

    def __attrs_post_init__(self) -> None:
        self.connection = SSL.Connection(self.server.context, None)
        self.connection.set_accept_state()
        self._plaintext_done = self.server.starttls is None

    def data_received(self, stream: Stream, data: bytes) -> None:
        if not self._plaintext_done:
            self._speak_plainly(data)
            return
        self.connection.bio_write(data)
        if not self.secured:
            self._handshake()
        if self.secured:
            self._read()
        self.flush()

    def _speak_plainly(self, data: bytes) -> None:
        assert self.server.starttls is not None
        self._pending += data
        reply, self._plaintext_done = self.server.starttls(bytes(self._pending))
        if reply is not None:
            self._pending.clear()
            self.stream.write(reply)

    def _handshake(self) -> None:
        try:
            self.connection.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error as error:
            self.failure = error
            return
        self.secured = True
        name = self.connection.get_servername()
        self.sni = name.decode() if name else None
        if self.server.greeting:
            self.connection.send(self.server.greeting)
        if self.server.close_after_greeting:
            self.end()

    def _read(self) -> None:
        while True:
            try:
                data = self.connection.recv(65536)
            except SSL.WantReadError:
                return
            except SSL.ZeroReturnError:
                self.eof = True
                self.end()
                return
            except SSL.Error as error:
                self.failure = error
                return
            self.data += data
            self._pending += data
            reply = self.server.answer(bytes(self._pending)) if self.server.answer else None
            if reply is not None:
                self._pending.clear()
                self.connection.send(reply)

    def end(self) -> None:
        """Say close_notify, and close."""
        self.connection.shutdown()
        self.flush()
        self.stream.close()

    def flush(self) -> None:
        try:
            while True:
                self.stream.write(self.connection.bio_read(65536))
        except SSL.WantReadError:
            pass

    def eof_received(self, stream: Stream) -> None:
        stream.close()

    def peer_left(self, stream: Stream) -> None:
        pass

    def write_drained(self, stream: Stream) -> None:
        pass

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self.lost = True
        self.error = error


@attrs.define(eq=False)
class TLSPeer:
    """A server in memory that speaks TLS; see :class:`tests.net.memory.Peer`.

    :param starttls: what plain text it answers before TLS: from all that is unanswered to (reply or None, whether TLS begins).
    :param plain_greeting: said before that.
    """

    context: SSL.Context
    greeting: bytes = b""
    answer: Callable[[bytes], bytes | None] | None = None
    starttls: Callable[[bytes], tuple[bytes | None, bool]] | None = None
    plain_greeting: bytes = b""
    close_after_greeting: bool = False
    sessions: list[TLSPeerSession] = attrs.field(factory=list)

    def room(self) -> int:
        return 1

    def accepted(self, stream: Stream) -> None:
        session = TLSPeerSession(self, stream)
        self.sessions.append(session)
        stream.attach(session)
        stream.resume()
        if self.plain_greeting:
            stream.write(self.plain_greeting)

    def accept_failed(self, error: OSError) -> None:
        raise error
