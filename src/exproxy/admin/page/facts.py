"""What changes on the page from one second to the next: each a name and a value, for the page's HTML and for its events alike.

A value is what a place on the page says: a text; ``[text, tone]``; a number, which is a moment, shown as the time since then; or
``{"line": …}``, the points of a small chart.  ``static/live.js`` puts them where the page has their names; ``at``, ``point`` and
``version`` are for scripts alone.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping

from exproxy.admin.audit import Audit
from exproxy.admin.overview import Overview
from exproxy.admin.page import signs
from exproxy.admin.page.concerns import concerns, verdict
from exproxy.admin.page.signs import Sign
from exproxy.admin.page.words import count, milliseconds, octets, rate
from exproxy.admin.pieces import Work
from exproxy.admin.views import (
    ActionView,
    BackendView,
    CheckView,
    FrontendView,
    HostView,
    SeriesView,
    ServerView,
    Snapshot,
    TableView,
)
from exproxy.pool import Operational

Value = str | float | list[str] | dict[str, str] | dict[str, float]
Facts = dict[str, Value]

POINTS = 60
"""Of a small chart."""
HEIGHT = 16
"""Of one, in its own units; a point is one wide."""


def facts_of(snapshot: Snapshot, series: Callable[[str], SeriesView], actions: Iterable[ActionView] = ()) -> Work[Facts]:
    """All of it, thing by thing.

    :param series: asked as the work goes on, so that a chart may have a point that is newer than the snapshot.
    """
    whole = series("")
    facts = facts_of_all(snapshot) | {
        "point": _point(whole),
        "version": version(snapshot, actions),
        "sessions": count(snapshot.process.sessions),
        "rate": rate(sum(frontend.rate for frontend in snapshot.frontends)),
        "in": f"{octets(whole.bytes_in[-1] if whole.bytes_in else 0)}/s",
        "out": f"{octets(whole.bytes_out[-1] if whole.bytes_out else 0)}/s",
        "chart": {"line": line(whole.sessions)},
        "chart out": {"line": line(whole.bytes_out)},
    }
    for frontend in snapshot.frontends:
        facts |= _frontend(frontend)
        yield
    for backend in snapshot.backends:
        facts |= _backend(backend)
        for server in backend.servers:
            facts |= facts_of_server(server, series(f"server {backend.name}/{server.name}"))
            yield
    for host in snapshot.hosts:
        facts |= _host(host)
    for table in snapshot.tables:
        facts |= facts_of_table(table)
    return facts


def facts_now(overview: Overview, audit: Audit) -> Work[Facts]:
    """All of it, as it is when the work begins."""
    # who is told this and fetches the page because of it would put what was before in its place, and be told of it never again
    overview.forget()
    return (yield from facts_of(overview.recent(), overview.series, audit.last()))


def facts_of_all(snapshot: Snapshot) -> Facts:
    """Those that all pages have."""
    return {"at": snapshot.at, "verdict": _sign(verdict(snapshot))}


def version(snapshot: Snapshot, actions: Iterable[ActionView]) -> str:
    """Changes when the page has to be fetched again: something came, went, or has another thing to be said of it."""
    servers = [(server, server.history[-1:]) for backend in snapshot.backends for server in backend.servers]
    said = [
        [frontend.name for frontend in snapshot.frontends],
        [[server.backend, server.name, server.admin.value, server.own_admin.value] for server, _ in servers],
        [[last.at, last.new] for _, history in servers for last in history],
        [[host.name, host.admin.value] for host in snapshot.hosts],
        [table.name for table in snapshot.tables],
        [[concern.subject, concern.what] for concern in concerns(snapshot) if concern.tone != "hand"],
        [action.at for action in actions],
        [[worker.name, worker.pid, worker.serving] for worker in snapshot.process.workers],
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def errors(view: FrontendView) -> tuple[tuple[str, int], ...]:
    """What went wrong with clients of a front end, in words."""
    return (
        ("without a server", view.refused),
        ("bad preface", view.failed_prefaces),
        ("handshake failed", view.failed_handshakes),
        ("left early", view.left_early),
        ("broke the protocol", view.broken),
        ("bad request", view.bad_requests),
        ("denied", view.denied),
        ("too often", view.limited),
        ("spoke too early", view.early_talkers),
        ("login refused", view.refused_logins),
        ("protected call", view.refused_calls),
    )


def where(view: ServerView) -> str:
    """Its address, and the port that its endpoint mapper has told."""
    address = view.address or "no address"
    address = f"[{address}]" if ":" in address else address
    if view.port is None:
        return f"{address}:no port" if view.interface else address
    return f"{address}:{view.port}"


def certificate_days(view: ServerView) -> int | None:
    """Of the one that runs out first of those that its checks were shown."""
    left = [check.certificate.days for check in view.checks if check.certificate is not None]
    return min(left, default=None)


def check_text(view: CheckView) -> str:
    """The last result: its layer, what was found, and how long it took."""
    if view.at is None:
        return "not checked yet"
    code = f" {view.code}" if view.code is not None else ""
    took = "" if view.duration is None else f", {milliseconds(view.duration)}"
    return f"{view.status}{code}{took}"


def line(values: Iterable[float]) -> str:
    """The points of a small chart, as an SVG ``polyline`` wants them: the largest value of each part, the newest at the right."""
    kept = list(values)
    step = 5
    parts = [max(kept[max(0, end - step) : end]) for end in range(len(kept), 0, -step)][:POINTS]
    top = max(parts, default=0.0) or 1.0
    return " ".join(f"{POINTS - 1 - number},{HEIGHT - 1 - (HEIGHT - 2) * value / top:.1f}" for number, value in enumerate(parts))


def _point(series: SeriesView) -> dict[str, float]:
    """The newest one of the large charts, so that nobody has to fetch them again and again."""
    if not series.sessions:
        return {}
    last = {"sessions": series.sessions[-1], "in": series.bytes_in[-1], "out": series.bytes_out[-1]}
    return {"at": series.at} | {name: round(value, 1) for name, value in last.items()}


def _frontend(view: FrontendView) -> Facts:
    said = {word: number for word, number in errors(view) if number}
    limit = f" of {count(view.maxconn)}" if view.maxconn is not None else ""
    return _named(
        f"f {view.name}",
        {
            "state": _sign(signs.frontend(view)),
            "sessions": f"{count(view.sessions)}{limit}",
            "rate": rate(view.rate),
            "max": rate(view.rate_max) if view.rate_max else "",
            "total": count(view.total),
            "in": octets(view.bytes_in),
            "out": octets(view.bytes_out),
            "errors": _some(sum(said.values())),
            "faults": ", ".join(f"{count(number)} {word}" for word, number in said.items()),
            "days": _sign(signs.days(min((one.days for one in view.certificates), default=None))),
        },
    )


def _backend(view: BackendView) -> Facts:
    limit = f" of {count(view.maxconn)}" if view.maxconn is not None else ""
    return _named(
        f"b {view.name}",
        {
            "state": _sign(signs.backend(view)),
            "sessions": f"{count(view.sessions)}{limit}",
            "queue": _some(view.queued),
            "rate": rate(view.rate),
            "max": rate(view.rate_max) if view.rate_max else "",
            "total": count(view.total),
            "in": octets(view.bytes_in),
            "out": octets(view.bytes_out),
            "errors": _some(view.refused),
        },
    )


def facts_of_server(view: ServerView, series: SeriesView) -> Facts:
    """Those of one."""
    limit = f" of {count(view.maxconn)}" if view.maxconn is not None else ""
    share = f" at {view.share}%" if view.share != 100 and view.weight else ""
    worst = _worst(view.checks)
    why = _why(view)
    facts: dict[str, Value] = {
        "state": _sign(signs.server(view)),
        "why": why,
        "since": view.since,
        "check": "no check" if worst is None else check_text(worst),
        # what is to blame says it all
        "said": "" if worst is None or why else worst.text,
        "sessions": f"{count(view.sessions)}{limit}",
        "queue": _some(view.queued),
        "rate": rate(view.rate),
        "max": rate(view.rate_max) if view.rate_max else "",
        "total": count(view.total),
        "in": octets(view.bytes_in),
        "out": octets(view.bytes_out),
        "errors": _some(view.failed_connects),
        "weight": f"{view.weight}{share}",
        "where": where(view),
        "days": _sign(signs.days(certificate_days(view))),
        "chart": {"line": line(series.sessions)},
    }
    if worst is not None and worst.at is not None:
        facts["checked"] = worst.at
    return _named(f"s {view.backend}/{view.name}", facts)


def facts_of_table(view: TableView) -> Facts:
    """Those of one."""
    return {f"t {view.name} entries": count(view.entries), f"t {view.name} evicted": _some(view.evicted)}


def _host(view: HostView) -> Facts:
    return {
        f"h {view.name} state": _sign(signs.host(view)),
        f"h {view.name} sessions": count(view.sessions),
    }


def _why(view: ServerView) -> str:
    """What the word of its state does not say."""
    if view.admin is not view.own_admin and view.admin is view.host_admin:
        return f"by its host {view.host}"
    if view.admin is not view.own_admin and view.admin is view.agent_admin:
        return f"by its agent: {view.agent_text}"
    if view.operational is Operational.UP and view.usable:
        return "; ".join(view.warnings)
    return view.condition.partition(": ")[2]


def _worst(checks: Iterable[CheckView]) -> CheckView | None:
    """The one to show of several: that which is to blame, else the one of the longest ago."""
    order = {"bad": 0, "warn": 1, "idle": 2, "good": 3}
    return min(checks, key=lambda check: (order[signs.check(check).tone], check.at or 0.0), default=None)


def _sign(sign: Sign) -> list[str]:
    return [sign.word, sign.tone]


def _some(number: int) -> str:
    """Nothing where there is nothing: what catches the eye is to be something."""
    return count(number) if number else ""


def _named(name: str, values: Mapping[str, Value]) -> Facts:
    return {f"{name} {key}": value for key, value in values.items()}
