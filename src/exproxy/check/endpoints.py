"""A server's whole endpoint table, as ``exproxy probe epm`` shows it."""

from collections.abc import Sequence
from typing import Any

import attrs
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.check.once import check_now
from exproxy.check.plan import CheckPlan, ProxyVersion
from exproxy.check.report import Report, Transcript
from exproxy.net.interfaces import Network
from exproxy.wire.binding import string_binding
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.table import TableLookup
from exproxy.wire.eptlookup import NO_OBJECT, Entry
from exproxy.wire.interfaces import INTERFACES
from exproxy.wire.lines import printable

_NAMES = {known.uuid: known.name for known in INTERFACES}


@attrs.frozen
class Endpoint:
    """One line of the table, all of it printable.

    :param interface: its name, where it has one here; else empty.
    :param uuid: the interface's; empty, if the entry's tower names none.
    :param version: "0.81".
    :param binding: where it is, as :func:`exproxy.wire.binding.string_binding` writes it.
    :param annotation: what the service calls itself.
    :param object: the object's UUID; empty for all objects.
    """

    interface: str
    uuid: str
    version: str
    binding: str
    annotation: str
    object: str


@attrs.frozen
class Table:
    """:param endpoints: by interface, known ones first; each interface's bindings in their order.

    :param report: how the look-up ended; if it did not pass, the table may be a part of it.
    """

    endpoints: tuple[Endpoint, ...]
    report: Report


async def look_up(
    reactor: Any,
    host: str,
    port: int,
    *,
    timeout: float,
    transcript: Transcript,
    send_proxy: ProxyVersion | None = None,
    source: str | None = None,
    network: Network | None = None,
) -> Table:
    """Ask the endpoint mapper of ``host``, a name or an IP address, for its table.

    :param timeout: seconds for all of it.
    :param transcript: what is said is written there.
    :param send_proxy: begin with a PROXY header of this version.
    :param source: an address to connect from.
    :raises exproxy.check.once.CheckNowError: the name has no address.
    """
    reading = _TableReading()
    plan = CheckPlan(name="epm", host=host, checker=reading, options=None, timeout=timeout, send_proxy=send_proxy, source=source)
    report = await check_now(reactor, plan, port, transcript, network)
    return Table(arranged(reading.lookup.entries), report)


def arranged(entries: Sequence[Entry]) -> tuple[Endpoint, ...]:
    """Each once: Windows tells a service's endpoints once for each of its processes."""
    endpoints = dict.fromkeys(_endpoint(entry) for entry in entries)
    return tuple(sorted(endpoints, key=lambda each: (not each.interface, each.interface, each.uuid, each.version, each.binding)))


@implementer(IChecker)
class _TableReading:
    """A checker for one run, which keeps what was read."""

    name = "epm"
    options: type = type(None)
    starttls = False
    default_port: int | None = 135

    def __init__(self) -> None:
        self.lookup = TableLookup()

    def dialogue(self, _options: object, _target: Target) -> Dialogue:
        return self.lookup


def _endpoint(entry: Entry) -> Endpoint:
    syntax = None if entry.tower is None else entry.tower.interface
    return Endpoint(
        interface="" if syntax is None else _NAMES.get(syntax.uuid, ""),
        uuid="" if syntax is None else str(syntax.uuid),
        version="" if syntax is None else f"{syntax.major}.{syntax.minor}",
        binding="no endpoint" if entry.tower is None else string_binding(entry.tower),
        annotation=printable(entry.annotation),
        object="" if entry.object == NO_OBJECT else str(entry.object),
    )
