from typing import get_args

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epm import NO_HANDLE, NOT_REGISTERED
from exproxy.wire.epmrelay.bounds import ENTRIES, GATHERED, QUESTION, ROUNDS
from exproxy.wire.epmrelay.enquiry import Enquiry, Found
from exproxy.wire.eptlookup import OPNUM_LOOKUP, Entry, LookupRequest, LookupResponse
from exproxy.wire.interfaces import EMSMDB
from exproxy.wire.rpc.call import Request
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader, NdrWriter
from exproxy.wire.rpc.pdu import Auth, Flags, Pdu, PduType, encode_pdu
from tests.wire.epmrelay.talking import EMSMDB_TOWER, pdus

LIVE = bytes(range(20))
KEPT = Entry(EMSMDB_TOWER, "kept")


def request(asked: LookupRequest, order: ByteOrder = "little", more: bytes = b"") -> Pdu:
    [pdu] = pdus(Request(0, OPNUM_LOOKUP, asked.encode(order) + more, order=order).encode(2))
    return pdu


def enquiry(wanted: int = 10, handle: bytes = NO_HANDLE, order: ByteOrder = "little", more: bytes = b"") -> Enquiry:
    made = Enquiry.of(request(LookupRequest(handle=handle, max_ents=wanted), order, more))
    assert made is not None
    return made


def asked(question: bytes) -> LookupRequest:
    """What a question asks."""
    [pdu] = pdus(question)
    request = Request.decode(pdu)
    return LookupRequest.decode(request.stub, request.order)


def found(*entries: Entry, hidden: int = 1, status: int = 0, handle: bytes = LIVE, size: int = 1) -> Found:
    return Found(LookupResponse(entries, status, handle), hidden, size)


class QuestionTests(SynchronousTestCase):
    def test_it_asks_for_no_more_than_can_be_held_and_all_else_stays(self) -> None:
        for way in get_args(ByteOrder):
            for subject in (None, EMSMDB.uuid):
                for interface in (None, EMSMDB.syntax):
                    wanted = LookupRequest(1, subject, interface, 2, LIVE, 500)
                    made = Enquiry.of(request(wanted, way))
                    assert made is not None
                    self.assertEqual(asked(made.question), attrs.evolve(wanted, max_ents=ENTRIES))
                    self.assertEqual((made.wanted, made.fresh), (500, False))

    def test_more_than_the_protocol_allows_is_limited_too(self) -> None:
        self.assertEqual(asked(enquiry(2**32 - 1).question).max_ents, ENTRIES)

    def test_what_stands_behind_and_the_trailer_stay(self) -> None:
        body = request(LookupRequest(max_ents=5)).body + b"verification trailer"
        octets = encode_pdu(PduType.REQUEST, 2, body, auth=Auth(10, 2, 0, bytes(16)))
        made = Enquiry.of(pdus(octets)[0])
        assert made is not None
        self.assertEqual((made.question, made.fresh), (octets, True))

    def test_a_request_that_names_an_object_is_read_behind_it(self) -> None:
        body = request(LookupRequest(max_ents=500)).body
        octets = encode_pdu(PduType.REQUEST, 2, body[:8] + bytes(16) + body[8:], flags=int(Flags.OBJECT) | 3)
        made = Enquiry.of(pdus(octets)[0])
        assert made is not None
        self.assertEqual(made.question[-4:], ENTRIES.to_bytes(4, "little"))

    def test_cut_anywhere_it_is_none(self) -> None:
        stub = LookupRequest(0, EMSMDB.uuid, EMSMDB.syntax).encode()
        for end in range(len(stub)):
            self.assertIsNone(Enquiry.of(pdus(Request(0, OPNUM_LOOKUP, stub[:end]).encode(2))[0]))

    def test_with_a_referent_that_repeats_it_is_none(self) -> None:
        stub = b"\0\0\0\0\1\0\0\0" + bytes(16) + b"\1\0\0\0" + bytes(60)
        self.assertIsNone(Enquiry.of(pdus(Request(0, OPNUM_LOOKUP, stub).encode(2))[0]))


class AskingOnTests(SynchronousTestCase):
    def test_the_server_is_asked_for_what_is_missing_with_its_handle(self) -> None:
        for way in get_args(ByteOrder):
            self.assertEqual(asked(enquiry(order=way).ask_on(found(KEPT), way)), LookupRequest(handle=LIVE, max_ents=9))

    def test_the_handle_is_turned_where_the_server_speaks_in_the_other_order(self) -> None:
        """Both have to read the same number and UUID."""
        question = enquiry(order="big").ask_on(found(), "little")
        at = question.index(LIVE[12:]) - 12
        read = [(reader.u32("attributes"), reader.uuid("UUID")) for reader in self.readers(LIVE, question[at : at + 20])]
        self.assertEqual(read[0], read[1])

    def readers(self, little: bytes, big: bytes) -> tuple[NdrReader, NdrReader]:
        return NdrReader(little, "little", "handle"), NdrReader(big, "big", "handle")

    def test_it_is_not_asked_when_there_is_nothing_more_to_have(self) -> None:
        for each in (found(handle=NO_HANDLE), found(status=NOT_REGISTERED), found(hidden=0), found(*[KEPT] * 10)):
            self.assertEqual(enquiry().ask_on(each, "little"), b"")

    def test_it_is_not_asked_when_more_would_be_held_than_is_good_for_us(self) -> None:
        made = enquiry()
        self.assertTrue(made.ask_on(found(KEPT, size=GATHERED), "little"))
        self.assertEqual(made.ask_on(found(KEPT, size=1), "little"), b"")
        self.assertEqual(made.result(found().answer).entries, (KEPT, KEPT))

    def test_it_is_not_asked_for_ever(self) -> None:
        made = enquiry()
        questions = [made.ask_on(found(), "little") for _ in range(ROUNDS)]
        self.assertEqual([bool(question) for question in questions], [True] * (ROUNDS - 1) + [False])

    def test_it_is_not_asked_by_a_request_that_is_not_held(self) -> None:
        made = enquiry()
        made.settle()
        self.assertEqual((made.ask_on(found(KEPT), "little"), made.result(found().answer).entries), (b"", (KEPT,)))

    def test_long_requests_are_not_held(self) -> None:
        for size, held in ((10, True), (QUESTION, False)):
            made = enquiry(more=bytes(size))
            made.settle_if_long()
            self.assertEqual(made.held > 0, held)


class ResultTests(SynchronousTestCase):
    def test_it_has_all_that_was_found_and_the_end_of_the_last_answer(self) -> None:
        made = enquiry()
        last = found(KEPT, status=NOT_REGISTERED, handle=NO_HANDLE)
        for each in (found(KEPT), found(), last):
            made.ask_on(each, "little")
        self.assertEqual(made.result(last.answer), LookupResponse((KEPT, KEPT), NOT_REGISTERED, NO_HANDLE))

    def test_with_all_hidden(self) -> None:
        for begun, handle, status in (
            (NO_HANDLE, LIVE, 0),
            (LIVE, LIVE, 0),
            (NO_HANDLE, NO_HANDLE, NOT_REGISTERED),
            (LIVE, NO_HANDLE, 0),
        ):
            made, only = enquiry(handle=begun), found(handle=handle)
            made.ask_on(only, "little")
            self.assertEqual(made.result(only.answer), LookupResponse((), status, handle))

    def test_an_empty_table_is_the_server_s_to_tell(self) -> None:
        made, only = enquiry(), found(hidden=0, handle=NO_HANDLE)
        made.ask_on(only, "little")
        self.assertEqual(made.result(only.answer), LookupResponse(()))


class WrittenTests(SynchronousTestCase):
    def test_octets_in_either_order_are_what_writers_write(self) -> None:
        """The handle's number and UUID, and the number of entries."""
        writer = NdrWriter("big")
        writer.u32(3)
        self.assertTrue(enquiry(3, order="big").question.endswith(bytes(writer)))
