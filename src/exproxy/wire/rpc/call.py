"""Calls: requests, responses and faults, and putting their fragments together.

C706 12.6.4.9 (request), 12.6.4.10 (response), 12.6.4.7 (fault), 12.6.2 (fragmentation); MS-RPCE 2.2.2.2, 2.2.2.10.
"""

from collections.abc import Callable
from uuid import UUID

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.association import FRAGMENT_SIZE
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader, NdrWriter
from exproxy.wire.rpc.pdu import HEADER_SIZE, Flags, Pdu, PduType, encode_pdu

_STATUS = {
    0x00000005: "access denied",
    0x000006F7: "the stub received bad data",
    0x1C010002: "operation number out of range",
    0x1C010003: "unknown interface",
    0x1C010014: "server too busy",
    0x1C01000B: "protocol error",
    0x1C00001A: "context mismatch",
    0x1C000012: "unspecified fault",
    0x1C000008: "protocol version not supported",
    0x1C00001B: "out of memory",
}
NCA_OP_RANGE = 0x1C010002
NCA_UNKNOWN_INTERFACE = 0x1C010003
NCA_PROTOCOL_ERROR = 0x1C01000B
NCA_VERSION_MISMATCH = 0x1C000008
NCA_SERVER_TOO_BUSY = 0x1C010014
BAD_STUB_DATA = 0x000006F7
ACCESS_DENIED = 0x00000005
"""Not one of C706's but ERROR_ACCESS_DENIED (MS-ERREF 2.2): what Windows and Samba put into the fault of a call whose
security they do not accept, and what every client reads as "access denied"."""


@attrs.frozen
class Request:
    """:param stub: the call's arguments, in ``order``; :param object: the object's UUID, if the call names one."""

    context: int
    opnum: int
    stub: bytes
    object: UUID | None = None
    order: ByteOrder = "little"

    def encode(self, call_id: int, *, fragment: int = FRAGMENT_SIZE) -> bytes:
        """As many PDUs of at most ``fragment`` bytes (``max_receive`` of the peer) as the stub needs, joined."""

        def head(hint: int) -> bytes:
            writer = NdrWriter(self.order)
            writer.u32(hint)
            writer.u16(self.context)
            writer.u16(self.opnum)
            if self.object is not None:
                writer.uuid(self.object)
            return bytes(writer)

        flags = 0 if self.object is None else int(Flags.OBJECT)
        return _fragments(PduType.REQUEST, call_id, head, self.stub, flags, self.order, fragment)

    @classmethod
    def decode(cls, pdu: Pdu) -> "Request":
        """From one fragment, whose part of the stub it has; :class:`Reassembler` joins several.

        :raises WireError: it ends too early.
        """
        reader = _open(pdu, PduType.REQUEST)
        context, opnum = reader.u16("context id"), reader.u16("opnum")
        subject = reader.uuid("object") if pdu.flags & Flags.OBJECT else None
        return cls(context, opnum, reader.rest(), subject, pdu.order)


@attrs.frozen
class Response:
    """:param stub: the call's results, in ``order``."""

    context: int
    stub: bytes
    order: ByteOrder = "little"

    def encode(self, call_id: int, *, fragment: int = FRAGMENT_SIZE) -> bytes:
        """As many PDUs of at most ``fragment`` bytes as the stub needs, joined."""

        def head(hint: int) -> bytes:
            writer = NdrWriter(self.order)
            writer.u32(hint)
            writer.u16(self.context)
            writer.u16(0)  # cancel count, reserved
            return bytes(writer)

        return _fragments(PduType.RESPONSE, call_id, head, self.stub, 0, self.order, fragment)

    @classmethod
    def decode(cls, pdu: Pdu) -> "Response":
        """From one fragment.

        :raises WireError: it ends too early.
        """
        reader = _open(pdu, PduType.RESPONSE)
        context = reader.u16("context id")
        reader.octets(2, "cancel count")
        return cls(context, reader.rest(), pdu.order)


@attrs.frozen
class Fault:
    """A call that failed; ``status`` as C706 appendix E and MS-ERREF number them."""

    context: int
    status: int
    order: ByteOrder = "little"

    @property
    def text(self) -> str:
        """The status in words with its number ("access denied (0x00000005)")."""
        return f"{_STATUS.get(self.status, 'fault')} (0x{self.status:08x})"

    def encode(self, call_id: int) -> bytes:
        """The whole PDU; it says that the call did not execute."""
        writer = NdrWriter(self.order)
        writer.u32(0)
        writer.u16(self.context)
        writer.u16(0)
        writer.u32(self.status)
        writer.u32(0)
        flags = int(Flags.FIRST | Flags.LAST | Flags.DID_NOT_EXECUTE)
        return encode_pdu(PduType.FAULT, call_id, bytes(writer), flags=flags, order=self.order)

    @classmethod
    def decode(cls, pdu: Pdu) -> "Fault":
        """From one fragment.

        :raises WireError: it ends too early.
        """
        reader = _open(pdu, PduType.FAULT)
        context = reader.u16("context id")
        reader.octets(2, "cancel count")
        return cls(context, reader.u32("status"), pdu.order)


Message = Request | Response | Fault


class _Partial:
    """A call of which fragments are missing."""

    __slots__ = ("first", "stub")

    def __init__(self, first: Request | Response) -> None:
        self.first = attrs.evolve(first, stub=b"")
        self.stub = bytearray(first.stub)


class Reassembler:
    """Joins the fragments of calls; fragments of several calls may mix (``PFC_CONC_MPX``).

    :param limit: bytes of stub held for all incomplete calls together.
    :param calls: how many calls may be incomplete at once.
    """

    __slots__ = ("_calls", "_held", "_partial", "limit")

    def __init__(self, limit: int = 65_536, calls: int = 16) -> None:
        self.limit = limit
        self._calls = calls
        self._held = 0
        self._partial: dict[int, _Partial] = {}

    @property
    def buffered(self) -> int:
        """Bytes of stub held now."""
        return self._held

    def add(self, pdu: Pdu) -> Message | None:
        """Take a request, response or fault; tells the message that it completes (its call is ``pdu.call_id``).

        :raises WireError: it is none of them, does not continue what came before, or the bounds are reached.
        """
        message = _decode(pdu)
        if isinstance(message, Fault):
            self._forget(pdu.call_id)
            return message
        if pdu.first:
            if pdu.call_id in self._partial:
                raise WireError(f"call {pdu.call_id} begins a second time", f"RPC {pdu.name}")
            if pdu.last:
                return message
            self._begin(pdu, message)
            return None
        return self._go_on(pdu, message)

    def _begin(self, pdu: Pdu, message: Request | Response) -> None:
        if len(self._partial) >= self._calls:
            raise WireError(f"more than {self._calls} calls are incomplete", f"RPC {pdu.name}")
        self._hold(pdu, message)
        self._partial[pdu.call_id] = _Partial(message)

    def _go_on(self, pdu: Pdu, message: Request | Response) -> Message | None:
        partial = self._partial.get(pdu.call_id)
        if partial is None:
            raise WireError(f"a fragment of call {pdu.call_id}, which never began", f"RPC {pdu.name}")
        if attrs.evolve(message, stub=b"") != partial.first:
            raise WireError(f"a fragment of call {pdu.call_id} contradicts its first one", f"RPC {pdu.name}")
        self._hold(pdu, message)
        partial.stub += message.stub
        if not pdu.last:
            return None
        self._forget(pdu.call_id)
        return attrs.evolve(partial.first, stub=bytes(partial.stub))

    def _hold(self, pdu: Pdu, message: Request | Response) -> None:
        if self._held + len(message.stub) > self.limit:
            raise WireError(f"call {pdu.call_id} is longer than the {self.limit} bytes allowed", f"RPC {pdu.name}")
        self._held += len(message.stub)

    def _forget(self, call_id: int) -> None:
        partial = self._partial.pop(call_id, None)
        if partial is not None:
            self._held -= len(partial.stub)


def _decode(pdu: Pdu) -> Message:
    if pdu.type is PduType.REQUEST:
        return Request.decode(pdu)
    if pdu.type is PduType.FAULT:
        return Fault.decode(pdu)
    return Response.decode(pdu)


def _open(pdu: Pdu, kind: PduType) -> NdrReader:
    """A reader of the body behind ``alloc_hint``, which is a hint, may be wrong, and is not used."""
    if pdu.type is not kind:
        raise WireError(f"expected {kind.name.lower()}, got {pdu.name}", "RPC call")
    reader = pdu.reader()
    reader.u32("alloc_hint")
    return reader


def _fragments(
    kind: PduType, call_id: int, head: Callable[[int], bytes], stub: bytes, flags: int, order: ByteOrder, size: int
) -> bytes:
    """:param head: builds what stands before the stub from the hint of how much of it is still to come."""
    # All parts but the last are multiples of 8 long, so that alignment survives (C706 12.6.2).
    step = max(size - HEADER_SIZE - len(head(0)), 8) // 8 * 8
    starts = range(0, len(stub), step) or (0,)
    parts = []
    for start in starts:
        edges = (Flags.FIRST if start == 0 else 0) | (Flags.LAST if start + step >= len(stub) else 0)
        body = head(len(stub) - start) + stub[start : start + step]
        parts.append(encode_pdu(kind, call_id, body, flags=flags | edges, order=order))
    return b"".join(parts)
