"""The command ``exproxy``: one module a group of commands, one line here to register each."""

import click

from exproxy import __version__
from exproxy.cli.config import config
from exproxy.cli.later import later
from exproxy.cli.orders import host, server
from exproxy.cli.passwords import hash_password
from exproxy.cli.probe import probe
from exproxy.cli.status import status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="exproxy")
def main() -> None:
    """Load balancer and reverse proxy for Exchange and mail servers."""


for built in (config, probe, status, host, server, hash_password):
    main.add_command(built)
for command in later():
    main.add_command(command)
