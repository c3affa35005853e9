"""A group of commands that are imported when they are wanted.

All of them together take half a second to import, which whoever presses the tab key would wait for each time.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem


class Lazy(click.Group):
    """:param places: by the command's name, where it is: ``module:name``."""

    def __init__(self, *args: Any, places: Mapping[str, str], **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._places, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self._places.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Names alone: what each is about would have to be imported."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name) for name in sorted(self._places) if name.startswith(incomplete)]
