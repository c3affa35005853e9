"""``show info``: the process, in HAProxy's words.  What exproxy has not or does not count is left out."""

import json
import socket
from collections.abc import Iterator, Sequence

from attrs import frozen

from exproxy.admin.haproxy.fields import Field, Kind
from exproxy.admin.haproxy.rows import Value, described
from exproxy.admin.views import Snapshot

NAME = "HAProxy"
"""Programs look whether they speak with one (haproxyadmin); the version says who it is."""
PROTOCOL = "2.6"
"""The version of HAProxy whose socket this is; tools compare its first two numbers."""


def version(own: str) -> str:
    """``2.6.0-exproxy-0.1.0``: HAProxy's version first, where programs look for what they may ask."""
    return f"{PROTOCOL}.0-exproxy-{own}"


@frozen
class Fact:
    """:param place: HAProxy's number of it."""

    place: int
    field: Field
    value: Value
    text: str


def facts(snapshot: Snapshot) -> list[Fact]:
    """All that is known, in HAProxy's order."""
    process = snapshot.process
    seconds = max(0, int(snapshot.at - process.started))
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    rate = round(sum(view.rate for view in snapshot.frontends))
    most = round(max((view.rate_max for view in snapshot.frontends), default=0.0))
    total = sum(view.total for view in snapshot.frontends)
    listeners = 0 if process.draining else sum(len(view.addresses) for view in snapshot.frontends)
    number: Kind = "u32"
    text: Kind = "str"
    product = "POS"
    table: Sequence[tuple[int, str, str, Kind, Value, str]] = (
        (0, "Name", product, text, NAME, "Product whose words these are"),
        (1, "Version", product, text, version(process.version), "HAProxy whose words these are, and product version"),
        (2, "Release_date", product, text, "-", "Date of latest source code update"),
        (3, "Nbthread", "CGS", number, 1, "Number of started threads"),
        (4, "Nbproc", "CGS", number, 1, "Number of started worker processes (historical, always 1)"),
        (5, "Process_num", "KGP", number, 1, "Relative worker process number (1)"),
        (6, "Pid", "SGP", number, process.pid, "This process identifier for the system"),
        (7, "Uptime", "MDP", text, f"{days}d {hours}h{minutes:02}m{seconds % 60:02}s", "How long ago this process was started"),
        (8, "Uptime_sec", "MDP", number, seconds, "How long ago this process was started (seconds)"),
        (15, "Maxconn", "CLP", number, process.maxconn, "Limit on the number of sessions, over all workers"),
        (16, "Hard_maxconn", "CLP", number, process.maxconn, "Limit on the number of sessions, over all workers"),
        (17, "CurrConns", "MGP", number, process.sessions, "Current number of sessions"),
        (18, "CumConns", "MCP", number, total, "Total number of sessions since started"),
        (19, "CumReq", "MCP", number, total, "Total number of sessions since started"),
        (23, "Maxpipes", "CLP", number, 0, "Limit on the number of pipes for splicing, 0=unlimited"),
        (24, "PipesUsed", "MGP", number, 0, "Not counted"),
        (26, "ConnRate", "MRP", number, rate, "Number of sessions created over the last second"),
        (27, "ConnRateLimit", "CLP", number, 0, "Limit for ConnRate"),
        (28, "MaxConnRate", "MMP", number, most, "Highest rate of a front end since started"),
        (29, "SessRate", "MRP", number, rate, "Number of sessions created over the last second"),
        (30, "SessRateLimit", "CLP", number, 0, "Limit for SessRate"),
        (31, "MaxSessRate", "MRP", number, most, "Highest rate of a front end since started"),
        (47, "Tasks", "MGP", number, process.sessions, "Sessions"),
        (48, "Run_queue", "MGP", number, 0, "Not counted"),
        (50, "node", "COS", text, socket.gethostname(), "Node name"),
        (52, "Stopping", "MGP", number, int(process.draining), "1 if the process is currently stopping, otherwise zero"),
        (53, "Jobs", "MGP", number, process.sessions + listeners, "Sessions and listeners"),
        (55, "Listeners", "MGP", number, listeners, "Current number of active listeners"),
        (56, "ActivePeers", "MGP", number, 0, "There are no peers"),
        (57, "ConnectedPeers", "MGP", number, 0, "There are no peers"),
        (66, "Build info", product, text, process.version, "Build info"),
        (70, "Start_time_sec", "MDP", number, int(process.started), "Start time in seconds"),
    )
    return [Fact(place, Field(name, tags, kind), value, words) for place, name, tags, kind, value, words in table]


def plain(known: Sequence[Fact], descriptions: bool) -> Iterator[str]:
    """A line for each: ``Maxconn: 200``."""
    for fact in known:
        yield f"{fact.field.name}: {fact.value}" + (f':"{fact.text}"' if descriptions else "") + "\n"


def typed(known: Sequence[Fact], descriptions: bool) -> Iterator[str]:
    """``15.Maxconn.1:CLP:u32:200``."""
    for fact in known:
        told = f"{fact.place}.{fact.field.name}.1:{fact.field.tags}:{fact.field.kind}:{fact.value}"
        yield told + (f':"{fact.text}"' if descriptions else "") + "\n"


def as_json(known: Sequence[Fact]) -> str:
    """A list of objects, in a line."""
    objects = [described(fact.place, fact.field, fact.field.tags, fact.value) for fact in known]
    return json.dumps(objects, separators=(",", ":")) + "\n"
