"""An agent beside a server, which tells the balancer's agent-check what to do with it."""

import contextlib
import socket
import socketserver
import threading

import attrs


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512
    block_on_close = False
    answer = b""


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        connection: socket.socket = self.request
        with contextlib.suppress(OSError):
            connection.sendall(self.server.answer)


@attrs.define
class Agent:
    """Runs in threads of the test."""

    host: str
    port: int
    _server: _Server | None = None

    def start(self, answer: str) -> None:
        """:raises OSError: somebody else is on the port."""
        self._server = _Server((self.host, self.port), _Handler)
        self.say(answer)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def say(self, answer: str) -> None:
        """From now on."""
        assert self._server is not None, "the agent was not started"
        self._server.answer = f"{answer}\n".encode()

    def stop(self) -> None:
        """Leave the port; may be called again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
