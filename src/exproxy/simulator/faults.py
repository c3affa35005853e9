"""What any service can do wrong, whatever protocol it speaks."""

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocol,
    IProtocolNegotiationFactory,
    IReactorTime,
    ITLSTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from exproxy.simulator.modes import Mode

NOISE = bytes(range(255, -1, -1)) * 2
"""No protocol's greeting or answer: it begins with bytes that are neither ASCII nor UTF-8; a line end comes in the middle."""


class Silent(Protocol):
    """Reads and never answers."""


class Garbage(Protocol):
    """Says :data:`NOISE` at once and after everything it hears."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(NOISE)

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(NOISE)


class Refusal(Protocol):
    """Says one thing instead of a greeting, and closes."""

    def __init__(self, words: bytes) -> None:
        self._words = words

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._words)
        self.transport.loseConnection()


class Drip(ProtocolWrapper):
    """Sends what the wrapped protocol says a byte at a time."""

    PACE = 0.2
    """Seconds a byte."""
    LIMIT = 65_536
    """Bytes that may wait; a client that asks for more is cut off."""

    transport: ITLSTransport

    def __init__(self, factory: "ModeFactory", wrapped: IProtocol, clock: IReactorTime) -> None:
        super().__init__(factory, wrapped)
        self._clock = clock
        self._waiting = bytearray()
        self._call: IDelayedCall | None = None

    def write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) > self.LIMIT:
            self.abortConnection()
        elif self._call is None:
            self._call = self._clock.callLater(self.PACE, self._drop)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = 1
        if self._call is None:
            super().loseConnection()

    def startTLS(self, context: CertificateOptions) -> None:
        """What was said before the handshake has to leave in clear, so it goes at once."""
        assert self.transport is not None
        self.transport.write(bytes(self._waiting))
        self._waiting.clear()
        self.transport.startTLS(context)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        super().connectionLost(reason)

    def _drop(self) -> None:
        assert self.transport is not None
        self._call = None
        if self._waiting:
            self.transport.write(bytes(self._waiting[:1]))
            del self._waiting[:1]
        if self._waiting:
            self._call = self._clock.callLater(self.PACE, self._drop)
        elif self.disconnecting:
            super().loseConnection()


@implementer(IProtocolNegotiationFactory)
class ModeFactory(WrappingFactory[Any]):
    """Gives each new client what the mode of the moment demands, and knows who is connected.

    :param mode: asked at each new connection.
    :param well: builds the protocol that works.
    :param failing: builds the protocol that refuses in its own words, for :attr:`Mode.MAINTENANCE` and :attr:`Mode.ERROR`.
    """

    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        mode: Callable[[], Mode],
        well: Factory[Any],
        failing: Callable[[Mode], IProtocol],
    ) -> None:
        super().__init__(well)
        self._well: Any = well  # a factory may say None to a client; those here never do
        self._clock = clock
        self._mode = mode
        self._failing = failing
        self._empty: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> ProtocolWrapper:
        mode = self._mode()
        spoken = self._speaker(mode, addr)
        if mode is Mode.SLOW:
            return Drip(self, spoken, self._clock)
        return ProtocolWrapper(self, spoken)

    def acceptableProtocols(self) -> list[bytes]:
        """For ALPN: what the wrapped factory speaks.  Twisted ends the handshake of a client that offers others only."""
        negotiating = IProtocolNegotiationFactory(self._well, None)
        return [] if negotiating is None else list(negotiating.acceptableProtocols())

    def abort_all(self) -> Deferred[None]:
        """Cut every session; fires when the last one is gone."""
        if not self.protocols:
            return succeed(None)
        if self._empty is None:
            self._empty = Deferred()
        gone = self._empty
        for session in list(self.protocols):
            session.abortConnection()
        return gone

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        super().unregisterProtocol(p)
        if not self.protocols and self._empty is not None:
            gone, self._empty = self._empty, None
            gone.callback(None)

    def _speaker(self, mode: Mode, addr: IAddress | None) -> IProtocol:
        match mode:
            case Mode.SILENT:
                return Silent()
            case Mode.GARBAGE:
                return Garbage()
            case Mode.MAINTENANCE | Mode.ERROR:
                return self._failing(mode)
            case _:
                spoken: IProtocol = self._well.buildProtocol(addr)
                return spoken
