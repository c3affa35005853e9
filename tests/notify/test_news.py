"""What became of a thing, told truthfully."""

import re

from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify.news import REMEMBERED, Story, clock, stamp
from tests.notify.stories import AT, news


class StoryTests(SynchronousTestCase):
    def test_one_change_is_told_as_in_the_log(self) -> None:
        self.assertEqual(Story.of(news()).text(), "hub/ex2 is down: SMTP said 421; 1 of 2 servers of hub left")

    def test_several_are_what_is_so_now_since_when_and_how_many(self) -> None:
        story = Story.of(news("down"))
        for number, state in enumerate(("up", "down", "up", "down", "up", "down"), 1):
            story = story.then(Story.of(news(state, AT + 10 * number)))
        self.assertEqual(story.text(), f"hub/ex2: down since {clock(AT + 60)}, 7 changes in 60 s: SMTP said 421")
        self.assertEqual((story.last.state, story.began, story.key), ("down", AT, ("server", "hub/ex2")))

    def test_many_changes_are_counted_and_only_the_latest_kept(self) -> None:
        story = Story.of(news())
        for number in range(1000):
            story = story.then(Story.of(news("up", AT + number)))
        self.assertEqual((story.count, len(story.changes), story.last.at), (1001, REMEMBERED, AT + 999))

    def test_times_say_where_they_are_of(self) -> None:
        self.assertTrue(re.fullmatch(r"\d\d:\d\d:\d\d", clock(AT)))
        self.assertTrue(re.fullmatch(r"2023-11-1\dT\d\d:\d\d:20[+-]\d\d:\d\d", stamp(AT)))
