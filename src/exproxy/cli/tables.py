"""``exproxy table``: which client went where, and how to have that forgotten."""

import json
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exproxy.cli import names
from exproxy.cli.connection import Connection, reaching
from exproxy.cli.output import say
from exproxy.cli.status import columns, console, duration


@click.command()
@click.argument("name", required=False, shell_complete=names.tables)
@click.option("--key", help="That of this client alone: an address, or the hash that the table shows.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="So many entries at most.")
@click.option("--clear", "clearing", is_flag=True, help="Forget the entries, after a question; live sessions stay.")
@click.option("--yes", is_flag=True, help="With --clear: without a question.")
@click.option("--json", "as_json", is_flag=True, help="For programs: what /api/v1/tables says.")
@reaching
def table(
    connection: Connection, name: str | None, key: str | None, limit: int, clearing: bool, yes: bool, as_json: bool
) -> None:
    """All tables; with a NAME, its entries: which client has which host, the last one that was used first."""
    if name is None:
        if key is not None or clearing:
            raise click.UsageError("--key and --clear are about one table: say its name too")
        found = connection.get("tables")
        _show(found, as_json, _tables)
    elif clearing:
        clear(connection, name, key, yes)
    else:
        wanted: dict[str, object] = {"limit": limit} if key is None else {"key": key}
        _show(connection.get("tables", name, **wanted), as_json, lambda entries: _entries(entries, limit))


def clear(connection: Connection, name: str, key: str | None, yes: bool) -> None:
    """:raises click.Abort: the answer is no."""
    what = f"all entries of table {name}" if key is None else f"the entry of {key} in table {name}"
    if not yes:
        click.confirm(f"Forget {what}?", abort=True, err=True)
    cleared = connection.order("POST", "tables", name, "clear", **({} if key is None else {"key": key}))["cleared"]
    say("1 entry forgotten" if cleared == 1 else f"{cleared} entries forgotten")


def _show(found: Any, as_json: bool, render: Any) -> None:
    if as_json:
        say(json.dumps(found, indent=2))
    else:
        console().print(render(found))


def _tables(found: list[dict[str, Any]]) -> RenderableType:
    if not found:
        return Text("no tables: no back end has persistence")
    table = columns("table", "kind", "entries", "size", "expire", "evicted", "back ends")
    for one in found:
        counts = (str(one["entries"]), str(one["size"]), duration(one["expire"]), str(one["evicted"]))
        table.add_row(one["name"], one["kind"], *counts, " ".join(one["backends"]))
    return table


def _entries(found: list[dict[str, Any]], limit: int) -> RenderableType:
    if not found:
        return Text("no entries")
    table: Table = columns("key", "host", "idle")
    for one in found:
        table.add_row(one["key"], one["host"], duration(one["idle"]))
    many = "1 entry" if len(found) == 1 else f"{len(found)} entries"
    return Group(table, Text(many + ("; there may be more: --limit says how many" if len(found) >= limit else "")))
