"""One thing now and then."""

from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.repeater import FIRST, JITTER, SHORTEST, Repeater


class RepeaterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.began: list[float] = []
        self.interval = 10.0
        self.takes = 0.0
        self.repeater = Repeater(self.clock, Random(1), self.begin, lambda: self.interval)

    def begin(self) -> None:
        self.began.append(self.clock.seconds())
        self.clock.callLater(self.takes, self.repeater.finished)

    def advance(self, seconds: float) -> None:
        for _step in range(round(seconds * 100)):
            self.clock.advance(0.01)

    def test_first_turns_are_spread_over_a_second(self) -> None:
        for phase in (0.0, 0.5, 0.9):
            clock, began = Clock(), []
            repeater = Repeater(clock, Random(1), lambda began=began, clock=clock: began.append(clock.seconds()), lambda: 10.0)  # type: ignore[misc]  # bound
            repeater.start(phase)
            for _step in range(101):
                clock.advance(0.01)
            self.assertApproximates(began[0], phase * FIRST, 0.011)

    def test_second_turns_are_spread_over_the_interval(self) -> None:
        self.repeater.start(0.0)
        self.advance(6)
        self.assertApproximates(self.began[1] - self.began[0], 5.0, 5 * JITTER + 0.02)

    def test_later_turns_come_at_the_interval_and_a_little_beside_it(self) -> None:
        self.repeater.start(0.5)
        self.advance(60)
        gaps = [later - earlier for earlier, later in zip(self.began[1:], self.began[2:], strict=False)]
        self.assertEqual(len(gaps), 4)
        for gap in gaps:
            self.assertApproximates(gap, 10.0, 10 * JITTER + 0.02)
        self.assertGreater(len(set(gaps)), 1)

    def test_the_interval_counts_from_the_start_of_a_turn(self) -> None:
        self.takes = 4.0
        self.repeater.start(0.5)
        self.advance(25)
        self.assertApproximates(self.began[1] - self.began[0], 10.0, 10 * JITTER + 0.02)

    def test_a_turn_never_begins_before_the_one_before_is_over(self) -> None:
        self.takes, self.interval = 3.0, 1.0
        self.repeater.start(0.0)
        self.advance(10)
        for earlier, later in zip(self.began, self.began[1:], strict=False):
            self.assertGreaterEqual(later - earlier, 3.0 + SHORTEST - 0.011)

    def test_a_changed_interval_holds_from_the_next_turn_on(self) -> None:
        self.repeater.start(0.5)
        self.advance(1)
        self.interval = 1.0
        self.advance(15)
        self.assertGreater(len(self.began), 4)

    def test_a_turn_that_came_to_nothing_is_tried_again_soon(self) -> None:
        began: list[float] = []

        def begin() -> None:
            began.append(self.clock.seconds())
            self.repeater.again(0.25)

        self.repeater.begin = begin
        self.repeater.start(0.0)
        self.advance(1)
        self.assertGreaterEqual(len(began), 4)

    def test_after_stop_nothing_is_due(self) -> None:
        self.repeater.start(0.0)
        self.advance(1)
        self.repeater.stop()
        self.repeater.finished()
        self.repeater.again(1.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_turn_can_be_hastened_up_to_a_pause_after_the_last_one(self) -> None:
        self.repeater.start(0.0)
        self.advance(0.5)
        self.repeater.hasten(2.0)
        self.repeater.hasten(3.0)
        self.advance(3)
        self.repeater.hasten(2.0)
        self.advance(0.6)
        self.assertApproximates(self.began[1], 2.0, 0.02)
        self.assertApproximates(self.began[2], 4.0, 0.02)

    def test_the_first_turn_can_be_hastened_too(self) -> None:
        self.repeater.start(0.9)
        self.repeater.hasten(60.0)
        self.advance(0.01)
        self.assertEqual(len(self.began), 1)

    def test_a_turn_that_is_under_way_is_not_begun_again(self) -> None:
        self.takes = 5.0
        self.repeater.start(0.0)
        self.advance(1)
        self.assertTrue(self.repeater.under_way)
        self.repeater.hasten(0.0)
        self.repeater.put_off(1.0)
        self.advance(1)
        self.assertEqual(len(self.began), 1)

    def test_a_turn_can_be_put_off(self) -> None:
        self.repeater.start(0.0)
        self.advance(1)
        self.repeater.put_off(30.0)
        self.advance(29)
        self.assertEqual(len(self.began), 1)
        self.advance(2)
        self.assertEqual(len(self.began), 2)

    def test_stopped_nothing_hastens_it(self) -> None:
        self.repeater.start(0.0)
        self.advance(1)
        self.repeater.stop()
        self.repeater.hasten(0.0)
        self.repeater.put_off(0.0)
        self.advance(20)
        self.assertEqual((len(self.began), self.repeater.under_way), (1, False))
