"""Tests for :mod:`exproxy.wire.web.limits`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.limits import LONGEST_METHOD, Limits


class LimitsTests(SynchronousTestCase):
    def test_the_longest_good_line_fits(self) -> None:
        limits = Limits(target=100)
        self.assertEqual(len(b"M" * LONGEST_METHOD + b" " + b"/" * 100 + b" HTTP/1.1\r\n"), limits.line)

    def test_a_line_is_not_longer_than_the_head(self) -> None:
        self.assertEqual(Limits(head=50, target=100).line, 50)
