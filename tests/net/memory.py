"""A network in memory that implements :mod:`exproxy.net.interfaces` deterministically, for tests with Twisted's ``Clock``.

Nothing happens inside a call: whatever a stream has to tell comes from ``clock.callLater(0, ...)``, so ``clock.advance(0)`` runs
everything that is due, in order, until all is quiet.  Nobody listening refuses; :meth:`MemoryNetwork.blackhole` is a host that
does not answer, :meth:`MemoryNetwork.fail` one that fails with a given error.

    clock = Clock()
    network = MemoryNetwork(clock)
    peer = Peer(greeting=b"220 hello\\r\\n")
    network.listen(("192.0.2.1", 25), peer).resume()
    network.connect(("192.0.2.1", 25), dialer, timeout=5)
    clock.advance(0)
"""

import errno
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.net.deadlines import Deadlines
from exproxy.net.interfaces import (
    PORTION,
    Acceptor,
    Address,
    Attempt,
    Dialer,
    PipedStream,
    PlainStream,
    Port,
    Receiver,
    Stream,
    TLSOwner,
)
from exproxy.net.pouring import PouringStream
from exproxy.net.tls.buffered import BufferedTLSStream
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.server import ServerTLS

CHUNK = 65536
"""At most so many bytes are piped at once, or held unread."""


class _Nobody:
    """The receiver of a stream that has none yet."""

    def data_received(self, stream: Stream, data: bytes) -> None:
        raise AssertionError("a stream without a receiver was resumed")

    def eof_received(self, stream: Stream) -> None:
        pass

    def peer_left(self, stream: Stream) -> None:
        pass

    def write_drained(self, stream: Stream) -> None:
        pass

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        pass


@attrs.define(eq=False)
class MemoryStream(PouringStream):
    """One end of a connection in memory.

    :param capacity: bytes that the other end holds unread before a ``write`` here is queued.
    """

    clock: IReactorTime
    peer: Address
    local: Address
    capacity: int = CHUNK
    received: int = 0
    sent: int = 0
    last_active: float = attrs.field(init=False)
    portion: int = PORTION
    aborted: bool = False
    closed: bool = False
    """``close`` was called here."""
    lost: bool = False
    other: "MemoryStream" = attrs.field(init=False)
    receiver: Receiver = attrs.field(factory=_Nobody)
    reading: bool = False
    piped_to: PipedStream | None = None
    inbox: bytearray = attrs.field(factory=bytearray)
    outbox: bytearray = attrs.field(factory=bytearray)
    _unread: bytearray = attrs.field(factory=bytearray)
    _peer_ended: bool = False
    _eof_told: bool = False
    _eof_asked: bool = False
    _eof_sent: bool = False
    _wants_drained: bool = False
    _watching: bool = False
    _waiting_for_pipe: bool = False
    _source: Stream | None = None
    _looking: bool = False
    _turn: IDelayedCall | None = None

    def __attrs_post_init__(self) -> None:
        super().__init__()
        self.last_active = self.clock.seconds()

    def attach(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def resume(self) -> None:
        self.reading = True
        self._waiting_for_pipe = False
        self._schedule()

    def pause(self) -> None:
        self.reading = False

    def watch(self) -> None:
        self._watching = True
        self._watch_peer()

    def unread(self, data: bytes) -> None:
        self._unread[:0] = data
        self._schedule()

    def has_waiting(self) -> bool:
        return bool(self._unread or self.inbox)

    def has_queued(self) -> bool:
        return bool(self.outbox)

    def look(self) -> None:
        self._looking = True
        self.resume()

    def skip(self, size: int) -> None:
        self._looking = self.reading = False
        self.received += min(size, len(self.inbox))
        del self.inbox[:size]

    def fed_by(self, source: Stream | None) -> None:
        self._source = source

    def _itself(self) -> Stream:
        return self

    @property
    def full(self) -> bool:
        return self._wants_drained

    def write(self, data: bytes | memoryview) -> bool:
        if self.lost or self.closed or self._eof_asked:
            return True
        self.outbox += data
        self._flush()
        self._wants_drained = self._wants_drained or bool(self.outbox)
        return not self.outbox

    def write_eof(self) -> None:
        self._eof_asked = True
        self._flush()

    def pipe(self, to: PipedStream) -> None:
        self.piped_to = to
        to.fed_by(self)
        self.reading = True
        self._schedule()

    def close(self) -> None:
        if not self.closed and not self.lost:
            self.closed = True
            self.reading = False
            self.piped_to = None
            self._flush()

    def abort(self) -> None:
        if not self.lost and not self.aborted:
            self.aborted = True
            self.clock.callLater(0, self._lose, None)
            self.clock.callLater(0, self.other._reset)

    def _reset(self) -> None:
        """By the peer."""
        nothing_missed = self._eof_told and not self.outbox
        self._lose(None if nothing_missed else ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))

    def _flush(self) -> None:
        """Hand over what the other end has room for; then the end, if that was asked for."""
        if self.lost or self.aborted:
            return
        if self.outbox and (self.other.closed or self.other.lost):
            self.clock.callLater(0, self._lose, ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
            return
        room = self.capacity - len(self.other.inbox)
        if self.outbox and room > 0:
            self.other.inbox += self.outbox[:room]
            self.sent += min(room, len(self.outbox))
            del self.outbox[:room]
            self.last_active = self.clock.seconds()
            self.other._schedule()
        if self.outbox:
            return
        if self._wants_drained:
            self._wants_drained = False
            self.clock.callLater(0, self._drained)
        if (self._eof_asked or self.closed) and not self._eof_sent:
            self._eof_sent = True
            self.other._peer_ended = True
            self.other._schedule()
            self.other._watch_peer()
        if self.closed or (self._eof_sent and self._eof_told):
            self.clock.callLater(0, self._lose, None)

    def _watch_peer(self) -> None:
        if self._watching and self._peer_ended and not self.reading:
            self._watching = False
            self.clock.callLater(0, self._tell_peer_left)

    def _tell_peer_left(self) -> None:
        if not self.lost and not self.reading:
            self.receiver.peer_left(self)

    def _drained(self) -> None:
        if self._source is not None:
            self._source.resume()
        elif not self.lost:
            self.receiver.write_drained(self)

    def _schedule(self) -> None:
        if self._turn is None and not self.lost:
            self._turn = self.clock.callLater(0, self._deliver)

    def _deliver(self) -> None:
        self._turn = None
        if self.lost or self.aborted or not self.reading or self._waiting_for_pipe:
            return
        if self._looking and self.inbox:
            self.receiver.data_received(self, bytes(self.inbox))
            if not self._looking or not self._peer_ended:
                return
            self.inbox.clear()  # a peer that has left sends no more
        source = self._unread or self.inbox
        if source:
            most = self.portion if self.piped_to is None else CHUNK
            data = bytes(source[:most])
            del source[:most]
            self.received += len(data) if source is self.inbox else 0
            self.last_active = self.clock.seconds()
            self.other._flush()
            self._schedule()
            self._hand_over(data)
        elif self._peer_ended and not self._eof_told:
            self._eof_told = True
            if self.piped_to is not None:
                self.piped_to.write_eof()
            self.receiver.eof_received(self)
            self._flush()

    def _hand_over(self, data: bytes) -> None:
        if self._onto is not None:
            self._pour(self._onto, data)
        elif self.piped_to is None:
            self.receiver.data_received(self, data)
        elif not self.piped_to.write(data):
            self._waiting_for_pipe = True

    def _lose(self, error: Exception | None) -> None:
        if self.lost:
            return
        self.lost = True
        self.other._flush()
        self.receiver.stream_lost(self, error)


@attrs.define(eq=False)
class MemoryPort:
    """A port in memory; connections wait while it is paused, which it is at first."""

    address: Address
    acceptor: Acceptor
    network: "MemoryNetwork"
    backlog: int
    paused: bool = True
    waiting: list[MemoryStream] = attrs.field(factory=list)

    def fileno(self) -> int:
        return -1

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        for stream in self.waiting:
            self.network.clock.callLater(0, self.deliver, stream)

    def take_in(self, most: int) -> None:
        for stream in self.waiting[:most]:
            self.deliver(stream)

    def close(self) -> None:
        self.network.ports.pop(self.address, None)
        waiting, self.waiting = self.waiting, []
        for stream in waiting:
            stream.abort()

    def come(self, stream: MemoryStream) -> None:
        """A connection is there, which the acceptor has in the next turn."""
        self.waiting.append(stream)
        self.network.clock.callLater(0, self.deliver, stream)

    def deliver(self, stream: MemoryStream) -> None:
        """Unless it was delivered already."""
        if stream in self.waiting and not self.paused and self.acceptor.room() > 0:
            self.waiting.remove(stream)
            self.acceptor.accepted(stream)


@attrs.define(eq=False)
class MemoryAttempt:
    """A connection on its way in memory."""

    address: Address
    source: str | None
    timeout: float
    call: IDelayedCall
    speaks_first: bool = False
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True
        if self.call.active():
            self.call.cancel()


@attrs.define(eq=False)
class MemoryNetwork:
    """:class:`exproxy.net.interfaces.Network` in memory; ``attempts`` are all connections that were ever asked for.

    :param capacity: see :class:`MemoryStream`.
    """

    clock: IReactorTime
    capacity: int = CHUNK
    ports: dict[Address, MemoryPort] = attrs.field(factory=dict)
    deadlines: Deadlines = attrs.field(init=False)
    attempts: list[MemoryAttempt] = attrs.field(factory=list)
    streams: list[MemoryStream] = attrs.field(factory=list)
    """The connecting end of every connection that was made."""
    inherited: dict[int, Address] = attrs.field(factory=dict)
    _silent: set[Address] = attrs.field(factory=set)
    _errors: dict[Address, Exception] = attrs.field(factory=dict)
    _next_port: int = 40000

    def __attrs_post_init__(self) -> None:
        self.deadlines = Deadlines(self.clock)

    def blackhole(self, address: Address) -> None:
        """Connections to ``address`` are never answered: ``TimeoutError`` after the attempt's timeout."""
        self._silent.add(address)

    def fail(self, address: Address, error: Exception) -> None:
        """Connections to ``address`` fail with ``error``."""
        self._errors[address] = error

    def listen(self, address: Address, acceptor: Acceptor, backlog: int = 1024) -> Port:
        host, number = address
        if number == 0:
            number = self._port_number()
        if (host, number) in self.ports:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        port = MemoryPort((host, number), acceptor, self, backlog)
        self.ports[port.address] = port
        return port

    def adopt(self, fd: int, acceptor: Acceptor) -> MemoryPort:
        """What ``inherited`` says that ``fd`` is."""
        return self.listen(self.inherited[fd], acceptor)

    def connect(
        self, address: Address, dialer: Dialer, timeout: float, source: str | None = None, speaks_first: bool = False
    ) -> Attempt:
        delay = timeout if address in self._silent else 0.0
        call = self.clock.callLater(delay, self._conclude, address, dialer, source)
        attempt = MemoryAttempt(address, source, timeout, call, speaks_first)
        self.attempts.append(attempt)
        return attempt

    def knock(self, address: Address, dialer: Dialer) -> None:
        """Connect, now; the connection waits in the backlog until the clock's next turn."""
        self._conclude(address, dialer, None)

    def secure_server(self, stream: PlainStream, tls: ServerTLS, owner: TLSOwner) -> BufferedTLSStream:
        return BufferedTLSStream(self.clock, stream, tls, owner)

    def secure_client(self, stream: PlainStream, tls: ClientTLS, owner: TLSOwner) -> BufferedTLSStream:
        return BufferedTLSStream(self.clock, stream, tls, owner)

    def _port_number(self) -> int:
        self._next_port += 1
        return self._next_port

    def _conclude(self, address: Address, dialer: Dialer, source: str | None) -> None:
        if address in self._silent:
            dialer.connect_failed(TimeoutError(errno.ETIMEDOUT, "Connection timed out"))
            return
        port = self.ports.get(address) or self.ports.get(("0.0.0.0", address[1]))
        error = self._errors.get(address)
        if error is None and port is None:
            error = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        if error is not None or port is None:
            dialer.connect_failed(error or ConnectionRefusedError())
            return
        here: Address = (source or ("::1" if ":" in address[0] else "127.0.0.1"), self._port_number())
        near, far = pair(self.clock, here, address, self.capacity)
        self.streams.append(near)
        port.come(far)
        dialer.connected(near)


def pair(
    clock: IReactorTime,
    near: Address = ("127.0.0.1", 40000),
    far: Address = ("127.0.0.1", 25),
    capacity: int = CHUNK,
) -> tuple[MemoryStream, MemoryStream]:
    """Two connected ends, paused, without receivers."""
    one = MemoryStream(clock, peer=far, local=near, capacity=capacity)
    two = MemoryStream(clock, peer=near, local=far, capacity=capacity)
    one.other, two.other = two, one
    return one, two


@attrs.define(eq=False)
class Recorder:
    """A receiver (and dialer) that writes down what it is told."""

    data: bytearray = attrs.field(factory=bytearray)
    eof: bool = False
    left: bool = False
    drained: int = 0
    lost: bool = False
    error: Exception | None = None
    stream: Stream | None = None
    failure: Exception | None = None

    def data_received(self, stream: Stream, data: bytes) -> None:
        self.data += data

    def eof_received(self, stream: Stream) -> None:
        self.eof = True

    def peer_left(self, stream: Stream) -> None:
        self.left = True

    def write_drained(self, stream: Stream) -> None:
        self.drained += 1

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        assert not self.lost, "stream_lost came twice"
        self.lost = True
        self.error = error

    def connected(self, stream: PlainStream) -> None:
        self.stream = stream
        stream.attach(self)
        stream.resume()

    def connect_failed(self, error: Exception) -> None:
        self.failure = error


@attrs.define(eq=False)
class Peer:
    """A server in memory: greets, answers by ``answer(bytes so far unanswered) -> bytes | None`` and keeps what it was told.

    ``None`` from ``answer`` means that more has to come first; ``b""`` answers nothing.  :attr:`sessions` are all its sessions.
    """

    greeting: bytes = b""
    answer: Callable[[bytes], bytes | None] | None = None
    close_after_greeting: bool = False
    abort_on_data: bool = False
    close_on_data: bool = False
    sessions: "list[PeerSession]" = attrs.field(factory=list)
    failures: list[OSError] = attrs.field(factory=list)

    def accepted(self, stream: PlainStream) -> None:
        session = PeerSession(self, stream)
        self.sessions.append(session)
        stream.attach(session)
        stream.resume()
        if self.greeting:
            stream.write(self.greeting)
        if self.close_after_greeting:
            stream.close()

    def room(self) -> int:
        return 1

    def accept_failed(self, error: OSError) -> None:
        self.failures.append(error)


@attrs.define(eq=False)
class PeerSession:
    """One connection of a :class:`Peer`."""

    server: Peer
    stream: Stream
    data: bytearray = attrs.field(factory=bytearray)
    eof: bool = False
    lost: bool = False
    error: Exception | None = None
    _pending: bytearray = attrs.field(factory=bytearray)

    def data_received(self, stream: Stream, data: bytes) -> None:
        self.data += data
        if self.server.abort_on_data:
            stream.abort()
        elif self.server.close_on_data:
            stream.close()
        elif self.server.answer is not None:
            self._pending += data
            reply = self.server.answer(bytes(self._pending))
            if reply is not None:
                self._pending.clear()
                stream.write(reply)

    def eof_received(self, stream: Stream) -> None:
        self.eof = True
        stream.close()

    def peer_left(self, stream: Stream) -> None:
        pass

    def write_drained(self, stream: Stream) -> None:
        pass

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self.lost = True
        self.error = error
