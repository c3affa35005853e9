"""A client's connection: no word before a server has greeted well, then a talk with that server, then its end."""

import enum
import time
from typing import TYPE_CHECKING

from exproxy.net.interfaces import PipedStream, PlainStream, SecureStream, Stream
from exproxy.net.tls.failures import PeerLeftError, TLSError
from exproxy.pool import Server
from exproxy.proxy.accesslog.mail import MailRecord
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.joint import Joined
from exproxy.proxy.mail.approach import Approach
from exproxy.proxy.mail.farewell import Farewell
from exproxy.proxy.mail.manner import Relay
from exproxy.proxy.mail.talk import Talk
from exproxy.proxy.odometer import Odometer
from exproxy.proxy.web.guard import Tarpit
from exproxy.wire.errors import WireError
from exproxy.wire.facts import Facts
from exproxy.wire.reception.base import ClientFacts, Reception

if TYPE_CHECKING:
    from exproxy.proxy.mail.house import House


_QUIET = 2.0
"""Seconds without a byte after which a drain ends a session that nobody follows."""


class State(enum.Enum):
    """The value is the second letter of the termination code."""

    LISTENING = "R"
    """For somebody who talks before the greeting."""
    KEPT = "T"
    """In the tarpit."""
    AT_DESK = "R "
    """We have greeted, and the client is to say who it is."""
    REFUSED = "R  "
    """It is to hear in a moment that its login was refused."""
    APPROACHING = "C"
    TALKING = "D"
    SECURING = "D "
    LEAVING = "-"
    GONE = "- "


class Visit:
    """:param session: is told when the client is gone; may end it by ending the stream.

    :param client: the client's stream, paused; we are its receiver from now on.
    :param secure: it speaks TLS.
    """

    __slots__ = (
        "_accepted",
        "_approach",
        "_began",
        "_clear",
        "_client",
        "_conduct",
        "_draining",
        "_ending",
        "_house",
        "_keeper",
        "_last_words",
        "_odometer",
        "_relay",
        "_secure",
        "_server",
        "_session",
        "_state",
        "_talk",
        "_termination",
        "_upstream",
        "_version",
        "deadline_tick",
    )

    def __init__(self, house: "House", session: Joined, client: PipedStream, secure: bool) -> None:
        self._house = house
        self._session = session
        self._client = client
        self._secure = secure
        self._version = _version(client)
        self._accepted = time.time()
        self._began = house.frontend.seconds()
        self._approach = Approach(self, house.frontend, house.backend, session, self._receive, house.patience())
        self._upstream: PipedStream | None = None
        self._odometer = Odometer()
        self._server: Server | None = None
        self._relay: Relay | None = None
        self._talk: Talk | None = None
        self._draining = False
        self._ending = False
        """The server has said all; the client is to take that, and to leave too."""
        self._clear = (0, 0)
        """Bytes that came and went before STARTTLS: over TLS they are counted from 0."""
        self._termination = "--"
        self.deadline_tick = 0
        self._conduct = None if house.limits is None else house.limits.conduct(session.source[0])
        self._keeper: Tarpit | None = None
        """Where it has a place, if it has one."""
        self._last_words = house.manner.early
        """For who is kept in a tarpit."""
        client.attach(self)
        if self._conduct is not None and (limit := self._conduct.over(self._began)):
            self._keep_out(limit)
        elif house.greet_delay:
            self._state = State.LISTENING
            self._wait(house.greet_delay)
            client.resume()
        else:
            self._set_out()

    def drain(self) -> None:
        """End as soon as nothing is lost by that."""
        self._draining = True
        if self._talk is not None and self._state is State.TALKING:
            self._talk.drain()
            if self._may_be_told(self._talk):
                self._wait(_QUIET)

    def tally(self) -> None:
        """Tell the server what was carried since the last time."""
        if self._upstream is not None:
            self._carried(self._upstream)

    # ---- what the streams tell

    def data_received(self, stream: Stream, data: bytes) -> None:
        if self._state is State.LISTENING:
            self._spoke_early()

    def eof_received(self, stream: Stream) -> None:
        if self._talk is not None:
            if stream is self._client:
                self._talk.client_ended()
            elif stream is self._upstream:
                self._talk.server_gone()
                self._hasten()
        elif stream is self._client and self._state is State.LISTENING:
            self._turn_away(b"", "CR")

    def peer_left(self, stream: Stream) -> None:
        """The client has closed while it waited for a server, or in the tarpit."""
        if self._state in (State.APPROACHING, State.KEPT):
            self._turn_away(b"", "C" + self._state.value)

    def write_drained(self, stream: Stream) -> None:
        """Nothing waits for it before there is a talk."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if stream is self._client:
            self._lost_client(error)
        elif stream is self._upstream:
            self._lost_server(error)

    def tls_secured(self, stream: SecureStream) -> None:
        if self._talk is not None and self._state is State.SECURING:
            self._state = State.TALKING
            self._secure = True
            self._version = stream.version
            self._wait_for_words()
            self._talk.secured(stream)
            if self._draining:
                self._talk.drain()

    def tls_failed(self, stream: SecureStream, failure: TLSError) -> None:
        if stream is not self._client:
            return
        if not isinstance(failure, PeerLeftError):
            self._house.frontend.handshake_failed(self._session.source, failure)
        self._end("C" if isinstance(failure, PeerLeftError) else "P")

    def deadline_due(self, now: float) -> None:
        state = self._state
        if state is State.LISTENING:
            self._set_out()
        elif state is State.KEPT:
            self._turn_away(self._last_words, "PT")
        elif state is State.TALKING:
            self._check_idle(now)
        elif state is State.SECURING:
            timeout = self._house.frontend.handshake_timeout
            self._house.frontend.handshake_failed(self._session.source, f"not complete within {timeout:g} s")
            self._end("c")
        else:
            self._client.abort()

    # ---- what the way to a server tells

    def put_through(self, stream: PipedStream, server: Server, greeting: bytes) -> None:
        house = self._house
        self._upstream = stream
        self._server = server
        self._relay = house.manner.relay(self._secure, self._session.starttls is not None)
        self._talk = talk = Talk(self, self._client, stream, self._relay)
        self._state = State.TALKING
        self._wait_for_words()
        talk.begin(self._relay.greeting(greeting))
        if self._draining:
            talk.drain()

    def turned_away(self, termination: str) -> None:
        self._house.frontend.refused += 1
        self._turn_away(self._house.manner.none_left, termination)

    def evicted(self, reason: str) -> None:
        if self._talk is not None and self._state in (State.TALKING, State.SECURING):
            self._blame(reason)
            self._talk.server_gone()
            self._end(reason)
        elif self._state is State.APPROACHING:
            self._turn_away(self._house.manner.none_left, reason + "C")

    def passed_over(self, server: Server, why: str) -> None:
        self._house.skipped(server, why)

    # ---- what the talk asks

    def begin_tls(self) -> None:
        tls = self._session.starttls
        assert tls is not None
        self._state = State.SECURING
        self._wait(self._house.frontend.handshake_timeout)
        self._clear = (self._client.received, self._client.sent)
        plain: PlainStream = self._client  # type: ignore[assignment]  # STARTTLS is not offered within TLS
        self._client = secure = self._house.frontend.network.secure_server(plain, tls, self)
        self._session.replace_client(secure)

    def replied(self) -> None:
        if self._conduct is not None and self._talk is not None and self._state is State.TALKING and self._too_much():
            self._talk.abuse()

    def talked(self, letter: str) -> None:
        self._end(letter)

    def broke(self, who: str, error: WireError) -> None:
        server = self._server
        assert server is not None
        self._house.broke(who, self._session.source[0], server.full_name, error)

    # ---- the steps

    def _set_out(self) -> None:
        self._state = State.APPROACHING
        self._house.frontend.deadlines.clear(self)
        self._client.pause()
        self._client.watch()
        self._approach.begin()

    def _receive(self, server: Server) -> Reception:
        session = self._session
        return self._house.manner.reception(server, ClientFacts(session.source, session.reached()))

    def _keep_out(self, limit: str) -> None:
        """Its source has done too much wrong."""
        house = self._house
        limits = house.limits
        assert limits is not None
        house.frontend.limit_reached(self._session.source, limit)
        if limits.tarpit is None or not limits.tarpit.enter():
            self._turn_away(house.manner.abused, "PR")
        else:
            self._keeper = limits.tarpit
            self._last_words = house.manner.abused
            self._state = State.KEPT
            self._wait(limits.tarpit.seconds)
            self._client.resume()

    def _too_much(self) -> bool:
        """Count what the client has done wrong; tells whether its source has done too much of it."""
        facts, frontend = self._facts(), self._house.frontend
        limit = "" if self._conduct is None or facts is None else self._conduct.note(facts, frontend.seconds())
        if limit:
            frontend.limit_reached(self._session.source, limit)
        return bool(limit)

    def _leave_tarpit(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.leave()

    def _spoke_early(self) -> None:
        house = self._house
        house.frontend.early_talkers += 1
        if house.early == "reject":
            self._turn_away(house.manner.early, "PR")
        else:
            self._state = State.KEPT
            self._client.pause()  # or it could send as fast as it likes, all the while
            self._client.watch()
            self._wait(house.tarpit)

    def _turn_away(self, words: bytes, termination: str) -> None:
        """Before there was a server: the protocol's own words, and the end."""
        self._leave_tarpit()
        self._termination = termination
        self._state = State.LEAVING
        self._approach.give_up()
        if words:
            self._client.write(words)
        self._leave()

    def _lost_client(self, error: Exception | None) -> None:
        state, talk = self._state, self._talk
        if state in (State.TALKING, State.SECURING) and talk is not None:
            if talk.piped:
                self._blame("C" if error is not None else "")
            talk.client_lost()
            self._end("")
        elif state in (State.LISTENING, State.KEPT, State.APPROACHING):
            self._leave_tarpit()
            self._blame(self._session.blamed or "C")
            self._state = State.LEAVING
            self._approach.give_up()
        self._state = State.GONE
        self._house.frontend.deadlines.clear(self)
        self._log()
        self._session.stream_lost(self._client, error)

    def _lost_server(self, error: Exception | None) -> None:
        talk = self._talk
        if talk is not None and self._state in (State.TALKING, State.SECURING):
            if error is not None:
                self._blame("S")
            talk.server_gone()
            if talk.piped:
                self._end("")
        if self._upstream is not None:
            self._carried(self._upstream)
            self._upstream = None
            self._approach.reaching.end()

    def _end(self, letter: str) -> None:
        """Both sides are closed once what is queued is sent."""
        if self._state not in (State.TALKING, State.SECURING):
            return
        self._blame(letter or self._session.blamed)
        securing = self._state is State.SECURING
        self._state = State.LEAVING
        if self._talk is not None:
            self._talk.stop()
        self._part_from_server()
        if securing:
            self._client.abort()  # amid a handshake nothing can be said, an end neither
        else:
            self._leave()

    def _part_from_server(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._carried(upstream)
            Farewell(self._house.frontend, upstream)
            self._approach.reaching.end()

    def _carried(self, upstream: Stream) -> None:
        server = self._house.backend.pool.servers.get(self._approach.reaching.server_name or "")
        if server is not None:
            server.carried(*self._odometer.since(upstream))

    def _leave(self) -> None:
        """Let the client go; what it still sends is dropped, for unread bytes make a close a reset, which overtakes our words."""
        self._client.write_eof()
        self._client.resume()
        self._wait(self._house.frontend.client_fin_timeout)

    def _check_idle(self, now: float) -> None:
        upstream, talk = self._upstream, self._talk
        assert upstream is not None
        assert talk is not None
        patience, letter = self._patience(talk)
        silent = now - max(self._client.last_active, upstream.last_active)
        parting = self._draining and self._may_be_told(talk)
        if silent < patience:
            if parting:
                self._part_when_quiet(silent, amid=self._client.has_queued() or upstream.has_waiting())
            else:
                self._wait(patience - silent)
        elif talk.piped:
            self._end(letter)
        else:
            talk.expire()

    def _may_be_told(self, talk: Talk) -> bool:
        """Whether a goodbye would be understood: not within TLS of others, nor where the session may be compressed by now."""
        relay = self._relay
        if not talk.piped or relay is None or not self._house.manner.parting:
            return False
        return not (relay.facts.opaque or relay.facts.compress)

    def _part_when_quiet(self, silent: float, amid: bool) -> None:
        """Nobody follows what is said any more; where nothing was said for a while, nobody is in the midst of a word.

        A client that does not read is: our words would become the last ones of a mail that it fetches.
        """
        if silent < _QUIET or amid:
            self._wait(_QUIET - silent if silent < _QUIET else _QUIET)
        else:
            self._client.write(self._house.manner.parting)
            self._end("K")

    def _patience(self, talk: Talk) -> tuple[float, str]:
        client, server = self._house.frontend.client_timeout, self._house.backend.server_timeout
        if self._ending:
            return self._house.frontend.client_fin_timeout, "c"
        if talk.piped:
            return min((client, "c"), (server, "s"))
        return (server, "s") if talk.waits_for_server else (client, "c")

    def _wait_for_words(self) -> None:
        """The shorter of the two: whose turn it is is asked only then."""
        self._wait(min(self._house.frontend.client_timeout, self._house.backend.server_timeout))

    def _hasten(self) -> None:
        """The server has ended: from now on ``client_fin`` is the patience for the rest."""
        if self._state is State.TALKING:
            self._ending = True
            self._wait(self._house.frontend.client_fin_timeout)

    def _blame(self, letter: str) -> None:
        if self._termination == "--" and letter:
            self._termination = letter + self._state.value[0]

    def _wait(self, seconds: float) -> None:
        self._house.frontend.deadlines.set(self, self._house.frontend.seconds() + seconds)

    def _facts(self) -> Facts | None:
        return None if self._relay is None else self._relay.facts

    def _log(self) -> None:
        frontend, pool, reaching = self._house.frontend, self._house.backend.pool, self._approach.reaching
        name = reaching.server_name
        server = None if name is None else pool.servers.get(name)
        leased, reached = reaching.leased_at, self._approach.reached_at
        now = frontend.seconds()
        facts = self._facts()
        if facts is not None and self._conduct is not None:
            self._conduct.note(facts, now)
        frontend.log(
            MailRecord(
                SessionRecord(
                    self._session.source,
                    self._accepted,
                    frontend.name,
                    pool.name,
                    name,
                    int((leased - self._began) * 1000) if leased else -1,
                    int((reached - leased) * 1000) if reached else -1,
                    int((now - self._began) * 1000),
                    self._clear[0] + self._client.received,
                    self._clear[1] + self._client.sent,
                    self._termination,
                    frontend.gate.taken,
                    len(frontend.sessions),
                    pool.sessions,
                    0 if server is None else server.sessions,
                    reaching.retries,
                    reaching.redispatched,
                    0 if server is None else server.queued,
                    pool.queued,
                ),
                self._version,
                "" if facts is None else facts.helo,
                "" if facts is None else self._house.pseudonym(facts.account),
                0 if facts is None else facts.mails,
                "" if facts is None else str(facts.last),
            )
        )


def _version(client: Stream) -> str:
    """``TLSv1.3`` and the like; empty in the clear."""
    return str(getattr(client, "version", ""))
