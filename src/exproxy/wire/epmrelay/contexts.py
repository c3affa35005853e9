"""Which presentation contexts of a connection are the endpoint mapper's.

C706 12.6.4.3 (bind), 12.6.4.4 (bind_ack), 12.6.4.1 (alter_context), 12.6.3.1 (``p_cont_list_t``); MS-RPCE 3.3.1.5.3 (NDR64 beside
NDR), 2.2.2.14 (bind time features).
"""

from uuid import UUID

import attrs

from exproxy.wire.epmrelay.bounds import CONTEXTS, OFFERS, BoundError
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EPM
from exproxy.wire.rpc.association import FRAGMENT_SIZE, Bind, BindAck, Context
from exproxy.wire.rpc.ndr import ByteOrder, NdrWriter
from exproxy.wire.rpc.pdu import HEADER_SIZE, Pdu, PduType
from exproxy.wire.rpc.syntax import NDR, NDR64, Syntax, write_syntax

NOBODYS = Syntax(UUID("d2a6f1c4-0e5b-4b7c-9a31-5f8e7c6b4a90"), 1)
"""A transfer syntax that nobody has, drawn by lot: what stands in the place of NDR64, so that the server refuses it."""

_SIZES_END = HEADER_SIZE + 4
_LIST = HEADER_SIZE + 12
"""Where the first context begins: behind the two sizes, the group and the number of contexts."""
_SYNTAX_SIZE = 20
_CONTEXT_HEAD = 4


@attrs.frozen
class _Offer:
    """A bind or alter_context without its answer."""

    contexts: tuple[int, ...]
    mapper: frozenset[int]
    receives: int
    kind: PduType


@attrs.define
class Contexts:
    """The contexts of one connection."""

    _offers: dict[int, _Offer] = attrs.field(factory=dict, init=False)
    _accepted: set[int] = attrs.field(factory=set, init=False)
    _mapper: set[int] = attrs.field(factory=set, init=False)
    begun: bool = attrs.field(default=False, init=False)
    """There was a bind."""
    fragment: int = attrs.field(default=FRAGMENT_SIZE, init=False)
    """The largest fragment that the client takes, in bytes."""

    def offer(self, pdu: Pdu) -> bytes:
        """Take a bind or alter_context and tell what the server is to see: the same, without NDR64 for the endpoint mapper.

        What is replaced is as long as before, and so the authentication trailer stays where it is; it does not sign the PDU.

        :raises WireError: it is malformed, or numbers two contexts alike.
        :raises BoundError: there are too many contexts, or too many offers without an answer.
        """
        bind = Bind.decode(pdu)
        offered = tuple(context.id for context in bind.contexts)
        if len(set(offered)) != len(offered):
            raise WireError("two contexts have one number", f"RPC {pdu.name}")
        if pdu.call_id in self._offers:
            raise WireError(f"call {pdu.call_id} begins a second time", f"RPC {pdu.name}")
        self._check_bounds(offered, pdu)
        mapper = frozenset(context.id for context in bind.contexts if context.abstract.uuid == EPM.uuid)
        self._offers[pdu.call_id] = _Offer(offered, mapper, min(bind.max_receive, FRAGMENT_SIZE), pdu.type)
        self.begun = True
        return _rewritten(pdu, bind, mapper)

    def answer(self, pdu: Pdu) -> None:
        """Take the server's bind_ack or alter_context_response.

        :raises WireError: nobody asked, or it accepts what was not offered.
        """
        ack, where = BindAck.decode(pdu), f"RPC {pdu.name}"
        offer = self._offers.pop(pdu.call_id, None)
        if offer is None:
            raise WireError(f"answers call {pdu.call_id}, which nobody asked", where)
        if (offer.kind is PduType.BIND) is not (pdu.type is PduType.BIND_ACK):
            raise WireError(f"answers the {offer.kind.name.lower()} of call {pdu.call_id}", where)
        if len(ack.results) != len(offer.contexts):
            raise WireError(f"{len(ack.results)} results for {len(offer.contexts)} contexts", where)
        for context, result in zip(offer.contexts, ack.results, strict=True):
            if not result.accepted:
                continue
            if context in offer.mapper and result.transfer != NDR:
                raise WireError(f"accepts transfer syntax {result.transfer}, which was not offered", where)
            self._accepted.add(context)
            (self._mapper.add if context in offer.mapper else self._mapper.discard)(context)
        if pdu.type is PduType.BIND_ACK:
            self.fragment = min(offer.receives, ack.max_transmit)

    def refused(self, call_id: int) -> bool:
        """Take a bind_nak or fault; tells whether it answers an offer."""
        return self._offers.pop(call_id, None) is not None

    def is_mapper(self, context: int) -> bool:
        """Whether calls in ``context`` are the endpoint mapper's, also while the server has not answered yet."""
        return context in self._mapper or any(context in offer.mapper for offer in self._offers.values())

    def unanswered(self) -> str | None:
        """A bind or alter_context without its answer, if there is one."""
        return next((f"the {offer.kind.name.lower()} of call {number}" for number, offer in self._offers.items()), None)

    def _check_bounds(self, offered: tuple[int, ...], pdu: Pdu) -> None:
        where = f"RPC {pdu.name}"
        if len(self._offers) >= OFFERS:
            raise BoundError(f"more than {OFFERS} offers are without an answer", where)
        pending = [context for offer in self._offers.values() for context in offer.contexts]
        if len(self._accepted.union(offered, pending)) > CONTEXTS:
            raise BoundError(f"more than {CONTEXTS} presentation contexts", where)


def _rewritten(pdu: Pdu, bind: Bind, mapper: frozenset[int]) -> bytes:
    """``pdu`` without NDR64 for the mapper, and with no larger fragments on offer than we hold."""
    octets = bytearray(pdu.raw)
    writer = NdrWriter(pdu.order)
    writer.u16(min(bind.max_transmit, FRAGMENT_SIZE))
    writer.u16(min(bind.max_receive, FRAGMENT_SIZE))
    octets[HEADER_SIZE:_SIZES_END] = bytes(writer)
    position = _LIST
    for context in bind.contexts:
        if context.id in mapper and NDR64 in context.transfers:
            _replace(octets, position, context, pdu.order)
        position += _CONTEXT_HEAD + _SYNTAX_SIZE * (1 + len(context.transfers))
    return bytes(octets)


def _replace(octets: bytearray, position: int, context: Context, order: ByteOrder) -> None:
    """Put :data:`NOBODYS` in the place of each NDR64 of the context that begins at ``position``."""
    writer = NdrWriter(order)
    write_syntax(writer, NOBODYS)
    for number, transfer in enumerate(context.transfers, 1):
        if transfer == NDR64:
            start = position + _CONTEXT_HEAD + _SYNTAX_SIZE * number
            octets[start : start + _SYNTAX_SIZE] = bytes(writer)
