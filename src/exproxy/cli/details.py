"""``exproxy server show``: all that is known of one server, with what was said in its last checks."""

import json
import time
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from exproxy.cli import names
from exproxy.cli.connection import Connection, reaching
from exproxy.cli.kinds import Server
from exproxy.cli.output import say
from exproxy.cli.status import columns, console, duration, size

_COLOURS = {">>>": "cyan", "<<<": "green", "---": "bright_black"}


@click.command()
@click.argument("server", type=Server(), shell_complete=names.servers)
@click.option("--json", "as_json", is_flag=True, help="For programs: what the API says of the server, and its dialogues.")
@reaching
def show(connection: Connection, server: tuple[str, str], as_json: bool) -> None:
    """All that is known of a server: states, numbers, checks with what was said the last time, and its history."""
    path = ("backends", server[0], "servers", server[1])
    seen, dialogues = connection.get(*path), connection.get(*path, "dialogues")
    if as_json:
        say(json.dumps(seen | {"dialogues": dialogues}, indent=2))
    else:
        console().print(rendered(seen, dialogues, time.time()))


def rendered(seen: dict[str, Any], dialogues: list[dict[str, Any]], now: float) -> RenderableType:
    """What the API said, for people.

    :param now: by the epoch.
    """
    parts: list[RenderableType] = [Text(line) for line in _facts(seen, now)]
    if seen["checks"]:
        parts += [Text(""), _checks(seen["checks"], now)]
    for said in dialogues:
        title = f"\n{said['kind']} {said['name']}, {_ago(said['at'], now)}: {said['text']} ({said['status']})"
        parts += [Text(title, "bold"), *(Text(f"  {line}", _COLOURS.get(line[:3], "")) for line in said["lines"])]
    if seen["history"]:
        parts.append(Text("\nhistory", "bold"))
    for one in seen["history"]:
        parts.append(Text(f"  {_ago(one['at'], now)}: {one['old']} -> {one['new']}: {one['reason']}"))
    return Group(*parts)


def _facts(seen: dict[str, Any], now: float) -> list[str]:
    place = f"{seen['address'] or 'no address'}, port {seen['port'] or seen['port_error'] or 'that the client reached'}"
    if seen["interface"]:
        place += f" (of {seen['interface']}, as its endpoint mapper says)"
    limit = "" if seen["maxconn"] is None else f" of {seen['maxconn']}"
    states = f"server {seen['own_admin']}, host {seen['host']} {seen['host_admin']}, agent {seen['agent_admin']}"
    numbers = f"{seen['sessions']}{limit} sessions, {seen['queued']} wait, {seen['total']} ever, {seen['rate']:.0f} a second"
    octets = f"{size(seen['bytes_in'])} to it, {size(seen['bytes_out'])} from it"
    return [
        f"{seen['backend']}/{seen['name']} {seen['condition']}",
        f"{seen['operational']} for {_for(seen['since'], now)}; {seen['admin']}: {states}",
        f"at {place}; weight {seen['weight']}, of which {seen['share']} % hold",
        f"{numbers}; {octets}; {seen['failed_connects']} connects failed",
        *(f"warning: {warning}" for warning in seen["warnings"]),
    ]


def _checks(checks: list[dict[str, Any]], now: float) -> RenderableType:
    table = columns("check", "verdict", "last", "took", "ago", "certificate")
    for check in checks:
        took = "-" if check["duration"] is None else f"{check['duration'] * 1000:.0f} ms"
        certificate = check["certificate"]
        table.add_row(
            check["name"] + ("" if check["required"] else " (not required)"),
            check["verdict"],
            check["status"] or "-",
            took,
            "-" if check["at"] is None else _for(check["at"], now),
            "-" if certificate is None else f"{certificate['days']} days",
        )
    return table


def _for(since: float, now: float) -> str:
    return duration(max(0.0, now - since))


def _ago(at: float, now: float) -> str:
    return f"{_for(at, now)} ago"
