"""One client's session with a mail server that has greeted it, through us.

Commands and replies are followed line by line, content and chunks only to their end.  What passes passes octet by octet, but
the reply to EHLO.  RFC 5321 (SMTP), 2920 (PIPELINING), 3030 (CHUNKING), 3207 (STARTTLS), 4954 (AUTH); Postfix's XCLIENT_README.

A client may send many commands before their replies.  Each that goes to the server leaves its :class:`Kind` in a queue, each that
we answer leaves the :class:`Answer`, and so replies come in the order of the commands.  Where the meaning of what follows depends
on a reply (DATA, AUTH, STARTTLS), what follows waits for it.
"""

import enum
from collections import deque
from collections.abc import Callable

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.sasl import login_account, plain_account
from exproxy.wire.smtprelay import answers
from exproxy.wire.smtprelay.answers import Answer
from exproxy.wire.smtprelay.bounds import AUTH, COMMAND, HELD, OUTSTANDING, REPLY, SLOT
from exproxy.wire.smtprelay.commands import Chunk, Flaw, Inbox, Kind, chunk_of, countable, flaw, kind_of, whole_command
from exproxy.wire.smtprelay.content import Content
from exproxy.wire.smtprelay.facts import Ending, Facts
from exproxy.wire.smtprelay.offers import Rewriter
from exproxy.wire.smtprelay.refusals import refusal, starttls_refusal
from exproxy.wire.smtprelay.replies import Replies, whole_reply
from exproxy.wire.step import Step, Then


class _Place(enum.Enum):
    """What the client's next octet is."""

    COMMAND = "of a command line"
    RESPONSE = "of a line of an AUTH exchange"
    CONTENT = "of a mail, in DATA"
    CHUNK = "of a BDAT chunk"
    SWALLOW = "of a BDAT chunk that we have refused"
    WAIT = "not to be understood before the server's reply"
    HANDSHAKE = "thrown away: the client is to begin TLS, and what comes before that is nobody's"
    OVER = "thrown away: the session ends"
    OPAQUE = "encrypted"


_UNHEARD = (_Place.HANDSHAKE, _Place.OPAQUE)
"""Where nothing can be said to the client."""
_FLAWS = {Flaw.TOO_LONG: answers.TOO_LONG, Flaw.BARE: answers.BARE, Flaw.NO_VERB: answers.NO_VERB}
_PLAIN = (Kind.OTHER, Kind.MAIL, Kind.DATA, Kind.EHLO, Kind.HELO, Kind.RSET, Kind.QUIT, Kind.FREE)
"""What passes wherever nothing stands in its way: TLS that is required, an EHLO that is due, a drain."""
_WAITED_FOR = (Kind.DATA, Kind.AUTH, Kind.TLS)
_BAD = frozenset((500, 501, 502, 504))
"""What says that a command was none (RFC 5321 4.2.3).  Not 503: one refused MAIL brings it to all RCPTs sent with it."""
_CANCEL = b"*\r\n"
_QUIT = b"QUIT\r\n"


class SmtpRelay:
    """Give it what either side sends after the greeting, cut anywhere, and send what it tells.

    With :attr:`Then.START_TLS` the client's side begins TLS once the step is sent, and then :meth:`secured` is called; nothing
    is said to the client between.  With :attr:`Then.FINISH` both sides are closed once the step is sent; what comes later is
    ignored.

    :param rewriter: of the same settings; all sessions may have the same one.
    :param secure: the client's side is encrypted already.
    """

    __slots__ = (
        "_account",
        "_awaited",
        "_bad_run",
        "_chunk",
        "_chunking",
        "_content",
        "_draining",
        "_early",
        "_finished",
        "_greeted",
        "_inbox",
        "_mail",
        "_place",
        "_replies",
        "_rewriter",
        "_settings",
        "facts",
    )

    def __init__(self, settings: Settings, rewriter: Rewriter | None = None, *, secure: bool = False) -> None:
        self.facts = Facts(tls=secure)
        self._settings = settings
        self._rewriter = rewriter or Rewriter(settings)
        self._account: Callable[[bytes], bytes] = _nobody
        """Finds who logs in in a line of the present exchange."""
        self._place = _Place.COMMAND
        self._awaited: deque[Kind | Answer] = deque()
        self._inbox = Inbox()
        self._replies = Replies()
        self._content = Content()
        self._chunk = 0
        self._chunking = False
        self._mail = False
        """A MAIL went to the server, and nothing that ends its transaction has."""
        self._greeted = True
        self._draining = False
        self._finished = False
        self._bad_run = 0
        self._early = False

    @classmethod
    def logged_in(cls, settings: Settings, facts: Facts, *, chunking: bool) -> "SmtpRelay":
        """Of a client that was greeted and logged in elsewhere, at a server that has heard its EHLO.

        :param facts: what is known of it.
        :param chunking: that server takes BDAT, and the client was told so.
        """
        relay = cls(settings, secure=facts.tls)
        facts.authenticated = True
        relay.facts = facts
        relay._chunking = chunking
        return relay

    @property
    def buffered(self) -> int:
        """Octets held now, for both directions together; at most 64 KB."""
        return self._inbox.buffered + self._replies.buffered + SLOT * len(self._awaited)

    @property
    def holding(self) -> bool:
        """The client had better not be read: what it sends waits for a reply of the server.

        It may be read nevertheless; more than 40,960 octets are a :class:`Broken`.
        """
        return self._place is _Place.WAIT or len(self._awaited) >= OUTSTANDING

    @property
    def awaiting(self) -> bool:
        """The server owes a reply."""
        return bool(self._awaited)

    @property
    def between_mails(self) -> bool:
        """No mail is begun and no reply is awaited: nothing is lost if the session ends now."""
        return self._place is _Place.COMMAND and not self._mail and not self._awaited

    def greeting(self, said: bytes) -> bytes:
        """The server's greeting is the client's."""
        return said

    def from_client(self, data: bytes) -> Step:
        """Take what the client sent.

        :raises Broken: send its ``last``, then close both sides, and call no more.
        """
        place = self._place
        if place is _Place.OPAQUE:
            return Step(data)
        if place is _Place.CHUNK and len(data) < self._chunk:  # nothing is held then: it would be of the chunk
            self._chunk -= len(data)
            return Step(data)
        out = Step()
        if place is _Place.CONTENT:
            self._pass_content(data, out)
        elif place is not _Place.COMMAND or not self._take_whole(data, out):
            self._inbox.receive(data)
        if self._inbox.buffered:
            self._read(out)
        return out

    def from_server(self, data: bytes) -> Step:
        """Take what the server sent; it may set free what waited for it, so there may be something for the server as well.

        :raises Broken: as :meth:`from_client`.
        """
        if self._place is _Place.OPAQUE:
            return Step(b"", data)
        out = Step()
        if self._finished:
            return out
        if not self._hear_whole(data, out):
            self._replies.receive(data)
            self._hear(out)
        if self._draining:
            self._leave_if_nothing_is_lost(out)
        if self._replies.buffered > REPLY:  # only while TLS begins, when nothing can be told
            raise self._broken(f"it says more than {REPLY} octets, and was not asked", "SMTP server", None, out)
        return out

    def secured(self) -> Step:
        """The client's side is encrypted now; all that it said before is forgotten (RFC 3207 4.2).

        The server has heard an EHLO of the time before.  Until the client has said EHLO again, which puts the server back to the
        beginning (RFC 5321 4.1.4), no command passes that could build on it: 503.  What no EHLO takes back, a successful AUTH,
        stands in the way of STARTTLS.
        """
        assert self._place is _Place.HANDSHAKE, "START_TLS was told"
        self._inbox.clear()
        self._place = _Place.COMMAND
        self._greeted = self._mail = self._chunking = False
        self.facts.tls = True
        self.facts.hello = b""
        out = Step()
        self._hear(out)  # what the server has said meanwhile could not be told
        return out

    def drain(self) -> Step:
        """Say 421 now, between two mails; a mail that has begun is finished first, and 421 said behind the reply to it.

        Has no effect once the session is opaque.
        """
        self._draining = True
        out = Step()
        self._leave_if_nothing_is_lost(out)
        return out

    def expire(self) -> Step:
        """Nothing has come from the client for too long."""
        return self.dismiss(answers.TIMEOUT)

    def abuse(self) -> Step:
        """Its source has done too much wrong, in this session and in others."""
        return self.dismiss(answers.ABUSED)

    def client_lost(self) -> Step:
        """The client has gone without QUIT: the server hears one in its place, where that can only be a command."""
        return self.dismiss(answers.BYE)

    def dismiss(self, farewell: Answer) -> Step:
        """End the session now, for a client that says nothing, or when a drain takes too long.

        The server hears QUIT where that can only be a command; it never hears the end of a mail that the client has not ended.

        :param farewell: :data:`SHUTDOWN` or :data:`TIMEOUT`; not said within TLS that we do not see into, or while that begins.
        """
        out = Step()
        if not self._finished:
            self._leave(farewell, out)
        return out

    def server_lost(self) -> Step:
        """The server has closed.  A mail that it has not acknowledged is not claimed; the client hears 421, or 221 to QUIT."""
        out = Step()
        if not self._finished:
            parting = len(self._awaited) == 1 and self._awaited[0] is Kind.QUIT
            self._end(answers.BYE if parting else answers.SERVER_GONE, out)
        return out

    def _leave_if_nothing_is_lost(self, out: Step) -> None:
        if self.between_mails and not self._inbox.buffered and not self._finished:
            self._leave(answers.SHUTDOWN, out)

    def _leave(self, farewell: Answer, out: Step) -> None:
        if self._place in (_Place.COMMAND, _Place.HANDSHAKE) and not self._awaited:
            out.to_server += _QUIT
        self._end(farewell, out)

    def _end(self, farewell: Answer, out: Step) -> None:
        if self._place not in _UNHEARD:
            out.to_client += farewell.octets
            self.facts.last = farewell.code
        self._finish(farewell.ending, out)

    def _finish(self, ending: Ending | None, out: Step) -> None:
        self._finished = True
        self._place = _Place.OVER
        self._awaited.clear()
        self._inbox.clear()
        self._replies.clear()
        self.facts.ending = ending
        out.then = Then.FINISH

    # What the client says.

    def _take_whole(self, data: bytes, out: Step) -> bool:
        """Take one whole command, as most clients send it, without holding it; tells whether it was one."""
        if len(data) > COMMAND or len(self._awaited) >= OUTSTANDING or not self._inbox.fresh:
            return False
        kind = whole_command(data)
        if kind is not None:
            self._command(kind, data, out)
        return kind is not None

    def _read(self, out: Step) -> None:
        """Take what is held of the client's, as far as it can be understood."""
        inbox = self._inbox
        while inbox.buffered:
            place = self._place
            if place is _Place.COMMAND:
                if len(self._awaited) >= OUTSTANDING:
                    break
                line = inbox.line()
                if line is None:
                    break
                self._command(kind_of(line), line, out)
            elif place is _Place.CHUNK or place is _Place.SWALLOW:
                self._pass_chunk(out)
            elif place is _Place.CONTENT:
                self._pass_content(inbox.octets(inbox.buffered), out)
            elif place is _Place.RESPONSE:
                line = inbox.line(AUTH)
                if line is None:
                    break
                self._response(line, out)
            elif place is _Place.WAIT:
                self._note_early()
                break
            else:
                self._throw_away()
        if inbox.buffered > HELD:
            raise self._broken(f"more than {HELD} octets came without waiting for a reply", "SMTP client", answers.EARLY, out)

    def _throw_away(self) -> None:
        """What came in the clear behind STARTTLS, whoever put it there, is not of the session that follows (CVE-2011-0411)."""
        if self._place is _Place.HANDSHAKE:
            self._note_early()
        self._inbox.clear()

    def _note_early(self) -> None:
        if not self._early:
            self._early = True
            self.facts.early += 1

    def _pass_content(self, data: bytes, out: Step) -> None:
        end = self._content.end(data)
        if end < 0:
            out.to_server += data
            return
        out.to_server += data[:end]
        self._inbox.receive(data[end:])
        self._place = _Place.COMMAND
        self._mail = False
        self._awaited.append(Kind.CONTENT)

    def _pass_chunk(self, out: Step) -> None:
        octets = self._inbox.octets(self._chunk)
        self._chunk -= len(octets)
        if self._place is _Place.CHUNK:
            out.to_server += octets
        if not self._chunk:
            self._place = _Place.COMMAND

    def _response(self, line: bytes, out: Step) -> None:
        """A line of an AUTH exchange.  For a bad one the server gets the word to cancel (RFC 4954 4), and answers itself."""
        if flaw(line) is not None:
            self._count_bad()
            line = _CANCEL
        elif not self.facts.account:
            self.facts.account = self._account(line)
        self._forward(Kind.AUTH, line, out)

    def _command(self, kind: Kind | Flaw, line: bytes, out: Step) -> None:
        if kind in _PLAIN and self._greeted and not (self._draining or self._settings.require_tls):
            self._follow(kind, line)
            self._forward(kind, line, out)
        elif self._draining and not self._mail and kind is not Kind.QUIT:
            self._say_last(answers.SHUTDOWN, out)
        elif isinstance(kind, Flaw):
            self._refuse(_FLAWS[kind], out)
        elif kind is Kind.BDAT:
            self._bdat(line, out)
        elif kind is Kind.STARTTLS and self._settings.starttls is not StartTls.PASS:
            self._starttls(line, out)
        elif (answer := refusal(kind, self._settings, self.facts, greeted=self._greeted)) is not None:
            self._refuse(answer, out)
        else:
            self._follow(kind, line)
            self._forward(Kind.TLS if kind is Kind.STARTTLS else kind, line, out)

    def _follow(self, kind: Kind, line: bytes) -> None:
        """Keep in mind what a command begins or ends."""
        if kind is Kind.OTHER:
            return
        if kind is Kind.MAIL:
            self._mail = True
        elif kind is Kind.RSET or kind is Kind.LAST:
            self._mail = False
        elif kind is Kind.EHLO or kind is Kind.HELO:
            self._mail = False
            self.facts.hello = line[5:]
        elif kind is Kind.DATA:
            self._content = Content()
        elif kind is Kind.AUTH:
            mechanism, _, response = line.partition(b" ")[2].strip().partition(b" ")
            self._account = _ACCOUNTS.get(mechanism.upper(), _nobody)
            self.facts.account = self._account(response) if response else b""

    def _forward(self, kind: Kind, octets: bytes, out: Step) -> None:
        out.to_server += octets
        self._awaited.append(kind)
        if kind in _WAITED_FOR:
            self._wait()
        elif kind is Kind.QUIT:
            self._place = _Place.OVER

    def _wait(self) -> None:
        self._place = _Place.WAIT
        self._early = False

    def _bdat(self, line: bytes, out: Step) -> None:
        """A chunk that is refused has to be read nevertheless (RFC 3030 2); one of unknown size is the end.

        A server that has not offered CHUNKING would take the chunk for commands, and so perhaps one that knows of no MAIL.
        """
        chunk = chunk_of(line)
        if chunk is None or not countable(chunk):
            self._say_last(answers.BAD_CHUNK if chunk is None else answers.BIG_CHUNK, out)
            return
        answer = refusal(Kind.BDAT, self._settings, self.facts, greeted=self._greeted)
        if answer is None and not self._chunking:
            answer = answers.NO_CHUNKING
        if answer is None and not self._mail:
            answer = answers.NO_MAIL
        if answer is None:
            self._forward(Kind.LAST if chunk.last else Kind.BDAT, line, out)
            self._mail = not chunk.last
        else:
            self._refuse(answer, out)
        self._begin_chunk(chunk, passes=answer is None)

    def _begin_chunk(self, chunk: Chunk, *, passes: bool) -> None:
        if chunk.size and self._place is _Place.COMMAND:
            self._chunk = chunk.size
            self._place = _Place.CHUNK if passes else _Place.SWALLOW

    def _starttls(self, line: bytes, out: Step) -> None:
        answer = starttls_refusal(line, self._settings, self.facts)
        if answer is not None:
            self._refuse(answer, out)
        else:
            self._wait()
            self._answer(answers.START, out)

    def _refuse(self, answer: Answer, out: Step) -> None:
        if answer is answers.DENIED:
            self.facts.denied += 1
        self._answer(answer, out)
        self._count_bad()
        if self._bad_run >= self._settings.most_bad:
            self._say_last(answers.TOO_MANY_ERRORS, out)

    def _count_bad(self) -> None:
        self.facts.bad += 1
        self._bad_run += 1

    def _say_last(self, answer: Answer, out: Step) -> None:
        """Say it in its turn; nothing that the client sends is heard any more."""
        self._place = _Place.OVER
        self._answer(answer, out)

    def _answer(self, answer: Answer, out: Step) -> None:
        """Answer in the server's place, when it is this command's turn."""
        self._awaited.append(answer)
        self._say_ours(out)

    def _say_ours(self, out: Step) -> None:
        """Say what is ours to say and whose turn has come."""
        while self._awaited and isinstance(answer := self._awaited[0], Answer):
            self._awaited.popleft()
            out.to_client += answer.octets
            self.facts.last = answer.code
            if answer.then is Then.START_TLS:
                self._place = _Place.HANDSHAKE
                out.then = Then.START_TLS
            elif answer.then is Then.FINISH:
                out.to_server += _QUIT
                self._finish(answer.ending, out)

    # What the server says.

    def _hear_whole(self, data: bytes, out: Step) -> bool:
        """Take one whole reply, as most come, without holding it; tells whether it was one."""
        if self._replies.buffered or self._place is _Place.HANDSHAKE:
            return False
        code = whole_reply(data)
        if code is None:
            return False
        self._reply(code, data, out)
        if self._inbox.buffered:
            self._read(out)
        return True

    def _hear(self, out: Step) -> None:
        """Take the server's replies; what each sets free of the client's goes before the next is looked at."""
        while self._replies.buffered and not self._finished and self._place is not _Place.HANDSHAKE:
            try:
                reply = self._replies.next()
            except WireError as error:
                raise self._broken(error.what, error.where, answers.SERVER_BROKEN, out) from error
            if reply is None:
                break
            self._reply(*reply, out)
            if self._inbox.buffered:
                self._read(out)

    def _reply(self, code: int, octets: bytes, out: Step) -> None:
        kind = self._awaited.popleft() if self._awaited else None
        if kind is None:
            self._unasked(code, octets, out)
            return
        assert isinstance(kind, Kind), "what is ours was said before"
        self._judge(kind, code, out)
        self.facts.last = code
        if code == 421:
            out.to_client += octets
            self._finish(Ending.SERVER_CLOSING, out)
            return
        if kind is Kind.EHLO and code < 300:
            offers = self._rewriter.rewritten(octets, secure=self.facts.tls)
            self._chunking, octets = offers.chunking, offers.octets
        out.to_client += octets
        if code in _BAD:
            self._count_bad()
        if kind is not Kind.OTHER:
            self._learn(kind, code, out)
        if self._awaited:
            self._say_ours(out)
        if self._bad_run >= self._settings.most_bad and not self._finished:
            self._leave(answers.TOO_MANY_ERRORS, out)

    def _unasked(self, code: int, octets: bytes, out: Step) -> None:
        """A reply to nothing.  A refusal is the server's way to end a session (RFC 5321 3.8), also in the midst of a mail.

        Anything else in the midst of DATA says that the mail is over: this server takes something for its end that is not, and
        what it would do with the rest is what the sender of the mail wants (CVE-2023-51764).
        """
        if code < 400:
            where = "SMTP server"
            what = f"it says {code}, and was not asked"
            if self._place is _Place.CONTENT:
                what = f"it says {code} within a mail, as if another line than CRLF.CRLF had ended it"
            raise self._broken(what, where, answers.SERVER_BROKEN, out)
        out.to_client += octets
        self.facts.last = code
        self._finish(Ending.SERVER_CLOSING, out)

    def _judge(self, kind: Kind, code: int, out: Step) -> None:
        """Whether the reply is one that the command can have: what we do not understand, we cannot follow.

        A chunk that has not all come cannot have been taken.
        """
        if code < 300:
            good = kind is not Kind.DATA and not (self._place is _Place.CHUNK and not self._awaited)
        elif code < 400:
            good = (kind is Kind.DATA and code == 354) or (kind is Kind.AUTH and code == 334)
        else:
            good = True
        if not good:
            raise self._broken(f"it says {code} to {kind.name}", "SMTP server", answers.SERVER_BROKEN, out)

    def _learn(self, kind: Kind, code: int, out: Step) -> None:
        """Keep in mind what the reply changes."""
        if kind is Kind.CONTENT or kind is Kind.LAST:
            if code < 300:
                self.facts.mails += 1
                self._bad_run = 0
        elif kind is Kind.DATA:
            self._place = _Place.CONTENT if code == 354 else _Place.COMMAND
        elif kind is Kind.MAIL:
            if code >= 300 and Kind.MAIL not in self._awaited:
                self._mail = False
        elif kind is Kind.AUTH:
            self._learn_auth(code)
        elif kind is Kind.EHLO or kind is Kind.HELO:
            self._greeted = self._greeted or code < 300
            self._chunking = self._chunking and kind is Kind.EHLO
        elif kind is Kind.TLS:
            self._learn_tls(code, out)
        elif kind is Kind.QUIT:
            self._finish(Ending.QUIT, out)

    def _learn_auth(self, code: int) -> None:
        self._place = _Place.RESPONSE if code == 334 else _Place.COMMAND
        if code == 235:
            self.facts.authenticated = True
        elif code == 535:
            self.facts.auth_failures += 1
        if code not in (235, 334):
            self.facts.account = b""

    def _learn_tls(self, code: int, out: Step) -> None:
        """What either side has sent in the clear behind STARTTLS or behind the 220 is thrown away (CVE-2011-0411)."""
        if code == 220:
            self._place = _Place.OPAQUE
            out.then = Then.PIPE
            self.facts.opaque = True
            self._inbox.clear()
            self._replies.clear()
        else:
            self._place = _Place.COMMAND

    def _broken(self, what: str, where: str, farewell: Answer | None, out: Step) -> Broken:
        """The error, with what came before it and a word to the client."""
        self._finished = True
        self._place = _Place.OVER
        if farewell is not None:
            self.facts.last = farewell.code
            out.to_client += farewell.octets
        return Broken(what, where, Crossing(out.to_server, out.to_client))


def _nobody(_response: bytes) -> bytes:
    return b""


_ACCOUNTS: dict[bytes, Callable[[bytes], bytes]] = {b"PLAIN": plain_account, b"LOGIN": login_account}
