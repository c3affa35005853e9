"""The snapshot for Prometheus.  Names end with their unit or ``_total`` (prometheus.io/docs/practices/naming)."""

from collections.abc import Callable, Iterable, Iterator

from attrs import frozen
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric, StateSetMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from exproxy.admin.answers import Answer
from exproxy.admin.pieces import Work
from exproxy.admin.views import BackendView, FrontendView, ServerView, Snapshot
from exproxy.pool import Admin, Operational

_SERVER = ["backend", "server"]


class Metrics:
    """:param snapshot: takes one."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Snapshots(snapshot))
        ProcessCollector(registry=self._registry)

    def answer(self) -> Work[Answer]:
        """In Prometheus' text format, metric by metric of one snapshot."""
        parts: list[bytes] = []
        for metric in self._registry.collect():
            parts.append(generate_latest(_One(metric)))
            yield
        return Answer(200, b"".join(parts), CONTENT_TYPE_LATEST)


@frozen
class _One(Collector):
    """As much as is written at once."""

    metric: Metric

    def collect(self) -> Iterable[Metric]:
        return (self.metric,)


class _Snapshots(Collector):
    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        snapshot = self._snapshot()
        yield from _process(snapshot)
        yield from _frontends(snapshot.frontends)
        yield from _backends(snapshot.backends)
        servers = [server for backend in snapshot.backends for server in backend.servers]
        yield from _servers(servers)
        yield from _states(servers)
        yield from _checks(servers)
        yield from _tables(snapshot)


def _process(snapshot: Snapshot) -> Iterator[Metric]:
    process = snapshot.process
    info = InfoMetricFamily("exproxy_build", "What runs.")
    info.add_metric([], {"version": process.version})
    yield info
    yield GaugeMetricFamily("exproxy_sessions", "Sessions of clients now.", process.sessions)
    yield GaugeMetricFamily("exproxy_sessions_limit", "Sessions at most ([service] maxconn).", process.maxconn)
    yield GaugeMetricFamily("exproxy_draining", "1 while the process ends.", process.draining)
    serving = sum(worker.serving for worker in process.workers)
    yield GaugeMetricFamily("exproxy_workers", "Worker processes; 0 where one process does everything.", len(process.workers))
    yield GaugeMetricFamily("exproxy_workers_serving", "Worker processes that have clients.", serving)


def _frontends(frontends: Iterable[FrontendView]) -> Iterator[Metric]:
    labels = ["frontend"]
    ready = GaugeMetricFamily("exproxy_frontend_ready", "1 if it has a server that takes new clients.", labels=labels)
    sessions = GaugeMetricFamily("exproxy_frontend_sessions", "Sessions now.", labels=labels)
    limit = GaugeMetricFamily("exproxy_frontend_sessions_limit", "Sessions at most, where that is limited.", labels=labels)
    total = CounterMetricFamily("exproxy_frontend_sessions", "Sessions ever.", labels=labels)
    expiry = GaugeMetricFamily(
        "exproxy_frontend_certificate_expiry_timestamp_seconds",
        "When a certificate expires that clients are shown.",
        labels=[*labels, "file"],
    )
    passed_over = CounterMetricFamily(
        "exproxy_frontend_passed_over_servers", "Servers that were reached and did not greet well.", labels=labels
    )
    refused = CounterMetricFamily("exproxy_frontend_refused", "Sessions for which there was no server.", labels=labels)
    faults = CounterMetricFamily("exproxy_frontend_faults", "What clients did wrong, or left undone.", labels=[*labels, "kind"])
    denied = CounterMetricFamily("exproxy_frontend_denied", "What an access rule refused.", labels=labels)
    limited = CounterMetricFamily("exproxy_frontend_limited", "What came too often.", labels=labels)
    received = CounterMetricFamily("exproxy_frontend_received_bytes", "From clients, until some seconds ago.", labels=labels)
    sent = CounterMetricFamily("exproxy_frontend_sent_bytes", "To clients, until some seconds ago.", labels=labels)
    for frontend in frontends:
        name = [frontend.name]
        ready.add_metric(name, frontend.ready)
        sessions.add_metric(name, frontend.sessions)
        if frontend.maxconn is not None:
            limit.add_metric(name, frontend.maxconn)
        total.add_metric(name, frontend.total)
        refused.add_metric(name, frontend.refused)
        faults.add_metric([*name, "preface"], frontend.failed_prefaces)
        faults.add_metric([*name, "handshake"], frontend.failed_handshakes)
        faults.add_metric([*name, "left_early"], frontend.left_early)
        faults.add_metric([*name, "protocol"], frontend.broken)
        faults.add_metric([*name, "request"], frontend.bad_requests)
        faults.add_metric([*name, "early_talker"], frontend.early_talkers)
        faults.add_metric([*name, "login"], frontend.refused_logins)
        passed_over.add_metric(name, frontend.passed_over)
        for file, earliest in _expiries(frontend).items():
            expiry.add_metric([*name, file], earliest)
        denied.add_metric(name, frontend.denied)
        limited.add_metric(name, frontend.limited)
        received.add_metric(name, frontend.bytes_in)
        sent.add_metric(name, frontend.bytes_out)
    yield from (ready, sessions, limit, total, refused, passed_over, faults, denied, limited, received, sent, expiry)


def _expiries(frontend: FrontendView) -> dict[str, float]:
    """By file; a sample has to be there once, and a file may be shown with two keys."""
    earliest: dict[str, float] = {}
    for certificate in frontend.certificates:
        earliest[certificate.file] = min(certificate.not_after, earliest.get(certificate.file, certificate.not_after))
    return earliest


def _backends(backends: Iterable[BackendView]) -> Iterator[Metric]:
    labels = ["backend"]
    usable = GaugeMetricFamily("exproxy_backend_usable_servers", "Servers that take new clients.", labels=labels)
    servers = GaugeMetricFamily("exproxy_backend_servers", "Servers, usable or not.", labels=labels)
    sessions = GaugeMetricFamily("exproxy_backend_sessions", "Sessions now.", labels=labels)
    queued = GaugeMetricFamily("exproxy_backend_queued_sessions", "Sessions that wait for a server.", labels=labels)
    total = CounterMetricFamily("exproxy_backend_sessions", "Sessions ever.", labels=labels)
    refused = CounterMetricFamily("exproxy_backend_refused", "Sessions that got no server.", labels=labels)
    for backend in backends:
        name = [backend.name]
        usable.add_metric(name, backend.usable)
        servers.add_metric(name, len(backend.servers))
        sessions.add_metric(name, backend.sessions)
        queued.add_metric(name, backend.queued)
        total.add_metric(name, backend.total)
        refused.add_metric(name, backend.refused)
    yield from (usable, servers, sessions, queued, total, refused)


def _servers(servers: Iterable[ServerView]) -> Iterator[Metric]:
    usable = GaugeMetricFamily("exproxy_server_usable", "1 if it takes new clients.", labels=_SERVER)
    since = GaugeMetricFamily("exproxy_server_state_since_timestamp_seconds", "Its operational state's begin.", labels=_SERVER)
    weight = GaugeMetricFamily("exproxy_server_weight", "Weight, 0 to 256.", labels=_SERVER)
    share = GaugeMetricFamily(
        "exproxy_server_weight_share_ratio", "Of the weight, now: below 1 while it starts slowly.", labels=_SERVER
    )
    queued = GaugeMetricFamily("exproxy_server_queued_sessions", "Sessions that wait for it and no other.", labels=_SERVER)
    sessions = GaugeMetricFamily("exproxy_server_sessions", "Sessions now.", labels=_SERVER)
    limit = GaugeMetricFamily("exproxy_server_sessions_limit", "Sessions at most, where that is limited.", labels=_SERVER)
    total = CounterMetricFamily("exproxy_server_sessions", "Sessions ever.", labels=_SERVER)
    failed = CounterMetricFamily("exproxy_server_failed_connects", "Connects of sessions that failed.", labels=_SERVER)
    sent = CounterMetricFamily("exproxy_server_sent_bytes", "To the server, until some seconds ago.", labels=_SERVER)
    received = CounterMetricFamily("exproxy_server_received_bytes", "From the server, until some seconds ago.", labels=_SERVER)
    for server in servers:
        name = [server.backend, server.name]
        usable.add_metric(name, server.usable)
        since.add_metric(name, server.since)
        weight.add_metric(name, server.weight)
        share.add_metric(name, server.share / 100)
        queued.add_metric(name, server.queued)
        sessions.add_metric(name, server.sessions)
        if server.maxconn is not None:
            limit.add_metric(name, server.maxconn)
        total.add_metric(name, server.total)
        failed.add_metric(name, server.failed_connects)
        sent.add_metric(name, server.bytes_in)
        received.add_metric(name, server.bytes_out)
    yield from (usable, since, weight, share, queued, sessions, limit, total, failed, sent, received)


def _states(servers: Iterable[ServerView]) -> Iterator[Metric]:
    operational = StateSetMetricFamily("exproxy_server_operational", "What checks found.", labels=_SERVER)
    admin = StateSetMetricFamily("exproxy_server_admin", "What people set, on server or host, or its agent.", labels=_SERVER)
    for server in servers:
        name = [server.backend, server.name]
        operational.add_metric(name, {state.value: state is server.operational for state in Operational})
        admin.add_metric(name, {state.value: state is server.admin for state in Admin})
    yield from (operational, admin)


def _checks(servers: Iterable[ServerView]) -> Iterator[Metric]:
    labels = [*_SERVER, "check"]
    up = GaugeMetricFamily("exproxy_check_up", "1 if this check says that the server is up.", labels=labels)
    duration = GaugeMetricFamily("exproxy_check_duration_seconds", "How long the last run took.", labels=labels)
    ran = GaugeMetricFamily("exproxy_check_last_run_timestamp_seconds", "When the last run ended.", labels=labels)
    expiry = GaugeMetricFamily(
        "exproxy_check_certificate_expiry_timestamp_seconds",
        "When the certificate expires that the check was shown.",
        labels=labels,
    )
    for server in servers:
        for check in server.checks:
            name = [server.backend, server.name, check.name]
            up.add_metric(name, check.verdict is Operational.UP)
            if check.duration is not None:
                duration.add_metric(name, check.duration)
            if check.at is not None:
                ran.add_metric(name, check.at)
            if check.certificate is not None:
                expiry.add_metric(name, check.certificate.not_after)
    yield from (up, duration, ran, expiry)


def _tables(snapshot: Snapshot) -> Iterator[Metric]:
    entries = GaugeMetricFamily("exproxy_table_entries", "Clients that are remembered.", labels=["table"])
    size = GaugeMetricFamily("exproxy_table_entries_limit", "Entries at most.", labels=["table"])
    evicted = CounterMetricFamily("exproxy_table_evicted", "Entries that went because it was full.", labels=["table"])
    for table in snapshot.tables:
        entries.add_metric([table.name], table.entries)
        size.add_metric([table.name], table.size)
        evicted.add_metric([table.name], table.evicted)
    yield from (entries, size, evicted)
