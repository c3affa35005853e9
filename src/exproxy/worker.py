"""``python -m exproxy.worker``: the fork server, started by its master and by nobody else, and in its forks the workers."""

import signal
import socket
import sys
from typing import Any

from twisted.internet import default
from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogBeginner
from zope.interface import provider

from exproxy.net import network_for
from exproxy.process.clock import steady
from exproxy.process.forkserver import ForkServer
from exproxy.process.memory import settle
from exproxy.process.spawning import LINK, adopt, die_with_parent
from exproxy.site.errors import SiteError
from exproxy.site.heirloom import Heirloom
from exproxy.site.worker import WorkerSite


@provider(ILogObserver)
def observe(event: LogEvent) -> None:
    """To standard error, which the master reads: it has the time and the file."""
    sys.stderr.write(eventAsText(event, includeTimestamp=False, includeSystem=False) + "\n")
    sys.stderr.flush()


def main() -> None:
    """Fork workers until the master is gone; in each of them, serve."""
    die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the master, who tells us; a terminal or an init system signals all
    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False)
    heirloom = Heirloom(steady())
    try:
        forked = ForkServer(socket.socket(fileno=LINK), heirloom).run()
    except SiteError as error:
        sys.exit(str(error))
    if forked:
        serve(heirloom)


def serve(heirloom: Heirloom) -> None:
    """Until the master says that it is enough, or is gone."""
    default.install()  # only now: a reactor has descriptors, and an epoll that is inherited is a shared one
    from twisted.internet import reactor

    live: Any = reactor
    live.seconds = heirloom.seconds
    site = WorkerSite(live, network_for(live), heirloom.configuration, heirloom.tls, heirloom.secret)
    adopt(live, socket.socket(fileno=LINK), site.link)
    settle()
    live.run(installSignalHandlers=False)


if __name__ == "__main__":
    main()
