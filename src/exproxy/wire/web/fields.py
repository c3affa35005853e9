"""Header lines: read strictly, looked up without case, and passed on as they came (RFC 9112 5).

A line keeps its octets, name's case and all: old Outlook and MAPI clients broke on names in lower case.  What servers could read
differently is refused: lines that end in LF alone, a CR or another control character within, a blank before the colon, a line
that goes on in the next one (obs-fold), a name that is no token.
"""

import re

import attrs

from exproxy.wire.lines import quoted
from exproxy.wire.web.errors import HttpError

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"  # RFC 9110 5.6.2
VALUE = rb"[\t\x20-\x7e\x80-\xff]"
_BARE_LF = re.compile(rb"(?<!\r)\n")

_BLOCK = re.compile(rb"(?:" + TOKEN + rb"++:" + VALUE + rb"*+\r\n)*+")
_NAME = re.compile(TOKEN + rb"+")
_CONTROL = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")


@attrs.define(eq=False)
class Fields:
    """The three views of a header section.

    :param lines: as they came, without their ends.
    :param names: of the same lines, in lower case.
    :param values: name in lower case -> value without blanks around it; several lines of one name are joined by a comma
        (RFC 9110 5.3), which is no list for ``set-cookie``: see :meth:`every`.
    """

    lines: list[bytes]
    names: list[bytes]
    values: dict[bytes, bytes]
    written: bytes = attrs.field(default=b"", init=False)
    """The whole head as ``writer`` wrote it for the other side."""
    writer: object = attrs.field(default=None, init=False)
    changed: bool = attrs.field(default=False, init=False)
    """Whether something else than what came was made of it, which the same octets need not become the next time."""

    def get(self, name: bytes) -> bytes | None:
        """The value of a name that is given in lower case."""
        return self.values.get(name)

    def every(self, name: bytes) -> list[bytes]:
        """The values of all lines of a name that is given in lower case, in order."""
        found = zip(self.names, self.lines, strict=True)
        return [line[len(name) + 1 :].strip(b" \t") for key, line in found if key == name]

    def items(self) -> list[tuple[bytes, bytes]]:
        """Names in the case in which they came, and values, in order."""
        parts = (line.partition(b":") for line in self.lines)
        return [(name, value.strip(b" \t")) for name, _, value in parts]

    def rewrite(self, name: bytes, value: bytes) -> None:
        """Give the first line of ``name`` (in lower case; there is one) this value; the case of its name stays."""
        self.tidy(name, value)
        self.note_change()

    def note_change(self) -> None:
        """The lines are no longer those that came: who changes them says so, or the same octets would be told changed again."""
        self.changed = True
        self.writer = None

    def tidy(self, name: bytes, value: bytes) -> None:
        """The same, where it says no more than that line did."""
        at = self.names.index(name)
        self.lines[at] = self.lines[at][: len(name)] + b": " + value
        self.values[name] = value


def read_fields(data: bytes, start: int, most: int, where: str, status: int, too_many: int) -> Fields:
    """The lines of ``data`` from ``start`` up to the empty line at its end.

    :param most: lines that are taken.
    :param where: "HTTP request": the line's number is put behind it; the first line of a head is its first.
    :param status: for a line that is refused; ``too_many`` for one line more than ``most``.
    :raises HttpError: a line is refused.
    """
    end = len(data) - 2
    if not _BLOCK.fullmatch(data, start, end):
        raise _complaint(data[start:end], where, status)
    lines = data[start : end - 2].split(b"\r\n") if end > start else []
    if len(lines) > most:
        raise HttpError(f"it has more than {most} header lines", where, too_many)
    names = []
    values: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        names.append(name)
        value = value.strip(b" \t")
        values[name] = values[name] + b", " + value if name in values else value
    return Fields(lines, names, values)


def bare_lf(block: bytes | bytearray, start: int, end: int, where: str, status: int) -> HttpError | None:
    """The complaint about the first line that ends, between ``start`` and ``end``, in LF alone."""
    found = _BARE_LF.search(block, start, end)
    if found is None:
        return None
    number = block.count(b"\n", 0, found.start()) + 1
    return HttpError("the line ends in LF without CR", f"{where}, line {number}", status)


def line_complaint(line: bytes) -> str:
    """What is wrong with one line, or nothing."""
    if line.startswith((b" ", b"\t")):
        return "it goes on from the line before, which is long forbidden"
    if b"\r" in line:
        return "a CR stands within the line"
    name, colon, value = line.partition(b":")
    if not colon:
        return f"{quoted(line)} is no header: it has no colon"
    if name != name.rstrip(b" \t"):
        return "a blank stands before the colon"
    if not _NAME.fullmatch(name):
        return f"{quoted(name)} is no header's name"
    if found := _CONTROL.search(value):
        return f"the control character {found[0][0]:#04x} stands in a value"
    return ""


def _complaint(block: bytes, where: str, status: int) -> HttpError:
    """Why ``block`` is not taken: a bare LF anywhere, as it is seen first in a stream, else its first bad line."""
    lines = block.split(b"\n")[:-1]
    for number, line in enumerate(lines, 2):
        if not line.endswith(b"\r"):
            return HttpError("the line ends in LF without CR", f"{where}, line {number}", status)
    for number, line in enumerate(lines, 2):
        if what := line_complaint(line[:-1]):
            return HttpError(what, f"{where}, line {number}", status)
    raise AssertionError(f"{block!r} is a good header section")
