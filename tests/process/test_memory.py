"""What the garbage collector leaves alone."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.memory import settle


class SettleTests(SynchronousTestCase):
    def test_what_is_garbage_already_is_not_kept(self) -> None:
        calls: list[str] = []
        settle(lambda: calls.append("collect"), lambda: calls.append("freeze"))
        self.assertEqual(calls, ["collect", "freeze"])
