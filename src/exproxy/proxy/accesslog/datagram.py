"""Syslog over datagrams."""

import socket
from collections.abc import Callable, Sequence

from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.sinks import Trouble


class DatagramSink:
    """One datagram a line, to a UDP port or a unix socket; what the kernel refuses is lost, as syslog's datagrams may be.

    :param what: the address, for texts.
    :param connect: makes a connected, non-blocking socket, or raises ``OSError``; called again after a failure.
    """

    __slots__ = ("_connect", "_header", "_socket", "_trouble", "dropped")

    def __init__(self, what: str, connect: Callable[[], socket.socket], header: Header) -> None:
        self.dropped = 0
        self._connect = connect
        self._header = header
        self._socket: socket.socket | None = None
        self._trouble = Trouble(f"access log to syslog {what}")

    def write(self, lines: Sequence[str], now: float) -> None:
        start = self._header(now)
        sent = 0
        try:
            if self._socket is None:
                self._socket = self._connect()
            for line in lines:
                self._socket.send((start + line).encode("utf-8", "backslashreplace"))
                sent += 1
        except OSError as error:
            self.dropped += len(lines) - sent
            self._trouble.failed(error, len(lines) - sent)
            if not isinstance(error, BlockingIOError):
                self.close()  # a syslog server that was restarted has another socket under the same name
        else:
            self._trouble.worked()

    def reopen(self) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
