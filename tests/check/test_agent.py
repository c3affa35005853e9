"""A server's own agent."""

from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.agent import AgentTask, answer_of
from exproxy.check.plan import AgentPlan
from exproxy.pool import Admin, AgentAnswer, Host, Operational, Server, Transition
from exproxy.wire.agent import AgentAnswer as Said
from tests.check.peers import today
from tests.net.memory import MemoryNetwork, Peer


class AgentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.told: list[Transition | None] = []
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        self.server = Server("ex1", Host("ex1", "ex1"), "192.0.2.1", 25, weight=10)

    def begin(self, peer: Peer | None, **plan: object) -> AgentTask:
        if peer is not None:
            self.network.listen(("192.0.2.1", 9999), peer).resume()
        asked = AgentPlan(port=9999, **plan)  # type: ignore[arg-type]  # passed on
        task = AgentTask(
            self.clock, self.network, Random(1), self.server, asked, today, lambda server, change: self.told.append(change)
        )
        self.addCleanup(task.stop)
        task.start(0.0)
        self.advance(1)
        return task

    def advance(self, seconds: float) -> None:
        for _step in range(round(seconds * 20)):
            self.clock.advance(0.05)

    def said(self) -> list[str]:
        return [event["log_format"] for event in self.events if event.get("log_namespace") == "exproxy.check.agent"]

    def test_an_agent_that_says_down_takes_the_server_out(self) -> None:
        self.begin(Peer(b"down # disk is full\n"))
        self.assertIs(self.server.operational, Operational.DOWN)
        assert self.told[0] is not None
        self.assertIn("its agent said down # disk is full", self.told[0].reason)

    def test_an_agent_that_says_drain_is_heard_on_the_other_axis(self) -> None:
        self.begin(Peer(b"drain\n"))
        self.assertEqual((self.server.operational, self.server.admin), (Operational.UP, Admin.DRAIN))

    def test_a_weight_is_a_share_of_the_configured_one(self) -> None:
        full = self.server.share
        self.begin(Peer(b"50%\n"))
        self.assertEqual(self.server.share, full // 2)

    def test_the_configured_words_are_said_first(self) -> None:
        peer = Peer(answer=lambda data: b"up\n" if data == b"hub/ex1\n" else None)
        task = self.begin(peer, send="hub/ex1\n")
        assert task.last is not None
        self.assertEqual((bytes(peer.sessions[0].data), task.last.outcome.text), (b"hub/ex1\n", "the agent said up"))

    def test_it_is_asked_again_and_again(self) -> None:
        self.begin(Peer(b"up\n"), interval=2.0)
        self.advance(10)
        self.assertIn(len(self.network.attempts), (5, 6, 7))

    def test_an_agent_that_cannot_be_reached_changes_nothing_and_is_logged_once(self) -> None:
        self.begin(None)
        self.advance(30)
        self.assertIs(self.server.operational, Operational.UP)
        self.assertEqual((len(self.said()), self.told), (1, []))

    def test_an_agent_that_answers_again_is_logged_once(self) -> None:
        self.begin(None)
        self.network.listen(("192.0.2.1", 9999), Peer(b"up\n")).resume()
        self.advance(30)
        self.assertEqual(len(self.said()), 2)
        self.assertIn("answers again", self.said()[1])

    def test_garbage_changes_nothing(self) -> None:
        self.begin(Peer(b"\xff\x00 hello\n"))
        self.assertIs(self.server.operational, Operational.UP)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_without_an_address_nobody_is_asked(self) -> None:
        self.server.address = None
        self.begin(Peer(b"up\n"))
        self.advance(10)
        self.assertEqual(self.network.attempts, [])

    def test_after_stop_nothing_is_under_way(self) -> None:
        task = self.begin(Peer())
        task.stop()
        self.advance(0.1)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class AnswerTests(SynchronousTestCase):
    def test_what_was_not_mentioned_stays_as_it_is(self) -> None:
        self.assertEqual(answer_of(Said(), ""), AgentAnswer())

    def test_all_that_an_agent_can_say(self) -> None:
        answer = answer_of(Said("up", "maint", 75, 300), "up maint 75% maxconn:300")
        self.assertEqual(answer, AgentAnswer(75, 300, True, Admin.MAINT, "up maint 75% maxconn:300"))

    def test_more_than_all_is_all(self) -> None:
        self.assertEqual(answer_of(Said(weight_percent=300, maxconn=0), ""), AgentAnswer(weight=100))
