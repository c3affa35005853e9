"""How often something happened lately."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.rates import Rates, seconds_to_wait

A, B = b"a", b"b"
START = 1_000.0


class RatesTests(SynchronousTestCase):
    def test_so_many_are_allowed_at_once_and_one_more_is_not(self) -> None:
        rates = Rates(3, 10.0)
        self.assertEqual([rates.take(A, START) for _ in range(3)], [0.0] * 3)
        self.assertGreater(rates.take(A, START), 0.0)

    def test_each_key_has_its_own(self) -> None:
        rates = Rates(1, 10.0)
        rates.take(A, START)
        self.assertEqual(rates.take(B, START), 0.0)

    def test_after_the_time_that_was_told_one_is_allowed_and_not_before(self) -> None:
        for at in (START, START + 3.7, START + 9.9):
            rates = Rates(4, 10.0)
            for _ in range(4):
                rates.take(A, at)
            wait = rates.take(A, at)
            self.assertGreater(rates.take(A, at + wait - 0.01), 0.0)
            self.assertEqual(rates.take(A, at + wait + 0.001), 0.0)

    def test_what_is_refused_is_not_counted(self) -> None:
        rates = Rates(2, 10.0)
        for _ in range(100):
            rates.take(A, START)
        self.assertEqual(rates.take(A, START + 20.0), 0.0)

    def test_after_two_quiet_periods_all_is_forgotten(self) -> None:
        rates = Rates(2, 10.0)
        for _ in range(2):
            rates.take(A, START)
        self.assertEqual([rates.take(A, START + 20.0) for _ in range(2)], [0.0] * 2)

    @given(st.lists(st.floats(0.0, 3.0), max_size=120))
    def test_however_they_come_never_more_than_the_limit_go_through_by_much(self, gaps: list[float]) -> None:
        rates, now, taken = Rates(10, 10.0), START, []
        for gap in gaps:
            now += gap
            if not rates.take(A, now):
                taken.append(now)
        for first in taken:
            within = sum(first <= one < first + 10.0 for one in taken)
            self.assertLessEqual(within, 20)
        self.assertLessEqual(len(taken), 10 * ((now - START) / 10.0 + 2))

    def test_what_is_added_counts_though_nobody_allowed_it(self) -> None:
        rates = Rates(2, 10.0)
        for _ in range(5):
            rates.add(A, START)
        self.assertGreater(rates.wait(A, START), 0.0)

    def test_asking_counts_nothing(self) -> None:
        rates = Rates(1, 10.0)
        self.assertEqual([rates.wait(A, START) for _ in range(3)], [0.0] * 3)
        self.assertEqual(len(rates), 0)

    def test_more_than_is_ever_allowed_waits_a_period(self) -> None:
        self.assertEqual(Rates(2, 10.0).wait(A, START, 3), 10.0)
        rates = Rates(2, 10.0)
        rates.add(A, START)
        self.assertEqual(rates.wait(A, START, 3), 10.0)

    def test_a_full_table_forgets_who_was_quiet_for_the_longest(self) -> None:
        rates = Rates(1, 1000.0, size=3)
        for number in range(3):
            rates.take(b"%d" % number, START)
        rates.take(b"0", START + 1)  # refused, and yet it was there
        for number in range(3, 5):
            rates.take(b"%d" % number, START + 2)
        self.assertEqual(len(rates), 3)
        self.assertGreater(rates.wait(b"0", START + 3), 0.0)
        self.assertEqual(rates.wait(b"1", START + 3), 0.0)

    def test_who_is_new_makes_those_go_who_are_of_no_more_use(self) -> None:
        rates = Rates(1, 10.0)
        for number in range(100):
            rates.take(b"%d" % number, START)
        for number in range(60):
            rates.take(b"new %d" % number, START + 30.0)
        self.assertEqual(len(rates), 60)

    def test_what_others_have_counted_counts_here_and_is_not_told_again(self) -> None:
        one, two = Rates(3, 10.0), Rates(3, 10.0)
        one.share()
        two.share()
        one.take(A, START)
        one.take(A, START)
        for key, count in one.changes():
            two.elsewhere(key, count, START)
        self.assertEqual(two.take(A, START), 0.0)
        self.assertGreater(two.take(A, START), 0.0)
        self.assertEqual((list(one.changes()), list(two.changes())), ([], [(A, 1)]))

    def test_alone_nothing_is_kept_for_others(self) -> None:
        rates = Rates(3, 10.0)
        rates.take(A, START)
        self.assertEqual(rates.changes(), ())

    def test_limits_that_allow_nothing_are_errors(self) -> None:
        for count, seconds, size in ((0, 1.0, 1), (1, 0.0, 1), (1, 1.0, 0)):
            self.assertRaises(ValueError, Rates, count, seconds, size)

    def test_waiting_is_told_in_whole_seconds_that_suffice(self) -> None:
        self.assertEqual([seconds_to_wait(wait) for wait in (0.01, 1.0, 1.2)], [1, 1, 2])
