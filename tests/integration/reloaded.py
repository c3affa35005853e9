"""Traffic while the configuration changes: people who stay and people who come, and what went wrong for any of them."""

import contextlib
import http.client
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which a client says that it is not served."""


class _Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.server.name  # type: ignore[attr-defined]  # ours has one
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *about: object) -> None:
        """Nobody reads it."""


class Website(http.server.ThreadingHTTPServer):
    """Answers with its name, and keeps connections."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, host: str, port: int, name: bytes) -> None:
        self.name = name
        super().__init__((host, port), _Answering)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class Traffic:
    """Threads of clients, each of which does something again and again until :meth:`stop`; ``faults`` are what they met."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.done: dict[str, int] = {}
        """How often each kind of clients got what it wanted."""
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, kind: str, turns: Callable[[], Iterator[None]], count: int = 1) -> None:
        """:param turns: one client's life, which yields each time that it got what it wanted."""
        self.done[kind] = 0
        for _ in range(count):
            thread = threading.Thread(target=self._live, args=(kind, turns), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _live(self, kind: str, turns: Callable[[], Iterator[None]]) -> None:
        try:
            with contextlib.closing(turns()) as life:  # type: ignore[type-var]  # generators close
                for _ in life:
                    self.done[kind] += 1
                    if self._over.wait(0.002):
                        return
        except Exception as error:  # noqa: BLE001 - whatever a client meets is to be told
            self.faults.append(f"{kind}: {type(error).__name__}: {error}")

    def stop(self) -> None:
        """Have all of them end what they are doing."""
        self._over.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)


def comes_and_goes(host: str, port: int) -> Callable[[], Iterator[None]]:
    """Connects, says something, hears it again and hangs up."""

    def life() -> Iterator[None]:
        while True:
            with socket.create_connection((host, port), timeout=PATIENCE) as client:
                _talk(client, greeted=False)
            yield

    return life


def stays(host: str, port: int) -> Callable[[], Iterator[None]]:
    """Connects once, and talks on for as long as it lives."""

    def life() -> Iterator[None]:
        with socket.create_connection((host, port), timeout=PATIENCE) as client:
            greeted = False
            while True:
                _talk(client, greeted)
                greeted = True
                yield

    return life


def stays_secure(host: str, port: int, authority: Path) -> Callable[[], Iterator[None]]:
    """The same in TLS."""

    def life() -> Iterator[None]:
        with _secure(host, port, authority) as client:
            greeted = False
            while True:
                _talk(client, greeted)
                greeted = True
                yield

    return life


def comes_secure(host: str, port: int, authority: Path, shown: set[str]) -> Callable[[], Iterator[None]]:
    """Shakes hands anew each time, and notes the serial numbers of the certificates that it is shown."""

    def life() -> Iterator[None]:
        while True:
            with _secure(host, port, authority) as client:
                shown.add(str((client.getpeercert() or {})["serialNumber"]))
                _talk(client, greeted=False)
            yield

    return life


def asks_again(host: str, port: int, path: str) -> Callable[[], Iterator[None]]:
    """One request after the other on one connection, and a new one when it is told that this was the last."""

    def life() -> Iterator[None]:
        client = http.client.HTTPConnection(host, port, timeout=PATIENCE)
        while True:
            client.request("GET", path)
            answer = client.getresponse()
            if answer.status != 200 or not answer.read():
                raise OSError(f"{path} was answered with {answer.status}")
            yield

    return life


def _talk(client: socket.socket, greeted: bool) -> None:
    if not greeted:
        _expect(client, None)
    client.sendall(b"hello\n")
    _expect(client, b"hello\n")


def _expect(client: socket.socket, wanted: bytes | None) -> None:
    heard = b""
    while not heard.endswith(b"\n"):
        more = client.recv(4096)
        if not more:
            raise OSError(f"the connection has ended behind {heard!r}")
        heard += more
    if wanted is not None and heard != wanted:
        raise OSError(f"{heard!r} was said for {wanted!r}")


def _secure(host: str, port: int, authority: Path) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(authority))
    plain = socket.create_connection((host, port), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname="mail.example.com")
    except BaseException:
        plain.close()
        raise
