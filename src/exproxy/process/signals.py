"""What signals mean: the first SIGTERM or SIGINT drains, the second ends at once; SIGUSR1 reopens log files, SIGHUP reloads."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]


class Signals:
    """Installs handlers beside those that are there.

    :param call: runs a function in the reactor's thread, soon (``reactor.callFromThread``).
    :param stop: begins the orderly end (``reactor.stop``).
    :param hurry: ends what still lives; called for each further signal.
    :param reopen: opens log files anew.
    :param reload: reads the configuration anew.
    """

    def __init__(
        self,
        call: Callable[[Callable[[], object]], object],
        stop: Callable[[], object],
        hurry: Callable[[], object],
        reopen: Callable[[], object],
        reload: Callable[[], object],
    ) -> None:
        self._call = call
        self._stop = stop
        self._hurry = hurry
        self._reopen = reopen
        self._reload = reload
        self._stopping = False
        self._before_usr1: Any = None

    def note_reloads(self) -> None:
        """From now on a reload that is asked for comes about, if only when the reactor runs."""
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._hup)

    def install(self) -> None:
        """To be called once the reactor runs: it installs its own when it starts."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        if hasattr(signal, "SIGUSR1"):
            self._before_usr1 = signal.signal(signal.SIGUSR1, self._usr1)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._call(self._hurry)
        else:
            self._stopping = True
            self._call(self._stop)

    def _usr1(self, number: int, frame: FrameType | None) -> None:
        """twistd rotates its own log on this signal; it goes on doing so."""
        if callable(self._before_usr1):
            self._before_usr1(number, frame)
        self._call(self._reopen)

    def _hup(self, number: int, frame: FrameType | None) -> None:
        self._call(self._reload)
