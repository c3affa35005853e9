"""One check of one server, again and again."""

from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from exproxy.check.checkers.http import HttpChecker, HttpOptions
from exproxy.check.checkers.rpc import RpcChecker, RpcOptions
from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.checkers.tcp import TcpChecker, TcpOptions
from exproxy.check.interfaces import IChecker, Target
from exproxy.check.plan import CheckPlan, Place, PortPlan, security
from exproxy.check.service import CheckService
from exproxy.check.task import CheckTask
from exproxy.net.tlscontext import Contexts
from exproxy.pool import CheckSpec, Host, Operational, Server, Transition
from exproxy.wire.dialogue.base import Dialogue, Status
from exproxy.wire.interfaces import EMSMDB
from tests.check.mapper import Mapper, service
from tests.check.peers import smtp_answers, today
from tests.net.memory import MemoryNetwork, Peer
from tests.pool.support import make_backend


@implementer(IChecker)
class Breaking:
    """A third party's checker with a fault."""

    name = "breaking"
    options: type = SmtpOptions
    starttls = False
    default_port: int | None = None

    def dialogue(self, options: Any, target: Target) -> Dialogue:
        raise RuntimeError(f"no dialogue for {target.name}")


class TaskTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.told: list[Transition | None] = []
        self.peer = Peer(b"220 hello\r\n", smtp_answers)

    def serve(self, address: str = "192.0.2.1", port: int = 25) -> None:
        self.network.listen((address, port), self.peer).resume()

    def begin(
        self, address: str | None = "192.0.2.1", port: int | None = 25, check_port: int | None = None, **changes: object
    ) -> CheckTask:
        self.server = Server("ex1", Host("ex1", "ex1"), address, port, checks=[CheckSpec("smtp")])
        words: dict[str, Any] = {"name": "smtp", "host": "ex1", "checker": SmtpChecker(), "options": SmtpOptions()}
        timing = {"interval": 10.0, "fast_interval": 1.0, "down_interval": 30.0}
        plan = CheckPlan(port=check_port, **(words | timing | changes))
        task = CheckTask(
            self.clock,
            self.network,
            Random(1),
            self.server,
            plan,
            Contexts(),
            today,
            lambda server, change: self.told.append(change),
        )
        self.addCleanup(task.stop)
        task.start(0.5)
        return task

    def advance(self, seconds: float) -> None:
        for _step in range(round(seconds * 20)):
            self.clock.advance(0.05)

    def test_a_server_that_is_well_comes_up(self) -> None:
        self.serve()
        task = self.begin()
        self.advance(1)
        self.assertIs(self.server.operational, Operational.UP)
        assert task.last is not None and self.told[0] is not None
        self.assertEqual((task.last.outcome.status, self.told[0].new), (Status.L7OKD, Operational.UP))

    def test_it_is_asked_at_its_interval_while_all_is_well(self) -> None:
        self.serve()
        self.begin()
        self.advance(60)
        self.assertIn(len(self.network.attempts), (5, 6))

    def test_it_is_asked_more_often_while_its_state_is_in_doubt_and_less_when_it_is_down(self) -> None:
        self.serve()
        self.begin()
        self.advance(2)
        self.network.ports.clear()
        self.advance(14)
        self.assertIs(self.server.operational, Operational.DOWN)
        asked = len(self.network.attempts)
        self.assertIn(asked, (4, 5))
        self.advance(25)
        self.assertLessEqual(len(self.network.attempts) - asked, 1)

    def test_runs_of_one_check_never_overlap(self) -> None:
        self.peer = Peer()
        self.serve()
        self.begin(interval=1.0, fast_interval=1.0, down_interval=1.0)
        for _step in range(600):
            self.clock.advance(0.05)
            self.assertLessEqual(sum(not stream.lost and not stream.closed for stream in self.network.streams), 1)
        self.assertGreater(len(self.network.streams), 4)

    def test_another_port_and_place_are_the_plans_to_say(self) -> None:
        self.serve("192.0.2.7", 2525)
        self.begin(check_port=2525, place=Place("192.0.2.7"), source="192.0.2.99")
        self.advance(1)
        self.assertIs(self.server.operational, Operational.UP)
        self.assertEqual(self.network.attempts[0].source, "192.0.2.99")

    def test_a_name_is_given_time_to_be_resolved(self) -> None:
        self.serve()
        self.begin(address=None)
        self.advance(2)
        self.assertIs(self.server.operational, Operational.STARTING)
        self.server.resolved("192.0.2.1", self.clock.seconds())
        self.advance(1)
        self.assertIs(self.server.operational, Operational.UP)

    def test_a_name_that_nobody_resolves_is_a_failed_check(self) -> None:
        task = self.begin(address=None)
        self.advance(7)
        assert task.last is not None
        self.assertEqual((task.last.outcome.status, task.last.outcome.text), (Status.L4CON, "the name ex1 is not resolved yet"))
        self.assertIs(self.server.operational, Operational.DOWN)

    def test_the_server_is_followed_when_it_moves(self) -> None:
        self.serve()
        self.begin()
        self.advance(1)
        self.serve("192.0.2.2")
        self.server.resolved("192.0.2.2", self.clock.seconds())
        self.advance(20)
        self.assertEqual({attempt.address[0] for attempt in self.network.attempts[1:]}, {"192.0.2.2"})

    def test_what_was_found_at_an_address_that_is_left_does_not_count(self) -> None:
        self.serve("192.0.2.2")
        self.network.blackhole(("192.0.2.1", 25))
        self.begin()
        self.advance(2)
        self.server.resolved("192.0.2.2", self.clock.seconds())
        self.advance(5)
        self.assertIs(self.server.operational, Operational.UP)
        self.assertEqual([change.new for change in self.told if change], [Operational.UP])

    def test_a_place_that_is_no_address_is_a_failed_check(self) -> None:
        task = self.begin(place=Place("mail"))
        self.advance(1)
        assert task.last is not None
        self.assertEqual(task.last.outcome.status, Status.L4CON)
        self.assertIn("'mail' is no IP address", task.last.outcome.text)

    def test_a_check_without_a_port_is_a_failed_check(self) -> None:
        task = self.begin(port=None)
        self.advance(1)
        assert task.last is not None
        self.assertIn("no port", task.last.outcome.text)

    def test_a_missing_file_of_authorities_is_a_failed_check_and_is_looked_for_again(self) -> None:
        task = self.begin(security=security("implicit", verify=True, ca=Path("/nowhere/ca.pem")))
        self.advance(1)
        assert task.last is not None
        self.assertEqual(task.last.outcome.status, Status.L6RSP)
        self.assertIn(str(Path("/nowhere/ca.pem")), task.last.outcome.text)

    def test_starttls_of_a_type_that_has_none_is_a_failed_check(self) -> None:
        task = self.begin(checker=HttpChecker(), options=HttpOptions(), security=security("starttls", verify=False))
        self.advance(1)
        assert task.last is not None
        self.assertEqual(task.last.outcome.status, Status.L6RSP)
        self.assertIn("know no STARTTLS", task.last.outcome.text)

    def test_a_checker_that_breaks_is_logged_once(self) -> None:
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.begin(checker=Breaking())
        self.advance(120)
        self.assertIs(self.server.operational, Operational.DOWN)
        said = [event for event in events if event.get("log_namespace") == "exproxy.check.task"]
        self.assertEqual(len(said), 1)
        self.assertIn("no dialogue for ex1", said[0]["text"])

    def test_after_stop_nothing_is_under_way(self) -> None:
        self.peer = Peer()
        self.serve()
        task = self.begin()
        self.advance(1)
        task.stop()
        self.advance(0.1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(all(stream.lost for stream in self.network.streams))

    def test_being_stopped_by_the_one_who_is_told_ends_it(self) -> None:
        self.serve()
        task = self.begin()
        task._observed = lambda server, change: task.stop()
        self.advance(30)
        self.assertEqual(len(self.network.attempts), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class MappedTests(SynchronousTestCase):
    """Checks of a server whose port its endpoint mapper tells."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.mapper = Mapper(self.network, "192.0.2.1")
        self.service = service(EMSMDB)

    def begin(self, checker: Any, options: Any, port: int | None = None, **changes: Any) -> None:
        self.server = Server("ex1", Host("ex1", "ex1"), "192.0.2.1", None, interface="emsmdb", checks=[CheckSpec("rpc")])
        make_backend(self.server)
        timing = {"interval": 10.0, "fast_interval": 10.0, "down_interval": 10.0, "timeout": 2.0}
        plan = CheckPlan(name="rpc", host="ex1", checker=checker, options=options, port=port, **(timing | changes))
        seconds = {"interval": 10.0, "timeout": 2.0}
        self.checks = CheckService(self.clock, self.network, Random(1))
        self.addCleanup(self.checks.stop)
        self.checks.add(self.server, [plan], None, PortPlan(host="ex1", interface="emsmdb", **seconds))
        self.checks.start()

    def advance(self, seconds: float) -> None:
        for _step in range(round(seconds * 20)):
            self.clock.advance(0.05)

    def serve(self, port: int) -> None:
        self.network.listen(("192.0.2.1", port), self.service).resume()

    def went_to(self) -> set[int]:
        return {attempt.address[1] for attempt in self.network.attempts} - {135}

    def test_they_wait_for_the_port_and_go_there(self) -> None:
        self.serve(6005)
        self.begin(TcpChecker(), TcpOptions())
        self.advance(2)
        self.assertEqual((self.server.operational, self.server.opened), (Operational.UP, True))
        self.assertEqual(self.went_to(), {6005})

    def test_they_go_nowhere_while_there_is_none(self) -> None:
        self.mapper.port = None
        self.begin(TcpChecker(), TcpOptions())
        self.advance(20)
        self.assertEqual((self.server.operational, self.went_to()), (Operational.DOWN, set()))
        self.assertIn("the RPC Client Access service is not registered", self.server.condition())
        last = self.server.health.checks["rpc"].last
        assert last is not None
        self.assertIn("the server has no port to go to: the endpoint mapper offers no emsmdb", last.text)

    def test_one_that_fails_has_the_mapper_asked_and_finds_the_service_where_it_is_now(self) -> None:
        self.serve(6005)
        self.begin(TcpChecker(), TcpOptions())
        self.advance(2)
        self.network.ports.pop(("192.0.2.1", 6005))
        self.serve(6006)
        self.mapper.port = 6006
        self.advance(40)
        self.assertEqual((self.server.operational, self.server.port), (Operational.UP, 6006))

    def test_what_was_found_at_a_port_that_is_left_does_not_count(self) -> None:
        self.network.blackhole(("192.0.2.1", 6005))
        self.serve(6006)
        self.begin(TcpChecker(), TcpOptions())
        self.advance(1)
        self.server.mapped(6006, self.clock.seconds())
        self.mapper.port = 6006
        self.advance(3)
        self.assertEqual((self.server.operational, len(self.server.health.history)), (Operational.UP, 1))

    def test_a_check_by_way_of_the_mapper_finds_the_port_by_the_way(self) -> None:
        self.serve(6005)
        self.begin(RpcChecker(), RpcOptions("emsmdb", mapper=True), 135)
        self.advance(100)
        self.assertEqual((self.server.operational, self.server.port), (Operational.UP, 6005))
        self.assertLessEqual(self.mapper.asked, 13)
