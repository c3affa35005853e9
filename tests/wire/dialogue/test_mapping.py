from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.mapping import PortAnswer, ask_port, read_port
from exproxy.wire.epm import HTTP, NOT_REGISTERED, OPNUM_MAP, TCP, Floor, MapRequest, MapResponse, Tower, tower
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI, WINREG, interface
from exproxy.wire.rpc.association import BindAck, Result, Verdict
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.client import RpcClient
from exproxy.wire.rpc.pdu import PduReader
from exproxy.wire.rpc.syntax import NDR, Syntax
from tests.wire.rpc import captured

EMPTY = Tower(())


class MappingTests(SynchronousTestCase):
    def read(self, *towers: Tower, status: int = 0, name: str = "emsmdb") -> PortAnswer:
        return read_port(Response(0, MapResponse(towers, status).encode(16)), interface(name))

    def test_the_question_names_no_object(self) -> None:
        client = RpcClient()
        client.bind(EMSMDB.syntax)
        client.push(BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),)).encode(1))
        client.next()
        [pdu] = PduReader().feed(ask_port(client, EMSMDB))
        request = Request.decode(pdu)
        question = MapRequest.decode(request.stub, request.order)
        self.assertEqual((request.opnum, question.object, question.tower.interface), (OPNUM_MAP, None, EMSMDB.syntax))

    def test_sambas_answer_has_a_port(self) -> None:
        [pdu] = PduReader().feed(captured.MAP_RESPONSE)
        self.assertEqual(read_port(Response.decode(pdu), WINREG), PortAnswer(49252, 0))

    def test_the_first_tcp_tower_counts(self) -> None:
        http = tower(EMSMDB.syntax, 6001, protocol=HTTP)
        self.assertEqual(self.read(EMPTY, http, tower(EMSMDB.syntax, 6005), tower(EMSMDB.syntax, 6006)).port, 6005)

    def test_a_minor_version_that_was_dropped_does_no_harm(self) -> None:
        self.assertEqual(self.read(tower(Syntax(EMSMDB.uuid, 0, 0), 6005)).port, 6005)

    def test_a_tower_of_another_interface_is_no_answer(self) -> None:
        told = [self.read(tower(each.syntax, 6005)) for each in (NSPI, interface("3f2a1b00-0000-0000-0000-00000000000a"))]
        asked = "the endpoint mapper was asked for emsmdb and answers for"
        self.assertEqual([answer.port for answer in told], [None, None])
        self.assertEqual([answer.text for answer in told], [f"{asked} nspi", f"{asked} 3f2a1b00-0000-0000-0000-00000000000a"])

    def test_ports_where_no_service_can_be_are_passed_over(self) -> None:
        self.assertEqual(self.read(*(tower(EMSMDB.syntax, port) for port in (0, 135, 6005))).port, 6005)

    def test_port_0_is_no_port(self) -> None:
        told = self.read(tower(EMSMDB.syntax, 0))
        self.assertEqual(told, PortAnswer(None, 0, "the endpoint mapper tells port 0 for emsmdb, which is no port"))

    def test_a_mapper_that_tells_its_own_port_tells_none(self) -> None:
        for port, mapper in ((135, 135), (135, 10135), (10135, 10135)):
            response = Response(0, MapResponse((tower(EMSMDB.syntax, port),)).encode(16))
            told = read_port(response, EMSMDB, mapper)
            self.assertEqual(told.text, f"the endpoint mapper tells port {port} for emsmdb, which is its own")

    def test_its_own_port_is_right_for_itself(self) -> None:
        self.assertEqual(self.read(tower(EPM.syntax, 135), name="epm").port, 135)

    def test_a_port_beyond_65535_is_none(self) -> None:
        floors = tower(EMSMDB.syntax, 0).floors
        wide = Tower((*floors[:3], Floor(TCP, b"", (70_000).to_bytes(4, "big")), *floors[4:]))
        self.assertEqual(self.read(wide).text, "the endpoint mapper offers no emsmdb on TCP")

    def test_an_interface_that_is_not_on_tcp_is_told(self) -> None:
        told = self.read(tower(EMSMDB.syntax, 6001, protocol=HTTP))
        self.assertEqual(told, PortAnswer(None, 0, "the endpoint mapper offers no emsmdb on TCP"))

    def test_the_service_that_is_missing_is_named(self) -> None:
        told = {name: self.read(status=NOT_REGISTERED, name=name).text for name in ("asyncemsmdb", "rfri", "samr")}
        expected = {
            "asyncemsmdb": "the endpoint mapper offers no asyncemsmdb: the RPC Client Access service is not registered",
            "rfri": "the endpoint mapper offers no rfri: the Address Book service is not registered",
            "samr": "the endpoint mapper offers no samr: its service is not registered",
        }
        self.assertEqual(told, expected)

    def test_another_status_is_its_number(self) -> None:
        self.assertEqual(self.read(status=0x16C9A0CD).text, "the endpoint mapper offers no emsmdb: status 0x16c9a0cd")

    def test_a_malformed_answer_is_an_error(self) -> None:
        self.assertRaises(WireError, read_port, Response(0, b"\0" * 21), EMSMDB)
