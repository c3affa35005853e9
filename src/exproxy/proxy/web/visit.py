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
from exproxy.proxy.web.exchange import Exchange
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


class _State(enum.Enum):
    WAITING = enum.auto()
    """Nothing of a request is there."""
    READING = enum.auto()
    """A part of a head is."""
    SERVING = enum.auto()
    LEAVING = enum.auto()
    """All is said; the client is to leave.  What it still sends is read and dropped, for closing with unread bytes is a reset,
    which can overtake the answer (RFC 9112 9.6)."""
    CLOSING = enum.auto()
    """It did not leave, and is read no more; the kernel still has what it has of our last words."""
    GONE = enum.auto()


_GOING = frozenset({_State.LEAVING, _State.CLOSING})


class Visit:
    """:param session: is told when the client is gone; may end it by ending the stream.

    :param stream: the client's, paused; we are its receiver from now on.
    """

    __slots__ = (
        "_aside",
        "_due",
        "_exchange",
        "_first",
        "_forwarders",
        "_held",
        "_reader",
        "_session",
        "_since",
        "_state",
        "_upstreams",
        "_website",
        "closing",
        "deadline_tick",
        "forwarder",
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
        self._first = True
        self._state = _State.WAITING
        self._since = website.frontend.seconds()
        self._due = 0.0
        self.deadline_tick = 0
        self._arm(website.request_timeout)
        stream.attach(self)
        stream.resume()

    def drain(self) -> None:
        """Take no request behind the one that is answered now; who has none leaves."""
        self.closing = True
        if self._state is _State.WAITING and not self._first:
            self._leave()

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
        if exchange is None:
            self._log_left("C")
            if self._state not in _GOING:
                self._leave()
        elif exchange.tunnel:
            exchange.tunnel_ends()
            self.hasten()
        else:
            exchange.client_ended()

    def peer_left(self, stream: Stream) -> None:
        """The client has closed while it is not read, and the back end has ``abortonclose``."""
        if self._exchange is not None:
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
        else:
            self._log_left(self._session.blamed or "C")
        self._state = _State.GONE
        self._retire_upstreams()
        self._website.frontend.deadlines.clear(self)
        self._session.stream_lost(stream, error)

    def deadline_due(self, now: float) -> None:
        """Bytes do not move a deadline: only now it is asked what has happened since."""
        self._due = 0.0
        since, patience = self._patience()
        left = since + patience - now
        if left > 0:
            self._arm(left if self._exchange is None else min(left, self._soonest(self._exchange)))
        elif self._exchange is not None:
            self._exchange.expire()
        elif self._state is _State.READING:
            self._page_unread(408, "cR", self._reader.method())
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
            found = self._upstreams[name] = Upstream(self._website.frontend, backend, self._session, wish, aside)
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
        self._state = _State.WAITING
        self._since = self.stream.last_active
        self._arm(self._website.keep_alive_timeout)
        if self._held:
            # Not now: a client that sends thousands of requests at once is to wait for its turns like everybody.
            self.stream.unread(self.take_held())
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
        if last.key == wish.key if host is None else last.host == host:
            return last
        del self._upstreams[name]
        aside.put(last)
        found = None if host is None else aside.take(host)
        if found is not None:
            self._upstreams[name] = found
        return found

    def _read(self, data: bytes) -> None:
        try:
            head = self._reader.feed(data)
        except HttpError as error:
            self._page_unread(error.status, "PR", self._reader.method(data))
            return
        if head is None:
            if self._state is _State.WAITING and self._reader.buffered:
                self._state = _State.READING
                if not self._first:
                    self._since = self.stream.last_active
                self._arm(self._website.request_timeout)
            return
        self._first = False
        self._held = self._reader.rest
        if self._held:
            self.stream.pause()
        self._serve(head)

    def _serve(self, head: RequestHead) -> None:
        website = self._website
        if not pass_on(head):
            self._log(head.start, 501, self.page(501, head), "LR")
            self._leave()
            return
        target = website.routes.find(head)
        if isinstance(target, Backend):
            self._state = _State.SERVING
            if website.forwardings:
                self._follow_rules(target.pool.name)
            source = self._session.source
            now = website.frontend.seconds()
            exchange = Exchange(self, website.frontend, target, source, head, now, website.limits, website.max_body)
            self._exchange = exchange
            self._arm(self._soonest(exchange))
            if self._held and target.abortonclose:
                self.stream.watch()
            exchange.begin()
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
        keep = not self.closing and client_keeps(head) and not head.length and not head.chunked
        answer = self._website.pages.redirect(target.status, location, head.method, keep, head.minor)
        full = not self.stream.write(answer)
        self._log(head.start, target.status, len(answer), "LR")
        self.answered(keep)
        if keep and full:
            self.stream.pause()  # until it has read its answers

    def _page_unread(self, status: int, termination: str, method: str) -> None:
        """For what is no request, or not whole."""
        answer = self._website.pages.answer(status, method)
        self.stream.write(answer)
        self._log_unread(status, termination, len(answer))
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
        if self._state in _GOING:
            return max(self._since, self.stream.last_active), website.frontend.client_fin_timeout
        if self._state is _State.WAITING and not self._first:
            return self._since, website.keep_alive_timeout
        return self._since, website.request_timeout

    def _soonest(self, exchange: Exchange) -> float:
        return exchange.soonest(self._website.frontend.client_timeout, self._website.tunnel_timeout)

    def _arm(self, seconds: float) -> None:
        """Be asked in so many seconds, or before: an earlier deadline stays, for moving it costs every request something."""
        due = self._website.frontend.seconds() + seconds
        if not self._due or due < self._due:
            self._due = due
            self._website.frontend.deadlines.set(self, due)

    def _log_left(self, letter: str) -> None:
        """A client that goes without a request.  Between two it may; with none at all, that is ``dontlognull``'s to say."""
        nothing = self._state is _State.WAITING and self._first and not self._website.frontend.dontlognull
        if nothing or self._state is _State.READING:
            self._log_unread(-1, letter + "R")

    def _log_unread(self, status: int, termination: str, sent: int = 0) -> None:
        self._log(b"", status, sent, termination)

    def _log(self, request: bytes, status: int, sent: int, termination: str) -> None:
        frontend = self._website.frontend
        frontend.log(
            RequestRecord(
                self._session.source,
                time.time(),
                frontend.name,
                None,
                None,
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
