"""PDUs of connection-oriented DCE/RPC: the common header, the authentication trailer, and cutting a stream into them.

C706 12.6.1 (common header), 12.6.3.1 (flags), 14.1 (data representation label), MS-RPCE 2.2.2.11 (``sec_trailer``).
"""

import enum

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader, NdrWriter

HEADER_SIZE = 16
MAX_FRAGMENT = 65_535
_TRAILER_SIZE = 8
_WHERE = "RPC header"


class PduType(enum.IntEnum):
    """The types that C706 12.6.4 and MS-RPCE 2.2.2 allow on a connection; the others belong to datagrams or to HTTP."""

    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13
    ALTER_CONTEXT = 14
    ALTER_CONTEXT_RESPONSE = 15
    AUTH3 = 16
    SHUTDOWN = 17
    CO_CANCEL = 18
    ORPHANED = 19


_TYPES = {int(kind): kind for kind in PduType}


class Flags(enum.IntFlag):
    """``pfc_flags``, C706 12.6.3.1 and MS-RPCE 2.2.2.3."""

    FIRST = 0x01
    LAST = 0x02
    PENDING_CANCEL = 0x04
    """On a bind and its answers: header signing is supported."""
    MULTIPLEX = 0x10
    DID_NOT_EXECUTE = 0x20
    MAYBE = 0x40
    OBJECT = 0x80


WHOLE = int(Flags.FIRST | Flags.LAST)
"""The flags of a PDU that is a whole message."""


@attrs.frozen
class Auth:
    """The authentication trailer (MS-RPCE 2.2.2.11): kept, never understood.

    :param level: 5 is packet integrity, 6 packet privacy; what is protected so cannot be rewritten.
    """

    type: int
    level: int
    context: int
    value: bytes


@attrs.frozen
class Pdu:
    """One fragment as it came.

    :param body: what stands between the common header and the authentication padding, in ``order``.
    :param flags: an ``int`` of :class:`Flags`.
    :param raw: the whole fragment, to be passed on untouched.
    """

    type: PduType
    flags: int
    call_id: int
    order: ByteOrder
    body: bytes
    auth: Auth | None
    minor: int
    raw: bytes

    @property
    def first(self) -> bool:
        return bool(self.flags & Flags.FIRST)

    @property
    def last(self) -> bool:
        return bool(self.flags & Flags.LAST)

    @property
    def name(self) -> str:
        """The type as C706 writes it ("bind_ack")."""
        return self.type.name.lower()

    def reader(self) -> NdrReader:
        """A reader of the body."""
        return NdrReader(self.body, self.order, f"RPC {self.name}")


class PduReader:
    """Cuts what a peer sends into PDUs.

    :param limit: the largest fragment accepted, in bytes; no more than one incomplete fragment is held.
    """

    __slots__ = ("_buffer", "limit")

    def __init__(self, limit: int = MAX_FRAGMENT) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes held now."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Pdu]:
        """Take ``data`` and tell the fragments that it completed.

        :raises WireError: this is no DCE/RPC 5.0 or 5.1, a type is unknown, or a length lies.
        """
        self.push(data)
        pdus = []
        while (pdu := self.next()) is not None:
            pdus.append(pdu)
        return pdus

    def push(self, data: bytes) -> None:
        """Take ``data``; follow with :meth:`next` until it says ``None``."""
        self._buffer += data

    def next(self) -> Pdu | None:
        """The next complete fragment; errors as :meth:`feed`, but fragments before the broken one are had first."""
        head = bytes(self._buffer[:HEADER_SIZE])
        _check_start(head)
        if len(head) < HEADER_SIZE:
            return None
        order = _order(head[4])
        length = int.from_bytes(head[8:10], order)
        if length < HEADER_SIZE:
            raise WireError(f"frag_length {length} is less than the header's {HEADER_SIZE} bytes", _WHERE)
        if length > self.limit:
            raise WireError(f"frag_length {length} is more than the {self.limit} bytes allowed", _WHERE)
        if len(self._buffer) < length:
            return None
        raw = bytes(self._buffer[:length])
        del self._buffer[:length]
        return _parse(raw, order)


def encode_pdu(
    kind: PduType, call_id: int, body: bytes, *, flags: int = WHOLE, order: ByteOrder = "little", auth: Auth | None = None
) -> bytes:
    """One fragment, version 5.0.

    :raises ValueError: it is longer than a fragment may be.
    """
    trailer = b""
    if auth is not None:
        pad = -len(body) % 4  # MS-RPCE 2.2.2.11: the trailer is aligned to 4
        writer = NdrWriter(order)
        for value in (auth.type, auth.level, pad, 0):
            writer.u8(value)
        writer.u32(auth.context)
        trailer = bytes(pad) + bytes(writer) + auth.value
    length = HEADER_SIZE + len(body) + len(trailer)
    if length > MAX_FRAGMENT:
        raise ValueError(f"a fragment of {length} bytes is longer than {MAX_FRAGMENT}")
    return b"".join(
        (
            bytes((5, 0, kind, flags, 0x10 if order == "little" else 0, 0, 0, 0)),
            length.to_bytes(2, order),
            (len(auth.value) if auth else 0).to_bytes(2, order),
            call_id.to_bytes(4, order),
            body,
            trailer,
        )
    )


def _check_start(head: bytes) -> None:
    """Refuse at the first octet that cannot be right: a peer that speaks another protocol may send no sixteen."""
    if head and head[0] != 5:
        raise WireError(f"version {head[0]} is not 5: this is no DCE/RPC", _WHERE)
    if len(head) > 1 and head[1] > 1:
        raise WireError(f"version 5.{head[1]} is neither 5.0 nor 5.1", _WHERE)
    if len(head) > 2 and head[2] not in _TYPES:
        raise WireError(f"PDU type {head[2]} does not exist on a connection", _WHERE)


def _order(label: int) -> ByteOrder:
    """The integer format: the upper half of the label's first octet (C706 14.1)."""
    if label >> 4 == 1:
        return "little"
    if label >> 4 == 0:
        return "big"
    raise WireError(f"integer format {label >> 4} is neither big-endian (0) nor little-endian (1)", _WHERE)


def _parse(raw: bytes, order: ByteOrder) -> Pdu:
    auth_length = int.from_bytes(raw[10:12], order)
    body, auth = raw[HEADER_SIZE:], None
    if auth_length:
        body, auth = _split_auth(body, auth_length, order)
    call_id = int.from_bytes(raw[12:16], order)
    return Pdu(_TYPES[raw[2]], raw[3], call_id, order, body, auth, raw[1], raw)


def _split_auth(body: bytes, auth_length: int, order: ByteOrder) -> tuple[bytes, Auth]:
    start = len(body) - auth_length - _TRAILER_SIZE
    if start < 0:
        raise WireError(f"auth_length {auth_length} does not fit into frag_length {len(body) + HEADER_SIZE}", _WHERE)
    trailer = body[start:]
    pad = trailer[2]
    if pad > start:
        raise WireError(f"auth_pad_length {pad} is more than the {start} bytes before it", "RPC authentication trailer")
    context = int.from_bytes(trailer[4:_TRAILER_SIZE], order)
    return body[: start - pad], Auth(trailer[0], trailer[1], context, trailer[_TRAILER_SIZE:])
