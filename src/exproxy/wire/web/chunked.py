"""The end of a chunked body (RFC 9112 7.1), found without touching what is in the chunks.

The octets go on as they came, sizes, extensions and trailers too, so these have to mean the same to everybody: a size has at most
15 hexadecimal digits and nothing around it, each line ends in CRLF, an extension begins with a semicolon right behind the size
and is a name, or one with a value whose quotes end in the same line (what servers make of a CR or LF in it differs), and no
trailer has a name that would matter had it come in the head, in whichever spelling.  Extensions of more than 16 KB in one body
are refused: they are octets that no server counts.
"""

import enum
import re

import attrs

from exproxy.wire.lines import quoted
from exproxy.wire.web.bodies import End
from exproxy.wire.web.claims import KNOWN
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.fields import TOKEN, line_complaint

MAX_LINE = 4096
"""Octets of a size with its extension, or of a trailer, with the end of the line."""
MAX_EXTENSIONS = 16_384
MAX_TRAILERS = 16_384
"""Octets of all of them."""

_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'  # RFC 9110 5.6.4
_VALUED = rb"[\t ]*+=[\t ]*+(?:" + TOKEN + rb"++|" + _QUOTED + rb")[\t ]*+"
_EXTENSION = rb";[\t ]*+" + TOKEN + rb"++(?:" + _VALUED + rb")?+"
_SIZE = rb"([0-9A-Fa-f]{1,15}+)((?:" + _EXTENSION + rb")*+)\r\n"
_FIRST = re.compile(_SIZE)
_NEXT = re.compile(rb"\r\n" + _SIZE)
_FORBIDDEN = frozenset(
    {
        b"authorization",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"cookie",
        b"expect",
        b"forwarded",
        b"front-end-https",
        b"host",
        b"keep-alive",
        b"location",
        b"max-forwards",
        b"pragma",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"range",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"www-authenticate",
        b"x-real-ip",
        *KNOWN,
    }
)  # RFC 9110 6.5.1; and what would be somebody's identity
_FORBIDDEN_PREFIXES = (b"if-", b"x-forwarded-")


class _Part(enum.Enum):
    """What comes next."""

    FIRST = enum.auto()
    DATA = enum.auto()
    NEXT = enum.auto()  # the end of a chunk and the next one's size
    TRAILER = enum.auto()
    OVER = enum.auto()


@attrs.define
class ChunkedBody:
    """A chunked body.

    :param where: of errors: "HTTP request body".
    :param status: of errors: 400 for a request, 502 for a response.
    :param withheld: names in lower case that no trailer may have either; others would never arrive from the head.
    """

    where: str
    status: int
    withheld: frozenset[bytes] = frozenset()
    limit: int = attrs.field(default=MAX_LINE, init=False)
    """Octets that are held at most: of a line that has not all come."""
    _part: _Part = attrs.field(default=_Part.FIRST, init=False)
    _missing: int = attrs.field(default=0, init=False)  # octets of this chunk
    _line: bytes = attrs.field(default=b"", init=False)
    _extensions: int = attrs.field(default=0, init=False)
    _trailers: int = attrs.field(default=0, init=False)

    @property
    def over(self) -> bool:
        return self._part is _Part.OVER

    @property
    def left(self) -> int | None:
        return 0 if self._part is _Part.OVER else None

    @property
    def buffered(self) -> int:
        """Octets held; they were counted when they came."""
        return len(self._line)

    def closed(self) -> End:
        return End.WHOLE if self.over else End.CUT

    def take(self, data: bytes) -> int:
        size = len(data)
        at = 0
        while at < size:
            if self._part is _Part.DATA:
                if self._missing > size - at:
                    self._missing -= size - at
                    return size
                at += self._missing
                self._part = _Part.NEXT
            # One match for each chunk that comes whole: the end of this one with the size of the next.
            found = _NEXT.match(data, at) if self._part is _Part.NEXT and not self._line else None
            if found is not None and found.end() - at <= MAX_LINE:
                self._take_size(found)
                at = found.end()
            elif self._part is _Part.OVER:
                break
            elif at < size:
                at = self._take_line(data, at)
        return at

    def _take_line(self, data: bytes, at: int) -> int:
        """A line that may be cut, and need not be good; returns where the next one begins."""
        # In NEXT the line begins with the CRLF that ends the chunk.
        skip = max(0, 2 - len(self._line)) if self._part is _Part.NEXT else 0
        room = MAX_LINE - len(self._line)
        end = data.find(b"\n", at + skip, at + room) + 1
        self._line += data[at : end or at + room]
        if self._part is _Part.NEXT and not b"\r\n".startswith(self._line[:2]):
            raise self._refused("a chunk is longer than its size says")
        if not end:
            if len(self._line) >= MAX_LINE:
                raise self._refused(f"a line is longer than {MAX_LINE} octets")
            return len(data)
        line, self._line = self._line, b""
        if self._part is _Part.TRAILER:
            self._take_trailer(line)
        else:
            found = (_NEXT if self._part is _Part.NEXT else _FIRST).fullmatch(line)
            if found is None:
                raise self._refused(self._size_complaint(line))
            self._take_size(found)
        return end

    def _take_size(self, found: re.Match[bytes]) -> None:
        self._missing = int(found[1], 16)
        self._part = _Part.DATA if self._missing else _Part.TRAILER
        if extension := found[2]:
            self._extensions += len(extension)
            if self._extensions > MAX_EXTENSIONS:
                raise self._refused(f"the extensions of its chunks take more than {MAX_EXTENSIONS} octets")

    def _take_trailer(self, line: bytes) -> None:
        if line == b"\r\n":
            self._part = _Part.OVER
            return
        self._trailers += len(line)
        if self._trailers > MAX_TRAILERS:
            raise self._refused(f"its trailers take more than {MAX_TRAILERS} octets")
        what = line_complaint(line[:-2]) if line.endswith(b"\r\n") else "the line ends in LF without CR"
        if what:
            raise self._refused(f"in a trailer: {what}")
        name = line.partition(b":")[0].lower()
        meant = name.replace(b"_", b"-")  # IIS shows both as the same server variable
        if meant in _FORBIDDEN or not self.withheld.isdisjoint((name, meant)) or meant.startswith(_FORBIDDEN_PREFIXES):
            raise self._refused(f"{quoted(name)} stands in a trailer")

    def _size_complaint(self, line: bytes) -> str:
        if self._part is _Part.NEXT:
            line = line[2:]
        if not line.endswith(b"\r\n"):
            return "the line of a chunk's size ends in LF without CR"
        return f"{quoted(line)} is no size of a chunk"

    def _refused(self, what: str) -> HttpError:
        return HttpError(what, self.where, self.status)
