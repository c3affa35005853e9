"""A client's command lines before its login (RFC 1939 4, 2449, 2595, 5034, 6856)."""

import enum
import re

LONGEST = 512
"""Octets of a line with its CRLF.  RFC 2449 4 says 255; with a long name or password it is said longer."""


class Kind(enum.Enum):
    """What a command is to us; and what a reply is the answer to."""

    OTHER = "passes as it is, and has one line of reply"
    CAPA = "a listing follows"
    USER = "USER"
    LOGIN = "PASS or APOP: what follows depends on the reply"
    AUTH = "AUTH or a line of its exchange: what follows depends on the reply"
    STLS = "STLS"
    QUIT = "QUIT"
    DENIED = "XCLIENT"
    UNKNOWN = "not of this state, or not followed"


_KINDS = {
    b"CAPA": Kind.CAPA,
    b"USER": Kind.USER,
    b"PASS": Kind.LOGIN,
    b"APOP": Kind.LOGIN,
    b"AUTH": Kind.AUTH,
    b"STLS": Kind.STLS,
    b"QUIT": Kind.QUIT,
    b"NOOP": Kind.OTHER,
    b"UTF8": Kind.OTHER,
    b"XCLIENT": Kind.DENIED,
}
_COMMAND = re.compile(rb"([A-Za-z0-9]+)(?: ([^\r\n\0]*))?\r\n")


def kind_of(line: bytes) -> tuple[Kind, bytes]:
    """What the line, its end included, is whatever its case, and its parameters.

    AUTH alone lists mechanisms in one server and is an error in another (RFC 5034 4), so it does not pass.
    """
    found = _COMMAND.fullmatch(line)
    if found is None:
        return Kind.UNKNOWN, b""
    kind = _KINDS.get(found[1].upper(), Kind.UNKNOWN)
    words = found[2] or b""
    return (Kind.UNKNOWN if kind is Kind.AUTH and not words.strip() else kind), words
