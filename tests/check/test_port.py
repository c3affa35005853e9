"""The port that an endpoint mapper tells, and what becomes of it."""

from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.rpc import RpcChecker, RpcOptions
from exproxy.check.plan import CheckPlan, Place, PortPlan
from exproxy.check.port import AT_MOST, PortTask
from exproxy.check.report import Report
from exproxy.pool import Host, Operational, Server, Transition
from exproxy.wire.dialogue.base import Status
from exproxy.wire.dialogue.mapped import RpcOutcome
from exproxy.wire.dialogue.mapping import PortAnswer
from exproxy.wire.epm import HTTP, tower
from exproxy.wire.interfaces import EMSMDB, NSPI
from tests.check.mapper import Mapper
from tests.check.peers import today
from tests.net.memory import MemoryNetwork

NOBODY = "nothing listens there, so the service may be stopped"
GONE = "the endpoint mapper offers no emsmdb: the RPC Client Access service is not registered"


class PortTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.network = MemoryNetwork(self.clock)
        self.mapper = Mapper(self.network, "192.0.2.1")
        self.told: list[Transition] = []
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def begin(self, address: str | None = "192.0.2.1", **plan: Any) -> PortTask:
        self.server = Server("ex1", Host("ex1", "ex1"), address, None, interface="emsmdb")
        words: dict[str, Any] = {"host": "ex1", "interface": "emsmdb", "interval": 10.0, "timeout": 2.0, "fall": 3} | plan
        self.task = PortTask(
            self.clock, self.network, Random(1), self.server, PortPlan(**words), today, lambda _, change: self.note(change)
        )
        self.addCleanup(self.task.stop)
        self.task.start(0.0)
        self.advance(0.1)
        return self.task

    def note(self, change: Transition | None) -> None:
        if change is not None:
            self.told.append(change)

    def advance(self, seconds: float) -> None:
        for _step in range(round(seconds * 20)):
            self.clock.advance(0.05)

    def said(self) -> list[str]:
        """What the log says."""
        return [formatEvent(event) for event in self.events if event.get("log_namespace") == "exproxy.check.port"]


class FindingTests(PortTestCase):
    def test_the_port_is_found_and_told(self) -> None:
        self.begin()
        self.assertEqual(self.server.port, 6005)
        self.assertEqual(self.said(), ["ex1: emsmdb is at port 6005, as its endpoint mapper says"])

    def test_a_service_that_has_moved_is_followed(self) -> None:
        self.begin()
        self.mapper.port = 6006
        self.advance(16)
        self.assertEqual(self.server.port, 6006)
        self.assertEqual(self.said()[1:], ["ex1: emsmdb is at port 6006 now (was 6005), as its endpoint mapper says"])

    def test_it_is_asked_at_its_interval(self) -> None:
        self.begin()
        self.advance(100)
        self.assertIn(self.mapper.asked, (10, 11))

    def test_another_port_of_the_mapper_will_do(self) -> None:
        Mapper(self.network, "192.0.2.1", 6100, 10135)
        self.begin(mapper=10135)
        self.assertEqual(self.server.port, 6100)

    def test_it_connects_from_the_address_that_is_said(self) -> None:
        self.begin(source="192.0.2.99")
        self.assertEqual(self.network.attempts[0].source, "192.0.2.99")

    def test_stopped_it_asks_no_more_and_leaves_nothing(self) -> None:
        self.begin()
        self.task.stop()
        self.server.resolved("192.0.2.2", self.clock.seconds())
        self.advance(30)
        self.assertEqual((self.mapper.asked, self.clock.getDelayedCalls()), (1, []))


class LosingTests(PortTestCase):
    def test_a_known_port_survives_some_answers_without_one(self) -> None:
        self.begin()
        self.mapper.port = None
        self.advance(25)
        self.assertEqual((self.server.port, self.told), (6005, []))

    def test_as_many_as_fall_says_take_it_away(self) -> None:
        self.begin()
        self.mapper.port = None
        self.advance(40)
        self.assertEqual((self.server.port, self.server.operational), (None, Operational.DOWN))
        self.assertEqual([str(change) for change in self.told], [f"ex1 is down: {GONE}"])
        self.assertEqual(self.said()[1:], [f"ex1: emsmdb is at no port any more (was 6005): {GONE}"])

    def test_one_answer_with_a_port_between_them_begins_anew(self) -> None:
        self.begin(interval=1.0)
        for _round in range(5):
            self.mapper.port = None
            self.advance(2)
            self.mapper.port = 6005
            self.advance(1.2)
        self.assertEqual(self.told, [])

    def test_it_comes_back_with_the_port(self) -> None:
        self.mapper.port = None
        self.begin()
        self.mapper.port = 6006
        self.advance(16)
        self.assertEqual((self.server.port, self.server.operational), (6006, Operational.UP))
        self.assertEqual([str(change) for change in self.told], [f"ex1 is down: {GONE}", "ex1 is up: emsmdb is at port 6006"])

    def test_a_server_that_never_had_one_is_down_at_the_first_answer(self) -> None:
        self.mapper.port = None
        self.begin()
        self.assertEqual(self.server.condition(), f"is down: {GONE}")
        self.assertEqual(self.said(), [])


class SilenceTests(PortTestCase):
    def test_a_mapper_that_dies_takes_nothing_away(self) -> None:
        self.begin()
        self.mapper.stop()
        self.advance(60)
        self.assertEqual((self.server.port, self.server.operational, self.told), (6005, Operational.UP, []))
        why = f"connection refused at 192.0.2.1:135: {NOBODY}"
        self.assertEqual(self.said()[1:], [f"ex1: its endpoint mapper cannot be asked for emsmdb ({why}); port 6005 is kept"])

    def test_one_that_answers_again_is_told(self) -> None:
        self.begin()
        self.mapper.stop()
        self.advance(16)
        self.mapper.start()
        self.advance(16)
        self.assertEqual(self.said()[-1], "ex1: its endpoint mapper answers again")

    def test_without_a_port_nobody_waits_for_it(self) -> None:
        self.mapper.stop()
        self.begin()
        self.assertIn("no port is known, so it gets nobody", self.said()[0])
        self.assertEqual(self.server.condition(), f"has no port: connection refused at 192.0.2.1:135: {NOBODY}")

    def test_one_that_hangs_is_given_up(self) -> None:
        self.mapper.hang()
        self.begin()
        self.advance(3)
        self.assertIn("the server said nothing; the rpc bind to epm was not answered", self.server.condition())

    def test_one_that_answers_for_another_call_tells_nothing(self) -> None:
        self.mapper.call_id_off = 7
        self.begin()
        self.assertIn("answers call 9, asked was call 2", self.server.condition())


class NonsenseTests(PortTestCase):
    """Nobody is ever sent to what is no port of the service."""

    def why(self, *towers: Any) -> str:
        self.mapper.towers = towers
        self.begin()
        self.assertIsNone(self.server.port)
        self.assertEqual({attempt.address[1] for attempt in self.network.attempts}, {135})
        return self.server.condition().removeprefix("is down: ")

    def test_port_0(self) -> None:
        self.assertEqual(self.why(tower(EMSMDB.syntax, 0)), "the endpoint mapper tells port 0 for emsmdb, which is no port")

    def test_its_own(self) -> None:
        self.assertEqual(self.why(tower(EMSMDB.syntax, 135)), "the endpoint mapper tells port 135 for emsmdb, which is its own")

    def test_another_interface(self) -> None:
        self.assertEqual(self.why(tower(NSPI.syntax, 6005)), "the endpoint mapper was asked for emsmdb and answers for nspi")

    def test_http_only(self) -> None:
        self.assertEqual(self.why(tower(EMSMDB.syntax, 6001, protocol=HTTP)), "the endpoint mapper offers no emsmdb on TCP")


class DoubtTests(PortTestCase):
    def test_a_session_that_cannot_connect_has_it_asked_at_once(self) -> None:
        self.begin()
        self.advance(2)
        self.mapper.port = 6006
        self.server.connects_failed_elsewhere(1, self.clock.seconds())
        self.advance(0.1)
        self.assertEqual(self.server.port, 6006)

    def test_not_more_than_once_a_second(self) -> None:
        self.begin()
        for _step in range(100):
            self.server.connects_failed_elsewhere(3, self.clock.seconds())
            self.advance(0.1)
        self.assertLessEqual(self.mapper.asked, 1 + 10 / AT_MOST)
        self.assertGreaterEqual(self.mapper.asked, 9)

    def test_a_question_under_way_is_no_reason_for_another(self) -> None:
        self.mapper.hang()
        self.begin()
        for _step in range(15):
            self.task.ask()
            self.advance(0.1)
        self.assertEqual(len(self.network.attempts), 1)


class MovingTests(PortTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.other = Mapper(self.network, "192.0.2.2", 6200)

    def test_a_server_that_has_another_address_is_asked_there_at_once(self) -> None:
        self.begin()
        self.server.resolved("192.0.2.2", self.clock.seconds())
        self.assertIsNone(self.server.port)
        self.advance(0.1)
        self.assertEqual((self.server.port, self.other.asked), (6200, 1))

    def test_what_the_old_one_has_not_answered_yet_is_not_waited_for(self) -> None:
        self.mapper.hang()
        self.begin()
        self.server.resolved("192.0.2.2", self.clock.seconds())
        self.advance(0.1)
        self.assertEqual(self.server.port, 6200)

    def test_a_name_is_waited_for(self) -> None:
        self.begin(None)
        self.advance(5)
        self.server.resolved("192.0.2.2", self.clock.seconds())
        self.advance(0.1)
        self.assertEqual(self.server.port, 6200)


class OverhearingTests(PortTestCase):
    def check(self, **where: Any) -> CheckPlan:
        return CheckPlan(name="rpc", host="ex1", checker=RpcChecker(), options=RpcOptions("emsmdb", mapper=True), **where)

    def report(self, port: int | None, why: str = "") -> Report:
        answer = PortAnswer(port, 0, why)
        return Report(RpcOutcome(Status.L7OKD, "fine", port=port, told=((EMSMDB, answer),)), 0.1)

    def test_a_check_that_asks_the_same_mapper_is_a_question_less(self) -> None:
        self.begin()
        for _step in range(10):
            self.task.overhear(self.check(port=135), self.report(6006))
            self.advance(10)
        self.assertEqual((self.mapper.asked, self.server.port), (1, 6006))

    def test_what_it_was_not_told_counts_as_well(self) -> None:
        self.begin()
        for _step in range(3):
            self.task.overhear(self.check(port=135), self.report(None, GONE))
        self.assertEqual(self.server.condition(), f"is down: {GONE}")

    def test_another_mapper_says_nothing_of_this_server(self) -> None:
        self.begin()
        for check in (self.check(port=136), self.check(port=135, place=Place("192.0.2.9"))):
            self.task.overhear(check, self.report(6006))
        self.assertEqual(self.server.port, 6005)

    def test_a_check_for_another_interface_says_nothing(self) -> None:
        self.begin()
        outcome = RpcOutcome(Status.L7OKD, "fine", told=((NSPI, PortAnswer(6006, 0)),))
        self.task.overhear(self.check(port=135), Report(outcome, 0.1))
        self.assertEqual(self.server.port, 6005)
