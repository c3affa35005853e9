"""What an administrator wants of the service, as ``exproxy service install`` is told."""

from pathlib import PureWindowsPath

import attrs

NAME = "exproxy"
"""Of the service, and of the source in the event log."""
TITLE = "exproxy: load balancer for Exchange and mail"
DESCRIPTION = "Shares clients of Exchange and mail servers among the servers that are well."
OWN = rf"NT SERVICE\{NAME}"
"""The service's own account, which Windows makes and which may do nothing that it is not given."""
STARTS = ("auto", "delayed", "manual", "disabled")

_SYSTEM = {
    "localsystem": "LocalSystem",
    "localservice": r"NT AUTHORITY\LocalService",
    "networkservice": r"NT AUTHORITY\NetworkService",
}


@attrs.frozen
class Order:
    """:param log: where all that exproxy says is written; the file is changed for a new one at 10 MB.

    :param password: ``None`` for an account that has none.
    :param start: one of :data:`STARTS`; ``delayed`` is some two minutes after what starts with the machine.
    :param restart_after: seconds until the first, the second and each further restart after a failure; empty: none.
    """

    configuration: PureWindowsPath
    log: PureWindowsPath
    account: str = OWN
    password: str | None = attrs.field(default=None, repr=False)
    start: str = "auto"
    restart_after: tuple[float, ...] = (10.0, 30.0, 60.0)


@attrs.frozen
class Kept:
    """What is kept with the service, in its registry key's ``Parameters``."""

    configuration: PureWindowsPath
    log: PureWindowsPath


def account(said: str) -> tuple[str, bool]:
    """The account as Windows calls it, and whether it has a password that has to be told.

    >>> account("LocalService")
    ('NT AUTHORITY\\\\LocalService', False)
    """
    known = _SYSTEM.get(said.casefold().removeprefix("nt authority\\").replace(" ", ""))
    if known is not None:
        return known, False
    if said.casefold().startswith("nt service\\") or said.endswith("$"):  # the latter is a group managed account
        return said, False
    return (said if "\\" in said or "@" in said else rf".\{said}"), True


def folder_right(order: Order) -> str:
    """The command that lets the account write where its log is."""
    return f'icacls "{order.log.parent}" /grant "{order.account}:(OI)(CI)M"'
