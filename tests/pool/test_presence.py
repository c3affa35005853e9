"""How many are there at once."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.presence import Presence

A, B = b"a", b"b"


class PresenceTests(SynchronousTestCase):
    def test_so_many_may_be_there_and_the_next_when_one_has_gone(self) -> None:
        presence = Presence(2)
        self.assertEqual([presence.enter(A) for _ in range(3)], [True, True, False])
        presence.leave(A)
        self.assertTrue(presence.enter(A))

    def test_one_source_takes_nothing_from_another(self) -> None:
        presence = Presence(1)
        presence.enter(A)
        self.assertTrue(presence.enter(B))

    def test_who_has_gone_needs_no_memory(self) -> None:
        presence = Presence(2)
        for number in range(100):
            presence.enter(b"%d" % number)
        for number in range(100):
            presence.leave(b"%d" % number)
        self.assertEqual(len(presence), 0)

    def test_those_elsewhere_count_until_they_have_gone(self) -> None:
        presence = Presence(3)
        presence.elsewhere(A, 2, 0.0)
        self.assertEqual([presence.enter(A) for _ in range(2)], [True, False])
        presence.elsewhere(A, -2, 0.0)
        self.assertTrue(presence.enter(A))
        self.assertEqual(len(presence), 1)

    def test_others_are_told_what_has_changed_and_nothing_where_it_evens_out(self) -> None:
        presence = Presence(9)
        presence.share()
        presence.enter(A)
        presence.enter(A)
        presence.enter(B)
        presence.leave(B)
        self.assertEqual(presence.changes(), [(A, 2)])
        presence.leave(A)
        self.assertEqual(presence.changes(), [(A, -1)])
        self.assertEqual(presence.changes(), ())
