"""A connection on its way to a server."""

import errno
import os
from _socket import SO_ERROR, SOL_SOCKET, socket
from select import EPOLLERR, EPOLLHUP, EPOLLOUT

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.stream import MASK, EpollStream
from exproxy.net.interfaces import Address, Dialer

_MAYBE_FAILED = EPOLLHUP | EPOLLERR
_DECIDED = EPOLLOUT | _MAYBE_FAILED


class EpollAttempt:
    """:param sock: non-blocking, with ``connect_ex`` called and in progress or done."""

    __slots__ = ("_address", "_dialer", "_fd", "_loop", "_sock", "deadline_tick")

    def __init__(self, loop: Loop, sock: socket, address: Address, dialer: Dialer, timeout: float) -> None:
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._address = address
        self._dialer: Dialer | None = dialer
        self.deadline_tick = 0
        loop.register(self._fd, self, MASK)
        loop.deadlines.set(self, loop.seconds() + timeout)

    def cancel(self) -> None:
        if self._dialer is not None:
            self._dialer = None
            self._drop()

    def ready(self, mask: int) -> None:
        """Connected, or refused."""
        dialer = self._dialer
        if dialer is None or not mask & _DECIDED:  # an event of who had this descriptor before, in the same turn
            return
        if mask & _MAYBE_FAILED and (code := self._sock.getsockopt(SOL_SOCKET, SO_ERROR)):
            self._fail(OSError(code, os.strerror(code)))
            return
        self._dialer = None
        self._loop.deadlines.clear(self)
        stream = EpollStream(self._loop, self._sock, self._address, MASK, mask)
        self._loop.replace(self._fd, stream)
        dialer.connected(stream)

    def fault(self) -> None:
        """A dialer raised: its stream goes, if there is one already."""
        handler = self._loop.handler(self._fd)
        if handler is not self:
            handler.fault()

    def deadline_due(self, now: float) -> None:
        """Nobody answered."""
        self._fail(TimeoutError(errno.ETIMEDOUT, "the server did not answer in time"))

    def bury(self) -> None:
        """The loop's turn is over."""
        self._loop.forget(self._fd)
        self._sock.close()

    def _fail(self, error: Exception) -> None:
        dialer, self._dialer = self._dialer, None
        self._drop()
        if dialer is not None:
            dialer.connect_failed(error)

    def _drop(self) -> None:
        self._loop.deadlines.clear(self)
        self._loop.later(self)


class FailedAttempt:
    """A connection that the system refused at once; the dialer hears of it when nobody is inside ``connect``."""

    __slots__ = ("_dialer", "_error")

    def __init__(self, loop: Loop, dialer: Dialer, error: OSError) -> None:
        self._dialer: Dialer | None = dialer
        self._error = error
        loop.later(self)

    def cancel(self) -> None:
        self._dialer = None

    def bury(self) -> None:
        """The loop's turn is over."""
        if self._dialer is not None:
            self._dialer.connect_failed(self._error)
