from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import epm as theirs
from impacket.dcerpc.v5.dtypes import NULL
from impacket.uuid import uuidtup_to_bin
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epm import (
    HTTP,
    NOT_REGISTERED,
    OPNUM_MAP,
    Floor,
    MapRequest,
    MapResponse,
    Tower,
    tower,
)
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, NSPI, WINREG
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.pdu import PduReader
from exproxy.wire.rpc.syntax import NDR
from tests.wire.rpc import captured

floors = st.builds(Floor, st.integers(0, 255), st.binary(max_size=20), st.binary(max_size=20))
towers = st.builds(Tower, st.lists(floors, max_size=6).map(tuple))
orders: st.SearchStrategy[Any] = st.sampled_from(("little", "big"))
handles = st.binary(min_size=20, max_size=20)
requests = st.builds(MapRequest, towers, st.none() | st.uuids(), handles, st.integers(0, 500))
responses = st.builds(MapResponse, st.lists(towers, max_size=5).map(tuple), st.integers(0, 2**32 - 1), handles)
EXAMPLE = tower(EMSMDB.syntax, 6005, "10.0.0.15")


def stub_of(data: bytes) -> bytes:
    """The stub of a captured request or response."""
    [pdu] = PduReader().feed(data)
    return pdu.body[8:]


class TowerTests(SynchronousTestCase):
    def test_a_tower_is_decoded_as_it_was_encoded(self) -> None:
        @given(towers)
        def check(each: Tower) -> None:
            self.assertEqual(Tower.decode(each.encode()), each)

        check()

    def test_it_tells_interface_transfer_syntax_port_and_address(self) -> None:
        told = (EXAMPLE.interface, EXAMPLE.transfer, EXAMPLE.port, EXAMPLE.address, EXAMPLE.http_port)
        self.assertEqual(told, (EMSMDB.syntax, NDR, 6005, "10.0.0.15", None))

    def test_a_tower_of_ncacn_http_has_an_http_port_only(self) -> None:
        each = tower(NSPI.syntax, 6004, "10.0.0.15", protocol=HTTP)
        self.assertEqual((each.port, each.http_port), (None, 6004))

    def test_a_tower_of_a_named_pipe_has_no_port(self) -> None:
        pipe = Tower((*EXAMPLE.floors[:3], Floor(0x0F, right=b"\\pipe\\epmapper\0"), Floor(0x11, right=b"\\\\EX1\0")))
        self.assertEqual((pipe.port, pipe.http_port, pipe.address), (None, None, None))

    def test_a_tower_without_floors_tells_nothing(self) -> None:
        empty = Tower(())
        self.assertEqual((empty.interface, empty.transfer, empty.port, empty.address), (None, None, None, None))

    def test_first_floors_that_are_no_syntax_tell_none(self) -> None:
        odd = Tower((Floor(0x0D, b"short"), Floor(0x0E, bytes(18))))
        self.assertEqual((odd.interface, odd.transfer), (None, None))

    def test_an_address_that_is_not_ipv4_is_refused(self) -> None:
        self.assertRaises(ValueError, tower, EMSMDB.syntax, 1, "fd00::9")

    def test_a_floor_that_overruns_is_refused_by_number_and_side(self) -> None:
        data = EXAMPLE.encode()
        error = self.assertRaises(WireError, Tower.decode, data[:-1])
        self.assertEqual(str(error), "tower, right side of floor 5: 4 bytes overrun the tower's 74")

    def test_more_floors_than_make_sense_are_refused(self) -> None:
        error = self.assertRaises(WireError, Tower.decode, b"\xff\xff" + EXAMPLE.encode()[2:])
        self.assertEqual(str(error), "tower: 65535 floors, at most 32 make sense")

    def test_a_floor_without_an_identifier_is_refused(self) -> None:
        self.assertRaises(WireError, Tower.decode, b"\1\0\0\0\0\0")

    def test_octets_behind_the_last_floor_are_ignored(self) -> None:
        self.assertEqual(Tower.decode(EXAMPLE.encode() + b"\0\0"), EXAMPLE)

    def test_arbitrary_octets_raise_nothing_but_wire_errors(self) -> None:
        @given(st.binary(max_size=60), st.integers(0, 80), st.binary(max_size=3))
        def check(noise: bytes, at: int, patch: bytes) -> None:
            data = EXAMPLE.encode()
            for octets in (noise, data[:at] + patch + data[at + len(patch) :]):
                try:
                    each = Tower.decode(octets)
                except WireError as error:
                    self.assertTrue(error.where)
                else:
                    self.assertEqual(Tower.decode(each.encode()), each)

        check()


class MapTests(SynchronousTestCase):
    def test_a_request_is_decoded_as_it_was_encoded(self) -> None:
        @given(requests, orders)
        def check(request: MapRequest, order: Any) -> None:
            self.assertEqual(MapRequest.decode(request.encode(order), order), request)

        check()

    def test_a_response_is_decoded_as_it_was_encoded(self) -> None:
        @given(responses, st.integers(0, 500), orders)
        def check(response: MapResponse, most: int, order: Any) -> None:
            self.assertEqual(MapResponse.decode(response.encode(most, order), order), response)

        check()

    def test_arbitrary_stubs_raise_nothing_but_wire_errors(self) -> None:
        good = (MapRequest(EXAMPLE).encode(), MapResponse((EXAMPLE, EXAMPLE)).encode(4))

        @given(st.binary(max_size=60), st.integers(0, 300), orders)
        def check(noise: bytes, at: int, order: Any) -> None:
            for octets in (noise, *(each[:at] + noise + each[at + len(noise) :] for each in good)):
                for message in (MapRequest, MapResponse):
                    try:
                        message.decode(octets, order)
                    except WireError as error:
                        self.assertTrue(error.where)

        check()

    def test_the_captured_request_is_what_we_send(self) -> None:
        request = MapRequest(tower(WINREG.syntax, 135), max_towers=16)
        self.assertEqual(Request(0, OPNUM_MAP, request.encode()).encode(2), captured.MAP_REQUEST)
        self.assertEqual(MapRequest.decode(stub_of(captured.MAP_REQUEST), "little"), request)

    def test_sambas_answer_is_read_and_written(self) -> None:
        response = MapResponse.decode(stub_of(captured.MAP_RESPONSE), "little")
        self.assertEqual(response, MapResponse((tower(WINREG.syntax, 49252, "127.0.0.4"),)))
        self.assertEqual(Response(0, response.encode(16)).encode(2), captured.MAP_RESPONSE)

    def test_sambas_answer_for_an_interface_that_is_not_registered_is_read_and_written(self) -> None:
        response = MapResponse.decode(stub_of(captured.MAP_NOTHING), "little")
        self.assertEqual(response, MapResponse((), NOT_REGISTERED))
        self.assertEqual(Response(0, response.encode(16)).encode(2), captured.MAP_NOTHING)

    def test_a_referent_that_repeats_in_an_answer_is_the_same_tower(self) -> None:
        one = MapResponse((EXAMPLE,)).encode(4)
        # Two pointers with referent 1, one tower behind them.
        stub = one[:20] + b"\2\0\0\0" + one[24:32] + b"\2\0\0\0" + b"\1\0\0\0" * 2 + one[40:]
        self.assertEqual(MapResponse.decode(stub, "little").towers, (EXAMPLE, EXAMPLE))

    def test_a_null_pointer_in_an_answer_is_left_out(self) -> None:
        one = MapResponse((EXAMPLE,)).encode(4)
        stub = one[:20] + b"\2\0\0\0" + one[24:32] + b"\2\0\0\0" + b"\0\0\0\0\1\0\0\0" + one[40:]
        self.assertEqual(MapResponse.decode(stub, "little").towers, (EXAMPLE,))


class BadInputTests(SynchronousTestCase):
    def refusal(self, message: Any, stub: bytes) -> str:
        return str(self.assertRaises(WireError, message.decode, stub, "little"))

    def test_an_object_and_a_tower_of_one_referent(self) -> None:
        stub = MapRequest(EXAMPLE, UUID(int=9)).encode()
        self.assertIn("referent 1 repeats", self.refusal(MapRequest, stub[:20] + b"\1\0\0\0" + stub[24:]))

    def test_a_request_without_a_tower(self) -> None:
        self.assertIn("the tower pointer is NULL", self.refusal(MapRequest, bytes(60)))

    def test_more_towers_wanted_than_the_interface_allows(self) -> None:
        stub = MapRequest(EXAMPLE).encode()
        self.assertIn("max_towers 501 is more than 500", self.refusal(MapRequest, stub[:-4] + (501).to_bytes(4, "little")))

    def test_a_tower_whose_length_contradicts_its_array(self) -> None:
        stub = MapRequest(EXAMPLE).encode()
        self.assertIn("tower length 75 contradicts its array's size 76", self.refusal(MapRequest, stub[:8] + b"\x4c" + stub[9:]))

    def test_a_tower_longer_than_the_stub(self) -> None:
        stub = MapRequest(EXAMPLE).encode()
        self.assertIn("tower needs 2147483647 bytes", self.refusal(MapRequest, stub[:8] + b"\xff\xff\xff\x7f" * 2 + stub[16:]))

    def test_an_array_that_does_not_hold_what_it_should(self) -> None:
        one = MapResponse((EXAMPLE,)).encode(4)
        wrong = (
            one[:20] + b"\2" + one[21:],  # num_towers
            one[:24] + b"\0" + one[25:],  # array size
            one[:28] + b"\1" + one[29:],  # array offset
            one[:20] + b"\xff\xff\xff\xff" * 2 + bytes(4) + b"\xff\xff\xff\xff" + one[36:],
        )
        for stub in wrong:
            self.assertIn("an array of", self.refusal(MapResponse, stub))


class ImpacketTests(SynchronousTestCase):
    def test_impacket_reads_our_tower(self) -> None:
        each = theirs.EPMTower(EXAMPLE.encode())
        self.assertEqual(each["NumberOfFloors"], 5)
        self.assertEqual(each["Floors"][0]["InterfaceUUID"], EMSMDB.uuid.bytes_le)
        self.assertEqual(theirs.PrintStringBinding(each["Floors"]), "ncacn_ip_tcp:10.0.0.15[6005]")

    def test_impacket_reads_our_tower_of_ncacn_http(self) -> None:
        each = theirs.EPMTower(tower(NSPI.syntax, 6004, "10.0.0.15", protocol=HTTP).encode())
        self.assertEqual(theirs.PrintStringBinding(each["Floors"]), "ncacn_http:10.0.0.15[6004]")

    def test_we_read_impackets_request(self) -> None:
        each = theirs.EPMTower()
        interface, transfer = theirs.EPMRPCInterface(), theirs.EPMRPCDataRepresentation()
        interface["InterfaceUUID"], interface["MajorVersion"], interface["MinorVersion"] = EMSMDB.uuid.bytes_le, 0, 81
        transfer["DataRepUuid"], transfer["MajorVersion"] = uuidtup_to_bin((str(NDR.uuid), "2.0"))[:16], 2
        protocol, port, host = theirs.EPMProtocolIdentifier(), theirs.EPMPortAddr(), theirs.EPMHostAddr()
        protocol["ProtIdentifier"], port["IpPort"], host["Ip4addr"] = 0x0B, 0, bytes(4)
        each["NumberOfFloors"] = 5
        each["Floors"] = b"".join(floor.getData() for floor in (interface, transfer, protocol, port, host))
        call = theirs.ept_map()
        call["obj"] = NULL
        call["map_tower"]["tower_length"] = len(each)
        call["map_tower"]["tower_octet_string"] = each.getData()
        call["max_towers"] = 4
        # impacket closes the gap behind the object's pointer and all others as NDR asks.
        request = MapRequest.decode(call.getData(), "little")
        self.assertEqual((request.tower, request.object, request.max_towers), (tower(EMSMDB.syntax, 0), None, 4))

    def test_impacket_reads_our_response(self) -> None:
        answer = theirs.ept_mapResponse(MapResponse((EXAMPLE, tower(NSPI.syntax, 6006, "10.0.0.15"))).encode(4))
        self.assertEqual((answer["num_towers"], answer["status"]), (2, 0))
        octets = [b"".join(each["Data"]["tower_octet_string"]) for each in answer["ITowers"]]
        self.assertEqual([Tower.decode(each).port for each in octets], [6005, 6006])

    def test_impacket_reads_our_answer_without_towers(self) -> None:
        answer = theirs.ept_mapResponse(MapResponse((), NOT_REGISTERED).encode(4))
        self.assertEqual((answer["num_towers"], answer["status"]), (0, NOT_REGISTERED))
