"""The endpoint mapper's table: the arguments and results of ``ept_lookup`` and ``ept_lookup_handle_free``.

C706 appendix O (the interface, ``ept_entry_t``), 14.3.3.4 (the conformant varying array), 14.3.4.1 (the annotation, a varying
string), 14.3.10 (full pointers), 14.3.12.3 (what an array's pointers point to follows it); MS-RPCE 2.2.1.2.4 (``ept_lookup``).
"""

import enum
from uuid import UUID

import attrs

from exproxy.wire.epm import NO_HANDLE, Tower, read_handle, read_tower, write_handle, write_tower
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader, NdrWriter
from exproxy.wire.rpc.syntax import Syntax

OPNUM_LOOKUP = 2
OPNUM_LOOKUP_HANDLE_FREE = 4
NO_OBJECT = UUID(int=0)
"""The object of an entry that is for all objects."""
MAX_ENTRIES = 500
"""``range(0,500)`` of MS-RPCE 2.2.1.2.4."""
MAX_ANNOTATION = 64
"""``ept_max_annotation_size``: octets, of which one is the NUL."""


class Inquiry(enum.IntEnum):
    """``inquiry_type`` (C706 appendix O): which entries are wanted."""

    ALL = 0
    BY_INTERFACE = 1
    BY_OBJECT = 2
    BY_BOTH = 3


class Versions(enum.IntEnum):
    """``vers_option`` (C706 appendix O): which versions of the interface are wanted."""

    ALL = 1
    COMPATIBLE = 2
    EXACT = 3
    MAJOR_ONLY = 4
    UP_TO = 5


@attrs.frozen
class LookupRequest:
    """``ept_lookup``'s arguments; the defaults ask for the whole table.

    :param inquiry: an ``int`` of :class:`Inquiry`; others come on the wire too, and are the server's to refuse.
    :param versions: an ``int`` of :class:`Versions`, which counts only where ``interface`` does.
    :param handle: :data:`NO_HANDLE` to begin, then what the last answer had.
    :param max_ents: how many entries the client takes in one answer.
    """

    inquiry: int = Inquiry.ALL
    object: UUID | None = None
    interface: Syntax | None = None
    versions: int = Versions.ALL
    handle: bytes = NO_HANDLE
    max_ents: int = MAX_ENTRIES

    def encode(self, order: ByteOrder = "little") -> bytes:
        """The stub."""
        writer = NdrWriter(order)
        writer.u32(self.inquiry)
        writer.u32(0 if self.object is None else 1)
        if self.object is not None:
            writer.uuid(self.object)
        writer.u32(0 if self.interface is None else 2)
        if self.interface is not None:
            writer.uuid(self.interface.uuid)
            writer.u16(self.interface.major)
            writer.u16(self.interface.minor)
        writer.u32(self.versions)
        write_handle(writer, self.handle)
        writer.u32(self.max_ents)
        return bytes(writer)

    @classmethod
    def decode(cls, stub: bytes, order: ByteOrder) -> "LookupRequest":
        """From a request's stub.

        :raises WireError: it ends too early, more than 500 entries are asked for, or a referent repeats.
        """
        reader = NdrReader(stub, order, "ept_lookup request")
        inquiry = reader.u32("inquiry_type")
        referent = reader.u32("object pointer")
        subject = reader.uuid("object") if referent else None
        pointer = reader.u32("interface pointer")
        if pointer and pointer == referent:
            # Full pointers with one referent share what they point to (C706 14.3.10): a UUID is no interface identifier.
            raise reader.error(f"referent {pointer} repeats")
        interface = _read_interface(reader) if pointer else None
        versions = reader.u32("vers_option")
        handle = read_handle(reader)
        most = reader.u32("max_ents")
        if most > MAX_ENTRIES:
            raise reader.error(f"max_ents {most} is more than {MAX_ENTRIES}")
        return cls(inquiry, subject, interface, versions, handle, most)


@attrs.frozen
class Entry:
    """One line of the table (``ept_entry_t``).

    :param tower: where the interface is; ``None`` for a NULL pointer.
    :param annotation: what the service calls itself; Latin-1, without its NUL, at most 63 characters.
    """

    tower: Tower | None
    annotation: str = ""
    object: UUID = NO_OBJECT


@attrs.frozen
class LookupResponse:
    """``ept_lookup``'s results.

    :param status: 0, or :data:`exproxy.wire.epm.NOT_REGISTERED` where there are no more: also beside entries, the last ones.
    :param handle: to ask on with; :data:`NO_HANDLE` at the end.
    """

    entries: tuple[Entry, ...]
    status: int = 0
    handle: bytes = NO_HANDLE

    def encode(self, max_ents: int, order: ByteOrder = "little") -> bytes:
        """The stub; :param max_ents: what the client asked for, the array's declared size.

        :raises ValueError: an annotation is too long, has a NUL, or is not Latin-1.
        """
        writer = NdrWriter(order)
        write_handle(writer, self.handle)
        writer.u32(len(self.entries))
        for value in (max(max_ents, len(self.entries)), 0, len(self.entries)):
            writer.u32(value)
        for number, entry in enumerate(self.entries, 1):
            writer.uuid(entry.object)
            writer.u32(0 if entry.tower is None else number)
            _write_annotation(writer, entry.annotation)
        for entry in self.entries:
            if entry.tower is not None:
                write_tower(writer, entry.tower)
        writer.u32(self.status)
        return bytes(writer)

    @classmethod
    def decode(cls, stub: bytes, order: ByteOrder) -> "LookupResponse":
        """From a response's stub.

        :raises WireError: counts contradict each other or are beyond 500, an annotation has no NUL, a tower is malformed, or a
            referent repeats: C706 14.3.10 would allow it, nobody does it, and one large tower 500 times over outgrows all bounds
            when it is written again.
        """
        reader = NdrReader(stub, order, "ept_lookup response")
        handle = read_handle(reader)
        told = reader.u32("num_ents")
        size, offset, count = reader.u32("array size"), reader.u32("array offset"), reader.u32("array count")
        if offset or count > size or count > MAX_ENTRIES or told != count:
            raise reader.error(f"an array of {count} from {offset} in {size} does not hold {told} entries")
        heads = [(reader.uuid("object"), reader.u32("tower pointer"), _read_annotation(reader)) for _ in range(count)]
        towers: dict[int, Tower] = {}
        for _subject, referent, _annotation in heads:
            if referent in towers:
                raise reader.error(f"referent {referent} repeats")
            if referent:
                towers[referent] = read_tower(reader)
        status = reader.u32("status")
        entries = tuple(Entry(towers.get(referent), annotation, subject) for subject, referent, annotation in heads)
        return cls(entries, status, handle)


@attrs.frozen
class FreeRequest:
    """``ept_lookup_handle_free``'s argument: the enquiry that its client will not go on with."""

    handle: bytes

    def encode(self, order: ByteOrder = "little") -> bytes:
        """The stub; the handle is octets to us, in the order in which the server sent it."""
        writer = NdrWriter(order)
        write_handle(writer, self.handle)
        return bytes(writer)

    @classmethod
    def decode(cls, stub: bytes, order: ByteOrder) -> "FreeRequest":
        """From a request's stub.

        :raises WireError: it ends too early.
        """
        return cls(read_handle(NdrReader(stub, order, "ept_lookup_handle_free request")))


@attrs.frozen
class FreeResponse:
    """``ept_lookup_handle_free``'s results: the handle is finished."""

    handle: bytes = NO_HANDLE
    status: int = 0

    def encode(self, order: ByteOrder = "little") -> bytes:
        """The stub."""
        writer = NdrWriter(order)
        write_handle(writer, self.handle)
        writer.u32(self.status)
        return bytes(writer)

    @classmethod
    def decode(cls, stub: bytes, order: ByteOrder) -> "FreeResponse":
        """From a response's stub.

        :raises WireError: it ends too early.
        """
        reader = NdrReader(stub, order, "ept_lookup_handle_free response")
        return cls(read_handle(reader), reader.u32("status"))


def _read_interface(reader: NdrReader) -> Syntax:
    """``RPC_IF_ID`` (MS-RPCE 2.2.1.1.1): the version is two numbers of 16 bits, in either byte order the major one first."""
    return Syntax(reader.uuid("interface"), reader.u16("major version"), reader.u16("minor version"))


def _read_annotation(reader: NdrReader) -> str:
    """A varying string: offset, count, octets of which the last is NUL; what some leave behind an earlier NUL is ignored."""
    offset, count = reader.u32("annotation offset"), reader.u32("annotation count")
    if offset or count > MAX_ANNOTATION:
        raise reader.error(f"an annotation of {count} from {offset} does not fit into {MAX_ANNOTATION} octets")
    text, nul, _behind = reader.octets(count, "annotation").partition(b"\0")
    if not nul:
        raise reader.error(f"the annotation's {count} octets have no NUL")
    return text.decode("latin-1")


def _write_annotation(writer: NdrWriter, annotation: str) -> None:
    octets = annotation.encode("latin-1") + b"\0"
    if len(octets) > MAX_ANNOTATION or octets.index(0) != len(octets) - 1:
        raise ValueError(f"the annotation {annotation!r} has a NUL or more than {MAX_ANNOTATION - 1} characters")
    writer.u32(0)
    writer.u32(len(octets))
    writer.octets(octets)
