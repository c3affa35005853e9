from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EPM, NSPI
from exproxy.wire.rpc.association import Bind, BindAck, BindNak, Result, Verdict, answer_bind
from exproxy.wire.rpc.call import Fault, Reassembler, Request, Response
from exproxy.wire.rpc.client import Answer, RpcClient
from exproxy.wire.rpc.pdu import PduReader, PduType, encode_pdu
from exproxy.wire.rpc.syntax import NDR

ACCEPTED = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),), "135")


class RpcClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.client = RpcClient()

    def told(self, data: bytes) -> Answer | None:
        self.client.push(data)
        return self.client.next()

    def refusal(self, data: bytes) -> str:
        return str(self.assertRaises(WireError, self.told, data))

    def test_a_server_made_of_the_same_modules_understands_the_bind(self) -> None:
        [pdu] = PduReader().feed(self.client.bind(EPM.syntax))
        answer = answer_bind(Bind.decode(pdu), [EPM.syntax], secondary="135", group=4)
        self.assertEqual(self.told(answer.encode(pdu.call_id)), answer)

    def test_several_interfaces_are_contexts_of_one_bind(self) -> None:
        [pdu] = PduReader().feed(self.client.bind(EPM.syntax, NSPI.syntax))
        self.assertEqual([(each.id, each.abstract) for each in Bind.decode(pdu).contexts], [(0, EPM.syntax), (1, NSPI.syntax)])
        answer = answer_bind(Bind.decode(pdu), [EPM.syntax], secondary="135", group=4)
        self.assertEqual(self.told(answer.encode(pdu.call_id)), answer)

    def test_a_bind_that_is_refused_is_told(self) -> None:
        self.client.bind(EPM.syntax)
        self.assertEqual(self.told(BindNak(1).encode(1)), BindNak(1))

    def test_a_call_is_cut_to_the_size_that_the_server_takes(self) -> None:
        self.client.bind(EPM.syntax)
        self.told(BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),), max_receive=48).encode(1))
        pdus = PduReader().feed(self.client.call(3, bytes(100)))
        self.assertEqual((len(pdus), max(len(pdu.raw) for pdu in pdus)), (5, 48))
        calls = Reassembler()
        self.assertEqual([calls.add(pdu) for pdu in pdus][-1], Request(0, 3, bytes(100)))

    def test_an_answer_in_fragments_is_told_once_it_is_complete(self) -> None:
        self.client.bind(EPM.syntax)
        self.told(ACCEPTED.encode(1))
        self.client.call(3, b"")
        answer = Response(0, b"x" * 100).encode(2, fragment=56)
        self.assertIsNone(self.told(answer[:60]))
        self.assertGreater(self.client.buffered, 30)
        self.assertEqual(self.told(answer[60:]), Response(0, b"x" * 100))

    def test_a_fault_is_told(self) -> None:
        self.client.bind(EPM.syntax)
        self.told(ACCEPTED.encode(1))
        self.client.call(3, b"")
        self.assertEqual(self.told(Fault(0, 5).encode(2)), Fault(0, 5))

    def test_an_answer_to_another_call_is_refused(self) -> None:
        self.client.bind(EPM.syntax)
        self.assertEqual(self.refusal(ACCEPTED.encode(9)), "RPC bind_ack: answers call 9, asked was call 1")

    def test_an_answer_of_another_kind_is_refused(self) -> None:
        self.client.bind(EPM.syntax)
        self.assertEqual(self.refusal(Response(0, b"").encode(1)), "RPC response: came where bind_ack or bind_nak was expected")

    def test_an_answer_without_a_question_is_refused(self) -> None:
        self.assertIn("came where nothing was expected", self.refusal(ACCEPTED.encode(1)))

    def test_a_bind_ack_with_more_results_than_contexts_is_refused(self) -> None:
        self.client.bind(EPM.syntax)
        two = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),) * 2)
        self.assertIn("has 2 results for one context", self.refusal(two.encode(1)))

    def test_a_shutdown_is_passed_over(self) -> None:
        self.client.bind(EPM.syntax)
        self.assertIsNone(self.told(encode_pdu(PduType.SHUTDOWN, 0, b"")))
        self.assertEqual(self.told(ACCEPTED.encode(1)), ACCEPTED)
        self.assertEqual(self.client.last, "bind_ack, call 1, 60 bytes")
