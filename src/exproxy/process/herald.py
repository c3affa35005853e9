"""Tells a supervisor (systemd) how the process is: that it is ready, reloads, ends, what it does, and that it lives."""

import socket
import time
from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exproxy.wire import systemd

EVERY = 5.0
"""Seconds between two looks at what is to be said, at most."""
LONGER = 30.0
"""Seconds more that the end may take from each word on: it drains as long as the configuration says, whatever the unit's limit
is, and a process that hangs says no word."""

OWED = 8
"""Words that were not heard and are said again, at most; the oldest are forgotten first."""

_log = Logger()


class Post:
    """The way to whoever wants to know.

    :param address: of a datagram socket: a path, or an abstract name that begins with a zero.
    """

    def __init__(self, address: str | bytes) -> None:
        self._address = address
        self._lost = False

    def send(self, words: bytes) -> bool:
        """Whether they were heard.  Never waits and never fails: who does not hear is told again, and the log says so once."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.setblocking(False)
                way.sendto(words, self._address)
        except OSError as error:
            if not self._lost:
                self._lost = True
                _log.warn("the supervisor (NOTIFY_SOCKET) does not hear: {reason}", reason=error.strerror or str(error))
            return False
        self._lost = False
        return True


class Herald:
    """:param send: takes a datagram's words, and says whether they were heard.

    :param watchdog: seconds within which the supervisor wants a sign of life each time; ``None``: it does not.
    :param summary: what the process does, in a sentence.
    :param monotonic: seconds of CLOCK_MONOTONIC.

    Signs of life come from a timer of the reactor, so they stop when it does not turn any more.  What a supervisor that is busy
    has not heard (its queue is full: ten datagrams, by Linux' default) is said again in order; signs of life are not.
    """

    def __init__(
        self,
        clock: IReactorTime,
        send: Callable[[bytes], bool],
        watchdog: float | None,
        summary: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._send = send
        self._watchdog = watchdog
        self._every = EVERY if watchdog is None else min(EVERY, watchdog / 2)
        self._summary = summary
        self._monotonic = monotonic
        self._said = ""
        self._owed: deque[bytes] = deque(maxlen=OWED)
        self._stopping = False
        self._call: IDelayedCall | None = None

    def ready(self) -> None:
        """Clients are let in; or a reload is over, well or not."""
        if not self._stopping:
            self._tell(systemd.together(systemd.ready(), self._status()))
            self._again()

    def reloading(self) -> None:
        """A reload begins: to be followed by :meth:`ready`."""
        if not self._stopping:
            self._tell(systemd.reloading(self._monotonic()))

    def stopping(self) -> None:
        """The end begins; nothing else is said after it but that it goes on."""
        self._stopping = True
        self._tell(systemd.together(systemd.stopping(), systemd.patience(LONGER), self._status()))
        self._again()

    def end(self) -> None:
        """Nothing is left to be told."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _tell(self, words: bytes) -> None:
        self._repay()
        if self._owed or not self._send(words):
            self._owed.append(words)

    def _repay(self) -> None:
        while self._owed and self._send(self._owed[0]):
            self._owed.popleft()

    def _again(self) -> None:
        self.end()
        self._call = self._clock.callLater(self._every, self._beat)

    def _beat(self) -> None:
        self._call = None
        self._repay()
        before = self._said
        status = self._status()
        words = [systemd.alive()] if self._watchdog is not None else []
        words += [status] if self._said != before else []
        words += [systemd.patience(LONGER)] if self._stopping else []
        if words and not self._send(systemd.together(*words)):
            self._said = before  # a sentence that has changed is still to be said
        self._again()

    def _status(self) -> bytes:
        try:
            self._said = self._summary()
        except Exception:  # noqa: BLE001 - whatever it is, who cannot be described still lives
            _log.failure("exproxy made an error with its own summary; please report this")
            self._summary = _indescribable
        return systemd.status(self._said)


def _indescribable() -> str:
    return "running; what it does could not be summed up: its log has the error"
