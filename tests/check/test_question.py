"""The simplest dialogue."""

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.question import MAX_LINE, Question
from exproxy.wire.dialogue.base import Action, Finish, Outcome, Send, Status
from tests.check.peers import Bench
from tests.net.memory import Peer


class QuestionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.question = Question(b"PING\r\n", lambda line: line == "+PONG", goodbye=b"QUIT\r\n")

    def outcome(self, actions: Sequence[Action]) -> Outcome:
        assert isinstance(actions[-1], Finish), actions
        return actions[-1].outcome

    def test_the_question_is_asked(self) -> None:
        self.assertEqual(self.question.start(), (Send(b"PING\r\n"),))

    def test_without_a_question_the_server_speaks_first(self) -> None:
        self.assertEqual(Question(b"", bool).start(), ())

    def test_the_right_line_passes_and_goodbye_is_said(self) -> None:
        actions = self.question.receive(b"+PONG\r\n")
        self.assertEqual(actions[0], Send(b"QUIT\r\n"))
        self.assertEqual(self.outcome(actions).status, Status.L7OKD)

    def test_another_line_fails_with_its_words(self) -> None:
        outcome = self.outcome(self.question.receive(b"-ERR loading\r\nmore"))
        self.assertEqual((outcome.status, outcome.text), (Status.L7STS, "the server said '-ERR loading'"))

    def test_a_line_may_come_in_pieces(self) -> None:
        for octet in b"+PONG\r":
            self.assertEqual(self.question.receive(bytes([octet])), ())
        self.assertEqual(self.outcome(self.question.receive(b"\n")).status, Status.L7OKD)

    def test_an_endless_line_is_cut(self) -> None:
        self.assertEqual(self.outcome(self.question.receive(b"x" * (MAX_LINE + 1))).status, Status.L7RSP)

    def test_a_close_before_the_lines_end_is_no_answer(self) -> None:
        self.question.receive(b"+PO")
        outcome = self.outcome(self.question.closed())
        self.assertEqual((outcome.status, outcome.line), (Status.L7RSP, "+PO"))

    def test_it_runs(self) -> None:
        bench = Bench()
        bench.serve(Peer(answer=lambda data: b"+PONG\r\n"))
        self.assertEqual(bench.run(self.question).status, Status.L7OKD)

    def test_it_asks_for_no_tls(self) -> None:
        self.assertEqual(self.question.secured(), ())
