"""``python -m exproxy.worker``: a worker, started by its master and by nobody else."""

import signal
import socket
import sys
from typing import Any

from twisted.internet import reactor
from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogBeginner
from zope.interface import provider

from exproxy.net import network_for
from exproxy.process.clock import steady
from exproxy.process.spawning import LINK, adopt, die_with_parent
from exproxy.site.worker import WorkerSite


@provider(ILogObserver)
def observe(event: LogEvent) -> None:
    """To standard error, which the master reads: it has the time and the file."""
    sys.stderr.write(eventAsText(event, includeTimestamp=False, includeSystem=False) + "\n")
    sys.stderr.flush()


def main() -> None:
    """Serve until the master says that it is enough, or is gone."""
    die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the master, who tells us; a terminal or an init system signals all
    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False)
    live: Any = reactor
    live.seconds = steady()
    site = WorkerSite(live, network_for(live))
    adopt(live, socket.socket(fileno=LINK), site.link)
    live.run(installSignalHandlers=False)


if __name__ == "__main__":
    main()
