"""The event log of Windows, for what an administrator has to know there; everything is in the log file."""

from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText
from zope.interface import implementer

ERROR, WARNING, INFORMATION = 1, 2, 4
"""EVENTLOG_ERROR_TYPE and so on (winnt.h)."""
LIFE = "exproxy.winservice.life"
"""Whose information is told too: starts and stops."""
MOST = 60
"""Entries a minute: an event log is small, and others write there too."""
LONGEST = 30_000
"""Characters of an entry; Windows takes 31,839."""

_TYPES = {LogLevel.critical: ERROR, LogLevel.error: ERROR, LogLevel.warn: WARNING, LogLevel.info: INFORMATION}


@implementer(ILogObserver)
class Journal:
    """:param write: an entry of a type, with this text; raises nothing.

    :param seconds: the time.
    """

    def __init__(self, write: Callable[[int, str], object], seconds: Callable[[], float]) -> None:
        self._write = write
        self._seconds = seconds
        self._began = seconds()
        self._written = 0
        self._left_out = 0

    def __call__(self, event: LogEvent) -> None:
        kind = _TYPES.get(event.get("log_level", LogLevel.info))
        if kind is None or (kind == INFORMATION and event.get("log_namespace") != LIFE):
            return
        if self._seconds() - self._began >= 60:
            self._begin()
        if self._written >= MOST:
            self._left_out += 1
            return
        self._written += 1
        self._write(kind, eventAsText(event, includeTimestamp=False, includeSystem=False)[:LONGEST])

    def _begin(self) -> None:
        left_out, self._left_out = self._left_out, 0
        self._began, self._written = self._seconds(), 0
        if left_out:
            self._write(WARNING, f"{left_out} more entries are in exproxy's log file only")
