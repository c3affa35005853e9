"""What arguments of commands are."""

from typing import Any

import click


class Server(click.ParamType[tuple[str, str]]):
    """``backend/server``."""

    name = "backend/server"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        backend, slash, server = str(value).partition("/")
        if not (backend and slash and server):
            self.fail(f'"{value}" is not a server: write BACKEND/SERVER, such as smtp/ex1', param, ctx)
        return backend, server
