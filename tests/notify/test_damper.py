"""What is told at once, and what together."""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify.damper import GATHER, LONGEST, Damper
from exproxy.notify.news import Story
from tests.notify.stories import news


class DamperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.damper = Damper(60.0, 5, 600.0)
        self.told: list[tuple[float, tuple[Story, ...]]] = []

    def run_until(self, end: float, begin: float = 0.0, every: float = 0.5) -> None:
        now = begin
        while now <= end:
            stories = self.damper.take(now)
            if stories:
                self.told.append((now, stories))
            now += every

    def test_the_first_change_is_told_at_once(self) -> None:
        self.damper.hear(news(), 0.0)
        self.assertEqual(self.damper.take(0.0), ())
        (story,) = self.damper.take(GATHER)
        self.assertEqual((story.last.state, story.count), ("down", 1))

    def test_what_changes_in_the_same_moment_is_one_message(self) -> None:
        for number in range(10):
            self.damper.hear(news(subject=f"b{number}/ex1"), number / 20)
        self.run_until(30.0)
        self.assertEqual([len(stories) for _, stories in self.told], [10])

    def test_what_follows_within_the_window_is_gathered(self) -> None:
        for second in range(0, 59, 2):
            self.damper.hear(news("up" if second % 4 else "down"), float(second))
            self.run_until(second + 1.5, second)
        self.run_until(200.0, 59.0)
        self.assertEqual([(now, stories[0].count) for now, stories in self.told], [(1.0, 1), (61.0, 29)])
        self.assertEqual(self.told[1][1][0].last.state, "up")

    def test_one_that_flaps_all_night_is_told_of_less_and_less(self) -> None:
        for second in range(0, 8 * 3600, 3):
            self.damper.hear(news("up" if second % 2 else "down"), float(second))
            self.run_until(second + 2.5, second)
        self.assertLess(len(self.told), 40)
        self.assertLessEqual(self.told[-1][0] - self.told[-2][0], 60.0 * LONGEST + 3)
        self.assertGreaterEqual(sum(stories[0].count for _, stories in self.told), 9000)

    def test_after_a_quiet_window_it_begins_anew(self) -> None:
        self.damper.hear(news(), 0.0)
        self.run_until(1.0)
        self.damper.hear(news(subject="hub/ex1"), 200.0)
        self.run_until(201.0, 200.0)
        self.damper.hear(news("up"), 300.0)
        self.damper.hear(news("up", subject="hub/ex1"), 300.0)
        self.run_until(360.0, 300.0)
        self.damper.hear(news(), 365.0)
        self.run_until(600.0, 365.0)
        self.assertEqual([now for now, _ in self.told], [1.0, 201.0, 301.0, 366.0])

    def test_another_thing_does_not_wait(self) -> None:
        self.damper.hear(news(), 0.0)
        self.run_until(1.0)
        self.damper.hear(news(subject="hub/ex1"), 5.0)
        self.run_until(6.0, 5.0)
        self.assertEqual([now for now, _ in self.told], [1.0, 6.0])

    def test_of_messages_there_are_only_so_many_and_nothing_is_lost(self) -> None:
        for number in range(100):
            self.damper.hear(news(subject=f"hub/ex{number}"), number * 2.0)
            self.run_until(number * 2.0 + 1.5, number * 2.0)
        self.assertEqual(len(self.told), 4)
        self.run_until(700.0, 200.0)
        self.assertEqual(sum(len(stories) for _, stories in self.told), 100)
        self.assertEqual((len(self.told), self.told[-1][0]), (5, 601.0))

    def test_a_back_end_without_servers_does_not_wait_because_servers_flapped(self) -> None:
        for number in range(100):
            self.damper.hear(news(subject=f"hub/ex{number}"), number * 2.0)
            self.run_until(number * 2.0 + 1.5, number * 2.0)
        for number in range(3):
            self.damper.hear(evolve(news(subject=f"back end {number}"), kind="backend"), 200.0 + number * 10.0)
        self.run_until(300.0, 200.0)
        # with all that had to wait, and a second time there is none left to be kept
        self.assertEqual([(now, len(stories)) for now, stories in self.told[4:]], [(201.0, 97)])
        self.run_until(700.0, 300.0)
        self.assertEqual([len(stories) for _, stories in self.told[5:]], [2])

    def test_at_the_end_there_is_the_rest(self) -> None:
        self.assertEqual(self.damper.rest(), ())
        self.damper.hear(news(), 10.0)
        self.assertEqual([story.last for story in self.damper.rest()], [news()])
        self.run_until(100.0)
        self.assertEqual((self.told, self.damper.rest()), ([], ()))

    def test_memory_is_that_of_the_subjects(self) -> None:
        for number in range(50):
            self.damper.hear(news(subject=f"hub/ex{number}"), 0.0)
        self.run_until(2.0)
        self.damper.hear(news(), 5000.0)
        self.run_until(5001.0, 5000.0)
        self.assertEqual(len(self.damper._quiet), 1)
