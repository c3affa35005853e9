"""What is made of the seconds that answers took."""

from twisted.trial.unittest import SynchronousTestCase

from bench.latency import percentile


class PercentileTests(SynchronousTestCase):
    def test_half_of_the_values_are_below_the_median(self) -> None:
        self.assertEqual(percentile([float(each) for each in range(100)], 0.50), 50.0)

    def test_one_of_a_hundred_is_above_the_99th(self) -> None:
        self.assertEqual(percentile([float(each) for each in range(1000)], 0.99), 990.0)

    def test_a_single_value_is_every_percentile(self) -> None:
        self.assertEqual(percentile([3.0], 0.99), 3.0)
