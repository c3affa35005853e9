"""Syslog over TCP."""

from collections import deque
from collections.abc import Sequence

from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IConsumer,
    IDelayedCall,
    IPushProducer,
    IReactorTCP,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.sinks import Trouble


class IBufferedTransport(ITransport, IConsumer):
    """What a TCP transport is to a producer."""


@implementer(IPushProducer)
class TcpSender(Protocol):
    """A connection to the server: as a producer it hears when the transport's buffer is full."""

    transport: IBufferedTransport

    def __init__(self, sink: "TcpSink") -> None:
        self._sink = sink

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, True)
        self._sink.connected(self)

    def send(self, frames: bytes) -> None:
        self.transport.write(frames)

    def end(self) -> None:
        """Close once everything is sent."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def pauseProducing(self) -> None:
        self._sink.paused()

    def resumeProducing(self) -> None:
        self._sink.writable(self)

    def stopProducing(self) -> None:
        """Nothing: the factory hears of the loss."""


class TcpFactory(ClientFactory[TcpSender]):
    """Tells the sink what became of its connection."""

    noisy = False

    def __init__(self, sink: "TcpSink") -> None:
        self._sink = sink

    def buildProtocol(self, addr: IAddress | None) -> TcpSender:
        return TcpSender(self._sink)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self._sink.disconnected(reason)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        self._sink.disconnected(reason)


class IClientReactor(IReactorTCP, IReactorTime):
    """A reactor that connects, and knows the time."""


class TcpSink:
    """A stream of messages, each after its length (RFC 6587 section 3.4.1); connects again when the server goes.

    :param bound: messages that are kept while the server is away or does not read; more are dropped.
    """

    __slots__ = (
        "_bound",
        "_closed",
        "_connector",
        "_delay",
        "_header",
        "_kept",
        "_reactor",
        "_ready",
        "_retry",
        "_sender",
        "_trouble",
        "dropped",
    )

    FIRST_DELAY = 1.0
    LONGEST_DELAY = 30.0

    def __init__(self, reactor: IClientReactor, host: str, port: int, header: Header, bound: int = 10_000) -> None:
        self.dropped = 0
        self._reactor = reactor
        self._header = header
        self._bound = bound
        self._kept: deque[bytes] = deque()
        self._sender: TcpSender | None = None
        self._ready = False
        self._closed = False
        self._delay = self.FIRST_DELAY
        self._retry: IDelayedCall | None = None
        self._trouble = Trouble(f"access log to syslog tcp://{bracketed(host)}:{port}")
        self._connector = reactor.connectTCP(host, port, TcpFactory(self))

    def write(self, lines: Sequence[str], now: float) -> None:
        start = self._header(now)
        messages = [(start + line).encode("utf-8", "backslashreplace") for line in lines]
        frames = [b"%d %b" % (len(message), message) for message in messages]
        if self._ready and self._sender is not None:
            self._sender.send(b"".join(frames))
            return
        room = max(0, self._bound - len(self._kept))
        self._kept.extend(frames[:room])
        if len(frames) > room:
            self.dropped += len(frames) - room
            self._trouble.failed(f"{self._bound} lines wait for the server", len(frames) - room)

    def connected(self, sender: TcpSender) -> None:
        """There is a new connection."""
        self._delay = self.FIRST_DELAY
        self._trouble.worked()
        self.writable(sender)

    def writable(self, sender: TcpSender) -> None:
        """``sender`` takes messages: first what was kept."""
        self._sender = sender
        self._ready = True
        if self._kept:
            frames = b"".join(self._kept)
            self._kept.clear()
            sender.send(frames)

    def paused(self) -> None:
        """The server does not read as fast as lines come."""
        self._ready = False

    def disconnected(self, reason: Failure) -> None:
        """There is no connection: try again, later each time."""
        self._sender = None
        self._ready = False
        if self._closed:
            return
        self._trouble.failed(reason.getErrorMessage(), 0)
        self._retry = self._reactor.callLater(self._delay, self._connect_again)
        self._delay = min(self._delay * 2, self.LONGEST_DELAY)

    def _connect_again(self) -> None:
        self._retry = None
        self._connector.connect()

    def reopen(self) -> None:
        """Nothing: a connection has no name that could be rotated."""

    def close(self) -> None:
        self._closed = True
        self.dropped += len(self._kept)
        self._kept.clear()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        elif self._sender is not None:
            self._sender.end()
            self._sender = None
        else:
            self._connector.disconnect()


def bracketed(host: str) -> str:
    """An IPv6 address in the brackets that an address with a port wants."""
    return f"[{host}]" if ":" in host else host
