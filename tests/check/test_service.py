"""All servers, each check at its own times."""

from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.checkers.tcp import TcpChecker, TcpOptions
from exproxy.check.plan import AgentPlan, CheckPlan, PortPlan
from exproxy.check.service import CheckService, utc_now
from exproxy.pool import CheckSpec, Host, Operational, Server, Transition
from tests.check.mapper import Mapper
from tests.check.peers import smtp_answers
from tests.net.memory import MemoryNetwork, Peer

SMTP = CheckPlan(
    name="smtp", host="ex", checker=SmtpChecker(), options=SmtpOptions(), interval=5.0, fast_interval=1.0, timeout=2.0
)
TCP = CheckPlan(name="tcp", host="ex", checker=TcpChecker(), options=TcpOptions(), interval=5.0)


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.told: list[tuple[str, str]] = []
        self.service = CheckService(self.clock, self.network, Random(1), self.changed)
        self.addCleanup(self.service.stop)
        self.peer = Peer(b"220 hello\r\n", smtp_answers)

    def changed(self, server: Server, transition: Transition) -> None:
        self.told.append((server.name, transition.new.value))

    def server(self, number: int, *names: str) -> Server:
        address = f"192.0.2.{number}"
        self.network.listen((address, 25), self.peer).resume()
        return Server(f"ex{number}", Host(f"ex{number}", address), address, 25, checks=[CheckSpec(name) for name in names])

    def advance(self, seconds: float) -> None:
        for _step in range(round(seconds * 20)):
            self.clock.advance(0.05)

    def test_every_server_comes_up_within_the_first_second(self) -> None:
        servers = [self.server(number, "smtp") for number in range(1, 6)]
        for server in servers:
            self.service.add(server, [SMTP])
        self.service.start()
        self.advance(1.1)
        self.assertEqual([server.operational for server in servers], [Operational.UP] * 5)
        self.assertEqual(self.told, [(f"ex{number}", "up") for number in range(1, 6)])

    def test_first_checks_do_not_all_begin_at_once(self) -> None:
        for number in range(1, 11):
            self.service.add(self.server(number, "smtp"), [SMTP])
        self.service.start()
        self.clock.advance(0)
        self.assertEqual(len(self.network.attempts), 1)
        self.advance(0.5)
        self.assertIn(len(self.network.attempts), (5, 6))

    def test_later_checks_are_spread_over_the_interval(self) -> None:
        for number in range(1, 51):
            self.service.add(self.server(number, "tcp"), [TCP])
        self.service.start()
        self.advance(20)
        counts = []
        for _second in range(5):
            before = len(self.network.attempts)
            self.advance(1)
            counts.append(len(self.network.attempts) - before)
        self.assertLess(max(counts), 20, counts)
        self.assertGreater(min(counts), 3, counts)

    def test_all_checks_of_a_server_have_to_pass(self) -> None:
        self.peer = Peer(b"554 no\r\n")
        server = self.server(1, "tcp", "smtp")
        self.service.add(server, [TCP, SMTP])
        self.service.start()
        self.advance(3)
        self.assertIs(server.operational, Operational.DOWN)
        reports = self.service.reports(server)
        self.assertEqual([report.outcome.status.value for report in reports.values()], ["L4OK", "L7STS"])

    def test_what_was_said_in_the_last_runs_is_kept(self) -> None:
        self.peer = Peer(b"554 no\r\n")
        server = self.server(1, "smtp")
        self.network.listen(("192.0.2.1", 9999), Peer(b"down\n")).resume()
        self.service.add(server, [SMTP], AgentPlan(port=9999))
        self.assertEqual(self.service.runs(server), [])
        self.service.start()
        self.advance(3)
        check, agent = self.service.runs(server)
        self.assertEqual((check.kind, check.name, agent.kind), ("check", "smtp", "agent"))
        self.assertIn("<<< 554 no", check.report.transcript)
        self.assertIn("<<< down", agent.report.transcript)
        self.assertEqual(check.report.at, server.health.checks["smtp"].last_at)
        self.service.remove(server)
        self.assertEqual(self.service.runs(server), [])

    def test_maintenance_is_stopping(self) -> None:
        self.peer = Peer(b"421 4.3.2 Service not active\r\n", lambda data: b"221 bye\r\n")
        server = self.server(1, "smtp")
        self.service.add(server, [SMTP])
        self.service.start()
        self.advance(1)
        self.assertIs(server.operational, Operational.STOPPING)

    def test_a_server_that_fails_goes_and_comes_back(self) -> None:
        server = self.server(1, "smtp")
        self.service.add(server, [SMTP])
        self.service.start()
        self.advance(1)
        self.peer.greeting = b"garbage garbage\r\n"
        self.advance(12)
        self.assertIs(server.operational, Operational.DOWN)
        self.peer.greeting = b"220 hello\r\n"
        self.advance(12)
        self.assertIs(server.operational, Operational.UP)
        self.assertEqual([state for _name, state in self.told], ["up", "down", "up"])

    def test_a_server_that_is_added_later_is_checked_at_once(self) -> None:
        self.service.start()
        server = self.server(1, "smtp")
        self.service.add(server, [SMTP])
        self.advance(1.1)
        self.assertIs(server.operational, Operational.UP)

    def test_a_removed_server_is_checked_no_more(self) -> None:
        self.peer = Peer()
        server = self.server(1, "smtp")
        self.service.add(server, [SMTP], AgentPlan(port=25))
        self.service.start()
        self.advance(1)
        self.service.remove(server)
        self.service.remove(server)
        self.advance(0.1)
        self.assertEqual((self.clock.getDelayedCalls(), dict(self.service.reports(server))), ([], {}))

    def test_an_agent_is_asked_beside_the_checks(self) -> None:
        server = self.server(1, "smtp")
        self.network.listen(("192.0.2.1", 9999), Peer(b"down\n")).resume()
        self.service.add(server, [SMTP], AgentPlan(port=9999))
        self.service.start()
        self.advance(2)
        self.assertIs(server.operational, Operational.DOWN)

    def test_a_check_that_the_health_does_not_know_is_refused(self) -> None:
        with self.assertRaises(ValueError) as caught:
            self.service.add(self.server(1, "tcp"), [SMTP])
        self.assertEqual(str(caught.exception), "ex1: no such check: smtp")

    def test_a_server_is_added_once(self) -> None:
        server = self.server(1, "smtp")
        self.service.add(server, [SMTP])
        with self.assertRaises(ValueError):
            self.service.add(server, [SMTP])

    def test_after_stop_nothing_is_under_way(self) -> None:
        self.peer = Peer()
        for number in range(1, 6):
            self.service.add(self.server(number, "smtp"), [SMTP])
        self.service.start()
        self.advance(1)
        self.service.stop()
        self.advance(0.1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(all(stream.lost for stream in self.network.streams))

    def test_the_time_of_day_has_its_zone(self) -> None:
        self.assertIsNotNone(utc_now().tzinfo)

    def test_the_port_of_a_server_is_looked_for_until_it_is_removed(self) -> None:
        mapper = Mapper(self.network, "192.0.2.1")
        server = Server("ex1", Host("ex1", "ex1"), "192.0.2.1", None, interface="emsmdb")
        self.service.add(server, [], None, PortPlan(host="ex1", interface="emsmdb", interval=1.0))
        self.service.start()
        self.advance(1.5)
        self.assertEqual(server.port, 6005)
        self.service.remove(server)
        before = mapper.asked
        self.advance(5)
        self.assertEqual(mapper.asked, before)
