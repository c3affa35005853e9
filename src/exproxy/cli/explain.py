"""``exproxy explain``: what the end of a session means, from its letters or from its line in the access log."""

import sys

import click

from exproxy.cli.output import say
from exproxy.site.endings import Ended, meaning, read, sentence


@click.command()
@click.argument("termination", required=False)
def explain(termination: str | None) -> None:
    """Say in a sentence what TERMINATION means, two letters of the access log such as sC.

    Without it, lines of the access log are read from standard input, text or JSON, and those that did not end in the ordinary way
    are printed with a sentence behind each: tail -f access.log | exproxy explain
    """
    if termination is not None:
        try:
            say(meaning(termination))
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        return
    for line in sys.stdin:
        ended = read(line)
        if ended is not None and ended.termination != "--":
            say(line.rstrip("\n"))
            say(f"    {_words(ended)}", "yellow")


def _words(ended: Ended) -> str:
    try:
        return sentence(ended)
    except ValueError as error:
        return str(error)
