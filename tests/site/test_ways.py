"""How administrators come in at the socket, or at what stands for it."""

from pathlib import Path
from typing import Any

from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.watchword import Watchword
from exproxy.config.tokenfile import Way, new_way, parse
from exproxy.site.ways import TokenWay


class Reactor(MemoryReactorClock):
    """Its ports can be closed."""

    closed = 0

    def adoptStreamPort(self, fileno: int, addressFamily: int, factory: Any) -> "Reactor":
        super().adoptStreamPort(fileno, addressFamily, factory)
        return self

    def stopListening(self) -> None:
        self.closed += 1


class TokenWayTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "exproxy.sock"
        self.reactor = Reactor()

    def way(self) -> TokenWay:
        made = TokenWay(self.path)
        self.addCleanup(made.close)
        return made

    def test_there_is_no_file_before_somebody_answers(self) -> None:
        self.way()
        self.assertFalse(self.path.exists())

    def test_then_it_says_the_port_and_the_word(self) -> None:
        self.way().start(self.reactor, ServerFactory())
        ((_, _, factory),) = self.reactor.adoptedPorts
        self.assertIsInstance(factory, Watchword)
        self.assertEqual(factory.word, parse(self.path.read_text()).greeting())

    def test_stopped_the_file_is_gone_and_the_port_closed(self) -> None:
        port = self.way().start(self.reactor, ServerFactory())
        self.successResultOf(port.stopListening())
        self.assertEqual((self.path.exists(), self.reactor.closed), (False, 1))

    def test_the_file_of_the_next_process_stays(self) -> None:
        port = self.way().start(self.reactor, ServerFactory())
        self.path.write_text(new_way(1).text())
        self.successResultOf(port.stopListening())
        self.assertTrue(self.path.exists())

    def test_the_file_of_a_process_that_was_killed_is_replaced(self) -> None:
        self.path.write_text(Way(1, "0f" * 32).text())
        self.way().start(self.reactor, ServerFactory())
        self.assertNotEqual(parse(self.path.read_text()).token, "0f" * 32)

    def test_another_file_stays_what_it_is(self) -> None:
        self.path.write_text("precious")
        error = self.assertRaises(FileExistsError, TokenWay, self.path)
        self.assertEqual(error.strerror, "there is a file of that name, which exproxy has not written")
        self.assertEqual(self.path.read_text(), "precious")

    def test_there_has_to_be_a_folder(self) -> None:
        self.assertRaises(FileNotFoundError, TokenWay, self.path.parent / "none" / "x.sock")
