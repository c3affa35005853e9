from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.layout import DEMO
from exproxy.simulator.service import SiteError
from exproxy.simulator.site import KEPT, Simulator
from tests.simulator.talking import Client


class TakenReactor(MemoryReactorClock):
    """Somebody else has port 7900."""

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        if port == 7900:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        return super().listenTCP(port, factory, backlog, interface)


class SimulatorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.site = Simulator(self.reactor, DEMO)

    def deliver(self, server: str) -> None:
        client = Client(self.site.server(server).service("smtp").doors[0].sessions)
        client.say(b"EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n\r\n.\r\n")

    def test_both_servers_and_the_control_port_are_opened(self) -> None:
        self.successResultOf(self.site.start())
        self.assertEqual({interface for _, _, _, interface in self.reactor.tcpServers}, {"127.0.0.1", "127.0.0.2", "127.0.0.3"})
        self.assertEqual(self.site.control_port, 7900)

    def test_mails_tell_which_server_took_them(self) -> None:
        self.deliver("ex2")
        self.deliver("ex1")
        self.assertEqual([mail.server for mail in self.site.mails], ["ex2", "ex1"])

    def test_old_mails_are_forgotten(self) -> None:
        for _ in range(KEPT + 1):
            self.deliver("ex1")
        self.assertEqual(len(self.site.mails), KEPT)

    def test_both_servers_have_one_certificate(self) -> None:
        self.assertIn(b"BEGIN CERTIFICATE", self.site.certificate.pem)

    def test_a_port_that_is_taken_ends_the_start_with_its_name(self) -> None:
        error = self.failureResultOf(Simulator(TakenReactor(), DEMO).start(), SiteError).value
        self.assertEqual(str(error), "control port: cannot listen on 127.0.0.1:7900: [Errno 98] Address already in use")

    def test_stop_leaves_no_control_port(self) -> None:
        self.successResultOf(self.site.start())
        self.successResultOf(self.site.stop())
        self.assertIsNone(self.site.control_port)
