"""What signals mean."""

import os
import signal

from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.signals import Signals


class SignalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.calls: list[str] = []
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        signal.signal(signal.SIGUSR1, lambda number, frame: self.calls.append("twistd"))
        self.signals = Signals(
            lambda call: call(),
            lambda: self.calls.append("stop"),
            lambda: self.calls.append("hurry"),
            lambda: self.calls.append("reopen"),
            lambda: self.calls.append("reload"),
        )
        self.signals.note_reloads()
        self.signals.install()

    def send(self, number: int) -> None:
        os.kill(os.getpid(), number)

    def test_the_first_sigterm_drains_and_each_further_one_hurries(self) -> None:
        for _ in range(3):
            self.send(signal.SIGTERM)
        self.assertEqual(self.calls, ["stop", "hurry", "hurry"])

    def test_ctrl_c_does_the_same(self) -> None:
        self.send(signal.SIGINT)
        self.send(signal.SIGTERM)
        self.assertEqual(self.calls, ["stop", "hurry"])

    def test_sigusr1_reopens_logs_and_leaves_twistd_its_own(self) -> None:
        self.send(signal.SIGUSR1)
        self.assertEqual(self.calls, ["twistd", "reopen"])

    def test_sighup_reloads(self) -> None:
        self.send(signal.SIGHUP)
        self.assertEqual(self.calls, ["reload"])

    def test_before_the_reactor_runs_it_is_remembered(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.signals.note_reloads()
        self.send(signal.SIGHUP)
        self.assertEqual(self.calls, ["reload"])
