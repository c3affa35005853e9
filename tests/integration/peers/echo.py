"""The smallest server: it greets with its name and says again what it hears."""

import contextlib
import socket
import socketserver
import threading

import attrs


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    """Who connects while the accept queue is full may wait for the greeting for ever: with SYN cookies nobody notices."""
    name = ""

    def __init__(self, host: str, port: int, name: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.name = name
        super().__init__((host, port), _Handler)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        connection: socket.socket = self.request
        with contextlib.suppress(OSError):
            connection.settimeout(60)
            connection.sendall(f"{self.server.name}\n".encode())
            while heard := connection.recv(4096):
                connection.sendall(heard)


@attrs.define
class Echo:
    """Runs in threads of the test; live sessions outlive :meth:`stop`."""

    name: str
    host: str
    port: int
    _server: _Server | None = None

    def start(self) -> None:
        """:raises OSError: somebody else is on the port."""
        self._server = _Server(self.host, self.port, self.name)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Leave the port; may be called again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class EchoClient:
    """A client of one, through the proxy.

    :raises OSError: the connection was refused, or closed before a server's name came.
    """

    def __init__(self, host: str, port: int, source: str = "") -> None:
        self.connection = socket.create_connection((host, port), 60, source_address=(source, 0))
        try:
            self.server = self._line()
        except BaseException:
            self.connection.close()
            raise

    def echo(self, word: str) -> str:
        """Say ``word``; what comes back."""
        self.connection.sendall(f"{word}\n".encode())
        return self._line()

    def close(self) -> None:
        self.connection.close()

    def _line(self) -> str:
        got = b""
        while not got.endswith(b"\n"):
            data = self.connection.recv(1)
            if not data:
                raise ConnectionResetError(f"the connection ended after {got!r}")
            got += data
        return got.decode().strip()


def echoing_server(host: str, port: int) -> str:
    """Connect, say a word, hear it again, leave: the server's name."""
    client = EchoClient(host, port)
    try:
        assert client.echo("hello") == "hello", "the echo is another one"
        return client.server
    finally:
        client.close()
