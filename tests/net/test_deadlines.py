"""Deadlines: one timer, lazy owners."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.deadlines import RESOLUTION, Deadlines


class Owner:
    """Notes when it was asked, and may set another deadline at once."""

    def __init__(self, deadlines: Deadlines, again: float = 0.0) -> None:
        self.deadline_tick = 0
        self.asked: list[float] = []
        self._deadlines = deadlines
        self._again = again

    def deadline_due(self, now: float) -> None:
        self.asked.append(now)
        if self._again:
            self._deadlines.set(self, now + self._again)


class DeadlineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)

    def test_an_owner_is_asked_once_never_early_and_within_the_resolution(self) -> None:
        owner = Owner(self.deadlines)
        self.deadlines.set(owner, 5.03)
        self.clock.pump([0.01] * 600)
        self.assertEqual(len(owner.asked), 1)
        self.assertTrue(5.03 <= owner.asked[0] <= 5.03 + RESOLUTION + 0.011)

    def test_a_cleared_deadline_is_forgotten_and_nothing_is_kept_of_its_owner(self) -> None:
        owner = Owner(self.deadlines)
        self.deadlines.set(owner, 5)
        self.deadlines.clear(owner)
        self.clock.advance(10)
        self.assertEqual(owner.asked, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_later_deadline_replaces_the_earlier_one(self) -> None:
        owner = Owner(self.deadlines)
        self.deadlines.set(owner, 1)
        self.deadlines.set(owner, 3)
        self.clock.pump([0.5] * 4)
        self.assertEqual(owner.asked, [])
        self.clock.pump([0.5] * 3)
        self.assertEqual(len(owner.asked), 1)

    def test_an_earlier_deadline_replaces_the_later_one(self) -> None:
        owner = Owner(self.deadlines)
        self.deadlines.set(owner, 30)
        self.deadlines.set(owner, 1)
        self.clock.pump([0.1] * 15)
        self.assertEqual(len(owner.asked), 1)
        self.clock.advance(40)
        self.assertEqual(len(owner.asked), 1)

    def test_an_owner_that_asks_for_now_again_does_not_hold_the_reactor(self) -> None:
        owner = Owner(self.deadlines, again=1e-6)
        self.deadlines.set(owner, 1)
        self.clock.advance(1)
        self.assertEqual(len(owner.asked), 1)
        self.clock.advance(RESOLUTION)
        self.assertEqual(len(owner.asked), 2)

    def test_an_owner_may_clear_another_of_the_same_moment(self) -> None:
        class Killer(Owner):
            victim: Owner

            def deadline_due(self, now: float) -> None:
                super().deadline_due(now)
                self._deadlines.clear(self.victim)

        one, two = Killer(self.deadlines), Killer(self.deadlines)
        one.victim, two.victim = two, one
        self.deadlines.set(one, 1)
        self.deadlines.set(two, 1)
        self.clock.advance(2)
        self.assertEqual(len(one.asked) + len(two.asked), 1)

    def test_thousands_of_owners_share_one_timer(self) -> None:
        owners = [Owner(self.deadlines) for _ in range(20_000)]
        for index, owner in enumerate(owners):
            self.deadlines.set(owner, 1 + index / 10_000)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.pump([0.1] * 40)
        self.assertTrue(all(len(owner.asked) == 1 for owner in owners))

    def test_an_owner_that_raises_keeps_nobody_else_waiting(self) -> None:
        class Bad(Owner):
            def deadline_due(self, now: float) -> None:
                raise ZeroDivisionError

        owners = [Owner(self.deadlines) for _ in range(8)]
        for index, owner in enumerate([Bad(self.deadlines), *owners, Bad(self.deadlines)]):
            self.deadlines.set(owner, 1 if index % 2 else 2)
        self.clock.pump([0.5] * 5)
        self.assertEqual([len(owner.asked) for owner in owners], [1] * 8)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_what_was_cleared_long_before_its_time_takes_no_memory(self) -> None:
        stays = Owner(self.deadlines)
        self.deadlines.set(stays, 86_400)
        for index in range(20_000):
            owner = Owner(self.deadlines)
            self.deadlines.set(owner, 86_400 + index)
            self.deadlines.clear(owner)
        self.assertLess(len(self.deadlines._buckets), 3_000)
        self.assertLess(len(self.deadlines._ticks), 3_000)
        self.clock.advance(86_401)
        self.assertEqual(len(stays.asked), 1)

    def test_memory_is_swept_while_deadlines_fire(self) -> None:
        class Setter(Owner):
            def deadline_due(self, now: float) -> None:
                super().deadline_due(now)
                for index in range(5_000):
                    owner = Owner(self._deadlines)
                    self._deadlines.set(owner, now + 10 + index)
                    self._deadlines.clear(owner)

        owners = [Setter(self.deadlines) for _ in range(3)]
        for owner in owners:
            self.deadlines.set(owner, 1)
        later = Owner(self.deadlines)
        self.deadlines.set(later, 5)
        self.clock.pump([1] * 6)
        self.assertEqual([len(owner.asked) for owner in [*owners, later]], [1, 1, 1, 1])

    def test_stopped_it_wakes_nobody(self) -> None:
        owner = Owner(self.deadlines)
        self.deadlines.set(owner, 1)
        self.deadlines.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
