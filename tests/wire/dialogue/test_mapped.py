"""What is left behind by dialogues that ask endpoint mappers; the dialogues themselves: test_rpc.py and test_port.py."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Connect, Outcome, Send, Status
from exproxy.wire.dialogue.mapped import Bound, RpcOutcome
from exproxy.wire.dialogue.mapping import PortAnswer
from exproxy.wire.dialogue.rpc import RpcCheck
from exproxy.wire.epm import tower
from exproxy.wire.interfaces import EMSMDB, NSPI, interface
from exproxy.wire.rpc.pdu import PduReader
from tests.wire.dialogue.rpcserver import mapping

LATE = Outcome(Status.L4CON, "connection refused at 192.0.2.1:6005")


class BoundTests(SynchronousTestCase):
    def test_its_words_are_for_people(self) -> None:
        self.assertEqual(
            Bound(NSPI, 6005, 2048, 5840, "6005").text,
            "nspi at port 6005: fragments of up to 2048 bytes to the server and 5840 bytes from it, secondary address 6005",
        )

    def test_a_port_that_nobody_told_and_an_address_that_is_empty_are_left_out(self) -> None:
        self.assertEqual(
            Bound(NSPI, None, 2048, 5840, "").text,
            "nspi: fragments of up to 2048 bytes to the server and 5840 bytes from it, no secondary address",
        )


class RpcOutcomeTests(SynchronousTestCase):
    def test_an_answer_is_found_whatever_its_version(self) -> None:
        outcome = RpcOutcome(Status.L7OKD, "fine", told=((EMSMDB, PortAnswer(6005, 0)),))
        self.assertEqual(outcome.answer_for(interface(f"{EMSMDB.uuid}/0.1")), PortAnswer(6005, 0))
        self.assertIsNone(outcome.answer_for(NSPI))


class ExplainTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.dialogue = RpcCheck("emsmdb", mapper=True)

    def advance(self) -> None:
        """Until the mapper has told the port."""
        mapper, pending = mapping(tower(EMSMDB.syntax, 6005)), list(self.dialogue.start())
        while not isinstance(action := pending.pop(0), Connect):
            assert isinstance(action, Send)
            [pdu] = PduReader().feed(action.data)
            pending += self.dialogue.receive(mapper(pdu))

    def test_a_connection_that_fails_is_told_with_whose_port_it_was(self) -> None:
        self.advance()
        told = self.dialogue.explain(LATE)
        self.assertEqual(told.text, "connection refused at 192.0.2.1:6005 (the endpoint mapper told port 6005 for emsmdb)")
        assert isinstance(told, RpcOutcome)
        self.assertEqual((told.status, told.answer_for(EMSMDB)), (Status.L4CON, PortAnswer(6005, 0)))

    def test_an_answer_that_does_not_come_is_named(self) -> None:
        self.dialogue.start()
        told = self.dialogue.explain(Outcome(Status.L7TOUT, "too late"))
        self.assertEqual(told.text, "too late; the rpc bind to epm was not answered")

    def test_before_anything_was_said_there_is_nothing_to_explain(self) -> None:
        self.assertEqual(self.dialogue.explain(LATE).text, LATE.text)
