from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Action, Finish, Send, Status
from exproxy.wire.dialogue.rpctalk import RpcTalk, names
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI, RFRI
from exproxy.wire.rpc.association import Bind, BindNak, answer_bind
from exproxy.wire.rpc.call import Fault
from exproxy.wire.rpc.client import Answer
from exproxy.wire.rpc.pdu import PduReader


class Talk(RpcTalk):
    """Binds, and asks one question after another until it is told a fault."""

    def start(self) -> Sequence[Action]:
        return self._bind(EPM, self._bound)

    def _bound(self, answer: Answer) -> Sequence[Action]:
        return self._refused(answer) or self._ask("second question", self._client.call(9, b""), self._asked)

    def _asked(self, answer: Answer) -> Sequence[Action]:
        return self._faulted(answer) or self._finish(Status.L7OKD, "well")


class RpcTalkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.talk = Talk()
        [send] = self.talk.start()
        assert isinstance(send, Send)
        [pdu] = PduReader().feed(send.data)
        self.ack = answer_bind(Bind.decode(pdu), (EPM.syntax,), secondary="135", group=1).encode(pdu.call_id)

    def end(self, actions: Sequence[Action]) -> tuple[Status, str]:
        [finish] = actions
        assert isinstance(finish, Finish), finish
        self.assertEqual([*self.talk.receive(self.ack), *self.talk.closed(), *self.talk.secured()], [])
        return finish.outcome.status, finish.outcome.text

    def test_each_answer_goes_to_who_asked(self) -> None:
        [question] = self.talk.receive(self.ack)
        assert isinstance(question, Send)
        self.assertEqual(self.end(self.talk.receive(Fault(0, 5).encode(2)))[0], Status.L7STS)

    def test_a_fault_says_its_reason(self) -> None:
        self.talk.receive(self.ack)
        text = "the endpoint mapper answered with a fault: access denied (0x00000005)"
        self.assertEqual(self.end(self.talk.receive(Fault(0, 5).encode(2))), (Status.L7STS, text))

    def test_a_refusal_ends_it(self) -> None:
        text = "rpc bind to epm was refused: temporary congestion"
        self.assertEqual(self.end(self.talk.receive(BindNak(1).encode(1))), (Status.L7STS, text))

    def test_a_close_tells_what_was_owed(self) -> None:
        self.talk.receive(self.ack)
        text = "the server closed the connection instead of answering the second question"
        self.assertEqual(self.end(self.talk.closed()), (Status.L7RSP, text))

    def test_the_last_line_is_the_last_pdu_or_what_there_is_of_one(self) -> None:
        self.talk.receive(self.ack[:20])
        self.assertEqual(self.talk.last_line(), "20 bytes of an incomplete answer")
        self.talk.receive(self.ack[20:])
        self.assertEqual(self.talk.last_line(), f"bind_ack, call 1, {len(self.ack)} bytes: accepted")


class NamesTests(SynchronousTestCase):
    def test_they_are_listed_as_people_do(self) -> None:
        found = [names(each) for each in ((EMSMDB,), (NSPI, RFRI), (EMSMDB, NSPI, RFRI))]
        self.assertEqual(found, ["emsmdb", "nspi and rfri", "emsmdb, nspi and rfri"])
