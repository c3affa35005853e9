"""What the site tells on a terminal while it runs: its log, a short line each."""

from collections.abc import Callable
from typing import TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogPublisher,
)
from zope.interface import implementer

NAMESPACE = "exproxy.simulator"


def narrate(out: TextIO) -> Callable[[], None]:
    """Write the site's own events, and what goes wrong anywhere, to ``out``; tells how to stop that."""

    @implementer(ILogObserver)
    def write(event: LogEvent) -> None:
        ours = str(event.get("log_namespace", "")).startswith(NAMESPACE)
        if ours or event.get("log_failure") is not None:
            out.write(f"site  | {formatEvent(event)}\n")
            out.flush()

    observer = FilteringLogObserver(write, [LogLevelFilterPredicate(LogLevel.info)])
    globalLogPublisher.addObserver(observer)
    return lambda: globalLogPublisher.removeObserver(observer)
