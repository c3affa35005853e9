from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.faults import Silent
from exproxy.simulator.modes import Mode, ModeError
from exproxy.simulator.service import Directory, Service, SiteError


class FakePort:
    """A listening port that takes its time to close, as real ones do."""

    def __init__(self, number: int, factory: Any) -> None:
        self.number = number
        self.factory = factory
        self.closing: Deferred[None] | None = None

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.2", self.number)

    def stopListening(self) -> Deferred[None]:
        self.closing = Deferred()
        return self.closing


class PortReactor(Clock):
    """Remembers who listens; a port that is in :attr:`taken` cannot be opened."""

    CHOSEN = 40_001

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[FakePort] = []
        self.taken: set[int] = set()

    def listenTCP(self, number: int, factory: Any, interface: str = "") -> FakePort:
        if number in self.taken:
            raise CannotListenError(interface, number, OSError(98, "Address already in use"))
        self.ports.append(FakePort(number or self.CHOSEN, factory))
        return self.ports[-1]


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = PortReactor()
        self.service = self.make(0)

    def make(self, number: int) -> Service:
        service = Service(self.reactor, "ex1", "smtp", "127.0.0.2")  # type: ignore[arg-type]  # a fake with all that is used
        service.add_door("smtp", number, Factory.forProtocol(Protocol), lambda _: Silent())
        return service

    def test_it_can_move_to_another_port(self) -> None:
        self.service = self.make(6001)
        self.successResultOf(self.service.start())
        moved = self.service.move()
        self.assertNoResult(moved)
        closing = self.reactor.ports[0].closing
        assert closing is not None
        closing.callback(None)
        self.successResultOf(moved)
        self.assertEqual((self.service.port, len(self.reactor.ports)), (PortReactor.CHOSEN, 2))

    def test_a_port_that_the_system_chose_can_be_read(self) -> None:
        self.successResultOf(self.service.start())
        self.assertEqual(self.service.port, PortReactor.CHOSEN)

    def test_a_port_that_is_taken_is_named_with_its_service(self) -> None:
        self.reactor.taken.add(2525)
        error = self.failureResultOf(self.make(2525).start(), SiteError).value
        self.assertEqual(str(error), "ex1 smtp: cannot listen on 127.0.0.2:2525: [Errno 98] Address already in use")

    def test_refuse_closes_the_port(self) -> None:
        self.service.start()
        done = self.service.set(Mode.REFUSE)
        self.assertNoResult(done)
        self.close(0)
        self.successResultOf(done)

    def test_refuse_cuts_the_sessions(self) -> None:
        self.service.start()
        transport = StringTransport()
        session = self.reactor.ports[0].factory.buildProtocol(None)
        session.makeConnection(transport)
        done = self.service.set(Mode.REFUSE)
        self.close(0)
        self.assertTrue(transport.disconnected)
        self.assertNoResult(done)
        session.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(done)

    def test_a_port_opens_again_where_it_was_and_only_once_it_is_closed(self) -> None:
        self.service.start()
        self.service.set(Mode.REFUSE)
        done = self.service.set(Mode.WELL)
        self.assertEqual(len(self.reactor.ports), 1)
        self.close(0)
        self.successResultOf(done)
        self.assertEqual([port.number for port in self.reactor.ports], [PortReactor.CHOSEN] * 2)

    def test_other_modes_leave_the_port_open(self) -> None:
        self.service.start()
        self.successResultOf(self.service.set(Mode.SILENT))
        self.assertEqual((self.service.mode, len(self.reactor.ports)), (Mode.SILENT, 1))

    def test_a_service_that_is_not_started_opens_nothing(self) -> None:
        self.successResultOf(self.service.set(Mode.ERROR))
        self.assertEqual(self.reactor.ports, [])

    def test_stop_closes_the_port(self) -> None:
        self.service.start()
        done = self.service.stop()
        self.close(0)
        self.successResultOf(done)

    def close(self, index: int) -> None:
        closing = self.reactor.ports[index].closing
        assert closing is not None
        closing.callback(None)


class DirectoryTests(SynchronousTestCase):
    def test_a_directory_can_fail(self) -> None:
        directory = Directory("ex1", "ews")
        self.successResultOf(directory.set(Mode.ERROR))
        self.assertIs(directory.mode, Mode.ERROR)

    def test_what_needs_a_port_of_its_own_is_refused(self) -> None:
        directory = Directory("ex1", "ews")
        error = self.assertRaises(ModeError, directory.set, Mode.SILENT)
        self.assertEqual(str(error), "the directory ews can be well, maintenance, error; silent is for the whole https service")
