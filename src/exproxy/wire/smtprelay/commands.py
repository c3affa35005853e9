"""A client's command lines (RFC 5321 4.1.1, 2.4): taken out of what it sends, and told apart."""

import enum
import re

import attrs

from exproxy.wire.smtprelay.bounds import AUTH, CHUNK, COMMAND
from exproxy.wire.smtprelay.offers import DENIED, NOT_FOLLOWED


class Kind(enum.Enum):
    """What a command is to us; and what a reply is the answer to."""

    OTHER = "passes as it is, and has one reply"
    HELO = "HELO"
    EHLO = "EHLO"
    FREE = "NOOP or HELP: may be said in every state"
    MAIL = "MAIL"
    RSET = "RSET"
    DATA = "DATA: what follows depends on the reply"
    CONTENT = "the end of the content"
    BDAT = "a chunk, not the last"
    LAST = "the last chunk"
    AUTH = "AUTH or a line of its exchange: what follows depends on the reply"
    STARTTLS = "STARTTLS"
    TLS = "TLS between client and server, if the reply is 220"
    QUIT = "QUIT"
    DENIED = "XCLIENT or XFORWARD"
    NOT_FOLLOWED = "a command that we do not follow"


class Flaw(enum.Enum):
    """Why a line is no command."""

    TOO_LONG = "too long"
    BARE = "bare CR or LF, or NUL"
    NO_VERB = "does not begin with a word"


_KINDS = {
    b"HELO": Kind.HELO,
    b"EHLO": Kind.EHLO,
    b"NOOP": Kind.FREE,
    b"HELP": Kind.FREE,
    b"MAIL": Kind.MAIL,
    b"RSET": Kind.RSET,
    b"DATA": Kind.DATA,
    b"BDAT": Kind.BDAT,
    b"AUTH": Kind.AUTH,
    b"X-EXPS": Kind.AUTH,  # Exchange's AUTH between servers
    b"STARTTLS": Kind.STARTTLS,
    b"X-ANONYMOUSTLS": Kind.TLS,  # Exchange's STARTTLS between servers
    b"QUIT": Kind.QUIT,
    **dict.fromkeys(DENIED, Kind.DENIED),
    **dict.fromkeys(NOT_FOLLOWED, Kind.NOT_FOLLOWED),
}

# Strict, since servers are not: Postfix skips blanks before a verb, so " XCLIENT" would be XCLIENT there and nothing here.
_COMMAND = re.compile(rb"([A-Za-z0-9-]+)(?: [^\r\n\0]*)?\r\n")
_LONG = re.compile(rb"(?:AUTH|X-EXPS) ", re.IGNORECASE)
_CHUNK = re.compile(rb"BDAT +([0-9]{1,20})( +LAST)? *\r\n", re.IGNORECASE)
_BURL = re.compile(rb"BURL .* LAST *\r\n", re.IGNORECASE)


def flaw(line: bytes) -> Flaw | None:
    """Why ``line``, its end included, must not go to a server; None for a good one.

    A bare LF or CR may end a line there that does not end here: what smuggles mails in content smuggles commands in lines.
    """
    if line[-1:] != b"\n":
        return Flaw.TOO_LONG
    if line[-2:] != b"\r\n" or line.find(b"\r") != len(line) - 2 or b"\0" in line:
        return Flaw.BARE
    return None


def whole_command(data: bytes) -> Kind | None:
    """What the command is, whatever its case; None if ``data`` is anything but one good line."""
    found = _COMMAND.fullmatch(data)
    if found is None:
        return None
    kind = _KINDS.get(found[1].upper(), Kind.OTHER)
    return Kind.LAST if kind is Kind.OTHER and _BURL.fullmatch(data) else kind  # RFC 4468 3.2: it ends a mail as BDAT does


def kind_of(line: bytes) -> Kind | Flaw:
    """What the line is."""
    return whole_command(line) or flaw(line) or Flaw.NO_VERB


@attrs.frozen
class Chunk:
    """:param size: octets behind the line; :param last: the mail ends with them."""

    size: int
    last: bool


def chunk_of(line: bytes) -> Chunk | None:
    """What a BDAT announces (RFC 3030 2); None if that cannot be known."""
    found = _CHUNK.fullmatch(line)
    return Chunk(int(found[1]), found[2] is not None) if found else None


def countable(chunk: Chunk) -> bool:
    """Whether every server counts the chunk alike."""
    return chunk.size <= CHUNK


@attrs.define
class Inbox:
    """Bytes in, lines and octets out.  It remembers how far it looked."""

    _buffer: bytearray = attrs.field(factory=bytearray, init=False)
    _looked: int = attrs.field(default=0, init=False)
    _skipping: bool = attrs.field(default=False, init=False)
    """Up to the end of a line that was too long."""

    @property
    def buffered(self) -> int:
        """Octets held."""
        return len(self._buffer)

    @property
    def fresh(self) -> bool:
        """What comes next is the beginning of a line."""
        return not self._buffer and not self._skipping

    def receive(self, data: bytes) -> None:
        """Hold ``data``."""
        self._buffer += data

    def line(self, limit: int = COMMAND) -> bytes | None:
        """The next line with its end, or None when it has not all come.

        One that is too long is handed out at once as the first ``limit`` octets of it, without an end, and the rest is skipped.

        :param limit: octets with the end; an AUTH command may always have 12,290.
        """
        buffer = self._buffer
        if self._skipping and not self._skipped():
            return None
        end = buffer.find(b"\n", self._looked, limit) + 1
        if not end and len(buffer) >= limit and limit < AUTH and _LONG.match(buffer):
            limit = AUTH
            end = buffer.find(b"\n", self._looked, limit) + 1
        if not end and len(buffer) < limit:
            self._looked = len(buffer)
            return None
        self._skipping = not end
        return self.octets(end or limit)

    def octets(self, count: int) -> bytes:
        """At most ``count`` octets of what is held."""
        octets = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._looked = 0
        return octets

    def clear(self) -> None:
        """Forget what is held."""
        self._buffer.clear()
        self._looked = 0
        self._skipping = False

    def _skipped(self) -> bool:
        """Whether the line that was too long is over."""
        end = self._buffer.find(b"\n") + 1
        self._skipping = not end
        del self._buffer[: end or len(self._buffer)]
        return not self._skipping
