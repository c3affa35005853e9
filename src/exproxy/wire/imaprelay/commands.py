"""A client's commands before its login (RFC 9051 6.1 and 6.2): lines, and literals between them."""

import enum
import re

import attrs

LINE = 8192
"""Octets of one line of a command with its CRLF (RFC 7162 4)."""


class Kind(enum.Enum):
    """What a command is to us; and what a reply is the answer to."""

    OTHER = "passes as it is"
    LOGIN = "LOGIN: what follows depends on the reply"
    AUTHENTICATE = "AUTHENTICATE, or a line of its exchange: likewise"
    ID = "ID: passes, if it does not claim to be from elsewhere"
    STARTTLS = "STARTTLS"
    LOGOUT = "LOGOUT"
    UNKNOWN = "not of this state, or not followed"


_KINDS = {
    b"CAPABILITY": Kind.OTHER,
    b"NOOP": Kind.OTHER,
    b"LOGIN": Kind.LOGIN,
    b"AUTHENTICATE": Kind.AUTHENTICATE,
    b"ID": Kind.ID,
    b"STARTTLS": Kind.STARTTLS,
    b"LOGOUT": Kind.LOGOUT,
}

_COMMAND = re.compile(rb"([!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]{1,64}) ([A-Za-z0-9]+)(?: ([^\r\n\0]*))?\r\n")
"""Tag, verb and arguments; a tag is ASTRING-CHAR but "+" (RFC 9051 9)."""
_TAG = re.compile(rb"[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]{1,64}")
_LITERAL = re.compile(rb"~?\{([0-9]{1,10})([+-]?)\}\r\n$")
_LIKE = re.compile(rb"\{[0-9]*[+-]?\} *\r\n$")
_STRING = rb'"(?:[^"\\\r\n\0]|\\["\\])*"'
_CHARS = rb'[^\x00-\x20(){%*"\\\x7f-\xff]+'
_COUNT = rb"\{[0-9]{1,10}\+?\}"
_UP_TO_LITERAL = re.compile(rb"(?:(?:%b|%b|%b) )?%b" % (_STRING, _CHARS, _COUNT, _COUNT))
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\0]|\\["\\])*)"')
_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\x7f]+')
_ID = re.compile(rb'NIL|\( *(?:"(?:[^"\\]|\\["\\])*" +(?:NIL|"(?:[^"\\]|\\["\\])*") *)*\)', re.IGNORECASE)
_KEYS = re.compile(rb'"((?:[^"\\]|\\["\\])*)" +(?:NIL|"(?:[^"\\]|\\["\\])*")', re.IGNORECASE)


@attrs.frozen
class Command:
    """The first line of a command, its literals still to come.

    :param arguments: behind the verb, as they are on this line.
    """

    kind: Kind
    tag: bytes
    arguments: bytes


@attrs.frozen
class Announced:
    """A literal that follows a line.

    :param waits: the client waits for the server's word before it sends it (no ``+``, RFC 7888).
    """

    size: int
    waits: bool


def command_of(line: bytes) -> Command:
    """What ``line``, its end included, begins; the tag is ``*`` where there is none that could be answered."""
    found = _COMMAND.fullmatch(line)
    if found is None:
        tag = _TAG.match(line)
        return Command(Kind.UNKNOWN, tag[0] if tag and line[tag.end() : tag.end() + 1] == b" " else b"*", b"")
    kind = _KINDS.get(found[2].upper(), Kind.UNKNOWN)
    return Command(kind, found[1], found[3] or b"")


def announced(line: bytes) -> Announced | None:
    """The literal that follows ``line``, whatever the line is: a server may read it so."""
    found = _LITERAL.search(line)
    return None if found is None else Announced(int(found[1]), not found[2])


def literal_like(line: bytes) -> bool:
    """Whether some server might believe that a literal follows ``line``, or some client: what is none for one is for another."""
    return _LIKE.search(line) is not None


def login_up_to_literal(arguments: bytes) -> bool:
    """Whether LOGIN's arguments so far, without what the literals held, end where every server takes a literal.

    Else the server answers BAD, and takes for commands what we take for a literal and do not look into.
    """
    return _UP_TO_LITERAL.fullmatch(arguments) is not None


def sound(line: bytes) -> bool:
    """Whether it ends in CRLF and has no other CR or LF, nor NUL, within."""
    return line[-2:] == b"\r\n" and line.find(b"\r") == len(line) - 2 and b"\0" not in line


def first_argument(arguments: bytes) -> bytes:
    """The name in LOGIN's arguments, an atom or quoted; empty where it is a literal, or none."""
    quoted = _QUOTED.match(arguments)
    if quoted is not None:
        return re.sub(rb"\\(.)", rb"\1", quoted[1])
    atom = _ATOM.match(arguments)
    return b"" if atom is None else atom[0]


def honest(arguments: bytes) -> bool:
    """Whether an ID says nothing that servers believe of us alone: Dovecot's ``x-originating-ip`` and its like.

    Every field that begins so is refused, for nobody knows what the next version believes.
    """
    if _ID.fullmatch(arguments.strip()) is None:
        return False
    return not any(re.sub(rb"\\(.)", rb"\1", key).strip().lower().startswith(b"x-") for key in _KEYS.findall(arguments))
