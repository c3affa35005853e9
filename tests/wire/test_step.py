"""Tests for :mod:`exproxy.wire.step`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.step import Out, Step, Then


class StepTests(SynchronousTestCase):
    def test_what_is_sent_keeps_its_order(self) -> None:
        out = Out()
        out.server += [b"a", b"b"]
        out.client += [b"c", b"d"]
        self.assertEqual(out.step(), Step(b"ab", b"cd"))

    def test_one_piece_is_not_copied(self) -> None:
        out, body = Out(), b"x" * 1000
        out.server.append(body)
        self.assertIs(out.step().to_server, body)

    def test_what_follows_is_told(self) -> None:
        out = Out()
        out.then = Then.FINISH
        self.assertEqual(out.step(), Step(then=Then.FINISH))
