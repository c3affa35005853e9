from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import NdrReader, NdrWriter

SOME = UUID("a4f1db00-ca47-1067-b31f-00dd010662da")


class NdrTests(SynchronousTestCase):
    def test_integers_are_aligned_to_their_size(self) -> None:
        reader = NdrReader(b"\x01\xff\x02\x00\x03\xff\xff\xff\x04\x00\x00\x00", "little", "it")
        self.assertEqual((reader.u8("a"), reader.u16("b"), reader.u8("c"), reader.u32("d")), (1, 2, 3, 4))

    def test_a_uuid_has_the_byte_order_of_the_integers(self) -> None:
        self.assertEqual(NdrReader(SOME.bytes_le, "little", "it").uuid("u"), SOME)
        self.assertEqual(NdrReader(SOME.bytes, "big", "it").uuid("u"), SOME)

    def test_the_end_is_an_error_that_names_field_structure_and_offset(self) -> None:
        reader = NdrReader(b"\x01\x00\x00", "little", "ept_map")
        reader.u16("first")
        error = self.assertRaises(WireError, reader.u16, "second")
        self.assertEqual(str(error), "ept_map, offset 2: second needs 2 bytes, only 1 are left")

    def test_padding_that_is_missing_is_an_error(self) -> None:
        reader = NdrReader(b"\x01", "little", "it")
        reader.u8("first")
        self.assertRaises(WireError, reader.align, 4)

    def test_the_rest_is_what_was_not_read(self) -> None:
        reader = NdrReader(b"abc", "little", "it")
        reader.u8("a")
        self.assertEqual((reader.remaining, reader.rest(), reader.remaining), (2, b"bc", 0))

    def test_what_is_written_is_read_again_in_either_order(self) -> None:
        @given(
            st.sampled_from(("little", "big")), st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.uuids()
        )
        def check(order: Any, a: Any, b: Any, c: Any, u: Any) -> None:
            writer = NdrWriter(order)
            writer.u8(a)
            writer.u16(b)
            writer.octets(b"x")
            writer.u32(c)
            writer.u8(a)
            writer.uuid(u)
            reader = NdrReader(bytes(writer), order, "it")
            read = (reader.u8("a"), reader.u16("b"), reader.octets(1, "x"), reader.u32("c"), reader.u8("a"), reader.uuid("u"))
            self.assertEqual(read, (a, b, b"x", c, a, u))
            self.assertEqual(reader.remaining, 0)

        check()
