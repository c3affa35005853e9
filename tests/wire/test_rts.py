from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import rpch as theirs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.rts import ECHO, RtsHeader

SIXTEEN = st.integers(0, 0xFFFF)


class RtsTests(SynchronousTestCase):
    def test_the_echo_is_that_of_the_specification(self) -> None:
        # MS-RPCH 2.2.4.48: RTS_FLAG_ECHO and no commands, 20 octets.
        self.assertEqual(ECHO.encode().hex(" ", 4), "05001403 10000000 14000000 00000000 40000000")

    def test_impacket_reads_the_echo(self) -> None:
        header = theirs.RTSHeader(ECHO.encode())
        told = (header["type"], header["frag_len"], header["Flags"], header["NumberOfCommands"])
        self.assertEqual(told, (20, 20, theirs.RTS_FLAG_ECHO, 0))

    def test_a_header_is_decoded_as_it_was_encoded(self) -> None:
        @given(st.builds(RtsHeader, SIXTEEN, SIXTEEN, st.integers(20, 0xFFFF)))
        def check(header: RtsHeader) -> None:
            self.assertEqual(RtsHeader.decode(header.encode()), header)

        check()

    def refusal(self, data: bytes) -> str:
        return self.assertRaises(WireError, RtsHeader.decode, data).what

    def test_what_is_no_rts_pdu_is_refused(self) -> None:
        good = ECHO.encode()
        self.assertIn("version 60.104 is not 5.0", self.refusal(b"<html>"))
        self.assertIn("PDU type 12 is not that of RTS", self.refusal(good[:2] + b"\x0c" + good[3:]))
        self.assertIn("are not RTS's", self.refusal(good[:3] + b"\1" + good[4:]))
        self.assertIn("are not RTS's", self.refusal(good[:4] + b"\0" + good[5:]))
        self.assertIn("frag_length 19", self.refusal(good[:8] + b"\x13" + good[9:]))
        self.assertIn("auth_length 8", self.refusal(good[:10] + b"\x08" + good[11:]))

    def test_what_ends_anywhere_is_refused(self) -> None:
        for end in range(20):
            self.assertTrue(self.refusal(ECHO.encode()[:end]))
