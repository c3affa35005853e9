from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import rpcrt
from impacket.dcerpc.v5.samr import MSRPC_UUID_SAMR
from impacket.uuid import uuidtup_to_bin
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI, SAMR
from exproxy.wire.rpc.association import Bind, BindAck, BindNak, Context, Result, Verdict, answer_bind
from exproxy.wire.rpc.pdu import Flags, Pdu, PduReader, PduType, encode_pdu
from exproxy.wire.rpc.syntax import NDR, NDR64, NO_SYNTAX, Syntax, bind_time_features
from tests.wire.rpc import captured

syntaxes = st.builds(Syntax, st.uuids(), st.integers(0, 65535), st.integers(0, 65535))
contexts = st.builds(Context, st.integers(0, 65535), syntaxes, st.lists(syntaxes, min_size=1, max_size=4).map(tuple))
u16 = st.integers(0, 65535)
u32 = st.integers(0, 2**32 - 1)
binds = st.builds(
    Bind,
    st.lists(contexts, min_size=1, max_size=5).map(tuple),
    u16,
    u16,
    u32,
    st.sampled_from((PduType.BIND, PduType.ALTER_CONTEXT)),
)
acks = st.builds(
    BindAck,
    st.lists(st.builds(Result, st.sampled_from(Verdict), u16, syntaxes), max_size=4).map(tuple),
    st.text("0123456789\\abcPIPE", max_size=9),
    u16,
    u16,
    u32,
    st.sampled_from((PduType.BIND_ACK, PduType.ALTER_CONTEXT_RESPONSE)),
)
orders = st.sampled_from(("little", "big"))
THREE = (Context(0, EPM.syntax), Context(1, EPM.syntax, (NDR64,)), Context(2, EPM.syntax, (bind_time_features(3),)))


def only(data: bytes) -> Pdu:
    [pdu] = PduReader().feed(data)
    return pdu


class RoundTripTests(SynchronousTestCase):
    def test_a_bind_is_decoded_as_it_was_encoded(self) -> None:
        @given(binds, orders)
        def check(bind: Any, order: Any) -> None:
            self.assertEqual(Bind.decode(only(bind.encode(5, order=order))), bind)

        check()

    def test_an_acknowledgement_is_decoded_as_it_was_encoded(self) -> None:
        @given(acks, orders)
        def check(ack: Any, order: Any) -> None:
            self.assertEqual(BindAck.decode(only(ack.encode(5, order=order))), ack)

        check()

    def test_a_refusal_is_decoded_as_it_was_encoded(self) -> None:
        nak = BindNak(4, ((5, 0), (5, 1)))
        self.assertEqual([BindNak.decode(only(nak.encode(1, order="big"))), BindNak.decode(only(nak.encode(1)))], [nak, nak])

    def test_arbitrary_bodies_raise_nothing_but_wire_errors(self) -> None:
        @given(st.sampled_from((Bind, BindAck, BindNak)), st.binary(max_size=120), orders)
        def check(message: Any, body: Any, order: Any) -> None:
            kinds = {Bind: PduType.BIND, BindAck: PduType.BIND_ACK, BindNak: PduType.BIND_NAK}
            pdu = only(encode_pdu(kinds[message], 1, body, order=order))
            try:
                self.assertIsInstance(message.decode(pdu), message)
            except WireError as error:
                self.assertTrue(error.what)

        check()


class CapturedTests(SynchronousTestCase):
    def test_a_bind_of_three_contexts_is_what_was_captured(self) -> None:
        self.assertEqual(Bind(THREE).encode(7), captured.BIND_THREE)
        self.assertEqual(Bind.decode(only(captured.BIND_THREE)), Bind(THREE))

    def test_sambas_answer_to_it_is_read(self) -> None:
        ack = BindAck.decode(only(captured.BIND_THREE_ACK))
        self.assertEqual([(each.verdict, each.reason) for each in ack.results], [(0, 0), (2, 2), (3, 3)])
        self.assertEqual((ack.secondary, ack.group, ack.results[0].transfer), ("135", 0xBD5F, NDR))
        self.assertEqual(ack.encode(7), captured.BIND_THREE_ACK)

    def test_a_secondary_address_of_length_0_is_read_and_written(self) -> None:
        ack = BindAck.decode(only(captured.ALTER_REFUSED))
        self.assertEqual((ack.secondary, ack.results[0].text), ("", "abstract syntax not supported"))
        self.assertEqual(ack.encode(8), captured.ALTER_REFUSED)


class AnswerTests(SynchronousTestCase):
    def test_we_answer_three_contexts_as_samba_did(self) -> None:
        ack = answer_bind(Bind(THREE), [EPM.syntax], secondary="135", group=0xBD5F, features=3)
        self.assertEqual(ack.encode(7), captured.BIND_THREE_ACK)

    def test_features_that_we_have_not_are_not_granted(self) -> None:
        ack = answer_bind(Bind(THREE), [EPM.syntax], secondary="135", group=1)
        self.assertEqual(ack.results[2], Result(Verdict.NEGOTIATE_ACK, 0))

    def test_an_interface_that_is_not_offered_is_rejected(self) -> None:
        ack = answer_bind(Bind((Context(0, NSPI.syntax),)), [EMSMDB.syntax], secondary="6001", group=1)
        self.assertEqual(ack.results, (Result(Verdict.PROVIDER_REJECTION, 1, NO_SYNTAX),))

    def test_a_newer_minor_version_than_offered_is_rejected(self) -> None:
        newer = Syntax(EMSMDB.uuid, 0, 82)
        ack = answer_bind(Bind((Context(0, newer),)), [EMSMDB.syntax], secondary="6001", group=1)
        self.assertFalse(ack.results[0].accepted)

    def test_an_alter_context_is_answered_as_one_in_its_group(self) -> None:
        bind = Bind((Context(1, EPM.syntax),), group=77, kind=PduType.ALTER_CONTEXT)
        ack = answer_bind(bind, [EPM.syntax], secondary="135", group=1)
        self.assertEqual((ack.kind, ack.group, ack.secondary), (PduType.ALTER_CONTEXT_RESPONSE, 77, ""))

    def test_fragment_sizes_are_the_smaller_of_both_sides(self) -> None:
        ack = answer_bind(Bind((Context(0, EPM.syntax),), 4280, 60_000), [EPM.syntax], secondary="135", group=1)
        self.assertEqual((ack.max_transmit, ack.max_receive), (5840, 4280))


class BadInputTests(SynchronousTestCase):
    def refusal(self, data: bytes) -> str:
        return str(self.assertRaises(WireError, Bind.decode, only(data)))

    def test_more_contexts_than_there_are_octets(self) -> None:
        bind = bytearray(captured.BIND_THREE)
        bind[24] = 255
        self.assertIn("RPC bind, offset", self.refusal(bytes(bind)))

    def test_no_context(self) -> None:
        self.assertIn("no presentation context", self.refusal(Bind(()).encode(1)))

    def test_a_context_without_a_transfer_syntax(self) -> None:
        self.assertIn("context 4 has no transfer syntax", self.refusal(Bind((Context(4, EPM.syntax, ()),)).encode(1)))

    def test_a_bind_in_fragments(self) -> None:
        self.assertIn("comes in fragments", self.refusal(Bind(THREE).encode(1, flags=int(Flags.FIRST))))

    def test_another_type(self) -> None:
        self.assertIn("expected bind, got bind_ack", self.refusal(captured.BIND_THREE_ACK))

    def test_a_result_that_does_not_exist(self) -> None:
        ack = bytearray(captured.ALTER_REFUSED)
        ack[32] = 9
        self.assertIn("result 9 does not exist", str(self.assertRaises(WireError, BindAck.decode, only(bytes(ack)))))

    def test_a_refusal_without_versions_is_taken(self) -> None:
        self.assertEqual(BindNak.decode(only(encode_pdu(PduType.BIND_NAK, 1, b"\x01\0"))), BindNak(1, ()))


class TextTests(SynchronousTestCase):
    def test_reasons_are_words(self) -> None:
        self.assertEqual(
            [BindNak(4).text, BindNak(8).text], ["protocol version not supported", "authentication type not recognized"]
        )
        self.assertEqual(Result(Verdict.PROVIDER_REJECTION, 3).text, "local limit exceeded")

    def test_an_unknown_reason_is_its_number(self) -> None:
        self.assertEqual([BindNak(77).text, Result(Verdict.USER_REJECTION, 78).text], ["reason 77", "reason 78"])


class ImpacketTests(SynchronousTestCase):
    def test_impacket_reads_our_bind(self) -> None:
        header = rpcrt.MSRPCHeader(Bind(THREE).encode(7))
        bind = rpcrt.MSRPCBind(header["pduData"])
        self.assertEqual((header["type"], bind["ctx_num"], bind["max_tfrag"]), (rpcrt.MSRPC_BIND, 3, 5840))
        item = rpcrt.CtxItem(bind["ctx_items"])
        self.assertEqual(item["AbstractSyntax"], uuidtup_to_bin((str(EPM.uuid), "3.0")))

    def test_we_read_impackets_bind(self) -> None:
        item = rpcrt.CtxItem()
        item["ContextID"] = 6
        item["TransItems"] = 1
        item["AbstractSyntax"] = uuidtup_to_bin((str(EMSMDB.uuid), "0.81"))
        item["TransferSyntax"] = rpcrt.DCERPC.NDRSyntax
        bind = rpcrt.MSRPCBind()
        bind.addCtxItem(item)
        header = rpcrt.MSRPCHeader()
        header["type"] = rpcrt.MSRPC_BIND
        header["pduData"] = bind.getData()
        self.assertEqual(Bind.decode(only(header.get_packet())), Bind((Context(6, EMSMDB.syntax),), 4280, 4280))

    def test_impacket_reads_our_acknowledgement_whatever_its_secondary_address(self) -> None:
        for address in ("", "1", "13", "135", "6001", "59532"):
            ours = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),), address, group=9).encode(3)
            theirs = rpcrt.MSRPCBindAck(ours)
            self.assertEqual((theirs["assoc_group"], theirs["ctx_num"]), (9, 1))
            self.assertEqual(rpcrt.CtxItemResult(theirs["ctx_items"])["TransferSyntax"], rpcrt.DCERPC.NDRSyntax)

    def test_we_read_impackets_acknowledgement(self) -> None:
        result = rpcrt.CtxItemResult()
        result["TransferSyntax"] = rpcrt.DCERPC.NDRSyntax
        ack = rpcrt.MSRPCBindAck()
        ack["type"] = rpcrt.MSRPC_BINDACK
        ack["max_tfrag"] = ack["max_rfrag"] = 4280
        ack["assoc_group"] = 0x1234
        ack["SecondaryAddr"] = "135"
        ack["SecondaryAddrLen"] = 4
        ack["Pad"] = b"AA"
        ack["ctx_num"] = 1
        ack["ctx_items"] = result.getData()
        ack["frag_len"] = len(ack.getData())
        ours = BindAck((Result(Verdict.ACCEPTANCE, 0, NDR),), "135", 4280, 4280, 0x1234)
        self.assertEqual(BindAck.decode(only(ack.getData())), ours)

    def test_impacket_reads_our_refusal(self) -> None:
        header = rpcrt.MSRPCHeader(BindNak(4).encode(3))
        self.assertEqual(header["type"], rpcrt.MSRPC_BINDNAK)
        self.assertEqual(rpcrt.MSRPCBindNak(header["pduData"])["RejectedReason"], 4)

    def test_samr_is_what_impacket_says(self) -> None:
        self.assertEqual(MSRPC_UUID_SAMR, uuidtup_to_bin((str(SAMR.uuid), f"{SAMR.major}.{SAMR.minor}")))
