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
_VERSION, _MINOR = 5, 1
"""The highest version: 5.0 and 5.1 are spoken."""
_PLAUSIBLE_VERSION = 15
_CONNECT = 2


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


_FIRST, _LAST = int(Flags.FIRST), int(Flags.LAST)  # masks with an enum cost ten times as much
WHOLE = int(Flags.FIRST | Flags.LAST)
"""The flags of a PDU that is a whole message."""


@attrs.frozen
class Auth:
    """The authentication trailer (MS-RPCE 2.2.2.11): kept, never understood.

    :param level: 1 none, 2 connect, 3 call, 4 packet, 5 packet integrity, 6 packet privacy (MS-RPCE 2.2.1.1.8).
    """

    type: int
    level: int
    context: int
    value: bytes

    @property
    def protects(self) -> bool:
        """Whether each call is: at connect the peers only know one another; call (which is packet on TCP) and above sign."""
        return self.level > _CONNECT


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
        return self.flags & _FIRST != 0

    @property
    def last(self) -> bool:
        return self.flags & _LAST != 0

    @property
    def name(self) -> str:
        """The type as C706 writes it ("bind_ack")."""
        return self.type.name.lower()

    def reader(self) -> NdrReader:
        """A reader of the body."""
        return NdrReader(self.body, self.order, f"RPC {self.name}")


@attrs.define(eq=False)
class HeaderError(WireError):
    """A fragment that cannot be taken though its header is complete: enough is known to answer it.

    :param head: the header's 16 octets.
    """

    head: bytes

    @property
    def type(self) -> int:
        """The PDU's type, which may be none of :class:`PduType`."""
        return self.head[2]

    @property
    def speakable(self) -> bool:
        """Whether its version of the protocol is one that we speak."""
        return self.head[0] == _VERSION and self.head[1] <= _MINOR

    @property
    def order(self) -> ByteOrder:
        """The byte order, little-endian where the label is none."""
        return "big" if self.head[4] >> 4 == 0 else "little"

    @property
    def call_id(self) -> int:
        return int.from_bytes(self.head[12:16], self.order)


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
        """The next complete fragment; errors as :meth:`feed`, but fragments before the broken one are had first.

        :raises HeaderError: as soon as the header is there, so that how the input is cut does not decide what is known of it.
        """
        head = bytes(self._buffer[:HEADER_SIZE])
        if head and head[0] > _PLAUSIBLE_VERSION:
            # Not even another version: a peer that speaks another protocol may never send sixteen octets.
            raise WireError(f"version {head[0]} is not 5: this is no DCE/RPC", _WHERE)
        if len(head) < HEADER_SIZE:
            return None
        _check_start(head)
        order = _order(head)
        length = int.from_bytes(head[8:10], order)
        if length < HEADER_SIZE:
            raise HeaderError(f"frag_length {length} is less than the header's {HEADER_SIZE} bytes", _WHERE, head)
        if length > self.limit:
            raise HeaderError(f"frag_length {length} is more than the {self.limit} bytes allowed", _WHERE, head)
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
    if head[0] != _VERSION:
        raise HeaderError(f"version {head[0]} is not 5: this is no DCE/RPC", _WHERE, head)
    if head[1] > _MINOR:
        raise HeaderError(f"version 5.{head[1]} is neither 5.0 nor 5.1", _WHERE, head)
    if head[2] not in _TYPES:
        raise HeaderError(f"PDU type {head[2]} does not exist on a connection", _WHERE, head)


def _order(head: bytes) -> ByteOrder:
    """The integer format: the upper half of the label's first octet (C706 14.1)."""
    label = head[4] >> 4
    if label == 1:
        return "little"
    if label == 0:
        return "big"
    raise HeaderError(f"integer format {label} is neither big-endian (0) nor little-endian (1)", _WHERE, head)


def _parse(raw: bytes, order: ByteOrder) -> Pdu:
    auth_length = int.from_bytes(raw[10:12], order)
    body, auth = raw[HEADER_SIZE:], None
    if auth_length:
        body, auth = _split_auth(raw, auth_length, order)
    call_id = int.from_bytes(raw[12:16], order)
    return Pdu(_TYPES[raw[2]], raw[3], call_id, order, body, auth, raw[1], raw)


def _split_auth(raw: bytes, auth_length: int, order: ByteOrder) -> tuple[bytes, Auth]:
    head, body = raw[:HEADER_SIZE], raw[HEADER_SIZE:]
    start = len(body) - auth_length - _TRAILER_SIZE
    if start < 0:
        raise HeaderError(f"auth_length {auth_length} does not fit into frag_length {len(raw)}", _WHERE, head)
    trailer = body[start:]
    pad = trailer[2]
    if pad > start:
        what = f"auth_pad_length {pad} is more than the {start} bytes before it"
        raise HeaderError(what, "RPC authentication trailer", head)
    context = int.from_bytes(trailer[4:_TRAILER_SIZE], order)
    return body[: start - pad], Auth(trailer[0], trailer[1], context, trailer[_TRAILER_SIZE:])
