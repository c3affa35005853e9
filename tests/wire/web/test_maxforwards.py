"""Tests for :mod:`exproxy.wire.web.maxforwards`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.maxforwards import pass_on
from tests.wire.web.heads import request


class MaxForwardsTests(SynchronousTestCase):
    def test_it_is_counted_down(self) -> None:
        for method in ("OPTIONS", "TRACE"):
            head = request("MAX-Forwards:  10", start=f"{method} / HTTP/1.1")
            self.assertTrue(pass_on(head))
            self.assertIn(b"MAX-Forwards: 9", head.lines)

    def test_at_nothing_the_request_ends_here(self) -> None:
        for method in ("OPTIONS", "TRACE"):
            self.assertFalse(pass_on(request("Max-Forwards: 0", start=f"{method} / HTTP/1.1")))

    def test_it_says_nothing_with_other_methods_or_when_it_is_no_number(self) -> None:
        for method, line in (
            ("GET", "Max-Forwards: 0"),
            ("TRACE", "Max-Forwards: x"),
            ("OPTIONS", "X: 0"),
            ("TRACE", "Max-Forwards: " + 40 * "9"),
        ):
            head = request(line, start=f"{method} / HTTP/1.1")
            self.assertTrue(pass_on(head))
            self.assertIn(line.encode(), head.lines)
