"""Connections that clients keep between their requests, and how many there may be."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.kept import Kept


@attrs.define(eq=False)
class One:
    kept: Kept
    retired: bool = False

    def retire(self) -> None:
        self.retired = True


class KeptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kept = Kept(4)

    def rests(self, count: int, sessions: int = 1) -> list[One]:
        made = [One(self.kept) for _ in range(count)]
        for one in made:
            self.kept.opened(sessions)
            self.kept.rest(one)
        return made

    def test_what_free_sessions_leave_over_is_kept(self) -> None:
        self.kept.clients = 1
        self.assertFalse(any(one.retired for one in self.rests(1 + 2 * 3)))

    def test_one_more_ends_the_one_that_was_not_used_for_the_longest(self) -> None:
        self.kept.clients = 1
        made = self.rests(7)
        self.kept.use(made[0])
        self.kept.rest(made[0])
        self.kept.opened(1)
        self.assertEqual([one.retired for one in made], [False, True] + [False] * 5)
        self.assertEqual(self.kept.ended, 1)

    def test_who_is_in_use_is_not_ended(self) -> None:
        made = self.rests(2)
        for one in made:
            self.kept.use(one)
        self.kept.make_room(sessions=4)
        self.assertFalse(any(one.retired for one in made))

    def test_a_new_session_takes_the_room_of_two(self) -> None:
        self.kept.clients = 1
        made = self.rests(7)
        self.kept.make_room(sessions=2)
        self.assertEqual(sum(one.retired for one in made), 2)

    def test_who_is_on_the_way_out_is_not_ended_in_place_of_another(self) -> None:
        self.kept.clients = 1
        made = self.rests(7)
        for _ in range(3):
            self.kept.make_room(sessions=2)
        self.assertEqual(sum(one.retired for one in made), 2)
        for one in made[:2]:
            self.kept.closed(one)
        self.kept.make_room(sessions=2)
        self.assertEqual(sum(one.retired for one in made), 2)

    def test_one_that_is_over_leaves_room(self) -> None:
        self.kept.clients = 1
        made = self.rests(7)
        self.kept.closed(made[0])
        self.kept.opened(1)
        self.assertFalse(any(one.retired for one in made))
