"""Syntax identifiers: an interface or a transfer syntax with its version (``p_syntax_id_t``, C706 12.6.3.1)."""

from uuid import UUID

import attrs

from exproxy.wire.rpc.ndr import NdrReader, NdrWriter

_FEATURES_PREFIX = UUID("6cb71c2c-9812-4540-0000-000000000000").bytes[:8]


@attrs.frozen
class Syntax:
    """On the wire the version is ``minor << 16 | major``."""

    uuid: UUID
    major: int
    minor: int = 0

    def __str__(self) -> str:
        return f"{self.uuid} v{self.major}.{self.minor}"

    def serves(self, asked: "Syntax") -> bool:
        """Whether a server of this interface serves a client of ``asked``: C706 6.1.2.3, same major, no smaller minor."""
        return self.uuid == asked.uuid and self.major == asked.major and self.minor >= asked.minor

    @property
    def features(self) -> int | None:
        """The bit mask, if this stands for bind time features (MS-RPCE 2.2.2.14), else ``None``."""
        octets = self.uuid.bytes
        if octets[:8] != _FEATURES_PREFIX or self.major != 1:
            return None
        return int.from_bytes(octets[8:], "little")


NDR = Syntax(UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2)
NDR64 = Syntax(UUID("71710533-beba-4937-8319-b5dbef9ccc36"), 1)
NO_SYNTAX = Syntax(UUID(int=0), 0)
"""What a refused context's result carries."""


def bind_time_features(mask: int) -> Syntax:
    """The transfer syntax by which a client offers features: 1 security context multiplexing, 2 keep connection on orphan."""
    return Syntax(UUID(bytes=_FEATURES_PREFIX + mask.to_bytes(8, "little")), 1)


def read_syntax(reader: NdrReader, what: str) -> Syntax:
    """:raises WireError: the data ends before."""
    uuid = reader.uuid(what)
    version = reader.u32(f"{what} version")
    return Syntax(uuid, version & 0xFFFF, version >> 16)


def write_syntax(writer: NdrWriter, syntax: Syntax) -> None:
    writer.uuid(syntax.uuid)
    writer.u32(syntax.minor << 16 | syntax.major)
