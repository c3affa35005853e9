"""Quotas: never more than the limit, whatever comes; and nobody waits while there is something."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.quota import Ledger


class Workers:
    """Processes that keep to what they were told, with messages that arrive late."""

    def __init__(self, total: int, count: int) -> None:
        self.ledger = Ledger(total, count)
        self.quota: dict[int, int] = {}
        self.used: dict[int, int] = {}
        self.mail: list[tuple[int, int, bool]] = []
        self.answers: list[tuple[int, int, int]] = []

    def join(self, number: int) -> None:
        if number not in self.quota:
            self.quota[number] = self.used[number] = 0
            self.ledger.join(number)

    def die(self, number: int) -> None:
        if number in self.quota:
            del self.quota[number], self.used[number]
            self.mail = [letter for letter in self.mail if letter[0] != number]
            self.answers = [letter for letter in self.answers if letter[0] != number]
            self.ledger.leave(number)

    def begin(self, number: int) -> None:
        if number in self.quota and self.used[number] < self.quota[number]:
            self.used[number] += 1

    def end(self, number: int) -> None:
        if self.used.get(number):
            self.used[number] -= 1

    def report(self, number: int, wanted: int) -> None:
        if number in self.quota:
            self.ledger.report(number, self.used[number], wanted)

    def share_out(self) -> None:
        for number, quota in self.ledger.changes().items():
            self.mail.append((number, quota, self.ledger.shares[number].lowering))

    def deliver(self) -> None:
        if self.mail:
            number, quota, lower = self.mail.pop(0)
            self.quota[number] = quota
            if lower:
                self.answers.append((number, quota, self.used[number]))

    def answer(self) -> None:
        if self.answers:
            self.ledger.lowered(*self.answers.pop(0))

    def settle(self, wanted: dict[int, int]) -> None:
        for _ in range(10):
            for number in self.quota:
                self.report(number, wanted.get(number, 0))
            self.share_out()
            while self.mail or self.answers:
                self.deliver()
                self.answer()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "die", "begin", "begin", "begin", "end", "report", "share out", "deliver", "answer"]),
        st.integers(0, 2),
        st.integers(0, 5),
    ),
    max_size=120,
)


class LedgerTests(SynchronousTestCase):
    @given(st.integers(1, 12), STEPS)
    def test_sessions_and_quotas_never_exceed_the_limit(self, total: int, steps: list[tuple[str, int, int]]) -> None:
        workers = Workers(total, 3)
        for step, number, wanted in steps:
            match step:
                case "join":
                    workers.join(number)
                case "die":
                    workers.die(number)
                case "begin":
                    workers.begin(number)
                case "end":
                    workers.end(number)
                case "report":
                    workers.report(number, wanted)
                case "share out":
                    workers.share_out()
                case "deliver":
                    workers.deliver()
                case _:
                    workers.answer()
            held = sum(max(workers.quota[worker], workers.used[worker]) for worker in workers.quota)
            self.assertLessEqual(held, total)
            self.assertGreaterEqual(workers.ledger.free, 0)
        workers.settle({})
        believed = {number: share.quota for number, share in workers.ledger.shares.items()}
        self.assertEqual(believed, workers.quota)

    def test_at_first_all_have_equal_parts(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.join(1)
        workers.settle({})
        self.assertEqual(workers.quota, {0: 5, 1: 5})

    def test_one_that_is_alone_leaves_something_for_the_others(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.settle({})
        self.assertLessEqual(workers.quota[0], 6)

    def test_a_limit_that_cannot_be_shared_is_somebodys(self) -> None:
        workers = Workers(1, 2)
        workers.join(0)
        workers.join(1)
        workers.settle({})
        self.assertEqual(sorted(workers.quota.values()), [0, 1])
        workers.settle({1: 1})
        self.assertEqual(workers.quota, {0: 0, 1: 1})

    def test_what_another_does_not_use_goes_to_whom_sessions_wait_for(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.join(1)
        workers.settle({})
        for _ in range(5):
            workers.begin(0)
        workers.settle({0: 20})
        self.assertEqual(workers.quota, {0: 10, 1: 0})

    def test_when_all_want_more_than_there_is_all_get_the_same(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.settle({0: 20})
        for _ in range(10):
            workers.begin(0)
        workers.join(1)
        workers.settle({0: 20, 1: 20})
        self.assertEqual(workers.quota, {0: 5, 1: 0})
        for _ in range(5):
            workers.end(0)
        workers.settle({0: 20, 1: 20})
        self.assertEqual(workers.quota, {0: 5, 1: 5})

    def test_nobody_is_asked_for_anything_while_nobody_waits(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.join(1)
        workers.settle({})
        for _ in range(5):
            workers.begin(0)
        workers.report(0, 0)
        self.assertEqual(workers.ledger.changes(), {})

    def test_who_dies_has_given_back_all(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.settle({0: 20})
        workers.die(0)
        self.assertEqual(workers.ledger.free, 10)

    def test_a_smaller_limit_is_asked_back(self) -> None:
        workers = Workers(10, 2)
        workers.join(0)
        workers.join(1)
        workers.settle({})
        workers.ledger.total = 4
        workers.settle({})
        self.assertEqual(workers.quota, {0: 2, 1: 2})
