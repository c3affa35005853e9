"""The epoll: hands events to their handlers, a bounded number a turn, and lets the reactor live in between."""

import select
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.logger import Logger
from zope.interface import implementer

from exproxy.net.deadlines import Deadlines
from exproxy.net.epoll.splice import Pipes

EVENTS_A_ROUND = 256
LINGER = 0.001
"""Seconds that a turn waits for more when it has done all there was (the epoll counts in milliseconds)."""
TURN = 0.002
"""Seconds after which the reactor has its turn though there is more to do: its timers, checks and other processes' news wait."""
ROUNDS_A_TURN = 64
"""At most, however short they are."""
BUFFER = 256 * 1024

_log = Logger()


class Handler(Protocol):
    """Whoever has a descriptor in the epoll."""

    def ready(self, mask: int) -> None:
        """The descriptor has events."""

    def fault(self) -> None:
        """``ready`` raised: an error of ours, which must end nobody but this one."""


class Continuable(Protocol):
    """Whoever could not do all in one turn."""

    def carry_on(self) -> None:
        """Do some more."""

    def fault(self) -> None:
        """``carry_on`` raised."""


class Mortal(Protocol):
    """Whoever is told of its end only when nobody is inside a call of it."""

    def bury(self) -> None:
        """Close the descriptor and tell the receiver."""


class Reactor(IReactorFDSet, IReactorTime):
    """What the loop needs of a reactor."""


@implementer(IReadDescriptor)
class Loop:
    """:param reactor: a reactor with ``addReader`` and the clock.

    ``now`` is the reactor's seconds at the beginning of the present round.  ``buffer`` is shared by all streams: what is read
    into it is sent or copied before the call returns.
    """

    def __init__(self, reactor: Reactor) -> None:
        self.reactor = reactor
        self.seconds = reactor.seconds
        self.now: float = reactor.seconds()
        self.deadlines = Deadlines(reactor)
        self.buffer = bytearray(BUFFER)
        self.view = memoryview(self.buffer)
        self.pipes = Pipes()
        self._epoll = select.epoll()
        self._poll = self._epoll.poll
        self._handlers: dict[int, Handler] = {}
        self._again: list[Continuable] = []
        self._dead: list[Mortal] = []
        self._turning = False
        self._call: IDelayedCall | None = None
        reactor.addReader(self)

    def register(self, fd: int, handler: Handler, mask: int) -> None:
        """Watch ``fd``; it leaves the epoll when it is closed."""
        self._handlers[fd] = handler
        self._epoll.register(fd, mask)

    def look_away(self, fd: int) -> None:
        """Watch ``fd`` no more; it keeps its handler, for what was seen of it in the present turn."""
        self._epoll.unregister(fd)

    def replace(self, fd: int, handler: Handler) -> None:
        """``fd``, registered already, belongs to ``handler`` from now on."""
        self._handlers[fd] = handler

    def handler(self, fd: int) -> Handler:
        """Whose ``fd`` is."""
        return self._handlers[fd]

    def forget(self, fd: int) -> None:
        """``fd`` is about to be closed."""
        self._handlers.pop(fd, None)

    def again(self, who: Continuable) -> None:
        """Call ``who.carry_on`` in the next turn, after the events that wait by then."""
        self._again.append(who)
        if not self._turning:
            self._wake()

    def later(self, who: Mortal) -> None:
        """Call ``who.bury`` when the present turn is over, or soon."""
        self._dead.append(who)
        if not self._turning:
            self._wake()

    def _wake(self) -> None:
        if self._call is None:
            self._call = self.reactor.callLater(0, self._woken)

    def _woken(self) -> None:
        self._call = None
        self.doRead()

    def fileno(self) -> int:
        return self._epoll.fileno()

    def logPrefix(self) -> str:
        return "exproxy"

    def doRead(self) -> None:
        """One turn: rounds, until nothing comes any more for a moment, or until the reactor has waited long enough for its own.

        A way through the reactor costs as much as relaying a request, and what answers comes mostly at once: the server's, and
        the client's next.
        """
        self._turning = True
        busy = self.round(0.0)
        until = self.now + TURN
        for _ in range(ROUNDS_A_TURN):
            if not busy or self.now > until or self._epoll.closed:
                break
            busy = self.round(LINGER)
        self._turning = False
        if self._again and not self._epoll.closed:
            self._wake()

    def round(self, patience: float) -> bool:
        """What is ready now, or within ``patience`` seconds; and what wanted to carry on.  Returns whether there was any."""
        again = self._again
        events = self._poll(0.0 if again else patience, EVENTS_A_ROUND)
        self.now = self.seconds()
        handlers = self._handlers
        for fd, mask in events:
            handler = handlers.get(fd)
            if handler is not None:
                try:
                    handler.ready(mask)
                except Exception:  # noqa: BLE001 - the reactor would drop the whole epoll
                    self.failed(handler)
        if self._again:
            again, self._again = self._again, []
            for who in again:
                try:
                    who.carry_on()
                except Exception:  # noqa: BLE001 - likewise
                    self.failed(who)
        if self._dead:
            self._bury()
        return bool(events or again)

    def _bury(self) -> None:
        while self._dead:
            dead, self._dead = self._dead, []
            for mortal in dead:
                try:
                    mortal.bury()
                except Exception:  # noqa: BLE001 - likewise
                    _log.failure("exproxy made an error while it ended a session; please report this")

    def failed(self, who: Handler | Continuable) -> None:
        """``who`` has raised, which is being handled."""
        _log.failure("exproxy made an error; one session is closed because of it; please report this")
        who.fault()

    def connectionLost(self, reason: object) -> None:
        """The reactor let go of us."""

    def close(self) -> None:
        """Stop watching; for tests and for the end of the process."""
        self.deadlines.stop()
        self.reactor.removeReader(self)
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._handlers.clear()
        self._epoll.close()
        self.pipes.close()
