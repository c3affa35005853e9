"""Names for the tab key: of the running process, or else of its configuration.  Whatever goes wrong, nothing is said."""

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
import click

from exproxy.cli.connection import Connection
from exproxy.config.admin import socket_of

PATIENCE = 0.5
"""Seconds that the process may take."""
_PLAIN = re.compile(r"[\w./:-]+", re.ASCII)
"""What a shell leaves as it is."""

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


@attrs.frozen
class Known:
    """The names that there are; servers as ``backend/server``."""

    hosts: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    frontends: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


def hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """For ``shell_complete``; likewise the next ones."""
    return _beginning(_known(ctx).hosts, incomplete)


def servers(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _beginning(_known(ctx).servers, incomplete)


def frontends(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _beginning(_known(ctx).frontends, incomplete)


def tables(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _beginning(_known(ctx).tables, incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete) and _PLAIN.fullmatch(name)]


def _known(ctx: click.Context) -> Known:
    file = Path(ctx.params.get("config") or os.environ.get("EXPROXY_CONFIG") or "exproxy.toml")
    path = ctx.params.get("path") or os.environ.get("EXPROXY_SOCKET")
    asks: tuple[Callable[[], Known], ...] = (lambda: _running(path or socket_of(file, os.environ)), lambda: _configured(file))
    for ask in asks:
        # SystemExit is what a command ends with when the process does not answer
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception, SystemExit):
            return ask()
    return Known()


def _running(path: str | Path) -> Known:
    found: dict[str, Any] = Connection(Path(path), PATIENCE).get("status")
    return Known(
        hosts=tuple(host["name"] for host in found["hosts"]),
        servers=tuple(f"{server['backend']}/{server['name']}" for backend in found["backends"] for server in backend["servers"]),
        frontends=tuple(frontend["name"] for frontend in found["frontends"]),
        tables=tuple(table["name"] for table in found["tables"]),
    )


def _configured(file: Path) -> Known:
    # these take half a second to import, and where a process answers nobody needs them
    from exproxy.check.plugins import checkers
    from exproxy.config.load import load

    configuration = load(file, os.environ, checkers())
    backends = configuration.backends.values()
    return Known(
        hosts=tuple(configuration.hosts),
        servers=tuple(f"{backend.name}/{server.name}" for backend in backends for server in backend.servers),
        frontends=tuple(configuration.frontends),
        tables=tuple(configuration.tables),
    )
