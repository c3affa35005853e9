"""The access log: a session appends its record, one timer formats and writes what has gathered."""

from collections.abc import Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exproxy.proxy.accesslog.formats import Formatter, Record
from exproxy.proxy.accesslog.sinks import Sink


class AccessLog:
    """Batched, bounded and never in a session's way.

    :param clock: its ``seconds()`` are the epoch's, as the reactor's are.
    :param limit: records that may wait; one more is dropped and counted.
    :param interval: seconds that a record waits at most; the timer runs only while something waits.
    """

    __slots__ = ("_call", "_clock", "_closed", "_formatter", "_interval", "_limit", "_missed", "_sinks", "_waiting", "dropped")

    _logger = Logger()

    SLICE = 256
    """Lines that are formatted in one turn of the loop: about a millisecond, then others have theirs."""

    def __init__(
        self, clock: IReactorTime, formatter: Formatter, sinks: Sequence[Sink], limit: int = 10_000, interval: float = 0.1
    ) -> None:
        self.dropped = 0
        self._clock = clock
        self._formatter = formatter
        self._sinks = tuple(sinks)
        self._limit = limit
        self._interval = interval
        self._waiting: list[Record] = []
        self._call: IDelayedCall | None = None
        self._closed = False
        self._missed = 0

    @property
    def lost(self) -> int:
        """Lines that were dropped before they were written, and those that each sink lost."""
        return self.dropped + sum(sink.dropped for sink in self._sinks)

    def log(self, record: Record) -> None:
        """Take a record; it is written within :attr:`interval`."""
        waiting = self._waiting
        if len(waiting) < self._limit:
            waiting.append(record)
            if self._call is None:
                self._arm(self._interval)
        else:
            self._drop()

    def _arm(self, delay: float) -> None:
        if self._closed:
            self._waiting.clear()
            self.dropped += 1
        elif self._sinks:
            self._call = self._clock.callLater(delay, self._turn)
        else:
            self._waiting.clear()  # nobody asked for access lines

    def _drop(self) -> None:
        self.dropped += 1
        self._missed += 1
        if self._missed == 1:
            self._logger.warn(
                "access log: {limit} sessions ended within {interval} s and wait to be written; the lines of more are dropped",
                limit=self._limit,
                interval=self._interval,
            )

    def _turn(self) -> None:
        self._call = None
        self._write(self.SLICE)
        if self._waiting:
            self._arm(0)

    def _write(self, count: int) -> None:
        waiting = self._waiting
        lines = [self._formatter(record) for record in waiting[:count]]
        del waiting[:count]
        now = self._clock.seconds()
        for sink in self._sinks:
            sink.write(lines, now)
        if self._missed and not waiting:
            self._logger.warn("access log: {missed} lines were dropped; all are written again", missed=self._missed)
            self._missed = 0

    def flush(self) -> None:
        """Write everything that waits, now."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._waiting:
            self._write(len(self._waiting))

    def reopen(self) -> None:
        """The files were rotated: what waits goes to the old ones, what comes to new ones."""
        self.flush()
        for sink in self._sinks:
            sink.reopen()

    def close(self) -> None:
        """Write what waits and close the sinks; records that come later are dropped."""
        if self._closed:
            return
        self.flush()
        self._closed = True
        for sink in self._sinks:
            sink.close()
