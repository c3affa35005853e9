"""The site under twistd."""

import signal

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.site.reloading import Reloading
from exproxy.site.service import Nobody, SiteService


class FakeSite:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.starting: Deferred[None] = Deferred()
        self.ending: Deferred[None] = Deferred()
        self.reloading = Reloading(self.apply)
        self.reloading.read_by(lambda: model.Configuration(files=()))

    def apply(self, new: model.Configuration) -> tuple[str, ...]:
        self.calls.append("reload")
        return ()

    def start(self) -> Deferred[None]:
        self.calls.append("start")
        return self.starting

    def stop(self) -> Deferred[None]:
        self.calls.append("stop")
        return self.ending

    def hurry(self) -> None:
        self.calls.append("hurry")

    def reopen_logs(self) -> None:
        self.calls.append("reopen")

    def summary(self) -> str:
        return "all is well"


class Listening:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def ready(self) -> None:
        self.heard.append("ready")

    def reloading(self) -> None:
        self.heard.append("reloading")

    def stopping(self) -> None:
        self.heard.append("stopping")

    def end(self) -> None:
        self.heard.append("end")


class FakeReactor:
    def __init__(self) -> None:
        self.when_running: list[object] = []
        self.stopped = 0

    def callWhenRunning(self, call: object) -> None:
        self.when_running.append(call)

    def callFromThread(self, call: object) -> None:
        call()

    def stop(self) -> None:
        self.stopped += 1


class SiteServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.site, self.reactor = FakeSite(), FakeReactor()
        self.told = Listening()
        self.service = SiteService(self.site, self.reactor, self.told)

    def run_it(self) -> None:
        self.service.startService()
        for call in self.reactor.when_running:
            call()

    def test_nobody_is_let_in_before_the_reactor_runs(self) -> None:
        self.service.startService()
        self.assertEqual(self.site.calls, [])
        self.reactor.when_running[0]()
        self.assertEqual(self.site.calls, ["start"])

    def test_it_is_ready_when_clients_are_let_in(self) -> None:
        with capturedLogs() as logs:
            self.run_it()
            self.assertEqual(logs, [])
            self.site.starting.callback(None)
            self.assertEqual([event["log_format"] for event in logs], ["exproxy is ready"])

    def test_when_nobody_can_be_let_in_it_says_so_and_ends(self) -> None:
        self.run_it()
        with capturedLogs() as logs:
            self.site.starting.errback(LookupError("a fault"))
        self.assertEqual((self.told.heard, self.reactor.stopped), ([], 1))
        self.assertIn("cannot let clients in, and ends", logs[0]["log_format"])
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 1)

    def test_likewise_when_the_start_does_not_even_return(self) -> None:
        self.site.start = lambda: self.fail("a fault")
        self.run_it()
        self.assertEqual((self.told.heard, self.reactor.stopped), ([], 1))
        self.assertEqual(len(self.flushLoggedErrors(self.failureException)), 1)

    def test_the_first_sigterm_stops_the_reactor_and_the_second_hurries(self) -> None:
        self.run_it()
        signal.raise_signal(signal.SIGTERM)
        self.assertEqual((self.reactor.stopped, self.site.calls), (1, ["start"]))
        signal.raise_signal(signal.SIGTERM)
        self.assertEqual((self.reactor.stopped, self.site.calls), (1, ["start", "hurry"]))

    def test_it_has_stopped_when_the_last_session_is_over(self) -> None:
        self.run_it()
        stopped = self.service.stopService()
        self.assertNoResult(stopped)
        self.site.ending.callback(None)
        self.successResultOf(stopped)

    def test_sigusr1_reopens_the_logs(self) -> None:
        self.run_it()
        signal.raise_signal(signal.SIGUSR1)
        self.assertEqual(self.site.calls, ["start", "reopen"])

    def test_a_supervisor_is_told_that_it_is_ready_when_clients_are_let_in(self) -> None:
        self.run_it()
        self.assertEqual(self.told.heard, [])
        self.site.starting.callback(None)
        self.assertEqual(self.told.heard, ["ready"])

    def test_a_supervisor_is_told_that_it_ends_before_the_last_session_is_over(self) -> None:
        self.run_it()
        self.site.starting.callback(None)
        self.service.stopService()
        self.assertEqual(self.told.heard, ["ready", "stopping"])
        self.site.ending.callback(None)
        self.assertEqual(self.told.heard, ["ready", "stopping", "end"])

    def test_without_a_supervisor_nobody_is_told(self) -> None:
        nobody = Nobody()
        self.assertEqual([nobody.ready(), nobody.reloading(), nobody.stopping(), nobody.end()], [None] * 4)

    def test_sighup_reads_the_configuration_anew(self) -> None:
        self.run_it()
        signal.raise_signal(signal.SIGHUP)
        self.assertEqual(self.site.calls, ["start", "reload"])

    def test_readiness_is_told_when_sighup_means_that_already(self) -> None:
        self.run_it()
        self.assertNotEqual(signal.getsignal(signal.SIGHUP), signal.SIG_DFL)
        with capturedLogs() as logs:
            self.site.starting.callback(None)
        self.assertEqual([event["log_format"] for event in logs], ["exproxy is ready"])
