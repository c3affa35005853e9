"""What somebody who looks in the middle of the night wants to know first: what is not well, where, since when, and why."""

from collections.abc import Iterable

from attrs import frozen

from exproxy.admin.page import signs
from exproxy.admin.page.signs import Sign, Tone
from exproxy.admin.page.words import listed, several
from exproxy.admin.views import ServerView, Snapshot
from exproxy.pool import Admin, Operational

_ORDER: tuple[Tone, ...] = ("bad", "warn", "hand")


@frozen
class Concern:
    """One thing.

    :param what: a sentence part, behind its subject.
    :param why: another one, perhaps empty.
    :param since: seconds since the epoch, where that is known.
    """

    tone: Tone
    subject: str
    what: str
    why: str = ""
    since: float | None = None


def verdict(snapshot: Snapshot) -> Sign:
    """All of it in one sentence."""
    served = sum(frontend.ready for frontend in snapshot.frontends)
    servers = [server for backend in snapshot.backends for server in backend.servers]
    usable = sum(server.usable for server in servers)
    if snapshot.process.draining:
        return Sign("The process ends: nobody is let in any more", "hand")
    if served < len(snapshot.frontends):
        lost = [frontend.name for frontend in snapshot.frontends if not frontend.ready]
        return Sign(f"No server for {listed(lost)}", "bad")
    if usable < len(servers):
        gone = several(len(servers) - usable, "server takes", "servers take")
        return Sign(f"All front ends serve; {gone} no new clients", "warn")
    return Sign(
        f"All is well: {several(served, 'front end serves', 'front ends serve')}, "
        f"{several(usable, 'server takes', 'servers take')} clients",
        "good",
    )


def concerns(snapshot: Snapshot) -> tuple[Concern, ...]:
    """The worst first."""
    found = [*_of_process(snapshot), *_of_frontends(snapshot), *_by_hand(snapshot), *_of_servers(snapshot), *_warnings(snapshot)]
    return tuple(sorted(found, key=lambda concern: _ORDER.index(concern.tone)))


def _of_process(snapshot: Snapshot) -> Iterable[Concern]:
    idle = [worker.name for worker in snapshot.process.workers if not worker.serving]
    if idle:
        yield Concern("warn", listed(idle), "does not serve" if len(idle) == 1 else "do not serve")


def _of_frontends(snapshot: Snapshot) -> Iterable[Concern]:
    for frontend in snapshot.frontends:
        if not frontend.ready:
            yield Concern("bad", f"front end {frontend.name}", "has no server: clients are refused")


def _by_hand(snapshot: Snapshot) -> Iterable[Concern]:
    for host in snapshot.hosts:
        if host.admin is not Admin.READY:
            live = several(host.sessions, "session lives", "sessions live") if host.sessions else "no sessions are left"
            yield Concern("hand", f"host {host.name}", f"is set to {host.admin.value}: {live}")
    for server in _servers(snapshot):
        name = f"server {server.backend}/{server.name}"
        if server.own_admin is not Admin.READY and server.host_admin is Admin.READY:
            yield Concern("hand", name, f"is set to {server.own_admin.value}")
        elif server.agent_admin is not Admin.READY and server.admin is server.agent_admin:
            yield Concern("hand", name, f"is set to {server.agent_admin.value} by its agent", server.agent_text)


def _of_servers(snapshot: Snapshot) -> Iterable[Concern]:
    """One for each host and state, since a machine that is gone is gone behind all back ends."""
    ill: dict[tuple[str, Operational], list[ServerView]] = {}
    for server in _servers(snapshot):
        if server.operational in (Operational.DOWN, Operational.STOPPING):
            ill.setdefault((server.host, server.operational), []).append(server)
    hosts = {host.name: len(host.servers) for host in snapshot.hosts}
    for (host, state), servers in ill.items():
        tone: Tone = "bad" if state is Operational.DOWN and servers[0].admin is Admin.READY else "warn"
        names = [server.backend for server in servers]
        everywhere = len(names) == hosts.get(host) and len(names) > 1
        where = f"all its {len(names)} back ends" if everywhere else listed(names)
        yield Concern(tone, host, f"is {state.value} in {where}", _reason(servers[0]), max(server.since for server in servers))


def _warnings(snapshot: Snapshot) -> Iterable[Concern]:
    """One for each text, since the same certificate stands before many back ends."""
    said: dict[str, list[str]] = {}
    for frontend in snapshot.frontends:
        for one in frontend.certificates:
            left = signs.days(one.days)
            if left.tone in ("warn", "bad"):
                words = "has expired" if one.days < 0 else f"expires in {several(one.days, 'day', 'days')}"
                said.setdefault(f"certificate {one.file} {words}", []).append(f"front end {frontend.name}")
    for server in _servers(snapshot):
        ill = server.operational is Operational.UP and signs.server(server).tone == "warn"
        for text in (*server.warnings, *((server.condition,) if ill else ())):
            said.setdefault(text, []).append(f"{server.backend}/{server.name}")
    return (Concern("warn", listed(names), text) for text, names in said.items())


def _servers(snapshot: Snapshot) -> Iterable[ServerView]:
    return (server for backend in snapshot.backends for server in backend.servers)


def _reason(server: ServerView) -> str:
    """Without the words before it, which stand in the sentence."""
    return server.condition.partition(": ")[2] if server.admin is Admin.READY else ""
