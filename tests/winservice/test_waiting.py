"""How long a service is waited for."""

from collections.abc import Iterable

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.status import RUNNING, START_PENDING, STOP_PENDING, STOPPED
from exproxy.winservice.waiting import Seen, wait


class WaitTests(SynchronousTestCase):
    def wait(self, wanted: int, seen: Iterable[Seen]) -> tuple[Seen, float]:
        """What was seen last, and after how long; the last of ``seen`` is seen for ever."""
        states = list(seen)
        clock = Clock()
        last = wait(wanted, lambda: states.pop(0) if len(states) > 1 else states[0], clock.advance, clock.seconds)
        return last, clock.seconds()

    def test_it_is_over_when_it_is_there(self) -> None:
        self.assertEqual(self.wait(RUNNING, [Seen(RUNNING)]), (Seen(RUNNING), 0.0))

    def test_or_when_it_has_ended_instead(self) -> None:
        last, _ = self.wait(RUNNING, [Seen(START_PENDING, hint=60), Seen(STOPPED, 1)])
        self.assertEqual(last, Seen(STOPPED, 1))

    def test_signs_of_life_are_waited_for_as_long_as_they_come(self) -> None:
        alive = [Seen(STOP_PENDING, point=point, hint=15) for point in range(1000)]
        last, seconds = self.wait(STOPPED, [*alive, Seen(STOPPED)])
        self.assertEqual(last.state, STOPPED)
        self.assertGreater(seconds, 1000)

    def test_without_any_it_is_given_up_after_the_time_that_it_has_asked_for(self) -> None:
        last, seconds = self.wait(STOPPED, [Seen(STOP_PENDING, point=7, hint=15)])
        self.assertEqual(last.state, STOP_PENDING)
        self.assertAlmostEqual(seconds, 16.5, delta=1.5)

    def test_one_that_asks_for_no_time_has_ten_seconds(self) -> None:
        _, seconds = self.wait(STOPPED, [Seen(STOP_PENDING)])
        self.assertAlmostEqual(seconds, 10.2, delta=0.3)
