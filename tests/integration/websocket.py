"""A client of websockets in one thread: websockets' protocol on a socket of ours.

The library's own blocking client reads in a second thread, and one TLS connection in two threads is more than Python 3.11 bears.
"""

import contextlib
import itertools
import socket

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

READ = 1 << 18


class Websocket:
    """:param connection: to whoever serves ``url``.

    :raises ConnectionError: it ended; so do all methods.
    """

    def __init__(self, connection: socket.socket, url: str) -> None:
        self._connection = connection
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._numbers = itertools.count()
        self._events: list[object] = []
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        response = self._next()
        assert isinstance(response, Response), response
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc
        self.response = response

    @property
    def close_code(self) -> int | None:
        """The other side's last word; 1006 if it had none."""
        return self._protocol.close_code

    @property
    def close_reason(self) -> str | None:
        return self._protocol.close_reason

    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._flush()

    def receive(self) -> str | bytes:
        """The next message."""
        frame = self._frame(Opcode.TEXT, Opcode.BINARY)
        return bytes(frame.data).decode() if frame.opcode is Opcode.TEXT else bytes(frame.data)

    def ask(self, message: str | bytes) -> str | bytes:
        self.send(message)
        return self.receive()

    def ping(self) -> None:
        """There and back; messages that come before it are forgotten."""
        said = str(next(self._numbers)).encode()
        self._protocol.send_ping(said)
        self._flush()
        while bytes(self._frame(Opcode.PONG).data) != said:
            pass

    def close(self, code: int, reason: str) -> None:
        """Say so, and wait for the other side."""
        self._protocol.send_close(code, reason)
        self._flush()
        self.wait()

    def wait(self) -> None:
        """Until the other side has left."""
        with contextlib.suppress(ConnectionError):
            while True:
                self._next()

    def _frame(self, *kinds: Opcode) -> Frame:
        while True:
            event = self._next()
            if isinstance(event, Frame) and event.opcode in kinds:
                assert event.fin, "a message in several frames"
                return event

    def _next(self) -> object:
        while not self._events:
            heard = self._connection.recv(READ)
            if heard:
                self._protocol.receive_data(heard)
            else:
                self._protocol.receive_eof()
            self._flush()
            self._events += self._protocol.events_received()
            if not heard and not self._events:
                raise ConnectionResetError(f"the websocket ended with {self.close_code}")
        return self._events.pop(0)

    def _flush(self) -> None:
        """An empty octet string is the end of what is to be sent."""
        for said in self._protocol.data_to_send():
            with contextlib.suppress(OSError):  # who has left will be noticed by reading
                if said:
                    self._connection.sendall(said)
                else:
                    self._connection.shutdown(socket.SHUT_WR)
