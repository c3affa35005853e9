"""One client's session with an IMAP server that has greeted it, up to the login; then octets pass as they are.

What passes passes octet by octet, but capabilities.  A client may send many commands before their replies: each that goes to the
server leaves its tag in a queue, each that we answer leaves the answer, and so replies come in the order of the commands.  What
follows a login waits for its reply.  RFC 9051 (IMAP), 7888 (literals without waiting), 4959 (SASL-IR), 2971 (ID).
"""

import enum
from collections import deque
from collections.abc import Callable

import attrs

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError
from exproxy.wire.imaprelay.commands import (
    LINE,
    Announced,
    Command,
    Kind,
    announced,
    command_of,
    first_argument,
    honest,
    literal_like,
    login_up_to_literal,
    sound,
)
from exproxy.wire.imaprelay.facts import Facts
from exproxy.wire.imaprelay.offers import compresses, rewritten
from exproxy.wire.imaprelay.responses import Response, Responses
from exproxy.wire.lines import Lines, quoted
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.sasl import LONGEST as LONGEST_RESPONSE
from exproxy.wire.sasl import login_account, plain_account
from exproxy.wire.step import Out, Step, Then

HELD = 32_768
"""Octets from the client that wait for a login's reply."""
LITERAL = 16_384
"""Octets of one literal before the login: of a name or a password."""
OUTSTANDING = 256
"""Commands without their reply; the client is not read meanwhile."""

_BARE = (Kind.OTHER, Kind.STARTTLS, Kind.LOGOUT)
"""What has no arguments."""
_WAITED_FOR = (Kind.LOGIN, Kind.AUTHENTICATE, Kind.STARTTLS, Kind.LOGOUT)
_GONE = b"* BYE [UNAVAILABLE] The mail server is gone, try again later\r\n"
_MAINTENANCE = b"* BYE [UNAVAILABLE] Service is going down for maintenance, try again later\r\n"
_TIMEOUT = b"* BYE Nothing came for too long, closing\r\n"
_NONSENSE = b"* BYE [UNAVAILABLE] The mail server's answer makes no sense, try again later\r\n"
_ABUSE = b"* BYE That is more than may be said here\r\n"
_TOO_MANY = b"* BYE Too many bad commands\r\n"
_ABUSED = b"* BYE [UNAVAILABLE] Too many errors from your address, try again later\r\n"
_BEGIN = b"OK Begin TLS negotiation now"
_LOGOUT = b"exproxy LOGOUT\r\n"
_CANCEL = b"*\r\n"


class _Place(enum.Enum):
    """What the client's next octet is."""

    COMMAND = "of a command's first line"
    PART = "of a command's line behind a literal"
    LITERAL = "of a literal"
    RESPONSE = "of a line of an AUTHENTICATE exchange"
    WAIT = "not to be understood before the server's reply"
    HANDSHAKE = "thrown away: the client is to begin TLS, and what comes before that is nobody's"
    OVER = "thrown away: the session ends"
    OPEN = "none of our business"


@attrs.frozen
class _Asked:
    """A command that the server has.

    :param partly: its line ends in a literal that the client waits to be asked for.
    """

    kind: Kind
    tag: bytes
    partly: bool = False


@attrs.frozen
class _Ours:
    """What we answer ourselves."""

    octets: bytes
    then: Then = Then.GO_ON


class ImapRelay:
    """Give it what either side sends after the greeting, cut anywhere, and send what it tells.

    :param secure: the client's side is encrypted already.
    """

    __slots__ = (
        "_account",
        "_answer",
        "_arguments",
        "_awaited",
        "_bad_run",
        "_client",
        "_command",
        "_left",
        "_naming",
        "_place",
        "_server",
        "_settings",
        "facts",
    )

    def __init__(self, settings: Settings, *, secure: bool = False) -> None:
        self.facts = Facts(tls=secure)
        self._settings = settings
        self._place = _Place.COMMAND
        self._awaited: deque[_Asked | _Ours] = deque()
        self._client = Lines(LINE)
        self._server = Responses()
        self._command = Command(Kind.UNKNOWN, b"*", b"")
        """The present one."""
        self._arguments = b""
        """Of the present one so far, without what its literals held."""
        self._left = 0
        """Octets of the present literal."""
        self._answer: bytes | None = None
        """What we say to the present command when it is over; ``None``: it goes to the server."""
        self._naming = False
        """The present literal, or the one to come, is the name of who logs in."""
        self._account: Callable[[bytes], bytes] = _nobody
        self._bad_run = 0

    @classmethod
    def open(cls, facts: Facts) -> "ImapRelay":
        """Of a client that was logged in elsewhere: nothing is followed any more.

        :param facts: what is known of it.
        """
        relay = cls(Settings(), secure=facts.tls)
        facts.authenticated = True
        facts.last = "OK"
        relay.facts = facts
        relay._place = _Place.OPEN
        return relay

    @property
    def buffered(self) -> int:
        """Octets held now."""
        return self._client.buffered + self._server.buffered

    @property
    def holding(self) -> bool:
        """The client had better not be read."""
        return self._place is _Place.WAIT or len(self._awaited) >= OUTSTANDING

    @property
    def awaiting(self) -> bool:
        """The server owes a reply."""
        return bool(self._awaited)

    def greeting(self, said: bytes) -> bytes:
        """The server's greeting, as it is true for this client."""
        self._look_for_compress(said)
        return rewritten(said, self._settings, secure=self.facts.tls)

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close both sides."""
        if self._place is _Place.OPEN:
            return Step(data)
        out = Out()
        self._client.receive(data)
        self._read(out)
        if self._client.buffered > HELD:
            raise self._broken(f"more than {HELD} octets came without waiting for a reply", "IMAP client", _ABUSE, out)
        return out.step()

    def from_server(self, data: bytes) -> Step:
        """:raises Broken: likewise."""
        if self._place is _Place.OPEN:
            return Step(b"", data)
        out = Out()
        if self._place is not _Place.OVER:
            self._server.receive(data)
            self._hear(out)
        return out.step()

    def secured(self) -> Step:
        """The client's side is encrypted now; what it said before is forgotten (RFC 9051 6.2.1)."""
        assert self._place is _Place.HANDSHAKE, "START_TLS was told"
        self._client.clear()
        self._place = _Place.COMMAND
        self.facts.tls = True
        out = Out()
        self._hear(out)
        return out.step()

    def drain(self) -> Step:
        """Before the login nothing is lost."""
        return self._leave(_MAINTENANCE)

    def expire(self) -> Step:
        """Nothing has come for too long."""
        return self._leave(_TIMEOUT)

    def abuse(self) -> Step:
        """Its source has done too much wrong, in this session and in others."""
        return self._leave(_ABUSED)

    def client_lost(self) -> Step:
        """The client has gone without LOGOUT: the server hears one in its place, where that can only be a command."""
        return self._leave(b"")

    def server_lost(self) -> Step:
        """The server has closed."""
        out = Out()
        if self._place not in (_Place.OVER, _Place.OPEN):
            if self._place is not _Place.HANDSHAKE and not self._parted():
                self._say_bye(_GONE, out)
            self._finish(out)
        return out.step()

    def _parted(self) -> bool:
        """Whether the client has asked to leave, and has heard the server's own goodbye."""
        asked = self._awaited[0] if self._awaited else None
        return isinstance(asked, _Asked) and asked.kind is Kind.LOGOUT and self.facts.last == "BYE"

    # What the client says.

    def _read(self, out: Out) -> None:
        while len(self._awaited) < OUTSTANDING and self._read_one(out):
            pass
        if self._place in (_Place.HANDSHAKE, _Place.OVER):
            self._client.clear()

    def _read_one(self, out: Out) -> bool:
        """Take what the client's next octets are; tells whether there was enough of them."""
        place = self._place
        if place is _Place.COMMAND:
            return self._read_command(out)
        if place is _Place.PART:
            return self._read_part(out)
        if place is _Place.LITERAL:
            return self._read_literal(out)
        return place is _Place.RESPONSE and self._read_response(out)

    def _line(self, out: Out, limit: int = LINE) -> bytes | None:
        self._client.limit = limit
        try:
            return self._client.take("IMAP command")
        except WireError as error:
            raise self._broken(error.what, error.where, _ABUSE, out) from error

    def _read_command(self, out: Out) -> bool:
        """Take a command's first line; tells whether there was one."""
        line = self._line(out, LONGEST_RESPONSE)
        if line is None:
            return False
        self._command = command = command_of(line)
        self._answer = self._refusal(command, line)
        if self._answer is None:
            self._remember(command)
        elif self._answer is not _BEGIN:
            self.facts.bad += 1
            self._bad_run += 1
        self._take_line(line, out)
        return True

    def _refusal(self, command: Command, line: bytes) -> bytes | None:
        """What we answer instead of passing a command on."""
        if command.kind is Kind.UNKNOWN:
            return b"BAD Unknown command, or not one that may be said before the login"
        if command.kind is Kind.ID and not honest(command.arguments):
            return b"BAD That is no ID that a client may send"
        if command.kind is Kind.STARTTLS and (self.facts.tls or self._settings.starttls is not StartTls.PASS):
            return self._tls_refusal()
        bare = self._settings.require_tls and not self.facts.tls
        if bare and command.kind in (Kind.LOGIN, Kind.AUTHENTICATE):
            return b"NO [PRIVACYREQUIRED] Begin TLS first: STARTTLS"
        return self._argument_refusal(command, line)

    def _argument_refusal(self, command: Command, line: bytes) -> bytes | None:
        """What is a literal for us alone is commands for the server, at which nobody has looked."""
        if command.kind in _BARE and command.arguments:
            return b"BAD This command has no arguments"
        if literal_like(line) and not (command.kind is Kind.LOGIN and login_up_to_literal(command.arguments)):
            return b"BAD No literal may stand here"
        return None

    def _tls_refusal(self) -> bytes:
        if self.facts.tls:
            return b"BAD TLS is active already"
        return _BEGIN if self._settings.starttls is StartTls.OFFER else b"BAD STARTTLS is not offered"

    def _remember(self, command: Command) -> None:
        """Who this is, where it is said on the line."""
        self._naming = command.kind is Kind.LOGIN and command.arguments.startswith(b"{")
        self._arguments = command.arguments
        if command.kind is Kind.LOGIN:
            self.facts.account = b"" if self._naming else first_argument(command.arguments)
        elif command.kind is Kind.AUTHENTICATE:
            mechanism, _, response = command.arguments.strip().partition(b" ")
            self._account = _ACCOUNTS.get(mechanism.upper(), _nobody)
            self.facts.account = self._account(response) if response else b""

    def _take_line(self, line: bytes, out: Out) -> None:
        """Pass a line on, or do not, and look what follows it."""
        literal = announced(line) if sound(line) else None
        if self._answer is None:
            out.server.append(line)
        if literal is None:
            self._end_of_command(out)
        elif literal.size > LITERAL:
            raise self._broken(f"a literal of {literal.size} octets before the login", "IMAP client", _ABUSE, out)
        elif literal.waits and self._answer is not None:
            self._end_of_command(out)  # the client is not asked for the literal, so none comes
        else:
            self._begin_literal(literal)

    def _begin_literal(self, literal: Announced) -> None:
        self._left = literal.size
        if literal.waits:
            self._awaited.append(_Asked(self._command.kind, self._command.tag, partly=True))
            self._place = _Place.WAIT
        else:
            self._place = _Place.LITERAL

    def _read_literal(self, out: Out) -> bool:
        octets = self._client.take_octets(self._left)
        if not octets and self._left:
            return False
        self._left -= len(octets)
        if self._answer is None:
            out.server.append(octets)
            if self._naming:
                self.facts.account += octets
        if not self._left:
            self._place = _Place.PART
        return True

    def _read_part(self, out: Out) -> bool:
        line = self._line(out)
        if line is None:
            return False
        if self._answer is None and not sound(line):
            raise self._broken("a line within a command has a CR, LF or NUL of its own", "IMAP client", _ABUSE, out)
        self._naming = False
        self._arguments += line[:-2]
        if self._answer is None and literal_like(line) and not login_up_to_literal(self._arguments):
            raise self._broken("it announces a literal where none may stand", "IMAP client", _ABUSE, out)
        self._take_line(line, out)
        return True

    def _read_response(self, out: Out) -> bool:
        """A line of an exchange; for a bad one the server gets the word to cancel (RFC 9051 6.2.2), and answers itself."""
        line = self._line(out, LONGEST_RESPONSE)
        if line is None:
            return False
        if not sound(line):
            self.facts.bad += 1
            line = _CANCEL
        elif not self.facts.account:
            self.facts.account = self._account(line)
        out.server.append(line)
        self._awaited.append(_Asked(Kind.AUTHENTICATE, self._command.tag))
        self._place = _Place.WAIT
        return True

    def _end_of_command(self, out: Out) -> None:
        command = self._command
        self._place = _Place.COMMAND
        if self._answer is not None:
            self._answer_it(command, self._answer, out)
            return
        self._awaited.append(_Asked(command.kind, command.tag))
        if command.kind in _WAITED_FOR:
            self._place = _Place.WAIT
        if command.kind is Kind.LOGOUT:
            self._client.clear()

    def _answer_it(self, command: Command, answer: bytes, out: Out) -> None:
        """Answer in the server's place, when it is this command's turn."""
        begins = answer is _BEGIN
        if begins:
            self._place = _Place.WAIT
        self._awaited.append(_Ours(b"%b %b\r\n" % (command.tag, answer), Then.START_TLS if begins else Then.GO_ON))
        if self._bad_run >= self._settings.most_bad:
            self._awaited.append(_Ours(_TOO_MANY, Then.FINISH))
        self._say_ours(out)

    def _say_ours(self, out: Out) -> None:
        """Say what is ours to say and whose turn has come."""
        while self._awaited and isinstance(ours := self._awaited[0], _Ours):
            self._awaited.popleft()
            out.client.append(ours.octets)
            self.facts.last = "BYE" if ours.octets[:1] == b"*" else ours.octets.split(b" ", 2)[1].decode("ascii")
            if ours.then is Then.START_TLS:
                self._place = _Place.HANDSHAKE
                out.then = Then.START_TLS
            elif ours.then is Then.FINISH:
                out.server.append(_LOGOUT)
                self._finish(out)

    # What the server says.

    def _hear(self, out: Out) -> None:
        while self._follows_server():
            try:
                response = self._server.next()
            except WireError as error:
                raise self._broken(error.what, error.where, _NONSENSE, out) from error
            if response is None:
                break
            self._take_response(response, out)
            if self._client.buffered and self._follows_server():
                self._read(out)
        if self._place is _Place.HANDSHAKE and self._server.buffered:
            raise self._broken("it speaks, and was not asked", "IMAP server", b"", out)

    def _follows_server(self) -> bool:
        return self._place not in (_Place.OVER, _Place.OPEN, _Place.HANDSHAKE)

    def _take_response(self, response: Response, out: Out) -> None:
        asked = self._awaited[0] if self._awaited else None
        assert not isinstance(asked, _Ours), "what is ours was said before"
        if response.tag == b"*":
            self._untagged(response, out)
        elif asked is None:
            raise self._broken(f"it says {quoted(response.octets)}, and was not asked", "IMAP server", _NONSENSE, out)
        elif response.tag == b"+":
            self._continuation(response, asked, out)
        elif response.tag != asked.tag:
            raise self._broken(f"the tag is {quoted(response.tag)}, expected {quoted(asked.tag)}", "IMAP server", _NONSENSE, out)
        else:
            self._awaited.popleft()
            self._tagged(response, asked, out)
            self._say_ours(out)

    def _look_for_compress(self, said: bytes) -> None:
        """It is not offered before the login, but nobody follows what is asked and agreed to behind that."""
        self.facts.compress = self.facts.compress or compresses(said)

    def _untagged(self, response: Response, out: Out) -> None:
        self._look_for_compress(response.octets)
        out.client.append(rewritten(response.octets, self._settings, secure=self.facts.tls))
        if response.word == b"BYE":
            self.facts.last = "BYE"
            if not any(isinstance(asked, _Asked) and asked.kind is Kind.LOGOUT for asked in self._awaited):
                self._finish(out)

    def _continuation(self, response: Response, asked: _Asked, out: Out) -> None:
        if asked.partly:
            self._place = _Place.LITERAL
        elif asked.kind is Kind.AUTHENTICATE:
            self._place = _Place.RESPONSE
        else:
            raise self._broken("it asks to go on with a command that was complete", "IMAP server", _NONSENSE, out)
        self._awaited.popleft()
        out.client.append(response.octets)

    def _tagged(self, response: Response, asked: _Asked, out: Out) -> None:
        good = response.word == b"OK"
        if response.word not in (b"OK", b"NO", b"BAD"):
            what = f"it says {quoted(response.octets)} to {asked.kind.name}"
            raise self._broken(what, "IMAP server", _NONSENSE, out)
        login = asked.kind in (Kind.LOGIN, Kind.AUTHENTICATE)
        if good and asked.partly:
            raise self._broken("it takes a command before that is complete", "IMAP server", _NONSENSE, out)
        secure, done = self.facts.tls, login and good
        self._look_for_compress(response.octets)
        out.client.append(rewritten(response.octets, self._settings, secure=secure, authenticated=done))
        self.facts.last = response.word.decode("ascii")
        if asked.partly or asked.kind in _WAITED_FOR:
            self._place = _Place.COMMAND
        if asked.kind is Kind.LOGOUT and good:
            self._finish(out)
        elif asked.kind is Kind.STARTTLS and good:
            self.facts.opaque = True
            self._open(out, keep=False)
        elif done:
            self.facts.authenticated = True
            self._open(out, keep=True)
        elif login:
            self.facts.auth_failures += 1
            self.facts.account = b""

    # How it ends.

    def _open(self, out: Out, *, keep: bool) -> None:
        """From now on octets pass as they are.

        Behind STARTTLS what either side sent in the clear is thrown away (CVE-2011-0411).
        """
        if keep:
            out.server.append(self._client.take_octets(self._client.buffered))
            out.client.append(self._server.take_all())
        self._server.clear()
        self._client = Lines(LINE)
        self._command = Command(Kind.UNKNOWN, b"*", b"")
        self._arguments = b""  # a password lives no longer than the login
        self._place = _Place.OPEN
        out.then = Then.PIPE

    def _leave(self, words: bytes) -> Step:
        out = Out()
        if self._place not in (_Place.OVER, _Place.OPEN):
            if self._place in (_Place.COMMAND, _Place.HANDSHAKE) and not self._awaited:
                out.server.append(_LOGOUT)
            if words and self._place is not _Place.HANDSHAKE:
                self._say_bye(words, out)
            self._finish(out)
        return out.step()

    def _say_bye(self, words: bytes, out: Out) -> None:
        out.client.append(words)
        self.facts.last = "BYE"

    def _finish(self, out: Out) -> None:
        self._place = _Place.OVER
        self._awaited.clear()
        self._client.clear()
        self._server.clear()
        out.then = Then.FINISH

    def _broken(self, what: str, where: str, words: bytes, out: Out) -> Broken:
        if words:
            self._say_bye(words, out)
        self._finish(out)
        return Broken(what, where, Crossing(b"".join(out.server), b"".join(out.client)))


def _nobody(_response: bytes) -> bytes:
    return b""


_ACCOUNTS: dict[bytes, Callable[[bytes], bytes]] = {b"PLAIN": plain_account, b"LOGIN": login_account}
