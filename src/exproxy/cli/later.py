"""Commands that are planned and not built yet: said so, with what to do instead."""

import sys
from functools import partial

import click

LATER = {
    "service": "run twistd exproxy -c FILE; README.md has a unit for systemd",
}
"""Each command, and what to do until it is there."""


def later() -> list[click.Command]:
    """A command for each, which takes any words, is not in ``--help`` and ends with status 2."""
    return [
        click.Command(
            name,
            callback=partial(_refuse, name, instead),
            params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)],
            context_settings={"ignore_unknown_options": True},
            add_help_option=False,
            hidden=True,
        )
        for name, instead in LATER.items()
    ]


def _refuse(name: str, instead: str, words: tuple[str, ...]) -> None:
    click.echo(f'not built yet: "exproxy {" ".join((name, *words))}"; {instead}', err=True)
    sys.exit(2)
