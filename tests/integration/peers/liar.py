"""Somebody who listens on a server's port but does not speak its protocol."""

import contextlib
import socket
import socketserver
import threading

import attrs

GARBAGE = b"\x00\x17?%% 999 who goes there\r\n\xff\xfe"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512
    block_on_close = False
    accepted = 0


class _Handler(socketserver.BaseRequestHandler):
    """Says garbage at once and again for whatever it hears, until the other side has had enough."""

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.accepted += 1
        connection: socket.socket = self.request
        with contextlib.suppress(OSError):
            connection.settimeout(30)
            connection.sendall(GARBAGE)
            while connection.recv(4096):
                connection.sendall(GARBAGE)


@attrs.define
class Liar:
    """Accepts TCP where a real server was, and answers wrongly."""

    host: str
    port: int
    _server: _Server | None = None

    def start(self) -> None:
        """:raises OSError: somebody else is on the port."""
        self._server = _Server((self.host, self.port), _Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def accepted(self) -> int:
        """How many have come."""
        return self._server.accepted if self._server else 0

    def stop(self) -> None:
        """Leave the port; may be called again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
