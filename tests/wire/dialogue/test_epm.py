from exproxy.wire.dialogue.base import Connect, Dialogue, Outcome, Send, Status
from exproxy.wire.dialogue.epm import EpmCheck
from exproxy.wire.epm import NOT_REGISTERED, tower
from exproxy.wire.interfaces import EMSMDB, NSPI
from exproxy.wire.rpc.pdu import PduReader
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase
from tests.wire.dialogue.rpcserver import Server, mapping, outcome_of, serving

MAPPED = mapping(tower(EMSMDB.syntax, 6005, "10.0.0.15"))


class EpmCheckTests(PlayTestCase, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return EpmCheck("emsmdb")

    def outcome(self, mapper: Server, told: Server) -> Outcome:
        return outcome_of(self.dialogue, {135: mapper, 6005: told})

    def test_a_port_that_accepts_a_bind_passes_and_is_told(self) -> None:
        outcome = self.outcome(MAPPED, serving(EMSMDB.syntax))
        text = "the endpoint mapper tells port 6005 for emsmdb, which accepts a bind"
        self.assertEqual((outcome.status, outcome.text, outcome.port), (Status.L7OKD, text, 6005))

    def test_a_port_that_refuses_the_bind_fails_and_is_told(self) -> None:
        outcome = self.outcome(MAPPED, serving(NSPI.syntax))
        text = "the endpoint mapper tells port 6005 for emsmdb, but rpc bind to emsmdb was refused: abstract syntax not supported"
        self.assertEqual((outcome.status, outcome.text, outcome.port), (Status.L7STS, text, 6005))

    def test_a_port_that_closes_fails_and_is_told(self) -> None:
        outcome = self.outcome(MAPPED, lambda _pdu: b"")
        self.assertEqual((outcome.status, outcome.port), (Status.L7RSP, 6005))
        self.assertIn("tells port 6005 for emsmdb, but the server closed the connection", outcome.text)

    def test_a_mapper_without_the_interface_fails_without_a_port(self) -> None:
        outcome = self.outcome(mapping(status=NOT_REGISTERED), serving(EMSMDB.syntax))
        text = "the endpoint mapper offers no emsmdb: the RPC Client Access service is not registered"
        self.assertEqual((outcome.status, outcome.text, outcome.port), (Status.L7STS, text, None))

    def test_a_port_that_cannot_be_connected_to_is_told(self) -> None:
        dialogue = EpmCheck("emsmdb", 10135)
        refused = Outcome(Status.L4CON, "connection refused at 192.0.2.1:6005")
        self.assertEqual(dialogue.explain(refused).text, refused.text)
        pending = list(dialogue.start())
        while not isinstance(action := pending.pop(0), Connect):
            assert isinstance(action, Send)
            [pdu] = PduReader().feed(action.data)
            pending += dialogue.receive(MAPPED(pdu))
        told = f"the endpoint mapper tells port 6005 for emsmdb, but {refused.text}"
        self.assertEqual(dialogue.explain(refused).text, told)

    def test_an_unknown_interface_is_refused_at_once(self) -> None:
        self.assertRaises(ValueError, EpmCheck, "nothing")

    def test_tls_is_never_asked_for(self) -> None:
        self.assertEqual(self.dialogue().secured(), ())
