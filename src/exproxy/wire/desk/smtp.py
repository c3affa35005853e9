"""A client's session with us before its login, in SMTP (RFC 5321, 3207, 4954): EHLO, STARTTLS, AUTH PLAIN and LOGIN; no mail.

A client does not say EHLO again behind AUTH, so what it is offered here is what it goes by: only what all servers can.
"""

import enum
from collections.abc import Collection

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.desk.base import MOST_COMMANDS, MOST_FAILED
from exproxy.wire.desk.exchange import MECHANISMS, Exchange, NoLoginError
from exproxy.wire.desk.login import Login
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.smtprelay import answers
from exproxy.wire.smtprelay.answers import Answer
from exproxy.wire.smtprelay.bounds import AUTH, HELD
from exproxy.wire.smtprelay.commands import Flaw, Inbox, Kind, chunk_of, countable, flaw, kind_of
from exproxy.wire.smtprelay.facts import Facts
from exproxy.wire.smtprelay.offers import DENIED, NOT_FOLLOWED
from exproxy.wire.smtprelay.refusals import starttls_refusal
from exproxy.wire.step import Out, Step, Then

_HIDDEN = frozenset(word.decode("ascii") for word in DENIED | NOT_FOLLOWED) | {"STARTTLS", "AUTH", "X-EXPS", "X-ANONYMOUSTLS"}
"""Ours to say, or nobody's."""

_FLAWS = {Flaw.TOO_LONG: answers.TOO_LONG, Flaw.BARE: answers.BARE, Flaw.NO_VERB: answers.NO_VERB}
_DONE = b"250 2.0.0 OK\r\n"
_BYE = b"221 2.0.0 Bye\r\n"
_HELP = b"214 2.0.0 Log in first: EHLO, STARTTLS, AUTH\r\n"
_LOGIN_FIRST = b"530 5.7.0 Authentication required\r\n"
_HELLO_FIRST = b"503 5.5.1 Error: send EHLO first\r\n"
_NAMELESS = b"501 5.5.4 Error: say who you are\r\n"
_MECHANISM = b"504 5.5.4 Error: this mechanism is not offered\r\n"
_UNAVAILABLE = b"454 4.7.0 No mail server is available, try again later\r\n"
_TOO_MANY_FAILED = b"421 4.7.0 Error: too many failed logins\r\n"


class _Place(enum.Enum):
    """What the client's next octet is."""

    COMMAND = "of a command line"
    RESPONSE = "of a line of an AUTH exchange"
    SWALLOW = "of a BDAT chunk that we have refused"
    WAIT = "not to be heard before the login is judged"
    HANDSHAKE = "thrown away: the client is to begin TLS, and what comes before that is nobody's"
    OVER = "thrown away: the session ends"


class SmtpDesk:
    """:param name: what we call ourselves.

    :param offered: what all servers list at EHLO.
    :param secure: the client's side is encrypted already.
    """

    __slots__ = (
        "_bad_run",
        "_chunk",
        "_commands",
        "_exchange",
        "_greeted",
        "_inbox",
        "_name",
        "_offered",
        "_place",
        "_settings",
        "facts",
        "login",
    )

    def __init__(self, name: str, settings: Settings, offered: Collection[str], *, secure: bool = False) -> None:
        self.facts = Facts(tls=secure)
        self.login: Login | None = None
        self._name = name
        self._settings = settings
        self._offered = tuple(line for line in offered if _keyword(line) not in _HIDDEN)
        self._inbox = Inbox()
        self._place = _Place.COMMAND
        self._exchange: Exchange | None = None
        self._greeted = False
        """By EHLO, in the present layer of TLS."""
        self._chunk = 0
        self._bad_run = 0
        self._commands = 0

    @property
    def buffered(self) -> int:
        """Octets held now."""
        return self._inbox.buffered

    @property
    def chunking(self) -> bool:
        """Whether the client was told that it may say BDAT."""
        return any(_keyword(line) == "CHUNKING" for line in self._offered)

    def greeting(self) -> bytes:
        return f"220 {self._name} ESMTP\r\n".encode("ascii")

    def from_client(self, data: bytes) -> Step:
        """:raises Broken: send its ``last``, close."""
        out = Out()
        self._inbox.receive(data)
        self._read(out)
        if self._inbox.buffered > HELD:
            raise self._broken(f"more than {HELD} octets came without waiting for a reply", out)
        return out.step()

    def secured(self) -> Step:
        """What the client said in the clear is forgotten (RFC 3207 4.2)."""
        assert self._place is _Place.HANDSHAKE, "START_TLS was told"
        self._inbox.clear()
        self._place = _Place.COMMAND
        self._greeted = False
        self.facts.tls = True
        self.facts.hello = b""
        return Step()

    def refused(self, words: bytes) -> Step:
        """A code of the 4xx says nothing of name and password."""
        out = Out()
        self._say(words, out)
        if words[:1] == b"5":
            self.facts.auth_failures += 1
        self._back()
        if self.facts.auth_failures >= MOST_FAILED:
            self._say(_TOO_MANY_FAILED, out)
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
        return self._leave(answers.SHUTDOWN)

    def expire(self) -> Step:
        return self._leave(answers.TIMEOUT)

    def leftover(self) -> bytes:
        octets = self._inbox.octets(self._inbox.buffered)
        self._forget()
        self._place = _Place.OVER
        return octets

    # What the client says.

    def _read(self, out: Out) -> None:
        inbox = self._inbox
        while inbox.buffered and self._place not in (_Place.WAIT, _Place.HANDSHAKE, _Place.OVER):
            if self._place is _Place.SWALLOW:
                self._chunk -= len(inbox.octets(self._chunk))
                if not self._chunk:
                    self._place = _Place.COMMAND
                continue
            line = inbox.line() if self._place is _Place.COMMAND else inbox.line(AUTH)
            if line is None:
                return
            if self._place is _Place.COMMAND:
                self._command(line, out)
            else:
                self._respond(line if flaw(line) is None else b"*", out)
        if self._place in (_Place.HANDSHAKE, _Place.OVER):
            inbox.clear()

    def _command(self, line: bytes, out: Out) -> None:
        self._commands += 1
        if self._commands > MOST_COMMANDS:
            self._say(answers.TOO_MANY_ERRORS.octets, out)
            self._finish(out)
            return
        kind = kind_of(line)
        if isinstance(kind, Flaw):
            self._refuse(_FLAWS[kind], out)
            return
        match kind:
            case Kind.EHLO | Kind.HELO:
                self._hello(kind, line, out)
            case Kind.FREE | Kind.RSET:
                self._say(_HELP if line[:4].upper() == b"HELP" else _DONE, out)
            case Kind.QUIT:
                self._say(_BYE, out)
                self._finish(out)
            case Kind.STARTTLS:
                self._starttls(line, out)
            case Kind.AUTH if line[:5].upper() == b"AUTH ":
                self._authenticate(line[5:], out)
            case Kind.DENIED:
                self.facts.denied += 1
                self._refuse(answers.DENIED, out)
            case Kind.AUTH | Kind.TLS | Kind.NOT_FOLLOWED:
                self._refuse(answers.NOT_FOLLOWED, out)
            case Kind.BDAT:
                self._bdat(line, out)
            case _:
                self._turn_down(self._login_first(), out)

    def _login_first(self) -> bytes:
        return answers.TLS_FIRST.octets if self._bare else _LOGIN_FIRST

    @property
    def _bare(self) -> bool:
        return self._settings.require_tls and not self.facts.tls

    def _hello(self, kind: Kind, line: bytes, out: Out) -> None:
        self.facts.hello = line[5:]
        if not self.facts.helo:
            self._turn_down(_NAMELESS, out)
            return
        self._greeted = self._greeted or kind is Kind.EHLO
        self._say(self._offers() if kind is Kind.EHLO else f"250 {self._name}\r\n".encode("ascii"), out)

    def _offers(self) -> bytes:
        lines = [self._name, *self._offered]
        if self._settings.starttls is StartTls.OFFER and not self.facts.tls:
            lines.append("STARTTLS")
        if not self._bare:
            lines.append("AUTH PLAIN LOGIN")
        octets = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
        return "".join(octets).encode("ascii", "replace")

    def _starttls(self, line: bytes, out: Out) -> None:
        answer = starttls_refusal(line, self._settings, self.facts)
        if answer is not None:
            self._refuse(answer, out)
        else:
            self._say(answers.START.octets, out)
            self._place = _Place.HANDSHAKE
            out.then = Then.START_TLS

    def _bdat(self, line: bytes, out: Out) -> None:
        """A chunk that is refused has to be read nevertheless (RFC 3030 2); one of unknown size is the end."""
        chunk = chunk_of(line)
        if chunk is None or not countable(chunk):
            self._say((answers.BAD_CHUNK if chunk is None else answers.BIG_CHUNK).octets, out)
            self._finish(out)
            return
        self._turn_down(self._login_first(), out)
        if chunk.size and self._place is _Place.COMMAND:
            self._chunk = chunk.size
            self._place = _Place.SWALLOW

    def _authenticate(self, words: bytes, out: Out) -> None:
        mechanism, _, response = words.strip().partition(b" ")
        if self._bare:
            self._refuse(answers.TLS_FIRST, out)
        elif not self._greeted:
            self._turn_down(_HELLO_FIRST, out)
        elif mechanism.upper() not in MECHANISMS:
            self._turn_down(_MECHANISM, out)
        else:
            self._exchange = Exchange(mechanism.upper())
            if response:
                self._respond(response, out)
            else:
                self._challenge(out)

    def _challenge(self, out: Out) -> None:
        assert self._exchange is not None
        self._say(b"334 %b\r\n" % self._exchange.challenge, out)
        self._place = _Place.RESPONSE

    def _respond(self, response: bytes, out: Out) -> None:
        assert self._exchange is not None
        self._place = _Place.COMMAND
        try:
            login = self._exchange.take(response)
        except NoLoginError as error:
            self._exchange = None
            self._turn_down(b"501 5.5.2 Error: %b\r\n" % str(error).encode("ascii"), out)
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

    def _say(self, octets: bytes, out: Out) -> None:
        out.client.append(octets)
        self.facts.last = int(octets[:3])

    def _refuse(self, answer: Answer, out: Out) -> None:
        self._turn_down(answer.octets, out)

    def _turn_down(self, octets: bytes, out: Out) -> None:
        self._say(octets, out)
        self.facts.bad += 1
        self._bad_run += 1
        if self._bad_run >= self._settings.most_bad:
            self._say(answers.TOO_MANY_ERRORS.octets, out)
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

    def _leave(self, answer: Answer) -> Step:
        out = Out()
        if self._place is not _Place.OVER:
            if self._place is not _Place.HANDSHAKE:
                self._say(answer.octets, out)
            self._finish(out)
        return out.step()

    def _finish(self, out: Out) -> None:
        self._forget()
        self._inbox.clear()
        self._place = _Place.OVER
        out.then = Then.FINISH

    def _broken(self, what: str, out: Out) -> Broken:
        self._say(answers.EARLY.octets, out)
        self._finish(out)
        return Broken(what, "SMTP client", Crossing(b"", b"".join(out.client)))


def _keyword(line: str) -> str:
    """In capitals; ``AUTH=LOGIN``, as old servers write for old clients, is ``AUTH`` too."""
    return line.replace("=", " ", 1).split(None, 1)[0].upper()
