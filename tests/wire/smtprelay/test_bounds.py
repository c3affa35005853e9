"""Tests for :mod:`exproxy.wire.smtprelay.bounds`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.smtprelay.bounds import AUTH, COMMAND, HELD, OUTSTANDING, REPLY, SLOT


class BoundsTests(SynchronousTestCase):
    def test_a_session_holds_no_more_than_64_kilobytes(self) -> None:
        self.assertLessEqual(HELD + REPLY + OUTSTANDING * SLOT, 65_536)

    def test_the_longest_line_may_be_held(self) -> None:
        self.assertLess(COMMAND, AUTH)
        self.assertLess(AUTH, HELD)
