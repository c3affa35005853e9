from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.control import Commands, ControlFactory
from exproxy.simulator.layout import ports_above
from exproxy.simulator.modes import Mode
from exproxy.simulator.server import Server
from exproxy.simulator.smtp import Mail
from tests.simulator.talking import CERTIFICATE, Client


def one_server() -> dict[str, Server]:
    reactor: Any = MemoryReactorClock()
    return {"ex1": Server(reactor, "ex1", "127.0.0.2", ports_above(10_000), CERTIFICATE, lambda _: None)}


class CommandsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.servers = one_server()
        self.mails: list[Mail] = []
        self.commands = Commands(self.servers, self.mails)

    def obey(self, line: str) -> str:
        return self.successResultOf(self.commands.obey(line))

    def test_a_service_is_set(self) -> None:
        self.assertEqual(self.obey("ex1 smtp maintenance"), "ex1 smtp maintenance")
        self.assertIs(self.servers["ex1"].service("smtp").mode, Mode.MAINTENANCE)

    def test_a_directory_is_set(self) -> None:
        self.obey("EX1 EWS Error")
        self.assertIs(self.servers["ex1"].directory("ews").mode, Mode.ERROR)

    def test_all_is_the_whole_machine(self) -> None:
        self.obey("ex1 all silent")
        self.assertIs(self.servers["ex1"].service("rpc-ab").mode, Mode.SILENT)

    def test_an_rpc_service_can_be_restarted_and_others_cannot(self) -> None:
        self.assertEqual(self.obey("ex1 RPC-CA restart"), "ex1 rpc-ca restarted")
        self.assertIn("restart is for rpc-ca and rpc-ab", self.obey("ex1 smtp restart"))

    def test_an_unknown_server_is_answered(self) -> None:
        self.assertEqual(self.obey("ex9 smtp well"), "no server is called 'ex9'; there are ex1")

    def test_a_mode_that_makes_no_sense_is_answered(self) -> None:
        self.assertIn("silent is for the whole https service", self.obey("ex1 ews silent"))

    def test_an_unknown_command_is_answered(self) -> None:
        self.assertEqual(self.obey("reboot"), "this is no command: 'reboot'; say help")

    def test_help_names_every_mode_and_service(self) -> None:
        text = self.obey("help")
        words = [mode.value for mode in Mode] + list(self.servers["ex1"].services) + list(self.servers["ex1"].directories)
        self.assertEqual([word for word in words if word not in text], [])

    def test_status_tells_mode_and_addresses(self) -> None:
        self.obey("ex1 pop3 garbage")
        self.assertIn("ex1 pop3        garbage      127.0.0.2:10110 127.0.0.2:10995", self.obey("status"))

    def test_status_names_a_directory_only_if_it_fails(self) -> None:
        self.assertNotIn("ews", self.obey("status"))
        self.obey("ex1 ews error")
        self.assertIn("ex1 ews         error", self.obey("status"))

    def test_mails_are_told_with_who_took_them(self) -> None:
        self.assertEqual(self.obey("mails"), "no mail yet")
        self.mails.append(Mail("ex1", "smtp", "a@x", "b@x", b""))
        self.assertEqual(self.obey("mails"), "ex1 smtp: from a@x to b@x")


class Pending:
    """Commands that take their time."""

    def __init__(self) -> None:
        self.answers: list[Deferred[str]] = []

    def obey(self, line: str) -> Deferred[str]:
        self.answers.append(Deferred())
        return self.answers[-1]


class ControlSessionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.factory = ControlFactory(one_server(), [])
        self.client = Client(self.factory)

    def test_a_line_is_answered(self) -> None:
        self.assertEqual(self.client.say(b"ex1 smtp slow\r\n"), b"ex1 smtp slow\n")

    def test_quit_ends_the_session(self) -> None:
        self.client.say(b"quit\n")
        self.assertTrue(self.client.left)

    def test_a_client_that_only_stops_sending_gets_its_answer(self) -> None:
        pending: Any = Pending()
        self.factory.commands = pending
        self.client.say(b"ex1 smtp refuse\n")
        self.client.server.readConnectionLost()
        self.assertFalse(self.client.left)
        pending.answers[0].callback("done")
        self.assertEqual((self.client.hear(), self.client.left), (b"done\n", True))

    def test_nothing_after_quit_is_obeyed(self) -> None:
        self.client.say(b"quit\nex1 smtp slow\n")
        self.assertNotIn("slow", self.successResultOf(self.factory.commands.obey("status")))

    def test_close_fires_when_the_sessions_are_gone(self) -> None:
        closed = self.factory.close()
        self.assertNoResult(closed)
        self.client.server.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(closed)
