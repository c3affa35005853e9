"""IMAP responses (RFC 9051 7 and 9, RFC 3501): greeting, untagged, tagged, continuation; literals; capabilities."""

import re
from typing import Literal

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import MAX_LINE, Lines, printable, quoted, text

MAX_RESPONSE = 65_536
MAX_LITERALS = 100

Condition = Literal["OK", "NO", "BAD", "BYE", "PREAUTH"]
_CONDITIONS: dict[bytes, Condition] = {b"OK": "OK", b"NO": "NO", b"BAD": "BAD", b"BYE": "BYE", b"PREAUTH": "PREAUTH"}
_TAGGED: frozenset[Condition] = frozenset({"OK", "NO", "BAD"})

_TAG = re.compile(rb"[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")  # ASTRING-CHAR but "+" (RFC 9051 9)
_CODE = re.compile(r"\[([^] ]+)(?: ([^]]*))?\] ?(.*)", re.DOTALL)
_LITERAL = re.compile(rb"~?\{([0-9]{1,10})\+?\}$")


@attrs.frozen
class Status:
    """A status response, or with tag None and ``BYE``, ``PREAUTH`` or ``OK`` first of all: the greeting.

    :param tag: None if untagged.
    :param condition: the word.
    :param code: resp-text-code's first word in capitals ("CAPABILITY", "ALERT"), or None.
    :param arguments: the rest of resp-text-code.
    :param text: for people.
    """

    tag: str | None
    condition: Condition
    code: str | None
    arguments: str
    text: str

    def __str__(self) -> str:
        """As people quote it in a sentence: printable, at most 200 characters, no full stop."""
        code = f"[{self.code} {self.arguments}".rstrip() + "] " if self.code else ""
        return printable(f"{self.condition} {code}{self.text}").removesuffix(".")


@attrs.frozen
class Data:
    """Untagged data ("CAPABILITY …", "12 EXISTS").

    :param text: all behind the asterisk, its literals taken out (their ``{n}`` stays).
    :param literals: the literals in order.
    """

    text: str
    literals: tuple[bytes, ...] = ()


@attrs.frozen
class Continuation:
    """The server waits for more of the command."""

    text: str


Response = Status | Data | Continuation


@attrs.define
class ResponseParser:
    """Bytes in, responses out.  A bare LF ends a line too."""

    limit: int = attrs.field(default=MAX_LINE + MAX_RESPONSE, init=False)
    lines: Lines = attrs.field(factory=Lines, init=False)
    _parts: list[bytes] = attrs.field(factory=list, init=False)  # the lines of the present response, their ends taken off
    _literals: list[bytes] = attrs.field(factory=list, init=False)
    _literal: bytearray = attrs.field(factory=bytearray, init=False)
    _missing: int = attrs.field(default=0, init=False)  # octets of the present literal
    _size: int = attrs.field(default=0, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return self.lines.buffered + self._size - self._missing

    def feed(self, data: bytes) -> list[Response]:
        """All responses that ``data`` completes.

        :raises WireError: this is no IMAP.
        """
        self.receive(data)
        responses = []
        while (response := self.next()) is not None:
            responses.append(response)
        return responses

    def receive(self, data: bytes) -> None:
        """Hold ``data`` for :meth:`next`."""
        self.lines.receive(data)

    def next(self) -> Response | None:
        """The next response, or None when it has not all come.

        :raises WireError: this is no IMAP.
        """
        while True:
            if self._missing:
                octets = self.lines.take_octets(self._missing)
                self._literal += octets
                self._missing -= len(octets)
                if self._missing:
                    return None
                self._literals.append(bytes(self._literal))
                self._literal.clear()
            line = self.lines.take("IMAP response")
            if line is None:
                return None
            if not self._goes_on(line):
                response = _response(b"".join(self._parts), tuple(self._literals))
                self._parts, self._literals, self._size = [], [], 0
                return response

    def _goes_on(self, line: bytes) -> bool:
        """Take one line into the present response; tells whether a literal follows."""
        words = text(line)
        self._parts.append(words)
        self._size += len(line)
        found = _LITERAL.search(words) if _may_have_literals(self._parts[0]) else None
        if found is not None:
            self._missing = int(found.group(1))
            self._size += self._missing
            if not self._missing:
                self._literals.append(b"")
        if self._size > MAX_RESPONSE or len(self._literals) > MAX_LITERALS:
            raise WireError(f"it is longer than {MAX_RESPONSE} octets or has more than {MAX_LITERALS} literals", "IMAP response")
        return found is not None


def _may_have_literals(line: bytes) -> bool:
    """Only data has literals: the text of a status may end in ``{5}`` and means nothing by it."""
    words = line.split(b" ", 2)
    return words[0] == b"*" and len(words) > 1 and words[1].upper() not in _CONDITIONS


def _response(line: bytes, literals: tuple[bytes, ...]) -> Response:
    if line == b"+" or line.startswith(b"+ "):
        return Continuation(_decode(line[2:]))
    tag, _, rest = line.partition(b" ")
    word, _, words = rest.partition(b" ")
    condition = _CONDITIONS.get(word.upper())
    if tag == b"*" and rest:
        return Data(_decode(rest), literals) if condition is None else _status(None, condition, words)
    if condition in _TAGGED and condition is not None and _TAG.fullmatch(tag):
        return _status(tag.decode(), condition, words)
    raise WireError(f"neither untagged nor tagged nor a continuation: {quoted(line)}", "IMAP response")


def _status(tag: str | None, condition: Condition, words: bytes) -> Status:
    found = _CODE.fullmatch(_decode(words))
    if found is None:
        return Status(tag, condition, None, "", _decode(words))
    code, arguments, rest = found.groups()
    return Status(tag, condition, code.upper(), arguments or "", rest)


def _decode(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def capabilities(response: Response) -> frozenset[str] | None:
    """The capabilities that a response tells, in capitals: the untagged data, or the code of a greeting or an OK."""
    if isinstance(response, Data):
        word, _, rest = response.text.partition(" ")
        return frozenset(rest.upper().split()) if word.upper() == "CAPABILITY" else None
    if isinstance(response, Status) and response.code == "CAPABILITY":
        return frozenset(response.arguments.upper().split())
    return None


def greeting(response: Response) -> Status:
    """The first response of a connection, judged.

    :raises WireError: it is no greeting (RFC 9051 7.1: untagged OK, PREAUTH or BYE).
    """
    if isinstance(response, Status) and response.tag is None and response.condition in ("OK", "PREAUTH", "BYE"):
        return response
    raise WireError("it is not OK, PREAUTH or BYE", "IMAP greeting")
