"""Replies as the server wrote them (RFC 5321 4.2): where each ends, and its code.

Unlike :class:`exproxy.wire.smtp.ReplyParser`, which reads them for a check, this one hands them out octet by octet the same.
"""

import re

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import quoted
from exproxy.wire.smtprelay.bounds import REPLY

_CODE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])|\r?\n)")
"""Of a line.  A code without a text is allowed; the second digit may be what it likes (571, 591)."""
_WHOLE = re.compile(rb"([2-5][0-9][0-9])(?:-[^\n]*\n\1)*(?: [^\n]*)?\r?\n")
"""One reply, all of its lines with the same code."""
_WHERE = "SMTP reply"


def whole_reply(data: bytes) -> int | None:
    """The code, if ``data`` is one reply and nothing else."""
    found = _WHOLE.fullmatch(data) if len(data) <= REPLY else None
    return int(found[1]) if found else None


@attrs.define
class Replies:
    """Bytes in, replies out.  It remembers how far it looked."""

    limit: int = attrs.field(default=REPLY, init=False)
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)
    _line: int = attrs.field(default=0, init=False)
    """Where the line begins that has not all come; before it are lines of the same reply."""
    _looked: int = attrs.field(default=0, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Hold ``data`` for :meth:`next`."""
        self._buffer += data

    def next(self) -> tuple[int, bytes] | None:
        """The next reply's code and all of its octets, or None when it has not all come.

        :raises WireError: this is no SMTP, or a reply without end.
        """
        buffer = self._buffer
        while buffer:
            end = buffer.find(b"\n", self._looked) + 1
            if end > REPLY or (not end and len(buffer) >= REPLY):
                raise WireError(f"it is longer than {REPLY} octets", _WHERE)
            if not end:
                self._looked = len(buffer)
                return None
            found = _CODE.match(buffer, self._line, end)
            if found is None:
                raise WireError(f"it does not begin with a three-digit code: {quoted(bytes(buffer[self._line : end]))}", _WHERE)
            if self._line and found[1] != buffer[:3]:
                first, then = buffer[:3].decode(), found[1].decode()
                raise WireError(f"the code changes from {first} to {then} within one reply", _WHERE)
            self._line = self._looked = end
            if found[2] != b"-":
                return self._taken(end)
        return None

    def clear(self) -> None:
        """Forget what is held."""
        self._buffer.clear()
        self._line = self._looked = 0

    def _taken(self, end: int) -> tuple[int, bytes]:
        octets = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._line = self._looked = 0
        return int(octets[:3]), octets
