"""TLS as client: a stream over a stream, with OpenSSL between two memory buffers.

This is the stream of checks and other short conversations: it works over any network and on a connection on which plain text
was spoken before (STARTTLS).  It relays nothing and cannot be piped.

Its life: ``TLSClientStream(clock, stream, context, name, observer, verify)`` then :meth:`TLSClientStream.start`; then exactly one
of ``observer.tls_secured`` and ``observer.tls_failed``, unless it is aborted or closed before; after ``tls_failed`` the
connection is already being closed and ``stream_lost`` follows.  From ``tls_secured`` on it is a stream like any other: paused,
until somebody resumes it.
"""

import enum
from typing import Protocol

import attrs
from OpenSSL import SSL
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.net.certificate import PeerCertificate, is_address, read_certificate
from exproxy.net.interfaces import PORTION, Address, Receiver, Stream
from exproxy.net.tls.failures import TLSError as TLSError
from exproxy.net.tls.failures import explain_server
from exproxy.wire.lines import quoted

CHUNK = 65536
HANDSHAKE_LIMIT = 262_144
"""Bytes that a server may send before the handshake is done; long chains have some 20,000."""
_RECORD_TYPES = frozenset({0x14, 0x15, 0x16, 0x17})
"""First bytes of TLS records (RFC 8446 section 5.1)."""


class TLSObserver(Receiver, Protocol):
    """A receiver that is told how the handshake ended."""

    def tls_secured(self, stream: "TLSClientStream") -> None:
        """The handshake is done; ``stream.certificate`` and ``stream.version`` are known."""

    def tls_failed(self, stream: "TLSClientStream", failure: TLSError) -> None:
        """The handshake failed; the stream closes itself."""


class _State(enum.Enum):
    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSING = "closing"
    LOST = "lost"


@attrs.define(eq=False)
class TLSClientStream:
    """A :class:`exproxy.net.interfaces.Stream` that speaks TLS to the peer of ``stream``.

    :param name: the server's name or IP address, for SNI and the certificate.
    :param verify: whether a certificate of another name fails the handshake (the chain is the context's matter).
    :param pins: those of :func:`exproxy.net.pins.pin_of`, of which the certificate has to have one; empty: of any.
    :raises UnicodeError: ``name`` cannot be a DNS name.
    """

    clock: IReactorTime
    stream: Stream
    context: SSL.Context
    name: str
    observer: TLSObserver
    verify: bool
    pins: tuple[str, ...] = ()
    peer: Address = attrs.field(init=False)
    local: Address = attrs.field(init=False)
    last_active: float = attrs.field(init=False)
    received: int = 0
    sent: int = 0
    portion: int = PORTION
    certificate: PeerCertificate | None = None
    version: str = ""
    cipher: str = ""
    _receiver: Receiver = attrs.field(init=False)
    _connection: SSL.Connection = attrs.field(init=False)
    _state: _State = _State.HANDSHAKE
    _failure: Exception | None = None
    _chain_fault: str = ""
    _handshake_bytes: int = 0
    _reading: bool = False
    _plain: bytearray = attrs.field(factory=bytearray)
    _peer_ended: bool = False
    _eof_told: bool = False
    _ended_here: bool = False
    _turn: IDelayedCall | None = None

    def __attrs_post_init__(self) -> None:
        self.peer = self.stream.peer
        self.local = self.stream.local
        self.last_active = self.stream.last_active
        self._receiver = self.observer
        self._connection = SSL.Connection(self.context, None)
        self._connection.set_app_data(self)
        self._connection.set_connect_state()
        if not is_address(self.name):
            self._connection.set_tlsext_host_name(self.name.encode("idna"))

    def start(self) -> None:
        """Take the connection over and send the ClientHello."""
        self.stream.attach(self)
        self._handshake()
        self.stream.resume()

    def chain_fault(self, fault: str) -> None:
        """See :class:`exproxy.net.tlscontext.ChainObserver`; the first fault is the one of the deepest certificate."""
        self._chain_fault = self._chain_fault or fault

    # The stream that our user sees.

    def attach(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def resume(self) -> None:
        self._reading = True
        self.stream.resume()
        self._schedule()

    def pause(self) -> None:
        self._reading = False
        self.stream.pause()

    def watch(self) -> None:
        self.stream.watch()

    def unread(self, data: bytes) -> None:
        self._plain[:0] = data
        self._schedule()

    def write(self, data: bytes | memoryview) -> bool:
        if self._state is not _State.OPEN or self._ended_here:
            return True
        left = memoryview(data)
        while left:
            try:
                left = left[self._connection.send(left[:CHUNK]) :]
            except SSL.Error:
                # The session was ended by the peer's alert; reading tells it, in its own turn.
                break
        self.sent += len(data) - len(left)
        return self._flush()

    def write_eof(self) -> None:
        if self._state is _State.OPEN and not self._ended_here:
            self._ended_here = True
            self._say_goodbye()
            if self._eof_told:
                self._end()

    def close(self) -> None:
        if self._state is _State.OPEN and not self._ended_here:
            self._say_goodbye()
        self._end()

    def abort(self) -> None:
        if self._state is not _State.LOST:
            self._state = _State.CLOSING
            self.stream.abort()

    # The receiver of the stream below.

    def data_received(self, stream: Stream, data: bytes) -> None:
        self.last_active = self.stream.last_active
        if self._state is _State.HANDSHAKE:
            if self._refused(data):
                return
            self._connection.bio_write(data)
            self._handshake()
        elif self._state is _State.OPEN:
            self._connection.bio_write(data)
        self._read()

    def eof_received(self, stream: Stream) -> None:
        self._peer_ended = True
        if self._state is _State.HANDSHAKE:
            self._fail("the server closed the connection during the TLS handshake")
        else:
            self._read()

    def peer_left(self, stream: Stream) -> None:
        self._receiver.peer_left(self)

    def write_drained(self, stream: Stream) -> None:
        if self._state is _State.OPEN:
            self._receiver.write_drained(self)

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if self._state is _State.HANDSHAKE:
            words = "reset" if isinstance(error, ConnectionResetError) else "closed"
            self._fail(f"the server {words} the connection during the TLS handshake")
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._state = _State.LOST
        self._receiver.stream_lost(self, self._failure or error)

    # What is between the two.

    def _refused(self, data: bytes) -> bool:
        """Whether the handshake fails for what came, before OpenSSL sees it."""
        if self._handshake_bytes == 0 and data[0] not in _RECORD_TYPES:
            said, _, _ = data.partition(b"\n")
            self._fail(f"the server does not speak TLS here: it said {quoted(said)}")
            return True
        self._handshake_bytes += len(data)
        if self._handshake_bytes > HANDSHAKE_LIMIT:
            self._fail(f"the server sent more than {HANDSHAKE_LIMIT // 1024} KB without finishing the TLS handshake")
            return True
        return False

    def _handshake(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        except SSL.Error as error:
            self._flush()  # the alert, so that the server's log says why, too
            self._fail(explain(error, self._chain_fault))
            return
        self._flush()
        self._secure()

    def _secure(self) -> None:
        try:
            self.certificate = read_certificate(self._connection, self.name, self._chain_fault)
        except Exception as error:  # noqa: BLE001 - three libraries read what a stranger wrote, each with errors of its own
            self._fail(f"the server's certificate is malformed: {error}")
            return
        if self.verify and (self.certificate is None or not self.certificate.name_ok):
            fault = self.certificate.name_fault if self.certificate else "the server has none"
            self._fail(f"the server's certificate is refused: {fault}")
            return
        fault = _pin_fault(self.certificate, self.pins)
        if fault:
            self._fail(f"the server's certificate is refused: {fault}")
            return
        self.version = self._connection.get_protocol_version_name()
        self.cipher = self._connection.get_cipher_name() or ""
        self._state = _State.OPEN
        if not self._reading:
            self.stream.pause()
        self.observer.tls_secured(self)

    def _fail(self, reason: str) -> None:
        self._failure = failure = TLSError(reason)
        self._state = _State.CLOSING
        self.stream.close()
        self.observer.tls_failed(self, failure)

    def _schedule(self) -> None:
        """What is decrypted or decryptable is invisible to the network below, so it needs a turn of its own."""
        if self._turn is None and self._state is _State.OPEN:
            self._turn = self.clock.callLater(0, self._take_turn)

    def _take_turn(self) -> None:
        self._turn = None
        self._read()

    def _read(self) -> None:
        while self._reading and self._state is _State.OPEN and not self._eof_told:
            data = bytes(self._plain) if self._plain else self._decrypt()
            if data is None:
                break
            self._plain.clear()
            if not data:
                self._tell_eof()
                break
            self._receiver.data_received(self, data)
        if self._state is _State.OPEN:
            self._flush()

    def _decrypt(self) -> bytes | None:
        """Plain text; ``b""`` at the end, ``None`` when more has to come."""
        try:
            data = self._connection.recv(CHUNK)
        except SSL.ZeroReturnError:
            return b""
        except SSL.WantReadError:
            # Many servers end without close_notify; a truncation is the conversation's matter, which knows whether it was done.
            return b"" if self._peer_ended else None
        except SSL.Error as error:
            self._failure = TLSError(explain(error, ""))
            self._state = _State.CLOSING
            self.stream.abort()
            return None
        self.received += len(data)
        return data

    def _tell_eof(self) -> None:
        self._eof_told = True
        self._receiver.eof_received(self)
        if self._ended_here:
            self._end()

    def _say_goodbye(self) -> None:
        try:
            self._connection.shutdown()
        except SSL.Error:
            return  # the session is broken already: there is nobody to say it to
        self._flush()

    def _end(self) -> None:
        if self._state is not _State.LOST:
            self._state = _State.CLOSING
            self.stream.close()

    def _flush(self) -> bool:
        drained = True
        while True:
            try:
                data = self._connection.bio_read(CHUNK)
            except SSL.WantReadError:
                break
            drained = self.stream.write(data)
        self.last_active = self.stream.last_active
        return drained


def _pin_fault(certificate: PeerCertificate | None, pins: tuple[str, ...]) -> str:
    if not pins or (certificate is not None and certificate.pin in pins):
        return ""
    return (
        "the server has none" if certificate is None else f"its key is not a pinned one: it is {certificate.pin or 'unreadable'}"
    )


def explain(error: SSL.Error, chain_fault: str) -> str:
    """What an OpenSSL error means, as a sentence part.

    :param chain_fault: what is known to be wrong with the server's certificate, or empty.
    """
    return explain_server(error, chain_fault, "legacy = true")
