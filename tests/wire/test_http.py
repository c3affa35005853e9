"""Tests for :mod:`exproxy.wire.http`."""

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.http import MAX_BODY, MAX_CHUNKED, Response, ResponseReader, request
from tests.wire.cutting import ParserContract, assert_cut_invariant

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(parts: list[bytes]) -> bytes:
    chunks = b"".join(b"%x;q=1\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return CHUNKED + chunks + b"0\r\nX-Trailer: t\r\n\r\n"


BODY = st.binary(max_size=80)
TAIL = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\x00garbage"])


class ReaderContract(ParserContract, SynchronousTestCase):
    valid = st.tuples(
        st.sampled_from([b"", CONTINUE, CONTINUE * 2]),
        st.one_of(
            BODY.map(with_length),
            st.lists(BODY, max_size=3).map(chunked),
            BODY.map(lambda body: b"HTTP/1.0 404\r\n\r\n" + body),
            st.just(b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
        ),
        TAIL,
    ).map(b"".join)

    def make(self) -> ResponseReader:
        return ResponseReader()


class HeadReaderContract(ParserContract, SynchronousTestCase):
    valid = st.tuples(BODY.map(with_length), TAIL).map(b"".join)

    def make(self) -> ResponseReader:
        return ResponseReader("HEAD")


class ReaderTestCase(SynchronousTestCase):
    method = "GET"

    def only(self, data: bytes) -> Response:
        (response,) = assert_cut_invariant(lambda: ResponseReader(self.method), data, [10, 40, 47]).events
        return response

    def refused(self, data: bytes) -> str:
        error = assert_cut_invariant(lambda: ResponseReader(self.method), data, [10, 40, 47]).error
        assert error is not None, "it was taken"
        return f"{error[1]}: {error[0]}"

    def waits(self, data: bytes) -> ResponseReader:
        self.assertEqual(assert_cut_invariant(lambda: ResponseReader(self.method), data, [10, 40]).events, ())
        reader = ResponseReader(self.method)
        reader.feed(data)
        return reader


class FramingTests(ReaderTestCase):
    def test_a_body_with_a_length(self) -> None:
        self.assertEqual(self.only(with_length(b"hello")), Response(200, "OK", (("Content-Length", "5"),), b"hello", True))

    def test_what_comes_behind_the_body_is_not_looked_at(self) -> None:
        self.assertEqual(self.only(with_length(b"hello") + b"HTTP/9 garbage").body, b"hello")
        self.assertEqual(self.only(chunked([b"hello"]) + b"HTTP/9 garbage").body, b"hello")

    def test_a_body_of_no_length(self) -> None:
        self.assertEqual(self.only(with_length(b"")).body, b"")

    def test_a_chunked_body(self) -> None:
        response = self.only(chunked([b"hello, ", b"world"]))
        self.assertEqual((response.body, response.whole), (b"hello, world", True))

    def test_trailers_are_no_headers(self) -> None:
        self.assertEqual(self.only(chunked([b"x"])).headers, (("Transfer-Encoding", "chunked"),))

    def test_a_body_up_to_the_close(self) -> None:
        reader = self.waits(HEAD + b"\r\nhello")
        self.assertEqual(reader.closed(), (Response(200, "OK", (), b"hello", True),))

    def test_a_body_within_its_length_is_not_over_at_the_close(self) -> None:
        reader = self.waits(with_length(b"hello")[:-1])
        self.assertEqual(str(self.assertRaises(WireError, reader.closed)), "HTTP response: closed within the body")

    def test_a_chunked_body_is_not_over_at_the_close(self) -> None:
        self.assertRaises(WireError, self.waits(chunked([b"hello"])[:-2]).closed)

    def test_a_close_within_the_head(self) -> None:
        reader = self.waits(HEAD + b"X: y")
        self.assertEqual(str(self.assertRaises(WireError, reader.closed)), "HTTP response: closed within the head")

    def test_a_close_before_anything(self) -> None:
        self.assertEqual(str(self.assertRaises(WireError, ResponseReader().closed)), "HTTP response: closed without an answer")

    def test_a_close_after_the_response_is_nothing(self) -> None:
        reader = ResponseReader()
        reader.feed(with_length(b""))
        self.assertEqual(reader.closed(), ())

    def test_204_and_304_have_no_body(self) -> None:
        for status in (b"204 No Content", b"304 Not Modified"):
            self.assertEqual(self.only(b"HTTP/1.1 " + status + b"\r\nContent-Length: 7\r\n\r\n").body, b"")

    def test_interim_answers_are_passed_over(self) -> None:
        self.assertEqual(self.only(CONTINUE + b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + with_length(b"x")).status, 200)

    def test_endless_interim_answers_are_refused(self) -> None:
        self.assertEqual(self.refused(CONTINUE * 11), "HTTP response: more than 10 interim answers")

    def test_switching_protocols_is_the_last_answer(self) -> None:
        self.assertEqual(self.only(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nwhatever").status, 101)

    def test_an_offer_to_upgrade_changes_nothing(self) -> None:
        self.assertEqual(self.only(HEAD + b"Connection: upgrade\r\nUpgrade: h2\r\nContent-Length: 1\r\n\r\nx").body, b"x")


class HeadMethodTests(ReaderTestCase):
    method = "HEAD"

    def test_the_answer_to_head_has_no_body(self) -> None:
        self.assertEqual(self.only(HEAD + b"Content-Length: 700\r\n\r\n").body, b"")


class BoundTests(ReaderTestCase):
    def test_a_body_of_exactly_the_bound_is_whole(self) -> None:
        response = self.bulk(with_length(b"x" * MAX_BODY))
        self.assertEqual((len(response.body), response.whole), (MAX_BODY, True))

    def test_of_a_longer_one_no_more_is_read(self) -> None:
        response = self.bulk(with_length(b"x" * (MAX_BODY + 1)))
        self.assertEqual((len(response.body), response.whole), (MAX_BODY, False))

    def test_nor_of_a_longer_one_without_a_length(self) -> None:
        response = self.bulk(HEAD + b"\r\n" + b"x" * (MAX_BODY + 1))
        self.assertEqual((len(response.body), response.whole), (MAX_BODY, False))

    def test_nor_of_a_longer_one_in_chunks(self) -> None:
        response = self.bulk(CHUNKED + b"2\r\nab\r\nfffffff\r\n" + b"x" * (MAX_BODY + 1))
        self.assertEqual((len(response.body), response.whole), (MAX_BODY, False))

    def test_endless_trailers_are_refused(self) -> None:
        reader = ResponseReader()
        reader.feed(CHUNKED + b"0\r\n")
        error = self.assertRaises(WireError, reader.feed, b"X: yyyyyyyyyy\r\n" * (MAX_CHUNKED // 10))
        self.assertIn("chunk sizes and trailers take more than", str(error))

    def test_an_endless_head_is_refused(self) -> None:
        self.assertIn("the head is longer than 32768 octets", self.refused(HEAD + b"X: y\r\n" * 6000))

    def test_an_endless_line_is_refused(self) -> None:
        self.assertEqual(
            self.refused(HEAD + b"X: " + b"y" * 9000), "HTTP response head, line 2: the line is longer than 8192 octets"
        )

    def bulk(self, data: bytes) -> Response:
        """In pieces of a thousand: the same as whole."""
        (whole,) = ResponseReader().feed(data)
        reader = ResponseReader()
        events = [event for at in range(0, len(data), 1000) for event in reader.feed(data[at : at + 1000])]
        self.assertEqual(events, [whole])
        return whole


class RefusalTests(ReaderTestCase):
    def test_another_protocol(self) -> None:
        self.assertEqual(self.refused(b"220 ex1 ESMTP\r\n"), "HTTP response head, line 1: no HTTP status line: '220 ex1 ESMTP'")

    def test_another_version(self) -> None:
        self.assertIn("no HTTP status line", self.refused(b"HTTP/2.0 200 OK\r\n"))

    def test_http_09(self) -> None:
        self.assertIn("no HTTP status line", self.refused(b"<html>\r\n"))

    def test_a_bare_lf(self) -> None:
        self.assertIn("LF without CR", self.refused(b"HTTP/1.1 200 OK\nX: y\n\n"))

    def test_a_folded_header(self) -> None:
        self.assertIn("breaks HTTP", self.refused(HEAD + b"X: y\r\n z\r\n\r\n"))

    def test_two_lengths(self) -> None:
        self.assertIn("Duplicate Content-Length", self.refused(HEAD + b"Content-Length: 1\r\n" * 2 + b"\r\n"))

    def test_a_length_that_is_no_number(self) -> None:
        for length in (b"", b"+5", b"-5", b"5,5", b"0x5", b"\xb2", b"9" * 30):
            self.assertIn("breaks HTTP", self.refused(HEAD + b"Content-Length: " + length + b"\r\n\r\n"))

    def test_an_empty_transfer_encoding(self) -> None:
        self.assertRegex(
            self.refused(HEAD + b"Transfer-Encoding: \r\n\r\n"), "Empty Transfer-Encoding|last coding is not chunked"
        )

    def test_length_and_chunked(self) -> None:
        self.assertIn("breaks HTTP", self.refused(HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"))

    def test_a_last_coding_that_is_not_chunked(self) -> None:
        self.assertIn("the last coding is not chunked", self.refused(HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n"))

    def test_chunked_in_http_10(self) -> None:
        self.assertIn("Transfer-Encoding in HTTP/1.0", self.refused(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))

    def test_a_chunk_whose_size_is_none(self) -> None:
        self.assertIn("HTTP response body: a chunk breaks HTTP", self.refused(CHUNKED + b"zz\r\n"))

    def test_a_chunk_that_is_longer_than_it_says(self) -> None:
        self.assertIn("HTTP response body: a chunk breaks HTTP", self.refused(CHUNKED + b"1\r\nab\r\n"))


class HeaderTests(ReaderTestCase):
    def test_names_keep_their_case(self) -> None:
        response = self.only(HEAD + b"wWw-AUTHENTICATE:  NTLM \r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(response.headers[0], ("wWw-AUTHENTICATE", "NTLM"))

    def test_they_are_found_in_any_case(self) -> None:
        response = self.only(HEAD + b"X-Feserver: EX1\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(response.header("x-FEServer"), "EX1")
        self.assertIsNone(response.header("Location"))

    def test_a_repeated_one_stays_repeated(self) -> None:
        response = self.only(HEAD + b"Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(response.headers[:2], (("Set-Cookie", "a"), ("Set-Cookie", "b")))

    def test_people_see_status_and_reason(self) -> None:
        self.assertEqual(str(Response(500, "Internal Server Error", (), b"", True)), "500 Internal Server Error")
        self.assertEqual(str(Response(500, "", (), b"", True)), "500")


class RequestTests(SynchronousTestCase):
    def test_it_is_complete(self) -> None:
        self.assertEqual(
            request("GET", "/owa", "ex1.example.com", {"X-Probe": "1"}),
            b"GET /owa HTTP/1.1\r\nHost: ex1.example.com\r\nUser-Agent: exproxy\r\nAccept: */*\r\nConnection: close\r\n"
            b"X-Probe: 1\r\n\r\n",
        )

    def test_given_headers_win(self) -> None:
        written = request("GET", "/", "a", {"host": "b", "USER-AGENT": "me"})
        self.assertEqual((written.lower().count(b"host:"), written.lower().count(b"user-agent:")), (1, 1))
        self.assertIn(b"\r\nhost: b\r\n", written)

    def test_an_ipv6_address_gets_its_brackets(self) -> None:
        self.assertIn(b"Host: [fd00::9]\r\n", request("GET", "/", "fd00::9", {}))
        self.assertIn(b"Host: [fd00::9]:81\r\n", request("GET", "/", "[fd00::9]:81", {}))

    def test_outlooks_methods_are_methods_and_say_that_there_is_no_body(self) -> None:
        written = request("RPC_IN_DATA", "/rpc/rpcproxy.dll?ex1:6001", "a", {})
        self.assertTrue(written.startswith(b"RPC_IN_DATA /rpc/rpcproxy.dll?ex1:6001 HTTP/1.1\r\n"))
        self.assertIn(b"\r\nContent-Length: 0\r\n", written)

    def test_nothing_breaks_out_of_its_place(self) -> None:
        for method, path, host, headers in [
            ("GET /", "/", "a", {}),
            ("GET\r\n", "/", "a", {}),
            ("", "/", "a", {}),
            ("GET", "/ HTTP/1.1\r\nX: y", "a", {}),
            ("GET", "owa", "a", {}),
            ("GET", "/ö", "a", {}),
            ("GET", "/\n", "a", {}),
            ("GET", "/", "a\r\nX: y", {}),
            ("GET", "/", "a b", {}),
            ("GET", "/", "a", {"X: y\r\nZ": "1"}),
            ("GET", "/", "a", {"": "1"}),
            ("GET", "/", "a", {"X": "1\r\n"}),
            ("GET", "/", "a", {"X": "1\x00"}),
            ("GET", "/", "a", {"X": "€"}),
        ]:
            self.assertRaises(ValueError, request, method, path, host, headers)
