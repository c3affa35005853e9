"""``exproxy probe``: one health check now, with all that is said."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import click
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import react

from exproxy.check.interfaces import IChecker
from exproxy.check.once import CheckNowError, ask_port_now, check_now
from exproxy.check.plan import CheckPlan, PortPlan, security
from exproxy.check.plugins import DuplicateCheckerError, checkers
from exproxy.check.report import Report, Transcript
from exproxy.cli import endpoints
from exproxy.cli.output import say
from exproxy.config.addresses import InterfacePort, ServerAddress, server_address
from exproxy.config.checks import MAPPER_PORT
from exproxy.config.structuring import TLS_TYPES, Findings, converter_for, shown
from exproxy.config.units import duration

_IMPLICIT_PORTS = {25: 465, 80: 443, 110: 995, 143: 993}
"""Where the same protocol is spoken over TLS from the first byte."""

_VARIABLE = re.compile(r"\$(\$?)\{([^}]*)\}")
"""As in a configuration file: ``${NAME}``; ``$${`` is a plain ``${``."""
_COLOURS = {">>>": "cyan", "<<<": "green", "---": "bright_black"}


TLSMode = Literal["starttls", "implicit", "off"]


@attrs.frozen
class Probe:
    """What is to be probed."""

    plan: CheckPlan
    port: int | PortPlan
    """Where; or how that is found out."""


@click.command()
@click.argument("kind", metavar="TYPE")
@click.argument("where", metavar="HOST[:PORT]")
@click.option(
    "--tls", "mode", type=click.Choice(["starttls", "implicit", "off"]), help="TLS after STARTTLS, from the first byte, or none."
)
@click.option("--verify", is_flag=True, help="The certificate's chain and name have to be right.")
@click.option("--ca", type=click.Path(path_type=Path), help="Certificate authorities to trust, a PEM file.")
@click.option("--name", help="The name to ask for in TLS; without it, HOST.")
@click.option("--legacy", is_flag=True, help="Also TLS 1.0 and 1.1.")
@click.option("--warn-days", default=14, show_default=True, help="Warn of a certificate that expires in fewer days.")
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of this type of check, ${NAME} from the environment; once for each.",
)
@click.option("--mapper", type=int, help=f"The endpoint mapper's port, for HOST:epm/INTERFACE.  [default: {MAPPER_PORT}]")
@click.option("--timeout", default="5s", show_default=True, help="For all of it.")
@click.option("--send-proxy", type=click.Choice(["v1", "v2"]), help="Begin with a PROXY header.")
@click.option("--source", metavar="ADDRESS", help="An address to connect from.")
@click.option("--json", "as_json", is_flag=True, help="With epm HOST: the table for programs.")
def probe(
    kind: str,
    where: str,
    mode: TLSMode | None,
    verify: bool,
    ca: Path | None,
    name: str | None,
    legacy: bool,
    warn_days: int,
    options: tuple[str, ...],
    mapper: int | None,
    timeout: str,
    send_proxy: Literal["v1", "v2"] | None,
    source: str | None,
    as_json: bool,
) -> None:
    """Check HOST once and show what is said.

    TYPE is that of a check in a configuration: tcp, tls, smtp, http, https, imap, pop3, rpc, epm, rpch,
    or one of a plugin.

    "epm HOST" prints the whole table of HOST's endpoint mapper; "epm HOST -o interface=NAME" is the check of one interface.

    HOST:epm/INTERFACE, as a configuration has it, goes to the port that HOST's endpoint mapper tells.

    Exit status 0: new clients would be sent there.  1: they would not.  2: the command cannot be understood.
    """
    checker = _checker(kind)
    encryption = _encryption(kind, checker, mode)
    if encryption is None and (verify or ca or name or legacy):
        raise click.UsageError("--verify, --ca, --name and --legacy need --tls starttls or --tls implicit")
    address = _address(where)
    if mapper is not None and not isinstance(address.port, InterfacePort):
        raise click.UsageError("--mapper is for HOST:epm/INTERFACE: nobody is asked for a port here")
    port, seconds = _port(address, checker, encryption, mapper), _seconds(timeout)
    asked_by_check = _asked_for(address, checker, options)
    options = (*asked_by_check, *options)
    if kind == "epm" and encryption is None and not options:
        asked = endpoints.Listing(address.host, port, seconds, as_json, send_proxy=send_proxy, source=source)
        react(endpoints.start, [asked])
        return
    if as_json:
        raise click.UsageError("--json is for the table of exproxy probe epm HOST, without options of the check")
    tls = None
    if encryption is not None:
        tls = security(encryption, verify=verify, ca=ca, name=name, legacy=legacy, warn_days=warn_days)
    plan = CheckPlan(
        name=kind,
        host=address.host,
        checker=checker,
        options=read_options(checker.options, options),
        timeout=seconds,
        security=tls,
        send_proxy=send_proxy,
        source=source,
    )
    react(_run, [Probe(plan, port if asked_by_check else _found_out(address, plan, port))])


def _run(reactor: Any, asked: Probe) -> "Deferred[None]":
    return ensureDeferred(run(reactor, asked))


async def run(reactor: Any, asked: Probe, network: Any = None) -> None:
    """Probe, print, and end the program.

    :param network: makes the streams; the reactor's own, if nothing else is said.
    :raises SystemExit: with the status of the command, if that is not 0.
    """
    try:
        transcript = Transcript(tell=_tell)
        port = asked.port if isinstance(asked.port, int) else await _find(reactor, asked.port, transcript, network)
        report = await check_now(reactor, asked.plan, port, transcript, network)
    except CheckNowError as error:
        say(f"failed: {error}", "red")
        raise SystemExit(1) from None
    for line, colour in verdict(asked.plan.host, report):
        say(line, colour)
    if not report.passed:
        raise SystemExit(1)


async def _find(reactor: Any, plan: PortPlan, transcript: Transcript, network: Any) -> int:
    report = await ask_port_now(reactor, plan, transcript, network)
    if report.outcome.port is None:
        raise CheckNowError(report.said)
    transcript.event(report.outcome.text)
    return report.outcome.port


def verdict(server: str, report: Report) -> list[tuple[str, str | None]]:
    """What is said at the end: lines and their colours.

    :param server: as it was typed.
    """
    outcome = report.outcome
    colour = "green" if report.passed else "yellow" if report.stopping else "red"
    sentence = f"{report.sentence(server)} ({outcome.status.value}, {report.duration:.3f} s)"
    lines: list[tuple[str, str | None]] = [(sentence, colour)]
    if report.certificate is not None:
        days = report.certificate.days_left(datetime.now(UTC))
        lines.append((f"certificate: {int(days)} days left" if days >= 0 else "certificate: expired", None))
    lines.extend((note, None) for note in outcome.notes)
    lines.extend((f"warning: {warning}", "yellow") for warning in outcome.warnings)
    return lines


def read_options(kind: type, words: Sequence[str]) -> object:
    """Texts such as ``helo=lb.example.com`` as an instance of ``kind``.

    ``${NAME}`` is a variable of the environment: the list of processes shows what is typed, but not that.

    Numbers and ``true`` or ``false`` as a file has them; lists with commas; tables as ``headers=Accept: */*``, once for each.

    :raises click.UsageError: a key that there is not, a value that cannot be, or one that is missing.
    """
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise click.UsageError(f"--option {word}: write KEY=VALUE")
        value = _value(_VARIABLE.sub(_variable, text), hints.get(key, str))
        values[key] = {**values.get(key, {}), **value} if isinstance(value, dict) else value
    try:
        return converter_for({}).structure(values, kind)
    except Findings as findings:
        left_out = {field.name: field for field in shown(kind) if field.default is attrs.NOTHING and field.name not in values}
        raise click.UsageError(
            "; ".join(
                _left_out(left_out[finding.path[0]])
                if finding.path and finding.path[0] in left_out
                else _sentence(finding.path, finding.message, finding.hint)
                for finding in findings.found
            )
        ) from None


def _variable(match: re.Match[str]) -> str:
    if match[1]:
        return match[0][1:]
    if match[2] not in os.environ:
        raise click.UsageError(f"the environment variable {match[2]} is not set; a plain ${{ is written $${{")
    return os.environ[match[2]]


def _value(text: str, hint: Any) -> Any:
    """What a file would have there; what it is not stays a text, which is refused with the right words."""
    if get_origin(hint) is tuple:
        return [_value(part.strip(), get_args(hint)[0]) for part in text.split(",")]
    if get_origin(hint) is dict:
        key, _, value = text.partition(":")
        return {key.strip(): value.strip()}
    if hint is bool:
        return {"true": True, "false": False}.get(text, text)
    try:
        return hint(text) if hint in (int, float) else text
    except ValueError:
        return text


def _left_out(field: Any) -> str:
    known = field.metadata.get("known", ())
    words = f"; known are {', '.join(known)}" if known else ""
    return f"the option {field.name} is missing: write -o {field.name}={known[0] if known else '…'}{words}"


def _sentence(path: Sequence[object], message: str, hint: str) -> str:
    place = ".".join(map(str, path))
    return f"option {place}: {message}" + (f" ({hint})" if hint else "") if place else message


def _checker(kind: str) -> IChecker:
    try:
        known = checkers()
    except DuplicateCheckerError as error:
        raise click.ClickException(str(error)) from None
    name = TLS_TYPES.get(kind, kind)
    if name not in known:
        raise click.UsageError(f"{kind!r} is no type of check; there are {', '.join(sorted({*known, *TLS_TYPES}))}")
    return known[name]


def _encryption(kind: str, checker: IChecker, mode: TLSMode | None) -> Literal["starttls", "implicit"] | None:
    if mode == "starttls" and (kind in TLS_TYPES or not checker.starttls):
        raise click.UsageError(f"{kind} knows no STARTTLS")
    if mode == "off":
        return None
    return "implicit" if kind in TLS_TYPES else mode


def _address(where: str) -> ServerAddress:
    try:
        return server_address(where)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _asked_for(address: ServerAddress, checker: IChecker, options: Sequence[str]) -> list[str]:
    """For a port by interface: the options of a check that asks endpoint mappers by itself.

    Not where its options say what to bind to there: servers have several interfaces on a port, as a configuration's checks know.
    """
    if not isinstance(address.port, InterfacePort):
        return []
    known = {field.name for field in shown(checker.options)}
    words = {"interface": address.port.interface, "mapper": "true"}
    if words.keys() <= known and any(option.partition("=")[0] in words for option in options):
        return []
    return [f"{key}={value}" for key, value in words.items() if key in known]


def _found_out(address: ServerAddress, plan: CheckPlan, port: int) -> int | PortPlan:
    """:param port: the check's, or the mapper's that tells it."""
    if not isinstance(address.port, InterfacePort):
        return port
    try:
        return PortPlan(host=plan.host, interface=address.port.interface, mapper=port, timeout=plan.timeout, source=plan.source)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _port(address: ServerAddress, checker: IChecker, mode: str | None, mapper: int | None) -> int:
    """Where the first connection goes."""
    if isinstance(address.port, InterfacePort):
        return MAPPER_PORT if mapper is None else mapper
    port = address.port or checker.default_port
    if port is None:
        mapped = any(field.name == "interface" for field in shown(checker.options))
        by_interface = ", or HOST:epm/INTERFACE to have its endpoint mapper asked" if mapped else ""
        raise click.UsageError(f"a check of the type {checker.name} needs a port: write HOST:PORT{by_interface}")
    if address.port is None and mode == "implicit":
        return _IMPLICIT_PORTS.get(port, port)
    return port


def _seconds(text: str) -> float:
    try:
        return duration(text)
    except ValueError as error:
        raise click.UsageError(f"--timeout: {error}") from None


def _tell(line: str) -> None:
    say(line, _COLOURS.get(line[:3]))
