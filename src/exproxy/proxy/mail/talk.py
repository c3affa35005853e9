"""A client and the server that has greeted it, with a relay that follows what they say between them.

Who sends is not read while anything waits that was said because of it, to either side; so at most one buffer a direction is held
besides what the relay holds.  Once the relay has nothing more to follow, the streams are piped into one another, and nothing here
runs before the end of one of them.
"""

from typing import Protocol

from exproxy.net.interfaces import PipedStream, Receiver, Stream
from exproxy.proxy.mail.manner import Relay
from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError
from exproxy.wire.step import Step, Then


class Host(Receiver, Protocol):
    """Whose talk it is; the ends of both streams are told to it."""

    def begin_tls(self) -> None:
        """Shake hands with the client, and then call :meth:`Talk.secured`; what waits for that has been sent."""

    def replied(self) -> None:
        """The client has been told something; it may be time to count what it did wrong."""

    def talked(self, letter: str) -> None:
        """It is over; the letter says who is to blame, and is empty for the ordinary end.  Both streams are the host's again."""

    def broke(self, who: str, error: WireError) -> None:
        """For the log: ``who``, client or server, broke the protocol.  :meth:`talked` follows."""


class Talk:
    """:param client: paused, as ``upstream`` is; we are the receiver of both from now on."""

    __slots__ = ("_client", "_ended", "_held", "_host", "_over", "_relay", "_tls_waits", "_upstream", "_waiting", "piped")

    def __init__(self, host: Host, client: PipedStream, upstream: PipedStream, relay: Relay) -> None:
        self._host = host
        self._client = client
        self._upstream = upstream
        self._relay = relay
        self._over = False
        self._ended = False
        """The client sends no more; it may wait for answers."""
        self._held = False
        """The client is not read, for what it sends would have to wait for the server."""
        self._tls_waits = False
        """The client is to begin TLS as soon as our answer is on its way."""
        self._waiting: frozenset[tuple[Stream, Stream]] = frozenset()
        """Who is not read, and whose queue that is for."""
        self.piped = False
        client.attach(self)
        upstream.attach(self)

    def begin(self, greeting: bytes) -> None:
        """Greet the client."""
        self._send(self._upstream, Step(to_client=greeting))
        self._read_on()

    def go_on(self, step: Step) -> None:
        """Begin in the midst of it: with ``step``, for a client that has been greeted elsewhere."""
        self._act(self._upstream, step)
        if not self._over and not self.piped:
            self._read_on()

    def secured(self, client: PipedStream) -> None:
        """The client is encrypted now; its stream is paused."""
        self._client = client
        client.attach(self)
        self._act(self._upstream, self._relay.secured())
        if not self._over and not self.piped:
            self._read_on()

    @property
    def waits_for_server(self) -> bool:
        """Whose turn it is: who does not read what waits for him is slower than who owes an answer."""
        full = {full for _, full in self._waiting}
        return self._client not in full and (self._upstream in full or self._relay.awaiting)

    # ---- what the streams tell

    def data_received(self, stream: Stream, data: bytes) -> None:
        if self._over:
            return
        client = stream is self._client
        try:
            step = self._relay.from_client(data) if client else self._relay.from_server(data)
        except Broken as broken:
            self._send(stream, broken.last)
            self._host.broke("client" if client else "server", broken)
            self._end("P" if client else "S")
        else:
            self._act(stream, step)
            if step.to_client and not self._over:
                self._host.replied()

    def write_drained(self, stream: Stream) -> None:
        """Read on from whoever waits for no other queue."""
        self._waiting = frozenset(pair for pair in self._waiting if pair[1] is not stream)
        if self._tls_waits and stream is self._client and not self._over:
            self._tls_waits = False
            self._host.begin_tls()
        elif not self._over and not self.piped:
            self._read_on()

    def eof_received(self, stream: Stream) -> None:
        self._host.eof_received(stream)

    def peer_left(self, stream: Stream) -> None:
        self._host.peer_left(stream)

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self._host.stream_lost(stream, error)

    def client_ended(self) -> None:
        """It sends no more, but may wait for answers: the server hears of it behind all that was said."""
        self._ended = True
        if self._over or self.piped:
            return
        if self._relay.awaiting:
            self._upstream.write_eof()
        else:
            self.client_lost()

    def client_lost(self) -> None:
        """It is gone.  Where the server could not even be told QUIT it left in the midst of something."""
        if not self._over:
            last = b"" if self.piped else self._relay.client_lost().to_server
            self._send(self._client, Crossing(last))
            self._end("" if self.piped or last else "C")

    def server_gone(self) -> None:
        """It has closed."""
        if self.piped:
            return
        if not self._over:
            self._act(self._upstream, self._relay.server_lost(), "C" if self._ended else "S")

    # ---- what the host asks

    def stop(self) -> None:
        """Nothing that either side still says is of any interest."""
        self._over = True

    def drain(self) -> None:
        """End as soon as nothing is lost by that."""
        if not self._over and not self.piped:
            self._act(self._upstream, self._relay.drain(), "K")

    def expire(self) -> None:
        """Nothing came for too long from whoever's turn it is."""
        if not self._over:
            server = self.waits_for_server
            self._act(self._upstream, self._relay.server_lost() if server else self._relay.expire(), "s" if server else "c")

    def abuse(self) -> None:
        """Its source has done too much wrong."""
        if not self._over and not self.piped:
            self._act(self._upstream, self._relay.abuse(), "P")

    # ---- the steps

    def _act(self, source: Stream, step: Step, letter: str = "") -> None:
        self._send(source, step)
        if step.then is not Then.GO_ON:
            self._go_over(step.then, letter)
        elif self._ended and not self._relay.awaiting:
            self.client_lost()
        elif self._relay.holding is not self._held:
            self._read_on()

    def _go_over(self, then: Then, letter: str) -> None:
        """To what follows the commands and replies in the clear."""
        if then is Then.FINISH:
            self._end(letter)
        elif then is Then.PIPE:
            self._pipe()
        else:
            self._client.pause()
            if any(full is self._client for _, full in self._waiting):
                self._tls_waits = True
            else:
                self._host.begin_tls()

    def _read_on(self) -> None:
        """Read whoever may be read, and nobody else."""
        held = {source for source, _ in self._waiting} if self._waiting else ()
        if self._upstream not in held:
            self._upstream.resume()
        self._held = self._relay.holding
        if self._held or self._client in held:
            self._client.pause()
        else:
            self._client.resume()

    def _pipe(self) -> None:
        """What waits in either queue goes before what is piped, for the streams see to that."""
        self.piped = True
        self._waiting = frozenset()
        self._client.pipe(self._upstream)
        self._upstream.pipe(self._client)

    def _send(self, source: Stream, crossing: Crossing) -> None:
        if crossing.to_server and not self._upstream.write(crossing.to_server):
            self._hold(source, self._upstream)
        if crossing.to_client and not self._client.write(crossing.to_client):
            self._hold(source, self._client)

    def _hold(self, source: Stream, full: Stream) -> None:
        source.pause()
        self._waiting |= {(source, full)}

    def _end(self, letter: str) -> None:
        self._over = True
        self._host.talked(letter)
