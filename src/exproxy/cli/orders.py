"""``exproxy host`` and ``exproxy server``: maintenance, by hand."""

from typing import Any

import click

from exproxy.cli import names
from exproxy.cli.connection import Connection, reaching
from exproxy.cli.details import show
from exproxy.cli.kinds import Server
from exproxy.cli.output import say

STATES = {
    "drain": "No new clients, but those whose table entry points there; sessions go on.",
    "ready": "Clients again.",
    "maint": "No clients at all; sessions go on, unless on_marked_down ends them.",
}


@click.group()
def host() -> None:
    """Drain a machine, or put it into maintenance, behind all back ends at once."""


@click.group()
def server() -> None:
    """Drain one server of a back end, put it into maintenance, or change its weight."""


def _host_command(state: str, words: str) -> click.Command:
    @click.argument("name", shell_complete=names.hosts)
    @reaching
    def command(connection: Connection, name: str) -> None:
        found = connection.order("PUT", "hosts", name, "state", state=state)
        many = len(found["servers"])
        say(f"host {name} is set to {found['admin']}: {', '.join(found['servers'])}" if many else f"host {name} has no servers")
        _tell_sessions(found["sessions"])

    return click.command(state, help=words)(command)


def _server_command(state: str, words: str) -> click.Command:
    @click.argument("server", type=Server(), shell_complete=names.servers)
    @reaching
    def command(connection: Connection, server: tuple[str, str]) -> None:
        found = connection.order("PUT", "backends", server[0], "servers", server[1], "state", state=state)
        say(f"server {'/'.join(server)} is set to {found['own_admin']}{_stricter(found)}")
        _tell_sessions(found["sessions"])

    return click.command(state, help=words)(command)


@server.command()
@click.argument("server", type=Server(), shell_complete=names.servers)
@click.argument("weight", type=click.IntRange(0, 256))
@reaching
def weight(connection: Connection, server: tuple[str, str], weight: int) -> None:
    """Change a server's weight: 0 to 256, with 0 only clients whose table entry points there."""
    found = connection.order("PUT", "backends", server[0], "servers", server[1], "weight", weight=weight)
    say(f"server {'/'.join(server)} has weight {found['weight']}")


@server.command("end-sessions")
@click.argument("server", type=Server(), shell_complete=names.servers)
@click.confirmation_option(prompt="End all sessions of this server?")
@reaching
def end_sessions(connection: Connection, server: tuple[str, str]) -> None:
    """End all sessions of a server, whatever they are doing."""
    ended = connection.order("POST", "backends", server[0], "servers", server[1], "end-sessions")["ended"]
    say(f"{_sessions(ended)} of {'/'.join(server)} told to end")


server.add_command(show)
for _state, _words in STATES.items():
    host.add_command(_host_command(_state, _words))
    server.add_command(_server_command(_state, _words))


def _stricter(found: dict[str, Any]) -> str:
    if found["admin"] == found["own_admin"]:
        return ""
    who = f"host {found['host']}" if found["host_admin"] == found["admin"] else "agent"
    return f", but it is in {found['admin']}: its {who} says so"


def _tell_sessions(count: int) -> None:
    say(f"{_sessions(count)} there now")


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
