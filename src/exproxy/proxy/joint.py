"""What joins a client's stream and a server's once both are there: a pipe, or somebody who understands what is said.

A front end has one :data:`Join`.  :func:`pipe` is that of mode ``tcp``; then no code of ours sees a byte.  A mode that reads
along makes a :class:`Joint` of each session, with a translator of its own (sans-io, in :mod:`exproxy.wire`) in the middle.
"""

from collections.abc import Callable
from typing import Protocol

from exproxy.net.interfaces import Address, PipedStream, Receiver, Stream
from exproxy.net.tls.server import ServerTLS
from exproxy.pool import Server
from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError


class Joined(Receiver, Protocol):
    """A session, as what joins its streams sees it; it is told of their ends."""

    @property
    def source(self) -> Address:
        """The client, of a balancer before us if that told it."""

    starttls: ServerTLS | None
    """What the client can be offered, in a mode that has a command for it."""

    def replace_client(self, client: PipedStream) -> None:
        """What the client is spoken to through from now on: TLS over what it was before."""

    def reached(self) -> Address:
        """The address that the client connected to, likewise."""

    @property
    def relaying(self) -> bool:
        """Whether nobody has ended it yet, neither side nor we."""

    @property
    def blamed(self) -> str:
        """The letter of whoever has ended the session, empty while nobody has."""

    def end(self, letter: str) -> None:
        """End once what is queued is sent; the letter says who is to blame."""


Join = Callable[[Joined, PipedStream, PipedStream, Server], object]
"""Session, client's stream, server's stream, and the server: both streams are paused and have the session as receiver."""


class Visit(Protocol):
    """Who has taken a client over from its session."""

    def drain(self) -> None:
        """The client is to be let go when what it has begun is over."""

    def tally(self) -> None:
        """Tell servers what was carried since the last time."""


Serve = Callable[[Joined, PipedStream, bool], Visit]
"""Takes a client over once its connection stands: session, the client's stream, paused, and whether it speaks TLS.  The session
ends the client by ending its stream, and wants to be told when that is lost; it writes no access line."""


class Translator(Protocol):
    """Takes what either side sends, cut anywhere, and says what is to be sent."""

    def from_client(self, data: bytes) -> Crossing:
        """:raises Broken: this is the end of the session."""

    def from_server(self, data: bytes) -> Crossing:
        """:raises Broken: this is the end of the session."""

    def client_ended(self) -> None:
        """Nothing more comes from the client.

        :raises WireError: something should have.
        """

    def server_ended(self) -> None:
        """The same of the server."""

    def broken(self, who: str, error: WireError) -> None:
        """The session ends: ``who``, ``client`` or ``server``, has broken the protocol."""


def pipe(_session: Joined, client: PipedStream, upstream: PipedStream, _server: Server) -> None:
    """Relay bytes as they are."""
    client.pipe(upstream)
    upstream.pipe(client)


class Joint:
    """The receiver of both streams in the session's place.

    Who sends is not read while anything waits that was said because of it, to either side; so at most one buffer a direction is
    held besides what the translator holds.
    """

    __slots__ = ("_client", "_over", "_session", "_translator", "_upstream", "_waiting")

    def __init__(self, session: Joined, client: Stream, upstream: Stream, translator: Translator) -> None:
        self._session = session
        self._client = client
        self._upstream = upstream
        self._translator = translator
        self._over = False
        self._waiting: frozenset[tuple[Stream, Stream]] = frozenset()
        """Who is not read, and whose queue that is for."""
        client.attach(self)
        upstream.attach(self)
        client.resume()
        upstream.resume()

    def data_received(self, stream: Stream, data: bytes) -> None:
        if self._over:
            return
        client = stream is self._client
        try:
            crossing = self._translator.from_client(data) if client else self._translator.from_server(data)
        except Broken as broken:
            self._send(stream, broken.last)
            self._break(stream, broken)
        else:
            self._send(stream, crossing)

    def eof_received(self, stream: Stream) -> None:
        """An end is passed on as an end, behind what was sent; one in the middle of something ends the session."""
        if self._ended_well(stream):
            self._other(stream).write_eof()
            self._session.eof_received(stream)

    def peer_left(self, stream: Stream) -> None:
        self._session.peer_left(stream)

    def write_drained(self, stream: Stream) -> None:
        self._let_go(stream)

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if error is not None:
            self._ended_well(stream)
        self._over = True
        self._let_go(stream)  # what is still read from the other one goes nowhere, but its end is seen
        self._session.stream_lost(stream, error)

    def _ended_well(self, stream: Stream) -> bool:
        if self._over or not self._session.relaying:
            return True  # an end that we have made
        try:
            if stream is self._client:
                self._translator.client_ended()
            else:
                self._translator.server_ended()
        except WireError as error:
            self._break(stream, error)
            return False
        return True

    def _break(self, stream: Stream, error: WireError) -> None:
        """End the session because of the peer behind ``stream``."""
        client = stream is self._client
        self._over = True
        self._translator.broken("client" if client else "server", error)
        self._session.end("P" if client else "S")

    def _send(self, source: Stream, crossing: Crossing) -> None:
        if crossing.to_server and not self._upstream.write(crossing.to_server):
            self._hold(source, self._upstream)
        if crossing.to_client and not self._client.write(crossing.to_client):
            self._hold(source, self._client)

    def _hold(self, source: Stream, full: Stream) -> None:
        source.pause()
        self._waiting |= {(source, full)}

    def _let_go(self, drained: Stream) -> None:
        """Read on from whoever waits for no other queue."""
        before, self._waiting = self._waiting, frozenset(pair for pair in self._waiting if pair[1] is not drained)
        held = {source for source, _ in self._waiting}
        for source in {source for source, _ in before}:
            if source not in held:
                source.resume()

    def _other(self, stream: Stream) -> Stream:
        return self._upstream if stream is self._client else self._client
