"""A listening socket: accepts as many as are ready, bounded for fairness."""

import errno
from _socket import SOCK_STREAM, socket
from collections.abc import Callable
from select import EPOLLIN
from typing import Any

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.stream import EpollStream
from exproxy.net.interfaces import Acceptor, Address

ACCEPTS_A_ROUND = 64
SHARED_ACCEPTS_A_ROUND = 8
"""Of a socket on which other processes accept too: the first that wakes up leaves something for them."""
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
REST = 1.0
"""Seconds without accepting after the system refused a descriptor: trying again at once would spin."""


class EpollPort:
    """:param sock: bound, listening and non-blocking; accepted sockets inherit NODELAY and KEEPALIVE from it.

    :param batch: clients that are accepted in one round of the loop at most.
    """

    def __init__(self, loop: Loop, sock: socket, acceptor: Acceptor, batch: int = ACCEPTS_A_ROUND) -> None:
        self._loop = loop
        self._batch = batch
        self._sock = sock
        self._fd = sock.fileno()
        self._family = sock.family
        # socket.accept() would build a second Python object around this one's descriptor; typeshed does not list _accept
        self._accept: Callable[[], tuple[int, Any]] = sock._accept  # type: ignore[attr-defined]
        self._acceptor = acceptor
        self._paused = True
        self._closed = False
        self.deadline_tick = 0
        name = sock.getsockname()
        self.address: Address = (name[0], name[1])
        self._watched = False

    def fileno(self) -> int:
        return self._fd

    def pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._look_away()

    def resume(self) -> None:
        if self._paused and not self._closed:
            self._paused = False
            if not self.deadline_tick:
                self._watch()

    def close(self) -> None:
        if not self._closed:
            self._closed = self._paused = True
            self._loop.deadlines.clear(self)
            # closing is not enough: where other processes have the socket too, it would stay in the epoll
            self._look_away()
            self._loop.forget(self._fd)
            self._sock.close()

    def ready(self, mask: int) -> None:
        """Clients wait."""
        for _ in range(min(self._batch, self._acceptor.room())):
            if self._paused or self.deadline_tick or not self._take():
                return

    def take_in(self, most: int) -> None:
        """Those whom other processes have accepted meanwhile are theirs."""
        self._loop.now = self._loop.seconds()  # nobody is inside a round: streams are as old as that says
        for _ in range(most):
            if self._paused or self.deadline_tick or self._acceptor.room() <= 0:
                return
            try:
                if not self._take():
                    return
            except Exception:  # noqa: BLE001 - whoever closes us has more to do
                self._loop.failed(self)

    def fault(self) -> None:
        """An acceptor raised: the loop has logged it, and the others go on."""

    def deadline_due(self, now: float) -> None:
        """The rest is over."""
        if not self._paused:
            self._watch()

    def _take(self) -> bool:
        """Accept a client; returns whether there may be another one."""
        try:
            fd, name = self._accept()
        except BlockingIOError:
            return False
        except OSError as error:
            self._refused(error)
            return True  # one who gave up says nothing about the next
        sock = socket(self._family, SOCK_STREAM, 0, fd)
        sock.setblocking(False)
        stream = EpollStream(self._loop, sock, name if len(name) == 2 else (name[0], name[1]))
        try:
            self._acceptor.accepted(stream)
        except Exception:
            stream.abort()
            raise
        return True

    def _refused(self, error: OSError) -> None:
        if error.errno in EXHAUSTED:
            self._look_away()
            self._loop.deadlines.set(self, self._loop.seconds() + REST)
            self._acceptor.accept_failed(error)

    def _watch(self) -> None:
        """Anew, and not only for something else: so ports are looked at in the order in which they were resumed."""
        if not self._watched:
            self._watched = True
            self._loop.register(self._fd, self, EPOLLIN)

    def _look_away(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.look_away(self._fd)
