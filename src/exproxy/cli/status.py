"""``exproxy status``: everything at a glance."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from exproxy.cli.connection import REFUSED, Connection, reaching
from exproxy.cli.output import say

_COLOURS = {"up": "green", "starting": "yellow", "stopping": "yellow", "down": "red", "drain": "cyan", "maint": "cyan"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_NUMBERS = frozenset({"sessions", "limit", "ever", "1/s", "queue", "in", "out", "weight", "entries", "size", "evicted"})
_WIDTH = 160
"""Columns, where nobody looks at a terminal."""


@click.command()
@click.option("--watch", "watching", is_flag=True, help="Again and again, until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, help="Seconds, with --watch.")
@click.option("--json", "as_json", is_flag=True, help="For programs: what /api/v1/status says.")
@reaching
def status(connection: Connection, watching: bool, interval: float, as_json: bool) -> None:
    """Front ends, back ends and servers of the running process.

    Exit status 0: every front end has a usable server; 1: one has none; 3: there is no such process.
    """
    if watching and not as_json:
        watch(lambda: rendered(connection.get("status")), interval)
        return
    while True:
        found = connection.get("status")
        if as_json:
            say(json.dumps(found, indent=None if watching else 2))
        else:
            console().print(rendered(found))
        if not watching:
            sys.exit(0 if all(frontend["ready"] for frontend in found["frontends"]) else REFUSED)
        time.sleep(interval)


def console() -> Console:
    """Wide enough for all columns, where it is not a terminal's width that counts."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH)


def watch(look: Callable[[], RenderableType], interval: float) -> None:
    """Show it again and again, until Ctrl-C."""
    try:
        with Live(look(), console=console(), auto_refresh=False, screen=sys.stdout.isatty()) as live:
            while True:
                time.sleep(interval)
                live.update(look(), refresh=True)
    except KeyboardInterrupt:
        return


def rendered(found: dict[str, Any]) -> RenderableType:
    """What the API said, as tables."""
    process = found["process"]
    line = f"exproxy {process['version']}, process {process['pid']}, up {duration(found['at'] - process['started'])}, "
    line += f"{process['sessions']} of {process['maxconn']} sessions"
    if process["workers"]:
        line += f", {sum(worker['serving'] for worker in process['workers'])} of {len(process['workers'])} workers"
    if process["draining"]:
        line += ", draining"
    return Group(Text(line + "\n"), _frontends(found), Text(""), _servers(found))


def duration(seconds: float) -> str:
    """The largest unit, and the next one: ``2d 3h``."""
    rest = int(seconds)
    words: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or words or size == 1:
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def size(octets: int) -> str:
    """``1.5 GB``."""
    value = float(octets)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def columns(*names: str) -> Table:
    """An empty table; numbers stand to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in names:
        right = column in _NUMBERS
        table.add_column(column, justify="right" if right else "left", overflow="fold", no_wrap=right)
    return table


def _frontends(found: dict[str, Any]) -> Table:
    table = columns("front end", "mode", "addresses", "state", "sessions", "limit", "ever", "1/s", "in", "out")
    for frontend in found["frontends"]:
        table.add_row(
            frontend["name"],
            frontend["mode"],
            " ".join(frontend["addresses"]),
            Text("ready", "green") if frontend["ready"] else Text("no server", "red"),
            str(frontend["sessions"]),
            "-" if frontend["maxconn"] is None else str(frontend["maxconn"]),
            str(frontend["total"]),
            f"{frontend['rate']:.0f}",
            size(frontend["bytes_in"]),
            size(frontend["bytes_out"]),
        )
    return table


def _servers(found: dict[str, Any]) -> Table:
    table = columns("back end", "server", "state", "for", "sessions", "queue", "ever", "1/s", "weight", "why")
    for backend in found["backends"]:
        for number, server in enumerate(backend["servers"]):
            word = _word(server)
            table.add_row(
                backend["name"] if number == 0 else "",
                server["name"] + (" (backup)" if server["backup"] else ""),
                Text(word, _COLOURS.get(word.rpartition(" ")[2], "")),
                duration(found["at"] - server["since"]),
                str(server["sessions"]),
                str(backend["queued"]) if number == 0 else "",
                str(server["total"]),
                f"{server['rate']:.0f}",
                str(server["weight"]),
                _why(server),
            )
    return table


def _word(server: dict[str, Any]) -> str:
    """Both axes, where both have something to say."""
    if server["admin"] == "ready":
        return str(server["operational"])
    return f"{server['operational']}, {server['admin']}"


def _why(server: dict[str, Any]) -> str:
    if server["admin"] != "ready":
        return f"host {server['host']} is set to it" if server["host_admin"] == server["admin"] else "set by hand or agent"
    if server["operational"] != "up" or not server["usable"]:
        return str(server["condition"])
    return "; ".join(server["warnings"])
