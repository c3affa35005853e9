from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.rates import Rates


class RatesTests(SynchronousTestCase):
    def test_what_came_between_two_looks_is_the_rate_and_the_most_is_kept(self) -> None:
        rates = Rates()
        for at, total in ((0.0, 100), (2.0, 120), (3.0, 125)):
            rates.sample({"a": total}, at)
        self.assertEqual((rates.rate("a"), rates.most("a")), (5.0, 10.0))

    def test_what_is_new_has_none_yet(self) -> None:
        rates = Rates()
        rates.sample({}, 0.0)
        rates.sample({"a": 1000}, 1.0)
        self.assertEqual((rates.rate("a"), rates.rate("b"), rates.most("b")), (0.0, 0.0, 0.0))

    def test_a_total_that_falls_back_is_no_rate_below_nothing(self) -> None:
        rates = Rates()
        rates.sample({"a": 10}, 0.0)
        rates.sample({"a": 5}, 1.0)
        self.assertEqual(rates.rate("a"), 0.0)

    def test_a_clock_that_stands_still_is_no_infinite_rate(self) -> None:
        rates = Rates()
        rates.sample({"a": 1}, 1.0)
        rates.sample({"a": 5}, 1.0)
        self.assertEqual(rates.rate("a"), 0.0)
