"""Tests for :mod:`exproxy.wire.dialogue.agent`."""

from exproxy.wire.agent import AgentAnswer
from exproxy.wire.dialogue.agent import AgentCheck, AgentOutcome
from exproxy.wire.dialogue.base import Outcome, Send, Status
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase


class AgentCheckTests(GarbageMixin, PlayTestCase):
    def dialogue(self) -> AgentCheck:
        return AgentCheck()

    def answer(self, outcome: Outcome) -> AgentAnswer | None:
        assert isinstance(outcome, AgentOutcome)
        return outcome.answer

    def test_an_agent_that_says_up(self) -> None:
        outcome = self.play("server: up 75% maxconn:30")
        self.assertEqual((outcome.status, outcome.text), (Status.L7OKD, "the agent said up 75% maxconn:30"))
        self.assertEqual(self.answer(outcome), AgentAnswer("up", None, 75, 30))

    def test_an_agent_that_says_down_and_why(self) -> None:
        outcome = self.play("server: down #disk full")
        self.assertEqual((outcome.status, outcome.text), (Status.L7STS, "the agent said down #disk full"))
        self.assertEqual(self.answer(outcome), AgentAnswer("down", reason="disk full"))

    def test_an_agent_that_drains_does_not_say_that_the_server_is_down(self) -> None:
        self.assertEqual(self.play(b"drain\n").status, Status.L7OKD)

    def test_words_that_mean_nothing_are_warned_of(self) -> None:
        outcome = self.play("server: up sideways")
        self.assertEqual(outcome.warnings, ("the agent said 'sideways', which means nothing here",))

    def test_garbage_is_no_answer(self) -> None:
        outcome = self.play("server: SSH-2.0-OpenSSH_9.2")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(self.answer(outcome), None)
        self.assertEqual(
            outcome.text, "the agent was not understood (agent answer: no word in it is known: 'SSH-2.0-OpenSSH_9.2')"
        )

    def test_half_a_line_is_no_answer(self) -> None:
        outcome = self.play(b"maxconn:3", "(close)")
        self.assertEqual((outcome.status, outcome.line), (Status.L7RSP, "maxconn:3"))
        self.assertEqual(outcome.text, "the agent closed within its line: no newline")

    def test_a_close_is_no_answer(self) -> None:
        self.assertEqual(self.play("(close)").text, "the agent closed without an answer")

    def test_the_configured_words_are_said_as_they_are(self) -> None:
        self.assertEqual(AgentCheck("ex1\n").start(), (Send(b"ex1\n"),))
