"""Lines out of a stream of bytes, bounded, for the text protocols.

:class:`Lines` cuts at LF and hands the line out as it came, its end included: whether a bare LF is an end of line is
for the protocol to say (:func:`text` tolerates it, :func:`strict` refuses it: it smuggles messages, CVE-2023-51764).
"""

import attrs

from exproxy.wire.errors import WireError

MAX_LINE = 8192
"""Octets of a line with its end.  RFC 5321 4.5.3.1.5 asks for 512, RFC 2449 4 too, RFC 7162 4 for 8,192."""

_SHOWN = 200


@attrs.define
class Lines:
    """Bytes in, lines out.  It remembers how far it looked: a line that comes byte by byte is not searched again.

    :param limit: octets of the longest line, its end included; no more are held once all complete lines are taken.
    """

    limit: int = MAX_LINE
    last: bytes = attrs.field(default=b"", init=False)
    """The last line that was taken, or the beginning of the one that was too long."""
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)
    _looked: int = attrs.field(default=0, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return len(self._buffer)

    @property
    def rest(self) -> bytes:
        """The beginning of what is held."""
        return bytes(self._buffer[:_SHOWN])

    def receive(self, data: bytes) -> None:
        """Hold ``data``; the caller takes lines until there is none."""
        self._buffer += data

    def take(self, where: str) -> bytes | None:
        """The next line with its end, or None when it has not all come.

        :param where: for the error, if the line is longer than ``limit``.
        :raises WireError: the line is too long.
        """
        end = self._buffer.find(b"\n", self._looked, self.limit) + 1
        if not end:
            self._looked = len(self._buffer)
            if self._looked >= self.limit:
                self.last = self.rest
                raise WireError(f"the line is longer than {self.limit} octets", where)
            return None
        self._looked = 0
        self.last = bytes(self._buffer[:end])
        del self._buffer[:end]
        return self.last

    def take_octets(self, count: int) -> bytes:
        """At most ``count`` octets of what is held, for a literal that stands between lines."""
        octets = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._looked = 0
        return octets

    def clear(self) -> None:
        """Forget what is held."""
        self._buffer.clear()
        self._looked = 0


def text(line: bytes) -> bytes:
    """The line without its end, be that CRLF or a bare LF."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def strict(line: bytes, where: str) -> bytes:
    """The line without its CRLF.

    :raises WireError: it ends in a bare LF, or has a CR within.
    """
    if not line.endswith(b"\r\n"):
        raise WireError("the line ends in LF without CR", where)
    if b"\r" in line[:-2]:
        raise WireError("a CR stands within the line", where)
    return line[:-2]


def printable(line: bytes | str, limit: int = _SHOWN) -> str:
    r"""``line`` for a log: without its end, at most ``limit`` characters, what is not printable escaped (``\x07``)."""
    if isinstance(line, bytes):
        line = text(line)[: 4 * limit].decode("utf-8", "backslashreplace")
    shown = line[:limit].strip()
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    return shown if len(shown) <= limit and len(line) <= limit else shown[: limit - 1] + "…"


def quoted(line: bytes | str, limit: int = 80) -> str:
    """``line`` as a sentence quotes it: in quotes, at most ``limit`` characters; or its first octets, where it is no text.

    What went through :func:`printable` is not escaped again.
    """
    if isinstance(line, bytes):
        line = text(line)
        head = line[:limit].decode("utf-8", "replace")
        strange = sum(c == "\N{REPLACEMENT CHARACTER}" or not (c.isprintable() or c == "\t") for c in head)
        if strange * 4 > len(head):
            return f"{len(line)} octets that are no text, {line[:8].hex(' ')}{' …' if len(line) > 8 else ''}"
    return f"'{printable(line, limit)}'"
