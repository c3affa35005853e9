"""A loop on a reactor in memory, turned by hand; sockets are pairs that never leave the process, unless a test says otherwise."""

import socket
import time
from collections.abc import Callable

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.stream import EpollStream
from tests.integration.streams import Recorder


class SilentRecorder(Recorder):
    """A recorder that needs no reactor."""

    def note(self, event: str, about: object) -> None:
        self.events.append((event, about))


PATIENCE = 60.0
"""Seconds after which what a test waits for does not come any more."""


class LoopTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.loop = Loop(self.reactor)
        self.addCleanup(self.loop.close)

    def turn(self, times: int = 3) -> None:
        for _ in range(times):
            self.loop.doRead()
            self.reactor.advance(0)

    def until(self, condition: Callable[[], object]) -> None:
        """Turn until it holds: what goes over TCP comes in the kernel's own time, on the loopback address too."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), limit)
            self.turn(1)

    def stream(self, recorder: Recorder) -> tuple[EpollStream, socket.socket]:
        """A stream that tells ``recorder``, and the socket at its other end."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self.addCleanup(theirs.close)
        stream = EpollStream(self.loop, ours, ("192.0.2.1", 1))
        recorder.accepted(stream)
        self.addCleanup(self.turn)
        self.addCleanup(stream.abort)
        return stream, theirs
