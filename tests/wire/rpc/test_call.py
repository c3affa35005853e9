from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import rpcrt
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.call import NCA_OP_RANGE, Fault, Message, Reassembler, Request, Response
from exproxy.wire.rpc.pdu import Flags, PduReader, PduType, encode_pdu
from tests.wire.cutting import ParserContract
from tests.wire.rpc import captured

u16 = st.integers(0, 65535)
orders: st.SearchStrategy[Any] = st.sampled_from(("little", "big"))
stubs = st.binary(max_size=300)
requests = st.builds(Request, u16, u16, stubs, st.none() | st.uuids(), orders)
responses = st.builds(Response, u16, stubs, orders)
faults = st.builds(Fault, u16, st.integers(0, 2**32 - 1), orders)
SIZES = st.integers(1, 120)


def encoded(message: Message, call_id: int, size: int) -> bytes:
    return message.encode(call_id) if isinstance(message, Fault) else message.encode(call_id, fragment=size)


def joined(data: bytes, reassembler: Reassembler | None = None) -> list[Message]:
    calls = reassembler or Reassembler()
    return [message for pdu in PduReader().feed(data) if (message := calls.add(pdu)) is not None]


class Calls:
    """A reader and a reassembler as one parser."""

    def __init__(self) -> None:
        self._pdus = PduReader(limit=2048)
        self._calls = Reassembler(limit=1000, calls=3)
        self.limit = 3048

    @property
    def buffered(self) -> int:
        return self._pdus.buffered + self._calls.buffered

    def feed(self, data: bytes) -> list[Message]:
        self._pdus.push(data)
        messages = []
        while (pdu := self._pdus.next()) is not None:
            message = self._calls.add(pdu)
            messages += [] if message is None else [message]
        return messages


class CallsContract(ParserContract, SynchronousTestCase):
    valid = st.lists(st.builds(encoded, requests | responses | faults, st.integers(0, 9), SIZES), max_size=3).map(b"".join)

    def make(self) -> Calls:
        return Calls()


class CallTests(SynchronousTestCase):
    def test_a_message_in_fragments_of_any_size_is_joined_again(self) -> None:
        @given(requests | responses | faults, SIZES)
        def check(message: Message, size: int) -> None:
            self.assertEqual(joined(encoded(message, 3, size)), [message])

        check()

    def test_fragments_are_no_longer_than_asked_and_all_but_the_last_a_multiple_of_8(self) -> None:
        pdus = PduReader().feed(Request(0, 3, bytes(1000), UUID(int=5)).encode(1, fragment=200))
        self.assertEqual([len(pdu.raw) for pdu in pdus], [200, 200, 200, 200, 200, 200, 40 + 40])
        self.assertEqual([len(Request.decode(pdu).stub) for pdu in pdus], [160] * 6 + [40])

    def test_the_fragments_of_two_calls_may_mix(self) -> None:
        one = PduReader().feed(Response(0, b"1" * 64).encode(1, fragment=56))
        two = PduReader().feed(Response(0, b"2" * 64).encode(2, fragment=56))
        calls = Reassembler()
        told = [calls.add(pdu) for pair in zip(one, two, strict=True) for pdu in pair]
        self.assertEqual(told, [None, None, Response(0, b"1" * 64), Response(0, b"2" * 64)])
        self.assertEqual(calls.buffered, 0)

    def test_a_fault_ends_a_call_that_had_begun_to_answer(self) -> None:
        calls = Reassembler()
        calls.add(PduReader().feed(Response(0, bytes(64)).encode(1, fragment=56))[0])
        self.assertEqual(joined(Fault(0, 5).encode(1), calls), [Fault(0, 5)])
        self.assertEqual(calls.buffered, 0)

    def test_sambas_fault_is_read(self) -> None:
        [fault] = joined(captured.OPNUM_FAULT)
        self.assertEqual(fault, Fault(0, NCA_OP_RANGE))
        self.assertEqual(Fault(0, NCA_OP_RANGE).text, "operation number out of range (0x1c010002)")

    def test_a_fault_that_nobody_knows_is_its_number(self) -> None:
        self.assertEqual(Fault(0, 0xABCD).text, "fault (0x0000abcd)")


class BadInputTests(SynchronousTestCase):
    def refusal(self, data: bytes, calls: Reassembler | None = None) -> str:
        return str(self.assertRaises(WireError, joined, data, calls))

    def fragment(self, call_id: int, flags: int, stub: bytes = b"12345678", context: int = 0) -> bytes:
        body = bytes(4) + context.to_bytes(2, "little") + bytes(2) + stub
        return encode_pdu(PduType.RESPONSE, call_id, body, flags=flags)

    def test_a_fragment_of_a_call_that_never_began(self) -> None:
        self.assertEqual(self.refusal(self.fragment(4, 0)), "RPC response: a fragment of call 4, which never began")

    def test_a_call_that_begins_twice(self) -> None:
        self.assertIn("call 4 begins a second time", self.refusal(self.fragment(4, int(Flags.FIRST)) * 2))

    def test_a_fragment_that_contradicts_the_first(self) -> None:
        data = self.fragment(4, int(Flags.FIRST)) + self.fragment(4, 0, context=1)
        self.assertIn("contradicts its first one", self.refusal(data))

    def test_more_stub_than_allowed(self) -> None:
        data = self.fragment(4, int(Flags.FIRST)) + self.fragment(4, 0) * 3
        self.assertIn("longer than the 24 bytes allowed", self.refusal(data, Reassembler(limit=24)))

    def test_more_calls_than_allowed(self) -> None:
        data = b"".join(self.fragment(call, int(Flags.FIRST), b"") for call in range(4))
        self.assertIn("more than 3 calls are incomplete", self.refusal(data, Reassembler(calls=3)))

    def test_a_body_that_ends_too_early(self) -> None:
        self.assertIn("opnum needs 2 bytes", self.refusal(encode_pdu(PduType.REQUEST, 1, bytes(6))))

    def test_a_type_that_is_no_call(self) -> None:
        self.assertIn("expected response, got bind", self.refusal(captured.BIND_THREE))


class ImpacketTests(SynchronousTestCase):
    def test_impacket_reads_our_request(self) -> None:
        theirs = rpcrt.MSRPCRequestHeader(Request(2, 3, b"stub").encode(8))
        self.assertEqual((theirs["ctx_id"], theirs["op_num"], theirs["call_id"], theirs["pduData"]), (2, 3, 8, b"stub"))

    def test_impacket_reads_our_request_with_an_object(self) -> None:
        theirs = rpcrt.MSRPCRequestHeader(Request(2, 3, b"stub", UUID(int=7)).encode(8))
        self.assertEqual(theirs["uuid"], UUID(int=7).bytes_le)

    def test_we_read_impackets_request(self) -> None:
        theirs = rpcrt.MSRPCRequestHeader()
        theirs["ctx_id"], theirs["op_num"], theirs["pduData"] = 2, 3, b"stub"
        self.assertEqual(joined(theirs.get_packet()), [Request(2, 3, b"stub")])

    def test_impacket_reads_our_response(self) -> None:
        theirs = rpcrt.MSRPCRespHeader(Response(2, b"stub").encode(8))
        self.assertEqual((theirs["type"], theirs["ctx_id"], theirs["pduData"]), (rpcrt.MSRPC_RESPONSE, 2, b"stub"))

    def test_we_read_impackets_response(self) -> None:
        theirs = rpcrt.MSRPCRespHeader()
        theirs["pduData"] = b"stub"
        self.assertEqual(joined(theirs.get_packet()), [Response(0, b"stub")])

    def test_impacket_reads_our_faults_status(self) -> None:
        theirs = rpcrt.MSRPCRespHeader(Fault(0, 5).encode(8))
        self.assertEqual((theirs["type"], theirs["pduData"][:4]), (rpcrt.MSRPC_FAULT, b"\5\0\0\0"))
