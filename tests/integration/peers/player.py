"""A server in the test's hands: every connection is a thread that plays a part, and what it hears is kept."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable

import attrs

from tests.integration.peers.waiting import PATIENCE

Part = Callable[["Stage"], None]


@attrs.define
class Stage:
    """One connection."""

    connection: socket.socket
    heard: bytearray = attrs.field(factory=bytearray)

    def say(self, words: bytes) -> None:
        self.connection.sendall(words)

    def listen(self, until: bytes = b"") -> bytes:
        """What came since it was last listened, up to ``until`` or the end.

        :raises ConnectionError: the other side has gone before that.
        """
        start = len(self.heard)
        while not until or until not in self.heard[start:]:
            data = self.connection.recv(65_536)
            if not data and until:
                raise ConnectionError("the other side has gone")
            if not data:
                break
            self.heard += data
        return bytes(self.heard[start:])


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512
    block_on_close = False
    player: "Player"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.request.settimeout(2 * PATIENCE)
        stage = Stage(self.request)
        self.server.player.stages.append(stage)
        with contextlib.suppress(OSError):
            self.server.player.part(stage)


@attrs.define
class Player:
    """Plays ``part`` for whoever comes."""

    host: str
    port: int
    part: Part
    stages: list[Stage] = attrs.field(factory=list)
    _server: _Server | None = None

    def start(self) -> None:
        """:raises OSError: somebody else is on the port."""
        self._server = _Server((self.host, self.port), _Handler)
        self._server.player = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Leave the port; may be called again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
