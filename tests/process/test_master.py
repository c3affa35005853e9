"""One master, two workers, no processes: what one knows, all know."""

import errno
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from exproxy import pool
from exproxy.pool import Admin, Lease, Operational, Ticket
from exproxy.process.master import BATCH, PATIENCE
from exproxy.process.messages import A_MESSAGE, BackendCounts, CannotChangeError, Counts, FrontendCounts, ServerCounts, Wanted
from exproxy.process.worker import TOUCH
from tests.pool.support import CHECK, Recorder, fail, get, heal, make_server
from tests.process.stage import FakeProcess, FakeWorker, MasterStage


class WorkersStage(MasterStage):
    def workers(self) -> list[FakeWorker]:
        return [process.worker for process in self.processes]

    def heal_all(self) -> None:
        for server in self.side.servers.values():
            heal(server, self.clock.seconds())
        self.settle()


class StatesTests(WorkersStage):
    def test_a_worker_is_given_all_before_it_begins(self) -> None:
        self.begin()
        self.assertEqual(self.workers()[0].events, ["listen 192.0.2.9:25", "begin"])

    def test_servers_are_in_the_workers_what_they_are_in_the_master(self) -> None:
        self.begin()
        self.heal_all()
        fail(self.side.servers["two"], self.clock.seconds())
        self.settle()
        found = {worker.servers["two"].operational for worker in self.workers()}
        self.assertEqual(found, {Operational.DOWN})
        self.assertIn("554 No", self.workers()[0].servers["two"].condition())

    def test_what_people_set_is_set_in_all(self) -> None:
        self.begin()
        self.heal_all()
        two = self.side.servers["two"]
        two.host.set_admin(Admin.DRAIN, self.clock.seconds())
        two.set_weight(7, self.clock.seconds())
        two.resolved("10.0.0.77", self.clock.seconds())
        self.settle()
        for worker in self.workers():
            server = worker.servers["two"]
            self.assertEqual((server.admin, server.weight, server.address), (Admin.DRAIN, 7, "10.0.0.77"))

    def test_a_port_that_was_told_is_known_everywhere(self) -> None:
        self.begin(interface="emsmdb")
        self.heal_all()
        for server in self.side.servers.values():
            server.mapped(6005, self.clock.seconds())
        self.settle()
        self.side.servers["two"].mapped(6006, self.clock.seconds())
        self.settle()
        for worker in self.workers():
            self.assertEqual({name: server.port for name, server in worker.servers.items()}, {"one": 6005, "two": 6006})
        self.side.servers["two"].unmapped("there is no emsmdb", self.clock.seconds())
        self.settle()
        found = [(worker.servers["two"].port, worker.servers["two"].usable) for worker in self.workers()]
        self.assertEqual(found, [(None, False)] * 2)

    def test_a_connect_that_fails_in_a_worker_is_a_doubt_in_the_master(self) -> None:
        self.begin()
        self.heal_all()
        doubts: list[str] = []
        self.side.servers["one"].when_in_doubt(lambda: doubts.append("one"))
        worker = self.workers()[1]
        get(worker.backend).connect_failed(self.clock.seconds())
        self.settle(0.1)
        self.assertEqual(doubts, ["one"])

    def test_sessions_are_evicted_in_the_worker_that_has_them(self) -> None:
        self.begin(on_marked_down="shutdown-sessions")
        self.heal_all()
        holder = Recorder()
        lease = self.workers()[1].backend.acquire(holder, None, self.clock.seconds())
        assert isinstance(lease, Lease)
        fail(self.side.servers[lease.server.name], self.clock.seconds())
        self.settle()
        self.assertEqual(holder.evictions, [(lease, "D")])

    def test_a_replacement_knows_what_the_others_know(self) -> None:
        self.begin()
        self.heal_all()
        self.end(self.processes[0])
        self.settle(1.0)
        self.assertEqual(len(self.workers()), 2)
        self.assertEqual(self.workers()[-1].servers["one"].operational, Operational.UP)

    def test_connects_that_fail_count_together(self) -> None:
        self.begin(error_limit=4)
        self.heal_all()
        one = self.side.servers["one"]
        one.health.checks["smtp"].not_passed = one.health.checks["smtp"].failed = 2
        for worker in self.workers():
            server = worker.servers["one"]
            worker.backend.error_limit = None
            for _ in range(2):
                lease = get(worker.backend, avoid=worker.servers["two"])
                lease.connect_failed(self.clock.seconds())
                self.assertIs(lease.server, server)
        self.settle(0.1)
        self.assertEqual(one.operational, Operational.DOWN)

    def test_a_connect_that_succeeds_anywhere_ends_the_row(self) -> None:
        self.begin(error_limit=4)
        self.heal_all()
        first, second = self.workers()
        lease = get(first.backend, avoid=first.servers["two"])
        lease.connect_failed(self.clock.seconds())
        self.settle(0.1)
        self.assertEqual(self.side.servers["one"].failed_in_a_row, 1)
        get(second.backend, avoid=second.servers["two"]).connected()
        self.settle(0.1)
        self.assertEqual(self.side.servers["one"].failed_in_a_row, 0)

    def test_sessions_elsewhere_are_counted(self) -> None:
        self.begin(balance="leastconn")
        self.heal_all()
        first, second = self.workers()
        for _ in range(3):
            get(first.backend, avoid=first.servers["two"])
        self.settle(0.1)
        self.assertEqual(second.servers["one"].elsewhere, 3)
        self.assertEqual([get(second.backend).server.name for _ in range(3)], ["two", "two", "two"])
        self.assertEqual(self.master.sessions(self.side.servers["one"]), 3)

    def test_who_dies_has_no_sessions_any_more(self) -> None:
        self.begin(balance="leastconn")
        self.heal_all()
        get(self.workers()[0].backend, avoid=self.workers()[0].servers["two"])
        self.settle(0.1)
        self.end(self.processes[0])
        self.settle(0.1)
        self.assertEqual(self.workers()[0].servers["one"].elsewhere, 0)

    def test_what_the_dead_have_done_counts_and_what_they_had_does_not(self) -> None:
        self.begin()
        self.heal_all()
        one = self.side.servers["one"]
        for worker, sessions in zip(self.workers(), (3, 2), strict=True):
            for _ in range(sessions):
                get(worker.backend, avoid=worker.servers["two"])
            get(worker.backend, avoid=worker.servers["two"]).connect_failed(self.clock.seconds())
            worker.front = FrontendCounts(sessions, 10 * sessions, 1, 2)
        self.settle(0.1)
        self.assertEqual(self.master.server_counts(one), ServerCounts(7, 7, 2, 2))
        self.assertEqual(self.master.frontend_counts("a"), FrontendCounts(5, 50, 2, 4))
        self.end(self.processes[0])
        self.settle(0.1)
        self.assertEqual(self.master.server_counts(one), ServerCounts(3, 7, 2, 1))
        self.assertEqual(self.master.frontend_counts("a"), FrontendCounts(2, 50, 2, 4))
        self.end(self.processes[0])
        self.assertEqual(self.master.server_counts(one), ServerCounts(0, 7, 2, 0))


class LimitTests(WorkersStage):
    def test_the_process_s_limit_is_shared(self) -> None:
        self.begin()
        self.assertEqual([worker.quota for worker in self.workers()], [5, 5])

    def test_a_server_s_limit_goes_where_sessions_wait(self) -> None:
        self.begin(maxconn=2)
        self.heal_all()
        first = self.workers()[0]
        got = [first.backend.acquire(Recorder(), None, self.clock.seconds()) for _ in range(6)]
        self.assertEqual([isinstance(one, Ticket) for one in got], [False, False, True, True, True, True])
        self.settle(0.2)
        self.assertEqual((first.servers["one"].sessions, first.servers["two"].sessions, first.backend.queued), (2, 2, 2))
        self.assertEqual(self.workers()[1].servers["one"].limit, 0)

    def test_the_quota_of_the_dead_is_the_others(self) -> None:
        self.begin(maxconn=4)
        self.heal_all()
        for _ in range(20):
            self.workers()[0].backend.acquire(Recorder(), None, self.clock.seconds())
        self.settle(0.1)
        self.end(self.processes[0])
        last = self.workers()[0]
        for _ in range(20):
            last.backend.acquire(Recorder(), None, self.clock.seconds())
        self.settle(0.04)
        self.assertGreaterEqual(last.servers["one"].sessions, 2)
        self.assertLessEqual(sum(worker.servers["one"].limit for worker in self.workers()), 4)


class TableTests(WorkersStage):
    def setUp(self) -> None:
        super().setUp()
        self.begin(persistence=True)
        self.heal_all()

    def acquire(self, worker: FakeWorker, client: str = "10.1.2.3") -> Recorder:
        holder = Recorder()
        got = worker.backend.acquire(holder, worker.backend.key_for(client), self.clock.seconds())
        if isinstance(got, Lease):
            holder.leases.append(got)
        return holder

    def test_a_new_client_waits_until_the_master_has_agreed(self) -> None:
        holder = self.acquire(self.workers()[0])
        self.assertEqual(holder.leases, [])
        self.settle()
        self.assertEqual(len(holder.leases), 1)

    def test_the_first_claim_wins(self) -> None:
        first, second = self.workers()
        get_away = self.acquire(second, "10.9.9.9")  # its turn is another than the first worker's now
        self.settle()
        holders = [self.acquire(first), self.acquire(second)]
        self.settle()
        self.assertEqual(len({holder.leases[0].server.name for holder in holders}), 1)
        self.assertEqual(len(get_away.leases), 1)

    def test_a_client_that_is_known_in_one_worker_is_known_in_all(self) -> None:
        first, second = self.workers()
        there = self.acquire(first)
        self.settle()
        here = self.acquire(second)
        self.assertEqual(here.leases[0].server.name, there.leases[0].server.name)

    def test_a_replacement_is_told_of_all(self) -> None:
        there = self.acquire(self.workers()[0])
        self.settle()
        name = there.leases[0].server.name
        self.end(self.processes[0])
        self.settle(1.0)
        self.assertEqual(self.acquire(self.workers()[-1]).leases[0].server.name, name)

    def test_a_client_whose_host_has_died_moves_for_all(self) -> None:
        first, second = self.workers()
        there = self.acquire(first)
        self.settle()
        dead = there.leases[0].server.name
        fail(self.side.servers[dead], self.clock.seconds())
        self.settle()
        moved = self.acquire(second)
        self.settle()
        self.assertNotEqual(moved.leases[0].server.name, dead)
        self.assertEqual(self.acquire(first).leases[0].server.name, moved.leases[0].server.name)

    def test_entries_in_use_do_not_expire_in_the_master(self) -> None:
        self.acquire(self.workers()[0])
        self.settle()
        for _ in range(20):
            self.settle(TOUCH)
        assert self.side.group is not None
        self.assertEqual(self.side.group.table.expire(self.clock.seconds()), 0)
        self.assertEqual(len(self.side.group.table), 1)


class OrdersTests(WorkersStage):
    def test_a_table_is_cleared_everywhere(self) -> None:
        self.begin(persistence=True)
        self.heal_all()
        for worker in self.workers():
            worker.group.table.bind(b"\x0a\0\0\1", "one", self.clock.seconds())
        self.side.group.table.bind(b"\x0a\0\0\1", "one", self.clock.seconds())
        self.assertEqual(self.master.clear("b"), 1)
        self.settle()
        self.assertEqual([len(side.group.table) for side in (self.side, *self.workers())], [0, 0, 0])

    def test_what_was_claimed_before_a_table_was_cleared_comes_to_nobody_behind_that(self) -> None:
        self.begin(persistence=True)
        self.heal_all()
        self.master.claim(self.master.workers[0].link, "b", b"\x0a\0\0\1", "one", "")
        self.master.clear("b")
        self.settle()
        self.assertEqual([len(worker.group.table) for worker in self.workers()], [0, 0])

    def test_sessions_of_a_server_end_in_all_workers(self) -> None:
        self.begin()
        self.heal_all()
        holders = [Recorder() for _ in self.workers()]
        for worker, holder in zip(self.workers(), holders, strict=True):
            worker.backend.acquire(holder, None, self.clock.seconds(), (worker.servers["two"],))
        told = self.master.end_sessions(self.side.servers["one"])
        self.settle()
        self.assertEqual(self.successResultOf(told), 2)
        self.assertEqual([reason for holder in holders for _, reason in holder.evictions], ["K", "K"])

    def test_sessions_of_all_workers_are_told(self) -> None:
        self.begin()
        self.heal_all()
        for worker in self.workers():
            get(worker.backend, avoid=worker.servers["two"])
            get(worker.backend, avoid=worker.servers["one"])
        found = {server: self.master.live(Wanted(server), 3) for server in ("", "b/two", "b/none")}
        self.settle()
        self.assertEqual([len(self.successResultOf(one)) for one in found.values()], [3, 2, 0])

    def test_sessions_of_one_worker_are_told(self) -> None:
        self.begin()
        self.heal_all()
        get(self.workers()[1].backend)
        found = [self.master.live_of(number, Wanted(), 3) for number in (0, 1)]
        self.settle()
        self.assertEqual([len(self.successResultOf(one)) for one in found], [0, 1])
        self.master.workers[0].link = None
        self.assertEqual(self.successResultOf(self.master.live_of(0, Wanted(), 3)), [])

    def test_one_session_is_ended_in_whichever_worker_it_is(self) -> None:
        self.begin()
        self.heal_all()
        for worker in self.workers():
            get(worker.backend)
        told = [self.master.end_session(session) for session in ("of worker 2", "of nobody")]
        self.settle()
        ended, nothing = (self.successResultOf(one) for one in told)
        self.assertEqual(([one.client for one in ended], nothing), (["192.0.2.1:1"], []))

    def test_one_key_is_forgotten_in_all_workers(self) -> None:
        self.begin(persistence=True)
        tables = [self.side.groups["b"].table, *(worker.groups["b"].table for worker in self.workers())]
        for table in tables:
            for key in (b"one", b"two"):
                table.bind(key, "one", 1000.0)
        self.assertEqual((self.master.clear("b", b"one"), self.master.clear("b", b"none")), (1, 0))
        self.settle()
        self.assertEqual([[key for key, _, _ in table.entries()] for table in tables], [[b"two"]] * 3)

    def test_a_worker_that_ends_meanwhile_is_not_waited_for(self) -> None:
        self.begin()
        self.heal_all()
        self.processes[0].stopped = True
        told = self.master.end_sessions(self.side.servers["one"])
        self.end(self.processes[0])
        self.settle()
        self.assertEqual(self.successResultOf(told), 0)

    def test_who_waits_and_who_got_nothing_is_counted_over_all_workers_also_those_that_have_ended(self) -> None:
        self.begin(maxconn=1)
        self.heal_all()
        first, second = self.workers()
        first.backend.refused = 3
        second.backend.refused = 4
        second.backend.queued = 2
        self.settle(0.1)
        self.assertEqual(self.master.backend_counts("b"), BackendCounts(queued=2, refused=7))
        second.backend.queued = 0
        self.end(self.processes[0])
        self.settle(0.1)
        self.assertEqual(self.master.backend_counts("b"), BackendCounts(queued=0, refused=7))

    def test_who_waits_for_one_server_is_counted_over_all_workers(self) -> None:
        self.begin(maxconn=1, persistence=True)
        self.heal_all()
        for worker, count in zip(self.workers(), (1, 2), strict=True):
            for number in range(count):
                worker.servers["one"].line.put(ticket(worker.backend, number))
        self.settle(0.1)
        self.assertEqual(self.master.server_counts(self.side.servers["one"]).queued, 3)
        self.end(self.processes[0])
        self.settle(0.1)
        self.assertEqual(self.master.server_counts(self.side.servers["one"]).queued, 2)


def ticket(backend: pool.Backend, number: int) -> Ticket:
    return Ticket(backend, Recorder(), None, (), number, 0.0)


class LivesTests(WorkersStage):
    def test_who_does_not_answer_is_killed(self) -> None:
        self.begin()
        self.processes[0].stopped = True
        self.settle(PATIENCE + 3)
        self.assertEqual([process.killed for process in self.processes], [1, 0])

    def test_a_master_that_stood_still_holds_it_against_nobody(self) -> None:
        """No worker could be heard meanwhile."""
        self.begin()
        self.clock.advance(10 * PATIENCE)
        self.settle(PATIENCE + 3)
        self.assertEqual([process.killed for process in self.processes], [0, 0])

    def test_who_cannot_be_forked_now_is_tried_again(self) -> None:
        self.begin()
        refusals = iter([OSError(errno.EMFILE, "Too many open files")])

        def fork(name: str, link: Any, told: Callable[[str], object]) -> FakeProcess:
            for error in refusals:
                raise error
            return self.fork(name, link, told)

        self.patch(self.master, "_fork", fork)
        self.end(self.processes[0])
        self.settle(1.0)
        self.assertEqual([worker.events[-1] for worker in self.workers()], ["begin"] * 2)

    def test_it_serves_when_the_first_worker_does(self) -> None:
        self.launch()
        self.processes[0].stopped = True
        self.assertNoResult(self.served)
        self.settle()
        self.assertIsNone(self.successResultOf(self.served))
        self.processes[0].stopped = False
        self.settle()
        self.assertEqual([worker.events[-1] for worker in self.workers()], ["begin"] * 2)

    def test_who_answers_lives(self) -> None:
        self.begin()
        self.settle(10 * PATIENCE)
        self.assertEqual([process.killed for process in self.processes], [0, 0])

    def test_logs_are_reopened_by_all(self) -> None:
        self.begin()
        self.master.reopen_logs()
        self.settle()
        self.assertEqual([worker.events[-1] for worker in self.workers()], ["reopen", "reopen"])

    def test_a_worker_that_still_starts_is_told_once_to_drain(self) -> None:
        self.launch()
        self.master.stop()
        self.settle()
        self.assertEqual([worker.events.count("drain") for worker in self.workers()], [1, 1])

    def test_it_has_stopped_when_the_last_worker_has_ended(self) -> None:
        self.begin()
        ended = self.master.stop()
        self.settle()
        self.assertEqual([worker.events[-1] for worker in self.workers()], ["drain", "drain"])
        self.end(self.processes[0])
        self.assertNoResult(ended)
        self.master.hurry()
        self.settle()
        self.assertEqual(self.workers()[0].events[-1], "hurry")
        self.end(self.processes[0])
        self.assertIsNone(self.successResultOf(ended))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class TogetherTests(WorkersStage):
    """What one source may have, it may have of all workers together."""

    def test_what_happened_in_one_counts_in_the_others_and_once(self) -> None:
        self.begin()
        first, second = self.workers()
        now = self.clock.seconds()
        self.assertEqual([worker.arriving.take(b"thief", now) for worker in (first, first, second)], [0.0] * 3)
        self.settle(2 * BATCH)
        now = self.clock.seconds()
        self.assertTrue(all(worker.arriving.take(b"thief", now) for worker in (first, second)))
        self.assertFalse(any(worker.arriving.take(b"other", now) for worker in (first, second)))

    def test_who_is_in_one_counts_in_the_others_until_he_has_gone(self) -> None:
        self.begin()
        first, second = self.workers()
        for worker in (first, first, second):
            worker.present.enter(b"thief")
        self.settle(2 * BATCH)
        self.assertEqual([worker.present.enter(b"thief") for worker in (first, second)], [False, False])
        first.present.leave(b"thief")
        self.settle(2 * BATCH)
        self.assertTrue(second.present.enter(b"thief"))

    def test_more_than_fits_into_a_message_is_told_in_several(self) -> None:
        self.begin()
        first, second = self.workers()
        for number in range(3 * A_MESSAGE + 1):
            first.present.enter(b"source %d" % number)
        self.settle(2 * BATCH)
        self.assertEqual(len(second.present), 3 * A_MESSAGE + 1)

    def test_those_of_a_worker_that_has_ended_are_gone(self) -> None:
        self.begin()
        first, second = self.workers()
        for _ in range(3):
            first.present.enter(b"thief")
        self.settle(2 * BATCH)
        self.assertFalse(second.present.enter(b"thief"))
        self.end(self.processes[0])
        self.settle(0.1)
        self.assertTrue(second.present.enter(b"thief"))

    def test_a_replacement_knows_who_is_there(self) -> None:
        self.begin()
        second = self.workers()[1]
        for _ in range(3):
            second.present.enter(b"thief")
        self.settle(2 * BATCH)
        self.end(self.processes[0])
        self.settle(1.0)
        replacement = self.workers()[-1]
        self.assertFalse(replacement.present.enter(b"thief"))
        second.present.leave(b"thief")
        self.settle(2 * BATCH)
        self.assertTrue(replacement.present.enter(b"thief"))

    def test_a_report_of_a_worker_that_has_ended_is_none(self) -> None:
        self.begin()
        link = self.master.workers[0].link
        assert link is not None
        self.end(self.processes[0])
        self.master.present(link, [("a conn_cur", b"thief", 3)])
        self.settle(1.0)
        self.assertEqual([len(worker.present) for worker in self.workers()], [0, 0])

    def test_tables_that_a_worker_does_not_have_are_passed_over(self) -> None:
        self.begin()
        worker = self.workers()[0]
        worker.follower.happened([("unknown", b"thief", 3)])
        self.assertEqual(len(worker.arriving), 0)


class ChangeTests(MasterStage):
    """Another configuration: everybody prepares, then everybody commits."""

    def events(self) -> list[list[str]]:
        return [process.worker.events for process in self.processes]

    def prepare(self) -> Deferred[None]:
        self.master.hold_up()
        prepared = self.master.prepare(9, [(("192.0.2.9", 587), 11)])
        self.settle()
        return prepared

    def test_new_sockets_come_before_the_question(self) -> None:
        self.begin()
        self.successResultOf(self.prepare())
        for events in self.events():
            self.assertEqual(events[-2:], ["listen 192.0.2.9:587", "prepare 9"])

    def test_one_that_refuses_refuses_for_all(self) -> None:
        self.begin()
        self.processes[1].worker.refusal = CannotChangeError("no\nneither that")
        error = self.failureResultOf(self.prepare(), CannotChangeError).value
        self.assertEqual(str(error), "no\nneither that")
        self.master.abandon()
        self.settle()
        self.assertEqual([events[-1] for events in self.events()], ["abandon", "abandon"])

    def test_an_error_of_ours_ends_nobody(self) -> None:
        self.begin()
        self.processes[0].worker.refusal = ZeroDivisionError()
        error = self.failureResultOf(self.prepare(), CannotChangeError).value
        self.assertIn("a worker made an error", str(error))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertNotIn("lost", self.events()[0])

    def test_one_that_dies_meanwhile_is_no_hindrance(self) -> None:
        self.begin()
        self.processes[0].stopped = True
        prepared = self.prepare()
        self.assertNoResult(prepared)
        self.end(self.processes[0])
        self.successResultOf(prepared)

    def test_neither_is_one_that_is_gone_and_has_not_ended_yet(self) -> None:
        self.begin()
        self.processes[0].link.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(self.prepare())
        self.assertEqual(self.events()[1][-1], "prepare 9")

    def test_nobody_is_started_in_the_middle(self) -> None:
        self.begin()
        self.successResultOf(self.prepare())
        self.end(self.processes[0])
        self.settle(1.0)
        self.assertEqual(len(self.processes), 1)
        self.master.go_on()
        self.settle()
        self.assertEqual(len(self.processes), 2)

    def test_nobody_is_started_afterwards_when_all_end(self) -> None:
        self.begin()
        self.successResultOf(self.prepare())
        self.end(self.processes[0])
        self.settle(1.0)
        ended = self.master.stop()
        self.master.go_on()
        self.settle()
        self.assertEqual(len(self.processes), 1)
        self.end(self.processes[0])
        self.assertIsNone(self.successResultOf(ended))

    def test_committed_all_are_told_how_servers_are_and_how_much_there_is_of_everything(self) -> None:
        self.begin()
        self.successResultOf(self.prepare())
        three = make_server("three", checks=[CHECK])
        self.side.backend.add(three, 0.0)
        for process in self.processes:
            process.worker.backend.add(make_server("three", checks=[CHECK]), 0.0)
        heal(three, self.clock.seconds())
        sockets = [(("192.0.2.9", 25), 8), (("192.0.2.9", 587), 11)]
        done = self.master.commit(sockets, {"b": self.side.backend}, self.side.groups, {"service": 30, "frontend a": 4})
        self.settle()
        self.successResultOf(done)
        self.assertEqual([events[-1] for events in self.events()], ["commit", "commit"])
        self.assertEqual(self.master._ledgers["service"].total, 30)
        self.assertEqual(self.master._ledgers["frontend a"].total, 4)
        self.master.go_on()
        self.end(self.processes[0])
        self.settle(1.0)
        self.assertEqual(self.events()[-1][:3], ["listen 192.0.2.9:25", "listen 192.0.2.9:587", "begin"])

    def test_counts_of_what_is_no_more_are_no_error_and_those_of_a_new_one_go_on(self) -> None:
        self.begin()
        link = self.master.workers[0].link
        assert link is not None
        self.master.report(link, Counts({"b/gone": ServerCounts(sessions=1, total=5)}))
        self.master.report(link, Counts({"b/one": ServerCounts(total=7)}))
        self.master.report(link, Counts({"b/one": ServerCounts(sessions=1, total=2)}))
        counts = self.master.server_counts(self.side.servers["one"])
        self.assertEqual((counts.sessions, counts.total), (1, 9))

    def test_so_do_those_of_a_new_front_end_and_nothing_that_was_told_becomes_less(self) -> None:
        self.begin()
        first, second = [worker.link for worker in self.master.workers]
        assert first is not None
        assert second is not None
        for link, total in ((first, 5), (second, 3), (first, 0), (second, 0), (first, 2)):
            self.master.report(link, Counts(frontends={"a": FrontendCounts(sessions=total, total=total, denied=2 * total)}))
        self.assertEqual(self.master.frontend_counts("a"), FrontendCounts(sessions=2, total=10, denied=20))

    def test_a_table_that_is_no_more_is_nobodys_to_decide_on(self) -> None:
        self.begin()
        link = self.master.workers[0].link
        assert link is not None
        self.assertEqual(self.master.claim(link, "gone", b"key", "ex1", ""), "ex1")
        self.master.touched([("gone", b"key")])
        self.assertEqual(self.side.groups, {})

    def test_who_is_there_is_forgotten_where_nobody_counts_any_more(self) -> None:
        self.begin()
        self.processes[0].worker.present.enter(b"thief")
        self.settle(1.0)
        self.master.forget_present({"other conn_cur"})
        self.assertEqual(len(self.master.workers[0].present), 1)
        self.master.forget_present({"a conn_cur"})
        self.assertEqual(len(self.master.workers[0].present), 0)
