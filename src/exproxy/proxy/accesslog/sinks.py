"""Where access lines go: what every sink has, and the sinks that are files."""

import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from twisted.logger import Logger


class Sink(Protocol):
    """Takes batches of lines; never waits, and never raises for a disk or a peer that fails."""

    dropped: int
    """Lines that were lost here, ever."""

    def write(self, lines: Sequence[str], now: float) -> None:
        """Take the lines, which have no end-of-line; ``now`` is the epoch's seconds."""

    def reopen(self) -> None:
        """Open the file by its name again: it was rotated."""

    def close(self) -> None:
        """Give up what is open."""


class Trouble:
    """Says once that a sink fails, and once that it works again."""

    __slots__ = ("_failing", "_lost", "_what")

    _logger = Logger()

    def __init__(self, what: str) -> None:
        self._what = what
        self._failing = False
        self._lost = 0

    def failed(self, error: object, lost: int) -> None:
        """``lost`` lines could not be written."""
        self._lost += lost
        if not self._failing:
            self._failing = True
            reason = str(error).removesuffix(".")
            self._logger.error("{what} cannot be written: {error}; lines are dropped", what=self._what, error=reason)

    def worked(self) -> None:
        """A write succeeded."""
        if self._failing:
            self._logger.info("{what} is written again; {lost} lines were dropped", what=self._what, lost=self._lost)
            self._failing = False
            self._lost = 0


def _encode(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


class FileSink:
    """Appends each batch with one ``write``: several processes may share the file, lines stay whole.

    :raises OSError: the file cannot be opened, at the start; later failures are counted and said.
    """

    __slots__ = ("_descriptor", "_path", "_torn", "_trouble", "dropped")

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._path = path
        self._trouble = Trouble(f"access log {path}")
        self._torn = False
        self._descriptor = self._open()

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # O_NONBLOCK: a fifo that nobody reads must not hold the process; it has no meaning for a file
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        return os.open(self._path, flags, 0o640)

    def write(self, lines: Sequence[str], now: float) -> None:
        data = _encode(lines)
        if self._torn:  # the last batch ended inside a line
            data = b"\n" + data
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:] if written else data)
        except OSError as error:
            lost = data.count(b"\n", written)
            self.dropped += lost
            self._torn = data[written - 1 : written] != b"\n" if written else self._torn
            self._trouble.failed(error, lost)
        else:
            self._torn = False
            self._trouble.worked()

    def reopen(self) -> None:
        try:
            descriptor = self._open()
        except OSError as error:
            self._trouble.failed(f"{error}; the old file is kept", 0)
            return
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._torn = False

    def close(self) -> None:
        os.close(self._descriptor)


class StdoutSink:
    """Writes to a descriptor that others share, such as standard output: its mode is not ours to change.

    A pipe or terminal that polls writable takes ``PIPE_BUF`` bytes without waiting (pipe(7)), so no more is written at a
    time.  What a slow reader leaves is kept up to a bound, and written with the next batch.
    """

    __slots__ = ("_bound", "_descriptor", "_poll", "_rest", "_trouble", "dropped")

    def __init__(self, descriptor: int | None = None, bound: int = 1 << 20) -> None:
        self.dropped = 0
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._bound = bound
        self._rest = b""
        self._trouble = Trouble("access log on standard output")
        self._poll = None
        if sys.platform != "win32":  # which has no poll, and whose consoles do not stop a writer for long
            self._poll = select.poll()
            self._poll.register(self._descriptor, select.POLLOUT)

    def write(self, lines: Sequence[str], now: float) -> None:
        if len(self._rest) > self._bound:
            self._write_rest()
        if len(self._rest) > self._bound:
            self.dropped += len(lines)
            self._trouble.failed("nobody reads it", len(lines))
            return
        self._rest += _encode(lines)
        self._write_rest()

    def _write_rest(self) -> None:
        data, written = self._rest, 0
        piece = len(data) if self._poll is None else select.PIPE_BUF
        try:
            while written < len(data) and (self._poll is None or self._poll.poll(0)):
                written += os.write(self._descriptor, data[written : written + piece])
        except OSError as error:
            lost = data.count(b"\n", written)
            self.dropped += lost
            self._rest = b""
            self._trouble.failed(error, lost)
            return
        self._rest = data[written:]
        if not self._rest:
            self._trouble.worked()

    def reopen(self) -> None:
        """Nothing: there is no name to open."""

    def close(self) -> None:
        """Nothing: the descriptor is not ours."""
