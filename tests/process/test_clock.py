"""The clock that never goes back."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.clock import steady


class SteadyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.wall, self.passed = 1_700_000_000.0, 50.0
        self.seconds = steady(lambda: self.wall, lambda: self.passed)

    def test_it_begins_with_the_time_of_day(self) -> None:
        self.assertEqual(self.seconds(), 1_700_000_000.0)

    def test_it_goes_on_as_time_passes(self) -> None:
        self.passed += 7
        self.assertEqual(self.seconds(), 1_700_000_007.0)

    def test_a_clock_that_is_set_back_does_not_hold_it(self) -> None:
        self.wall -= 3600
        self.passed += 1
        self.assertEqual(self.seconds(), 1_700_000_001.0)
