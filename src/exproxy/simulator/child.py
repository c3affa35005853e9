"""The proxy as a process of its own, started by the command that everybody uses; what it says is shown as it comes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

PATIENCE = 5.0
"""Seconds between asking the process to end, insisting, and killing it."""


def proxy_command(python: str, configuration: Path) -> list[str]:
    """``twistd -n exproxy -c FILE`` by this very Python, bound to us: see :mod:`exproxy.simulator.bound`."""
    # Without a pid file: twistd would leave one in the present folder (it has no such option on Windows, and no such file).
    no_pid_file = ["--pidfile="] if os.name == "posix" else []
    return [python, "-m", "exproxy.simulator.bound", "-n", *no_pid_file, "exproxy", "-c", str(configuration)]


class Proxy(ProcessProtocol):
    """The process.

    :param out: gets every line that the process says.
    :ivar ended: fires with a sentence part when the process is gone ("exit status 1").
    """

    transport: IProcessTransport

    def __init__(self, clock: IReactorTime, out: TextIO) -> None:
        self._clock = clock
        self._out = out
        self._unfinished = b""
        self._alarm: IDelayedCall | None = None
        self._stopped: list[Deferred[None]] = []
        self._gone = False
        self.ended: Deferred[str] = Deferred()

    def outReceived(self, data: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            self._show(line)

    def errReceived(self, data: bytes) -> None:
        self.outReceived(data)

    def processEnded(self, reason: Failure) -> None:
        if self._unfinished:
            self._show(self._unfinished)
        if self._alarm is not None:
            self._alarm.cancel()
        self._gone = True
        for stopped in self._stopped:
            stopped.callback(None)
        self.ended.callback(_how(reason))

    def stop(self) -> Deferred[None]:
        """End the process; fires when it is gone."""
        if self._gone:
            return succeed(None)
        if self._alarm is None:
            self._insist(["TERM", "TERM", "KILL"])
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        return stopped

    def _insist(self, ways: Sequence[str]) -> None:
        """The first signal lets live sessions end, the second does not wait for them, the third asks nobody."""
        self._alarm = None
        try:
            self.transport.signalProcess(ways[0])
        except ProcessExitedAlready:
            return
        if ways[1:]:
            self._alarm = self._clock.callLater(PATIENCE, self._insist, ways[1:])

    def _show(self, line: bytes) -> None:
        self._out.write(f"proxy | {line.decode('utf-8', 'replace').rstrip()}\n")
        self._out.flush()


def _how(reason: Failure) -> str:
    ended = reason.value
    assert isinstance(ended, ProcessDone | ProcessTerminated)  # Twisted gives nothing else
    if ended.signal is not None:
        return f"signal {ended.signal}"
    return f"exit status {ended.exitCode}"
