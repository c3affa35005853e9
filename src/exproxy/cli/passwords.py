"""``exproxy hash-password``: what [admin] wants in place of a password."""

import sys

import click

from exproxy.cli.output import say
from exproxy.config.passwords import hashed


@click.command("hash-password")
def hash_password() -> None:
    """Print the scrypt hash of a password, for [admin] users.

    The password is asked for at the terminal, or is the first line of standard input; as an argument, everybody on this machine
    could read it.
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        say(hashed(password))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
