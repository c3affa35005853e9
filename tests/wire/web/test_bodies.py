"""Tests for :mod:`exproxy.wire.web.bodies`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.bodies import End, LengthBody, NoBody, UntilClose


class NoBodyTests(SynchronousTestCase):
    def test_it_is_over_and_takes_nothing(self) -> None:
        body = NoBody()
        self.assertEqual((body.over, body.left, body.take(b"next"), body.closed()), (True, 0, 0, End.WHOLE))


class LengthBodyTests(SynchronousTestCase):
    def test_it_takes_no_more_than_its_length(self) -> None:
        body = LengthBody(5)
        self.assertEqual((body.take(b"abc"), body.left, body.over), (3, 2, False))
        self.assertEqual((body.take(b"denext"), body.left, body.over), (2, 0, True))
        self.assertEqual(body.take(b"next"), 0)

    def test_a_close_before_its_end_cuts_it(self) -> None:
        body = LengthBody(5)
        body.take(b"abcd")
        self.assertIs(body.closed(), End.CUT)
        body.take(b"e")
        self.assertIs(body.closed(), End.WHOLE)

    def test_octets_may_go_by_unseen(self) -> None:
        body = LengthBody(1 << 30)
        body.skip((1 << 30) - 1)
        self.assertEqual((body.left, body.over), (1, False))
        body.skip(1)
        self.assertTrue(body.over)

    def test_no_more_octets_go_by_than_are_left(self) -> None:
        for count in (6, -1):
            self.assertRaises(ValueError, LengthBody(5).skip, count)


class UntilCloseTests(SynchronousTestCase):
    def test_it_takes_all_until_the_close(self) -> None:
        body = UntilClose()
        self.assertEqual((body.take(b"abc"), body.over, body.left), (3, False, None))
        self.assertEqual((body.closed(), body.over), (End.WHOLE, True))
