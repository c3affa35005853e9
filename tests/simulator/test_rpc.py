from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.modes import Mode
from exproxy.simulator.rpc import RpcFactory, failing, no_operation
from exproxy.wire.interfaces import EMSMDB, NSPI
from exproxy.wire.rpc.association import Bind, BindAck, BindNak, Context
from exproxy.wire.rpc.call import NCA_OP_RANGE, NCA_UNKNOWN_INTERFACE, Fault, Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader
from tests.simulator.talking import Client


def pdu(data: bytes) -> Pdu:
    """The one that ``data`` holds."""
    (found,) = PduReader().feed(data)
    return found


class Failing:
    """Only a factory's face."""

    def buildProtocol(self, addr: object) -> object:
        return failing(Mode.MAINTENANCE)


class RpcTests(SynchronousTestCase):
    def setUp(self) -> None:
        echo = {EMSMDB.syntax: lambda request: request.stub if request.opnum == 1 else None, NSPI.syntax: no_operation}
        self.client = Client(RpcFactory(echo))

    def bind(self, context: Context) -> BindAck:
        return BindAck.decode(pdu(self.client.say(Bind((context,)).encode(1))))

    def test_a_served_interface_is_accepted(self) -> None:
        self.assertTrue(self.bind(Context(0, EMSMDB.syntax)).results[0].accepted)

    def test_another_interface_is_not(self) -> None:
        factory = RpcFactory({NSPI.syntax: no_operation})
        self.client = Client(factory)
        self.assertEqual(self.bind(Context(0, EMSMDB.syntax)).results[0].text, "abstract syntax not supported")

    def test_a_call_reaches_the_handler_of_its_context(self) -> None:
        self.bind(Context(3, EMSMDB.syntax))
        answer = Response.decode(pdu(self.client.say(Request(3, 1, b"echo").encode(2))))
        self.assertEqual(answer.stub, b"echo")

    def test_an_operation_that_does_not_exist_is_a_fault(self) -> None:
        self.bind(Context(0, NSPI.syntax))
        self.assertEqual(Fault.decode(pdu(self.client.say(Request(0, 9, b"").encode(2)))).status, NCA_OP_RANGE)

    def test_a_context_that_was_never_bound_is_a_fault(self) -> None:
        self.assertEqual(Fault.decode(pdu(self.client.say(Request(0, 1, b"").encode(2)))).status, NCA_UNKNOWN_INTERFACE)

    def test_a_bind_may_come_in_pieces(self) -> None:
        bind = Bind((Context(0, EMSMDB.syntax),)).encode(1)
        self.assertEqual(self.client.say(bind[:10]), b"")
        self.assertTrue(BindAck.decode(pdu(self.client.say(bind[10:]))).results[0].accepted)

    def test_what_is_no_rpc_ends_the_connection(self) -> None:
        self.client.say(b"GET / HTTP/1.1\r\n\r\n")
        self.assertTrue(self.client.left)

    def test_a_failing_service_naks_every_bind(self) -> None:
        answer = pdu(Client(Failing()).say(Bind((Context(0, EMSMDB.syntax),)).encode(1)))
        self.assertEqual(BindNak.decode(answer).text, "temporary congestion")
