from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epmrelay.bounds import BoundError
from exproxy.wire.epmrelay.farewell import UNANSWERED, farewell
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.association import BindNak
from exproxy.wire.rpc.call import Fault
from exproxy.wire.rpc.pdu import HEADER_SIZE, HeaderError, PduType, encode_pdu
from tests.wire.epmrelay.talking import joined, pdus

WRONG = WireError("is wrong", "here")
MANY = BoundError("are many", "here")


def head(kind: PduType, version: bytes = b"\5\0", order: bytes = b"\x10") -> bytes:
    octets = encode_pdu(kind, 0x0A0B, b"", order="little" if order == b"\x10" else "big")[:HEADER_SIZE]
    return version + octets[2:]


class FarewellTests(SynchronousTestCase):
    def nak(self, error: WireError, octets: bytes) -> int:
        [pdu] = pdus(farewell(error, octets))
        self.assertEqual(pdu.call_id, 0x0A0B)
        return BindNak.decode(pdu).reason

    def test_a_bind_gets_a_bind_nak_with_its_reason(self) -> None:
        bind = head(PduType.BIND)
        self.assertEqual((self.nak(WRONG, bind), self.nak(MANY, bind)), (0, 2))
        self.assertEqual(self.nak(HeaderError("old", "here", head(PduType.BIND, b"\4\0")), b""), 4)

    def test_a_call_gets_a_fault_with_its_status(self) -> None:
        call = head(PduType.REQUEST)
        self.assertEqual(joined(farewell(WRONG, call)), Fault(0, 0x1C01000B))
        self.assertEqual(joined(farewell(MANY, call)), Fault(0, 0x1C010014))
        newer = HeaderError("new", "here", head(PduType.REQUEST, b"\5\2"))
        self.assertEqual(joined(farewell(newer, b"")), Fault(0, 0x1C000008))

    def test_in_the_byte_order_of_the_peer(self) -> None:
        octets = farewell(WRONG, head(PduType.REQUEST, order=b"\0"))
        self.assertEqual((pdus(octets)[0].order, pdus(octets)[0].call_id), ("big", 0x0A0B))

    def test_what_has_no_answer_gets_none(self) -> None:
        self.assertEqual([farewell(WRONG, head(kind)) for kind in UNANSWERED], [b""] * 4)

    def test_what_is_no_dce_rpc_gets_none(self) -> None:
        self.assertEqual(farewell(WRONG, b""), b"")
