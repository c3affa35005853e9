"""The transfer syntax NDR (C706 chapter 14) as far as PDUs and the endpoint mapper need it: aligned integers, UUIDs, octets.

Offsets for alignment count from the beginning of the data given.  A PDU's body begins at octet 16 and a stub at octet 24,
both multiples of 8, so either may be read on its own.
"""

from typing import Literal
from uuid import UUID

from exproxy.wire.errors import WireError

ByteOrder = Literal["little", "big"]


class NdrReader:
    """Reads ``data`` from its beginning, never past its end.

    :param where: the structure's name, for errors.
    """

    __slots__ = ("_data", "_where", "order", "position")

    def __init__(self, data: bytes, order: ByteOrder, where: str) -> None:
        self._data = data
        self._where = where
        self.order: ByteOrder = order
        self.position = 0

    @property
    def remaining(self) -> int:
        """Octets not read yet."""
        return len(self._data) - self.position

    def octets(self, count: int, what: str) -> bytes:
        """The next ``count`` octets as they are.

        :raises WireError: there are fewer; so say all methods below.
        """
        start = self.position
        end = start + count
        if end > len(self._data):
            raise self.error(f"{what} needs {count} bytes, only {len(self._data) - start} are left")
        self.position = end
        return self._data[start:end]

    def rest(self) -> bytes:
        """All that was not read yet."""
        return self.octets(self.remaining, "the rest")

    def align(self, boundary: int) -> None:
        """Skip to the next multiple of ``boundary``."""
        gap = -self.position % boundary
        if gap:
            self.octets(gap, "padding")

    def u8(self, what: str) -> int:
        return self.octets(1, what)[0]

    def u16(self, what: str) -> int:
        self.align(2)
        return int.from_bytes(self.octets(2, what), self.order)

    def u32(self, what: str) -> int:
        self.align(4)
        return int.from_bytes(self.octets(4, what), self.order)

    def uuid(self, what: str) -> UUID:
        self.align(4)
        return uuid_from(self.octets(16, what), self.order)

    def error(self, what: str) -> WireError:
        """A :class:`WireError` that names this structure and the present offset."""
        return WireError(what, f"{self._where}, offset {self.position}")


class NdrWriter:
    """Builds what :class:`NdrReader` reads."""

    __slots__ = ("_data", "order")

    def __init__(self, order: ByteOrder = "little") -> None:
        self._data = bytearray()
        self.order: ByteOrder = order

    def __bytes__(self) -> bytes:
        return bytes(self._data)

    def octets(self, data: bytes) -> None:
        self._data += data

    def align(self, boundary: int) -> None:
        self._data += bytes(-len(self._data) % boundary)

    def u8(self, value: int) -> None:
        self._data.append(value)

    def u16(self, value: int) -> None:
        self.align(2)
        self._data += value.to_bytes(2, self.order)

    def u32(self, value: int) -> None:
        self.align(4)
        self._data += value.to_bytes(4, self.order)

    def uuid(self, value: UUID) -> None:
        self.align(4)
        self._data += value.bytes_le if self.order == "little" else value.bytes


def uuid_from(octets: bytes, order: ByteOrder) -> UUID:
    """A UUID from its 16 octets; its first three fields are integers in ``order`` (C706 appendix A)."""
    return UUID(bytes_le=octets) if order == "little" else UUID(bytes=octets)
