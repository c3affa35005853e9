"""The way to a server that has given a good greeting: who says something else is passed over, unseen by the client."""

from collections.abc import Callable
from typing import Protocol

from exproxy.net.interfaces import PipedStream, PlainStream, SecureStream, Stream
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.failures import TLSError
from exproxy.pool import Server
from exproxy.pool.backend import WENT_DOWN
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined
from exproxy.proxy.mail.farewell import Farewell
from exproxy.proxy.reaching import Reaching, Wish
from exproxy.wire.reception.base import Now, Reception, Turn


class Guest(Protocol):
    """Who wants to be put through; told exactly one of the first two, perhaps from inside :meth:`Approach.begin`."""

    def put_through(self, stream: PipedStream, server: Server, greeting: bytes) -> None:
        """``stream`` is paused, and its receiver is still to be attached."""

    def turned_away(self, termination: str) -> None:
        """There is no server; nothing is held any more."""

    def evicted(self, reason: str) -> None:
        """The server is to be left: ``D`` it went down, ``U`` a better one came up."""

    def passed_over(self, server: Server, why: str) -> None:
        """For the log: a server was reached and did not serve."""


class Approach:
    """:param receive: makes the reception of a server.

    :param patience: seconds that one server has from its connection to its good greeting.
    :param wish: what the server is chosen by; ``None``: the client's address.
    """

    __slots__ = (
        "_backend",
        "_frontend",
        "_guest",
        "_patience",
        "_receive",
        "_reception",
        "_server",
        "_stream",
        "deadline_tick",
        "reached_at",
        "reaching",
    )

    def __init__(
        self,
        guest: Guest,
        frontend: Frontend,
        backend: Backend,
        session: Joined,
        receive: Callable[[Server], Reception],
        patience: float,
        wish: Wish | None = None,
    ) -> None:
        self._guest = guest
        self._frontend = frontend
        self._backend = backend
        self._receive = receive
        self._patience = patience
        self.reaching = Reaching(self, frontend, backend, session, wish, speaks_first=False)
        self._reception: Reception | None = None
        self._stream: PipedStream | None = None
        self._server: Server | None = None
        self.reached_at = 0.0
        self.deadline_tick = 0

    def begin(self) -> None:
        """Set out."""
        self.reaching.begin()

    def give_up(self) -> None:
        """Hold nothing any more, and tell nothing."""
        stream = self._leave()
        if stream is not None:
            stream.abort()
        self.reaching.end()

    # ---- what the way there tells

    def reached(self, stream: PipedStream, server: Server) -> None:
        self._stream = stream
        self._server = server
        self._reception = self._receive(server)
        self.reached_at = self._frontend.seconds()
        self._frontend.deadlines.set(self, self.reached_at + self._patience)
        stream.attach(self)
        stream.resume()

    def unreached(self, termination: str) -> None:
        self._guest.turned_away(termination)

    def evicted(self, reason: str) -> None:
        if self._stream is None:
            self._guest.evicted(reason)
        else:
            self._part("went down" if reason == WENT_DOWN else "was left for a better one", b"")
            self.reaching.left(reason)

    # ---- what the stream tells

    def data_received(self, stream: Stream, data: bytes) -> None:
        if stream is self._stream and self._reception is not None:
            self._act(self._reception.receive(data))

    def eof_received(self, stream: Stream) -> None:
        if stream is self._stream and self._reception is not None:
            self._pass_over(f"closed the connection instead of {self._reception.awaited()}", b"")

    def peer_left(self, stream: Stream) -> None:
        """Nobody asked to be told."""

    def write_drained(self, stream: Stream) -> None:
        """Nothing waits for it: what we say is a line at a time."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if stream is self._stream and self._reception is not None:
            self._pass_over(f"dropped the connection instead of {self._reception.awaited()} ({error})", b"")

    def tls_secured(self, stream: SecureStream) -> None:
        if stream is self._stream and self._reception is not None:
            stream.resume()
            self._act(self._reception.secured())

    def tls_failed(self, stream: SecureStream, failure: TLSError) -> None:
        if stream is self._stream:
            self._pass_over(f"could not be spoken to over TLS ({failure})", b"")

    def deadline_due(self, now: float) -> None:
        """This server has had its time."""
        if self._reception is not None:
            self._pass_over(f"was silent instead of {self._reception.awaited()} for {self._patience:g} s", b"")

    # ---- the steps

    def _act(self, turn: Turn) -> None:
        stream, server = self._stream, self._server
        assert stream is not None
        assert server is not None
        if turn.now is Now.TURN_AWAY:
            if turn.refusal and self._knows_the_client(server):
                self._part(turn.why, turn.say)
                self.reaching.declined()
            else:
                self._pass_over(turn.why, turn.say)
            return
        if turn.say:
            stream.write(turn.say)
        if turn.now is Now.PUT_THROUGH:
            self._leave()
            stream.pause()
            self.reaching.served()
            self._guest.put_through(stream, server, turn.greeting)
        elif turn.now is Now.START_TLS:
            self._secure(stream, server)

    def _knows_the_client(self, server: Server) -> bool:
        """Then a refusal may be the client's own fault, who could else have all servers taken for dead by connecting often."""
        backend = self._backend
        return server.name in backend.send_proxy or server.name in backend.xclient or server.name in backend.imap_id

    def _secure(self, stream: PipedStream, server: Server) -> None:
        tls: ClientTLS = self._backend.starttls[server.name]
        stream.pause()
        plain: PlainStream = stream  # type: ignore[assignment]  # no TLS stands under STARTTLS: the configuration has one mode
        self._stream = self._frontend.network.secure_client(plain, tls, self)

    def _pass_over(self, why: str, farewell: bytes) -> None:
        self._part(why, farewell)
        self._try_next()

    def _try_next(self) -> None:
        self.reaching.refused()

    def _part(self, why: str, farewell: bytes) -> None:
        server = self._server
        stream = self._leave()
        assert server is not None
        assert stream is not None
        Farewell(self._frontend, stream, farewell)
        self._guest.passed_over(server, why)

    def _leave(self) -> PipedStream | None:
        """Take no part any more in what a server's stream tells."""
        stream, self._stream = self._stream, None
        self._reception = None
        self._frontend.deadlines.clear(self)
        return stream
