"""``exproxy service``: the service of Windows."""

import sys
import time
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Protocol

import click

from exproxy.cli.connection import REFUSED, give_up
from exproxy.cli.output import say
from exproxy.winservice.answers import NOT_ACTIVE, ManagerError
from exproxy.winservice.order import NAME, OWN, STARTS, Kept, Order, account, folder_right
from exproxy.winservice.status import RUNNING, STOPPED
from exproxy.winservice.waiting import Seen, wait

ELSEWHERE = (
    f"there are no Windows services here; under systemd the unit is {NAME}.service"
    f" (systemctl start|stop|restart {NAME}; docs/linux.md)"
)


class Manager(Protocol):
    """:mod:`exproxy.winservice.manager`"""

    def install(self, order: Order) -> list[str]: ...

    def remove(self) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def look(self) -> Seen: ...

    def kept(self) -> Kept: ...


_SAME = click.option(
    "-c", "--config", type=click.Path(path_type=Path, dir_okay=False), help="Only if the service was installed with this file."
)


@click.group()
def service() -> None:
    """Install, start, stop or remove the Windows service."""
    if sys.platform != "win32":
        give_up(ELSEWHERE, REFUSED)


@service.command()
@click.option("-c", "--config", required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True), help="It is kept.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="exproxy.log beside the configuration, if left out.")
@click.option("--account", "said", default=OWN, show_default=True, help="Or LocalService, LocalSystem, DOMAIN\\user.")
@click.option("--password", envvar="EXPROXY_SERVICE_PASSWORD", help="Of the account, where it has one; asked for if left out.")
@click.option("--start", type=click.Choice(STARTS), default="auto", show_default=True, help="With the machine, or not.")
@click.option("--recovery", type=click.Choice(("restart", "none")), default="restart", show_default=True, help="After a failure.")
@click.option(
    "--restart-after", type=click.FloatRange(1, 3600), default=10.0, show_default=True, help="Seconds; then 3, 6 times."
)
def install(
    config: Path, log: Path | None, said: str, password: str | None, start: str, recovery: str, restart_after: float
) -> None:
    """Install the service, and keep the configuration's path with it; it is not started yet."""
    name, needs = account(said)
    if needs and password is None:
        password = str(click.prompt(f"Password of {name}", hide_input=True))
    written = config.absolute().with_name("exproxy.log") if log is None else log.absolute()
    after = tuple(restart_after * factor for factor in (1, 3, 6)) if recovery == "restart" else ()
    order = Order(_windows(config.absolute()), _windows(written), name, password if needs else None, start, after)
    try:
        refused = _manager().install(order)
    except ManagerError as error:
        give_up(str(error), REFUSED)
    for sentence in refused:
        click.echo(sentence, err=True)
    say(f"the service {NAME} is installed: it runs with {order.configuration}, as {order.account}, and writes {order.log}")
    if order.account != "LocalSystem":
        say(f"let it write there, and read the configuration and its keys: {folder_right(order)}")
    say("start it: exproxy service start")


@service.command()
@_SAME
def remove(config: Path | None) -> None:
    """Stop the service if it runs, and remove it."""
    manager = _installed(config)
    _stop(manager)
    _done(manager.remove)
    say(f"the service {NAME} is removed")


@service.command()
@_SAME
def start(config: Path | None) -> None:
    """Start the service; done when clients are let in."""
    _start(_installed(config))


@service.command()
@_SAME
def stop(config: Path | None) -> None:
    """Stop the service; done when the last session is over, or timeouts.drain."""
    if not _stop(_installed(config)):
        say(f"{NAME} does not run")


@service.command()
@_SAME
def restart(config: Path | None) -> None:
    """Stop the service, and start it again."""
    manager = _installed(config)
    _stop(manager)
    _start(manager)


def _manager() -> Manager:
    from exproxy.winservice import manager  # there is no pywin32 elsewhere

    return manager


def _installed(config: Path | None) -> Manager:
    """The manager, if its service is the one that is meant: with that configuration, where one is named."""
    manager = _manager()
    if config is None:
        return manager
    try:
        kept = manager.kept().configuration
    except ManagerError as error:
        give_up(str(error), REFUSED)
    if kept != _windows(config.absolute()):
        give_up(f"the service {NAME} has another configuration, {kept}: without -c it is that one which is meant", REFUSED)
    return manager


def _start(manager: Manager) -> None:
    _done(manager.start)
    seen = wait(RUNNING, manager.look, time.sleep, time.monotonic)
    if seen.state == STOPPED:
        code = f"code {seen.code}" if seen.own else f"Windows' error {seen.code}"
        give_up(
            f"{NAME} did not start ({code}): the event log says why (source {NAME}, log Application), and so does its log file",
            REFUSED,
        )
    if seen.state != RUNNING:
        give_up(f"{NAME} has given no sign of life for {max(seen.hint, 10.0):g} s: its log file says how far it got", REFUSED)
    say(f"{NAME} runs, process {seen.process}")


def _stop(manager: Manager) -> bool:
    """Whether it ran."""
    try:
        manager.stop()
    except ManagerError as error:
        if error.code == NOT_ACTIVE:
            return False
        give_up(str(error), REFUSED)
    say(f"{NAME} stops: sessions have time to end (timeouts.drain)")
    seen = wait(STOPPED, manager.look, time.sleep, time.monotonic)
    if seen.state != STOPPED:
        give_up(f"{NAME} is still stopping, and gives no sign of life: taskkill /f /pid {seen.process}", REFUSED)
    say(f"{NAME} has stopped")
    return True


def _done(order: Callable[[], None]) -> None:
    try:
        order()
    except ManagerError as error:
        give_up(str(error), REFUSED)


def _windows(path: Path) -> PureWindowsPath:
    return PureWindowsPath(path)
