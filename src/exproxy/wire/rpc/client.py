"""A client's side of one connection: one question at a time, and the answer that belongs to it."""

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.association import Bind, BindAck, BindNak, Context
from exproxy.wire.rpc.call import Fault, Reassembler, Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader, PduType
from exproxy.wire.rpc.syntax import Syntax

Answer = BindAck | BindNak | Response | Fault


class RpcClient:
    """Ask with :meth:`bind` or :meth:`call`, give what comes to :meth:`push`, and take the answer from :meth:`next`."""

    __slots__ = ("_answers", "_call_id", "_contexts", "_fragment", "_reader", "_stubs", "last")

    def __init__(self) -> None:
        self._reader = PduReader()
        self._stubs = Reassembler()
        self._call_id = 0
        self._answers: tuple[PduType, ...] = ()
        self._contexts = 0
        self._fragment = 0
        self.last = ""
        """The last PDU that came, also a wrong one, for people ("bind_ack, call 1, 60 bytes")."""

    @property
    def buffered(self) -> int:
        """Bytes held now."""
        return self._reader.buffered + self._stubs.buffered

    def bind(self, *interfaces: Syntax) -> bytes:
        """A bind with a context for each, numbered from 0, over NDR; the results come in the same order."""
        bind = Bind(tuple(Context(number, interface) for number, interface in enumerate(interfaces)))
        self._contexts = len(interfaces)
        return bind.encode(self._ask(PduType.BIND_ACK, PduType.BIND_NAK))

    def call(self, opnum: int, stub: bytes) -> bytes:
        """A request in context 0."""
        call_id = self._ask(PduType.RESPONSE, PduType.FAULT)
        return Request(0, opnum, stub).encode(call_id, fragment=self._fragment)

    def push(self, data: bytes) -> None:
        """Take what the server sent, cut anywhere."""
        self._reader.push(data)

    def next(self) -> Answer | None:
        """The answer, once it is complete.

        :raises WireError: it breaks the protocol, was not asked for, or belongs to another call.
        """
        while (pdu := self._reader.next()) is not None:
            self.last = f"{pdu.name}, call {pdu.call_id}, {len(pdu.raw)} bytes"
            if pdu.type is PduType.SHUTDOWN:
                continue  # C706 12.6.4.11: a wish, to be followed when it suits us
            answer = self._answer(pdu)
            if answer is not None:
                self._answers = ()
                return answer
        return None

    def _ask(self, *answers: PduType) -> int:
        self._answers = answers
        self._call_id += 1
        return self._call_id

    def _answer(self, pdu: Pdu) -> Answer | None:
        where = f"RPC {pdu.name}"
        if pdu.type not in self._answers:
            expected = " or ".join(kind.name.lower() for kind in self._answers) or "nothing"
            raise WireError(f"came where {expected} was expected", where)
        if pdu.call_id != self._call_id:
            raise WireError(f"answers call {pdu.call_id}, asked was call {self._call_id}", where)
        if pdu.type is PduType.BIND_ACK:
            ack = BindAck.decode(pdu)
            if len(ack.results) != self._contexts:
                many = "one context" if self._contexts == 1 else f"{self._contexts} contexts"
                raise WireError(f"has {len(ack.results)} results for {many}", where)
            self._fragment = ack.max_receive
            return ack
        if pdu.type is PduType.BIND_NAK:
            return BindNak.decode(pdu)
        answer = self._stubs.add(pdu)
        return answer if isinstance(answer, Response | Fault) else None
