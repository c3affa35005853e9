"""Takes snapshots."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exproxy import pool
from exproxy.admin.entries import shown_key
from exproxy.admin.history import History
from exproxy.admin.rates import Rates
from exproxy.admin.series import Counts, Series
from exproxy.admin.sources import FrontendFacts, Sources, Things
from exproxy.admin.views import (
    BackendView,
    CertificateView,
    CheckView,
    DialogueView,
    EntryView,
    FrontendView,
    HostView,
    OwnCertificateView,
    ProcessView,
    SeriesView,
    ServerView,
    SessionView,
    Snapshot,
    TableView,
    TransitionView,
)
from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.certificates import Identity
from exproxy.pool.server import SHARE_OF_ONE, UNLIMITED

MOST = 1000
"""So many entries of a table, or sessions, are told."""
RECENT = 0.25
"""Seconds."""


class Overview:
    """:param process: gives what is known of the process, without its sessions."""

    def __init__(self, clock: IReactorTime, things: Things, sources: Sources, process: Callable[[int], ProcessView]) -> None:
        self._clock = clock
        self._things = things
        self._sources = sources
        self._process = process
        self._history = History(things.backends.values())
        self._rates = Rates()
        self._series = Series()
        self._last: Snapshot | None = None
        self.age = 0
        """Another number whenever what was seen before is not true any more."""

    def change(self, fresh: Things) -> None:
        """The configuration has changed."""
        self._things.become(fresh)
        self._history.follow(fresh.backends.values())
        self.forget()

    def sample(self) -> None:
        """Once a second, for the rates and the charts."""
        totals: dict[str, int] = {}
        counts: dict[str, Counts] = {}
        for name in self._things.frontends:
            front = self._sources.frontend(name)
            totals[f"frontend {name}"] = front.total
            counts[f"frontend {name}"] = Counts(front.sessions, front.bytes_in, front.bytes_out)
        whole = _sum(counts.values())
        for backend in self._things.backends.values():
            servers = {f"server {server.full_name}": self._sources.server(server) for server in backend.servers.values()}
            totals |= {name: server.total for name, server in servers.items()}
            totals[f"backend {backend.name}"] = sum(server.total for server in servers.values())
            of_servers = {name: Counts(one.sessions, one.bytes_in, one.bytes_out) for name, one in servers.items()}
            counts |= of_servers
            counts[f"backend {backend.name}"] = _sum(of_servers.values())
        now = self._clock.seconds()
        self._rates.sample(totals, now)
        self._series.sample({"": whole} | counts, now)

    def series(self, name: str) -> SeriesView:
        """The last minutes of ``frontend NAME``, ``backend NAME`` or ``server BACKEND/NAME``; of all, without a name."""
        return self._series.of(name)

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        things = self._things
        backends = tuple(self.backend(backend) for backend in things.backends.values())
        sessions = {f"{server.backend}/{server.name}": server.sessions for backend in backends for server in backend.servers}
        frontends = tuple(self._frontend(facts) for facts in things.frontends.values())
        return Snapshot(
            at=self._clock.seconds(),
            process=self._process(sum(frontend.sessions for frontend in frontends)),
            frontends=frontends,
            backends=backends,
            hosts=tuple(_host(host, sessions) for host in things.hosts.values()),
            tables=tuple(self._table(group) for group in things.groups.values()),
        )

    def forget(self) -> None:
        """What is :meth:`recent` is not true any more."""
        self._last = None
        self.age += 1

    def recent(self) -> Snapshot:
        """One that may be a moment old, for those who ask often and whom nobody limits."""
        now = self._clock.seconds()
        if self._last is None or not 0 <= now - self._last.at < RECENT:
            self._last = self.snapshot()
        return self._last

    def backend(self, backend: pool.Backend) -> BackendView:
        """One of them."""
        numbers = self._sources.backend(backend.name)
        servers = tuple(self.server(server) for server in backend.servers.values())
        name = f"backend {backend.name}"
        return BackendView(
            name=backend.name,
            balance=backend.balance,
            usable=backend.usable,
            maxconn=None if backend.limit == UNLIMITED else backend.limit,
            sessions=sum(server.sessions for server in servers),
            queued=numbers.queued,
            total=sum(server.total for server in servers),
            rate=self._rates.rate(name),
            rate_max=self._rates.most(name),
            refused=numbers.refused,
            bytes_in=sum(server.bytes_in for server in servers),
            bytes_out=sum(server.bytes_out for server in servers),
            table=None if backend.group is None else backend.group.table.name,
            servers=servers,
        )

    def server(self, server: pool.Server) -> ServerView:
        """One of a back end."""
        numbers = self._sources.server(server)
        name = f"server {server.full_name}"
        certificates = self._sources.certificates(server)
        return ServerView(
            backend=server.full_name.partition("/")[0],
            name=server.name,
            host=server.host.name,
            address=server.address,
            port=server.port,
            interface=server.interface,
            port_error=server.port_error,
            backup=server.backup,
            usable=server.opened,
            condition=server.condition(),
            operational=server.operational,
            admin=server.admin,
            own_admin=server.own_admin,
            host_admin=server.host.admin,
            agent_admin=server.agent_admin,
            agent_text=server.agent_text,
            since=server.health.since,
            weight=server.weight,
            share=server.share * 100 // (SHARE_OF_ONE * server.weight) if server.weight else 0,
            maxconn=server.ceiling,
            sessions=numbers.sessions,
            queued=numbers.queued,
            total=numbers.total,
            rate=self._rates.rate(name),
            rate_max=self._rates.most(name),
            failed_connects=numbers.failed,
            bytes_in=numbers.bytes_in,
            bytes_out=numbers.bytes_out,
            warnings=server.health.warnings,
            checks=tuple(_check(state, certificates.get(word)) for word, state in server.health.checks.items()),
            history=tuple(_transition(transition) for transition in self._history.of(server)),
        )

    def entries(self, group: pool.Group, most: int, key: bytes | None = None) -> tuple[EntryView, ...]:
        """What is in a table, the last ones that were used first; or what one key has there."""
        now = self._clock.seconds()
        if key is not None:
            entry = group.table.peek(key)
            found = [] if entry is None else [(key, entry.host, entry.used)]
        else:
            found = list(group.table.latest(most))
        return tuple(EntryView(shown_key(key), host, max(0.0, now - used)) for key, host, used in found[:most])

    def sessions(
        self, server: pool.Server | None, most: int, frontend: str = "", client: str = ""
    ) -> "Deferred[list[SessionView]]":
        """Those that live, of one server or all, of one front end or all, of one client's address or all."""
        return self._sources.sessions("" if server is None else server.full_name, most, frontend, client)

    def dialogues(self, server: pool.Server) -> tuple[DialogueView, ...]:
        """What was said to and by a server the last time."""
        return tuple(self._sources.dialogues(server))

    def _table(self, group: pool.Group) -> TableView:
        table = group.table
        members = tuple(backend.name for backend in group.members)
        return TableView(table.name, table.kind, len(table), table.size, table.expire_after, table.evicted, members)

    def _frontend(self, facts: FrontendFacts) -> FrontendView:
        numbers = self._sources.frontend(facts.name)
        name = f"frontend {facts.name}"
        return FrontendView(
            name=facts.name,
            mode=facts.mode,
            addresses=facts.addresses,
            backends=facts.backends,
            ready=self._ready(facts),
            maxconn=facts.maxconn,
            sessions=numbers.sessions,
            total=numbers.total,
            rate=self._rates.rate(name),
            rate_max=self._rates.most(name),
            refused=numbers.refused,
            failed_prefaces=numbers.bad_prefaces,
            failed_handshakes=numbers.bad_handshakes,
            left_early=numbers.left_early,
            broken=numbers.broken,
            bad_requests=numbers.bad_requests,
            denied=numbers.denied,
            limited=numbers.limited,
            bytes_in=numbers.bytes_in,
            bytes_out=numbers.bytes_out,
            fault=numbers.fault,
            limit=numbers.limit,
            early_talkers=numbers.early_talkers,
            passed_over=numbers.passed_over,
            refused_logins=numbers.refused_logins,
            mapped=numbers.mapped,
            hidden=numbers.hidden,
            refused_calls=numbers.refused_calls,
            routes=facts.routes,
            map=facts.map,
            certificates=tuple(_own(identity) for identity in self._sources.own_certificates(facts.name)),
        )

    def _ready(self, facts: FrontendFacts) -> bool:
        asked: Iterable[str] = facts.backends[:1] if facts.default else facts.backends
        return any(self._things.backends[name].usable for name in asked) or not facts.backends


def _sum(counts: Iterable[Counts]) -> Counts:
    sessions = bytes_in = bytes_out = 0
    for one in counts:
        sessions, bytes_in, bytes_out = sessions + one.sessions, bytes_in + one.bytes_in, bytes_out + one.bytes_out
    return Counts(sessions, bytes_in, bytes_out)


def _host(host: pool.Host, sessions: dict[str, int]) -> HostView:
    servers = tuple(server.full_name for server in host.servers)
    return HostView(host.name, host.address, host.admin, sum(sessions.get(name, 0) for name in servers), servers)


def _check(state: pool.CheckState, certificate: PeerCertificate | None) -> CheckView:
    last = state.last
    return CheckView(
        name=state.spec.name,
        required=state.spec.required,
        verdict=state.verdict,
        status="" if last is None else last.status,
        text="" if last is None else last.text,
        line="" if last is None else last.line,
        code=None if last is None else last.code,
        duration=None if last is None else last.duration,
        at=state.last_at,
        warnings=() if last is None else last.warnings,
        certificate=None if certificate is None else _certificate(certificate),
    )


def _certificate(certificate: PeerCertificate) -> CertificateView:
    days = certificate.days_left(datetime.now(UTC))
    return CertificateView(certificate.subject, certificate.not_after.timestamp(), int(days // 1))


def _own(identity: Identity) -> OwnCertificateView:
    leaf = identity.chain[0]
    expiry = leaf.not_valid_after_utc
    days = (expiry - datetime.now(UTC)).days
    return OwnCertificateView(str(identity.source.file), leaf.subject.rfc4514_string(), identity.names, expiry.timestamp(), days)


def _transition(transition: pool.Transition) -> TransitionView:
    return TransitionView(transition.at, transition.old.value, transition.new.value, transition.reason)
