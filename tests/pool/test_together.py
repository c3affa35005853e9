"""What is told to other processes."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.together import Fresh


class FreshTests(SynchronousTestCase):
    def test_nothing_is_kept_before_anybody_wants_to_be_told(self) -> None:
        fresh = Fresh()
        fresh.add(b"a", 1)
        fresh.share()
        self.assertEqual(fresh.changes(), ())

    def test_what_was_counted_is_told_once_and_in_one(self) -> None:
        fresh = Fresh()
        fresh.share()
        for key, count in ((b"a", 1), (b"b", 1), (b"a", 2), (b"b", -1)):
            fresh.add(key, count)
        self.assertEqual((fresh.changes(), fresh.changes()), ([(b"a", 3)], ()))
