"""``exproxy probe epm HOST``: the endpoint mapper's whole table, as rpcdump prints it."""

import json
from itertools import groupby
from typing import Any

import attrs
from twisted.internet.defer import Deferred, ensureDeferred

from exproxy.check.endpoints import Endpoint, Table, look_up
from exproxy.check.once import CheckNowError
from exproxy.check.plan import ProxyVersion
from exproxy.check.report import Transcript
from exproxy.cli.output import say

Lines = list[tuple[str, str | None]]
"""Each with its colour."""


@attrs.frozen
class Listing:
    """What is asked, and how the answer is told.

    :param timeout: seconds for all of it.
    :param as_json: for programs.
    :param send_proxy: begin with a PROXY header of this version.
    :param source: an address to connect from.
    """

    host: str
    port: int
    timeout: float
    as_json: bool
    send_proxy: ProxyVersion | None = None
    source: str | None = None


def start(reactor: Any, asked: Listing) -> "Deferred[None]":
    """For ``react``."""
    return ensureDeferred(run(reactor, asked))


async def run(reactor: Any, asked: Listing, network: Any = None) -> None:
    """Ask, print, and end the program.

    :param network: makes the streams; the reactor's own, if nothing else is said.
    :raises SystemExit: with status 1, if there was no table, or only a part of it.
    """
    transcript = Transcript()
    try:
        table = await look_up(
            reactor,
            asked.host,
            asked.port,
            timeout=asked.timeout,
            send_proxy=asked.send_proxy,
            source=asked.source,
            transcript=transcript,
            network=network,
        )
    except CheckNowError as error:
        said: Lines = _failure(str(error), ()) if asked.as_json else [(f"failed: {error}", "red")]
        _say(said)
        raise SystemExit(1) from None
    _say(_as_json(table) if asked.as_json else _as_text(asked.host, table, transcript))
    if not table.report.passed:
        raise SystemExit(1)


def _as_text(host: str, table: Table, transcript: Transcript) -> Lines:
    lines: Lines = []
    for (name, uuid, version), endpoints in groupby(table.endpoints, lambda each: (each.interface, each.uuid, each.version)):
        lines.append((f"{name or 'interface'} {uuid or 'without a name'} v{version or '?'}", "cyan"))
        lines.extend((f"    {_words(endpoint)}", None) for endpoint in endpoints)
    report, colour = table.report, "green" if table.report.passed else "red"
    if not table.report.passed:
        lines.extend((line, "bright_black") for line in transcript.lines)
    lines.append((f"{report.sentence(host)} ({report.outcome.status.value}, {report.duration:.3f} s)", colour))
    return lines


def _words(endpoint: Endpoint) -> str:
    annotation = f'  "{endpoint.annotation}"' if endpoint.annotation else ""
    return f"{endpoint.binding}{annotation}" + (f"  object {endpoint.object}" if endpoint.object else "")


def _as_json(table: Table) -> Lines:
    if table.report.passed:
        return [(json.dumps({"endpoints": [attrs.asdict(each) for each in table.endpoints]}, indent=2), None)]
    return _failure(table.report.said, table.endpoints)


def _failure(text: str, endpoints: tuple[Endpoint, ...]) -> Lines:
    return [(json.dumps({"error": text, "endpoints": [attrs.asdict(each) for each in endpoints]}, indent=2), None)]


def _say(lines: Lines) -> None:
    for line, colour in lines:
        say(line, colour)
