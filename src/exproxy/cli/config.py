"""``exproxy config``: check, show, schema, init.  Nothing here starts anything; only ``check --connect`` opens connections."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

import click
from rich.console import Console
from rich.syntax import Syntax
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import react

from exproxy.check.interfaces import IChecker
from exproxy.check.plugins import DuplicateCheckerError, checkers
from exproxy.check.survey import Finding, survey
from exproxy.cli.output import say
from exproxy.config.addresses import server_address
from exproxy.config.hiding import without_secrets
from exproxy.config.load import load
from exproxy.config.model import Configuration
from exproxy.config.problems import ConfigError
from exproxy.config.schema import schema as json_schema
from exproxy.config.sections import ExchangeService, ExchangeVersion
from exproxy.config.show import show as show_text
from exproxy.config.starting import starting_file
from exproxy.site.checks import subjects
from exproxy.site.inspection import inspect
from exproxy.site.tls import TLSContexts

FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def config() -> None:
    """Look at a configuration file without starting anything."""


@config.command()
@FILE
@click.option("--connect", "connecting", is_flag=True, help="Then run each check of each server once, now.")
def check(file: Path, connecting: bool) -> None:
    """Say what is wrong with FILE, all of it, each with its line.

    Exit status 0 if nothing is; with --connect, if every required check passes too.
    """
    configuration = _load(file)
    found = inspect(configuration)
    for warning in (*configuration.warnings, *found.warnings):
        _complain(f"{warning} (warning)", "yellow")
    if found.problems:
        _give_up(file, found.problems)
    say(f"{file}: fine: {_summary(configuration)}")
    if connecting:
        react(_connect, [configuration])


def _connect(reactor: Any, configuration: Configuration) -> "Deferred[None]":
    return ensureDeferred(connect(reactor, configuration))


async def connect(reactor: Any, configuration: Configuration, network: Any = None) -> None:
    """Run each check once and print what comes out.

    :param network: makes the streams; the reactor's own, if nothing else is said.
    :raises SystemExit: with status 1, if a required check has not passed.
    """
    tls = TLSContexts(configuration.profiles, reactor.seconds())
    tls.make_all(configuration)
    wanted = subjects(configuration, checkers(), tls)
    if not wanted:
        say("no server has a check: there is nothing to look at")
        return
    findings = await survey(reactor, wanted, _tell, network)
    failed = sum(not finding.harmless for finding in findings)
    if failed:
        say(f"{failed} of {_count(len(findings), 'check')} failed", "red")
        raise SystemExit(1)
    say(f"{_count(len(findings), 'check')} run, and all that are required passed", "green")


def _tell(finding: Finding) -> None:
    say(finding.line, None if finding.passed else "red" if finding.subject.required else "yellow")
    for warning in finding.warnings:
        say(f"{finding.subject.server} {finding.subject.name}: warning: {warning}", "yellow")


@config.command()
@FILE
@click.option("--secrets", is_flag=True, help="Show passwords and the like that stand in FILE itself, too.")
def show(file: Path, secrets: bool) -> None:
    """Print FILE with templates, includes and defaults written out.

    With --secrets the output is a configuration file that means the same. Without it, secrets that stand in FILE itself are left
    out, hashes of passwords too; what comes from the environment or from another file is shown as it is written.
    """
    loaded = _load(file)
    text = show_text(loaded if secrets else without_secrets(loaded))
    if sys.stdout.isatty():
        Console().print(Syntax(text, "toml", background_color="default", word_wrap=True))
    else:
        say(text, newline=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors."""
    say(json.dumps(json_schema(_checkers()), indent=2))


@config.command()
@click.option("--exchange", "version", required=True, type=click.Choice(get_args(ExchangeVersion), case_sensitive=False))
@click.option(
    "--server", "servers", required=True, multiple=True, metavar="NAME=ADDRESS", help="An Exchange server; once for each."
)
@click.option("--listen", default="*", show_default=True, help="The address that clients are given.")
@click.option("--service", "services", multiple=True, type=click.Choice(get_args(ExchangeService)), help="Once for each.")
@click.option("--helo", help="The name that checks say to SMTP servers.")
@click.option("--certificate", help="A file with certificate and key (PEM or PFX): TLS ends here, and is not passed through.")
@click.option(
    "--https", type=click.Choice(("bridging", "offload")), help="With a certificate: TLS again to the servers (usual), or none."
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A new file; without it, print.")
def init(
    version: str,
    servers: tuple[str, ...],
    listen: str,
    services: tuple[str, ...],
    helo: str | None,
    certificate: str | None,
    https: str | None,
    output: Path | None,
) -> None:
    """Write a file to start from."""
    if https is not None and certificate is None:
        raise click.UsageError("--https is about TLS that ends here, for which --certificate is needed")
    text = starting_file(version, listen, dict(_server(server) for server in servers), services, helo, certificate, https)
    if output is None:
        say(text, newline=False)
        return
    try:
        with output.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise click.ClickException(f"{output} is there already and was left as it is; choose another name") from error
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    say(f"{output}: written; look at it with: exproxy config show {output}")


def _checkers() -> dict[str, IChecker]:
    try:
        return checkers()
    except DuplicateCheckerError as error:
        raise click.ClickException(str(error)) from error


def _load(file: Path) -> Configuration:
    """The configuration, or all its problems on standard error and exit status 1."""
    try:
        return load(file, os.environ, _checkers())
    except ConfigError as error:
        _give_up(file, error.problems)


def _give_up(file: Path, problems: Sequence[object]) -> NoReturn:
    for problem in problems:
        _complain(str(problem), "red")
    _complain(f"{file}: not usable: {_count(len(problems), 'problem')}", "red")
    sys.exit(1)


def _complain(text: str, colour: str) -> None:
    # Soft wrapping keeps one problem on one line, so that editors and grep find file and line.
    Console(stderr=True, soft_wrap=True).print(text, style=colour, markup=False, highlight=False)


def _summary(configuration: Configuration) -> str:
    """ "3 front ends, 2 back ends, 4 servers on 2 hosts"."""
    servers = sum(len(backend.servers) for backend in configuration.backends.values())
    return (
        f"{_count(len(configuration.frontends), 'front end')}, {_count(len(configuration.backends), 'back end')}, "
        f"{_count(servers, 'server')} on {_count(len(configuration.hosts), 'host')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _server(text: str) -> tuple[str, str]:
    name, equals, address = text.partition("=")
    try:
        if not equals or not name:
            raise ValueError(f'"{text}" is not NAME=ADDRESS, such as ex1=10.0.0.15')
        if server_address(address).port is not None:
            raise ValueError(f'"{address}" has a port; give the address alone')
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--server") from error
    return name, address
