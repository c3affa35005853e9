"""A client's connection: request after request, the next one read when the answer before is over.

It has at most one connection to a server of each back end that its requests go to, and shares none of them; where a request
itself says where it belongs, one to each host.
"""

import enum
import time
from typing import TYPE_CHECKING

import attrs

from exproxy.net.interfaces import PipedStream, Stream
from exproxy.proxy.accesslog.request import LONGEST_REQUEST, RequestRecord
from exproxy.proxy.backend import Backend
from exproxy.proxy.joint import Joined
from exproxy.proxy.web.aside import Aside
from exproxy.proxy.web.challenges import Proof
from exproxy.proxy.web.exchange import Exchange
from exproxy.proxy.web.guard import Verdict
from exproxy.proxy.web.pace import pace_of
from exproxy.proxy.web.persistence import Wish
from exproxy.proxy.web.routes import Redirect
from exproxy.proxy.web.upstream import Upstream
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.forwarding import Forwarder
from exproxy.wire.web.framing import client_keeps
from exproxy.wire.web.head import RequestHead
from exproxy.wire.web.maxforwards import pass_on
from exproxy.wire.web.reading import RequestReader

if TYPE_CHECKING:
    from exproxy.proxy.web.website import Website


REST = 1.0
"""Seconds that a client is not read for after it was told to wait; ``Retry-After`` says no fewer."""
LINGERING = 10
"""So many times ``client_fin`` a client may take to leave, whatever it sends or reads meanwhile: an upload that was refused might
go on for ever."""


class _State(enum.Enum):
    WAITING = enum.auto()
    """Nothing of a request is there."""
    READING = enum.auto()
    """A part of a head is."""
    HELD = enum.auto()
    """A request is there, and nothing becomes of it for now."""
    RESTING = enum.auto()
    """It was told to come again later, and is not read for a moment: who asks on at once would cost as much as before."""
    SERVING = enum.auto()
    LEAVING = enum.auto()
    """All is said; the client is to leave.  What it still sends is read and dropped, for closing with unread bytes is a reset,
    which can overtake the answer (RFC 9112 9.6)."""
    CLOSING = enum.auto()
    """It did not leave, and is read no more; the kernel still has what it has of our last words."""
    GONE = enum.auto()


_GOING = (_State.LEAVING, _State.CLOSING)


class Visit:
    """:param session: is told when the client is gone; may end it by ending the stream.

    :param stream: the client's, paused; we are its receiver from now on.
    """

    __slots__ = (
        "_aside",
        "_began",
        "_due",
        "_exchange",
        "_first",
        "_forwarders",
        "_held",
        "_holding",
        "_reader",
        "_session",
        "_since",
        "_state",
        "_upstreams",
        "_visitor",
        "_website",
        "closing",
        "deadline_tick",
        "forwarder",
        "request_ms",
        "stream",
    )

    def __init__(self, website: "Website", session: Joined, stream: PipedStream, forwarder: Forwarder) -> None:
        self._website = website
        self._session = session
        self.stream = stream
        self.forwarder = forwarder
        self.closing = website.frontend.draining
        self._reader = RequestReader(website.limits)
        self._exchange: Exchange | None = None
        self._upstreams: dict[str, Upstream] = {}
        self._aside: dict[str, Aside] = {}
        self._forwarders: dict[str, Forwarder] = {}
        self._held = b""
        self._holding: tuple[RequestHead, Verdict] | None = None
        self._visitor = None if website.guard is None else website.guard.visitor(session.source[0])
        self._first = True
        self._state = _State.WAITING
        self._since = self._began = website.frontend.seconds()
        self.request_ms = 0
        self._due = 0.0
        self.deadline_tick = 0
        self._arm(website.request_timeout)
        website.frontend.gate.kept.clients += 1
        stream.attach(self)
        stream.resume()

    def drain(self) -> None:
        """Take no request behind the one that is answered now; who has none leaves."""
        self.closing = True
        if self._state is _State.HELD:
            self._let_go("KT")
        elif self._state is _State.RESTING or (self._state is _State.WAITING and not self._first):
            self._leave()

    def tally(self) -> None:
        """Tell servers what was carried since the last time."""
        for upstream in self._upstreams.values():
            upstream.tally()

    # ---- what the stream tells

    def data_received(self, stream: Stream, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            if self._state not in _GOING:
                self._read(data)
        elif exchange.sending:
            exchange.from_client(data)
        else:
            self.hold(data)

    def eof_received(self, stream: Stream) -> None:
        self.closing = True
        exchange = self._exchange
        if self._holding is not None:
            self._let_go("CT")
        elif exchange is None:
            self._log_left("C")
            if self._state not in _GOING:
                self._leave()
        elif exchange.tunnel:
            exchange.tunnel_ends()
            self.hasten()
        else:
            exchange.client_ended()

    def peer_left(self, stream: Stream) -> None:
        """The client has closed while it is not read: who is held has no patience, or the back end has ``abortonclose``."""
        if self._holding is not None:
            self._let_go("CT")
        elif self._exchange is not None and self._exchange.abortonclose:
            self._exchange.client_left()

    def write_drained(self, stream: Stream) -> None:
        if self._exchange is not None:
            self._exchange.client_drained()
        elif self._state is _State.WAITING:
            self.stream.resume()

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if self._exchange is not None:
            self._exchange.client_lost(self._session.blamed)
            self._exchange = None
        elif self._holding is not None:
            self._release((self._session.blamed or "C") + "T")
        else:
            self._log_left(self._session.blamed or "C")
        self._state = _State.GONE
        self._website.frontend.gate.kept.clients -= 1
        self._retire_upstreams()
        self._website.frontend.deadlines.clear(self)
        self._session.stream_lost(stream, error)

    def deadline_due(self, now: float) -> None:
        """Bytes do not move a deadline: only now it is asked what has happened since."""
        self._due = 0.0
        since, patience = self._patience()
        left = since + patience - now
        pace = None if self._exchange is None else self._exchange.pace
        if pace is not None and self._exchange is not None:
            left = min(left, self._exchange.pace_left(pace, now))
        if left > 0:
            self._arm(left if self._exchange is None else min(left, self._soonest(self._exchange)))
        elif self._exchange is not None:
            self._exchange.expire()
        elif self._state is _State.READING:
            self._website.frontend.request_failed(self._session.source, f"not whole within {self._website.request_timeout:g} s")
            self._page_unread(408, "cR")
        elif self._holding is not None:
            self._holding_over()
        elif self._state is _State.RESTING:
            self._wait()
        elif self._state is _State.WAITING:
            self._log_left("c")
            self._leave()
        elif self._state is _State.LEAVING:
            # Not at once a reset: a slow client may still have megabytes of its answer before it, in the kernel's buffer.
            self._state = _State.CLOSING
            self._since = now
            self._arm(self._website.frontend.client_fin_timeout)
            self.stream.close()
        else:
            self.stream.abort()

    # ---- what an exchange asks

    def upstream(self, backend: Backend, wish: Wish | None) -> Upstream:
        name = backend.pool.name
        found = self._upstreams.get(name)
        aside = None
        if wish is not None:
            aside = self._aside.setdefault(name, Aside())
            if found is not None:
                found = self._turn(name, found, wish, aside)
        if found is None or not found.free:
            if found is not None:
                found.retire()
            website = self._website
            found = Upstream(website.frontend, backend, self._session, website.answers, wish, aside)
            self._upstreams[name] = found
        return found

    def take_held(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def hold(self, data: bytes) -> None:
        self._held += data
        self.stream.pause()
        if self._exchange is not None and self._exchange.abortonclose:
            self.stream.watch()

    def read_on(self) -> None:
        if not self._held:
            self.stream.resume()

    def page(self, status: int, head: RequestHead) -> int:
        answer = self._website.pages.answer(status, head.method, False, head.minor)
        self.stream.write(answer)
        return len(answer)

    def answered(self, keep: bool) -> None:
        self._exchange = None
        if self._state is _State.GONE:
            return
        if not keep or self.closing:
            self._leave()
            return
        self._wait()

    def _wait(self) -> None:
        """For the next request."""
        self._state = _State.WAITING
        self._since = self.stream.last_active
        self._arm(self._website.keep_alive_timeout)
        if self._held:
            # Not now: a client that sends thousands of requests at once is to wait for its turns like everybody.
            self.stream.unread(self.take_held())
        if self.stream.full:
            self.stream.pause()  # until it has read its answers
        else:
            self.stream.resume()

    def cut(self, framed: bool) -> None:
        self._exchange = None
        if self._state is _State.GONE:
            return
        if framed:
            self._leave()
        else:
            self._state = _State.LEAVING
            self.stream.abort()

    def hasten(self) -> None:
        self._arm(self._website.frontend.client_fin_timeout)

    def switched(self) -> None:
        self._arm(self._website.tunnel_timeout)

    # ---- the steps

    def _turn(self, name: str, last: Upstream, wish: Wish, aside: Aside) -> Upstream | None:
        """The connection on which a request belongs: the last one, or one that was put aside, if it is there."""
        if wish.stays:
            return last
        host = wish.bound(self._website.frontend.seconds())
        if wish.key in (None, last.key) if host is None else last.host == host:
            return last
        del self._upstreams[name]
        last.tally()
        aside.put(last)
        found = None if host is None else aside.take(host)
        if found is not None:
            self._upstreams[name] = found
        return found

    def _read(self, data: bytes) -> None:
        try:
            head = self._reader.feed(data)
        except HttpError as error:
            self._website.frontend.request_failed(self._session.source, error)
            self._page_unread(error.status, "PR", data)
            return
        if head is None:
            if self._state is _State.WAITING and self._reader.buffered:
                self._state = _State.READING
                self._began = self.stream.last_active
                if not self._first:
                    self._since = self.stream.last_active
                self._arm(self._website.request_timeout)
            return
        if self._website.frontend.website is not self._website:
            self._follow_front_end()
        self._first = False
        reading = self._state is _State.READING
        self.request_ms = int((self._website.frontend.seconds() - self._began) * 1000) if reading else 0
        self._held = self._reader.rest
        if self._held:
            self.stream.pause()
        visitor = self._visitor
        if visitor is None:
            self._serve(head)
        else:
            self._follow(visitor.judge(head, self._website.frontend.seconds()), head)

    def _follow_front_end(self) -> None:
        """The configuration has changed: this request is served as that says, and is the last one if there is no such front end
        any more."""
        website = self._website.frontend.website
        if website is None:
            self.closing = True
            return
        self._website = website
        self._forwarders.clear()
        self.forwarder = website.forwarder(self._session, self.stream, self.forwarder.origin.tls)
        self._reader.limits = website.limits
        self._visitor = None if website.guard is None else website.guard.visitor(self._session.source[0])

    def _follow(self, verdict: Verdict, head: RequestHead) -> None:
        """Do with a request as the guard says."""
        guard = self._website.guard
        if verdict.hold and guard is not None and guard.tarpit.enter():
            self._state = _State.HELD
            self._holding = head, verdict
            self._since = self._website.frontend.seconds()
            self.stream.pause()
            self.stream.watch()
            self._arm(verdict.hold)
            return
        if verdict.hold and guard is not None:
            verdict = guard.unheld(verdict)
        if verdict.status:
            self._turn_away(verdict, head, "PR")
        else:
            self._serve(head, verdict.proof)

    def _holding_over(self) -> None:
        """What was held goes on, or is told why not."""
        assert self._holding is not None
        head, verdict = self._holding
        self._leave_tarpit()
        if self._website.frontend.website is not self._website:
            self._follow_front_end()
        if verdict.proof is not None:
            verdict.proof.go_on()
        if verdict.status:
            self._turn_away(verdict, head, "PT")
        else:
            self._serve(head, verdict.proof)

    def _let_go(self, termination: str) -> None:
        """End with what is held, without a word."""
        self._release(termination)
        self._leave()

    def _release(self, termination: str) -> None:
        assert self._holding is not None
        head, verdict = self._holding
        self._leave_tarpit()
        if verdict.proof is not None:
            verdict.proof.end(-1, self._website.frontend.seconds())
        self._log(head.start, -1, 0, termination)

    def _leave_tarpit(self) -> None:
        self._holding = None
        if self._website.guard is not None:
            self._website.guard.tarpit.leave()

    def _turn_away(self, verdict: Verdict, head: RequestHead, termination: str) -> None:
        """Answer with the page of what a rule or a limit says."""
        website = self._website
        if verdict.limit:
            host, port = self._session.source
            website.frontend.limit_reached((verdict.client or host, port), verdict.limit)
        else:
            website.frontend.denied += 1
        if verdict.proof is not None:
            verdict.proof.end(-1, website.frontend.seconds())
        keep = termination == "PR" and self._may_keep(head)
        answer = website.pages.answer(verdict.status, head.method, keep, head.minor, verdict.lines)
        self._answer(answer, verdict.status, keep, head, termination)
        if keep and verdict.limit and not verdict.client:  # a proxy's next request is another client's
            self._rest()

    def _rest(self) -> None:
        self._state = _State.RESTING
        self._since = self._website.frontend.seconds()
        self.stream.pause()
        self._arm(REST)

    def _serve(self, head: RequestHead, proof: Proof | None = None) -> None:
        website = self._website
        target = website.routes.find(head) if pass_on(head) else 501
        if isinstance(target, Backend):
            self._state = _State.SERVING
            if website.forwardings:
                self._follow_rules(target.pool.name)
            source = self._session.source
            now = website.frontend.seconds()
            exchange = Exchange(self, website.frontend, target, source, head, now, website.max_body)
            self._exchange = exchange
            exchange.proof = proof
            self._arm(self._soonest(exchange), now)
            if website.body_rate is not None:
                exchange.pace = pace_of(head, website.body_rate, website.body_grace)
                if exchange.pace is not None:
                    self._arm(website.body_grace, now)
            if self._held and target.abortonclose:
                self.stream.watch()
            exchange.begin()
            return
        if proof is not None:
            proof.end(-1, website.frontend.seconds())
        if isinstance(target, int):
            self._log(head.start, target, self.page(target, head), "LR")
            self._leave()
        elif target is None:
            website.frontend.refused += 1
            self._log(head.start, 503, self.page(503, head), "SC")
            self._leave()
        else:
            self._redirect(target, head)

    def _follow_rules(self, name: str) -> None:
        """Write heads as the back end of this name wants them."""
        forwarder = self._forwarders.get(name)
        if forwarder is None:
            forwarding = self._website.forwardings.get(name, self._website.forwarding)
            forwarder = self._forwarders[name] = attrs.evolve(self.forwarder, forwarding=forwarding)
        self.forwarder = forwarder

    def _redirect(self, target: Redirect, head: RequestHead) -> None:
        location = target.to(head)
        if location is None:
            self._log(head.start, 400, self.page(400, head), "PR")
            self._leave()
            return
        keep = self._may_keep(head)
        answer = self._website.pages.redirect(target.status, location, head.method, keep, head.minor)
        self._answer(answer, target.status, keep, head, "LR")

    def _may_keep(self, head: RequestHead) -> bool:
        """Whether another request may come behind an answer of ours."""
        return not self.closing and client_keeps(head) and not head.length and not head.chunked

    def _answer(self, answer: bytes, status: int, keep: bool, head: RequestHead, termination: str) -> None:
        self.stream.write(answer)
        self._log(head.start, status, len(answer), termination)
        self.answered(keep)

    def _page_unread(self, status: int, termination: str, data: bytes = b"") -> None:
        """For what is no request, or not whole.

        :param data: what was read last.
        """
        answer = self._website.pages.answer(status, self._reader.method(data))
        self.stream.write(answer)
        self._log_unread(data, status, len(answer), termination)
        self._leave()

    def _leave(self) -> None:
        """Say that no more comes, and let the client go."""
        self._state = _State.LEAVING
        self._since = self._website.frontend.seconds()
        self._held = b""
        self._reader.clear()
        self._retire_upstreams()
        self.stream.write_eof()
        self.stream.resume()
        self._arm(self._website.frontend.client_fin_timeout)

    def _retire_upstreams(self) -> None:
        for upstream in self._upstreams.values():
            upstream.retire()
        self._upstreams.clear()
        for aside in self._aside.values():
            aside.retire()

    def _patience(self) -> tuple[float, float]:
        """Since when, and for how many seconds at most, nothing may happen."""
        website = self._website
        if self._exchange is not None:
            return self._exchange.idle(website.frontend.client_timeout, website.tunnel_timeout)
        if self._state is _State.LEAVING:
            active = max(self._since, self.stream.last_active)
            return min(active, self._since + LINGERING * website.frontend.client_fin_timeout), website.frontend.client_fin_timeout
        if self._state is _State.CLOSING:
            return max(self._since, self.stream.last_active), website.frontend.client_fin_timeout
        if self._holding is not None:
            return self._since, self._holding[1].hold
        if self._state is _State.RESTING:
            return self._since, REST
        if self._state is _State.WAITING and not self._first:
            return self._since, website.keep_alive_timeout
        return self._since, website.request_timeout

    def _soonest(self, exchange: Exchange) -> float:
        return exchange.soonest(self._website.frontend.client_timeout, self._website.tunnel_timeout)

    def _arm(self, seconds: float, since: float | None = None) -> None:
        """Be asked in so many seconds, or before: an earlier deadline stays, for moving it costs every request something."""
        due = (self._website.frontend.seconds() if since is None else since) + seconds
        if not self._due or due < self._due:
            self._due = due
            self._website.frontend.deadlines.set(self, due)

    def _log_left(self, letter: str) -> None:
        """A client that goes without a request.  Between two it may; with none at all, that is ``dontlognull``'s to say."""
        nothing = self._state is _State.WAITING and self._first and not self._website.frontend.dontlognull
        if nothing or self._state is _State.READING:
            self._log_unread(b"", -1, 0, letter + "R")

    def _log_unread(self, data: bytes, status: int, sent: int, termination: str) -> None:
        self.request_ms = -1
        self._log(self._reader.start(data), status, sent, termination)

    def _log(self, request: bytes, status: int, sent: int, termination: str) -> None:
        frontend = self._website.frontend
        frontend.log(
            RequestRecord(
                self._session.source,
                time.time(),
                frontend.name,
                None,
                None,
                self.request_ms,
                -1,
                -1,
                -1,
                0,
                status,
                self._reader.buffered,
                sent,
                termination,
                frontend.gate.taken,
                len(frontend.sessions),
                0,
                0,
                0,
                False,
                0,
                0,
                request[:LONGEST_REQUEST],
            )
        )
