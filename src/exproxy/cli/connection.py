"""The running process, over its unix socket."""

import http.client
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec
from urllib.parse import quote, urlencode

import click

from exproxy.config.admin import socket_of
from exproxy.config.problems import ConfigError
from exproxy.config.tokenfile import HOST, parse

REFUSED, UNREACHED = 1, 3
"""Exit codes: the process does not do it, or there is none; 2 is click's for a wrong command line."""
TIMEOUT = 10.0
"""Seconds."""

P = ParamSpec("P")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._path = path
        self._patience = patience

    def connect(self) -> None:
        self.sock = reached(self._path, self._patience) if hasattr(socket, "AF_UNIX") else let_in(self._path, self._patience)


def reached(path: Path, patience: float) -> socket.socket:
    """A unix socket.

    :raises OSError: nobody listens there, or it is not for us.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(patience)
    made.connect(str(path))
    return made


def let_in(path: Path, patience: float) -> socket.socket:
    """Where there are none: by the port and the word that stand in the file.

    :raises OSError: as :func:`reached`.
    :raises ValueError: the file is none of exproxy's.
    """
    way = parse(path.read_text(encoding="ascii"))
    made = socket.create_connection((HOST, way.port), patience)
    made.sendall(way.greeting())
    return made


class Connection:
    """:param path: of the socket.

    :param patience: seconds that an answer may take.
    """

    def __init__(self, path: Path, patience: float = TIMEOUT) -> None:
        self._path = path
        self._patience = patience

    def get(self, *path: str, **query: object) -> Any:
        """What the API says at this path below ``/api/v1``.

        :raises SystemExit: with the reason on standard error, and a code that says whose it is.
        """
        return self._done(self._ask("GET", path, None, query, self._patience))

    def order(self, method: str, *path: str, **body: object) -> Any:
        """The same, of something that is to be done."""
        return self._done(self._ask(method, path, body, {}, self._patience))

    def reply(self, method: str, *path: str, patience: float) -> "tuple[int, Any]":
        """The status too, where the command itself knows what it means.

        :raises SystemExit: nobody answers.
        """
        return self._ask(method, path, {}, {}, patience)

    def _done(self, reply: "tuple[int, Any]") -> Any:
        status, said = reply
        if status != http.HTTPStatus.OK:
            give_up(str(said.get("error", said)), REFUSED)
        return said

    def _ask(
        self, method: str, path: tuple[str, ...], body: object, query: Mapping[str, object], patience: float
    ) -> "tuple[int, Any]":
        connection = _UnixConnection(self._path, patience)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            sent = None if body is None else json.dumps(body)
            place = "/api/v1/" + "/".join(quote(part, safe="") for part in path) + ("?" + urlencode(query) if query else "")
            connection.request(method, place, sent, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            give_up(_unreached(self._path, error, patience), UNREACHED)
        finally:
            connection.close()


def give_up(text: str, code: int) -> NoReturn:
    """End with this code.

    :raises SystemExit: always.
    """
    click.echo(text, err=True)
    sys.exit(code)


def reaching(command: Callable[P, None]) -> Callable[..., None]:
    """Give a command the options that say which process, and a :class:`Connection` to it as ``connection``."""

    @click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default="exproxy.toml",
        envvar="EXPROXY_CONFIG",
        show_default=True,
        help="The configuration file that the process runs with: its [admin] names the socket.",
    )
    @click.option("--socket", "path", type=click.Path(path_type=Path), envvar="EXPROXY_SOCKET", help="The socket itself.")
    @wraps(command)
    def with_connection(config: Path, path: Path | None, *args: P.args, **kwargs: P.kwargs) -> None:
        if path is None:
            try:
                path = socket_of(config, os.environ)
            except ConfigError as error:
                give_up(str(error), UNREACHED)
        command(*args, connection=Connection(path), **kwargs)  # type: ignore[arg-type]  # ParamSpec has no keywords of its own

    return with_connection


def _unreached(path: Path, error: Exception, patience: float) -> str:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return f"no exproxy listens at {path}: is it running, and with that configuration?"
    if isinstance(error, PermissionError) and sys.platform == "win32":
        return f"{path} is not for you: it is for administrators (Run as administrator) and the service's account"
    if isinstance(error, PermissionError):
        return f"{path} is not for you: be its owner ({_owner(path)}) or of its group, or use sudo"
    if isinstance(error, TimeoutError):
        return f"the process at {path} does not answer within {patience:g} s"
    return f"the process at {path} cannot be asked: {error}"


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return "somebody else"
