"""The service itself, with completion ports, pywin32's event log and what is kept in the registry."""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import servicemanager
from twisted.internet import iocpreactor
from twisted.logger import globalLogBeginner, globalLogPublisher, textFileLogObserver
from twisted.python.logfile import LogFile

from exproxy.site.errors import SiteError
from exproxy.site.starting import site_for
from exproxy.winservice import manager
from exproxy.winservice.answers import ManagerError
from exproxy.winservice.journal import ERROR, INFORMATION, WARNING, Journal
from exproxy.winservice.life import Life, Site
from exproxy.winservice.orders import Orders
from exproxy.winservice.status import Status

LARGEST, OLD = 10_000_000, 9
"""Octets of the log file, and how many older ones stay."""


def run(orders: Orders, status: Status) -> None:
    """In the service's thread, until it is over."""
    globalLogBeginner.beginLoggingTo([Journal(write, time.monotonic)])
    iocpreactor.install()
    from twisted.internet import reactor  # the one that was installed

    life = Life(reactor, partial(build, reactor), status)
    orders.follow(life.order)
    life.run()


def build(reactor: Any) -> Site:
    """The site of the configuration that is kept with the service.

    :raises ConfigError: the file is wrong.
    :raises SiteError: something is not to be had.
    """
    try:
        kept = manager.kept()
    except ManagerError as error:
        raise SiteError([f"{manager.PARAMETERS} cannot be read in the registry: {error}"]) from error
    try:
        log = LogFile.fromFullPath(str(kept.log), rotateLength=LARGEST, maxRotatedFiles=OLD)
    except OSError as error:
        words = f"the log {kept.log} cannot be opened: {error.strerror}; may the service's account write there?"
        raise SiteError([words]) from error
    globalLogPublisher.addObserver(textFileLogObserver(log))
    return site_for(Path(kept.configuration), os.environ, reactor)


def write(kind: int, text: str) -> None:
    """An entry of the event log."""
    entry = {ERROR: servicemanager.LogErrorMsg, WARNING: servicemanager.LogWarningMsg, INFORMATION: servicemanager.LogInfoMsg}
    entry[kind](text)
