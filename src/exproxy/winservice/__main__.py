"""``python -m exproxy.winservice``: what Windows' service manager starts.

The manager waits 30 s for a process to answer, and machines are busy when they start: so Twisted and all of exproxy are imported
when that is done.
"""

import os
import sys
from typing import Any

import servicemanager
import win32service
import win32serviceutil

from exproxy.winservice.order import DESCRIPTION, NAME, TITLE
from exproxy.winservice.orders import Orders
from exproxy.winservice.status import HINT, PATIENCE, Status, Words


class ExproxyService(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # pywin32 has no types
    """Passes the manager's orders on."""

    _svc_name_ = NAME
    _svc_display_name_ = TITLE
    _svc_description_ = DESCRIPTION

    def __init__(self, args: Any) -> None:
        self._status = Status(self._tell)
        self._orders = Orders()
        super().__init__(args)

    def SvcRun(self) -> None:
        """Instead of pywin32's, which says that the service runs before anything of it does."""
        self._status.starting(PATIENCE)
        from exproxy.winservice.running import run

        run(self._orders, self._status)
        # the manager has been told; if we returned, pywin32 would tell it again, and that all went well
        os._exit(0)

    def SvcStop(self) -> None:
        self._status.stopping(HINT)
        self._orders.give("stop")

    def SvcShutdown(self) -> None:
        self._status.stopping(HINT)
        self._orders.give("shutdown")

    def SvcInterrogate(self) -> None:
        """Instead of pywin32's, which says that it runs whatever it does."""
        self._status.again()

    def _tell(self, words: Words) -> None:
        win32service.SetServiceStatus(self.ssh, words)


def main() -> None:
    """Be the service, until it has stopped."""
    servicemanager.Initialize(NAME, servicemanager.__file__)
    servicemanager.PrepareToHostSingle(ExproxyService)
    try:
        servicemanager.StartServiceCtrlDispatcher()
    except win32service.error as error:
        sys.exit(f"this is for the service manager ({error.strerror}): exproxy service start; by hand: twistd -n exproxy -c FILE")


if __name__ == "__main__":
    main()
