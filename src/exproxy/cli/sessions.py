"""``exproxy sessions``: who is there, since when, and with which server; and the end of one of them."""

import json
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from exproxy.cli import names
from exproxy.cli.connection import Connection, reaching
from exproxy.cli.kinds import Server
from exproxy.cli.output import say
from exproxy.cli.status import columns, console, duration, size, watch


@click.command()
@click.option("--server", type=Server(), shell_complete=names.servers, help="Those of this server, as BACKEND/SERVER.")
@click.option("--frontend", shell_complete=names.frontends, help="Those of this front end.")
@click.option("--client", metavar="ADDRESS", help="Those of this client.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="So many at most.")
@click.option("--end", "ended", metavar="ID", help="End the one of this id, after a question.")
@click.option("--yes", is_flag=True, help="With --end: without a question.")
@click.option("--watch", "watching", is_flag=True, help="Again and again, until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, help="Seconds, with --watch.")
@click.option("--json", "as_json", is_flag=True, help="For programs: what /api/v1/sessions says.")
@reaching
def sessions(
    connection: Connection,
    server: tuple[str, str] | None,
    frontend: str | None,
    client: str | None,
    limit: int,
    ended: str | None,
    yes: bool,
    watching: bool,
    interval: float,
    as_json: bool,
) -> None:
    """Who is there, the oldest first; what all wait for or download can be seen in their octets."""
    if ended is not None:
        end(connection, ended, yes)
        return
    wanted = {"server": None if server is None else "/".join(server), "frontend": frontend, "client": client, "limit": limit}

    def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = connection.get("sessions", **{key: value for key, value in wanted.items() if value})
        return sorted(found, key=lambda one: -float(one["seconds"]))

    if as_json:
        say(json.dumps(look(), indent=2))
    elif watching:
        watch(lambda: rendered(look(), limit), interval)
    else:
        console().print(rendered(look(), limit))


def end(connection: Connection, session: str, yes: bool) -> None:
    """:raises click.Abort: the answer is no."""
    if not yes:
        click.confirm(f"End session {session}, whatever it is doing?", abort=True, err=True)
    connection.order("POST", "sessions", session, "end")
    say(f"session {session} is told to end")


def rendered(found: list[dict[str, Any]], limit: int) -> RenderableType:
    """As a table.

    :param limit: those that were asked for at most.
    """
    table = columns("id", "client", "front end", "server", "for", "in", "out")
    for one in found:
        table.add_row(
            one["id"],
            one["client"],
            one["frontend"],
            " ".join(one["servers"]) or "-",
            duration(one["seconds"]),
            size(one["bytes_in"]),
            size(one["bytes_out"]),
        )
    many = "1 session" if len(found) == 1 else f"{len(found)} sessions"
    more = "; there may be more: --server, --frontend and --client say which, --limit how many" if len(found) >= limit else ""
    return Group(table, Text(many + more)) if found else Text("no sessions")
