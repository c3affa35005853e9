from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import epm as theirs
from impacket.dcerpc.v5.dtypes import NULL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epm import HTTP, NO_HANDLE, NOT_REGISTERED, Floor, Tower, tower
from exproxy.wire.eptlookup import (
    OPNUM_LOOKUP,
    Entry,
    FreeRequest,
    FreeResponse,
    Inquiry,
    LookupRequest,
    LookupResponse,
    Versions,
)
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, NSPI, SRVSVC, WINREG
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.syntax import Syntax
from tests.wire.rpc import captured
from tests.wire.test_epm import handles, orders, stub_of, towers

SIXTEEN = st.integers(0, 2**16 - 1)
LONG = st.integers(0, 2**32 - 1)
texts = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=63)
interfaces = st.builds(Syntax, st.uuids(), SIXTEEN, SIXTEEN)
requests = st.builds(LookupRequest, LONG, st.none() | st.uuids(), st.none() | interfaces, LONG, handles, st.integers(0, 500))
entries = st.builds(Entry, st.none() | towers, texts, st.uuids())
responses = st.builds(LookupResponse, st.lists(entries, max_size=5).map(tuple), LONG, handles)
HANDLE = bytes(range(20))
OBJECT = UUID("6b1a7b2a-0000-4000-8000-00000000000e")
MDB = Entry(tower(EMSMDB.syntax, 6005, "10.0.0.15"), "Exchange RPC Client Access")
WEB = Entry(tower(NSPI.syntax, 6004, "10.0.0.15", protocol=HTTP), "", OBJECT)


class RequestTests(SynchronousTestCase):
    def test_a_request_is_decoded_as_it_was_encoded(self) -> None:
        @given(requests, orders)
        def check(request: LookupRequest, order: Any) -> None:
            self.assertEqual(LookupRequest.decode(request.encode(order), order), request)

        check()

    def test_the_captured_request_is_read_and_written(self) -> None:
        request = LookupRequest(max_ents=4)
        self.assertEqual(LookupRequest.decode(stub_of(captured.LOOKUP_REQUEST), "little"), request)
        self.assertEqual(Request(0, OPNUM_LOOKUP, request.encode()).encode(1), captured.LOOKUP_REQUEST)

    def test_the_versions_of_an_interface_change_with_the_byte_order_each_by_itself(self) -> None:
        stub = LookupRequest(Inquiry.BY_INTERFACE, interface=EMSMDB.syntax).encode("big")
        self.assertEqual(stub[8:32], b"\0\0\0\2" + EMSMDB.uuid.bytes + b"\0\0\0\x51")

    def test_an_object_and_an_interface_of_one_referent_are_refused(self) -> None:
        stub = LookupRequest(object=OBJECT, interface=EMSMDB.syntax).encode()
        error = self.assertRaises(WireError, LookupRequest.decode, stub[:24] + b"\1" + stub[25:], "little")
        self.assertEqual(str(error), "ept_lookup request, offset 28: referent 1 repeats")

    def test_more_entries_wanted_than_the_interface_allows_are_refused(self) -> None:
        stub = LookupRequest().encode()[:-4] + (501).to_bytes(4, "little")
        error = self.assertRaises(WireError, LookupRequest.decode, stub, "little")
        self.assertEqual(error.what, "max_ents 501 is more than 500")

    def test_an_inquiry_that_does_not_exist_is_left_to_the_server(self) -> None:
        self.assertEqual(LookupRequest.decode(LookupRequest(99, versions=98).encode(), "little").inquiry, 99)


class ResponseTests(SynchronousTestCase):
    def test_a_response_is_decoded_as_it_was_encoded(self) -> None:
        @given(responses, st.integers(0, 500), orders)
        def check(response: LookupResponse, most: int, order: Any) -> None:
            self.assertEqual(LookupResponse.decode(response.encode(most, order), order), response)

        check()

    def test_sambas_answer_is_read_and_written(self) -> None:
        response = LookupResponse.decode(stub_of(captured.LOOKUP_RESPONSE), "little")
        pipe, tcp, local, other = response.entries
        self.assertEqual([each.annotation for each in response.entries], ["winreg"] * 3 + ["srvsvc"])
        self.assertEqual(tcp, Entry(tower(WINREG.syntax, 49152, "127.0.0.77"), "winreg"))
        assert pipe.tower is not None and local.tower is not None and other.tower is not None
        self.assertEqual(pipe.tower.floors[3], Floor(0x0F, right=b"\\pipe\\winreg\0"))
        self.assertEqual(local.tower.floors[3], Floor(0x10, right=b"rpcd_winreg\0"))
        self.assertEqual(other.tower.interface, SRVSVC.syntax)
        self.assertEqual((response.handle[4:8], response.status), (b"\x5c\x6e\xa8\xbd", 0))
        self.assertEqual(Response(0, response.encode(4)).encode(3), captured.LOOKUP_RESPONSE)

    def test_the_last_entries_come_with_the_status_that_there_are_no_more(self) -> None:
        response = LookupResponse((MDB, WEB), NOT_REGISTERED)
        again = LookupResponse.decode(response.encode(500), "little")
        self.assertEqual((again.entries, again.status, again.handle), ((MDB, WEB), NOT_REGISTERED, NO_HANDLE))

    def test_a_null_pointer_is_an_entry_without_a_tower(self) -> None:
        nothing = Entry(None, "nowhere")
        stub = LookupResponse((nothing, MDB)).encode(4)
        self.assertEqual(LookupResponse.decode(stub, "little").entries, (nothing, MDB))

    def test_what_stands_behind_an_annotations_nul_is_ignored(self) -> None:
        stub = LookupResponse((Entry(None, "ab-cd"),)).encode(1).replace(b"ab-cd", b"ab\0cd")
        self.assertEqual(LookupResponse.decode(stub, "little").entries, (Entry(None, "ab"),))

    def test_an_annotation_that_does_not_fit_is_not_written(self) -> None:
        for text in ("x" * 64, "a\0b", "\N{EURO SIGN}"):
            self.assertRaises(ValueError, LookupResponse((Entry(None, text),)).encode, 1)


class BadInputTests(SynchronousTestCase):
    def refusal(self, stub: bytes) -> str:
        return str(self.assertRaises(WireError, LookupResponse.decode, stub, "little"))

    def test_an_array_that_does_not_hold_what_it_should(self) -> None:
        good = LookupResponse((MDB,)).encode(4)
        wrong = (
            good[:20] + b"\2" + good[21:],  # num_ents
            good[:24] + b"\0" + good[25:],  # array size
            good[:28] + b"\1" + good[29:],  # array offset
            good[:20] + b"\xff\xff\xff\xff" * 2 + bytes(4) + b"\xff\xff\xff\xff" + good[36:],
        )
        for stub in wrong:
            self.assertIn("an array of", self.refusal(stub))

    def test_more_than_500_entries(self) -> None:
        self.assertIn("an array of 501", self.refusal(LookupResponse((Entry(None),) * 501).encode(501)))

    def test_an_annotation_without_nul(self) -> None:
        stub = LookupResponse((Entry(None, "abc"),)).encode(1).replace(b"abc\0", b"abcd")
        self.assertIn("the annotation's 4 octets have no NUL", self.refusal(stub))

    def test_an_annotation_of_no_octets(self) -> None:
        stub = LookupResponse((Entry(None),)).encode(1)
        self.assertIn("the annotation's 0 octets have no NUL", self.refusal(stub[:60] + b"\0" + stub[61:]))

    def test_an_annotation_longer_than_its_array(self) -> None:
        stub = LookupResponse((Entry(None, "x" * 63),)).encode(1)
        self.assertIn("an annotation of 65 from 0 does not fit into 64", self.refusal(stub[:60] + b"\x41" + stub[61:]))

    def test_an_annotation_from_its_middle(self) -> None:
        stub = LookupResponse((Entry(None, "abc"),)).encode(1)
        self.assertIn("an annotation of 4 from 1", self.refusal(stub[:56] + b"\1" + stub[57:]))

    def test_a_referent_whose_tower_never_comes(self) -> None:
        stub = LookupResponse((Entry(None),)).encode(1)
        self.assertIn("tower length needs 4 bytes", self.refusal(stub[:52] + b"\7" + stub[53:]))

    def test_a_referent_that_repeats(self) -> None:
        stub = LookupResponse((Entry(MDB.tower), Entry(None))).encode(4)
        # The second entry's pointer stands at 36 + 32 + 16: heads of 28 octets, an annotation's NUL, padding.
        self.assertIn("referent 1 repeats", self.refusal(stub[:84] + b"\1" + stub[85:]))

    def test_a_tower_that_is_malformed(self) -> None:
        stub = LookupResponse((Entry(MDB.tower),)).encode(1)
        self.assertIn("65285 floors", self.refusal(stub.replace(b"\x4b\0\0\0\x05\0", b"\x4b\0\0\0\x05\xff")))

    def test_a_stub_that_ends_anywhere(self) -> None:
        stub = LookupResponse((MDB, WEB), 0, HANDLE).encode(4)
        for end in range(len(stub)):
            self.assertTrue(self.refusal(stub[:end]))

    def test_arbitrary_stubs_raise_nothing_but_wire_errors(self) -> None:
        good = (LookupRequest(1, OBJECT, EMSMDB.syntax).encode(), LookupResponse((MDB, WEB)).encode(4))
        messages: tuple[Any, ...] = (LookupRequest, LookupResponse, FreeRequest, FreeResponse)

        @given(st.binary(max_size=60), st.integers(0, 300), orders)
        def check(noise: bytes, at: int, order: Any) -> None:
            for octets in (noise, *(each[:at] + noise + each[at + len(noise) :] for each in good)):
                for message in messages:
                    try:
                        message.decode(octets, order)
                    except WireError as error:
                        self.assertTrue(error.where)

        check()


class FreeTests(SynchronousTestCase):
    def test_a_request_and_a_response_are_decoded_as_they_were_encoded(self) -> None:
        request, response = FreeRequest(HANDLE), FreeResponse(status=5)
        self.assertEqual(FreeRequest.decode(request.encode("big"), "big"), request)
        self.assertEqual(FreeResponse.decode(response.encode("big"), "big"), response)

    def test_what_ends_too_early_is_refused(self) -> None:
        self.assertRaises(WireError, FreeRequest.decode, HANDLE[:-1], "little")
        self.assertRaises(WireError, FreeResponse.decode, HANDLE, "little")


class ImpacketTests(SynchronousTestCase):
    def test_we_read_impackets_request(self) -> None:
        call = theirs.ept_lookup()
        call["inquiry_type"] = Inquiry.BY_BOTH
        call["object"] = OBJECT.bytes_le
        call["Ifid"]["Uuid"] = EMSMDB.uuid.bytes_le
        call["Ifid"]["VersMajor"], call["Ifid"]["VersMinor"] = 0, 81
        call["vers_option"] = Versions.EXACT
        call["max_ents"] = 7
        wanted = LookupRequest(Inquiry.BY_BOTH, OBJECT, EMSMDB.syntax, Versions.EXACT, NO_HANDLE, 7)
        self.assertEqual(LookupRequest.decode(call.getData(), "little"), wanted)

    def test_our_request_for_everything_is_impackets(self) -> None:
        call = theirs.ept_lookup()
        call["inquiry_type"], call["object"], call["Ifid"] = Inquiry.ALL, NULL, NULL
        call["vers_option"], call["max_ents"] = Versions.ALL, 500
        self.assertEqual(LookupRequest().encode(), call.getData())

    def test_impacket_reads_our_response(self) -> None:
        answer = theirs.ept_lookupResponse(LookupResponse((MDB, WEB), NOT_REGISTERED).encode(500))
        self.assertEqual((answer["num_ents"], answer["status"]), (2, NOT_REGISTERED))
        first, second = answer["entries"]
        self.assertEqual(b"".join(first["annotation"]), b"Exchange RPC Client Access\0")
        self.assertEqual((b"".join(second["annotation"]), second["object"]), (b"\0", OBJECT.bytes_le))
        octets = [b"".join(each["tower"]["tower_octet_string"]) for each in (first, second)]
        bindings = [theirs.PrintStringBinding(theirs.EPMTower(each)["Floors"]) for each in octets]
        self.assertEqual(bindings, ["ncacn_ip_tcp:10.0.0.15[6005]", "ncacn_http:10.0.0.15[6004]"])

    def test_impacket_reads_our_answer_without_entries(self) -> None:
        answer = theirs.ept_lookupResponse(LookupResponse((), NOT_REGISTERED).encode(500))
        self.assertEqual((answer["num_ents"], answer["status"], answer["entry_handle"].isNull()), (0, NOT_REGISTERED, True))

    def test_impacket_reads_our_answer_with_a_tower_missing(self) -> None:
        answer = theirs.ept_lookupResponse(LookupResponse((Entry(Tower(()), "x"), Entry(None, "y"))).encode(2))
        self.assertEqual([b"".join(each["annotation"]) for each in answer["entries"]], [b"x\0", b"y\0"])
