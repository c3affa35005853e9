"""A worker: has clients, and believes what the master says of servers, tables and limits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

from exproxy import pool
from exproxy.pool.server import UNLIMITED
from exproxy.pool.together import Shared
from exproxy.process.link import Link
from exproxy.process.messages import (
    A_MESSAGE,
    Abandon,
    BackendCounts,
    Begin,
    CannotChangeError,
    Claim,
    Clear,
    Commit,
    Counts,
    Drain,
    Elsewhere,
    EndSession,
    EndSessions,
    Entries,
    FrontendCounts,
    Happened,
    Hurry,
    Listen,
    LiveSession,
    Ping,
    Prepare,
    Present,
    Quotas,
    Reopen,
    Report,
    ServerCounts,
    Sessions,
    States,
    Touched,
    Usage,
    Wanted,
    pieces,
)

_log = Logger()

BATCH = 0.02
"""Seconds between two reports of what has changed."""

TOUCH = 5.0
"""Seconds between two reports of the entries that were used."""


@attrs.frozen
class Slots:
    """Something of which there is so much and no more."""

    used: Callable[[], int]
    wanted: Callable[[], int]
    allow: Callable[[int], object]


class Orders(Protocol):
    """What the master asks of a worker's site."""

    def listen(self, host: str, port: int, socket: int) -> None: ...

    def begin(self) -> None: ...

    def prepare(self, file: int) -> None:
        """Read another configuration there, and have what it needs.

        :raises CannotChangeError: that cannot be had.
        """

    def commit(self) -> None: ...

    def abandon(self) -> None: ...

    def drain(self) -> None: ...

    def hurry(self) -> None: ...

    def reopen_logs(self) -> None: ...

    def sessions(self, wanted: Wanted, most: int) -> Sequence[LiveSession]:
        """Those that live, at most so many."""

    def end_session(self, session: str) -> Sequence[LiveSession]:
        """End the one of that id; returns it as it was, or nothing."""

    def lost(self) -> None:
        """There is no master any more."""


class Follower:
    """:param frontends: gives the counters of each front end."""

    def __init__(
        self,
        clock: IReactorTime,
        link: "WorkerLink",
        backends: Mapping[str, pool.Backend],
        groups: Mapping[str, pool.Group],
        frontends: Callable[[], Mapping[str, FrontendCounts]],
    ) -> None:
        self._clock = clock
        self._link = link
        self._frontends = frontends
        self._groups: Mapping[str, pool.Group] = {}
        self._asking: set[pool.Group] = set()
        self._allowed: dict[str, int] = {}
        """The master's last word, also of what is not here now: it goes on counting with that."""
        self._take(backends, groups)
        self._events: Mapping[str, Shared] = {}
        self._presence: Mapping[str, Shared] = {}
        self._sent = Counts()
        self._touched_at = clock.seconds()
        self._call: IDelayedCall | None = None
        self.limit({})

    def limit(self, slots: Mapping[str, Slots]) -> None:
        """Those too are the master's to allow; until it does, there is nothing of anything that it has not allowed before."""
        self._slots |= slots
        for name, slot in self._slots.items():
            slot.allow(self._allowed.get(name, 0))

    def follow(self, backends: Mapping[str, pool.Backend], groups: Mapping[str, pool.Group], slots: Mapping[str, Slots]) -> None:
        """The configuration has changed; :meth:`limit` and :meth:`share` as before.

        The last word on what is gone by now is said first: nobody would say any more that its sessions have ended.
        """
        self._tell_counts()
        self._take(backends, groups)
        self.limit(slots)

    def _take(self, backends: Mapping[str, pool.Backend], groups: Mapping[str, pool.Group]) -> None:
        self._backends, self._groups = backends, groups
        self._servers = {server.full_name: server for backend in backends.values() for server in backend.servers.values()}
        for server in self._servers.values():
            server.elsewhere = 0  # the master tells all of it anew
        self._slots = dict(self._of_pools(backends))
        for name, group in groups.items():
            if group not in self._asking:
                group.insert_elsewhere(self._asker(name))
        self._asking = set(groups.values())

    def share(self, events: Mapping[str, Shared], presence: Mapping[str, Shared]) -> None:
        """What is counted in all workers, by names that are the same in each; ``presence`` goes down again."""
        known = {*map(id, self._events.values()), *map(id, self._presence.values())}
        self._events, self._presence = events, presence
        for shared in (*events.values(), *presence.values()):
            if id(shared) not in known:
                shared.share()

    def start(self) -> None:
        """Report from now on."""
        self._call = self._clock.callLater(BATCH, self._report)

    def stop(self) -> None:
        """Report no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def states(self, states: "list[tuple[str, pool.ServerState]]") -> None:
        """Servers are otherwise than they were."""
        known = {self._servers[name]: state for name, state in states if name in self._servers}
        pool.follow(known, self._clock.seconds())

    def quotas(self, quotas: Mapping[str, int]) -> dict[str, int]:
        """Keep to these from now on; returns what is in use."""
        self._allowed |= quotas
        known = {name: self._slots[name] for name in quotas if name in self._slots}
        for name, slot in known.items():
            slot.allow(quotas[name])
        return {name: known[name].used() if name in known else 0 for name in quotas}

    def elsewhere(self, sessions: Mapping[str, int]) -> None:
        """Other workers' sessions."""
        for name, count in sessions.items():
            if name in self._servers:
                self._servers[name].elsewhere = count

    def entries(self, entries: "list[tuple[str, bytes, str]]") -> None:
        """Others' clients have their hosts."""
        now = self._clock.seconds()
        for table, key, host in entries:
            if table in self._groups:
                self._groups[table].table.bind(key, host, now)

    def happened(self, counts: "Sequence[tuple[str, bytes, int]]") -> None:
        """In other workers."""
        _count(self._events, counts, self._clock.seconds())

    def present(self, counts: "Sequence[tuple[str, bytes, int]]") -> None:
        """In other workers."""
        _count(self._presence, counts, self._clock.seconds())

    def clear(self, table: str, key: bytes | None) -> None:
        """Its entries are no good any more, or one of them."""
        if table in self._groups:
            self._groups[table].clear(self._clock.seconds(), key)

    def end_sessions(self, server: str) -> int:
        """Have ours with that server end; returns how many are told."""
        known = self._servers.get(server)
        return 0 if known is None or known.backend is None else known.backend.end_sessions(known)

    def _of_pools(self, backends: Mapping[str, pool.Backend]) -> Iterator[tuple[str, Slots]]:
        for backend in backends.values():
            if backend.limit != UNLIMITED:
                yield f"backend {backend.name}", self._of_backend(backend)
            for server in backend.servers.values():
                yield f"server {server.full_name}", self._of_server(backend, server)

    def _of_backend(self, backend: pool.Backend) -> Slots:
        return Slots(
            used=lambda: backend.sessions,
            wanted=lambda: backend.queued if backend.sessions >= backend.limit else 0,
            allow=lambda quota: backend.set_maxconn(quota, self._clock.seconds()),
        )

    def _of_server(self, backend: pool.Backend, server: pool.Server) -> Slots:
        return Slots(
            used=lambda: server.sessions,
            wanted=lambda: backend.queued if server.sessions >= server.limit else 0,
            allow=lambda quota: server.set_quota(quota, self._clock.seconds()),
        )

    def _asker(self, table: str) -> Callable[[bytes, str, str | None], None]:
        def ask(key: bytes, host: str, replaced: str | None) -> None:
            answer = self._link.callRemote(Claim, table=table, key=key, host=host, replaced=replaced or "")
            answer.addCallback(answered, key)
            answer.addErrback(self._link.failed)

        def answered(answer: dict[str, Any], key: bytes) -> None:
            if table in self._groups:
                self._groups[table].answered(key, answer["host"], self._clock.seconds())

        return ask

    def _report(self) -> None:
        self._call = self._clock.callLater(BATCH, self._report)
        self._tell_counts()
        self._tell(Happened, self._events)
        self._tell(Present, self._presence)
        now = self._clock.seconds()
        if now - self._touched_at >= TOUCH:
            self._touch(self._touched_at)
            self._touched_at = now

    def _tell_counts(self) -> None:
        servers = {name: ServerCounts.of(server) for name, server in self._servers.items()}
        backends = {name: BackendCounts(backend.queued, backend.refused) for name, backend in self._backends.items()}
        usage = {name: Usage(slot.used(), slot.wanted()) for name, slot in self._slots.items()}
        counts, last = Counts(servers, dict(self._frontends()), usage, backends), self._sent
        self._sent = counts
        if counts != last:
            changed = Counts(
                {name: now for name, now in servers.items() if last.servers.get(name) != now},
                {name: now for name, now in counts.frontends.items() if last.frontends.get(name) != now},
                {name: now for name, now in usage.items() if last.usage.get(name) != now},
                {name: now for name, now in backends.items() if last.backends.get(name) != now},
            )
            self._link.callRemote(Report, counts=changed)

    def _tell(self, command: type[amp.Command], tables: Mapping[str, Shared]) -> None:
        for piece in pieces((name, key, count) for name, shared in tables.items() for key, count in shared.changes()):
            self._link.callRemote(command, counts=piece)

    def _touch(self, since: float) -> None:
        touched = [(name, key) for name, group in self._groups.items() for key in group.table.touched(since)]
        for piece in pieces(touched):
            self._link.callRemote(Touched, entries=piece)


def _count(tables: Mapping[str, Shared], counts: "Sequence[tuple[str, bytes, int]]", now: float) -> None:
    for name, key, count in counts:
        shared = tables.get(name)
        if shared is not None:  # before we serve, there is none
            shared.elsewhere(key, count, now)


class WorkerLink(Link):
    """The worker's end of the pair.

    :param orders: told what is not for ``follower``, which is set before the first word.
    """

    follower: Follower

    def __init__(self, orders: Orders) -> None:
        super().__init__()
        self._orders = orders

    @Listen.responder
    def listen(self, host: str, port: int, socket: int) -> dict[str, object]:
        self._orders.listen(host, port, socket)
        return {}

    @Begin.responder
    def begin(self) -> dict[str, object]:
        self._orders.begin()
        return {}

    @Prepare.responder
    def prepare(self, file: int) -> dict[str, object]:
        try:
            self._orders.prepare(file)
        except CannotChangeError:
            raise
        except Exception as error:  # an error that AMP does not know would end us, and our sessions with us
            _log.failure("exproxy made an error with another configuration; please report this")
            raise CannotChangeError("a worker made an error, which is in the log") from error
        return {}

    @Commit.responder
    def commit(self) -> dict[str, object]:
        self._orders.commit()
        return {}

    @Abandon.responder
    def abandon(self) -> dict[str, object]:
        self._orders.abandon()
        return {}

    @States.responder
    def states(self, states: Any) -> dict[str, object]:
        self.follower.states(states)
        return {}

    @Quotas.responder
    def quotas(self, quotas: Any) -> dict[str, object]:
        return {"used": self.follower.quotas(quotas)}

    @Elsewhere.responder
    def elsewhere(self, sessions: Any) -> dict[str, object]:
        self.follower.elsewhere(sessions)
        return {}

    @Happened.responder
    def happened(self, counts: Any) -> dict[str, object]:
        self.follower.happened(counts)
        return {}

    @Present.responder
    def present(self, counts: Any) -> dict[str, object]:
        self.follower.present(counts)
        return {}

    @Entries.responder
    def entries(self, entries: Any) -> dict[str, object]:
        self.follower.entries(entries)
        return {}

    @Clear.responder
    def clear(self, table: str, key: bytes | None = None) -> dict[str, object]:
        self.follower.clear(table, key)
        return {}

    @EndSessions.responder
    def end_sessions(self, server: str) -> dict[str, object]:
        return {"told": self.follower.end_sessions(server)}

    @Sessions.responder
    def sessions(self, wanted: Any, most: int) -> dict[str, object]:
        return {"sessions": self._orders.sessions(wanted, min(most, A_MESSAGE))}

    @EndSession.responder
    def end_session(self, session: str) -> dict[str, object]:
        return {"ended": self._orders.end_session(session)}

    @Ping.responder
    def ping(self) -> dict[str, object]:
        return {}

    @Reopen.responder
    def reopen(self) -> dict[str, object]:
        self._orders.reopen_logs()
        return {}

    @Drain.responder
    def drain(self) -> dict[str, object]:
        self._orders.drain()
        return {}

    @Hurry.responder
    def hurry(self) -> dict[str, object]:
        self._orders.hurry()
        return {}

    def failed(self, reason: object) -> None:
        """A question was not answered: there is no master, or it does not know us any more."""
        self._orders.lost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self._orders.lost()
