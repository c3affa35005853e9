"""A client's session with us before its login, in POP3 (RFC 1939 4, 2449, 2595, 5034): USER and PASS, or AUTH PLAIN and LOGIN.

There is no APOP: its digest is made with a word of the server's greeting, and which server that is is not known yet.
"""

import enum
import re
from collections.abc import Collection

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.desk.base import HELD, MOST_COMMANDS, MOST_FAILED
from exproxy.wire.desk.exchange import MECHANISMS, Exchange, NoLoginError
from exproxy.wire.desk.login import Login
from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.poprelay.commands import LONGEST, Kind, kind_of
from exproxy.wire.poprelay.facts import Facts
from exproxy.wire.sasl import LONGEST as LONGEST_RESPONSE
from exproxy.wire.step import Out, Step, Then

_NOT_BEFORE_LOGIN = frozenset(("STLS", "SASL", "USER", "APOP", "XCLIENT", "UTF8", "LANG"))
"""Ours to say; or what a server would have to be told before the login, when there is none."""

_GREETING = b"+OK POP3 ready\r\n"
_OK = b"+OK\r\n"
_BYE = b"+OK Bye\r\n"
_START = b"+OK Begin TLS negotiation\r\n"
_UNKNOWN = b"-ERR Unknown command\r\n"
_USER_FIRST = b"-ERR Say USER first\r\n"
_TLS_FIRST = b"-ERR Begin TLS first: STLS\r\n"
_TLS_ACTIVE = b"-ERR TLS is active already\r\n"
_TLS_NOT_OFFERED = b"-ERR STLS is not offered\r\n"
_TLS_PARAMETERS = b"-ERR STLS has no parameters\r\n"
_MECHANISM = b"-ERR This mechanism is not offered\r\n"
_UNSOUND = b"-ERR That is no name and password that could be passed on\r\n"
_UNAVAILABLE = b"-ERR [SYS/TEMP] No mail server is available, try again later\r\n"
_MAINTENANCE = b"-ERR [SYS/TEMP] Service is going down for maintenance, try again later\r\n"
_TIMEOUT = b"-ERR Nothing came for too long, closing\r\n"
_LONG = b"-ERR The line is too long\r\n"
_TOO_MANY = b"-ERR Too many commands without a login\r\n"
_NO_VERDICT = re.compile(rb"-ERR \[(?:SYS/|IN-USE|LOGIN-DELAY)", re.IGNORECASE)
"""What says nothing of name and password (RFC 2449 8, 3206)."""


class _Place(enum.Enum):
    """What the client's next octet is."""

    COMMAND = "of a command line"
    RESPONSE = "of a line of an AUTH exchange"
    WAIT = "not to be heard before the login is judged"
    HANDSHAKE = "thrown away: the client is to begin TLS, and what comes before that is nobody's"
    OVER = "thrown away: the session ends"


class PopDesk:
    """:param offered: what all servers list at CAPA.

    :param secure: the client's side is encrypted already.
    """

    __slots__ = ("_bad_run", "_client", "_commands", "_exchange", "_offered", "_place", "_settings", "_user", "facts", "login")

    def __init__(self, settings: Settings, offered: Collection[str], *, secure: bool = False) -> None:
        self.facts = Facts(tls=secure)
        self.login: Login | None = None
        self._settings = settings
        self._offered = tuple(line for line in offered if line.split(None, 1)[0].upper() not in _NOT_BEFORE_LOGIN)
        self._client = Lines(LONGEST)
        self._place = _Place.COMMAND
        self._exchange: Exchange | None = None
        self._user: bytes | None = None
        self._bad_run = 0
        self._commands = 0

    @property
    def buffered(self) -> int:
        """Octets held now."""
        return self._client.buffered

    def greeting(self) -> bytes:
        return _GREETING

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close."""
        out = Out()
        self._client.receive(data)
        self._read(out)
        if self._client.buffered > HELD:
            raise self._broken(f"more than {HELD} octets came without waiting for an answer", out)
        return out.step()

    def secured(self) -> Step:
        """What the client said in the clear is forgotten (RFC 2595 4)."""
        assert self._place is _Place.HANDSHAKE, "START_TLS was told"
        self._client.clear()
        self._user = None
        self._place = _Place.COMMAND
        self.facts.tls = True
        return Step()

    def refused(self, words: bytes) -> Step:
        out = Out()
        self._say(words, out)
        if _NO_VERDICT.match(words) is None:
            self.facts.auth_failures += 1
        self._back()
        if self.facts.auth_failures >= MOST_FAILED:
            self._finish(out)
        else:
            self._read(out)
        return out.step()

    def unavailable(self) -> Step:
        out = Out()
        self._say(_UNAVAILABLE, out)
        self._back()
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
        while self._place in (_Place.COMMAND, _Place.RESPONSE):
            line = self._line(out)
            if line is None:
                return
            if self._place is _Place.COMMAND:
                self._command(line, out)
            else:
                self._respond(line if line[-2:] == b"\r\n" else b"*", out)
        if self._place in (_Place.HANDSHAKE, _Place.OVER):
            self._client.clear()

    def _line(self, out: Out) -> bytes | None:
        long = self._place is _Place.RESPONSE or self._client.rest[:5].upper() == b"AUTH "
        self._client.limit = LONGEST_RESPONSE if long else LONGEST
        try:
            return self._client.take("POP3 command")
        except WireError as error:
            raise self._broken(error.what, out) from None
        finally:
            self._client.last = b""  # it would be kept there

    def _command(self, line: bytes, out: Out) -> None:
        self._commands += 1
        if self._commands > MOST_COMMANDS:
            self._say(_TOO_MANY, out)
            self._finish(out)
            return
        kind, words = kind_of(line)
        verb = line[:4].upper()
        if self._settings.require_tls and not self.facts.tls and kind in (Kind.USER, Kind.LOGIN, Kind.AUTH):
            self._refuse(_TLS_FIRST, out)
            return
        match kind:
            case Kind.CAPA:
                self._say(self._capabilities(), out)
            case Kind.USER if words:
                self._user = words
                self._say(_OK, out)
            case Kind.LOGIN if verb == b"PASS":
                self._password(words, out)
            case Kind.AUTH:
                self._authenticate(words, out)
            case Kind.STLS:
                self._stls(words, out)
            case Kind.QUIT:
                self._say(_BYE, out)
                self._finish(out)
            case Kind.OTHER if verb == b"NOOP":
                self._say(_OK, out)
            case _:
                self._refuse(_UNKNOWN, out)

    def _password(self, words: bytes, out: Out) -> None:
        """All behind the blank is the password, blanks too (RFC 1939 7)."""
        user, self._user = self._user, None
        if user is None:
            self._refuse(_USER_FIRST, out)
            return
        login = Login(user, words)
        if login.sound:
            self._ask_for(login, out)
        else:
            self._refuse(_UNSOUND, out)

    def _authenticate(self, words: bytes, out: Out) -> None:
        mechanism, _, response = words.strip().partition(b" ")
        if mechanism.upper() not in MECHANISMS:
            self._refuse(_MECHANISM, out)
            return
        self._exchange = Exchange(mechanism.upper())
        if response:
            self._respond(response, out)
        else:
            self._challenge(out)

    def _challenge(self, out: Out) -> None:
        assert self._exchange is not None
        out.client.append(b"+ %b\r\n" % self._exchange.challenge)
        self._place = _Place.RESPONSE

    def _respond(self, response: bytes, out: Out) -> None:
        assert self._exchange is not None
        self._place = _Place.COMMAND
        try:
            login = self._exchange.take(response)
        except NoLoginError as error:
            self._exchange = None
            self._refuse(b"-ERR %b\r\n" % str(error).encode("ascii"), out)
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

    def _stls(self, words: bytes, out: Out) -> None:
        if words.strip():
            self._refuse(_TLS_PARAMETERS, out)
        elif self.facts.tls:
            self._refuse(_TLS_ACTIVE, out)
        elif self._settings.starttls is not StartTls.OFFER:
            self._refuse(_TLS_NOT_OFFERED, out)
        else:
            self._say(_START, out)
            self._place = _Place.HANDSHAKE
            out.then = Then.START_TLS

    # What we say.

    def _capabilities(self) -> bytes:
        lines = list(self._offered)
        if self._settings.starttls is StartTls.OFFER and not self.facts.tls:
            lines.append("STLS")
        if self.facts.tls or not self._settings.require_tls:
            lines += ["USER", "SASL PLAIN LOGIN"]
        return "".join(f"{line}\r\n" for line in ("+OK", *lines, ".")).encode("ascii", "replace")

    def _say(self, octets: bytes, out: Out) -> None:
        out.client.append(octets)
        self.facts.last = "+OK" if octets[:1] == b"+" else "-ERR"

    def _refuse(self, answer: bytes, out: Out) -> None:
        self._say(answer, out)
        self.facts.bad += 1
        self._bad_run += 1
        if self._bad_run >= self._settings.most_bad:
            self._say(_TOO_MANY, out)
            self._finish(out)

    # How it ends.

    def _back(self) -> None:
        """To where the client may log in again."""
        self._forget()
        self.facts.account = b""
        self._place = _Place.COMMAND

    def _forget(self) -> None:
        self.login = None
        self._exchange = None
        self._user = None

    def _leave(self, words: bytes) -> Step:
        out = Out()
        if self._place is not _Place.OVER:
            if self._place is not _Place.HANDSHAKE:
                self._say(words, out)
            self._finish(out)
        return out.step()

    def _finish(self, out: Out) -> None:
        self._forget()
        self._client.clear()
        self._place = _Place.OVER
        out.then = Then.FINISH

    def _broken(self, what: str, out: Out) -> Broken:
        self._say(_LONG, out)
        self._finish(out)
        return Broken(what, "POP3 client", Crossing(b"", b"".join(out.client)))
