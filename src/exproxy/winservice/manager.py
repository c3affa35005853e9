"""The service manager of Windows, and what is kept in the registry: by pywin32, and nothing but its calls."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PureWindowsPath
from typing import Any

import pywintypes
import servicemanager
import win32api
import win32con
import win32evtlogutil
import win32service

from exproxy.winservice.answers import ManagerError
from exproxy.winservice.order import DESCRIPTION, NAME, TITLE, Kept, Order
from exproxy.winservice.waiting import Seen

PARAMETERS = rf"SYSTEM\CurrentControlSet\Services\{NAME}\Parameters"
FORGET = 86400
"""Seconds without a failure after which the next one is the first again."""

_SPECIFIC = 1066
_FAILURE_ACTIONS_FLAG = 4
"""SERVICE_CONFIG_FAILURE_ACTIONS_FLAG: a service that says that it has failed is restarted too, not only one that crashes."""
_STARTS = {
    "auto": win32service.SERVICE_AUTO_START,
    "delayed": win32service.SERVICE_AUTO_START,
    "manual": win32service.SERVICE_DEMAND_START,
    "disabled": win32service.SERVICE_DISABLED,
}


def install(order: Order) -> list[str]:
    """Make the service.

    :return: what Windows did not take, though the service is there.
    :raises ManagerError: it does not make it.
    """
    # -I: neither the user's packages nor variables that are meant for other programs
    command = f'"{sys.executable}" -I -m exproxy.winservice'
    with _manager(win32service.SC_MANAGER_CREATE_SERVICE) as manager:
        service = win32service.CreateService(
            manager,
            NAME,
            TITLE,
            win32service.SERVICE_ALL_ACCESS,
            win32service.SERVICE_WIN32_OWN_PROCESS,
            _STARTS[order.start],
            win32service.SERVICE_ERROR_NORMAL,
            command,
            None,
            0,
            None,
            order.account,
            order.password,
        )
        try:
            refused = list(_configure(service, order))
            _keep(Kept(order.configuration, order.log))
            win32evtlogutil.AddSourceToRegistry(NAME, servicemanager.__file__)
        except BaseException:
            win32service.DeleteService(service)
            raise
        finally:
            win32service.CloseServiceHandle(service)
    return refused


def remove() -> None:
    """Take the service away; its entries in the event log stay, without their source.

    :raises ManagerError: there is none, or it is not to be had.
    """
    with _service(win32service.SERVICE_ALL_ACCESS) as service:
        win32service.DeleteService(service)
        win32evtlogutil.RemoveSourceFromRegistry(NAME)


def start() -> None:
    """Have it started; :func:`look` says what becomes of it.

    :raises ManagerError: the manager does not even try.
    """
    with _service(win32service.SERVICE_START) as service:
        win32service.StartService(service, None)


def stop() -> None:
    """Have it stopped; :func:`look` says what becomes of it.

    :raises ManagerError: it does not run, or cannot be told.
    """
    with _service(win32service.SERVICE_STOP) as service:
        win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)


def look() -> Seen:
    """What it does now.

    :raises ManagerError: there is no such service.
    """
    with _service(win32service.SERVICE_QUERY_STATUS) as service:
        said = win32service.QueryServiceStatusEx(service)
    own = said["Win32ExitCode"] == _SPECIFIC
    code = said["ServiceSpecificExitCode"] if own else said["Win32ExitCode"]
    return Seen(said["CurrentState"], code, own, said["CheckPoint"], said["WaitHint"] / 1000, said["ProcessId"])


def kept() -> Kept:
    """What :func:`install` was told.

    :raises ManagerError: it is not there, or not for us.
    """
    try:
        key = win32api.RegOpenKeyEx(win32con.HKEY_LOCAL_MACHINE, PARAMETERS, 0, win32con.KEY_READ)
        try:
            return Kept(*(PureWindowsPath(win32api.RegQueryValueEx(key, name)[0]) for name in ("Configuration", "Log")))
        finally:
            win32api.RegCloseKey(key)
    except pywintypes.error as error:
        raise ManagerError(error.winerror, error.strerror) from error


def _keep(what: Kept) -> None:
    key = win32api.RegCreateKey(win32con.HKEY_LOCAL_MACHINE, PARAMETERS)
    try:
        win32api.RegSetValueEx(key, "Configuration", 0, win32con.REG_SZ, str(what.configuration))
        win32api.RegSetValueEx(key, "Log", 0, win32con.REG_SZ, str(what.log))
    finally:
        win32api.RegCloseKey(key)


def _configure(service: Any, order: Order) -> Iterator[str]:
    """What CreateService does not take."""
    actions = [(win32service.SC_ACTION_RESTART, int(seconds * 1000)) for seconds in order.restart_after]
    recovery = {"ResetPeriod": FORGET, "RebootMsg": "", "Command": "", "Actions": actions}
    settings: list[tuple[str, int, Any]] = [("the description", win32service.SERVICE_CONFIG_DESCRIPTION, DESCRIPTION)]
    if order.start == "delayed":
        settings.append(("the delayed start", win32service.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True))
    if actions:
        settings.append(("the restart after a crash", win32service.SERVICE_CONFIG_FAILURE_ACTIONS, recovery))
        settings.append(("the restart after a failure", _FAILURE_ACTIONS_FLAG, True))
    for what, level, value in settings:
        try:
            win32service.ChangeServiceConfig2(service, level, value)
        except pywintypes.error as error:
            yield f"{what} is not set, Windows says: {error.strerror} (error {error.winerror})"


@contextmanager
def _manager(access: int) -> Iterator[Any]:
    try:
        manager = win32service.OpenSCManager(None, None, access)
        try:
            yield manager
        finally:
            win32service.CloseServiceHandle(manager)
    except pywintypes.error as error:
        raise ManagerError(error.winerror, error.strerror) from error


@contextmanager
def _service(access: int) -> Iterator[Any]:
    with _manager(win32service.SC_MANAGER_CONNECT) as manager:
        service = win32service.OpenService(manager, NAME, access)
        try:
            yield service
        finally:
            win32service.CloseServiceHandle(service)
