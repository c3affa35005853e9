"""The fork server: a process with one thread, no reactor and no connection, which forks a worker each time the master asks.

A master cannot fork itself: it has threads (DNS), an epoll and open connections.  What all workers shall have, most of all the
TLS contexts, whose ticket keys cannot be told to another process, is made here before the first of them.
"""

import gc
import os
import select
import signal
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exproxy.process.link import Link
from exproxy.process.messages import CannotChangeError, CannotForkError, Configure, Ended, Fork, Kill
from exproxy.process.spawning import LINK, die_with_parent

LOOK = 1.0
"""Seconds between two looks at what changes with time."""

_AT_ONCE = 65536
_DESCRIPTORS = 16
"""So many may come with one reading; Twisted sends each with a byte of its own."""
_STANDARD_ERROR = 2


_log = Logger()


class Heirloom(Protocol):
    """What is made before the first fork, and inherited."""

    def configure(self, file: int) -> None:
        """:raises CannotChangeError: that configuration cannot be had, and the one before stays.

        Any other error ends the fork server.
        """

    def look(self) -> None:
        """Time has passed."""


@attrs.frozen(eq=False)
class File:
    """A configuration that is to be read."""

    file: int
    done: "Deferred[dict[str, object]]" = attrs.field(factory=Deferred)


@attrs.frozen(eq=False)
class Order:
    """A worker that is to be forked."""

    link: int
    errors: int
    forked: "Deferred[dict[str, object]]" = attrs.field(factory=Deferred)


@attrs.frozen(eq=False)
class _Transport:
    """Of AMP, on a socket that blocks."""

    _socket: socket.socket

    def write(self, data: bytes) -> None:
        with suppress(ConnectionError):  # there is no master any more: the next reading tells
            self._socket.sendall(data)

    def writeSequence(self, data: list[bytes]) -> None:
        self.write(b"".join(data))

    def getPeer(self) -> str:
        return "the master"

    def getHost(self) -> str:
        return "the fork server"

    def loseConnection(self) -> NoReturn:
        raise ConnectionError("the master says what is not understood")


class ForkServerLink(Link):
    """The fork server's end of the pair.  Only notes what is to be done: AMP would answer in a fork too, and catch its end."""

    def __init__(self, kill: Callable[[int], None]) -> None:
        super().__init__()
        self._kill = kill
        self.orders: deque[File | Order] = deque()
        """In the order in which they came: a worker has the configuration that was the last one when it was asked for."""

    @Configure.responder
    def configure(self, file: int) -> "Deferred[dict[str, object]]":
        order = File(file)
        self.orders.append(order)
        return order.done

    @Fork.responder
    def fork(self, link: int, errors: int) -> "Deferred[dict[str, object]]":
        order = Order(link, errors)
        self.orders.append(order)
        return order.forked

    @Kill.responder
    def kill(self, pid: int) -> dict[str, object]:
        self._kill(pid)
        return {}


class ForkServer:
    """:param control: the end of the master's pair, a socket that blocks."""

    def __init__(self, control: socket.socket, heirloom: Heirloom, fork: Callable[[], int] = os.fork) -> None:
        self._control = control
        self._heirloom = heirloom
        self._fork = fork
        self._children: set[int] = set()
        self._link = ForkServerLink(self._kill)
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)

    def run(self) -> bool:
        """Fork; ``True`` in each worker, whose end of its pair is at :data:`LINK`, and ``False`` when the master is gone."""
        self._link.makeConnection(_Transport(self._control))
        signal.signal(signal.SIGCHLD, _noticed)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = dict(poll.poll(LOOK * 1000))
            if self._woken.fileno() in ready:
                self._woken.recv(_AT_ONCE)
            if self._control.fileno() in ready and not self._hear():
                return False
            while self._link.orders:
                order = self._link.orders.popleft()
                if isinstance(order, File):
                    self._configure(order)
                elif self._obey(order):
                    return True
            self._reap()
            self._look()

    def _hear(self) -> bool:
        """Whether there is a master."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, _AT_ONCE, _DESCRIPTORS)
        except ConnectionError:
            data, descriptors = b"", []
        for descriptor in descriptors:
            self._link.fileDescriptorReceived(descriptor)
        if data:
            self._link.dataReceived(data)
        return bool(data)

    def _configure(self, order: File) -> None:
        try:
            self._heirloom.configure(order.file)
        except CannotChangeError as error:
            order.done.errback(error)
        else:
            order.done.callback({})

    def _obey(self, order: Order) -> bool:
        """Whether this is the worker."""
        gc.freeze()  # a collection in a worker must not write to the pages that all of them share
        parent = os.getpid()
        try:
            pid = self._fork()
        except OSError as error:
            order.forked.errback(CannotForkError(error.strerror or str(error)))
        else:
            if not pid:
                self._become_worker(order, parent)
                return True
            self._children.add(pid)
            order.forked.callback({"pid": pid})
        os.close(order.link)
        os.close(order.errors)
        return False

    def _become_worker(self, order: Order, parent: int) -> None:
        """Keep nothing that is another's: whoever holds an end of a pair hides that its owner is gone."""
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)  # it ended before that was said
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for ours in (self._control, self._woken, self._wake):
            ours.close()
        os.dup2(order.errors, _STANDARD_ERROR)
        os.dup2(order.link, LINK, inheritable=False)
        os.closerange(LINK + 1, os.sysconf("SC_OPEN_MAX"))

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._children.discard(pid)
            self._link.callRemote(Ended, pid=pid, status=os.waitstatus_to_exitcode(status))

    def _look(self) -> None:
        try:
            self._heirloom.look()
        except Exception:  # noqa: BLE001 - whatever it is, all workers would end with us
            _log.failure("exproxy made an error with renewed files; please report this")

    def _kill(self, pid: int) -> None:
        if pid in self._children:
            os.kill(pid, signal.SIGKILL)


def _noticed(number: int, frame: Any) -> None:
    """A child has ended: the descriptor of wake-ups says it."""
