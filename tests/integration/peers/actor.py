"""A server that says what it is told to say, octet for octet, and ends as it is told to end."""

import contextlib
import socket
import socketserver
import ssl
import struct
import threading

import attrs

from tests.integration.peers.waiting import PATIENCE
from tests.smuggling.answers import Answer, End, Outcome

PAUSE = 0.001
"""Seconds between two parts where nobody hears anything of the first: nothing depends on that they come one by one."""
NEXT = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"
"""To whoever asks for ``/next``."""


class Scene:
    """One answer, and how far it is."""

    def __init__(self, answer: Answer, ragged: bool) -> None:
        self.answer = answer
        self.ragged = ragged
        self.heard = threading.Event()
        """The client has something of it."""
        self.played = threading.Event()

    def play(self, connection: socket.socket) -> None:
        """Part by part; the client has heard of each before the next, where it is to hear of it."""
        said = b""
        for part in self.answer.parts:
            if said:
                audible = b"\r\n\r\n" in said and self.answer.outcome is not Outcome.BAD
                self.heard.wait(PATIENCE if audible else PAUSE)
            said += part
            connection.sendall(part)
        if self.answer.outcome is Outcome.CUT:
            self.heard.wait(PATIENCE)
        self.played.set()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512
    block_on_close = False
    context: ssl.SSLContext | None = None
    scene: Scene | None = None

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)

    def handle_error(self, request: object, address: object) -> None:
        pass  # a client that left, or sent what is no TLS


class _Handler(socketserver.BaseRequestHandler):
    """One connection: ``/next`` is answered as it should be, and everything else as it was told."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        connection: socket.socket = self.request
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(PATIENCE)
        if server.context is not None:
            connection = server.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)
        with contextlib.suppress(OSError):
            while self._asked(connection):
                pass

    def _asked(self, connection: socket.socket) -> bool:
        """Answer one request; whether there may be another."""
        asked = b""
        while b"\r\n\r\n" not in asked:
            octets = connection.recv(65_536)
            if not octets:
                return False
            asked += octets
        if asked.startswith(b"GET /next "):
            connection.sendall(NEXT)
            return True
        server = self.server
        assert isinstance(server, _Server)
        scene = server.scene
        assert scene is not None
        scene.play(connection)
        return self._ended(connection, scene.answer.end, scene.ragged)

    def _ended(self, connection: socket.socket, end: End, ragged: bool) -> bool:
        if end is End.STAYS:
            return True
        if end is End.RESETS:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close(connection)
            return False
        if isinstance(connection, ssl.SSLSocket) and not ragged:
            connection = connection.unwrap()
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while socket.socket.recv(connection, 65_536) if ragged else connection.recv(65_536):
            pass
        return False

    def _close(self, connection: socket.socket) -> None:
        """At once: what ``socketserver`` does later is an ordinary end."""
        if isinstance(connection, ssl.SSLSocket):
            connection = socket.socket(fileno=connection.detach())
        connection.close()


@attrs.define
class Actor:
    """:param context: of its TLS."""

    host: str
    port: int
    context: ssl.SSLContext | None = None
    _server: _Server = attrs.field(init=False)

    def start(self) -> None:
        self._server = _Server((self.host, self.port))
        self._server.context = self.context
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def play(self, answer: Answer, ragged: bool = False) -> None:
        """Answer so from now on.

        :param ragged: over TLS, close without saying so there.
        """
        self._server.scene = Scene(answer, ragged)

    def heard(self) -> None:
        """The client says that it has something of the answer."""
        assert self._server.scene is not None
        self._server.scene.heard.set()

    def wait(self) -> None:
        """Until all of it was said."""
        assert self._server.scene is not None
        assert self._server.scene.played.wait(PATIENCE), "nobody asked"
