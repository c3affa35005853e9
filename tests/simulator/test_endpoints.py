from typing import Any

import attrs
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.endpoints import Mapper, Registry
from exproxy.simulator.modes import Mode
from exproxy.simulator.service import Door, Service
from exproxy.wire.epm import HTTP, NO_HANDLE, NOT_REGISTERED, OPNUM_MAP, MapRequest, MapResponse, tower
from exproxy.wire.eptlookup import (
    OPNUM_LOOKUP,
    OPNUM_LOOKUP_HANDLE_FREE,
    FreeRequest,
    FreeResponse,
    Inquiry,
    LookupRequest,
    LookupResponse,
)
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, NSPI
from exproxy.wire.rpc.call import Request
from exproxy.wire.rpc.syntax import Syntax


class MapperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.port = 6001
        self.answer = Mapper("127.0.0.2", {EMSMDB.syntax: lambda: self.port})

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

    def test_who_asks_for_ncacn_http_is_told_that_port(self) -> None:
        wanted = MapRequest(tower(EMSMDB.syntax, 593, protocol=HTTP))
        stub = self.answer(Request(0, OPNUM_MAP, wanted.encode()))
        assert stub is not None
        self.assertEqual([each.http_port for each in MapResponse.decode(stub, "little").towers], [6001])

    def test_an_operation_that_it_does_not_have(self) -> None:
        self.assertIsNone(self.answer(Request(0, 7, b"")))

    def test_a_broken_question_is_an_error_of_the_wire(self) -> None:
        self.assertRaises(WireError, self.answer, Request(0, OPNUM_MAP, b"\0"))


class LookupTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.answer = Mapper("127.0.0.2", {EMSMDB.syntax: lambda: 6005, NSPI.syntax: lambda: 6006})

    def ask(self, request: LookupRequest) -> LookupResponse:
        stub = self.answer(Request(0, OPNUM_LOOKUP, request.encode()))
        assert stub is not None
        return LookupResponse.decode(stub, "little")

    def test_the_whole_table_comes_with_the_status_that_there_is_no_more(self) -> None:
        told = self.ask(LookupRequest())
        ports = [(each.tower.port, each.tower.http_port) for each in told.entries if each.tower is not None]
        self.assertEqual(ports, [(6005, None), (6006, None), (None, 6001), (None, 6004)])
        self.assertEqual(told.entries[0].annotation, "Exchange RPC Client Access")
        self.assertEqual((told.status, told.handle), (NOT_REGISTERED, NO_HANDLE))

    def test_it_goes_on_where_it_stopped(self) -> None:
        whole = self.ask(LookupRequest()).entries
        first = self.ask(LookupRequest(max_ents=3))
        self.assertEqual((first.entries, first.status), (whole[:3], 0))
        second = self.ask(LookupRequest(handle=first.handle, max_ents=3))
        self.assertEqual((second.entries, second.status, second.handle), (whole[3:], NOT_REGISTERED, NO_HANDLE))

    def test_one_interface_may_be_asked_for(self) -> None:
        told = self.ask(LookupRequest(Inquiry.BY_INTERFACE, interface=NSPI.syntax))
        self.assertEqual({each.tower and each.tower.interface for each in told.entries}, {NSPI.syntax})

    def test_an_interface_that_is_not_there_has_no_entries(self) -> None:
        wanted = attrs.evolve(EMSMDB.syntax, major=9)
        told = self.ask(LookupRequest(Inquiry.BY_INTERFACE, interface=wanted))
        self.assertEqual((told.entries, told.status), ((), NOT_REGISTERED))

    def test_a_handle_that_is_given_back_is_null(self) -> None:
        handle = self.ask(LookupRequest(max_ents=1)).handle
        stub = self.answer(Request(0, OPNUM_LOOKUP_HANDLE_FREE, FreeRequest(handle).encode()))
        assert stub is not None
        self.assertEqual(FreeResponse.decode(stub, "little"), FreeResponse())


class RegistryTests(SynchronousTestCase):
    def setUp(self) -> None:
        reactor: Any = MemoryReactorClock()
        self.access = Service(reactor, "ex1", "rpc-ca", "127.0.0.2")
        self.access.doors.append(Door("rpc-ca", 6001, None, None))  # type: ignore[arg-type]  # nobody comes in
        self.registry = Registry({EMSMDB.syntax: self.access})

    def test_the_port_is_that_of_the_moment(self) -> None:
        port = self.registry[EMSMDB.syntax]
        self.access.doors[0].number = 6002
        self.assertEqual((port(), list(self.registry), len(self.registry)), (6002, [EMSMDB.syntax], 1))

    def test_a_service_that_has_ended_is_not_registered(self) -> None:
        self.access.mode = Mode.REFUSE
        self.assertEqual((dict(self.registry), len(self.registry)), ({}, 0))
        self.assertNotIn(EMSMDB.syntax, self.registry)
