"""The command ``exproxy``: one module a group of commands, one line here to register each."""

import click

from exproxy import __version__
from exproxy.cli.lazy import Lazy

COMMANDS = {
    "completion": "exproxy.cli.completion:completion",
    "config": "exproxy.cli.config:config",
    "explain": "exproxy.cli.explain:explain",
    "hash-password": "exproxy.cli.passwords:hash_password",
    "host": "exproxy.cli.orders:host",
    "probe": "exproxy.cli.probe:probe",
    "reload": "exproxy.cli.reload:reload",
    "server": "exproxy.cli.orders:server",
    "service": "exproxy.cli.service:service",
    "sessions": "exproxy.cli.sessions:sessions",
    "status": "exproxy.cli.status:status",
    "table": "exproxy.cli.tables:table",
}
"""Where each is; it is imported when it is wanted."""


@click.group(cls=Lazy, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="exproxy")
def main() -> None:
    """Load balancer and reverse proxy for Exchange and mail servers."""
