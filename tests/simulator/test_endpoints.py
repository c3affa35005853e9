from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.endpoints import mapper
from exproxy.wire.epm import NOT_REGISTERED, OPNUM_MAP, MapRequest, MapResponse, tower
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, NSPI
from exproxy.wire.rpc.call import Request
from exproxy.wire.rpc.syntax import Syntax


class MapperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.port = 6001
        self.answer = mapper("127.0.0.2", {EMSMDB.syntax: lambda: self.port})

    def ask(self, interface: Syntax, max_towers: int = 4) -> MapResponse:
        stub = self.answer(Request(0, OPNUM_MAP, MapRequest(tower(interface, 135), max_towers=max_towers).encode()))
        assert stub is not None
        return MapResponse.decode(stub, "little")

    def test_a_registered_interface_has_the_servers_own_address_and_its_port(self) -> None:
        (found,) = self.ask(EMSMDB.syntax).towers
        self.assertEqual((found.interface, found.address, found.port), (EMSMDB.syntax, "127.0.0.2", 6001))

    def test_a_port_that_moved_is_told_from_then_on(self) -> None:
        self.port = 6002
        self.assertEqual(self.ask(EMSMDB.syntax).towers[0].port, 6002)

    def test_what_is_not_registered_is_said_to_be_so(self) -> None:
        answer = self.ask(NSPI.syntax)
        self.assertEqual((answer.towers, answer.status), ((), NOT_REGISTERED))

    def test_no_more_towers_come_than_were_asked_for(self) -> None:
        self.assertEqual(self.ask(EMSMDB.syntax, 0).towers, ())

    def test_it_only_maps(self) -> None:
        self.assertIsNone(self.answer(Request(0, 2, b"")))

    def test_a_broken_question_is_an_error_of_the_wire(self) -> None:
        self.assertRaises(WireError, self.answer, Request(0, OPNUM_MAP, b"\0"))
