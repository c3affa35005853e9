"""Streams on Twisted's own transports: for platforms without epoll."""

import errno
import socket
from typing import Any

from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionDone
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorSocket,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from exproxy.net.deadlines import Deadlines
from exproxy.net.interfaces import (
    PORTION,
    Acceptor,
    Address,
    Attempt,
    Dialer,
    PipedStream,
    PlainStream,
    Receiver,
    SecureStream,
    Stream,
    TLSOwner,
)
from exproxy.net.listening import adopt
from exproxy.net.pouring import PouringStream
from exproxy.net.tls.buffered import BufferedTLSStream
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.server import ServerTLS
from exproxy.net.words import system_words

_ENDED = (ConnectionDone, ConnectionAborted)


class Reactor(IReactorTCP, IReactorTime, IReactorSocket):
    """What the network needs of a reactor."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class TransportStream(PouringStream, Protocol):
    """A connected transport as a :class:`exproxy.net.interfaces.PlainStream`.

    It is a producer, so that the transport says when it is full.
    """

    transport: Any  # ITCPTransport and IConsumer at once, which the interfaces' types cannot say

    def __init__(self, clock: IReactorTime) -> None:
        PouringStream.__init__(self)
        self._clock = clock
        self.received = 0
        self.sent = 0
        self.last_active: float = clock.seconds()
        self.portion = PORTION
        self._receiver: Receiver | None = None
        self._reading = False
        self._held: list[bytes] = []
        self._eof_held = False
        self._wake: IDelayedCall | None = None
        self._full = False
        self._to: PipedStream | None = None
        self._source: Stream | None = None
        self._looking = False
        self._eof_seen = False
        self._eof_sent = False
        self._ending = False
        self._lost = False

    # what the transport calls

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)
        self.transport.registerProducer(self, True)
        self.transport.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        if not self._looking:
            self.received += len(data)
        self.last_active = self._clock.seconds()
        if self._reading and not self._looking:
            self._deliver(data)
        else:
            self._held.append(data)
            if self._reading:
                self._show()

    def readConnectionLost(self) -> None:
        if self._reading:
            self._eof()
        else:
            self._eof_held = True

    def writeConnectionLost(self) -> None:
        """Our own half-close is done."""

    def pauseProducing(self) -> None:
        self._full = True

    def resumeProducing(self) -> None:
        if not self._full:
            return
        self._full = False
        self.last_active = self._clock.seconds()
        if self._source is not None:
            self._source.resume()
        elif self._receiver is not None and not self._ending:
            self._receiver.write_drained(self)

    def stopProducing(self) -> None:
        self._full = False

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._lost = True
        self._reading = False
        self._cancel_wake()
        self._full = False
        if self._source is not None:
            self._source.resume()  # it may wait for us; what it still reads goes nowhere, but its end is seen
        self._to = self._source = self._onto = self._pourer = None
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            error: Any = None if self._ending or isinstance(reason.value, _ENDED) else reason.value
            receiver.stream_lost(self, error)

    # what a Stream is

    @property
    def peer(self) -> Address:
        peer = self.transport.getPeer()
        return peer.host, peer.port

    @property
    def local(self) -> Address:
        host = self.transport.getHost()
        return host.host, host.port

    def attach(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def resume(self) -> None:
        if self._reading or self._lost or self._ending or self._eof_seen:
            return
        self._reading = True
        if self._held or self._eof_held:
            self._wake_later()
        else:
            self.transport.resumeProducing()

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self._cancel_wake()
            if not self._lost and not self._eof_seen:
                self.transport.pauseProducing()

    def watch(self) -> None:
        """A paused transport does not look at its socket: the peer's leaving is seen when reading goes on."""

    def unread(self, data: bytes) -> None:
        if data:
            self._held.insert(0, data)

    def pipe(self, to: PipedStream) -> None:
        self._to = to
        to.fed_by(self)
        if self._reading and self._held:
            self._wake_later()
        self.resume()

    def has_waiting(self) -> bool:
        return bool(self._held)

    def has_queued(self) -> bool:
        return self._full

    def look(self) -> None:
        self._looking = True
        self.received -= sum(map(len, self._held))  # what is only looked at is not taken yet
        self.resume()

    def skip(self, size: int) -> None:
        self._looking = False
        self.pause()
        seen = b"".join(self._held)
        self.received += len(seen)
        self._held = [seen[size:]] if len(seen) > size else []

    @property
    def full(self) -> bool:
        return self._full

    def _itself(self) -> Stream:
        return self

    def fed_by(self, source: Stream | None) -> None:
        self._source = source

    def write(self, data: bytes | memoryview) -> bool:
        if not (self._lost or self._ending or self._eof_sent):
            self.sent += len(data)
            self.transport.write(bytes(data))
        return not self._full

    def write_eof(self) -> None:
        if self._eof_sent or self._lost or self._ending:
            return
        self._eof_sent = True
        if self._eof_seen:
            self.close()
        else:
            self.transport.unregisterProducer()
            self._full = False
            self.transport.loseWriteConnection()

    def close(self) -> None:
        if not self._ending and not self._lost:
            self._ending = True
            self._reading = False
            self._cancel_wake()
            self.transport.unregisterProducer()
            if self._eof_sent:
                # both directions may be done, and then the transport tells the end at once: from inside this call
                self._clock.callLater(0, self.transport.loseConnection)
            else:
                self.transport.loseConnection()

    def abort(self) -> None:
        if not self._lost:
            self._ending = True
            self._reading = False
            self._cancel_wake()
            # abortConnection may call connectionLost at once; a stream tells its end only when nobody is inside it
            self._clock.callLater(0, self.transport.abortConnection)

    def _wake_later(self) -> None:
        if self._wake is None:
            self._wake = self._clock.callLater(0, self._deliver_held)

    def _cancel_wake(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    def _deliver_held(self) -> None:
        self._wake = None
        if self._looking:
            self._show()
        while self._reading and self._held and not self._looking:
            self._deliver(self._held.pop(0))
        if self._reading:
            if self._eof_held:
                self._eof_held = False
                self._eof()
            else:
                self.transport.resumeProducing()

    def _deliver(self, data: bytes) -> None:
        if self._onto is not None:
            self._pour(self._onto, data)
        elif self._to is not None:
            if not self._to.write(data):
                self.pause()
        elif self._receiver is not None:
            self._receiver.data_received(self, data)

    def _show(self) -> None:
        if self._held and self._receiver is not None:
            self._held = [b"".join(self._held)]
            self._receiver.data_received(self, self._held[0])

    def _eof(self) -> None:
        self._eof_seen = True
        self._reading = False
        if self._to is not None:
            self._to.write_eof()
        if self._receiver is not None:
            self._receiver.eof_received(self)
        if self._eof_sent:
            self.close()


class _AcceptFactory(ServerFactory):
    noisy = False

    def __init__(self, clock: IReactorTime, acceptor: Acceptor) -> None:
        self.clock = clock
        self.acceptor = acceptor
        self.port: TransportPort | None = None

    def buildProtocol(self, addr: object) -> "_Accepted":
        return _Accepted(self)

    def accepted(self, stream: TransportStream) -> None:
        """A transport accepts many at once, whether its port is paused meanwhile or not: who came too soon waits for the port."""
        if self.port is not None and (self.port.paused or self.port.early):
            self.port.early.append(stream)
        else:
            self.admit(stream)

    def admit(self, stream: TransportStream) -> None:
        """Let a client in."""
        try:
            self.acceptor.accepted(stream)
        except Exception:
            stream.abort()
            raise


class _Accepted(TransportStream):
    def __init__(self, factory: _AcceptFactory) -> None:
        super().__init__(factory.clock)
        self._factory = factory

    def connectionMade(self) -> None:
        super().connectionMade()
        self._factory.accepted(self)


class _Dialed(TransportStream):
    def __init__(self, attempt: "TransportAttempt", clock: IReactorTime) -> None:
        super().__init__(clock)
        self._attempt = attempt

    def connectionMade(self) -> None:
        super().connectionMade()
        self._attempt.made(self)


class TransportAttempt(ClientFactory):
    """A connection on its way, and the factory that makes its stream."""

    noisy = False

    def __init__(self, clock: IReactorTime, dialer: Dialer) -> None:
        self._clock = clock
        self._dialer: Dialer | None = dialer
        self._connector: Any = None

    def start(self, reactor: Reactor, address: Address, timeout: float, source: str | None) -> None:
        """Called by the network in the reactor's next turn, so that a refusal is never told from inside ``connect``."""
        if self._dialer is not None:
            bind = None if source is None else (source, 0)
            self._connector = reactor.connectTCP(address[0], address[1], self, timeout=timeout, bindAddress=bind)

    def cancel(self) -> None:
        self._dialer = None
        if self._connector is not None:
            self._connector.disconnect()

    def buildProtocol(self, addr: object) -> _Dialed:
        return _Dialed(self, self._clock)

    def made(self, stream: TransportStream) -> None:
        """The connection is there."""
        dialer, self._dialer = self._dialer, None
        if dialer is None:
            stream.abort()
        else:
            dialer.connected(stream)

    def clientConnectionFailed(self, connector: object, reason: Failure) -> None:
        dialer, self._dialer = self._dialer, None
        if dialer is not None:
            dialer.connect_failed(_as_os_error(reason.value))


class TransportPort:
    """A listening port of the reactor; while paused, clients wait in the kernel's backlog."""

    def __init__(self, port: Any, factory: _AcceptFactory) -> None:
        self._port = port
        self._factory = factory
        factory.port = self
        self.paused = True
        self.early: list[TransportStream] = []
        """Who was accepted while the port was paused already."""
        self._closed = False
        host = port.getHost()
        self.address: Address = (host.host, host.port)
        port.stopReading()

    def fileno(self) -> int:
        return int(self._port.fileno())

    def pause(self) -> None:
        if not self.paused and not self._closed:
            self.paused = True
            self._port.stopReading()

    def resume(self) -> None:
        if self.paused and not self._closed:
            self.paused = False
            self._port.startReading()
            if self.early:
                self._factory.clock.callLater(0, self._let_in)

    def take_in(self, most: int) -> None:
        """Nobody: when the next client is accepted is the reactor's own business, and one with completion ports cannot be asked
        at all."""

    def close(self) -> None:
        if not self._closed:
            self._closed = self.paused = True
            self._port.stopListening()
            for stream in self.early:
                stream.abort()
            self.early.clear()

    def _let_in(self) -> None:
        if self.early and not self.paused:
            stream = self.early.pop(0)
            self._factory.clock.callLater(0, self._let_in)
            self._factory.admit(stream)


class TransportNetwork:
    """The :class:`exproxy.net.interfaces.Network` of everywhere."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self.deadlines = Deadlines(reactor)

    def listen(self, address: Address, acceptor: Acceptor, backlog: int = 1024) -> TransportPort:
        factory = _AcceptFactory(self._reactor, acceptor)
        return TransportPort(self._listen(address, factory, backlog), factory)

    def _listen(self, address: Address, factory: ServerFactory[Any], backlog: int) -> Any:
        try:
            return self._reactor.listenTCP(address[1], factory, backlog, address[0])
        except Exception as error:
            reason = getattr(error, "socketError", None)
            if isinstance(reason, OSError):
                raise reason from error
            raise

    def adopt(self, fd: int, acceptor: Acceptor) -> TransportPort:
        factory = _AcceptFactory(self._reactor, acceptor)
        with socket.socket(fileno=fd) as sock:  # the reactor makes a descriptor of its own
            sock.setblocking(False)
            return TransportPort(adopt(self._reactor, sock, factory), factory)

    def connect(
        self, address: Address, dialer: Dialer, timeout: float, source: str | None = None, speaks_first: bool = False
    ) -> Attempt:
        attempt = TransportAttempt(self._reactor, dialer)
        self._reactor.callLater(0, attempt.start, self._reactor, address, timeout, source)
        return attempt

    def secure_server(self, stream: PlainStream, tls: ServerTLS, owner: TLSOwner) -> SecureStream:
        return BufferedTLSStream(self._reactor, stream, tls, owner)

    def secure_client(self, stream: PlainStream, tls: ClientTLS, owner: TLSOwner) -> SecureStream:
        return BufferedTLSStream(self._reactor, stream, tls, owner)


def _as_os_error(error: object) -> Exception:
    if isinstance(error, ConnectTimeout):
        return TimeoutError(errno.ETIMEDOUT, "the server did not answer in time")
    if isinstance(error, ConnectError) and isinstance(error.osError, int):
        return OSError(error.osError, system_words(error.osError))
    return error if isinstance(error, Exception) else OSError(str(error))
