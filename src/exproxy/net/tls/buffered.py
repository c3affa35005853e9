"""TLS between two buffers in memory, over any stream: for networks that have no sockets of their own to give OpenSSL.

It costs twice what :mod:`exproxy.net.epoll.tlsstream` does, and behaves the same.
"""

import enum

from cryptography import x509
from OpenSSL import SSL
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.net.interfaces import Address, PipedStream, Receiver, Stream, TLSOwner
from exproxy.net.pouring import PouringStream
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.failures import TLSError, TruncatedError, explain_record
from exproxy.net.tls.server import ServerTLS

CHUNK = 64 * 1024


class _State(enum.Enum):
    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSING = "closing"
    LOST = "lost"


class BufferedTLSStream(PouringStream):
    """A :class:`exproxy.net.interfaces.SecureStream` over ``stream``, whose bytes OpenSSL is handed."""

    def __init__(self, clock: IReactorTime, stream: PipedStream, side: ServerTLS | ClientTLS, owner: TLSOwner) -> None:
        super().__init__()
        self._clock = clock
        self._stream = stream
        self._side = side
        self._owner = owner
        self._receiver: Receiver = owner
        self._connection = side.connection(None, self)
        self._state = _State.HANDSHAKE
        self.peer: Address = stream.peer
        self.local: Address = stream.local
        self.received = 0
        self.sent = 0
        self.last_active: float = stream.last_active
        self.portion = stream.portion
        self._chain_fault = ""
        self._fault: Exception | None = None
        self._reading = False
        self._unread = b""
        self._to: PipedStream | None = None
        self._source: Stream | None = None
        self._below_ended = False
        self._eof_seen = False
        self._eof_sent = False
        self._remembers = isinstance(side, ClientTLS)
        self._turn: IDelayedCall | None = None
        stream.attach(self)
        stream.resume()
        if self._remembers:  # a server has nothing to say before it is spoken to, and OpenSSL would take 40 KB to wait
            self._take_turn_later()

    @property
    def version(self) -> str:
        return "" if self._state is _State.HANDSHAKE else self._connection.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        return self._connection.get_cipher_name() or ""

    @property
    def server_name(self) -> str | None:
        name = self._connection.get_servername()
        return None if name is None else name.decode("latin-1")

    @property
    def peer_certificate(self) -> x509.Certificate | None:
        return self._connection.get_peer_certificate(as_cryptography=True)

    def chain_fault(self, fault: str) -> None:
        """See :class:`exproxy.net.tlscontext.ChainObserver`; the first fault is the one of the deepest certificate."""
        self._chain_fault = self._chain_fault or fault

    # the stream that the owner sees

    def attach(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def resume(self) -> None:
        if not self._eof_seen and self._state is not _State.LOST:
            self._reading = True
            self._stream.resume()
            self._take_turn_later()

    def pause(self) -> None:
        self._reading = False
        self._stream.pause()

    def watch(self) -> None:
        self._stream.watch()

    def unread(self, data: bytes) -> None:
        self._unread = data + self._unread
        self._take_turn_later()

    def has_waiting(self) -> bool:
        return bool(self._unread)

    def has_queued(self) -> bool:
        return self._stream.has_queued()

    def pipe(self, to: PipedStream) -> None:
        self._to = to
        to.fed_by(self)
        self.resume()

    @property
    def full(self) -> bool:
        return self._stream.full

    def _itself(self) -> Stream:
        return self

    def fed_by(self, source: Stream | None) -> None:
        self._source = source

    def write(self, data: bytes | memoryview) -> bool:
        if self._state is not _State.OPEN or self._eof_sent:
            return True
        left = memoryview(data)
        while left:
            try:
                left = left[self._connection.send(left[:CHUNK]) :]
            except SSL.Error:
                break  # ended by the peer's alert: reading tells it, in its own turn
        self.sent += len(data) - len(left)
        return self._flush()

    def write_eof(self) -> None:
        if self._state is _State.OPEN and not self._eof_sent:
            self._eof_sent = True
            self._say_goodbye()
            if self._eof_seen:
                self._end(None)

    def close(self) -> None:
        if self._state is _State.OPEN and not self._eof_sent:
            self._eof_sent = True
            self._say_goodbye()
        self._end(None)

    def abort(self) -> None:
        if self._state is not _State.LOST:
            self._state = _State.CLOSING
            self._reading = False
            self._stream.abort()

    # the receiver of the stream below

    def data_received(self, stream: Stream, data: bytes) -> None:
        self.last_active = stream.last_active
        if self._state in (_State.HANDSHAKE, _State.OPEN):
            self._connection.bio_write(data)
            self._go_on()

    def eof_received(self, stream: Stream) -> None:
        self._below_ended = True
        if self._state in (_State.HANDSHAKE, _State.OPEN):
            self._connection.bio_shutdown()
            self._go_on()

    def peer_left(self, stream: Stream) -> None:
        self._receiver.peer_left(self)

    def write_drained(self, stream: Stream) -> None:
        self.last_active = stream.last_active
        if self._state is not _State.OPEN:
            return
        if self._source is not None:
            self._source.resume()
        else:
            self._receiver.write_drained(self)

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if self._state is _State.HANDSHAKE:
            self._refuse(self._side.failure(SSL.SysCallError(getattr(error, "errno", None) or -1, ""), self._chain_fault))
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        if self._state is _State.OPEN and error is None and not self._eof_seen:
            error = TruncatedError(self._eof_sent)
        elif self._eof_seen and self._eof_sent:
            error = None  # all was said, in TLS: how the connection goes does not matter
        if self._remembers and self._connection.get_shutdown():
            self._side.remember(self._connection)
        self._state = _State.LOST
        self._reading = False
        self._to = self._source = self._onto = self._pourer = None
        self._receiver.stream_lost(self, self._fault or error)

    # between the two

    def _take_turn_later(self) -> None:
        if self._turn is None and self._state in (_State.HANDSHAKE, _State.OPEN):
            self._turn = self._clock.callLater(0, self._take_turn)

    def _take_turn(self) -> None:
        self._turn = None
        self._go_on()

    def _go_on(self) -> None:
        if self._state is _State.HANDSHAKE:
            self._shake_hands()
        if self._state is _State.OPEN:
            self._read()

    def _shake_hands(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        except SSL.Error as error:
            self._flush()  # the alert, so that the peer's log says why, too
            self._refuse(self._side.failure(error, self._chain_fault))
            return
        self._flush()
        try:
            self._side.judge(self._connection, self._chain_fault)
        except TLSError as failure:
            self._refuse(failure)
            return
        self._state = _State.OPEN
        if not self._reading:
            self._stream.pause()
        self._owner.tls_secured(self)

    def _refuse(self, failure: TLSError) -> None:
        self._remembers = False
        self._end(failure)
        self._owner.tls_failed(self, failure)

    def _read(self) -> None:
        while self._reading and self._state is _State.OPEN:
            data, self._unread = self._unread, b""
            if not data:
                try:
                    data = self._connection.recv(CHUNK)
                except SSL.WantReadError:
                    break
                except SSL.ZeroReturnError:
                    self._eof()
                    break
                except SSL.Error as error:
                    self._flush()
                    self._end(TruncatedError(self._eof_sent) if isinstance(error, SSL.SysCallError) else explain_record(error))
                    return
                self.received += len(data)
            self._deliver(data)
        if self._state is _State.OPEN:
            self._flush()

    def _deliver(self, data: bytes) -> None:
        if self._remembers:
            self._remembers = False
            self._side.remember(self._connection)
        if self._onto is not None:
            self._pour(self._onto, data)
        elif self._to is None:
            self._receiver.data_received(self, data)
        elif not self._to.write(data):
            self.pause()

    def _eof(self) -> None:
        self._eof_seen = True
        self._reading = False
        if self._to is not None:
            self._to.write_eof()
        self._receiver.eof_received(self)
        if self._eof_sent:
            self._end(None)

    def _say_goodbye(self) -> None:
        try:
            self._connection.shutdown()
        except SSL.Error:
            return  # TLS is broken already: there is nobody to say it to
        self._flush()

    def _end(self, fault: Exception | None) -> None:
        if self._state in (_State.HANDSHAKE, _State.OPEN):
            self._fault = self._fault or fault
            self._state = _State.CLOSING
            self._reading = False
            # Tickets or a goodbye that wait unread would make closing a reset, which can overtake our last words: so one pass of
            # the reactor reads them, and the second of these calls comes after it wherever we are now.
            self._stream.resume()
            self._turn_again(self._clock.callLater(0, self._almost_end))

    def _almost_end(self) -> None:
        self._turn = None
        self._turn_again(self._clock.callLater(0, self._end_below))

    def _end_below(self) -> None:
        self._turn = None
        self._stream.close()

    def _turn_again(self, turn: IDelayedCall) -> None:
        if self._turn is not None:
            self._turn.cancel()
        self._turn = turn

    def _flush(self) -> bool:
        drained = True
        while True:
            try:
                data = self._connection.bio_read(CHUNK)
            except SSL.WantReadError:
                return drained
            drained = self._stream.write(data)
