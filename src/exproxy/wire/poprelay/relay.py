"""One client's session with a POP3 server that has greeted it, up to the login; then octets pass as they are.

What passes passes octet by octet, but the listing of CAPA.  A client may send many commands before their replies (RFC 2449 6.6):
each that goes to the server leaves its :class:`Kind` in a queue, each that we answer leaves the answer, and so replies come in
the order of the commands.  What follows a login waits for its reply.
"""

import enum
from collections import deque
from collections.abc import Callable

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines, quoted
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.poprelay.commands import LONGEST, Kind, kind_of
from exproxy.wire.poprelay.facts import Facts
from exproxy.wire.sasl import LONGEST as LONGEST_RESPONSE
from exproxy.wire.sasl import login_account, plain_account
from exproxy.wire.step import Out, Step, Then

HELD = 32_768
"""Octets from the client that wait for a login's reply: who pipelines more has not read RFC 2449."""
LISTING = 16_384
"""Octets of a reply with its listing."""
OUTSTANDING = 256
"""Commands without their reply; the client is not read meanwhile."""

_OK, _ERR, _MORE = b"+OK", b"-ERR", b"+ "
_BYE = b"-ERR [SYS/TEMP] The mail server is gone, try again later\r\n"
_MAINTENANCE = b"-ERR [SYS/TEMP] Service is going down for maintenance, try again later\r\n"
_TIMEOUT = b"-ERR Nothing came for too long, closing\r\n"
_NONSENSE = b"-ERR [SYS/TEMP] The mail server's answer makes no sense, try again later\r\n"
_UNKNOWN = b"-ERR Unknown command\r\n"
_LONG = b"-ERR The line is too long\r\n"
_TLS_FIRST = b"-ERR Begin TLS first: STLS\r\n"
_TLS_ACTIVE = b"-ERR TLS is active already\r\n"
_TLS_NOT_OFFERED = b"-ERR STLS is not offered\r\n"
_TLS_LATE = b"-ERR STLS has to come before USER\r\n"
_START = b"+OK Begin TLS negotiation\r\n"
_TOO_MANY = b"-ERR Too many bad commands\r\n"
_ABUSED = b"-ERR [SYS/TEMP] Too many errors from your address, try again later\r\n"
_QUIT = b"QUIT\r\n"
_CANCEL = b"*\r\n"


class _Place(enum.Enum):
    """What the client's next octet is."""

    COMMAND = "of a command line"
    RESPONSE = "of a line of an AUTH exchange"
    WAIT = "not to be understood before the server's reply"
    HANDSHAKE = "thrown away: the client is to begin TLS, and what comes before that is nobody's"
    OVER = "thrown away: the session ends"
    OPEN = "none of our business"


class PopRelay:
    """Give it what either side sends after the greeting, cut anywhere, and send what it tells.

    :param secure: the client's side is encrypted already.
    """

    __slots__ = ("_account", "_awaited", "_bad_run", "_capa", "_client", "_place", "_server", "_settings", "_user", "facts")

    def __init__(self, settings: Settings, *, secure: bool = False) -> None:
        self.facts = Facts(tls=secure)
        self._settings = settings
        self._place = _Place.COMMAND
        self._awaited: deque[Kind | bytes] = deque()
        self._client = Lines(LONGEST)
        self._server = Lines(LISTING)
        self._capa = bytearray()
        """The listing of CAPA, as far as it has come."""
        self._account: Callable[[bytes], bytes] = _nobody
        self._user = False
        self._bad_run = 0

    @classmethod
    def open(cls, facts: Facts) -> "PopRelay":
        """Of a client that was logged in elsewhere: nothing is followed any more.

        :param facts: what is known of it.
        """
        relay = cls(Settings(), secure=facts.tls)
        facts.authenticated = True
        facts.last = "+OK"
        relay.facts = facts
        relay._place = _Place.OPEN
        return relay

    @property
    def buffered(self) -> int:
        """Octets held now."""
        return self._client.buffered + self._server.buffered + len(self._capa)

    @property
    def holding(self) -> bool:
        """The client had better not be read."""
        return self._place is _Place.WAIT or len(self._awaited) >= OUTSTANDING

    @property
    def awaiting(self) -> bool:
        """The server owes a reply."""
        return bool(self._awaited)

    def greeting(self, said: bytes) -> bytes:
        """The server's greeting is the client's: its timestamp is for APOP."""
        return said

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close both sides."""
        if self._place is _Place.OPEN:
            return Step(data)
        out = Out()
        self._client.receive(data)
        self._read(out)
        if self._client.buffered > HELD:
            raise self._broken(f"more than {HELD} octets came without waiting for a reply", "POP3 client", _LONG, out)
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
        """The client's side is encrypted now; what it said before is forgotten (RFC 2595 4)."""
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
        """The client has gone without QUIT: the server hears one in its place, where that can only be a command."""
        return self._leave(b"")

    def server_lost(self) -> Step:
        """The server has closed."""
        out = Out()
        if self._place not in (_Place.OVER, _Place.OPEN):
            parting = len(self._awaited) == 1 and self._awaited[0] is Kind.QUIT
            if self._place is not _Place.HANDSHAKE:
                self._say(b"+OK Bye\r\n" if parting else _BYE, out)
            self._finish(out)
        return out.step()

    # What the client says.

    def _read(self, out: Out) -> None:
        while True:
            place = self._place
            if place is _Place.COMMAND and len(self._awaited) < OUTSTANDING:
                line = self._line(LONGEST, out)
                if line is None:
                    break
                self._command(line, out)
            elif place is _Place.RESPONSE:
                line = self._line(LONGEST_RESPONSE, out)
                if line is None:
                    break
                self._response(line, out)
            else:
                if place in (_Place.HANDSHAKE, _Place.OVER):
                    self._client.clear()
                break

    def _line(self, limit: int, out: Out) -> bytes | None:
        self._client.limit = LONGEST_RESPONSE if self._client.rest[:5].upper() == b"AUTH " else limit
        try:
            return self._client.take("POP3 command")
        except WireError as error:
            raise self._broken(error.what, error.where, _LONG, out) from error

    def _command(self, line: bytes, out: Out) -> None:
        kind, words = kind_of(line)
        if kind in (Kind.UNKNOWN, Kind.DENIED):
            self._refuse(_UNKNOWN, out)
        elif kind is Kind.STLS:
            self._stls(line, out)
        elif self._settings.require_tls and not self.facts.tls and kind in (Kind.USER, Kind.LOGIN, Kind.AUTH):
            self._refuse(_TLS_FIRST, out)
        else:
            self._remember(kind, line, words)
            self._forward(kind, line, out)

    def _remember(self, kind: Kind, line: bytes, words: bytes) -> None:
        """Who this is, where it is said."""
        if kind is Kind.USER:
            self._user = True
            self.facts.account = words
        elif kind is Kind.LOGIN and line[:4].upper() == b"APOP":
            self.facts.account = words.partition(b" ")[0]
        elif kind is Kind.AUTH:
            mechanism, _, response = words.strip().partition(b" ")
            self._account = _ACCOUNTS.get(mechanism.upper(), _nobody)
            self.facts.account = self._account(response) if response else b""

    def _response(self, line: bytes, out: Out) -> None:
        """A line of an AUTH exchange; for a bad one the server gets the word to cancel (RFC 5034 4), and answers itself."""
        if line[-2:] != b"\r\n" or line.find(b"\r") != len(line) - 2 or b"\0" in line:
            self._count_bad()
            line = _CANCEL
        elif not self.facts.account:
            self.facts.account = self._account(line)
        self._forward(Kind.AUTH, line, out)

    def _forward(self, kind: Kind, line: bytes, out: Out) -> None:
        out.server.append(line)
        self._awaited.append(kind)
        if kind in (Kind.LOGIN, Kind.AUTH):
            self._place = _Place.WAIT
        elif kind is Kind.QUIT:
            self._client.clear()
            self._place = _Place.WAIT

    def _stls(self, line: bytes, out: Out) -> None:
        settings = self._settings
        if settings.starttls is StartTls.PASS and not self.facts.tls:
            self._forward(Kind.STLS, line, out)
            self._place = _Place.WAIT
        elif self.facts.tls:
            self._refuse(_TLS_ACTIVE, out)
        elif settings.starttls is not StartTls.OFFER:
            self._refuse(_TLS_NOT_OFFERED, out)
        elif self._user:
            self._refuse(_TLS_LATE, out)  # a name that somebody between us may have said
        else:
            self._place = _Place.WAIT
            self._answer(_START, out)

    def _refuse(self, answer: bytes, out: Out) -> None:
        self._answer(answer, out)
        self._count_bad()
        if self._bad_run >= self._settings.most_bad:
            self._answer(_TOO_MANY, out)

    def _count_bad(self) -> None:
        self.facts.bad += 1
        self._bad_run += 1

    def _answer(self, answer: bytes, out: Out) -> None:
        """Answer in the server's place, when it is this command's turn."""
        self._awaited.append(answer)
        self._say_ours(out)

    def _say_ours(self, out: Out) -> None:
        while self._awaited and isinstance(answer := self._awaited[0], bytes):
            self._awaited.popleft()
            self._say(answer, out)
            if answer is _START:
                self._place = _Place.HANDSHAKE
                out.then = Then.START_TLS
            elif answer is _TOO_MANY:
                out.server.append(_QUIT)
                self._finish(out)

    def _say(self, octets: bytes, out: Out) -> None:
        out.client.append(octets)
        self.facts.last = "+OK" if octets[:1] == b"+" else "-ERR"

    # What the server says.

    def _hear(self, out: Out) -> None:
        while self._follows_server():
            try:
                line = self._server.take("POP3 reply")
            except WireError as error:
                raise self._broken(error.what, error.where, _NONSENSE, out) from error
            if line is None:
                break
            self._reply(line, out)
            if self._client.buffered and self._follows_server():
                self._read(out)
        if self._place is _Place.HANDSHAKE and self._server.buffered:
            raise self._broken("it speaks, and was not asked", "POP3 server", b"", out)

    def _follows_server(self) -> bool:
        return self._place not in (_Place.OVER, _Place.OPEN, _Place.HANDSHAKE)

    def _reply(self, line: bytes, out: Out) -> None:
        if self._capa:
            self._listed(line, out)
            return
        kind = self._awaited[0] if self._awaited else None
        status = line[:4].upper()
        good, bad = status[:3] == _OK, status == _ERR
        if kind is None:
            self._unasked(line, bad, out)
            return
        assert isinstance(kind, Kind), "what is ours was said before"
        if not (good or bad or (kind is Kind.AUTH and (line[:2] == _MORE or line.strip() == b"+"))):
            raise self._broken(f"it says {quoted(line)} to {kind.name}", "POP3 server", _NONSENSE, out)
        if kind is Kind.CAPA and good:
            self._capa += line
            return
        self._awaited.popleft()
        self._say(line, out)
        self._learn(kind, good, bad, out)
        self._say_ours(out)

    def _unasked(self, line: bytes, bad: bool, out: Out) -> None:
        """A refusal is a server's way to end a session."""
        if not bad:
            raise self._broken(f"it says {quoted(line)}, and was not asked", "POP3 server", _NONSENSE, out)
        self._say(line, out)
        self._finish(out)

    def _learn(self, kind: Kind, good: bool, bad: bool, out: Out) -> None:
        if kind is Kind.QUIT:
            self._finish(out)
        elif kind is Kind.STLS:
            self._place = _Place.COMMAND
            if good:
                self.facts.opaque = True
                self._open(out, keep=False)
        elif kind is Kind.LOGIN or kind is Kind.AUTH:
            if bad:
                self.facts.auth_failures += 1
                self.facts.account = b""
                self._place = _Place.COMMAND
            elif not good:
                self._place = _Place.RESPONSE
            else:
                self.facts.authenticated = True
                self._open(out, keep=True)

    def _listed(self, line: bytes, out: Out) -> None:
        self._capa += line
        if len(self._capa) > LISTING:
            raise self._broken(f"the listing is longer than {LISTING} octets", "POP3 server", _NONSENSE, out)
        if line in (b".\r\n", b".\n"):
            listing, self._capa = bytes(self._capa), bytearray()
            self._awaited.popleft()
            self._say(rewritten(listing, self._settings, secure=self.facts.tls), out)
            self._say_ours(out)

    # How it ends.

    def _open(self, out: Out, *, keep: bool) -> None:
        """From now on octets pass as they are.  Behind STLS what either side sent in the clear is thrown away (CVE-2011-0411)."""
        if keep:
            out.server.append(self._client.take_octets(self._client.buffered))
            out.client.append(self._server.take_octets(self._server.buffered))
        self._client = Lines(LONGEST)  # the old one knows its last line, a password
        self._server.clear()
        self._place = _Place.OPEN
        out.then = Then.PIPE

    def _leave(self, words: bytes) -> Step:
        out = Out()
        if self._place not in (_Place.OVER, _Place.OPEN):
            if self._place in (_Place.COMMAND, _Place.HANDSHAKE) and not self._awaited:
                out.server.append(_QUIT)
            if words and self._place is not _Place.HANDSHAKE:
                self._say(words, out)
            self._finish(out)
        return out.step()

    def _finish(self, out: Out) -> None:
        self._place = _Place.OVER
        self._awaited.clear()
        self._client.clear()
        self._server.clear()
        self._capa.clear()
        out.then = Then.FINISH

    def _broken(self, what: str, where: str, words: bytes, out: Out) -> Broken:
        if words:
            self._say(words, out)
        self._finish(out)
        return Broken(what, where, Crossing(b"".join(out.server), b"".join(out.client)))


def rewritten(listing: bytes, settings: Settings, *, secure: bool) -> bytes:
    """What CAPA lists, made what is true through us; RFC 2449 5 and 6, RFC 2595 4."""
    hidden = {b"XCLIENT"}
    if settings.starttls is not StartTls.PASS or secure:
        hidden.add(b"STLS")
    if settings.require_tls and not secure:
        hidden |= {b"SASL", b"USER"}
    status, *lines = listing.split(b"\n")
    kept = [line for line in lines if _name(line) not in hidden]
    if settings.starttls is StartTls.OFFER and not secure:
        kept.insert(0, b"STLS\r")
    return b"\n".join([status, *kept])


def _name(line: bytes) -> bytes:
    words = line.split(None, 1)
    return words[0].upper() if words else b""


def _nobody(_response: bytes) -> bytes:
    return b""


_ACCOUNTS: dict[bytes, Callable[[bytes], bytes]] = {b"PLAIN": plain_account, b"LOGIN": login_account}
