"""One ``ept_lookup``: what its client wants, and what the server is asked in its place, once or several times.

There are clients who take fewer entries than they wanted for the end of the table, whatever the handle says (Samba's are such).
So where entries are hidden the server is asked on, until the client has its number or there are no more.

C706 appendix O (``ept_lookup``), 14.3.3.4 (an array is declared to be as large as its ``size_is`` says), 14.2.16.6 (a context
handle is a number and a UUID, and so it has a byte order); MS-RPCE 2.2.1.2.4.
"""

from itertools import pairwise

import attrs

from exproxy.wire.epm import NO_HANDLE, NOT_REGISTERED
from exproxy.wire.epmrelay.bounds import ENTRIES, GATHERED, QUESTION, ROUNDS
from exproxy.wire.eptlookup import Entry, LookupResponse
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader
from exproxy.wire.rpc.pdu import HEADER_SIZE, Flags, Pdu

_ARGUMENTS = HEADER_SIZE + 8
"""Where they begin, if the request names no object: behind alloc_hint, context and opnum."""
_HANDLE_SIZE = len(NO_HANDLE)
_HANDLE_PARTS = (0, 4, 8, 10, 12)


@attrs.frozen
class Found:
    """What one answer of the server has for the client.

    :param answer: without what is hidden, which were so many.
    :param size: bytes of the entries when they are written, at most.
    """

    answer: LookupResponse
    hidden: int
    size: int


@attrs.define
class Enquiry:
    """An ``ept_lookup`` that came in one fragment.

    :param wanted: how many entries the client takes, as it said, which may be more than we ask for.
    :param fresh: there was no handle yet: whatever the client knows, it knows from this.
    """

    wanted: int
    fresh: bool
    _asked: bytes
    _order: ByteOrder
    _handle_at: int
    _kept: tuple[Entry, ...] = attrs.field(default=(), init=False)
    _hidden: int = attrs.field(default=0, init=False)
    _rounds: int = attrs.field(default=0, init=False)
    _size: int = attrs.field(default=0, init=False)

    @classmethod
    def of(cls, pdu: Pdu) -> "Enquiry | None":
        """``None`` for arguments that are malformed: they are left to the server to refuse."""
        begin = _ARGUMENTS + (16 if pdu.flags & Flags.OBJECT else 0)
        reader = NdrReader(pdu.body[begin - HEADER_SIZE :], pdu.order, "ept_lookup request")
        try:
            reader.u32("inquiry_type")
            subject = reader.u32("object pointer")
            reader.octets(16 if subject else 0, "object")
            interface = reader.u32("interface pointer")
            if interface and interface == subject:
                raise reader.error("referent repeats")
            reader.octets(20 if interface else 0, "interface")
            reader.u32("vers_option")
            at = begin + reader.position
            handle = reader.octets(_HANDLE_SIZE, "entry handle")
            wanted = reader.u32("max_ents")
        except WireError:
            return None
        return cls(wanted, handle == NO_HANDLE, pdu.raw, pdu.order, at)

    @property
    def held(self) -> int:
        """Bytes."""
        return len(self._asked) + self._size

    @property
    def question(self) -> bytes:
        """What the server is asked first: the request, for no more entries at once than we can hold; all other octets stay."""
        return self._question(b"", min(self.wanted, ENTRIES))

    def settle(self) -> None:
        """It will not be asked on."""
        self._asked = b""

    def settle_if_long(self) -> None:
        """Usual requests have some 120 bytes."""
        if len(self._asked) > QUESTION:
            self.settle()

    def ask_on(self, found: Found, order: ByteOrder) -> bytes:
        """Take what was found, and tell the next question; empty: it is time for :meth:`result`.

        :param order: of the answer.
        """
        self._kept += found.answer.entries
        self._hidden += found.hidden
        self._size += found.size
        self._rounds += 1
        answer, missing = found.answer, self.wanted - len(self._kept)
        over = answer.status or answer.handle == NO_HANDLE or not found.hidden or missing <= 0
        if over or not self._asked or self._size > GATHERED or self._rounds >= ROUNDS:
            return b""
        handle = answer.handle if order == self._order else _turned(answer.handle)
        return self._question(handle, min(missing, ENTRIES))

    def result(self, last: LookupResponse) -> LookupResponse:
        """What the client is told, with status and handle of the last answer.

        If no entry is left but the handle lives, the client is told none and asks on.  If it is NULL too, an enquiry that has
        just begun found nothing, and the status says so; for one that found something before, the server's status stands,
        because impacket takes any other for a failure of the whole.
        """
        nothing = self._hidden and not self._kept and self.fresh and last.handle == NO_HANDLE
        return LookupResponse(self._kept, NOT_REGISTERED if nothing else last.status, last.handle)

    def _question(self, handle: bytes, most: int) -> bytes:
        start, end = self._handle_at, self._handle_at + _HANDLE_SIZE
        return b"".join(
            (
                self._asked[:start],
                handle or self._asked[start:end],
                most.to_bytes(4, self._order),
                self._asked[end + 4 :],
            )
        )


def _turned(handle: bytes) -> bytes:
    """A handle in the other byte order."""
    numbers = (handle[start:end][::-1] for start, end in pairwise(_HANDLE_PARTS))
    return b"".join(numbers) + handle[_HANDLE_PARTS[-1] :]
