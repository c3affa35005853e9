"""Tests for :mod:`exproxy.wire.errors`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError


class WireErrorTests(SynchronousTestCase):
    def test_it_says_where_and_what(self) -> None:
        self.assertEqual(
            str(WireError("the code is not a number", "SMTP reply, line 3")), "SMTP reply, line 3: the code is not a number"
        )

    def test_both_can_be_read(self) -> None:
        error = WireError("what", "where")
        self.assertEqual((error.what, error.where), ("what", "where"))

    def test_two_of_them_are_two(self) -> None:
        """An exception that equals another one would be lost where exceptions are told apart."""
        self.assertNotEqual(WireError("what", "where"), WireError("what", "where"))
