from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epmrelay.bounds import BoundError
from exproxy.wire.epmrelay.contexts import NOBODYS, Contexts
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EPM
from exproxy.wire.rpc.association import Bind, BindAck, Context, Result, Verdict
from exproxy.wire.rpc.ndr import ByteOrder
from exproxy.wire.rpc.pdu import PduType
from exproxy.wire.rpc.syntax import NDR, NDR64, Syntax
from tests.wire.epmrelay.talking import MGMT, WINDOWS, ack, bind, pdus

ALTER = PduType.ALTER_CONTEXT


def offered(contexts: Contexts, data: bytes) -> bytes:
    return contexts.offer(pdus(data)[0])


def bound(*wanted: Context) -> Contexts:
    contexts = Contexts()
    contexts.answer(pdus(ack(offered(contexts, bind(*wanted))))[0])
    return contexts


def verdicts(*results: Result, call_id: int = 1, kind: PduType = PduType.BIND_ACK, sends: int = 5840) -> bytes:
    return BindAck(results, kind=kind, max_transmit=sends).encode(call_id)


YES = Result(Verdict.ACCEPTANCE, 0, NDR)


class OfferTests(SynchronousTestCase):
    def transfers(self, *contexts: Context, order: ByteOrder = "little") -> list[tuple[Syntax, ...]]:
        data = bind(*contexts, order=order)
        [pdu] = pdus(offered(Contexts(), data))
        self.assertEqual(len(pdu.raw), len(data))
        return [each.transfers for each in Bind.decode(pdu).contexts]

    def test_ndr64_is_replaced_wherever_it_stands(self) -> None:
        for order in ("little", "big"):
            told = self.transfers(
                Context(7, MGMT, (NDR, NDR64)),
                Context(0, EPM.syntax, (NDR64, NDR, NDR64)),
                Context(1, EPM.syntax, (NDR64,)),
                order=order,  # type: ignore[arg-type] # a loop over literals is one over strings
            )
            self.assertEqual(told, [(NDR, NDR64), (NOBODYS, NDR, NOBODYS), (NOBODYS,)])

    def test_without_ndr64_nothing_is_touched(self) -> None:
        data = bind(Context(0, EPM.syntax), WINDOWS[2])
        self.assertEqual(offered(Contexts(), data), data)

    def test_larger_fragments_than_we_hold_are_not_offered(self) -> None:
        data = Bind((Context(0, EPM.syntax),), max_transmit=65_535, max_receive=4280).encode(1)
        told = Bind.decode(pdus(offered(Contexts(), data))[0])
        self.assertEqual((told.max_transmit, told.max_receive), (5840, 4280))

    def test_two_contexts_of_one_number_are_refused(self) -> None:
        self.assertRaises(WireError, offered, Contexts(), bind(Context(0, EPM.syntax), Context(0, MGMT)))

    def test_an_offer_that_waits_is_not_made_again(self) -> None:
        contexts = Contexts()
        offered(contexts, bind())
        self.assertRaises(WireError, offered, contexts, bind())

    def test_contexts_that_wait_for_their_answer_count(self) -> None:
        contexts = Contexts()
        offered(contexts, bind(*(Context(number, MGMT) for number in range(100)), call_id=1))
        data = bind(*(Context(number, MGMT) for number in range(100, 200)), call_id=2, kind=ALTER)
        self.assertRaises(BoundError, offered, contexts, data)


class AnswerTests(SynchronousTestCase):
    def test_an_accepted_context_is_the_mappers(self) -> None:
        contexts = bound(Context(3, EPM.syntax), Context(4, MGMT))
        self.assertEqual([contexts.is_mapper(number) for number in (3, 4, 5)], [True, False, False])

    def test_an_offered_one_is_until_it_is_refused(self) -> None:
        contexts = Contexts()
        offered(contexts, bind())
        self.assertTrue(contexts.is_mapper(0))
        self.assertEqual((contexts.refused(1), contexts.refused(1)), (True, False))
        self.assertFalse(contexts.is_mapper(0))

    def test_a_number_goes_over_to_another_interface(self) -> None:
        contexts = bound(Context(0, EPM.syntax))
        contexts.answer(pdus(ack(offered(contexts, bind(Context(0, MGMT), kind=ALTER))))[0])
        self.assertFalse(contexts.is_mapper(0))

    def test_the_clients_fragments_are_the_smaller_of_both(self) -> None:
        contexts = Contexts()
        offered(contexts, Bind((Context(0, EPM.syntax),), max_receive=4280).encode(1))
        contexts.answer(pdus(verdicts(YES))[0])
        self.assertEqual(contexts.fragment, 4280)
        contexts = Contexts()
        offered(contexts, bind())
        contexts.answer(pdus(verdicts(YES, sends=2000))[0])
        self.assertEqual(contexts.fragment, 2000)

    def lie(self, data: bytes) -> str:
        contexts = Contexts()
        offered(contexts, bind())
        return self.assertRaises(WireError, contexts.answer, pdus(data)[0]).what

    def test_answers_that_answer_nothing(self) -> None:
        self.assertEqual(self.lie(verdicts(YES, call_id=2)), "answers call 2, which nobody asked")

    def test_an_answer_to_another_kind_of_offer(self) -> None:
        told = self.lie(verdicts(YES, kind=PduType.ALTER_CONTEXT_RESPONSE))
        self.assertEqual(told, "answers the bind of call 1")

    def test_a_wrong_number_of_results(self) -> None:
        self.assertEqual(self.lie(verdicts(YES, YES)), "2 results for 1 contexts")

    def test_another_transfer_syntax(self) -> None:
        self.assertIn("was not offered", self.lie(verdicts(Result(Verdict.ACCEPTANCE, 0, NDR64))))
