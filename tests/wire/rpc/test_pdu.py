from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import rpcrt
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.pdu import Auth, Flags, HeaderError, PduReader, PduType, encode_pdu
from tests.wire.cutting import ParserContract
from tests.wire.rpc import captured

auths = st.none() | st.builds(
    Auth, st.integers(0, 255), st.integers(0, 6), st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=40)
)
pdus = st.builds(
    lambda kind, call, body, order, auth: encode_pdu(kind, call, body, order=order, auth=auth),
    st.sampled_from(PduType),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=80),
    st.sampled_from(("little", "big")),
    auths,
)
HEAD = bytes.fromhex("05000b0310000000 1000 0000 01000000")


def patched(at: int, octets: bytes) -> bytes:
    return HEAD[:at] + octets + HEAD[at + len(octets) :]


class PduReaderContract(ParserContract, SynchronousTestCase):
    valid = st.lists(pdus, max_size=4).map(b"".join)

    def make(self) -> PduReader:
        return PduReader()


class SmallPduReaderContract(ParserContract, SynchronousTestCase):
    valid = st.lists(pdus, max_size=4).map(b"".join)

    def make(self) -> PduReader:
        return PduReader(limit=200)


class PduTests(SynchronousTestCase):
    def refusal(self, data: bytes) -> str:
        return str(self.assertRaises(WireError, PduReader(limit=5840).feed, data))

    def test_a_captured_bind_is_read(self) -> None:
        [pdu] = PduReader().feed(captured.BIND_THREE)
        self.assertEqual((pdu.type, pdu.call_id, pdu.order, pdu.first, pdu.last), (PduType.BIND, 7, "little", True, True))
        self.assertEqual((pdu.raw, pdu.body, pdu.auth), (captured.BIND_THREE, captured.BIND_THREE[16:], None))

    def test_versions_but_5_0_and_5_1_are_refused(self) -> None:
        self.assertEqual(len(PduReader().feed(patched(1, b"\1"))), 1)
        self.assertEqual(self.refusal(patched(1, b"\2")), "RPC header: version 5.2 is neither 5.0 nor 5.1")
        self.assertEqual(self.refusal(patched(0, b"\4")), "RPC header: version 4 is not 5: this is no DCE/RPC")

    def test_what_cannot_be_taken_is_known_well_enough_to_be_answered(self) -> None:
        broken = b"\5\2\x0b\3\0\0\0\0\0\x10\0\0\0\0\1\2"
        error = self.assertRaises(HeaderError, PduReader().feed, broken)
        self.assertEqual((error.type, error.call_id, error.order, error.speakable), (11, 0x0102, "big", False))
        error = self.assertRaises(HeaderError, PduReader().feed, patched(2, b"\x63"))
        self.assertEqual((error.type, error.call_id, error.order, error.speakable), (99, 1, "little", True))

    def test_another_version_is_refused_once_its_header_is_there(self) -> None:
        reader = PduReader()
        self.assertEqual(reader.feed(patched(1, b"\2")[:15]), [])
        self.assertRaises(HeaderError, reader.feed, b"\0")

    def test_call_and_all_above_protect(self) -> None:
        self.assertEqual([Auth(10, level, 0, b"").protects for level in range(7)], [False] * 3 + [True] * 4)

    def test_another_protocol_is_refused_at_its_first_octet(self) -> None:
        self.assertIn("this is no DCE/RPC", self.refusal(b"2"))

    def test_unknown_and_datagram_types_are_refused(self) -> None:
        for kind in (1, 4, 10, 20, 255):
            self.assertEqual(
                self.refusal(patched(2, bytes((kind,)))), f"RPC header: PDU type {kind} does not exist on a connection"
            )

    def test_fragment_lengths_that_lie_are_refused(self) -> None:
        self.assertIn("frag_length 15 is less than", self.refusal(patched(8, b"\x0f\0")))
        self.assertIn("frag_length 5841 is more than the 5840", self.refusal(patched(8, (5841).to_bytes(2, "little"))))

    def test_an_authentication_that_does_not_fit_is_refused(self) -> None:
        self.assertIn("auth_length 1 does not fit into frag_length 16", self.refusal(patched(10, b"\1\0")))
        overlapping = encode_pdu(PduType.AUTH3, 1, b"abcd", auth=Auth(10, 2, 0, b"v"))
        self.assertIn("auth_pad_length 5 is more than the 4", self.refusal(overlapping[:22] + b"\5" + overlapping[23:]))

    def test_an_unknown_integer_format_is_refused(self) -> None:
        self.assertIn("integer format 2", self.refusal(patched(4, b"\x20")))

    def test_the_authentication_is_kept_and_its_padding_dropped(self) -> None:
        auth = Auth(10, 6, 79231, b"NTLMSSP\0")
        [pdu] = PduReader().feed(encode_pdu(PduType.REQUEST, 1, b"12345", auth=auth))
        self.assertEqual((pdu.body, pdu.auth), (b"12345", auth))

    def test_fragments_before_a_broken_one_are_had_by_next(self) -> None:
        reader = PduReader()
        reader.push(HEAD + b"HTTP")
        pdu = reader.next()
        self.assertEqual(pdu and pdu.raw, HEAD)
        self.assertRaises(WireError, reader.next)

    def test_a_fragment_longer_than_possible_is_not_built(self) -> None:
        self.assertRaises(ValueError, encode_pdu, PduType.REQUEST, 1, bytes(65_520))

    def test_what_is_encoded_is_decoded(self) -> None:
        @given(
            st.sampled_from(PduType), st.integers(0, 2**32 - 1), st.binary(max_size=50), st.sampled_from(("little", "big")), auths
        )
        def check(kind: Any, call: Any, body: Any, order: Any, auth: Any) -> None:
            [pdu] = PduReader().feed(encode_pdu(kind, call, body, order=order, auth=auth, flags=int(Flags.LAST)))
            told = (pdu.type, pdu.call_id, pdu.body, pdu.order, pdu.auth, pdu.first, pdu.last)
            self.assertEqual(told, (kind, call, body, order, auth, False, True))

        check()


class ImpacketTests(SynchronousTestCase):
    def test_impacket_reads_our_authentication_trailer(self) -> None:
        theirs = rpcrt.MSRPCRequestHeader(encode_pdu(PduType.REQUEST, 9, bytes(8) + b"stub!", auth=Auth(10, 6, 5, b"secret")))
        trailer = rpcrt.SEC_TRAILER(theirs["sec_trailer"])
        self.assertEqual((theirs["call_id"], theirs["auth_data"]), (9, b"secret"))
        self.assertEqual((trailer["auth_type"], trailer["auth_level"], trailer["auth_ctx_id"]), (10, 6, 5))

    def test_we_read_impackets_authentication_trailer(self) -> None:
        theirs = rpcrt.MSRPCRequestHeader()
        trailer = rpcrt.SEC_TRAILER()
        trailer["auth_level"] = 5
        trailer["auth_pad_len"] = 3
        theirs["pduData"] = b"stub!"
        theirs["pad"] = b"\xbb" * 3
        theirs["sec_trailer"] = trailer
        theirs["auth_data"] = b"secret"
        [pdu] = PduReader().feed(theirs.get_packet())
        self.assertEqual((pdu.body[8:], pdu.auth), (b"stub!", Auth(10, 5, 747920, b"secret")))
