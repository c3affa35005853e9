"""The master: starts workers, replaces those that end, and keeps them of one mind."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from typing import Protocol as Interface

import attrs
from twisted.internet.defer import Deferred, DeferredList, gatherResults, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.protocols import amp

from exproxy import pool
from exproxy.net.interfaces import Address
from exproxy.pool.server import UNLIMITED
from exproxy.process.link import Link
from exproxy.process.messages import (
    STATES_A_MESSAGE,
    Abandon,
    BackendCounts,
    Begin,
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
    Wanted,
    pieces,
)
from exproxy.process.quota import Ledger
from exproxy.process.supervisor import Pulse, Restarts

PING = 1.0
"""Seconds between two questions whether a worker is well."""
PATIENCE = 4
"""Questions without an answer after which a worker is killed."""
START_PATIENCE = 30
"""The same while it starts."""
BATCH = 0.02
"""Seconds for which other workers' sessions are gathered before they are told."""

_COUNTING = ("leastconn", "random")
"""The algorithms that want to know of sessions elsewhere."""

_log = Logger()


class Process(Interface):
    """A worker's."""

    @property
    def pid(self) -> int | None: ...

    def kill(self) -> None: ...


Fork = Callable[[str, Protocol, Callable[[str], object]], Process]
"""Starts a worker, by its name, the protocol at our end of the pair, and what its end is told to.

What is said to it waits until it is there; an OSError says that the system gives nothing for it.
"""


@attrs.define(eq=False)
class Worker:
    """One place for a worker, and who has it.

    :param number: from 0.
    """

    number: int
    restarts: Restarts = attrs.field(factory=Restarts)
    process: Process | None = None
    link: "MasterLink | None" = None
    pulse: Pulse | None = None
    serving: bool = False
    killed: bool = False
    again: IDelayedCall | None = None
    servers: dict[str, ServerCounts] = attrs.field(factory=dict)
    frontends: dict[str, FrontendCounts] = attrs.field(factory=dict)
    backends: dict[str, BackendCounts] = attrs.field(factory=dict)
    told: dict[str, int] = attrs.field(factory=dict)
    """The sessions elsewhere, as it knows them."""
    present: Counter[tuple[str, bytes]] = attrs.field(factory=Counter)
    """What is there of each source, by the table's name and the key."""

    @property
    def name(self) -> str:
        return f"worker {self.number + 1}"


class Master:
    """:param sockets: listening, by the address that the configuration says.

    :param count: how many workers.
    :param limits: of the process and its front ends, by name; those of the pool are found in it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        fork: Fork,
        count: int,
        sockets: Sequence[tuple[Address, int]],
        backends: Mapping[str, pool.Backend],
        groups: Mapping[str, pool.Group],
        limits: Mapping[str, int],
    ) -> None:
        self._clock = clock
        self._fork = fork
        self._sockets = sockets
        self.workers = [Worker(number) for number in range(count)]
        self._ledgers: dict[str, Ledger] = {}
        self._heard: set[pool.Backend] = set()
        self._take(backends, groups, limits)
        self._dirty: dict[pool.Server, float] = {}
        self._past_servers: dict[str, ServerCounts] = {}
        self._past_frontends: dict[str, FrontendCounts] = {}
        self._past_backends: dict[str, BackendCounts] = {}
        self._new_entries: list[tuple[MasterLink, tuple[str, bytes, str]]] = []
        self._calls: dict[Callable[[], None], IDelayedCall] = {}
        self._changing = False
        self._held_up: list[Worker] = []
        """Those that are to be started when the configuration has changed."""
        self._ending: Deferred[None] | None = None
        self._served: Deferred[None] | None = Deferred()

    def start(self) -> "Deferred[None]":
        """Start all workers; fires when the first of them accepts clients."""
        served = self._served
        assert served is not None, "it is started once"
        for worker in self.workers:
            self._begin(worker)
        self._soon(self._look, PING)
        return served

    def prepare(self, file: int, sockets: Sequence[tuple[Address, int]]) -> "Deferred[None]":
        """Have all workers read another configuration, and have what it needs; until :meth:`commit` or :meth:`abandon`, no worker
        is started.

        Fails with :class:`exproxy.process.messages.CannotChangeError`.

        :param file: has it, and stays open until this has fired.
        :param sockets: those that are new.
        """
        answers = []
        for link in [link for link in self._links() if not link.lost]:
            for (host, port), fd in sockets:
                _ask(link, Listen, host=host, port=port, socket=fd)
            answers.append(link.callRemote(Prepare, file=file).addErrback(_ended_meanwhile))
        return DeferredList(answers, consumeErrors=True).addCallback(_first_refusal)

    def hold_up(self) -> None:
        """Start no worker until :meth:`go_on`: the configuration changes."""
        self._changing = True

    def go_on(self) -> None:
        """Start those that waited for that."""
        self._changing = False
        held_up, self._held_up = self._held_up, []
        for worker in held_up if self._ending is None else ():
            self._begin(worker)

    def abandon(self) -> None:
        """What was prepared comes to nothing."""
        for link in self._links():
            link.callRemote(Abandon).addErrback(_ended_meanwhile)

    def commit(
        self,
        sockets: Sequence[tuple[Address, int]],
        backends: Mapping[str, pool.Backend],
        groups: Mapping[str, pool.Group],
        limits: Mapping[str, int],
    ) -> "Deferred[None]":
        """Have all workers be what was prepared; fires when they are.

        :param sockets: all of them.
        """
        self._sockets = sockets
        self._take(backends, groups, limits)
        answers = [link.callRemote(Commit).addErrback(_ended_meanwhile) for link in self._links()]
        for link in self._links():
            self._tell_states(link)
        for worker in self.workers:
            worker.told = {}
        self._share_out()
        self._spread_sessions()
        return gatherResults(answers).addCallback(_nothing)

    def forget_present(self, names: Collection[str]) -> None:
        """Nobody counts under these names any more."""
        for worker in self.workers:
            worker.present = Counter({key: count for key, count in worker.present.items() if key[0] not in names})

    def _take(self, backends: Mapping[str, pool.Backend], groups: Mapping[str, pool.Group], limits: Mapping[str, int]) -> None:
        """Be the master of these; quotas of what is still limited go on."""
        self._groups = groups
        self._servers = {server.full_name: server for backend in backends.values() for server in backend.servers.values()}
        self._counting = {
            name for name, server in self._servers.items() if server.backend and server.backend.balance in _COUNTING
        }
        limited = {f"backend {backend.name}": backend.limit for backend in backends.values() if backend.limit != UNLIMITED}
        served = {f"server {name}" for name in self._servers}
        wanted = {**limits, **limited}
        self._ledgers = {name: ledger for name, ledger in self._ledgers.items() if name in wanted or name in served}
        for name, limit in wanted.items():
            self._allow(name, limit)
        for server in self._servers.values():
            self._limit(server)
        for backend in set(backends.values()) - self._heard:
            backend.watch(self._changed)
        self._heard = set(backends.values())
        self._known = {server: server.state(self._clock.seconds()) for server in self._servers.values()}

    def stop(self) -> "Deferred[None]":
        """Have all workers drain; fires when the last one has ended."""
        if self._ending is None:
            self._ending = Deferred()
            for worker in self.workers:
                if worker.again is not None:
                    worker.again.cancel()
                    worker.again = None
                if worker.link is not None:
                    worker.link.callRemote(Drain)
            self._end_if_alone()
        return self._ending

    def hurry(self) -> None:
        """End the sessions that still live."""
        self._tell(Hurry)

    def reopen_logs(self) -> None:
        """After log files were renamed."""
        self._tell(Reopen)

    def sessions(self, server: pool.Server) -> int:
        """How many all workers have there."""
        return sum(worker.servers[server.full_name].sessions for worker in self.workers if server.full_name in worker.servers)

    def server_counts(self, server: pool.Server) -> ServerCounts:
        """Those of all workers, and of those that have ended."""
        name = server.full_name
        known = [worker.servers[name] for worker in self.workers if name in worker.servers]
        return sum(known, self._past_servers.get(name, ServerCounts()))

    def frontend_counts(self, name: str) -> FrontendCounts:
        """Those of all workers, and of those that have ended."""
        known = [worker.frontends[name] for worker in self.workers if name in worker.frontends]
        return sum(known, self._past_frontends.get(name, FrontendCounts()))

    def backend_counts(self, name: str) -> BackendCounts:
        """Those of all workers, and of those that have ended."""
        known = [worker.backends[name] for worker in self.workers if name in worker.backends]
        return sum(known, self._past_backends.get(name, BackendCounts()))

    def clear(self, table: str, key: bytes | None = None) -> int:
        """Forget what is in a table, or one key of it, here and in all workers; returns how many entries there were."""
        # what was claimed and not yet told would come behind the order to forget
        self._new_entries = [
            (link, entry) for link, entry in self._new_entries if entry[0] != table or key not in (None, entry[1])
        ]
        count = self._groups[table].clear(self._clock.seconds(), key)
        for link in self._links():
            link.callRemote(Clear, table=table, key=key)
        return count

    def end_sessions(self, server: pool.Server) -> "Deferred[int]":
        """Have its sessions end in all workers; fires with how many were told, those of a worker that ends meanwhile left out."""
        answers = [link.callRemote(EndSessions, server=server.full_name) for link in self._links()]
        for answer in answers:
            answer.addCallbacks(lambda said: said["told"], _none_told, errbackArgs=(0,))
        return gatherResults(answers).addCallback(sum)

    def end_session(self, session: str) -> "Deferred[list[LiveSession]]":
        """Have the session of that id end, in whichever worker it is; fires with it as it was, or with nothing."""
        answers = [link.callRemote(EndSession, session=session) for link in self._links()]
        for answer in answers:
            answer.addCallbacks(lambda said: said["ended"], _none_told, errbackArgs=([],))
        return gatherResults(answers).addCallback(lambda found: [one for several in found for one in several])

    def live(self, wanted: Wanted, most: int) -> "Deferred[list[LiveSession]]":
        """Sessions of all workers, :data:`exproxy.process.messages.A_MESSAGE` of each at most."""
        answers = [link.callRemote(Sessions, wanted=wanted, most=most) for link in self._links()]
        for answer in answers:
            answer.addCallbacks(lambda said: said["sessions"], _none_told, errbackArgs=([],))
        return gatherResults(answers).addCallback(lambda found: [one for several in found for one in several][:most])

    def live_of(self, worker: int, wanted: Wanted, most: int) -> "Deferred[list[LiveSession]]":
        """Sessions of one worker, by its number; none of one that is not there."""
        link = self.workers[worker].link
        if link is None:
            return succeed([])
        answer: Deferred[list[LiveSession]] = link.callRemote(Sessions, wanted=wanted, most=most)
        return answer.addCallbacks(lambda said: said["sessions"], _none_told, errbackArgs=([],))

    # ---- what workers say

    def claim(self, link: "MasterLink", table: str, key: bytes, host: str, replaced: str) -> str:
        """The host that the key has from now on."""
        now = self._clock.seconds()
        group = self._groups.get(table)
        if group is None:
            return host  # the worker has not heard yet that there is no such table any more
        known = group.table
        entry = known.find(key, now)
        if entry is not None and entry.host != replaced:
            return entry.host
        known.bind(key, host, now)
        self._new_entries.append((link, (table, key, host)))
        self._soon(self._spread_entries, 0)
        return host

    def touched(self, entries: Iterable[tuple[str, bytes]]) -> None:
        """Entries are in use."""
        now = self._clock.seconds()
        for table, key in entries:
            if table in self._groups:
                self._groups[table].table.find(key, now)

    def report(self, link: "MasterLink", counts: Counts) -> None:
        """What has changed in a worker."""
        worker = self._worker_of(link)
        if worker is None:
            return
        for name, now in counts.servers.items():
            before = worker.servers.get(name, ServerCounts())
            if now.total < before.total:  # another server of the same name, after the first was taken out
                self._past_servers[name] = self._past_servers.get(name, ServerCounts()) + before.past
                before = ServerCounts()
            if name in self._servers:
                self._judge(self._servers[name], before, now)
        for name, fresh in counts.frontends.items():
            former = worker.frontends.get(name, FrontendCounts())
            if fresh.total < former.total:  # likewise
                self._past_frontends[name] = self._past_frontends.get(name, FrontendCounts()) + former.past
        worker.servers |= counts.servers
        worker.frontends |= counts.frontends
        worker.backends |= counts.backends
        for name, usage in counts.usage.items():
            if name in self._ledgers:
                self._ledgers[name].report(worker.number, usage.used, usage.wanted)
        self._share_out()
        if not self._counting.isdisjoint(counts.servers):
            self._soon(self._spread_sessions, BATCH)

    def happened(self, link: "MasterLink", counts: "Sequence[tuple[str, bytes, int]]") -> None:
        """What a worker has counted."""
        for other in self._others(link):
            other.callRemote(Happened, counts=counts)

    def present(self, link: "MasterLink", counts: "Sequence[tuple[str, bytes, int]]") -> None:
        """Who has come to a worker, and who has gone."""
        worker = self._worker_of(link)
        if worker is None:
            return
        for name, key, more in counts:
            worker.present[name, key] += more
            if not worker.present[name, key]:
                del worker.present[name, key]
        for other in self._others(link):
            other.callRemote(Present, counts=counts)

    def _judge(self, server: pool.Server, before: ServerCounts, now: ServerCounts) -> None:
        """Connects that failed count together, whichever workers they failed in; one that did not ends the row."""
        failed = now.failed - before.failed
        if now.in_a_row < failed or (not now.in_a_row and now.total > before.total):
            server.failed_in_a_row = 0
            failed = min(failed, now.in_a_row)
        if failed:
            server.connects_failed_elsewhere(failed, self._clock.seconds())

    # ---- what all are told

    def _changed(self, server: pool.Server) -> None:
        self._dirty.setdefault(server, self._clock.seconds())
        self._soon(self._spread_states, 0)

    def _spread_states(self) -> None:
        dirty, self._dirty = self._dirty, {}
        now = self._clock.seconds()
        states = []
        heard = False
        for server in dirty:
            state, before = server.state(now), self._known.get(server)
            if before is not None and state != before:
                self._known[server] = state
                states.append((server.full_name, state))
                heard = heard or (state.operational, state.admin) != (before.operational, before.admin)
                self._limit(server)
        if states:
            heard = heard and all(worker.serving for worker in self.workers)
            _Spread(self._clock, min(dirty.values()), heard).to(self._links(), states)
            self._share_out()

    def _spread_entries(self) -> None:
        entries, self._new_entries = self._new_entries, []
        for link in self._links():
            for piece in pieces(entry for source, entry in entries if source is not link):
                _ask(link, Entries, entries=piece)

    def _spread_sessions(self) -> None:
        for worker in self.workers:
            if worker.link is None or not worker.serving:
                continue
            others = [other.servers for other in self.workers if other is not worker]
            counts = {name: sum(known[name].sessions for known in others if name in known) for name in self._counting}
            changed = {name: count for name, count in counts.items() if worker.told.get(name, 0) != count}
            if changed:
                worker.told = counts
                worker.link.callRemote(Elsewhere, sessions=changed)

    def _limit(self, server: pool.Server) -> None:
        """Its maxconn may be another one than before."""
        name, ceiling = f"server {server.full_name}", server.ceiling
        if ceiling is None:
            self._ledgers.pop(name, None)
        else:
            self._allow(name, ceiling)

    def _allow(self, name: str, total: int) -> None:
        ledger = self._ledgers.get(name)
        if ledger is not None:
            ledger.total = total
        else:
            self._ledgers[name] = ledger = Ledger(total, len(self.workers))
            for worker in self.workers:
                if worker.serving:
                    ledger.join(worker.number)

    def _share_out(self) -> None:
        changes: dict[int, dict[str, int]] = {}
        for name, ledger in self._ledgers.items():
            for number, quota in ledger.changes().items():
                changes.setdefault(number, {})[name] = quota
        for number, quotas in changes.items():
            link = self.workers[number].link
            if link is not None:
                # the answers to those that were raised mean nothing, even when one is asked back meanwhile
                lower = {name: quota for name, quota in quotas.items() if self._ledgers[name].shares[number].lowering}
                _ask(link, Quotas, self._shared_out, number, link, lower, quotas=quotas)

    def _shared_out(self, answer: dict[str, Any], number: int, link: "MasterLink", lower: Mapping[str, int]) -> None:
        if self.workers[number].link is not link:
            return
        for name, quota in lower.items():
            ledger = self._ledgers.get(name)
            if ledger is not None:
                ledger.lowered(number, quota, answer["used"][name])
        if lower:
            self._share_out()

    # ---- the workers' lives

    def _begin(self, worker: Worker) -> None:
        now = self._clock.seconds()
        worker.again = None
        if self._changing:
            self._held_up.append(worker)
            return
        worker.serving = worker.killed = False
        worker.pulse = Pulse(START_PATIENCE)
        worker.restarts.started(now)
        worker.link = link = MasterLink(self)
        try:
            worker.process = self._fork(worker.name, link, lambda why: self._ended(worker, why))
        except OSError as error:
            self._ended(worker, f"cannot be forked: {error.strerror or error}")
            return
        for (host, port), fd in self._sockets:
            _ask(link, Listen, host=host, port=port, socket=fd)
        self._tell_states(link)
        _ask(link, Begin, self._began, worker, link)

    def _tell_states(self, link: "MasterLink") -> None:
        for piece in pieces(((server.full_name, state) for server, state in self._known.items()), STATES_A_MESSAGE):
            _ask(link, States, states=piece)

    def _began(self, answer: object, worker: Worker, link: "MasterLink") -> None:
        if worker.link is not link:
            return
        _log.info("{worker} serves, process {pid}", worker=worker.name, pid=worker.process and worker.process.pid)
        worker.serving = True
        served, self._served = self._served, None
        if served is not None:
            served.callback(None)
        worker.pulse = Pulse(PATIENCE)
        for ledger in self._ledgers.values():
            ledger.join(worker.number)
        self._share_out()
        self._spread_sessions()
        others = (other.present for other in self.workers if other is not worker)
        _tell_present(link, sum(others, Counter()))
        entries = [(name, key, host) for name, group in self._groups.items() for key, host, _ in group.table.entries()]
        self._hand_over(None, link, pieces(entries))

    def _hand_over(self, answer: object, link: "MasterLink", entries: Any) -> None:
        """What is in the tables, a piece after the other: a worker that does not know a key asks, so there is no hurry."""
        piece = next(entries, None)
        if piece:
            known = {table: self._groups[table].table for table, _, _ in piece if table in self._groups}
            current = [
                (table, key, entry.host) for table, key, _ in piece if table in known and (entry := known[table].peek(key))
            ]
            _ask(link, Entries, self._hand_over, link, entries, entries=current)

    def _ended(self, worker: Worker, why: str) -> None:
        now = self._clock.seconds()
        worker.process = worker.link = worker.pulse = None
        worker.serving = False
        for name, servers in worker.servers.items():
            self._past_servers[name] = self._past_servers.get(name, ServerCounts()) + servers.past
        for name, frontends in worker.frontends.items():
            self._past_frontends[name] = self._past_frontends.get(name, FrontendCounts()) + frontends.past
        gone, worker.present = worker.present, Counter()
        for link in self._others(None):
            _tell_present(link, gone, -1)
        for name, backends in worker.backends.items():
            self._past_backends[name] = self._past_backends.get(name, BackendCounts()) + backends.past
        worker.servers, worker.frontends, worker.backends, worker.told = {}, {}, {}, {}
        for ledger in self._ledgers.values():
            ledger.leave(worker.number)
        self._share_out()
        self._spread_sessions()
        if self._ending is not None:
            self._end_if_alone()
            return
        delay = worker.restarts.ended(now)
        words = "{worker} has ended ({why}) and its sessions with it; another one is started in {delay:g} s"
        _log.error(words, worker=worker.name, why=why, delay=delay)
        worker.again = self._clock.callLater(delay, self._begin, worker)

    def _look(self) -> None:
        """Are all well?"""
        self._soon(self._look, PING)
        for worker in self.workers:
            if worker.link is None or worker.pulse is None or worker.killed:
                continue
            if worker.pulse.gone():
                worker.killed = True
                _log.error("{worker} does not answer any more: it is killed", worker=worker.name)
                if worker.process is not None:
                    worker.process.kill()
            else:
                worker.pulse.asked()
                _ask(worker.link, Ping, self._well, worker.pulse)

    def _well(self, answer: object, pulse: Pulse) -> None:
        pulse.heard()

    def _end_if_alone(self) -> None:
        if any(worker.process is not None for worker in self.workers):
            return
        for call in self._calls.values():
            if call.active():
                call.cancel()
        if self._ending is not None and not self._ending.called:
            self._ending.callback(None)

    def _links(self) -> "list[MasterLink]":
        return [worker.link for worker in self.workers if worker.link is not None]

    def _others(self, link: "MasterLink | None") -> "list[MasterLink]":
        """Workers that count with ``link``'s; one that does not serve yet is told all when it does."""
        return [worker.link for worker in self.workers if worker.serving and worker.link is not None and worker.link is not link]

    def _worker_of(self, link: "MasterLink") -> Worker | None:
        return next((worker for worker in self.workers if worker.link is link), None)

    def _tell(self, command: type[amp.Command]) -> None:
        for link in self._links():
            link.callRemote(command)

    def _soon(self, call: Callable[[], None], delay: float) -> None:
        """Once, however often it is asked for until then."""
        waiting = self._calls.get(call)
        if waiting is None or not waiting.active():
            self._calls[call] = self._clock.callLater(delay, call)


class _Spread:
    """Tells how long it took until all workers knew.

    :param since: when the first of the changes came about.
    :param heard: whether it is worth a line in the log.
    """

    def __init__(self, clock: IReactorTime, since: float, heard: bool) -> None:
        self._clock = clock
        self._since = since
        self._heard = heard
        self._waiting = 0

    def to(self, links: "Sequence[MasterLink]", states: Sequence[tuple[str, pool.ServerState]]) -> None:
        for link in links:
            for piece in pieces(states, STATES_A_MESSAGE):
                self._waiting += 1
                _ask(link, States, self._answered, states=piece)

    def _answered(self, answer: object) -> None:
        self._waiting -= 1
        if not self._waiting and self._heard:
            _log.info("all workers know after {ms:.1f} ms", ms=(self._clock.seconds() - self._since) * 1000)


class MasterLink(Link):
    """The master's end of the pair."""

    def __init__(self, master: Master) -> None:
        super().__init__()
        self._master = master

    @Claim.responder
    def claim(self, table: str, key: bytes, host: str, replaced: str) -> dict[str, object]:
        return {"host": self._master.claim(self, table, key, host, replaced)}

    @Report.responder
    def report(self, counts: Counts) -> dict[str, object]:
        self._master.report(self, counts)
        return {}

    @Happened.responder
    def happened(self, counts: Any) -> dict[str, object]:
        self._master.happened(self, counts)
        return {}

    @Present.responder
    def present(self, counts: Any) -> dict[str, object]:
        self._master.present(self, counts)
        return {}

    @Touched.responder
    def touched(self, entries: Any) -> dict[str, object]:
        self._master.touched(entries)
        return {}


def _tell_present(link: MasterLink, present: Mapping[tuple[str, bytes], int], sign: int = 1) -> None:
    for piece in pieces((name, key, sign * count) for (name, key), count in present.items()):
        link.callRemote(Present, counts=piece)


def _nothing(answer: object) -> None:
    pass


def _ask(
    link: MasterLink, command: type[amp.Command], then: Callable[..., object] = _nothing, *rest: object, **arguments: object
) -> None:
    """A question whose answer does not come when the worker ends: its process tells that."""
    link.callRemote(command, **arguments).addCallback(then, *rest).addErrback(_unanswered)


def _ended_meanwhile(failure: Any) -> None:
    """There is nobody who would have to know; another one has what holds by then."""
    failure.trap(ConnectionDone, ConnectionLost)


def _first_refusal(answers: "Sequence[tuple[bool, Any]]") -> None:
    for done, answer in answers:
        if not done:
            answer.raiseException()


def _none_told(failure: Any, instead: object) -> object:
    _unanswered(failure)
    return instead


def _unanswered(failure: Any) -> None:
    if not failure.check(ConnectionDone, ConnectionLost):
        _log.failure("exproxy made an error with one of its workers; please report this", failure)
