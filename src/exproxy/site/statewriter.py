"""When the file of ``[service] state`` is written, and with what.

What was set by hand is in the file within a second.  Looking at everything twice a second costs less than being told of every
change (40 servers: about 0.1 ms).  Choices of clients are made text every minute, a slice at a time, so that no session waits for
that; files are written in a thread.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.pool.kept import Configured, Kept, keep
from exproxy.process import statefile
from exproxy.process.statefile import OwnFile
from exproxy.site.pools import Pools

LOOK = 0.4
"""Seconds between two looks at what was set by hand."""
HEALTH = 5.0
"""Seconds between two files that differ only in what checks have found, and after one that could not be written."""
ROUND = 60.0
"""Seconds between two looks at the tables."""
PAUSE = 0.005
"""Seconds between two slices of a table."""

InThread = Callable[[Callable[[], None]], "Deferred[None]"]

_log = Logger()


@attrs.frozen
class Aim:
    """What is kept, and where."""

    path: Path
    pools: Pools
    configured: Mapping[str, Configured]

    def kept(self, now: float) -> Kept:
        """Without the tables."""
        backends = (backend.pool for backend in self.pools.backends.values())
        return keep(self.pools.hosts.values(), backends, self.configured, now)


class StateWriter:
    """:param secret: of the process.

    :param wall: seconds since the epoch.
    :param in_thread: calls something that takes as long as a disk does.
    """

    def __init__(self, clock: IReactorTime, aim: Aim, secret: bytes, wall: Callable[[], float], in_thread: InThread) -> None:
        self.aim = aim
        """May be set to another one at any time."""
        self._clock = clock
        self._secret = secret
        self._wall = wall
        self._in_thread = in_thread
        self._tables: list[str] | None = None
        """Their texts, once there are some: before that the last process's file is the better one."""
        self._newer = False
        self._slices: Iterator[None] | None = None
        self._round_due = 0.0
        self._written: Kept | None = None
        self._written_in: Aim | None = None
        self._file = OwnFile(aim.path)
        self._warned: OwnFile | None = None
        self._not_before = 0.0
        self._failing = False
        self._busy = False
        self._writing: Deferred[None] = succeed(None)
        self._look_call: IDelayedCall | None = None
        self._slice_call: IDelayedCall | None = None
        self._ending: Deferred[None] | None = None

    def start(self) -> None:
        """Keep from now on."""
        self._look()

    def stop(self) -> "Deferred[None]":
        """Write all of it once more, and then never again: the file may be another process's from now on."""
        if self._ending is None:
            self._ending = Deferred()
            for call in (self._look_call, self._slice_call):
                if call is not None and call.active():
                    call.cancel()
            self._slices = self._texts(self.aim.pools)
            self._slice()
        return self._ending

    def _look(self) -> None:
        self._look_call = self._clock.callLater(LOOK, self._look)
        now = self._clock.seconds()
        if self._slices is None and now >= self._round_due:
            self._round_due = now + ROUND
            self._slices = self._texts(self.aim.pools)
            self._slice()
        if self._tables is not None and not self._busy:
            kept = self.aim.kept(now)
            if self._due(kept, now):
                self._write(kept, self._tables)

    def _due(self, kept: Kept, now: float) -> bool:
        if self._failing:
            return now >= self._not_before
        if self._written is None or self._newer or self._written_in is not self.aim or kept.by_hand != self._written.by_hand:
            return True
        return kept.health != self._written.health and now >= self._not_before

    # ---- tables

    def _slice(self) -> None:
        assert self._slices is not None
        try:
            next(self._slices)
        except StopIteration:
            self._slices = self._slice_call = None
            if self._ending is not None:
                self._write_last()
        else:
            self._slice_call = self._clock.callLater(PAUSE if self._ending is None else 0, self._slice)

    def _texts(self, pools: Pools) -> Iterator[None]:
        tables = []
        for name, group in tuple(pools.groups.items()):
            entries, taken, slices = group.table.snapshot(), self._wall(), []
            for text in statefile.entries_text(entries, self._clock.seconds()):
                slices.append(text)
                yield
            tables.append(statefile.table_text(name, group.table.kind, taken, slices))
        self._tables, self._newer = tables, True

    # ---- the file

    def _write(self, kept: Kept, tables: list[str]) -> "Deferred[None]":
        self._newer, self._busy = False, True
        self._not_before = self._clock.seconds() + HEALTH
        aim = self.aim
        if aim.path != self._file.path:
            self._file = OwnFile(aim.path)
        pieces = statefile.document(kept, self._secret, self._wall(), tables)
        self._writing = self._in_thread(partial(self._file.write, pieces))
        return self._writing.addCallbacks(self._wrote, self._failed, callbackArgs=(kept, aim), errbackArgs=(aim.path,))

    def _write_last(self) -> None:
        assert self._ending is not None
        kept, tables = self.aim.kept(self._clock.seconds()), self._tables or []
        self._writing.addCallback(lambda _: self._write(kept, tables)).chainDeferred(self._ending)

    def _wrote(self, nothing: None, kept: Kept, aim: Aim) -> None:
        self._busy = False
        self._written, self._written_in = kept, aim
        if self._failing:
            self._failing = False
            _log.info("service.state: {path} can be written again", path=str(aim.path))
        if self._file.shared and self._warned is not self._file:
            self._warned = self._file
            words = (
                "service.state: another process writes {path} too, and each loses what the other keeps: give it a file of its own"
            )
            _log.error(words, path=str(aim.path))

    def _failed(self, failure: Failure, path: Path) -> None:
        self._busy = False
        if not self._failing:
            self._failing = True
            why = failure.value.strerror if isinstance(failure.value, OSError) else repr(failure.value)
            words = "service.state: {path} cannot be written ({why}): a restart loses what has been set by hand since"
            _log.error(words, path=str(path), why=why)
