from collections.abc import Sequence

from exproxy.wire.dialogue.base import Dialogue, Outcome, Status
from exproxy.wire.dialogue.table import AT_ONCE, MAX_LOOKUPS, TableLookup
from exproxy.wire.epm import HTTP, NO_HANDLE, NOT_REGISTERED, tower
from exproxy.wire.eptlookup import OPNUM_LOOKUP_HANDLE_FREE, Entry, FreeRequest, FreeResponse, LookupRequest, LookupResponse
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI
from exproxy.wire.rpc.call import NCA_OP_RANGE, Fault, Request, Response
from exproxy.wire.rpc.pdu import Pdu
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase
from tests.wire.dialogue.rpcserver import Server, Talk, outcome_of, serving

MDB = Entry(tower(EMSMDB.syntax, 6005, "10.0.0.15"), "Exchange RPC Client Access")
BOOK = Entry(tower(NSPI.syntax, 6006, "10.0.0.15"), "Exchange NSPI")
WEB = Entry(tower(NSPI.syntax, 6004, "10.0.0.15", protocol=HTTP))


def handle(number: int) -> bytes:
    return number.to_bytes(20, "big")


def telling(*answers: LookupResponse, freed: list[bytes] | None = None) -> Server:
    """A mapper whose handle says which answer is next; the last one is repeated for ever.  In fragments of 120 bytes.

    :param freed: gets the handles that come back.
    """

    def call(pdu: Pdu) -> bytes:
        request = Request.decode(pdu)
        if request.opnum == OPNUM_LOOKUP_HANDLE_FREE:
            assert freed is not None, "nobody should give it back"
            freed.append(FreeRequest.decode(request.stub, request.order).handle)
            return Response(request.context, FreeResponse().encode()).encode(pdu.call_id)
        asked = LookupRequest.decode(request.stub, request.order)
        answer = answers[min(int.from_bytes(asked.handle, "big"), len(answers) - 1)]
        return Response(request.context, answer.encode(asked.max_ents)).encode(pdu.call_id, fragment=120)

    return serving(EPM.syntax, call=call)


class TableTests(PlayTestCase, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return TableLookup()

    def read(self, *answers: LookupResponse) -> tuple[Outcome, Sequence[Entry]]:
        lookup = TableLookup()
        outcome = Talk(lookup, {135: telling(*answers)}).run()
        self.assertEqual(outcome_of(self.dialogue, {135: telling(*answers)}), outcome)
        return outcome, lookup.entries

    def test_a_table_that_comes_with_the_status_that_there_is_no_more(self) -> None:
        outcome, entries = self.read(LookupResponse((MDB, BOOK), NOT_REGISTERED))
        self.assertEqual((outcome.status, outcome.text), (Status.L7OKD, "the endpoint mapper told its 2 endpoints"))
        self.assertEqual(entries, [MDB, BOOK])

    def test_a_table_in_several_answers(self) -> None:
        last = LookupResponse((WEB,), NOT_REGISTERED)
        outcome, entries = self.read(LookupResponse((MDB,), 0, handle(1)), LookupResponse((BOOK,), 0, handle(2)), last)
        self.assertEqual((outcome.status, entries), (Status.L7OKD, [MDB, BOOK, WEB]))

    def test_a_null_handle_is_the_end_whatever_the_status(self) -> None:
        outcome, entries = self.read(LookupResponse((MDB,)))
        self.assertEqual((outcome.status, entries), (Status.L7OKD, [MDB]))

    def test_an_end_that_is_only_an_end(self) -> None:
        outcome, entries = self.read(LookupResponse((MDB,), 0, handle(1)), LookupResponse((), NOT_REGISTERED))
        self.assertEqual((outcome.status, entries), (Status.L7OKD, [MDB]))

    def test_an_empty_table_is_one_too(self) -> None:
        outcome, entries = self.read(LookupResponse((), NOT_REGISTERED))
        self.assertEqual((outcome.text, entries), ("the endpoint mapper told its 0 endpoints", []))

    def given_back(self, answer: LookupResponse) -> tuple[list[bytes], Outcome]:
        """The handles that a mapper gets back that answers so every time, and the end."""
        freed: list[bytes] = []
        return freed, Talk(TableLookup(), {135: telling(answer, freed=freed)}).run()

    def test_a_mapper_that_comes_to_no_end_is_left_and_its_handle_given_back(self) -> None:
        freed, end = self.given_back(LookupResponse((MDB,), 0, handle(1)))
        self.assertEqual(end.status, Status.L7RSP)
        self.assertEqual(
            end.text, f"the endpoint mapper has told {MAX_LOOKUPS} endpoints in {MAX_LOOKUPS} answers and comes to no end"
        )
        self.assertEqual(freed, [handle(1)])

    def test_another_status_is_told_and_the_handle_given_back(self) -> None:
        freed, end = self.given_back(LookupResponse((MDB,), 5, handle(1)))
        text = "the endpoint mapper answered a lookup with status 0x00000005"
        self.assertEqual((end.status, end.text, end.code), (Status.L7STS, text, 5))
        self.assertEqual(freed, [handle(1)])

    def test_a_handle_beside_the_last_entries_is_given_back(self) -> None:
        freed, end = self.given_back(LookupResponse((MDB,), NOT_REGISTERED, handle(1)))
        self.assertEqual((freed, end.status), ([handle(1)], Status.L7OKD))

    def test_a_fault_is_told(self) -> None:
        def call(pdu: Pdu) -> bytes:
            return Fault(0, NCA_OP_RANGE).encode(pdu.call_id)

        outcome = outcome_of(self.dialogue, {135: serving(EPM.syntax, call=call)})
        text = "the endpoint mapper answered with a fault: operation number out of range (0x1c010002)"
        self.assertEqual((outcome.status, outcome.text), (Status.L7STS, text))

    def test_a_bind_that_is_refused_is_told(self) -> None:
        outcome = outcome_of(self.dialogue, {135: serving(NSPI.syntax)})
        self.assertEqual(outcome.text, "rpc bind to epm was refused: abstract syntax not supported")

    def test_an_answer_that_is_none_is_told_and_what_came_before_is_kept(self) -> None:
        lookup = TableLookup()

        def call(pdu: Pdu) -> bytes:
            asked = LookupRequest.decode(Request.decode(pdu).stub, pdu.order)
            good = LookupResponse((MDB,), 0, handle(1)).encode(AT_ONCE)
            return Response(0, good if asked.handle == NO_HANDLE else b"nonsense").encode(pdu.call_id)

        outcome = Talk(lookup, {135: serving(EPM.syntax, call=call)}).run()
        self.assertEqual((outcome.status, lookup.entries), (Status.L7RSP, [MDB]))
        self.assertIn("entry handle needs 20 bytes", outcome.text)
