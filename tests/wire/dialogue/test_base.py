"""Tests for :mod:`exproxy.wire.dialogue.base`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Status


class StatusTests(SynchronousTestCase):
    def test_these_pass(self) -> None:
        passed = {status for status in Status if status.passed}
        self.assertEqual(passed, {Status.L4OK, Status.L6OK, Status.L7OKD, Status.L7OKC})

    def test_each_is_called_as_in_haproxy(self) -> None:
        self.assertEqual([status.name for status in Status], [status.value for status in Status])
