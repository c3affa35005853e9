"""What the commands print."""

import os
import sys

import click


def say(line: str, colour: str | None = None, newline: bool = True) -> None:
    """Print, or from then on nothing, if whoever read the output has gone (``exproxy probe … | head -3``).

    The command goes on: its exit status is an answer too, and may be all that a script wants.
    """
    try:
        click.secho(line, fg=colour, nl=newline)
    except BrokenPipeError:
        _discard()


def _discard() -> None:
    """What is in the buffer still has to go somewhere, or Python complains at its end (its manual, "Note on SIGPIPE")."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
