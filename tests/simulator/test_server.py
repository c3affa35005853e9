from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.layout import ports_above
from exproxy.simulator.modes import Mode, ModeError
from exproxy.simulator.server import Server
from tests.simulator.talking import CERTIFICATE, Client


class ServerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.server = Server(self.reactor, "ex1", "127.0.0.2", ports_above(10_000), CERTIFICATE, lambda _: None)

    def test_all_ports_are_opened_on_the_servers_own_address(self) -> None:
        self.successResultOf(self.server.start())
        listening = {(interface, port) for port, _, _, interface in self.reactor.tcpServers}
        self.assertEqual(
            listening,
            {("127.0.0.2", 10_000 + port) for port in (25, 587, 80, 443, 110, 995, 143, 993, 135, 531, 532)},
        )

    def test_its_replies_carry_its_name(self) -> None:
        self.successResultOf(self.server.start())
        for service in ("smtp", "pop3", "imap"):
            self.assertIn(b"EX1.example.com", Client(self.server.service(service).doors[0].sessions).hear())

    def test_a_service_fails_alone(self) -> None:
        self.successResultOf(self.server.service("smtp").set(Mode.MAINTENANCE))
        self.assertEqual(Client(self.server.service("smtp").doors[0].sessions).hear(), b"421 4.3.2 Service not active\r\n")
        self.assertIn(b"+OK", Client(self.server.service("pop3").doors[0].sessions).hear())

    def test_pop3_and_imap_have_a_second_port_with_tls(self) -> None:
        for name in ("pop3", "imap"):
            service = self.server.service(name)
            self.assertNotEqual(service.port, service.tls_port)

    def test_a_directory_is_a_switch_too(self) -> None:
        self.assertIs(self.server.switch("EWS"), self.server.directory("ews"))

    def test_an_unknown_service_is_answered_with_the_known_ones(self) -> None:
        error = self.assertRaises(ModeError, self.server.switch, "smpt")
        self.assertIn("ex1 has no service 'smpt'; it has smtp, submission", str(error))

    def test_the_whole_machine_can_fail(self) -> None:
        self.successResultOf(self.server.set_all(Mode.GARBAGE))
        self.assertEqual({service.mode for service in self.server.services.values()}, {Mode.GARBAGE})

    def test_the_whole_machine_well_again_makes_its_directories_well(self) -> None:
        self.successResultOf(self.server.directory("owa").set(Mode.ERROR))
        self.successResultOf(self.server.set_all(Mode.WELL))
        self.assertIs(self.server.directory("owa").mode, Mode.WELL)
