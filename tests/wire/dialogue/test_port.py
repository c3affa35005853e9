from exproxy.wire.dialogue.base import Dialogue, Outcome, Status
from exproxy.wire.dialogue.mapped import RpcOutcome
from exproxy.wire.dialogue.mapping import PortAnswer
from exproxy.wire.dialogue.port import PortQuestion
from exproxy.wire.epm import NOT_REGISTERED, tower
from exproxy.wire.interfaces import EMSMDB
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase
from tests.wire.dialogue.rpcserver import Server, mapping, outcome_of


class PortQuestionTests(PlayTestCase, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return PortQuestion(EMSMDB)

    def outcome(self, mapper: Server) -> Outcome:
        return outcome_of(self.dialogue, {135: mapper})

    def test_the_port_is_told_and_nobody_goes_there(self) -> None:
        outcome = self.outcome(mapping(tower(EMSMDB.syntax, 6005)))
        expected = (Status.L7OKD, "the endpoint mapper tells port 6005 for emsmdb", 6005)
        self.assertEqual((outcome.status, outcome.text, outcome.port), expected)

    def test_that_there_is_none_is_an_answer_too(self) -> None:
        outcome = self.outcome(mapping(status=NOT_REGISTERED))
        assert isinstance(outcome, RpcOutcome)
        text = "the endpoint mapper offers no emsmdb: the RPC Client Access service is not registered"
        self.assertEqual(outcome.told, ((EMSMDB, PortAnswer(None, NOT_REGISTERED, text)),))
        self.assertEqual((outcome.status, outcome.text), (Status.L7STS, text))

    def test_a_mapper_that_closes_has_answered_nothing(self) -> None:
        outcome = self.outcome(lambda _pdu: b"")
        assert isinstance(outcome, RpcOutcome)
        self.assertEqual((outcome.status, outcome.told), (Status.L7RSP, ()))

    def test_its_own_port_is_no_answer(self) -> None:
        outcome = outcome_of(lambda: PortQuestion(EMSMDB, reached=10135), {10135: mapping(tower(EMSMDB.syntax, 10135))}, 10135)
        self.assertEqual(outcome.text, "the endpoint mapper tells port 10135 for emsmdb, which is its own")
