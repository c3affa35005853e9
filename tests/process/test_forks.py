"""The master's side of a fork server that is played by the test: what is sent goes over pipes in memory."""

import errno
import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.protocols import amp
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.forks import ANSWER_PATIENCE, LOOK, PATIENCE, Forks
from exproxy.process.messages import CannotChangeError, CannotForkError, Configure, Ended, Fork, Kill
from tests.process.stage import Pipe


class FakeForkServer(amp.AMP):
    """Does what the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.refusal: Exception | None = None
        self.forks: list[Deferred[dict[str, int]]] = []
        self.signals: list[int] = []

    @Configure.responder
    def configure(self, file: int) -> dict[str, object]:
        self.heard.append(f"configure {file}")
        if self.refusal is not None:
            raise self.refusal
        return {}

    @Fork.responder
    def fork(self, link: int, errors: int) -> "Deferred[dict[str, int]]":
        self.heard.append("fork")
        self.forks.append(Deferred())
        return self.forks[-1]

    @Kill.responder
    def kill(self, pid: int) -> dict[str, object]:
        self.heard.append(f"kill {pid}")
        return {}

    def signalProcess(self, number: int) -> None:
        self.signals.append(number)


class _Reason:
    class value:  # noqa: N801 - as Twisted's failures have it
        signal = 9
        exitCode = None  # noqa: N815 - likewise


class ForksTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.servers: list[FakeForkServer] = []
        self.tied: list[Protocol] = []
        self.forks = Forks(self.clock, self.spawn, self.tie, 7)
        self.told: list[str] = []

    def spawn(self, process: Any, link: Any) -> Any:
        server = FakeForkServer()
        self.process, self.link = process, link
        self.ours, self.theirs = Pipe(link, isServer=True), Pipe(server, isServer=False)
        self.ours.other = self.theirs
        link.makeConnection(self.ours)
        server.makeConnection(self.theirs)
        self.servers.append(server)
        return server

    def tie(self, link: Protocol) -> socket.socket:
        self.tied.append(link)
        return socket.socket()

    def settle(self) -> FakeForkServer:
        for _ in range(5):
            self.servers[-1].dataReceived(self.ours.getOutBuffer() or b"")
            self.link.dataReceived(self.theirs.getOutBuffer() or b"")
        return self.servers[-1]

    def fork(self) -> Any:
        self.link_of_worker = Protocol()
        return self.forks.fork("worker 1", self.link_of_worker, self.told.append)

    def forked(self, pid: int = 42) -> Any:
        """A worker that lives."""
        self.forks.start()
        worker = self.fork()
        self.settle().forks[-1].callback({"pid": pid})
        self.settle()
        return worker

    def end_server(self) -> None:
        self.link.connectionLost(Failure(ConnectionDone()))
        self.process.processEnded(_Reason())

    def test_a_worker_has_two_pairs_and_in_the_end_a_number(self) -> None:
        self.assertEqual(self.forked().pid, 42)
        self.assertEqual(self.servers[0].heard, ["configure 7", "fork"])
        self.assertEqual((self.tied[0], len(self.tied)), (self.link_of_worker, 2))

    def test_its_end_is_told_with_the_cause(self) -> None:
        for status, why in ((-9, "signal 9"), (1, "status 1")):
            self.forked()
            self.servers[-1].callRemote(Ended, pid=41, status=0)
            self.servers[-1].callRemote(Ended, pid=42, status=status)
            self.settle()
            self.assertEqual(self.told.pop(), why)
        self.assertEqual(self.told, [])

    def test_who_asks_before_there_is_a_fork_server_is_remembered(self) -> None:
        self.fork()
        self.forks.start()
        self.assertEqual(self.settle().heard, ["configure 7", "fork"])

    def test_who_is_remembered_can_be_spoken_to_at_once(self) -> None:
        self.fork()
        self.assertIs(self.tied[0], self.link_of_worker)

    def test_who_is_given_up_leaves_no_descriptors(self) -> None:
        worker = self.fork()
        worker.kill()
        self.assertEqual([end.fileno() for end in worker.ends], [-1, -1])

    def test_a_system_that_gives_only_one_pair_is_told_and_keeps_it(self) -> None:
        pair = socket.socket()
        answers = iter([pair])

        def tie(link: Protocol) -> socket.socket:
            for end in answers:
                return end
            raise OSError(errno.EMFILE, "Too many open files")

        forks = Forks(self.clock, self.spawn, tie, 7)
        self.assertRaises(OSError, forks.fork, "worker 1", Protocol(), self.told.append)
        self.assertEqual(pair.fileno(), -1)

    def test_a_fork_server_that_cannot_be_started_is_tried_again(self) -> None:
        refusals = iter([BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")])

        def spawn(process: Any, link: Any) -> Any:
            for error in refusals:
                raise error
            return self.spawn(process, link)

        self.forks = Forks(self.clock, spawn, self.tie, 7)
        self.forks.start()
        self.fork()
        self.assertEqual(self.servers, [])
        self.clock.advance(1.0)
        self.assertEqual(self.settle().heard, ["configure 7", "fork"])

    def test_who_waits_for_one_may_be_given_up(self) -> None:
        self.fork().kill()
        self.assertEqual(self.told, ["there was no fork server"])
        self.forks.start()
        self.assertEqual(self.settle().heard, ["configure 7"])

    def test_a_worker_is_killed_by_its_parent(self) -> None:
        self.forked().kill()
        self.assertEqual(self.settle().heard[-1], "kill 42")
        self.servers[0].callRemote(Ended, pid=42, status=-9)
        self.settle()
        self.clock.pump([LOOK] * PATIENCE)
        self.assertEqual((self.told, self.servers[0].signals), (["signal 9"], []))

    def test_a_fork_server_that_does_not_kill_is_killed(self) -> None:
        self.forked().kill()
        self.settle()
        self.clock.pump([LOOK] * PATIENCE)
        self.assertEqual(self.servers[0].signals, [9])
        self.flushLoggedErrors()

    def test_that_we_stood_still_is_not_held_against_it(self) -> None:
        self.forked().kill()
        self.settle()
        self.clock.advance(10 * PATIENCE * LOOK)
        self.servers[0].callRemote(Ended, pid=42, status=-9)
        self.settle()
        self.clock.pump([LOOK] * PATIENCE)
        self.assertEqual((self.told, self.servers[0].signals), (["signal 9"], []))

    def test_a_fork_server_that_never_forked_is_killed_with_the_one_who_waits(self) -> None:
        self.forks.start()
        worker = self.fork()
        self.settle()
        worker.kill()
        self.assertEqual(self.servers[0].signals, [9])

    def test_a_worker_that_cannot_be_forked_has_ended(self) -> None:
        self.forks.start()
        self.fork()
        self.settle().forks[0].errback(CannotForkError("no memory"))
        self.settle()
        self.assertEqual(self.told, ["cannot be forked: no memory"])

    def test_when_the_fork_server_ends_all_workers_have_and_another_one_is_started(self) -> None:
        self.forked()
        self.link_of_worker.makeConnection(Pipe(self.link_of_worker, isServer=True))
        self.end_server()
        self.assertEqual(self.told, ["with the fork server"])
        transport: Any = self.link_of_worker.transport
        self.assertTrue(transport.disconnecting)
        worker = self.fork()
        self.clock.advance(1.0)
        self.assertEqual(len(self.servers), 2)
        self.settle().forks[0].callback({"pid": 43})
        self.settle()
        self.assertEqual(worker.pid, 43)

    def test_stopped_it_has_none_any_more(self) -> None:
        self.forks.start()
        ended = self.forks.stop()
        self.assertNoResult(ended)
        self.assertTrue(self.ours.disconnecting)
        self.end_server()
        self.assertIsNone(self.successResultOf(ended))
        self.clock.advance(60)
        self.assertEqual(len(self.servers), 1)

    def test_a_fork_server_that_does_not_end_is_killed(self) -> None:
        self.forks.start()
        self.forks.stop()
        self.clock.pump([LOOK] * PATIENCE)
        self.assertEqual(self.servers[0].signals, [9])

    def test_stopped_while_it_dies_it_waits_for_its_end(self) -> None:
        self.forks.start()
        self.link.connectionLost(Failure(ConnectionDone()))
        ended = self.forks.stop()
        self.assertNoResult(ended)
        self.process.processEnded(_Reason())
        self.assertIsNone(self.successResultOf(ended))

    def test_stopped_while_there_is_none_nothing_is_started(self) -> None:
        self.forks.start()
        self.end_server()
        self.assertIsNone(self.successResultOf(self.forks.stop()))
        self.clock.advance(60)
        self.assertEqual(len(self.servers), 1)

    def test_drained_nobody_waits_for_a_fork_server_that_cannot_be_started(self) -> None:
        def spawn(process: Any, link: Any) -> Any:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

        self.forks = Forks(self.clock, spawn, self.tie, 7)
        self.forks.start()
        self.fork()
        self.forks.drain()
        self.assertEqual((self.told, self.clock.getDelayedCalls()), (["there was no fork server"], []))

    def test_drained_workers_that_live_go_on_and_a_fork_server_that_ends_has_no_successor(self) -> None:
        self.forked()
        self.forks.drain()
        self.assertEqual(self.told, [])
        self.end_server()
        self.assertEqual(self.told, ["with the fork server"])
        self.clock.advance(60)
        self.assertEqual(len(self.servers), 1)

    def test_another_configuration_is_read_by_the_fork_server_that_runs_and_by_those_that_come(self) -> None:
        self.forked()
        prepared = self.forks.prepare(9)
        self.assertEqual(self.settle().heard[-1], "configure 9")
        self.successResultOf(prepared)
        self.forks.use(9)
        self.assertEqual(self.settle().heard.count("configure 9"), 1)
        self.end_server()
        self.clock.advance(1.0)
        self.assertEqual(self.settle().heard, ["configure 9"])

    def test_one_that_comes_to_nothing_is_taken_back(self) -> None:
        self.forked()
        self.forks.prepare(9)
        self.settle()
        self.forks.abandon()
        self.assertEqual(self.settle().heard[-2:], ["configure 9", "configure 7"])

    def test_one_that_cannot_be_had_is_told_and_nothing_is_to_be_taken_back(self) -> None:
        self.forked()
        self.servers[-1].refusal = CannotChangeError("no")
        prepared = self.forks.prepare(9)
        self.settle()
        self.assertEqual(str(self.failureResultOf(prepared, CannotChangeError).value), "no")
        self.forks.abandon()
        self.assertEqual(self.settle().heard[-1], "configure 9")

    def test_a_fork_server_that_does_not_answer_is_no_reason_to_wait_for_ever(self) -> None:
        self.forked()
        prepared = self.forks.prepare(9)
        self.clock.advance(ANSWER_PATIENCE)
        self.assertIn("the fork server has not read it", str(self.failureResultOf(prepared, CannotChangeError).value))
        self.forks.abandon()
        self.assertEqual(self.settle().heard[-2:], ["configure 9", "configure 7"])
        self.assertEqual((self.told, self.servers[0].signals), ([], []))

    def test_one_that_answers_is_not_watched_any_more(self) -> None:
        self.forked()
        prepared = self.forks.prepare(9)
        self.settle()
        self.successResultOf(prepared)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_is_gone_and_has_not_ended_yet_is_not_asked(self) -> None:
        self.forked()
        self.link.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(self.forks.prepare(9))
        self.forks.use(9)
        self.fork()
        self.process.processEnded(_Reason())
        self.clock.advance(1.0)
        self.assertEqual(self.settle().heard, ["configure 9", "fork"])

    def test_without_a_fork_server_there_is_nobody_to_ask(self) -> None:
        self.successResultOf(self.forks.prepare(9))
        self.forks.use(9)
        self.forks.start()
        self.assertEqual(self.settle().heard, ["configure 9"])

    def test_one_that_ends_over_it_has_another_one_read_it(self) -> None:
        self.forked()
        prepared = self.forks.prepare(9)
        self.end_server()
        self.successResultOf(prepared)
        self.clock.advance(1.0)
        self.settle()
        self.forks.use(9)
        self.assertEqual(self.settle().heard, ["configure 7", "configure 9"])
