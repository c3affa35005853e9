"""DCE/RPC servers: they accept binds to their interfaces, and leave what a call means to a handler."""

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IAddress, ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory

from exproxy.simulator.modes import Mode
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.association import Bind, BindNak, Verdict, answer_bind
from exproxy.wire.rpc.call import NCA_OP_RANGE, NCA_UNKNOWN_INTERFACE, Fault, Reassembler, Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader, PduType
from exproxy.wire.rpc.syntax import Syntax

Handler = Callable[[Request], bytes | None]
"""The stub of a response for a call; ``None``: there is no such operation.  A :class:`WireError` ends the connection."""

_CONGESTION = 1
_UNSPECIFIED = 0


def no_operation(request: Request) -> None:
    """The handler of an interface that can be bound to and does nothing."""


class Session(Protocol):
    """One connection.

    :param interfaces: what is served, and by whom.
    """

    transport: ITCPTransport

    def __init__(self, interfaces: Mapping[Syntax, Handler]) -> None:
        self._interfaces = interfaces
        self._bound: dict[int, Handler] = {}
        self._pdus = PduReader()
        self._calls = Reassembler()

    def dataReceived(self, data: bytes) -> None:
        try:
            for pdu in self._pdus.feed(data):
                self._received(pdu)
        except WireError:
            # What Windows does with a peer that speaks something else.
            self.transport.abortConnection()

    def _received(self, pdu: Pdu) -> None:
        if pdu.type in (PduType.BIND, PduType.ALTER_CONTEXT):
            self._bind(pdu)
        elif pdu.type is PduType.REQUEST:
            request = self._calls.add(pdu)
            if isinstance(request, Request):
                self._call(pdu.call_id, request)

    def _bind(self, pdu: Pdu) -> None:
        bind = Bind.decode(pdu)
        answer = answer_bind(bind, self._interfaces, secondary=str(self.transport.getHost().port), group=1)
        for context, result in zip(bind.contexts, answer.results, strict=True):
            if result.verdict is Verdict.ACCEPTANCE:
                self._bound[context.id] = next(
                    handler for syntax, handler in self._interfaces.items() if syntax.serves(context.abstract)
                )
        self.transport.write(answer.encode(pdu.call_id, order=pdu.order))

    def _call(self, call_id: int, request: Request) -> None:
        handler = self._bound.get(request.context)
        if handler is None:
            self.transport.write(Fault(request.context, NCA_UNKNOWN_INTERFACE, request.order).encode(call_id))
            return
        stub = handler(request)
        if stub is None:
            self.transport.write(Fault(request.context, NCA_OP_RANGE, request.order).encode(call_id))
        else:
            self.transport.write(Response(request.context, stub, request.order).encode(call_id))


class NakSession(Protocol):
    """One connection whose binds are refused."""

    transport: ITCPTransport

    def __init__(self, reason: int) -> None:
        self._reason = reason
        self._pdus = PduReader()

    def dataReceived(self, data: bytes) -> None:
        try:
            for pdu in self._pdus.feed(data):
                self.transport.write(BindNak(self._reason).encode(pdu.call_id, order=pdu.order))
        except WireError:
            self.transport.abortConnection()


def failing(mode: Mode) -> NakSession:
    """``bind_nak``: out of service for a while, or for no reason that it would tell."""
    return NakSession(_CONGESTION if mode is Mode.MAINTENANCE else _UNSPECIFIED)


class RpcFactory(ServerFactory[Session]):
    """Builds sessions."""

    noisy = False

    def __init__(self, interfaces: Mapping[Syntax, Handler]) -> None:
        self._interfaces = interfaces

    def buildProtocol(self, addr: IAddress | None) -> Session:
        session = Session(self._interfaces)
        session.factory = self
        return session
