from exproxy.wire.dialogue.base import Dialogue, Outcome, Send, Status
from exproxy.wire.dialogue.mapped import Bound, RpcOutcome
from exproxy.wire.dialogue.rpc import RpcCheck
from exproxy.wire.epm import NOT_REGISTERED, MapRequest, MapResponse, tower
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI, RFRI, interface
from exproxy.wire.rpc.association import Bind, BindAck, BindNak, Result, Verdict
from exproxy.wire.rpc.call import NCA_OP_RANGE, Fault, Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader, PduType
from exproxy.wire.rpc.syntax import NDR, NDR64
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase
from tests.wire.dialogue.rpcserver import Server, Talk, mapping, outcome_of, serving

MAPPED = mapping(tower(EMSMDB.syntax, 6005, "10.0.0.15"))


class FixedPortTests(PlayTestCase, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return RpcCheck("emsmdb", mapper=False)

    def outcome(self, server: Server) -> Outcome:
        return outcome_of(self.dialogue, {135: server})

    def test_a_bind_that_is_accepted_passes(self) -> None:
        outcome = self.outcome(serving(EMSMDB.syntax))
        self.assertEqual((outcome.status, outcome.text), (Status.L7OKD, "rpc bind to emsmdb was accepted"))
        self.assertEqual((outcome.line, outcome.port), ("bind_ack, call 1, 60 bytes: accepted", None))

    def test_the_bind_is_that_of_a_client(self) -> None:
        [send] = self.dialogue().start()
        assert isinstance(send, Send)
        [pdu] = PduReader().feed(send.data)
        [context] = Bind.decode(pdu).contexts
        self.assertEqual((context.abstract, context.transfers, pdu.auth), (EMSMDB.syntax, (NDR,), None))

    def test_an_interface_that_is_not_there_says_so(self) -> None:
        outcome = self.outcome(serving(NSPI.syntax))
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "rpc bind to emsmdb was refused: abstract syntax not supported")

    def test_a_bind_nak_says_its_reason(self) -> None:
        outcome = self.outcome(lambda pdu: BindNak(1).encode(pdu.call_id))
        expected = (Status.L7STS, "rpc bind to emsmdb was refused: temporary congestion", 1)
        self.assertEqual((outcome.status, outcome.text, outcome.code), expected)
        self.assertEqual(outcome.line, "bind_nak, call 1, 21 bytes: temporary congestion")

    def test_another_transfer_syntax_than_offered_is_no_answer(self) -> None:
        ack = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR64),))
        outcome = self.outcome(lambda pdu: ack.encode(pdu.call_id))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("which was not offered", outcome.text)

    def test_a_server_that_closes_is_told(self) -> None:
        outcome = self.outcome(lambda _pdu: b"")
        expected = (Status.L7RSP, "the server closed the connection instead of answering the rpc bind to emsmdb")
        self.assertEqual((outcome.status, outcome.text), expected)

    def test_another_protocol_is_told(self) -> None:
        outcome = self.outcome(lambda _pdu: b"220 mail.example.com ESMTP\r\n")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(
            outcome.text,
            "DCE/RPC was not spoken in answer to the rpc bind to emsmdb (RPC header: version 50 is not 5: this is no DCE/RPC)",
        )

    def test_an_answer_to_another_call_is_told(self) -> None:
        outcome = self.outcome(lambda pdu: BindNak(1).encode(pdu.call_id + 8))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("answers call 9, asked was call 1", outcome.text)
        self.assertEqual(outcome.line, "bind_nak, call 9, 21 bytes")

    def test_garbage_behind_the_answer_changes_nothing(self) -> None:
        good = serving(EMSMDB.syntax)
        self.assertEqual(self.outcome(lambda pdu: good(pdu) + b"garbage").status, Status.L7OKD)

    def test_a_uuid_will_do(self) -> None:
        outcome = outcome_of(lambda: RpcCheck(str(NSPI.uuid), mapper=False), {135: serving(NSPI.syntax)})
        self.assertEqual(outcome.text, "rpc bind to nspi was accepted")

    def test_an_unknown_interface_is_refused_at_once(self) -> None:
        error = self.assertRaises(ValueError, RpcCheck, "emsmbd", mapper=False)
        self.assertIn("did you mean 'emsmdb'?", str(error))

    def test_the_last_line_tells_of_an_answer_that_is_not_complete(self) -> None:
        dialogue = self.dialogue()
        dialogue.start()
        self.assertEqual(dialogue.last_line(), "")
        dialogue.receive(b"\5\0\x0c")
        self.assertEqual(dialogue.last_line(), "3 bytes of an incomplete answer")

    def test_tls_is_never_asked_for(self) -> None:
        self.assertEqual(self.dialogue().secured(), ())


class MapperTests(PlayTestCase, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return RpcCheck("emsmdb", mapper=True)

    def outcome(self, mapper: Server, **servers: Server) -> Outcome:
        return outcome_of(self.dialogue, {135: mapper, **{int(name[1:]): server for name, server in servers.items()}})

    def test_the_port_is_asked_for_and_bound_to(self) -> None:
        outcome = self.outcome(MAPPED, p6005=serving(EMSMDB.syntax))
        text = "rpc bind to emsmdb was accepted on port 6005, which the endpoint mapper told"
        self.assertEqual((outcome.status, outcome.text, outcome.port), (Status.L7OKD, text, 6005))

    def test_a_port_where_the_interface_is_not_fails_and_is_told(self) -> None:
        outcome = self.outcome(MAPPED, p6005=serving(NSPI.syntax))
        text = "rpc bind to emsmdb was refused: abstract syntax not supported"
        self.assertEqual((outcome.status, outcome.text, outcome.port), (Status.L7STS, text, 6005))

    def test_a_server_that_is_no_mapper_is_told(self) -> None:
        outcome = self.outcome(serving(EMSMDB.syntax))
        self.assertEqual(outcome.text, "rpc bind to epm was refused: abstract syntax not supported")

    def test_a_service_that_is_not_registered_is_named(self) -> None:
        outcome = self.outcome(mapping(status=NOT_REGISTERED))
        text = "the endpoint mapper offers no emsmdb: the RPC Client Access service is not registered"
        self.assertEqual((outcome.status, outcome.text, outcome.code), (Status.L7STS, text, NOT_REGISTERED))

    def test_a_mapper_that_answers_with_a_fault_is_told(self) -> None:
        outcome = self.outcome(serving(EPM.syntax, call=lambda pdu: Fault(0, NCA_OP_RANGE).encode(pdu.call_id)))
        text = "the endpoint mapper answered with a fault: operation number out of range (0x1c010002)"
        self.assertEqual((outcome.status, outcome.text), (Status.L7STS, text))

    def test_a_mapper_that_answers_for_another_call_is_no_mapper(self) -> None:
        outcome = self.outcome(serving(EPM.syntax, call=lambda pdu: MAPPED(pdu).replace(b"\2\0\0\0", b"\3\0\0\0", 1)))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("answers call 3, asked was call 2", outcome.text)

    def test_a_malformed_answer_is_told(self) -> None:
        outcome = self.outcome(serving(EPM.syntax, call=lambda pdu: Response(0, b"\0" * 30).encode(pdu.call_id)))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("endpoint mapper request for emsmdb (ept_map response, offset", outcome.text)

    def test_a_mapper_that_closes_is_told(self) -> None:
        outcome = self.outcome(serving(EPM.syntax))
        self.assertEqual(
            outcome.text, "the server closed the connection instead of answering the endpoint mapper request for emsmdb"
        )

    def test_a_mapper_that_closes_once_it_has_told_the_port_is_not_at_fault(self) -> None:
        dialogue = self.dialogue()
        [bind] = dialogue.start()
        assert isinstance(bind, Send)
        [question] = dialogue.receive(self.answered(bind))
        assert isinstance(question, Send)
        self.assertEqual(len(dialogue.receive(self.answered(question))), 1)
        self.assertEqual([*dialogue.receive(b"more"), *dialogue.closed()], [])

    def answered(self, question: Send) -> bytes:
        [pdu] = PduReader().feed(question.data)
        return MAPPED(pdu)


class SeveralTests(PlayTestCase):
    """More interfaces than one in one check."""

    def outcome(self, mapper: Server, **servers: Server) -> RpcOutcome:
        known = {135: mapper, **{int(name[1:]): server for name, server in servers.items()}}
        outcome = outcome_of(lambda: RpcCheck(("emsmdb", "nspi", "rfri"), mapper=True), known)
        assert isinstance(outcome, RpcOutcome)
        return outcome

    def telling(self, **ports: int) -> Server:
        """A mapper that tells each interface's own port."""

        def call(pdu: Pdu) -> bytes:
            request = Request.decode(pdu)
            asked = MapRequest.decode(request.stub, request.order).tower.interface
            towers = tuple(tower(interface(name).syntax, port) for name, port in ports.items() if interface(name).syntax == asked)
            stub = MapResponse(towers, 0 if towers else NOT_REGISTERED).encode(16)
            return Response(request.context, stub).encode(pdu.call_id)

        return serving(EPM.syntax, call=call)

    def test_each_is_bound_to_where_it_is(self) -> None:
        mapper = self.telling(emsmdb=6005, nspi=6006, rfri=6006)
        outcome = self.outcome(mapper, p6005=serving(EMSMDB.syntax), p6006=serving(NSPI.syntax, RFRI.syntax))
        text = "rpc binds to emsmdb on port 6005, nspi and rfri on port 6006 were accepted; the endpoint mapper told these ports"
        self.assertEqual((outcome.status, outcome.text), (Status.L7OKD, text))
        self.assertEqual([(bound.interface, bound.port) for bound in outcome.binds], [(EMSMDB, 6005), (NSPI, 6006), (RFRI, 6006)])

    def test_one_port_is_one_connection_and_one_bind(self) -> None:
        seen: list[int] = []
        service = serving(EMSMDB.syntax, NSPI.syntax, RFRI.syntax)

        def counting(pdu: Pdu) -> bytes:
            seen.append(len(Bind.decode(pdu).contexts))
            return service(pdu)

        mapper = self.telling(emsmdb=6005, nspi=6005, rfri=6005)
        Talk(RpcCheck(("emsmdb", "nspi", "rfri"), mapper=True), {135: mapper, 6005: counting}).run()
        self.assertEqual(seen, [3])

    def test_on_a_fixed_port_all_are_bound_to_there(self) -> None:
        outcome = outcome_of(lambda: RpcCheck(("nspi", "rfri"), mapper=False), {135: serving(NSPI.syntax, RFRI.syntax)})
        self.assertEqual(outcome.text, "rpc binds to nspi and rfri were accepted")

    def test_what_the_binds_agreed_on_is_kept(self) -> None:
        ack = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),) * 3, "6005", max_transmit=4280, max_receive=2048)
        mapper = self.telling(emsmdb=6005, nspi=6005, rfri=6005)
        outcome = self.outcome(mapper, p6005=lambda pdu: ack.encode(pdu.call_id))
        self.assertEqual(outcome.binds[1], Bound(NSPI, 6005, 2048, 4280, "6005"))
        self.assertEqual(len(outcome.notes), 3)

    def test_the_one_that_is_refused_is_named(self) -> None:
        mapper = self.telling(emsmdb=6005, nspi=6006, rfri=6006)
        outcome = self.outcome(mapper, p6005=serving(EMSMDB.syntax), p6006=serving(NSPI.syntax))
        self.assertEqual((outcome.status, outcome.port), (Status.L7STS, 6006))
        self.assertEqual(outcome.text, "rpc bind to rfri was refused: abstract syntax not supported")
        self.assertEqual([bound.interface for bound in outcome.binds], [EMSMDB])

    def test_the_one_that_is_not_registered_is_named(self) -> None:
        outcome = self.outcome(self.telling(emsmdb=6005, nspi=6006))
        self.assertEqual(outcome.text, "the endpoint mapper offers no rfri: the Address Book service is not registered")
        self.assertEqual([answer.port for _, answer in outcome.told], [6005, 6006, None])

    def test_a_result_too_few_is_no_answer(self) -> None:
        ack = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),))
        outcome = outcome_of(lambda: RpcCheck(("nspi", "rfri"), mapper=False), {135: lambda pdu: ack.encode(pdu.call_id)})
        self.assertIn("has 1 results for 2 contexts", outcome.text)


class CallIdentifierTests(PlayTestCase):
    def test_every_question_of_a_connection_has_its_own(self) -> None:
        seen: list[tuple[PduType, int]] = []

        def listening(pdu: Pdu) -> bytes:
            seen.append((pdu.type, pdu.call_id))
            return MAPPED(pdu)

        outcome_of(lambda: RpcCheck("emsmdb", mapper=True), {135: listening, 6005: serving(EMSMDB.syntax)})
        self.assertEqual(set(seen), {(PduType.BIND, 1), (PduType.REQUEST, 2)})
