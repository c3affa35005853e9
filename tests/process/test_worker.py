"""A worker alone; with its master it is tested in test_master."""

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from exproxy.process.messages import ServerCounts, Usage
from exproxy.process.worker import BATCH
from tests.pool.support import Recorder, get, heal
from tests.process.stage import FakeWorker, MasterStage


class WorkerTests(MasterStage):
    def setUp(self) -> None:
        super().setUp()
        self.begin(count=1, maxconn=3)
        for server in self.side.servers.values():
            heal(server, self.clock.seconds())
        self.settle()
        self.worker = self.processes[0].worker

    def test_what_has_changed_is_reported_within_a_batch(self) -> None:
        get(self.worker.backend, avoid=self.worker.servers["two"])
        self.settle(2 * BATCH)
        self.assertEqual(self.master.workers[0].servers["b/one"], ServerCounts(sessions=1, total=1))

    def test_nothing_is_said_when_nothing_has_changed(self) -> None:
        self.settle(2 * BATCH)
        calls: list[object] = []
        self.patch(self.worker.link, "callRemote", lambda *args, **rest: calls.append(args))
        self.settle(10 * BATCH)
        self.assertEqual(calls, [])

    def test_before_it_is_allowed_anything_it_has_nothing(self) -> None:
        slots = self.worker.follower._slots
        self.assertEqual(sorted(slots), ["server b/one", "server b/two", "service"])
        fresh = FakeWorker(self.clock, "worker 3", maxconn=6)
        self.assertEqual(fresh.servers["one"].limit, 0)

    def test_what_is_gone_and_comes_back_has_what_the_master_goes_on_counting_with(self) -> None:
        follower, backend, slots = self.worker.follower, {"b": self.worker.backend}, self.worker.follower._slots
        follower.quotas({"service": 4, "server b/one": 2, "server b/new": 5})
        follower.follow({}, {}, {})
        self.assertEqual(follower.quotas({"server b/one": 1}), {"server b/one": 0})
        follower.follow(backend, {}, {"service": slots["service"]})
        self.assertEqual((self.worker.servers["one"].limit, self.worker.quota), (1, 4))

    def test_what_goes_with_its_last_session_is_told_to_have_none(self) -> None:
        lease = get(self.worker.backend, avoid=self.worker.servers["two"])
        self.settle(2 * BATCH)
        lease.release(self.clock.seconds())
        self.worker.follower.follow({}, {}, {})
        self.settle(2 * BATCH)
        self.assertEqual(self.master.workers[0].servers["b/one"], ServerCounts(total=1))

    def test_it_answers_a_new_quota_with_what_it_uses(self) -> None:
        get(self.worker.backend, avoid=self.worker.servers["two"])
        self.assertEqual(
            self.worker.follower.quotas({"server b/one": 0, "server b/two": 1}), {"server b/one": 1, "server b/two": 0}
        )
        self.assertEqual(self.worker.servers["one"].limit, 0)

    def test_it_wants_more_only_while_sessions_wait(self) -> None:
        self.worker.follower.quotas({"server b/one": 1, "server b/two": 1})
        slot = self.worker.follower._slots["server b/one"]
        for _ in range(2):
            self.worker.backend.acquire(Recorder(), None, 1.0)
        self.assertEqual(Usage(slot.used(), slot.wanted()), Usage(1, 0))
        self.worker.backend.acquire(Recorder(), None, 1.0)
        self.assertEqual(Usage(slot.used(), slot.wanted()), Usage(1, 1))

    def test_without_its_master_it_is_lost(self) -> None:
        self.worker.link.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.worker.events[-1], "lost")
