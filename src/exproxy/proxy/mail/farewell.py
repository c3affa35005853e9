"""The end of a connection that nobody needs any more."""

from exproxy.net.interfaces import Stream
from exproxy.proxy.frontend import Frontend


class Farewell:
    """Says the last word and closes; a peer that does not let go is cut off after ``client_fin``."""

    __slots__ = ("_frontend", "_stream", "deadline_tick")

    def __init__(self, frontend: Frontend, stream: Stream, last: bytes = b"") -> None:
        self._frontend = frontend
        self._stream = stream
        self.deadline_tick = 0
        stream.attach(self)
        if last:
            stream.write(last)
        stream.close()
        frontend.deadlines.set(self, frontend.seconds() + frontend.client_fin_timeout)

    def data_received(self, stream: Stream, data: bytes) -> None:
        """Nobody listens."""

    def eof_received(self, stream: Stream) -> None:
        """As it should be."""

    def peer_left(self, stream: Stream) -> None:
        """Nobody asked to be told."""

    def write_drained(self, stream: Stream) -> None:
        """Nothing follows."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self._frontend.deadlines.clear(self)

    def deadline_due(self, now: float) -> None:
        """It had its time."""
        self._stream.abort()
