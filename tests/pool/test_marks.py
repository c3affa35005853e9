"""What has been seen lately."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.marks import Marks

A = b"a"


class MarksTests(SynchronousTestCase):
    def test_what_was_seen_is_known_for_its_time(self) -> None:
        marks = Marks(100.0, 10)
        marks.set(A, 5.0)
        self.assertEqual([marks.has(A, now) for now in (5.0, 104.9, 105.0)], [True, True, False])
        self.assertFalse(marks.has(b"b", 5.0))

    def test_seen_again_it_is_known_for_longer(self) -> None:
        marks = Marks(100.0, 10)
        marks.set(A, 5.0)
        marks.set(A, 50.0)
        self.assertTrue(marks.has(A, 149.0))

    def test_so_many_are_kept_the_last_ones(self) -> None:
        marks = Marks(100.0, 2)
        for number, key in enumerate((b"1", b"2", b"1", b"3")):
            marks.set(key, 10.0 * number)
        self.assertEqual(len(marks), 2)
        self.assertEqual([marks.has(key, 40.0) for key in (b"1", b"2", b"3")], [True, False, True])

    def test_others_are_told_what_is_new_and_not_each_time(self) -> None:
        marks = Marks(100.0, 2)
        marks.share()
        marks.set(A, 0.0)
        self.assertEqual(marks.changes(), [(A, 1)])
        marks.set(A, 0.5)
        self.assertEqual(marks.changes(), ())
        other = Marks(100.0, 2)
        other.share()
        other.elsewhere(A, 1, 0.0)
        self.assertTrue(other.has(A, 1.0))
        self.assertEqual(other.changes(), ())
