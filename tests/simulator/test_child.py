import io
from pathlib import Path

from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.child import PATIENCE, Proxy, proxy_command


class FakeProcess:
    """Remembers the signals."""

    def __init__(self) -> None:
        self.signals: list[str] = []
        self.gone = False

    def signalProcess(self, name: str) -> None:
        if self.gone:
            raise ProcessExitedAlready
        self.signals.append(name)


class ProxyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.out = io.StringIO()
        self.proxy = Proxy(self.clock, self.out)
        self.process = FakeProcess()
        self.proxy.transport = self.process  # type: ignore[assignment]  # a fake with all that is used

    def end(self, reason: Exception) -> None:
        self.proxy.processEnded(Failure(reason))

    def test_its_words_are_shown_line_by_line_however_they_come(self) -> None:
        self.proxy.outReceived(b"star")
        self.proxy.errReceived(b"ted\nrea")
        self.assertEqual(self.out.getvalue(), "proxy | started\n")

    def test_its_last_words_need_no_line_end(self) -> None:
        self.proxy.outReceived(b"port in use")
        self.end(ProcessTerminated(status=256))
        self.assertEqual(self.out.getvalue(), "proxy | port in use\n")

    def test_how_it_ended_is_told(self) -> None:
        self.end(ProcessTerminated(exitCode=1))
        self.assertEqual(self.successResultOf(self.proxy.ended), "exit status 1")

    def test_a_signal_that_ended_it_is_told(self) -> None:
        self.end(ProcessTerminated(signal=9))
        self.assertEqual(self.successResultOf(self.proxy.ended), "signal 9")

    def test_stop_asks_insists_and_kills(self) -> None:
        self.proxy.stop()
        self.assertEqual(self.process.signals, ["TERM"])
        self.clock.pump([PATIENCE] * 3)
        self.assertEqual(self.process.signals, ["TERM", "TERM", "KILL"])

    def test_stop_fires_when_the_process_is_gone(self) -> None:
        stopped = self.proxy.stop()
        self.assertNoResult(stopped)
        self.end(ProcessDone(0))
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_twice_is_one_stop(self) -> None:
        self.proxy.stop()
        again = self.proxy.stop()
        self.assertEqual(self.process.signals, ["TERM"])
        self.end(ProcessDone(0))
        self.successResultOf(again)

    def test_stop_of_a_process_that_is_gone_is_done(self) -> None:
        self.end(ProcessDone(0))
        self.successResultOf(self.proxy.stop())

    def test_a_process_that_is_going_gets_no_signal(self) -> None:
        self.process.gone = True
        stopped = self.proxy.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.end(ProcessDone(0))
        self.successResultOf(stopped)


class CommandTests(SynchronousTestCase):
    def test_it_is_twistd_in_the_foreground_by_the_same_python(self) -> None:
        command = proxy_command("/venv/bin/python", Path("conf/demo.toml"))
        self.assertEqual(command[0], "/venv/bin/python")
        self.assertEqual(command[-3:], ["exproxy", "-c", str(Path("conf/demo.toml"))])
        self.assertIn("-n", command)
