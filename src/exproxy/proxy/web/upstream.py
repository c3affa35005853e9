"""The connection of one client to a server of one back end.

It belongs to that client from its first request on, and to nobody else for as long as it lives: servers that authenticate
connections (NTLM, Kerberos) take every request on it for that client's.  Who else asks gets a connection of his own, and when
the client leaves, this ends.
"""

from typing import TYPE_CHECKING, Protocol

from exproxy.net.interfaces import PipedStream, Stream
from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined
from exproxy.proxy.odometer import Odometer
from exproxy.proxy.reaching import Reaching
from exproxy.proxy.web.persistence import Wish
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.reading import ResponseReader

if TYPE_CHECKING:
    from exproxy.proxy.web.aside import Aside


class Asker(Protocol):
    """Whose request is on its way; there is one at a time."""

    def upstream_ready(self) -> None:
        """The server takes the request; perhaps told from inside :meth:`Upstream.take`."""

    def upstream_failed(self, termination: str) -> None:
        """No server was reached; likewise."""

    def from_server(self, data: bytes) -> None: ...

    def server_drained(self) -> None:
        """All that was written to the server is on its way."""

    def server_ended(self, error: Exception | None, reason: str) -> None:
        """The server said its last word; the letter says why.  Its connection is of no more use, and may be retired."""


class Upstream:
    """:param session: of the client.

    :param limits: for the heads of answers.
    :param wish: where the request that it is made for belongs.
    :param aside: other ones of this client.
    """

    __slots__ = (
        "_aside",
        "_asker",
        "_frontend",
        "_kept",
        "_moves",
        "_odometer",
        "_retired",
        "asked",
        "backend",
        "connected_at",
        "deadline_tick",
        "gone",
        "key",
        "reaching",
        "reader",
        "server",
        "stream",
    )

    def __init__(
        self,
        frontend: Frontend,
        backend: Backend,
        session: Joined,
        limits: Limits,
        wish: Wish | None = None,
        aside: "Aside | None" = None,
    ) -> None:
        self._frontend = frontend
        self.backend = backend
        self.reaching = Reaching(self, frontend, backend, session, wish, None if aside is None else self, speaks_first=True)
        self.key = None if wish is None else wish.key
        """What the first request was known by."""
        self._aside = aside
        self.stream: PipedStream | None = None
        self.server: Server | None = None
        self._odometer = Odometer()
        self._moves = 0
        self.connected_at = 0.0
        self.reader = ResponseReader(limits)
        self.asked = 0
        """Requests that were sent here before."""
        self._asker: Asker | None = None
        self.gone = False
        """The connection is no more, or was never made."""
        self._retired = False
        self._kept = False
        """Counted among the connections that there are."""
        self.deadline_tick = 0

    @property
    def free(self) -> bool:
        """Whether it takes a request: it is idle, and the server did not leave, nor has to be left, nor speaks unasked.

        What waits in the socket would be the answer to a request that it does not know yet.
        """
        if self.gone or self._retired or self._asker is not None or self.stream is None or self.server is None:
            return False
        return self.server.usable and self.server.moves == self._moves and not self.stream.has_waiting()

    @property
    def host(self) -> str | None:
        """Where the server is, once there is one."""
        return None if self.server is None else self.server.host.name

    def take(self, asker: Asker) -> None:
        """Serve ``asker`` until :meth:`let_go` or :meth:`retire`."""
        self._asker = asker
        gate = self._frontend.gate
        if self.stream is None:
            self._kept = True
            gate.kept.opened(gate.taken)
            self.reaching.begin()
        else:
            gate.kept.use(self)
            asker.upstream_ready()

    def let_go(self) -> None:
        """The request was answered in full; the connection waits for this client's next one."""
        self._asker = None
        self.asked += 1
        self._frontend.gate.kept.rest(self)

    def retire(self) -> None:
        """Nothing more is asked here: close, and give the slot back when the connection is gone."""
        stream = self._withdraw()
        if stream is not None:
            stream.close()
            self._frontend.deadlines.set(self, self._frontend.seconds() + self._frontend.client_fin_timeout)

    def cut(self) -> None:
        """The same at once: the server is to see that this was no ordinary end."""
        stream = self._withdraw()
        if stream is not None:
            stream.abort()

    def yield_stream(self) -> PipedStream:
        """The connection, for another one of the same client; this one is over, and its slot is free."""
        stream = self.stream
        assert stream is not None
        self.stream = None
        self.gone = self._retired = True
        self.reaching.end()
        self._over()
        return stream

    def tally(self) -> None:
        """Tell the server what was carried since the last time."""
        if self.stream is not None and self.server is not None:
            self.server.carried(*self._odometer.since(self.stream))

    # ---- what the way there tells

    def reached(self, stream: PipedStream, server: Server) -> None:
        self.stream = stream
        self.server = server
        self._moves = server.moves
        self.reaching.served()
        self.connected_at = self._frontend.seconds()
        stream.attach(self)
        stream.resume()
        assert self._asker is not None
        self._asker.upstream_ready()

    def unreached(self, termination: str) -> None:
        self.gone = True
        self._over()
        assert self._asker is not None
        self._asker.upstream_failed(termination)

    def evicted(self, reason: str) -> None:
        self._end(None, reason)

    def spare(self, server: Server) -> PipedStream | None:
        other = None if self._aside is None else self._aside.idle(server)
        if other is None:
            return None
        self.asked = other.asked
        self._odometer = other._odometer
        return other.yield_stream()

    def crowded(self) -> None:
        if self._aside is not None:
            self._aside.retire()

    # ---- what the stream tells

    def data_received(self, stream: Stream, data: bytes) -> None:
        if self._asker is not None:
            self._asker.from_server(data)
        else:
            self.cut()  # nobody has asked: this may not become the answer to the next question

    def eof_received(self, stream: Stream) -> None:
        self._end(None, "S")

    def peer_left(self, stream: Stream) -> None:
        """Nobody asked to be told."""

    def write_drained(self, stream: Stream) -> None:
        if self._asker is not None:
            self._asker.server_drained()

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self.gone = True
        if self.server is not None:
            self.server.carried(*self._odometer.since(stream))
        self._frontend.deadlines.clear(self)
        self.reaching.end()
        self._over()
        self._end(error, "S")

    def deadline_due(self, now: float) -> None:
        """It was closed, and the server does not let go."""
        if self.stream is not None:
            self.stream.abort()

    def _end(self, error: Exception | None, reason: str) -> None:
        if self._asker is not None:
            self._asker.server_ended(error, reason)
        else:
            self.retire()

    def _withdraw(self) -> PipedStream | None:
        """Take no request any more; returns what is to be closed."""
        self._asker = None
        if self._retired:
            return None
        self._retired = True
        self._frontend.gate.kept.use(self)
        if self.stream is None or self.gone:
            self.reaching.end()
            self._over()
            return None
        return self.stream

    def _over(self) -> None:
        """There is no connection any more, nor one on its way."""
        if self._kept:
            self._kept = False
            self._frontend.gate.kept.closed(self)
