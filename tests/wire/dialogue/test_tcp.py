"""Tests for :mod:`exproxy.wire.dialogue.tcp`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Finish, Outcome, Status
from exproxy.wire.dialogue.tcp import TcpCheck


class TcpCheckTests(SynchronousTestCase):
    def test_an_open_connection_is_all_that_it_wants(self) -> None:
        self.assertEqual(TcpCheck().start(), (Finish(Outcome(Status.L4OK, "the server accepts connections")),))

    def test_what_the_server_says_then_does_not_matter(self) -> None:
        check = TcpCheck()
        check.start()
        self.assertEqual([*check.receive(b"garbage"), *check.secured(), *check.closed()], [])
        self.assertEqual(check.last_line(), "")
