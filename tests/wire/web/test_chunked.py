"""Tests for :mod:`exproxy.wire.web.chunked`."""

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.bodies import End
from exproxy.wire.web.chunked import MAX_EXTENSIONS, MAX_LINE, MAX_TRAILERS, ChunkedBody
from exproxy.wire.web.errors import HttpError
from tests.wire.cutting import ParserContract, assert_cut_invariant
from tests.wire.web.heads import told


@attrs.define
class Counted:
    """A body whose events are where it ended."""

    body: ChunkedBody = attrs.field(factory=lambda: ChunkedBody("HTTP request body", 400))
    passed: int = 0

    @property
    def limit(self) -> int:
        return self.body.limit

    @property
    def buffered(self) -> int:
        return self.body.buffered

    def feed(self, data: bytes) -> Sequence[Any]:
        before = self.body.over
        self.passed += self.body.take(data)
        return [("over", self.passed)] if self.body.over and not before else []


SIZE = st.sampled_from(["%x", "%X", "0%x", "000%x", "%x;a", "%x;a=b;c", '%x;a="q r"', "%x;\ta = b "])
CHUNK = st.builds(
    lambda size, data: (size % len(data)).encode() + b"\r\n" + data + b"\r\n", SIZE, st.binary(min_size=1, max_size=40)
)
TRAILER = st.sampled_from([b"X-T: v\r\n", b"Digest:\r\n", b"x: \xe4\r\n"])


class ChunkedContract(ParserContract, SynchronousTestCase):
    valid = st.builds(
        lambda chunks, last, trailers, rest: b"".join([*chunks, last, *trailers, b"\r\n", rest]),
        st.lists(CHUNK, max_size=4),
        st.sampled_from([b"0\r\n", b"000\r\n", b"0;a\r\n"]),
        st.lists(TRAILER, max_size=2),
        st.sampled_from([b"", b"GET / HTTP/1.1\r\n", b"\r\n", b"\x00"]),
    )

    def make(self) -> Counted:
        return Counted()


class ChunkedTests(SynchronousTestCase):
    def end(self, data: bytes, rest: bytes = b"next") -> None:
        """It ends behind ``data``, wherever that is cut."""
        self.assertEqual(assert_cut_invariant(Counted, data + rest, [3, 7, 11]).events, (("over", len(data)),))

    def refused(self, data: bytes) -> str:
        error = assert_cut_invariant(Counted, data, [3, 7, 11]).error
        assert error is not None, f"{data!r} was taken"
        self.assertEqual(error[1], "HTTP request body")
        return error[0]

    def test_it_ends_exactly_behind_its_last_line(self) -> None:
        self.end(b"5\r\nhello\r\n0\r\n\r\n")
        self.end(b"0\r\n\r\n")
        self.end(b"0\r\n\r\n", b"\r\n")

    def test_what_looks_like_an_end_within_a_chunk_is_none(self) -> None:
        self.end(b"a\r\n\r\n0\r\n\r\n0\r\n\r\n0\r\n\r\n")

    def test_many_chunks_in_one_buffer(self) -> None:
        self.end(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n")

    def test_a_chunk_larger_than_any_buffer(self) -> None:
        body = ChunkedBody("HTTP request body", 400)
        self.assertEqual(body.take(b"40000000\r\n"), 10)
        self.assertEqual([body.take(bytes(1 << 16)) for _ in range(3)], [1 << 16] * 3)
        self.assertEqual((body.over, body.buffered, body.left), (False, 0, None))

    def test_a_close_within_it_cuts_it(self) -> None:
        data = b"5;a\r\nhello\r\n0\r\nX: y\r\n\r\n"
        for length in range(len(data)):
            body = ChunkedBody("HTTP request body", 400)
            self.assertEqual(body.take(data[:length]), length)
            self.assertIs(body.closed(), End.CUT)

    def test_a_close_behind_it_is_none_of_its_business(self) -> None:
        body = ChunkedBody("HTTP request body", 400)
        body.take(b"0\r\n\r\n")
        self.assertEqual((body.closed(), body.left, body.take(b"next")), (End.WHOLE, 0, 0))

    def test_extensions_without_control_characters_pass(self) -> None:
        self.end(b'5;name=value;x="y z"\r\nhello\r\n0;last\r\n\r\n')

    def test_trailers_pass(self) -> None:
        self.end(b"0\r\nX-Checksum: 12\r\nServer-Timing: a\r\n\r\n")

    def test_extensions_that_are_none_are_refused(self) -> None:
        """Who reads quotes over the end of the line finds another chunk."""
        for extension in (b"", b"=b", b"a=", b'a="b', b'a="b\\"', b"a b", b";a", b"a,b", b'"a"'):
            self.assertIn("is no size of a chunk", self.refused(b"5;" + extension + b"\r\nhello\r\n0\r\n\r\n"), extension)

    def test_bad_sizes_are_refused(self) -> None:
        for size in (
            b"",
            b"x",
            b"-1",
            b"+1",
            b"0x1",
            b"1 ",
            b" 1",
            b"1 ;a",
            b"1,2",
            b"1.",
            b"1\x00",
            b"1\x0b",
            b"g",
            b"\xff",
            b"1" * 16,
        ):
            self.assertIn("is no size of a chunk", self.refused(size + b"\r\nx\r\n0\r\n\r\n"), size)

    def test_bad_sizes_are_refused_behind_a_chunk_too(self) -> None:
        for size in (b"", b"-1", b"0x1", b"1 ", b"1;\x00"):
            self.assertIn("is no size of a chunk", self.refused(b"1\r\nx\r\n" + size + b"\r\nx\r\n0\r\n\r\n"), size)

    def test_lines_that_end_in_lf_alone_are_refused(self) -> None:
        """What servers make of these differs: CVE-2025-22871 and its like."""
        for data in (b"5\nhello\r\n0\r\n\r\n", b"5;a\nhello", b"5;a\r;\nhello", b"5\r\nhello\r\n0\n", b"5\r\nhello\r\n0\n\n"):
            self.assertEqual(self.refused(data), "the line of a chunk's size ends in LF without CR")
        for data in (b"0\r\n\n", b"0\r\nX: y\n\r\n"):
            self.assertEqual(self.refused(data), "in a trailer: the line ends in LF without CR")

    def test_a_cr_in_an_extension_is_refused(self) -> None:
        self.assertIn("is no size of a chunk", self.refused(b"5;a\rb\r\nhello\r\n"))

    def test_a_chunk_must_end_where_its_size_says(self) -> None:
        for data in (b"5\r\nhello!\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhello\rx0\r\n\r\n"):
            self.assertEqual(self.refused(data), "a chunk is longer than its size says")

    def test_a_size_that_lies_the_other_way_is_refused_too(self) -> None:
        self.assertEqual(self.refused(b"7\r\nhello\r\n0\r\n\r\n"), "a chunk is longer than its size says")

    def test_bad_trailers_are_refused(self) -> None:
        bad = {
            b" folded: x": "in a trailer: it goes on from the line before, which is long forbidden",
            b"Name : x": "in a trailer: a blank stands before the colon",
            b"no colon": "in a trailer: 'no colon' is no header: it has no colon",
            b"A: \x00": "in a trailer: the control character 0x00 stands in a value",
            b"GET / HTTP/1.1": "in a trailer: 'GET / HTTP/1.1' is no header: it has no colon",
        }
        self.assertEqual({line: self.refused(b"0\r\n" + line + b"\r\n\r\n") for line in bad}, bad)

    def test_what_would_matter_in_the_head_is_no_trailer(self) -> None:
        usual = (b"Content-Length", b"transfer-encoding", b"Host", b"Cookie", b"X-Forwarded-For", b"Authorization")
        for name in (*usual, b"x_forwarded_for", b"X-SSL-Client-Verify", b"X_SSL_Client-DN", b"Client-Cert"):
            self.assertIn("stands in a trailer", self.refused(b"0\r\n" + name + b": x\r\n\r\n"))

    def test_an_underscore_makes_no_other_name_of_it(self) -> None:
        for name in (b"Content_Length", b"Transfer_Encoding", b"X_Forwarded-For", b"X_Real_IP"):
            self.assertIn("stands in a trailer", self.refused(b"0\r\n" + name + b": x\r\n\r\n"))

    def test_what_the_server_would_not_get_from_the_head_is_no_trailer(self) -> None:
        for name in (b"X-Client-DN", b"X_Client_DN", b"x_internal"):
            body = ChunkedBody("HTTP request body", 400, frozenset({b"x-client-dn", b"x_internal"}))
            error = self.assertRaises(HttpError, body.take, b"0\r\n" + name + b": x\r\n\r\n")
            self.assertIn("stands in a trailer", str(error))

    def test_lines_have_a_bound(self) -> None:
        self.end(b"1;" + b"a" * (MAX_LINE - 4) + b"\r\nx\r\n0\r\n\r\n")
        for begin in (b"", b"1\r\nx\r\n"):
            self.assertEqual(self.refused(begin + b"1;" + b"a" * MAX_LINE), f"a line is longer than {MAX_LINE} octets")

    def test_extensions_have_a_bound(self) -> None:
        data = (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * (MAX_EXTENSIONS // 1000 + 1)
        self.assertEqual(self.refused(data), f"the extensions of its chunks take more than {MAX_EXTENSIONS} octets")

    def test_trailers_have_a_bound(self) -> None:
        data = b"0\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * (MAX_TRAILERS // 1000 + 1)
        self.assertEqual(self.refused(data), f"its trailers take more than {MAX_TRAILERS} octets")

    def test_a_response_is_a_bad_gateway(self) -> None:
        error = self.assertRaises(HttpError, ChunkedBody("HTTP response body", 502).take, b"x\r\n")
        self.assertEqual(told(error), (502, "HTTP response body: 'x' is no size of a chunk"))
