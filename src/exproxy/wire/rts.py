"""The header of an RTS PDU, which RPC over HTTP speaks beside those of :mod:`exproxy.wire.rpc` (MS-RPCH 2.2.3.6.1)."""

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import NdrReader, NdrWriter

HEADER_SIZE = 20
FLAG_ECHO = 0x0040
"""``RTS_FLAG_ECHO`` (MS-RPCH 2.2.3.6.1)."""

_TYPE = 0x14
_WHOLE = 0x03
"""First and last fragment: there are no others."""
_LITTLE = b"\x10\0\0\0"
"""The data representation label: RTS PDUs are little-endian."""
_WHERE = "RTS header"


@attrs.frozen
class RtsHeader:
    """:param commands: how many follow it; :param length: octets of the whole PDU."""

    flags: int
    commands: int = 0
    length: int = HEADER_SIZE

    def encode(self) -> bytes:
        """The 20 octets."""
        writer = NdrWriter()
        writer.octets(bytes((5, 0, _TYPE, _WHOLE)) + _LITTLE)
        writer.u16(self.length)
        writer.u16(0)  # auth_length
        writer.u32(0)  # call_id
        writer.u16(self.flags)
        writer.u16(self.commands)
        return bytes(writer)

    @classmethod
    def decode(cls, data: bytes) -> "RtsHeader":
        """From the beginning of a PDU.

        :raises WireError: it is shorter, no RTS PDU, or one that is protected or in fragments.
        """
        reader = NdrReader(data, "little", _WHERE)
        version = reader.u8("version"), reader.u8("minor version")
        if version != (5, 0):
            raise WireError(f"version {version[0]}.{version[1]} is not 5.0: this is no RPC over HTTP", _WHERE)
        kind = reader.u8("PDU type")
        if kind != _TYPE:
            raise WireError(f"PDU type {kind} is not that of RTS, {_TYPE}", _WHERE)
        flags, label = reader.u8("fragment flags"), reader.octets(4, "data representation")
        if flags != _WHOLE or label != _LITTLE:
            raise WireError(f"fragment flags 0x{flags:02x} and data representation {label.hex()} are not RTS's", _WHERE)
        length, auth_length = reader.u16("frag_length"), reader.u16("auth_length")
        if length < HEADER_SIZE or auth_length:
            raise WireError(f"frag_length {length} and auth_length {auth_length} cannot be", _WHERE)
        reader.u32("call_id")
        return cls(reader.u16("flags"), reader.u16("number of commands"), length)


ECHO = RtsHeader(FLAG_ECHO)
"""The echo response's whole body (MS-RPCH 2.2.4.48)."""
