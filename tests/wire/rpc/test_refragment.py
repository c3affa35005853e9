from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import rpcrt
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.rpc.call import Reassembler, Response
from exproxy.wire.rpc.pdu import Auth, Flags, Pdu, PduReader, PduType, encode_pdu
from exproxy.wire.rpc.refragment import LEAST_FRAGMENT, Letterhead

SIGNED = Auth(10, 2, 79231, b"sixteen octets !")


def first(order: Any = "little", auth: Auth | None = None, flags: int = 3) -> Pdu:
    body = b"hint" + (5).to_bytes(2, order) + b"\1\0" + b"old stub"
    [pdu] = PduReader().feed(encode_pdu(PduType.RESPONSE, 77, body, order=order, auth=auth, flags=flags))
    return pdu


class LetterheadTests(SynchronousTestCase):
    def test_call_context_order_version_and_flags_stay(self) -> None:
        for order in ("little", "big"):
            [pdu] = PduReader().feed(Letterhead.of(first(order, flags=int(Flags.FIRST | Flags.MULTIPLEX))).write(b"new", 1432))
            self.assertEqual((pdu.call_id, pdu.order, pdu.flags), (77, order, int(Flags.FIRST | Flags.LAST | Flags.MULTIPLEX)))
            self.assertEqual(Response.decode(pdu), Response(5, b"new", pdu.order))

    def test_the_hint_tells_what_is_still_to_come(self) -> None:
        pdus = PduReader().feed(Letterhead.of(first()).write(bytes(3000), 1432))
        self.assertEqual([int.from_bytes(pdu.body[:4], "little") for pdu in pdus], [3000, 3000 - 1408, 3000 - 2816])

    def test_an_empty_stub_is_one_fragment(self) -> None:
        self.assertEqual(len(PduReader().feed(Letterhead.of(first()).write(b"", 1432))), 1)

    def test_sizes_that_no_peer_may_have_are_not_believed(self) -> None:
        for size in (0, 8, 1431):
            pdus = PduReader().feed(Letterhead.of(first()).write(bytes(3000), size))
            self.assertEqual(len(pdus), 3)
            self.assertLessEqual(max(len(pdu.raw) for pdu in pdus), LEAST_FRAGMENT)

    def test_the_trailer_is_on_each_fragment_and_within_the_size(self) -> None:
        pdus = PduReader().feed(Letterhead.of(first(auth=SIGNED)).write(bytes(3001), 1500))
        self.assertEqual([pdu.auth for pdu in pdus], [SIGNED] * 3)
        self.assertLessEqual(max(len(pdu.raw) for pdu in pdus), 1500)

    def test_what_it_holds_does_not_grow_with_the_fragment(self) -> None:
        self.assertEqual((Letterhead.of(first()).size, Letterhead.of(first(auth=SIGNED)).size), (24, 40))

    def test_what_is_cut_is_joined_again(self) -> None:
        @given(st.binary(max_size=9000), st.integers(0, 9000), st.sampled_from(("little", "big")), st.none() | st.just(SIGNED))
        def check(stub: bytes, size: int, order: Any, auth: Any) -> None:
            calls = Reassembler()
            pdus = PduReader().feed(Letterhead.of(first(order, auth)).write(stub, size))
            messages = [calls.add(pdu) for pdu in pdus]
            self.assertEqual(messages, [None] * (len(pdus) - 1) + [Response(5, stub, order)])

        check()

    def test_impacket_reads_it(self) -> None:
        theirs = rpcrt.MSRPCRespHeader(Letterhead.of(first()).write(b"new stub", 1432))
        self.assertEqual((theirs["call_id"], theirs["ctx_id"], theirs["pduData"]), (77, 5, b"new stub"))
