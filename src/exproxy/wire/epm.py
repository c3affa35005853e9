"""The endpoint mapper: protocol towers, and the arguments and results of ``ept_map``.

C706 appendix L (towers), appendix I (protocol identifiers), appendix O (the interface), chapter 14 (NDR); MS-RPCE 2.2.1.2.
"""

from ipaddress import IPv4Address
from uuid import UUID

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader, NdrWriter
from exproxy.wire.rpc.syntax import NDR, Syntax

OPNUM_MAP = 3
NOT_REGISTERED = 0x16C9A0D6
"""``ept_s_not_registered``; a lookup's last answer has it too: no more elements."""
NO_HANDLE = bytes(20)
"""The entry handle of a new enquiry, and of a finished one."""
MAX_TOWERS = 500
"""``range(0,500)`` of MS-RPCE 2.2.1.2.5."""

UUID_FLOOR = 0x0D
RPC_CONNECTION = 0x0B
TCP = 0x07
HTTP = 0x1F
IP = 0x09

_MAX_FLOORS = 32


@attrs.frozen
class Floor:
    """:param protocol: the identifier; :param left: what follows it on the left side; :param right: the right side."""

    protocol: int
    left: bytes = b""
    right: bytes = b""


@attrs.frozen
class Tower:
    """How an interface is reached: interface, transfer syntax, RPC protocol, port, host address."""

    floors: tuple[Floor, ...]

    @property
    def interface(self) -> Syntax | None:
        """The interface of the first floor, if that is one."""
        return _syntax(self.floors[0]) if self.floors else None

    @property
    def transfer(self) -> Syntax | None:
        """The transfer syntax of the second floor, if that is one."""
        return _syntax(self.floors[1]) if len(self.floors) > 1 else None

    @property
    def port(self) -> int | None:
        """The TCP port of ncacn_ip_tcp."""
        return self._port(TCP)

    @property
    def http_port(self) -> int | None:
        """The TCP port of ncacn_http."""
        return self._port(HTTP)

    @property
    def address(self) -> str | None:
        """The server's own IPv4 address; a client through a balancer had better not use it."""
        right = self._right(IP, 4)
        return None if right is None else str(IPv4Address(right))

    def encode(self) -> bytes:
        """The octets; all lengths are little-endian whatever the byte order of the PDU (C706 appendix L)."""
        parts = [len(self.floors).to_bytes(2, "little")]
        for floor in self.floors:
            left = bytes((floor.protocol,)) + floor.left
            parts += (len(left).to_bytes(2, "little"), left, len(floor.right).to_bytes(2, "little"), floor.right)
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "Tower":
        """From its octets; what may follow the last floor is ignored, as Windows does.

        :raises WireError: there are more than 32 floors, or one overruns the data.
        """
        position = 2
        count = int.from_bytes(data[:2], "little")
        if len(data) < 2:
            raise WireError("it has no floor count", "tower")
        if count > _MAX_FLOORS:
            raise WireError(f"{count} floors, at most {_MAX_FLOORS} make sense", "tower")
        floors = []
        for number in range(1, count + 1):
            left, position = _side(data, position, f"left side of floor {number}")
            right, position = _side(data, position, f"right side of floor {number}")
            if not left:
                raise WireError("no protocol identifier", f"tower, left side of floor {number}")
            floors.append(Floor(left[0], left[1:], right))
        return cls(tuple(floors))

    def _right(self, protocol: int, size: int) -> bytes | None:
        """The right side of an address floor; the first three floors are no addresses."""
        for floor in self.floors[3:]:
            if floor.protocol == protocol and len(floor.right) == size:
                return floor.right
        return None

    def _port(self, protocol: int) -> int | None:
        right = self._right(protocol, 2)
        return None if right is None else int.from_bytes(right, "big")


def tower(interface: Syntax, port: int, address: str = "0.0.0.0", *, transfer: Syntax = NDR, protocol: int = TCP) -> Tower:
    """The tower of ``interface`` at ``address`` (IPv4) and ``port``; ``protocol`` is ``TCP`` or ``HTTP``.

    :raises ValueError: the address is not IPv4.
    """
    return Tower(
        (
            _syntax_floor(interface),
            _syntax_floor(transfer),
            Floor(RPC_CONNECTION, right=bytes(2)),
            Floor(protocol, right=port.to_bytes(2, "big")),
            Floor(IP, right=IPv4Address(address).packed),
        )
    )


@attrs.frozen
class MapRequest:
    """``ept_map``'s arguments.

    :param tower: what is looked for; its port and address count for nothing.
    :param object: the object's UUID; clients send a NULL pointer.
    :param max_towers: how many the client takes.
    """

    tower: Tower
    object: UUID | None = None
    handle: bytes = NO_HANDLE
    max_towers: int = 4

    def encode(self, order: ByteOrder = "little") -> bytes:
        """The stub."""
        writer = NdrWriter(order)
        if self.object is None:
            writer.u32(0)
        else:
            writer.u32(1)
            writer.uuid(self.object)
        writer.u32(2)
        write_tower(writer, self.tower)
        write_handle(writer, self.handle)
        writer.u32(self.max_towers)
        return bytes(writer)

    @classmethod
    def decode(cls, stub: bytes, order: ByteOrder) -> "MapRequest":
        """From a request's stub.

        :raises WireError: there is no tower, it is malformed, more than 500 are asked for, or a referent repeats.
        """
        reader = NdrReader(stub, order, "ept_map request")
        referent = reader.u32("object pointer")
        subject = reader.uuid("object") if referent else None
        pointer = reader.u32("tower pointer")
        if not pointer:
            raise reader.error("the tower pointer is NULL")
        if pointer == referent:
            # Full pointers with one referent share what they point to (C706 14.3.10): a UUID is no tower.
            raise reader.error(f"referent {pointer} repeats")
        wanted = read_tower(reader)
        handle = read_handle(reader)
        most = reader.u32("max_towers")
        if most > MAX_TOWERS:
            raise reader.error(f"max_towers {most} is more than {MAX_TOWERS}")
        return cls(wanted, subject, handle, most)


@attrs.frozen
class MapResponse:
    """``ept_map``'s results; without a tower the status is :data:`NOT_REGISTERED`."""

    towers: tuple[Tower, ...]
    status: int = 0
    handle: bytes = NO_HANDLE

    def encode(self, max_towers: int, order: ByteOrder = "little") -> bytes:
        """The stub; :param max_towers: what the client asked for, the array's declared size."""
        writer = NdrWriter(order)
        write_handle(writer, self.handle)
        writer.u32(len(self.towers))
        for value in (max(max_towers, len(self.towers)), 0, len(self.towers)):
            writer.u32(value)
        for number in range(1, len(self.towers) + 1):
            writer.u32(number)
        for each in self.towers:
            write_tower(writer, each)
        writer.u32(self.status)
        return bytes(writer)

    @classmethod
    def decode(cls, stub: bytes, order: ByteOrder) -> "MapResponse":
        """From a response's stub; NULL pointers are left out, a referent that repeats is the same tower again.

        :raises WireError: counts contradict each other or are beyond 500, or a tower is malformed.
        """
        reader = NdrReader(stub, order, "ept_map response")
        handle = read_handle(reader)
        told = reader.u32("num_towers")
        size, offset, count = reader.u32("array size"), reader.u32("array offset"), reader.u32("array count")
        if offset or count > size or count > MAX_TOWERS or told != count:
            raise reader.error(f"an array of {count} from {offset} in {size} does not hold {told} towers")
        referents = [reader.u32("tower pointer") for _ in range(count)]
        seen: dict[int, Tower] = {}
        for referent in referents:
            if referent and referent not in seen:
                seen[referent] = read_tower(reader)
        status = reader.u32("status")
        return cls(tuple(seen[referent] for referent in referents if referent), status, handle)


def _syntax(floor: Floor) -> Syntax | None:
    if floor.protocol != UUID_FLOOR or len(floor.left) != 18:
        return None
    minor = int.from_bytes(floor.right[:2], "little")
    return Syntax(UUID(bytes_le=floor.left[:16]), int.from_bytes(floor.left[16:], "little"), minor)


def _syntax_floor(syntax: Syntax) -> Floor:
    return Floor(UUID_FLOOR, syntax.uuid.bytes_le + syntax.major.to_bytes(2, "little"), syntax.minor.to_bytes(2, "little"))


def _side(data: bytes, position: int, what: str) -> tuple[bytes, int]:
    start = position + 2
    length = int.from_bytes(data[position:start], "little")
    if start + length > len(data):
        raise WireError(f"{length} bytes overrun the tower's {len(data)}", f"tower, {what}")
    return data[start : start + length], start + length


def read_tower(reader: NdrReader) -> Tower:
    """``twr_t``: the conformant array's size comes first (C706 14.3.7.1), then the length, then as many octets."""
    size, length = reader.u32("tower size"), reader.u32("tower length")
    if size != length:
        raise reader.error(f"tower length {length} contradicts its array's size {size}")
    return Tower.decode(reader.octets(length, "tower"))


def write_tower(writer: NdrWriter, value: Tower) -> None:
    octets = value.encode()
    writer.u32(len(octets))
    writer.u32(len(octets))
    writer.octets(octets)


def read_handle(reader: NdrReader) -> bytes:
    reader.align(4)
    return reader.octets(20, "entry handle")


def write_handle(writer: NdrWriter, handle: bytes) -> None:
    writer.align(4)
    writer.octets(handle)
