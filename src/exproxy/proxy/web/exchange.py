"""One request and its answer.

Octets go on as they come, and who sends is not read while the other side's queue is full: so one buffer a direction is all that
is ever held.  What is left of a long body of known length is poured from stream to stream, and seen by nobody here.

The answer may be over before the request is (401 to an upload): then the rest of the body still goes to the server, if that
takes it, for the next request begins behind it.

Whatever goes wrong before the answer's head went to the client is told by a page.  Later, nothing can be told any more: the
client's connection ends before all that was promised has come.
"""

import time
from collections.abc import Sequence
from typing import Protocol

from exproxy.net.interfaces import PipedStream, Stream
from exproxy.proxy.accesslog.request import LONGEST_REQUEST, RequestRecord
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.web.challenges import Proof
from exproxy.proxy.web.pace import Pace
from exproxy.proxy.web.persistence import Wish
from exproxy.proxy.web.upstream import Upstream
from exproxy.wire.web.bodies import Body, End, LengthBody, NoBody, UntilClose
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.forwarding import Forwarder
from exproxy.wire.web.framing import (
    check_nothing_behind,
    client_keeps,
    request_body,
    response_body,
    server_keeps,
    waits_to_send,
)
from exproxy.wire.web.head import RequestHead, ResponseHead
from exproxy.wire.web.legs import answers_challenge

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent again though a server may have begun with them (RFC 9110 9.2.1 and 9.2.2)."""

MOST_INTERIM = 100
"""Interim answers to one request; more are a server that has lost its mind."""

LONG = 64 * 1024
"""Octets of a body that are worth pouring; of fewer nearly all are here already."""

_UNREACHED = 503
_TOO_LATE = 504
_BAD_ANSWER = 502


class Client(Protocol):
    """The client's side of an exchange."""

    stream: PipedStream
    forwarder: Forwarder
    closing: bool
    """No request is taken behind this one."""
    request_ms: int
    """How long the request's head took to come, as the access log has it."""

    def upstream(self, backend: Backend, wish: Wish | None) -> Upstream:
        """This client's connection to a server of ``backend``: the one that it has, if that is free, or a new one.

        :param wish: where the request belongs, if anything in it says so.
        """

    def take_held(self) -> bytes:
        """What the client sent behind the head, as far as it was read."""

    def hold(self, data: bytes) -> None:
        """What is the next request's; no more is read."""

    def read_on(self) -> None:
        """Read from the client, unless something is held."""

    def page(self, status: int, head: RequestHead) -> int:
        """Answer with a page, the last thing that this client gets; returns its size."""

    def answered(self, keep: bool) -> None:
        """It is over: on to the next request, or to the connection's end."""

    def hasten(self) -> None:
        """Ask :meth:`Exchange.idle` again before long."""

    def switched(self) -> None:
        """Ask it when a tunnel may have been silent for too long, from now on."""

    def cut(self, framed: bool) -> None:
        """It is over, and the client has to see that it is not whole.  ``framed``: an ordinary end tells it so."""


class Exchange:
    """:param began: the reactor's seconds when the request was there."""

    __slots__ = (
        "_answer_pours",
        "_backend",
        "_began",
        "_bytes_in",
        "_bytes_out",
        "_client",
        "_closes",
        "_continued",
        "_cookie_told",
        "_date",
        "_frontend",
        "_head",
        "_head_size",
        "_interim",
        "_keeps",
        "_max_body",
        "_over",
        "_request_body",
        "_request_pours",
        "_resent",
        "_response_body",
        "_sent_at",
        "_sent_before",
        "_source",
        "_status",
        "_status_at",
        "_upstream",
        "_wish",
        "pace",
        "proof",
        "sending",
        "tunnel",
    )

    def __init__(
        self,
        client: Client,
        frontend: Frontend,
        backend: Backend,
        source: tuple[str, int],
        head: RequestHead,
        began: float,
        max_body: int | None,
    ) -> None:
        self._client = client
        self._frontend = frontend
        self._backend = backend
        self._source = source
        self._head = head
        self._began = began
        self._date = time.time()
        self._max_body = max_body
        self._request_body = request_body(head, client.forwarder.withheld)
        self._response_body: Body | None = None
        self._upstream: Upstream | None = None
        sticky = backend.sticky
        self._cookie_told = False
        self._wish = None if sticky is None else sticky.wish(head, client.forwarder.origin, self._date)
        self._request_pours = False
        self._answer_pours = False
        self._closes = False
        self._keeps = False
        self._interim = 0
        self._continued = False
        self._resent = False
        self._over = False
        self._bytes_in = 0
        self._bytes_out = 0
        self._head_size = 0
        self._sent_before = 0
        self._sent_at = 0.0
        self._status = -1
        self._status_at = 0.0
        self.proof: Proof | None = None
        """Told what is answered, where the request has credentials that may be guessed."""
        self.pace: Pace | None = None
        """How fast the request's body has to come."""
        self.sending = False
        """The rest of the request's body goes to the server as it comes."""
        self.tunnel = False
        """The protocol was switched: what comes is for the other side, and goes there without us."""

    def begin(self) -> None:
        """Find a server, and send the request there."""
        if self._max_body is not None and (self._head.length or 0) > self._max_body:
            self._refuse(413, "PR")
        else:
            self._ask()

    # ---- what the client's side tells

    def from_client(self, data: bytes) -> None:
        """Octets from the client while :attr:`sending`."""
        upstream, body = self._upstream, self._request_body
        assert upstream is not None
        assert upstream.stream is not None
        try:
            count = body.take(data)
        except HttpError as error:
            self._frontend.request_failed(self._source, error)
            self._refuse(error.status, "PD")
            return
        if count:
            self._bytes_in += count
            if self._too_large():
                self._refuse(413, "PD")
                return
            if not upstream.stream.write(data if count == len(data) else data[:count]):
                if self.pace is not None:
                    self.pace.excuse()
                self._client.stream.pause()
        if body.over:
            self.sending = False
            if count < len(data):
                self._client.hold(data[count:])
            self._end_if_over()

    def client_drained(self) -> None:
        """All that was written to the client is on its way."""
        upstream = self._upstream
        if upstream is not None and upstream.stream is not None:
            self._draw_answer(upstream.stream)
        self._end_if_over()

    def client_ended(self) -> None:
        """The client sends no more.  An answer may still be on its way to it, but a body that is not whole is cut."""
        if self.tunnel:
            return
        if not self._request_body.over:
            self._abandon("CD")
        elif self._backend.abortonclose and not self._status_at:
            self._abandon("CH" if self._sent_at else "CC")

    @property
    def abortonclose(self) -> bool:
        """Whether :meth:`client_left` wants to be told."""
        return self._backend.abortonclose

    def client_left(self) -> None:
        """The client has said all, while what it said is not read; nothing is known of how much of it is missing."""
        if not (self.tunnel or self._status_at):
            self._abandon("CH" if self._sent_at else "CC")

    def client_lost(self, letter: str) -> None:
        """The client is gone, by its own will or for the reason of this letter."""
        where = "C" if not self._sent_at else "D" if self._status_at or not self._request_body.over else "H"
        self._end("--" if self.tunnel and not letter else (letter or "C") + where)

    @property
    def awaits_body(self) -> bool:
        """Whether nobody but the client is to blame when its body does not come on."""
        return self.sending and not self._server_full()

    def pace_left(self, pace: Pace, now: float) -> float:
        """Seconds until the pace of the body is to be looked at again; 0: it is too slow."""
        stream = self._client.stream
        if stream.held_back:
            stream.held_back = False
            pace.excuse()
        left = pace.left(stream.received, self.awaits_body and not stream.has_waiting(), now)
        if not left:
            self._frontend.request_failed(self._source, f"its body comes with less than {pace.rate:g} octets a second")
        return left

    def idle(self, client_timeout: float, tunnel_timeout: float) -> tuple[float, float]:
        """Since when, and for how many seconds at most, nothing may happen; the clock's sense of time is the streams'."""
        client, upstream = self._client.stream, self._upstream
        if upstream is None or upstream.stream is None:
            return self._frontend.seconds(), client_timeout  # whoever is on the way there has a deadline of his own
        since = max(client.last_active, upstream.stream.last_active, self._sent_at)
        if self.tunnel:
            return since, self._frontend.client_fin_timeout if self._closes else tunnel_timeout
        return since, client_timeout if self._waits_for_client() else self._backend.server_timeout

    def soonest(self, client_timeout: float, tunnel_timeout: float) -> float:
        """Seconds after which :meth:`idle` is to be asked again: it may wait for another side by then, which has less time."""
        return tunnel_timeout if self.tunnel else min(client_timeout, self._backend.server_timeout)

    def expire(self) -> None:
        """Nothing happened for too long."""
        if self.tunnel:
            self._end("--" if self._closes else "sD")
            self._client.cut(framed=False)
        elif self._waits_for_client():
            self._refuse(408, "cD")
        else:
            self._refuse(_TOO_LATE, "sD" if self._status_at else "sH")

    # ---- what the server's side tells

    def upstream_ready(self) -> None:
        upstream = self._upstream
        assert upstream is not None
        assert upstream.stream is not None
        stream, body = upstream.stream, self._request_body
        head = self._client.forwarder.request(self._head)
        held = self._client.take_held()
        try:
            count = body.take(held) if held else 0
        except HttpError as error:
            self._frontend.request_failed(self._source, error)
            self._refuse(error.status, "PD")
            return
        self._head_size = len(head)
        self._bytes_in = len(head) + count
        if self._too_large():
            self._refuse(413, "PR")
            return
        self._sent_before = stream.sent
        self._sent_at = self._frontend.seconds()
        taken = stream.write(head + held[:count] if count else head)
        self.sending = not body.over
        if count < len(held):
            self._client.hold(held[count:])
        elif taken:
            self._draw_request(stream)

    def upstream_failed(self, termination: str) -> None:
        self._frontend.refused += 1
        self._refuse(_UNREACHED, termination)

    def server_drained(self) -> None:
        upstream = self._upstream
        if upstream is not None and upstream.stream is not None:
            self._draw_request(upstream.stream)
        self._end_if_over()

    def from_server(self, data: bytes) -> None:
        body = self._response_body
        try:
            if body is None:
                self._read_answer(data)
                return
            count = body.take(data)
        except HttpError as error:
            self._refuse(error.status, "PD" if self._status_at else "PH")
            return
        if count < len(data):
            self._keeps = False  # more than an answer: nobody may get that as another one
            data = data[:count]
        if data:
            self._to_client(data)
        if body.over:
            self._end_if_over()

    def server_ended(self, error: Exception | None, reason: str) -> None:
        body = self._response_body
        if self.tunnel:
            self._tunnel_ended(error, reason)
        elif body is None:
            self._unanswered(reason)
        elif body.over or (body.closed() is End.WHOLE and error is None and reason == "S"):
            self._keeps = False  # and where the rest of the request goes to is no matter to anybody
            self._end_if_over()
        else:
            self._end(reason + "D")
            self._client.cut(framed=self._shows(body))

    # ---- the steps

    def _ask(self) -> None:
        self._upstream = upstream = self._client.upstream(self._backend, self._wish)
        if upstream.stream is None and answers_challenge(self._head.values.get(b"authorization", b"")):
            # On a new connection the login would fail, and a person be asked for a password: the client is to begin anew.
            self._end("SC")
            self._client.cut(framed=True)
        else:
            upstream.take(self)

    def _read_answer(self, data: bytes) -> None:
        """Interim answers, and the head of the last one with what came behind it."""
        upstream = self._upstream
        assert upstream is not None
        reader = upstream.reader
        while data:
            head = reader.feed(data)
            if head is None:
                return
            body = response_body(self._head, head)
            data = reader.rest
            minor = self._head.minor
            if head.interim:
                self._interim += 1
                if self._interim > MOST_INTERIM:
                    raise HttpError(f"more than {MOST_INTERIM} interim answers came", "HTTP response", _BAD_ANSWER)
                self._continued = self._continued or head.status == 100
                if self.pace is not None and head.status == 100:
                    self.pace.invited = True
                if minor:
                    self._to_client(self._client.forwarder.response(head, True, minor))
                continue
            if head.status == 101:
                told = () if self._wish is None else self._told(head, self._wish)
                self._switch(self._client.forwarder.response(head, True, minor, told), data)
                return
            count = body.take(data) if data else 0
            if body.over:
                check_nothing_behind(data[count:])
            self._keeps = server_keeps(head, body) and not self._may_have_skipped(head.status)
            self._closes = not self._may_keep(body)
            self._response_body = body
            self._status = head.status
            self._status_at = self._frontend.seconds()
            if self.proof is not None:
                self._prove(self.proof)  # not at its end: Outlook Anywhere's answer goes on for as long as Outlook runs
            told = () if self._wish is None else self._told(head, self._wish)
            answer = self._client.forwarder.response(head, not self._closes, minor, told)
            self._to_client(answer + data if data else answer)
            if body.over:
                self._end_if_over()
            elif upstream.stream is not None and not self._client.stream.full:
                self._draw_answer(upstream.stream)
            return

    def _may_have_skipped(self, status: int) -> bool:
        """Whether the server may take what comes next for another request, and not for the body that it did not ask for.

        It should not (RFC 9110 10.1.1), but what is a body for us must be one for it.  With 401 the same connection goes on, for
        NTLM needs that.
        """
        return not (self._request_body.over or self._continued or status == 401) and waits_to_send(self._head)

    def _told(self, head: ResponseHead, wish: Wish) -> Sequence[bytes]:
        """The lines by which the client is told where it belongs."""
        upstream = self._upstream
        if upstream is None or upstream.host is None or not upstream.reaching.lasting:
            return ()
        lines = wish.answered(head, upstream.host, self._frontend.seconds())
        self._cookie_told = bool(lines)
        return lines

    def _may_keep(self, body: Body) -> bool:
        """Whether another request may come behind this answer."""
        if isinstance(body, UntilClose) or self._client.closing or not client_keeps(self._head):
            return False
        return self._keeps or self._request_body.over  # what is left of the request goes to a server that takes it

    def _to_client(self, data: bytes) -> None:
        self._bytes_out += len(data)
        if not self._client.stream.write(data):
            upstream = self._upstream
            assert upstream is not None
            assert upstream.stream is not None
            upstream.stream.pause()

    def _draw_request(self, server: PipedStream) -> None:
        """Have more of the request, now that the server takes it."""
        body = self._request_body
        if self.sending and isinstance(body, LengthBody) and body.left >= LONG:
            self._request_pours = True
            self._client.stream.pour(server, body.left, self)
        else:
            self._client.read_on()

    def _draw_answer(self, server: PipedStream) -> None:
        """Have more of the answer, now that the client takes it."""
        body = self._response_body
        if isinstance(body, LengthBody) and body.left >= LONG:
            self._answer_pours = True
            server.pour(self._client.stream, body.left, self)
        else:
            server.resume()

    def poured(self, stream: Stream) -> None:
        """What was left of a body is with the other side."""
        upstream = self._upstream
        assert upstream is not None
        assert upstream.stream is not None
        if stream is self._client.stream:
            self._count_poured_request(0)
            self.sending = False
            if not upstream.stream.full:
                self._client.read_on()
        else:
            self._count_poured_answer(0)
            if not self._client.stream.full:
                upstream.stream.resume()
        self._end_if_over()

    def _stop_pouring(self, server: PipedStream) -> None:
        """What goes by unseen is counted, and no more goes by."""
        if self._request_pours:
            self._count_poured_request(self._client.stream.stop_pouring())
        if self._answer_pours:
            self._count_poured_answer(server.stop_pouring())

    def _count_poured_request(self, left: int) -> None:
        self._request_pours = False
        body = self._request_body
        assert isinstance(body, LengthBody)
        count = body.left - left
        body.skip(count)
        self._bytes_in += count

    def _count_poured_answer(self, left: int) -> None:
        self._answer_pours = False
        body = self._response_body
        assert isinstance(body, LengthBody)
        count = body.left - left
        body.skip(count)
        self._bytes_out += count

    def _switch(self, answer: bytes, behind: bytes) -> None:
        """The client's protocol is the server's own from now on."""
        upstream = self._upstream
        assert upstream is not None
        assert upstream.stream is not None
        client, server = self._client.stream, upstream.stream
        self._status = 101
        self._status_at = self._frontend.seconds()
        if self.proof is not None:
            self._prove(self.proof)
        self.tunnel = True
        self._closes = False
        early = self._client.take_held()
        server.pause()
        client.pause()
        client.unread(early)
        server.unread(behind)
        self._bytes_in -= client.received - len(early)
        self._bytes_out += len(answer) - (server.received - len(behind))
        client.write(answer)
        client.pipe(server)
        server.pipe(client)
        self._client.switched()

    def tunnel_ends(self) -> None:
        """One side has said all; the other one has a moment for its answer."""
        self._closes = True

    def _tunnel_ended(self, error: Exception | None, reason: str) -> None:
        upstream = self._upstream
        if error is None and reason == "S" and upstream is not None and not upstream.gone:
            self.tunnel_ends()
            self._client.hasten()
            return
        self._end("--" if error is None and reason == "S" else reason + "D")
        self._client.answered(keep=False)

    def _unanswered(self, reason: str) -> None:
        """The server has ended, and not one final answer came."""
        upstream = self._upstream
        assert upstream is not None
        assert upstream.stream is not None
        again = upstream.asked > 0 and not self._resent and not (upstream.reader.buffered or self._bytes_out) and reason == "S"
        if not again:
            self._refuse(_BAD_ANSWER, reason + "H")
        elif isinstance(self._request_body, NoBody) and (self._head.method in SAFE or upstream.stream.sent == self._sent_before):
            # It closed a connection that had been idle, as it may at any time (RFC 9112 9.3.1).
            self._resent = True
            self.sending = False
            upstream.cut()
            self._ask()
        else:
            # Whether it began with the request is not known to us, but the client knows whether it may ask again.
            self._end("SH")
            self._client.cut(framed=True)

    def _end_if_over(self) -> None:
        """The next request may come when the answer is with the kernel, and all of this request with the server."""
        response = self._response_body
        if response is None or not response.over or self._client.stream.full or self._over:
            return
        if not self._keeps or (self._request_body.over and not self._server_full()):
            keep = not self._closes and self._request_body.over
            self._end("--")
            self._client.answered(keep)

    def _abandon(self, termination: str) -> None:
        """End without a word; the client sees that."""
        self._end(termination)
        self._client.cut(framed=True)

    def _too_large(self) -> bool:
        """Whether chunks, with their sizes, are more than a body may have; a length was looked at before."""
        return self._max_body is not None and self._head.chunked and self._bytes_in - self._head_size > self._max_body

    def _shows(self, body: Body) -> bool:
        """Whether every client sees by an ordinary end that not all of ``body`` came.

        There are those that take an end within the line of a chunk's size, or without the last empty line, for that of the whole.
        """
        return isinstance(body, LengthBody) and self._head.minor == 1

    def _waits_for_client(self) -> bool:
        return self._client.stream.full or self.awaits_body

    def _server_full(self) -> bool:
        upstream = self._upstream
        return upstream is not None and upstream.stream is not None and upstream.stream.full

    def _refuse(self, status: int, termination: str) -> None:
        """A page where that can still be told; the client's connection ends in any case."""
        if self._over:
            return
        body = self._response_body
        if body is None:
            self._status = status
            self._bytes_out += self._client.page(status, self._head)
            self._end(termination)
            self._client.answered(keep=False)
        else:
            self._end(termination)
            self._client.cut(framed=self._shows(body))

    def _end(self, termination: str) -> None:
        """Let the server's connection go, and write the line."""
        if self._over:
            return
        self._over = True
        self.sending = False
        if self.proof is not None:
            self._prove(self.proof)
        upstream = self._upstream
        if upstream is not None:
            if upstream.stream is not None:
                self._stop_pouring(upstream.stream)
            self._let_go(upstream)
        self._frontend.log(self._record(termination))

    def _prove(self, proof: Proof) -> None:
        """What was answered tells of the credentials, or that nothing was."""
        self.proof = None
        proof.end(self._status, self._frontend.seconds())

    def _let_go(self, upstream: Upstream) -> None:
        whole = self._response_body is not None and self._response_body.over and self._request_body.over
        if self.tunnel:
            stream = upstream.stream
            assert stream is not None
            self._bytes_in += self._client.stream.received
            self._bytes_out += stream.received
        if whole and self._keeps:
            upstream.let_go()
        elif whole or self.tunnel:
            upstream.retire()
        else:
            upstream.cut()

    def _record(self, termination: str) -> RequestRecord:
        frontend, pool, upstream = self._frontend, self._backend.pool, self._upstream
        reaching = None if upstream is None else upstream.reaching
        name = None if reaching is None else reaching.server_name
        server = None if name is None else pool.servers.get(name)
        began, now = self._began, frontend.seconds()
        fresh = reaching is not None and reaching.leased_at >= began
        leased = reaching.leased_at if reaching is not None and fresh else began
        connected = upstream.connected_at if upstream is not None and fresh else began
        return RequestRecord(
            self._source,
            self._date,
            frontend.name,
            pool.name,
            name,
            self._client.request_ms,
            _ms(leased - began) if leased else -1,
            _ms(connected - leased) if connected else -1,
            _ms(self._status_at - self._sent_at) if self._status_at and self._sent_at else -1,
            _ms(now - began),
            self._status,
            self._bytes_in,
            self._bytes_out,
            termination,
            frontend.gate.taken,
            len(frontend.sessions),
            pool.sessions,
            0 if server is None else server.sessions,
            reaching.retries if reaching is not None and fresh else 0,
            reaching.redispatched if reaching is not None and fresh else False,
            0 if server is None else server.queued,
            pool.queued,
            self._head.start[:LONGEST_REQUEST],
            "--" if self._wish is None else self._wish.letters(None if upstream is None else upstream.host, self._cookie_told),
        )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
