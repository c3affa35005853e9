"""A master and its workers in one process: messages go over pipes in memory, time by hand."""

from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport
from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.pool.presence import Presence
from exproxy.pool.rates import Rates
from exproxy.process.master import Master
from exproxy.process.messages import FrontendCounts, LiveSession, Wanted
from exproxy.process.worker import Follower, Slots, WorkerLink
from tests.pool.support import CHECK, make_server


class Side:
    """The back end ``b`` with two servers, as the master and each worker have it."""

    def __init__(
        self, maxconn: int | None = None, persistence: bool = False, interface: str | None = None, **settings: Any
    ) -> None:
        self.group = pool.Group(pool.Table("b", expire=60.0)) if persistence else None
        self.backend = pool.Backend("b", rng=Random(1), group=self.group, **settings)
        self.servers = {}
        for name in ("one", "two"):
            server = self.servers[name] = make_server(name, maxconn=maxconn, interface=interface, checks=[CHECK])
            self.backend.add(server, 0.0)
        self.groups = {} if self.group is None else {"b": self.group}


class FakeWorker(Side):
    """A worker without sockets."""

    def __init__(self, clock: Clock, name: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.name = name
        self.link = WorkerLink(self)
        self.events: list[str] = []
        self.refusal: Exception | None = None
        self.quota = -1
        self.front = FrontendCounts()
        self.arriving = Rates(3, 10.0)
        self.present = Presence(3)
        self.link.follower = self.follower = Follower(
            clock, self.link, {"b": self.backend}, self.groups, lambda: {"a": self.front}
        )

    def listen(self, host: str, port: int, socket: int) -> None:
        self.events.append(f"listen {host}:{port}")

    def begin(self) -> None:
        self.follower.limit({"service": Slots(lambda: 0, lambda: 0, self._allow)})
        self.follower.share({"a conn_rate": self.arriving}, {"a conn_cur": self.present})
        self.follower.start()
        self.events.append("begin")

    def _allow(self, quota: int) -> None:
        self.quota = quota

    def prepare(self, file: int) -> None:
        self.events.append(f"prepare {file}")
        if self.refusal is not None:
            raise self.refusal

    def commit(self) -> None:
        self.events.append("commit")

    def abandon(self) -> None:
        self.events.append("abandon")

    def drain(self) -> None:
        self.events.append("drain")

    def hurry(self) -> None:
        self.events.append("hurry")

    def reopen_logs(self) -> None:
        self.events.append("reopen")

    def sessions(self, wanted: Wanted, most: int) -> list[LiveSession]:
        leased = [lease.server.full_name for one in self.servers.values() for lease in one.leases]
        return [LiveSession("192.0.2.1:1", "a", (name,), 1.0, 2, 3) for name in leased if wanted.server in ("", name)][:most]

    def end_session(self, session: str) -> list[LiveSession]:
        self.events.append(f"end {session}")
        found = self.sessions(Wanted(), 1)
        return found if session == f"of {self.name}" else []

    def lost(self) -> None:
        self.events.append("lost")


class Pipe(FakeTransport):
    """Descriptors arrive as they were sent."""

    def sendFileDescriptor(self, descriptor: int) -> None:
        self.other.protocol.fileDescriptorReceived(descriptor)


class FakeProcess:
    """A worker's process: ``end`` ends it; while ``stopped``, nothing reaches it."""

    def __init__(self, told: Callable[[str], object], link: Any, worker: FakeWorker) -> None:
        self.told = told
        self.link = link
        self.worker = worker
        self.killed = 0
        self.stopped = False
        self.pid = 1
        self.ours = Pipe(link, isServer=True)
        self.theirs = Pipe(worker.link, isServer=False)
        self.ours.other = self.theirs

    def kill(self) -> None:
        self.killed += 1

    def exchange(self) -> bool:
        """Carry what waits; whether there was anything."""
        if self.stopped:
            return False
        there, back = self.ours.getOutBuffer(), self.theirs.getOutBuffer()
        if there:
            self.worker.link.dataReceived(there)
        if back:
            self.link.dataReceived(back)
        return bool(there or back)


class MasterStage(SynchronousTestCase):
    """``self.begin(...)`` starts a master with two workers."""

    def begin(self, count: int = 2, **settings: Any) -> None:
        self.launch(count, **settings)
        self.settle()

    def launch(self, count: int = 2, **settings: Any) -> None:
        """Workers that have not read a word yet."""
        self.clock = Clock()
        self.clock.advance(1000)
        self.settings = settings
        self.processes: list[FakeProcess] = []
        self.side = Side(**settings)
        backends = {"b": self.side.backend}
        sockets = [(("192.0.2.9", 25), 8)]
        self.master = Master(self.clock, self.fork, count, sockets, backends, self.side.groups, {"service": 10})
        self.served = self.master.start()

    def fork(self, name: str, link: Any, told: Callable[[str], object]) -> FakeProcess:
        worker = FakeWorker(self.clock, name, **self.settings)
        process = FakeProcess(told, link, worker)
        self.processes.append(process)
        link.makeConnection(process.ours)
        worker.link.makeConnection(process.theirs)
        return process

    def end(self, process: FakeProcess) -> None:
        """It is killed."""
        self.processes.remove(process)
        process.worker.follower.stop()
        process.link.connectionLost(Failure(ConnectionDone()))
        process.told("signal 9")
        self.settle()

    def settle(self, seconds: float = 0.0) -> None:
        for _ in range(20):
            self.clock.advance(seconds / 20)
            while sum(process.exchange() for process in self.processes):
                pass
