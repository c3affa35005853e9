"""Responses as the server wrote them (RFC 9051 7): where each ends, its tag and its first word.

Unlike :class:`exproxy.wire.imap.ResponseParser`, which reads them for a check, this one hands them out octet by octet the same.
"""

import re

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines, quoted

RESPONSE = 16_384
"""Octets of one response, its literals included."""

_START = re.compile(rb"(\*|\+|[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+)(?: ([A-Za-z0-9-]*)|\r?\n)")
_LITERAL = re.compile(rb"~?\{([0-9]{1,10})\}\r?\n$")
_STATUS = (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH")


@attrs.frozen
class Response:
    """One response.

    :param tag: ``*``, ``+``, or the command's.
    :param word: what follows it, in capitals.
    """

    tag: bytes
    word: bytes
    octets: bytes


@attrs.define
class Responses:
    """Bytes in, responses out."""

    limit: int = attrs.field(default=2 * RESPONSE, init=False)
    _lines: Lines = attrs.field(factory=lambda: Lines(RESPONSE), init=False)
    _parts: bytearray = attrs.field(factory=bytearray, init=False)
    _left: int = attrs.field(default=0, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return self._lines.buffered + len(self._parts)

    def receive(self, data: bytes) -> None:
        """Hold ``data`` for :meth:`next`."""
        self._lines.receive(data)

    def feed(self, data: bytes) -> list[Response]:
        """All responses that ``data`` completes.

        :raises WireError: this is no IMAP, or a response without end.
        """
        self.receive(data)
        responses = []
        while (response := self.next()) is not None:
            responses.append(response)
        return responses

    def next(self) -> Response | None:
        """The next response, or None when it has not all come.

        :raises WireError: this is no IMAP, or a response without end.
        """
        while True:
            if self._left:
                octets = self._lines.take_octets(self._left)
                self._parts += octets
                self._left -= len(octets)
                if self._left:
                    return None
            line = self._lines.take("IMAP response")
            if line is None:
                return None
            self._parts += line
            found = _START.match(self._parts)
            if found is None:
                raise WireError(f"it begins with no tag: {quoted(bytes(self._parts))}", "IMAP response")
            tag, word = bytes(found[1]), bytes(found[2] or b"").upper()
            literal = None if tag != b"*" or word in _STATUS else _LITERAL.search(line)
            self._left = 0 if literal is None else int(literal[1])
            if len(self._parts) + self._left > RESPONSE:
                raise WireError(f"it is longer than {RESPONSE} octets", "IMAP response")
            if literal is None:
                octets = bytes(self._parts)
                self._parts.clear()
                return Response(tag, word, octets)

    def take_all(self) -> bytes:
        """What is held of the next response."""
        octets = bytes(self._parts) + self._lines.take_octets(self._lines.buffered)
        self.clear()
        return octets

    def clear(self) -> None:
        """Forget what is held."""
        self._lines.clear()
        self._parts.clear()
        self._left = 0
