"""All sessions have their turn, and none too many at once."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.site.tallying import A_ROUND, Tallying


class FakeSession:
    def __init__(self) -> None:
        self.tallied = 0

    def tally(self) -> None:
        self.tallied += 1


class TallyingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sessions: list[Any] = []
        self.tallying = Tallying(lambda: self.sessions)

    def counts(self) -> list[int]:
        return [session.tallied for session in self.sessions]

    def test_few_have_it_in_each_round(self) -> None:
        self.sessions = [FakeSession(), FakeSession()]
        for number in (1, 2, 3):
            self.tallying.round()
            self.assertEqual(self.counts(), [number, number])

    def test_of_many_each_has_it_once_before_one_has_it_twice(self) -> None:
        self.sessions = [FakeSession() for _ in range(2 * A_ROUND + 1)]
        for tallied in (A_ROUND, 2 * A_ROUND, 2 * A_ROUND + 1):
            self.tallying.round()
            self.assertEqual((sum(self.counts()), max(self.counts())), (tallied, 1))
        self.tallying.round()
        self.assertEqual((sum(self.counts()), max(self.counts())), (3 * A_ROUND + 1, 2))

    def test_those_who_came_meanwhile_have_it_in_the_next_turn(self) -> None:
        self.sessions = [FakeSession() for _ in range(A_ROUND + 1)]
        self.tallying.round()
        self.sessions.append(FakeSession())
        self.tallying.round()
        self.assertEqual(self.sessions[-1].tallied, 0)
        self.tallying.round()
        self.tallying.round()
        self.assertEqual(self.sessions[-1].tallied, 1)
