"""``python -m exproxy.winservice``: what Windows' service manager starts, by pywin32 and with completion ports."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import servicemanager
import win32service
import win32serviceutil
from twisted.internet import iocpreactor
from twisted.logger import globalLogBeginner, globalLogPublisher, textFileLogObserver
from twisted.python.logfile import LogFile

iocpreactor.install()

from twisted.internet import reactor  # noqa: E402 - the one that was installed

from exproxy.site.errors import SiteError  # noqa: E402 - what imports the reactor itself would install another one
from exproxy.site.starting import site_for  # noqa: E402
from exproxy.winservice import manager  # noqa: E402
from exproxy.winservice.answers import ManagerError  # noqa: E402
from exproxy.winservice.journal import ERROR, INFORMATION, WARNING, Journal  # noqa: E402
from exproxy.winservice.life import Life, Site  # noqa: E402
from exproxy.winservice.order import DESCRIPTION, NAME, TITLE  # noqa: E402
from exproxy.winservice.status import Status, Words  # noqa: E402

LARGEST, OLD = 10_000_000, 9
"""Octets of the log file, and how many older ones stay."""


class ExproxyService(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # pywin32 has no types
    """Passes the manager's orders on to a :class:`Life`."""

    _svc_name_ = NAME
    _svc_display_name_ = TITLE
    _svc_description_ = DESCRIPTION

    def __init__(self, args: Any) -> None:
        self._status = Status(self._tell)
        self._life = Life(reactor, build, self._status)
        super().__init__(args)

    def SvcRun(self) -> None:
        """Instead of pywin32's, which says that the service runs before anything of it does."""
        self._life.run()

    def SvcStop(self) -> None:
        self._life.stop()

    def SvcShutdown(self) -> None:
        self._life.shutdown()

    def SvcInterrogate(self) -> None:
        """Instead of pywin32's, which says that it runs whatever it does."""
        self._status.again()

    def _tell(self, words: Words) -> None:
        win32service.SetServiceStatus(self.ssh, words)


def build() -> Site:
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
        raise SiteError(
            [f"the log {kept.log} cannot be opened: {error.strerror}; may the service's account write there?"]
        ) from error
    globalLogPublisher.addObserver(textFileLogObserver(log))
    return site_for(Path(kept.configuration), os.environ, reactor)


def write(kind: int, text: str) -> None:
    """An entry of the event log."""
    entry = {ERROR: servicemanager.LogErrorMsg, WARNING: servicemanager.LogWarningMsg, INFORMATION: servicemanager.LogInfoMsg}
    entry[kind](text)


def main() -> None:
    """Be the service, until it has stopped."""
    servicemanager.Initialize(NAME, servicemanager.__file__)
    servicemanager.PrepareToHostSingle(ExproxyService)
    globalLogBeginner.beginLoggingTo([Journal(write, time.monotonic)])
    try:
        servicemanager.StartServiceCtrlDispatcher()
    except win32service.error as error:
        sys.exit(f"this is for the service manager ({error.strerror}): exproxy service start; by hand: twistd -n exproxy -c FILE")


if __name__ == "__main__":
    main()
