"""POP3 replies: +OK, -ERR, multi-line (RFC 1939 3), CAPA and response codes (RFC 2449)."""

import re
from collections.abc import Mapping

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import MAX_LINE, Lines, printable, quoted, text

MAX_LINES = 100
MAX_LISTING = 65_536

_STATUS = re.compile(rb"(\+OK|-ERR)(?:[ \t]+(.*))?", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"\[([^]]+)\] ?(.*)", re.DOTALL)


@attrs.frozen
class Status:
    """A reply's first line.

    :param ok: +OK or -ERR.
    :param code: the response code of RFC 2449 8 in capitals ("SYS/TEMP", "LOGIN-DELAY"), or None.
    :param text: for people, the code taken off.
    """

    ok: bool
    code: str | None
    text: str

    def __str__(self) -> str:
        """As people quote it in a sentence: printable, at most 200 characters, no full stop."""
        code = f"[{self.code}] " if self.code else ""
        return printable(f"{'+OK' if self.ok else '-ERR'} {code}{self.text}".rstrip()).removesuffix(".")


@attrs.define
class ReplyReader:
    """Bytes in; who sent the command knows whether a status line or a listing comes, and asks for it.

    A bare LF ends a line too.
    """

    limit: int = attrs.field(default=MAX_LINE + MAX_LISTING, init=False)
    lines: Lines = attrs.field(factory=Lines, init=False)
    _listing: list[str] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return self.lines.buffered + self._size

    def receive(self, data: bytes) -> None:
        """Hold ``data``."""
        self.lines.receive(data)

    def next_status(self) -> Status | None:
        """The next line as +OK or -ERR, or None when it has not all come.

        :raises WireError: it is neither.
        """
        line = self.lines.take("POP3 reply")
        if line is None:
            return None
        found = _STATUS.fullmatch(text(line))
        if found is None:
            raise WireError(f"it begins neither with +OK nor with -ERR: {quoted(line)}", "POP3 reply")
        words = (found.group(2) or b"").decode("utf-8", "backslashreplace")
        code = _CODE.fullmatch(words)
        ok = found.group(1).upper() == b"+OK"
        return Status(ok, code.group(1).upper(), code.group(2)) if code else Status(ok, None, words)

    def next_listing(self) -> tuple[str, ...] | None:
        """The lines up to the final dot, their own dots unstuffed, or None when they have not all come.

        :raises WireError: more than 100 lines or 64 KB.
        """
        while True:
            where = f"POP3 listing, line {len(self._listing) + 1}"
            line = self.lines.take(where)
            if line is None:
                return None
            words = text(line)
            if words == b".":
                listing = tuple(self._listing)
                self._listing, self._size = [], 0
                return listing
            self._listing.append(words.removeprefix(b".").decode("utf-8", "backslashreplace"))
            self._size += len(line)
            if len(self._listing) > MAX_LINES or self._size > MAX_LISTING:
                raise WireError(f"the listing is longer than {MAX_LINES} lines or {MAX_LISTING} octets", where)


def capabilities(listing: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """What CAPA listed: upper-case name to its parameters (RFC 2449 3)."""
    words = [line.split() for line in listing]
    return {name.upper(): tuple(parameters) for name, *parameters in filter(None, words)}
