"""``exproxy completion``: what a shell needs to complete our commands and the names of hosts, servers and tables."""

import click
from click.shell_completion import get_completion_class

from exproxy.cli.output import say

PROGRAM = "exproxy"
VARIABLE = "_EXPROXY_COMPLETE"
"""What click looks for, and so is what its scripts set."""


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands and names.

    \b
    bash: exproxy completion bash > /etc/bash_completion.d/exproxy     (4.4 or newer)
    zsh:  exproxy completion zsh > "${fpath[1]}/_exproxy"
    fish: exproxy completion fish > ~/.config/fish/completions/exproxy.fish

    Names are those of the running process, which is found as by other commands (-c, --socket, EXPROXY_CONFIG, EXPROXY_SOCKET); if
    there is none, those of its configuration.
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click has these three"
    say(kind(ctx.find_root().command, {}, PROGRAM, VARIABLE).source(), newline=False)
