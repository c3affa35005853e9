"""A service's life, with a manager that only listens."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.site.errors import SiteError
from exproxy.winservice.life import BROKEN, PULSE, REFUSED, SHUTDOWN, Life
from exproxy.winservice.orders import Order
from exproxy.winservice.status import HINT, RUNNING, START_PENDING, STOP_PENDING, STOPPED, Status, Words


class Reactor(Clock):
    """Runs what a test says while it runs."""

    def __init__(self, script: Callable[[], object]) -> None:
        super().__init__()
        self._script = script
        self._queue: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self.running = self.stopped = self.ran = False

    def callWhenRunning(self, call: Callable[[], object]) -> None:
        self._queue.insert(0, (call, ()))

    def callFromThread(self, call: Callable[..., object], *arguments: object) -> None:
        self._queue.append((call, arguments))
        if self.running:
            self._turn()

    def run(self, installSignalHandlers: bool = True) -> None:
        assert not installSignalHandlers, "only the main thread has signals"
        self.running = self.ran = True
        self._turn()
        if not self.stopped:
            self._script()
        self.running = False

    def stop(self) -> None:
        self.stopped = True

    def _turn(self) -> None:
        while self._queue:
            call, arguments = self._queue.pop(0)
            call(*arguments)


class Site:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.started: Deferred[None] = Deferred()
        self.stopped: Deferred[None] = Deferred()

    def start(self) -> "Deferred[None]":
        self.calls.append("start")
        return self.started

    def stop(self) -> "Deferred[None]":
        self.calls.append("stop")
        return self.stopped

    def hurry(self) -> None:
        self.calls.append("hurry")
        self.stopped.callback(None)


class LifeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.site = Site()
        self.told: list[Words] = []
        self.status = Status(self.told.append)
        self.said: list[LogEvent] = []
        globalLogPublisher.addObserver(self.said.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.said.append)

    def life(self, script: Callable[[], object], build: Callable[[], Any] | None = None) -> Life:
        self.reactor = Reactor(script)
        return Life(self.reactor, build or (lambda: self.site), self.status)

    def stop(self, life: Life, order: Order = "stop") -> None:
        """As the service does when the manager says so."""
        self.status.stopping(HINT)
        life.order(order)

    def states(self) -> list[int]:
        return [words[1] for words in self.told]

    def words(self) -> str:
        return "\n".join(str(event.get("log_format", "")).format(**event) for event in self.said)

    def test_it_runs_only_when_clients_are_let_in(self) -> None:
        seen = []

        def script() -> None:
            seen.append(self.states())
            self.site.started.callback(None)
            seen.append(self.states())
            self.site.stopped.callback(None)
            self.stop(life)

        life = self.life(script)
        life.run()
        self.assertEqual(seen, [[START_PENDING], [START_PENDING, RUNNING]])

    def test_a_stop_drains_and_gives_signs_of_life_until_the_last_session_is_over(self) -> None:
        def script() -> None:
            self.site.started.callback(None)
            self.stop(life)
            self.reactor.pump([PULSE] * 3)
            self.assertFalse(self.reactor.stopped)
            self.site.stopped.callback(None)

        life = self.life(script)
        life.run()
        self.assertEqual(self.states(), [START_PENDING, RUNNING, *[STOP_PENDING] * 5, STOPPED])
        self.assertEqual((self.told[-1][3:5], self.reactor.getDelayedCalls()), ((0, 0), []))
        self.assertEqual([words[5] for words in self.told if words[1] == STOP_PENDING], [1, 2, 3, 4, 5])

    def test_a_stop_while_files_are_read_is_not_lost(self) -> None:
        def build() -> Site:
            self.stop(life)
            self.site.stopped.callback(None)
            return self.site

        life = self.life(lambda: self.fail("it has to have stopped"), build)
        life.run()
        self.assertEqual(self.site.calls, ["stop"])
        self.assertEqual((self.states()[-1], self.told[-1][4], RUNNING in self.states()), (STOPPED, 0, False))

    def test_nor_is_one_before_clients_are_let_in(self) -> None:
        def script() -> None:
            self.stop(life)
            self.site.started.callback(None)
            self.site.stopped.callback(None)

        life = self.life(script)
        life.run()
        self.assertEqual((self.site.calls, RUNNING in self.states()), (["start", "stop"], False))

    def test_a_second_stop_changes_nothing(self) -> None:
        def script() -> None:
            self.site.started.callback(None)
            self.stop(life)
            self.stop(life)
            self.site.stopped.callback(None)

        life = self.life(script)
        life.run()
        self.assertEqual(self.site.calls, ["start", "stop"])

    def test_when_the_machine_goes_down_sessions_have_seconds(self) -> None:
        def script() -> None:
            self.site.started.callback(None)
            self.stop(life, "shutdown")
            self.reactor.advance(SHUTDOWN)

        life = self.life(script)
        life.run()
        self.assertEqual((self.site.calls, self.told[-1][1:5]), (["start", "stop", "hurry"], (STOPPED, 0, 0, 0)))

    def test_it_may_go_down_while_the_service_drains(self) -> None:
        def script() -> None:
            self.site.started.callback(None)
            self.stop(life)
            self.reactor.advance(60)
            self.stop(life, "shutdown")
            self.reactor.advance(SHUTDOWN)

        life = self.life(script)
        life.run()
        self.assertEqual(self.site.calls, ["start", "stop", "hurry"])

    def test_a_start_that_fails_says_why_and_ends_with_a_code(self) -> None:
        def build() -> Site:
            raise SiteError(["frontends.smtp: cannot listen on 10.0.0.9:25"])

        self.life(self.fail, build).run()
        self.assertEqual((self.told[-1][1:5], self.reactor.ran), ((STOPPED, 0, 1066, REFUSED), False))
        self.assertIn("exproxy is not started.\nfrontends.smtp: cannot listen on 10.0.0.9:25", self.words())

    def test_a_stop_during_one_that_fails_changes_nothing(self) -> None:
        def build() -> Site:
            self.stop(life)
            raise SiteError(["no"])

        life = self.life(self.fail, build)
        life.run()
        self.assertEqual(self.told[-1][1:5], (STOPPED, 0, 1066, REFUSED))

    def test_an_error_of_our_own_is_another_code(self) -> None:
        def build() -> Site:
            raise ZeroDivisionError

        self.life(self.fail, build).run()
        self.assertEqual(self.told[-1][1:5], (STOPPED, 0, 1066, BROKEN))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_so_is_one_while_clients_are_let_in(self) -> None:
        def script() -> None:
            self.site.stopped.callback(None)
            self.site.started.errback(Failure(ZeroDivisionError()))

        self.life(script).run()
        self.assertEqual((self.states(), self.told[-1][4]), ([START_PENDING, STOP_PENDING, STOPPED], BROKEN))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_so_is_one_while_it_ends(self) -> None:
        def script() -> None:
            self.site.started.callback(None)
            self.site.stopped.errback(Failure(ZeroDivisionError()))
            self.stop(life)

        life = self.life(script)
        life.run()
        self.assertEqual((self.states()[-1], self.told[-1][4]), (STOPPED, BROKEN))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_an_end_that_nobody_asked_for_is_a_failure_so_that_it_is_started_again(self) -> None:
        self.life(lambda: self.site.started.callback(None)).run()
        self.assertEqual(self.told[-1][1:5], (STOPPED, 0, 1066, BROKEN))
        self.assertIn("though nobody asked it to", self.words())
