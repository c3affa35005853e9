"""What administrators see and steer, in one process, or in a master that has workers for it."""

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from exproxy import pool
from exproxy.admin.sources import Place, Some
from exproxy.admin.views import DialogueView, SessionView, WorkerView
from exproxy.check.service import Run
from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.certificates import Identity
from exproxy.process.master import Master
from exproxy.process.messages import A_MESSAGE, BackendCounts, FrontendCounts, LiveSession, ServerCounts, Wanted
from exproxy.proxy.frontend import Frontend
from exproxy.site.clientfaults import counts_of
from exproxy.site.pools import Pools
from exproxy.site.sessions import LiveSessions
from exproxy.site.watching import Watching

A_SLICE = 500
"""Sessions that are looked for at once, when all are wanted one after the other."""


class OwnNumbers:
    """:class:`exproxy.admin.sources.Sources` and :class:`exproxy.admin.sources.Steering` of one process."""

    def __init__(self, clock: IReactorTime, pools: Pools, frontends: Mapping[str, Frontend], watching: Watching) -> None:
        self._clock = clock
        self._pools = pools
        self._frontends = frontends
        self._watching = watching
        self._live = LiveSessions(frontends.values, pools.backends)

    def server(self, server: pool.Server) -> ServerCounts:
        return ServerCounts.of(server)

    def backend(self, name: str) -> BackendCounts:
        backend = self._pools.backends[name].pool
        return BackendCounts(backend.queued, backend.refused)

    def frontend(self, name: str) -> FrontendCounts:
        return counts_of({name: self._frontends[name]})[name]

    def workers(self) -> Sequence[WorkerView]:
        return ()

    def certificates(self, server: pool.Server) -> Mapping[str, PeerCertificate]:
        return self._watching.certificates(server)

    def own_certificates(self, frontend: str) -> Sequence[Identity]:
        return self._watching.own_certificates(frontend)

    def dialogues(self, server: pool.Server) -> Sequence[DialogueView]:
        return [_dialogue(run) for run in self._watching.runs(server)]

    def sessions(self, server: str, most: int, frontend: str = "", client: str = "") -> "Deferred[list[SessionView]]":
        return succeed(_views(self._live.find(Wanted(server, frontend, client), most, self._clock.seconds())))

    def sessions_after(self, place: Place) -> "Deferred[Some]":
        found = self._live.find(Wanted(after=place[1:]), A_SLICE, self._clock.seconds())
        return succeed(Some(_views(found), (0, found[-1].frontend, found[-1].number) if found else None))

    def end_session(self, session: str) -> "Deferred[list[SessionView]]":
        return succeed(_views(self._live.end(session, self._clock.seconds())))

    def clear(self, table: str, key: bytes | None) -> int:
        return self._pools.groups[table].clear(self._clock.seconds(), key)

    def end_sessions(self, server: pool.Server) -> "Deferred[int]":
        return succeed(0 if server.backend is None else server.backend.end_sessions(server))


class WorkersNumbers:
    """The same of a master."""

    def __init__(self, master: Master, watching: Watching) -> None:
        self._master = master
        self._watching = watching

    def server(self, server: pool.Server) -> ServerCounts:
        return self._master.server_counts(server)

    def backend(self, name: str) -> BackendCounts:
        return self._master.backend_counts(name)

    def frontend(self, name: str) -> FrontendCounts:
        return self._master.frontend_counts(name)

    def workers(self) -> Sequence[WorkerView]:
        return [
            WorkerView(worker.name, None if worker.process is None else worker.process.pid, worker.serving)
            for worker in self._master.workers
        ]

    def certificates(self, server: pool.Server) -> Mapping[str, PeerCertificate]:
        return self._watching.certificates(server)

    def own_certificates(self, frontend: str) -> Sequence[Identity]:
        return self._watching.own_certificates(frontend)

    def dialogues(self, server: pool.Server) -> Sequence[DialogueView]:
        return [_dialogue(run) for run in self._watching.runs(server)]

    def sessions(self, server: str, most: int, frontend: str = "", client: str = "") -> "Deferred[list[SessionView]]":
        return self._master.live(Wanted(server, frontend, client), most).addCallback(_views)

    def sessions_after(self, place: Place) -> "Deferred[Some]":
        worker = place[0]

        def told(found: list[LiveSession]) -> Some:
            if found:
                return Some(_views(found), (worker, found[-1].frontend, found[-1].number))
            return Some((), (worker + 1, "", 0) if worker + 1 < len(self._master.workers) else None)

        return self._master.live_of(worker, Wanted(after=place[1:]), A_MESSAGE).addCallback(told)

    def end_session(self, session: str) -> "Deferred[list[SessionView]]":
        return self._master.end_session(session).addCallback(_views)

    def clear(self, table: str, key: bytes | None) -> int:
        return self._master.clear(table, key)

    def end_sessions(self, server: pool.Server) -> "Deferred[int]":
        return self._master.end_sessions(server)


def _views(sessions: Sequence[LiveSession]) -> list[SessionView]:
    return [
        SessionView(one.id, one.client, one.frontend, one.servers, one.seconds, one.bytes_in, one.bytes_out) for one in sessions
    ]


def _dialogue(run: Run) -> DialogueView:
    outcome = run.report.outcome
    return DialogueView(
        kind=run.kind,
        name=run.name,
        status=outcome.status.value,
        text=outcome.text,
        at=run.report.at,
        duration=run.report.duration,
        lines=run.report.transcript,
    )
