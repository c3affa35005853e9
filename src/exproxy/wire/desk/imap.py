"""A client's session with us before its login, in IMAP (RFC 9051 6.1 and 6.2): LOGIN with literals of both kinds, AUTHENTICATE.

Nothing of a command is kept longer than the command; what carries a password is nowhere shown, logged or part of an error.
"""

import enum
import re
from collections.abc import Collection

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.desk.base import HELD, MOST_COMMANDS, MOST_FAILED
from exproxy.wire.desk.exchange import MECHANISMS, Exchange, NoLoginError
from exproxy.wire.desk.login import Login
from exproxy.wire.errors import WireError
from exproxy.wire.imaprelay.commands import LINE, Announced, Kind, announced, command_of, honest, sound
from exproxy.wire.imaprelay.facts import Facts
from exproxy.wire.lines import Lines
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.sasl import LONGEST as LONGEST_RESPONSE
from exproxy.wire.step import Out, Step, Then

LITERAL = 4_096
"""Octets of one literal."""

_WORD = re.compile(rb'"((?:[^"\\\r\n\0]|\\["\\])*)"|([^\x00-\x20(){"\x7f]+)')
"""A quoted string, or what clients send unquoted: an atom has no backslash, but ``EXAMPLE\anna`` comes so."""
_MARK = re.compile(rb"~?\{[0-9]{1,10}[+-]?\}$")
_OURS = frozenset(("STARTTLS", "LOGINDISABLED", "SASL-IR", "ID", "IMAP4REV1"))
_NEVER = frozenset(("LOGIN-REFERRALS", "MAILBOX-REFERRALS", "UNAUTHENTICATE"))
"""What leads past us, or back to a state in which the server may be the wrong one."""

_MAINTENANCE = b"* BYE [UNAVAILABLE] Service is going down for maintenance, try again later\r\n"
_TIMEOUT = b"* BYE Nothing came for too long, closing\r\n"
_ABUSE = b"* BYE That is more than may be said here\r\n"
_TOO_MANY = b"* BYE Too many commands without a login\r\n"
_TOO_MANY_FAILED = b"* BYE Too many failed logins\r\n"
_UNKNOWN = b"BAD Unknown command, or not one that may be said before the login"
_BEGIN = b"OK Begin TLS negotiation now"
_UNAVAILABLE = b"NO [UNAVAILABLE] No mail server is available, try again later"
_NO_VERDICT = re.compile(rb"\S+ NO \[(?:UNAVAILABLE|SERVERBUG|INUSE|LIMIT)[] ]", re.IGNORECASE)
"""What says nothing of name and password (RFC 5530 3)."""


class _Place(enum.Enum):
    """What the client's next octet is."""

    COMMAND = "of a command's first line"
    LITERAL = "of a literal"
    PART = "of a command's line behind a literal"
    RESPONSE = "of a line of an AUTHENTICATE exchange"
    WAIT = "not to be heard before the login is judged"
    HANDSHAKE = "thrown away: the client is to begin TLS, and what comes before that is nobody's"
    OVER = "thrown away: the session ends"


class ImapDesk:
    """:param offered: the capabilities that all servers have.

    :param secure: the client's side is encrypted already.
    """

    __slots__ = (
        "_answer",
        "_asked",
        "_bad_run",
        "_client",
        "_commands",
        "_exchange",
        "_kind",
        "_left",
        "_literal",
        "_offered",
        "_place",
        "_settings",
        "_tag",
        "_words",
        "facts",
        "login",
    )

    def __init__(self, settings: Settings, offered: Collection[str], *, secure: bool = False) -> None:
        self.facts = Facts(tls=secure)
        self.login: Login | None = None
        self._settings = settings
        self._offered = tuple(word for word in offered if not _ours(word))
        self._client = Lines(LINE)
        self._place = _Place.COMMAND
        self._kind = Kind.UNKNOWN
        self._tag = b"*"
        self._asked = False
        """The present command is CAPABILITY."""
        self._words: list[bytes] = []
        """LOGIN's, as far as they have come."""
        self._literal = bytearray()
        self._left = 0
        self._answer: bytes | None = None
        """What is said to the present command when all of it has come, whatever else it brings."""
        self._exchange: Exchange | None = None
        self._bad_run = 0
        self._commands = 0

    @property
    def buffered(self) -> int:
        """Octets held now."""
        return self._client.buffered + len(self._literal) + sum(map(len, self._words))

    def greeting(self) -> bytes:
        return b"* OK [%b] IMAP4 ready\r\n" % self._capability()

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close."""
        out = Out()
        self._client.receive(data)
        self._read(out)
        if self._client.buffered > HELD:
            raise self._broken(f"more than {HELD} octets came without waiting for an answer", out)
        return out.step()

    def secured(self) -> Step:
        """What the client said in the clear is forgotten (RFC 9051 6.2.1)."""
        assert self._place is _Place.HANDSHAKE, "START_TLS was told"
        self._client.clear()
        self._place = _Place.COMMAND
        self.facts.tls = True
        return Step()

    def refused(self, words: bytes) -> Step:
        out = Out()
        out.client.append(words)
        self.facts.last = "NO"
        if _NO_VERDICT.search(words) is None:
            self.facts.auth_failures += 1
        self._back(out)
        if self.facts.auth_failures >= MOST_FAILED:
            self._say_bye(_TOO_MANY_FAILED, out)
        else:
            self._read(out)
        return out.step()

    def unavailable(self) -> Step:
        out = Out()
        assert self.login is not None, "LOG_IN was told"
        self._say(_UNAVAILABLE, out, self.login.tag)
        self._back(out)
        self._read(out)
        return out.step()

    def drain(self) -> Step:
        return self._leave(_MAINTENANCE)

    def expire(self) -> Step:
        return self._leave(_TIMEOUT)

    def leftover(self) -> bytes:
        octets = self._client.take_octets(self._client.buffered)
        self._forget()
        self._place = _Place.OVER
        return octets

    # What the client says.

    def _read(self, out: Out) -> None:
        reads = {
            _Place.COMMAND: self._read_command,
            _Place.PART: self._read_part,
            _Place.LITERAL: self._read_literal,
            _Place.RESPONSE: self._read_response,
        }
        while (read := reads.get(self._place)) is not None and read(out):
            pass
        if self._place in (_Place.HANDSHAKE, _Place.OVER):
            self._client.clear()

    def _line(self, out: Out, limit: int) -> bytes | None:
        self._client.limit = limit
        try:
            return self._client.take("IMAP command")
        except WireError as error:
            raise self._broken(error.what, out) from None
        finally:
            self._client.last = b""  # it would be kept there

    def _read_command(self, out: Out) -> bool:
        line = self._line(out, LONGEST_RESPONSE)
        if line is None:
            return False
        self._commands += 1
        if self._commands > MOST_COMMANDS:
            self._say_bye(_TOO_MANY, out)
            return False
        command = command_of(line)
        self._kind, self._tag = command.kind, command.tag
        self._asked = line[len(command.tag) :].strip().upper() == b"CAPABILITY"
        self._words.clear()
        self._answer = self._refusal(command.kind, command.arguments, line)
        if command.kind is Kind.LOGIN:
            self._take_words(command.arguments, line, out, first=True)
        elif command.kind is Kind.AUTHENTICATE and self._answer is None:
            self._authenticate(command.arguments, out)
        else:
            self._go_on(announced(line) if sound(line) else None, out)
        return True

    def _refusal(self, kind: Kind, arguments: bytes, line: bytes) -> bytes | None:
        if kind is Kind.UNKNOWN:
            return _UNKNOWN
        if kind is Kind.ID and not honest(arguments):
            return b"BAD That is no ID that a client may send"
        if kind is Kind.STARTTLS:
            return self._tls_refusal(arguments)
        bare = self._settings.require_tls and not self.facts.tls
        if bare and kind in (Kind.LOGIN, Kind.AUTHENTICATE):
            return b"NO [PRIVACYREQUIRED] Begin TLS first: STARTTLS"
        if kind is not Kind.LOGIN and announced(line) is not None:
            return b"BAD This command has no literals"
        return None

    def _tls_refusal(self, arguments: bytes) -> bytes | None:
        if arguments.strip():
            return b"BAD STARTTLS has no arguments"
        if self.facts.tls:
            return b"BAD TLS is active already"
        return None if self._settings.starttls is StartTls.OFFER else b"BAD STARTTLS is not offered"

    def _read_literal(self, out: Out) -> bool:
        octets = self._client.take_octets(self._left)
        if not octets and self._left:
            return False
        self._left -= len(octets)
        if self._answer is None:
            self._literal += octets
        if not self._left:
            self._words.append(bytes(self._literal))
            self._literal = bytearray()
            self._place = _Place.PART
        return True

    def _read_part(self, out: Out) -> bool:
        line = self._line(out, LINE)
        if line is None:
            return False
        if not sound(line):
            raise self._broken("a line within a command has a CR, LF or NUL of its own", out)
        self._take_words(line[:-2], line, out, first=False)
        return True

    def _take_words(self, text: bytes, line: bytes, out: Out, *, first: bool) -> None:
        """LOGIN's, of one line; what they are does not matter any more when it is refused already."""
        literal = announced(line)
        if self._answer is None:
            words = words_of(_MARK.sub(b"", text) if literal else text, first=first, literal=literal is not None)
            if words is None or len(self._words) + len(words) + (literal is not None) > 2:
                self._words.clear()
                self._answer = b"BAD LOGIN has a name and a password"
            else:
                self._words += words
        self._go_on(literal, out)

    def _go_on(self, literal: Announced | None, out: Out) -> None:
        """Read the literal that follows; or answer, for this was all."""
        if literal is None:
            self._end_of_command(out)
        elif literal.size > LITERAL:
            raise self._broken(f"a literal of {literal.size} octets before the login", out)
        elif not literal.waits:
            self._left, self._place = literal.size, _Place.LITERAL
        elif self._answer is not None:
            self._end_of_command(out)  # the client is not asked for the literal, so none comes
        else:
            out.client.append(b"+ OK\r\n")
            self._left, self._place = literal.size, _Place.LITERAL

    def _end_of_command(self, out: Out) -> None:
        self._place = _Place.COMMAND
        if self._answer is not None:
            self._refuse(self._answer, out)
            return
        match self._kind:
            case Kind.LOGIN:
                self._log_in(out)
            case Kind.STARTTLS:
                self._say(_BEGIN, out)
                self._place = _Place.HANDSHAKE
                out.then = Then.START_TLS
            case Kind.LOGOUT:
                self._say_bye(b"* BYE Logging out\r\n%b OK LOGOUT completed\r\n" % self._tag, out)
            case Kind.ID:
                self._say(b"OK ID completed", out, before=b"* ID NIL\r\n")
            case _:
                self._say(b"OK Completed", out, before=b"* %b\r\n" % self._capability() if self._asked else b"")

    def _log_in(self, out: Out) -> None:
        words = self._words
        login = Login(words[0], words[1], tag=self._tag) if len(words) == 2 else None
        words.clear()
        if login is None or not login.sound:
            self._refuse(b"BAD That is no name and password that could be passed on", out)
        else:
            self._ask_for(login, out)

    def _authenticate(self, arguments: bytes, out: Out) -> None:
        mechanism, _, response = arguments.strip().partition(b" ")
        if mechanism.upper() not in MECHANISMS:
            self._refuse(b"NO [CANNOT] This mechanism is not offered", out)
            return
        self._exchange = Exchange(mechanism.upper(), self._tag)
        if response:
            self._respond(response, out)
        else:
            self._challenge(out)

    def _challenge(self, out: Out) -> None:
        assert self._exchange is not None
        out.client.append(b"+ %b\r\n" % self._exchange.challenge)
        self._place = _Place.RESPONSE

    def _read_response(self, out: Out) -> bool:
        line = self._line(out, LONGEST_RESPONSE)
        if line is None:
            return False
        self._respond(line if sound(line) else b"*", out)
        return True

    def _respond(self, response: bytes, out: Out) -> None:
        assert self._exchange is not None
        self._place = _Place.COMMAND
        try:
            login = self._exchange.take(response)
        except NoLoginError as error:
            self._exchange = None
            self._refuse(b"BAD " + str(error).encode("ascii"), out)
        else:
            if login is None:
                self._challenge(out)
            else:
                self._exchange = None
                self._ask_for(login, out)

    def _ask_for(self, login: Login, out: Out) -> None:
        self.login = login
        self.facts.account = login.mailbox
        self._place = _Place.WAIT
        out.then = Then.LOG_IN

    # What we say.

    def _capability(self) -> bytes:
        bare = self._settings.require_tls and not self.facts.tls
        words = ["CAPABILITY", "IMAP4rev1", "ID", *self._offered]
        if self._settings.starttls is StartTls.OFFER and not self.facts.tls:
            words.append("STARTTLS")
        words += ["LOGINDISABLED"] if bare else ["SASL-IR", "AUTH=PLAIN", "AUTH=LOGIN"]
        return " ".join(words).encode("ascii", "replace")

    def _say(self, answer: bytes, out: Out, tag: bytes | None = None, before: bytes = b"") -> None:
        out.client.append(b"%b%b %b\r\n" % (before, self._tag if tag is None else tag, answer))
        self.facts.last = answer.split(b" ", 1)[0].decode("ascii")

    def _refuse(self, answer: bytes, out: Out) -> None:
        self._place = _Place.COMMAND
        self._words.clear()
        self._say(answer, out)
        self.facts.bad += 1
        self._bad_run += 1
        if self._bad_run >= self._settings.most_bad:
            self._say_bye(_TOO_MANY, out)

    # How it ends.

    def _back(self, out: Out) -> None:
        """To where the client may log in again."""
        self._forget()
        self.facts.account = b""
        self._place = _Place.COMMAND

    def _forget(self) -> None:
        self.login = None
        self._exchange = None
        self._words.clear()
        self._literal = bytearray()

    def _leave(self, words: bytes) -> Step:
        out = Out()
        if self._place is not _Place.OVER:
            self._say_bye(b"" if self._place is _Place.HANDSHAKE else words, out)
        return out.step()

    def _say_bye(self, words: bytes, out: Out) -> None:
        if words:
            out.client.append(words)
            self.facts.last = "BYE"
        self._forget()
        self._client.clear()
        self._place = _Place.OVER
        out.then = Then.FINISH

    def _broken(self, what: str, out: Out) -> Broken:
        self._say_bye(_ABUSE, out)
        return Broken(what, "IMAP client", Crossing(b"", b"".join(out.client)))


def words_of(text: bytes, *, first: bool, literal: bool) -> list[bytes] | None:
    """The words of LOGIN on one line; ``None``: it is none of LOGIN.

    :param text: behind the verb or, not ``first``, behind a literal; without the mark of the literal that follows.
    """
    rest = b" " + text if first else text
    words: list[bytes] = []
    place = 0
    while place < len(rest):
        if rest[place : place + 1] != b" ":
            return None
        place += 1
        if place == len(rest):
            return words if literal else None
        found = _WORD.match(rest, place)
        if found is None:
            return None
        words.append(found[2] if found[1] is None else re.sub(rb"\\(.)", rb"\1", found[1]))
        place = found.end()
    return None if literal else words


def _ours(word: str) -> bool:
    upper = word.upper()
    return upper in _OURS or upper in _NEVER or upper.startswith(("AUTH=", "COMPRESS="))
