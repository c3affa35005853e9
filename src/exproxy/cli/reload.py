"""``exproxy reload``: have the process read its configuration again."""

import click

from exproxy.cli.connection import REFUSED, Connection, give_up, reaching
from exproxy.cli.output import say

PATIENCE = 120.0
"""Seconds that a large configuration may take, with certificates to be read and workers to be told."""
_OK, _NO_SUCH, _NOT_USABLE = 200, 404, 422


@click.command()
@reaching
def reload(connection: Connection) -> None:
    """Read the configuration again: what has changed takes effect, and sessions go on.

    The file is checked whole first: with an error in it all stays as it was, and the exit status is 1.
    """
    status, said = connection.reply("POST", "reload", patience=PATIENCE)
    if status == _NO_SUCH:
        give_up("the process that runs cannot reload: it is of another version; restart it", REFUSED)
    problems = [str(problem) for problem in said.get("problems", ())]
    if status == _NOT_USABLE:
        click.echo("\n".join(problems or [str(said.get("error", said))]), err=True)
        give_up("not reloaded: all is as it was", REFUSED)
    if status != _OK:
        give_up(str(said.get("error", said)), REFUSED)
    changes = [str(change) for change in said.get("changes", ())]
    for line in changes or ["nothing has changed"]:
        say(line)
