"""Tests for :mod:`exproxy.wire.web.reading`: messages one behind the other, cut anywhere, with their bodies."""

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.bodies import Body
from exproxy.wire.web.chunked import ChunkedBody
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.framing import request_body, response_body
from exproxy.wire.web.head import RequestHead, ResponseHead
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.reading import RequestReader, ResponseReader
from tests.wire.cutting import ParserContract, assert_cut_invariant
from tests.wire.web.heads import octets, request, told
from tests.wire.web.test_head import BAD_REQUESTS, BAD_RESPONSES

LIMITS = Limits(head=1000, fields=10, target=200)

ASKED = request()


@attrs.define
class Messages:
    """What a session does with one direction: heads, and bodies by the octet."""

    reader: RequestReader | ResponseReader
    body: Body | None = None
    events: list[Any] = attrs.field(factory=list)

    @property
    def limit(self) -> int:
        return self.reader.limit + 4096

    @property
    def buffered(self) -> int:
        return self.reader.buffered + (self.body.buffered if isinstance(self.body, ChunkedBody) else 0)

    def feed(self, data: bytes) -> Sequence[Any]:
        self.events = []
        while data:
            if self.body is None:
                head = self.reader.feed(data)
                data = self.reader.rest if head is not None else b""
                self.reader.rest = b""
                if head is None:
                    break
                self.events.append((head.start, tuple(head.lines)))
                self.body = self._body(head)
            else:
                count = self.body.take(data)
                self.events += data[:count]
                data = data[count:]
            if self.body.over:
                self.events.append("over")
                self.body = None
        return self.events

    def _body(self, head: RequestHead | ResponseHead) -> Body:
        return request_body(head) if isinstance(head, RequestHead) else response_body(ASKED, head)


BODY = st.binary(max_size=40)
LINES = st.lists(st.sampled_from(["X-Y: z", "accept:*/*", "Cookie: a=b", "X-Empty:"]), max_size=4)


def chunked(parts: list[bytes]) -> bytes:
    chunks = b"".join(b"%x;q=1\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return chunks + b"00\r\nX-Trailer: t\r\n\r\n"


def with_length(start: str) -> st.SearchStrategy[bytes]:
    return st.builds(lambda lines, body: octets(start, "Host: a", *lines, f"Content-Length: {len(body)}") + body, LINES, BODY)


def with_chunks(start: str) -> st.SearchStrategy[bytes]:
    head = octets(start, "Host: a", "Transfer-Encoding: chunked")
    return st.lists(BODY, max_size=3).map(lambda parts: head + chunked(parts))


class RequestContract(ParserContract, SynchronousTestCase):
    valid = st.lists(
        st.one_of(
            LINES.map(lambda lines: octets("GET /owa HTTP/1.1", "Host: a", *lines)),
            with_length("POST /ews HTTP/1.1"),
            with_chunks("RPC_IN_DATA /rpc HTTP/1.1"),
            st.just(b"\r\n"),
        ),
        max_size=4,
    ).map(b"".join)

    def make(self) -> Messages:
        return Messages(RequestReader(LIMITS))


class ResponseContract(ParserContract, SynchronousTestCase):
    valid = st.tuples(
        st.sampled_from([b"", octets("HTTP/1.1 100 Continue")]),
        st.lists(st.one_of(with_length("HTTP/1.1 200 OK"), with_chunks("HTTP/1.1 200 OK")), max_size=3).map(b"".join),
        st.sampled_from([b"", octets("HTTP/1.1 204"), octets("HTTP/1.1 200 OK") + b"until the close"]),
    ).map(b"".join)

    def make(self) -> Messages:
        return Messages(ResponseReader(LIMITS))


class RequestReaderTests(SynchronousTestCase):
    def test_each_bad_request_gives_the_same_error_however_it_is_cut(self) -> None:
        for name, (data, _, what) in BAD_REQUESTS.items():
            error = assert_cut_invariant(lambda: Messages(RequestReader(LIMITS)), data, [1, 16, 17, 40]).error
            assert error is not None, name
            self.assertIn(what, f"{error[1]}: {error[0]}", name)

    def test_what_follows_the_head_is_handed_back(self) -> None:
        reader = RequestReader()
        reader.feed(octets("GET / HTTP/1.1", "Host: a") + b"rest")
        self.assertEqual((reader.rest, reader.buffered), (b"rest", 0))

    def test_what_follows_a_head_in_pieces_is_handed_back(self) -> None:
        reader = RequestReader()
        data = octets("GET / HTTP/1.1", "Host: a") + b"rest"
        self.assertIsNone(reader.feed(data[:20]))
        self.assertEqual(reader.buffered, 20)
        self.assertIsNotNone(reader.feed(data[20:]))
        self.assertEqual((reader.rest, reader.buffered), (b"rest", 0))

    def test_empty_lines_before_a_request_are_passed_over_and_not_held(self) -> None:
        reader = RequestReader()
        self.assertIsNone(reader.feed(b"\r\n\r\n\r"))
        self.assertEqual(reader.buffered, 1)
        self.assertIsNone(reader.feed(b"\n"))
        self.assertEqual(reader.buffered, 0)
        self.assertIsNotNone(reader.feed(b"\r\n" + octets("GET / HTTP/1.1", "Host: a")))

    def test_tls_is_told_at_the_first_octet(self) -> None:
        self.refused(b"\x16", 400, "HTTP request, line 1: the client speaks TLS, and this port does not")

    def test_http_0_9_is_told_at_the_end_of_its_line(self) -> None:
        self.refused(b"GET /\r\n", 400, "HTTP request, line 1: it has no version: HTTP/0.9 is not served")

    def test_a_bare_lf_is_told_when_it_comes(self) -> None:
        self.refused(b"GET / HTTP/1.1\r\nHost: a\n", 400, "HTTP request, line 2: the line ends in LF without CR")

    def test_a_target_without_end_is_told_when_it_is_too_long(self) -> None:
        self.refused(b"GET /" + b"x" * 300, 414, "HTTP request, line 1: the target is longer than 200 octets")

    def test_a_head_without_end_is_told_when_it_is_too_long(self) -> None:
        self.refused(
            octets("GET / HTTP/1.1", "Host: a")[:-2] + b"X: " + b"y" * 1000,
            431,
            "HTTP request: the head is longer than 1000 octets",
        )

    def test_a_head_of_the_greatest_size_is_taken(self) -> None:
        head = octets("GET / HTTP/1.1", "Host: a", "X: ")
        data = head[:-4] + b"y" * (1000 - len(head)) + b"\r\n\r\n"
        self.assertIsNone(assert_cut_invariant(lambda: Messages(RequestReader(LIMITS)), data).error)
        longer = assert_cut_invariant(lambda: Messages(RequestReader(LIMITS)), data.replace(b"y", b"yy", 1))
        self.assertEqual(longer.error, ("the head is longer than 1000 octets", "HTTP request"))

    def test_of_a_refused_request_the_method_is_known_where_it_matters(self) -> None:
        for method in ("HEAD", "GET"):
            whole = octets(f"{method} /%00 HTTP/1.1", "Host: a")
            for at in (len(whole), 6, len(whole) - 1):
                reader = RequestReader()
                last = b""
                with self.assertRaises(HttpError):
                    for last in (whole[:at], whole[at:]):
                        reader.feed(last)
                self.assertEqual(reader.method(last), method, at)

    def test_of_a_refused_request_the_line_is_known_if_there_is_one(self) -> None:
        for line in ("GET /%00 HTTP/1.1", "POST /owa%2f..%2fecp?x HTTP/1.0"):
            whole = octets(line, "Host: a")
            for at in (len(whole), 6, len(line) + 2, len(whole) - 1):
                reader = RequestReader()
                last = b""
                with self.assertRaises(HttpError):
                    for last in (whole[:at], whole[at:]):
                        reader.feed(last)
                self.assertEqual(reader.start(last), line.encode(), at)
        for said in (b"GET /\r\n\r\n", b"GET / HTTP/3.0\r\n\r\n", b"\x16\x03\x01", b"GET /\x1b HTTP/1.1\r\n\r\n"):
            reader = RequestReader()
            self.assertRaises(HttpError, reader.feed, said)
            self.assertEqual(reader.start(said), b"")

    def test_what_is_held_can_be_forgotten(self) -> None:
        reader = RequestReader()
        reader.feed(b"GET / HT")
        reader.clear()
        self.assertEqual(reader.buffered, 0)
        self.assertIsNotNone(reader.feed(octets("GET / HTTP/1.1", "Host: a")))

    def refused(self, data: bytes, status: int, text: str) -> None:
        self.assertEqual(told(self.assertRaises(HttpError, RequestReader(LIMITS).feed, data)), (status, text))


class RepetitionTests(SynchronousTestCase):
    """A head that is octet for octet the one before is read once; nothing else is taken for it."""

    HEAD = octets("GET /owa/ HTTP/1.1", "Host: a", "Cookie: one")

    def setUp(self) -> None:
        self.reader = RequestReader()

    def read(self, *parts: bytes) -> RequestHead:
        head = None
        for part in parts:
            head = self.reader.feed(part)
        assert head is not None
        return head

    def test_the_same_head_is_told_again_from_the_third_time_on(self) -> None:
        heads = [self.read(self.HEAD) for _ in range(4)]
        self.assertEqual([head is heads[1] for head in heads], [False, True, True, True])

    def test_what_follows_is_told_all_the_same(self) -> None:
        for behind in (b"", b"body", b"", b"other"):
            self.read(self.HEAD + behind)
            self.assertEqual(self.reader.rest, behind)

    def test_a_head_in_pieces_is_the_same_head(self) -> None:
        heads = [self.read(self.HEAD), self.read(self.HEAD), self.read(self.HEAD[:20], self.HEAD[20:])]
        self.assertIs(heads[2], heads[1])

    def test_another_head_is_another_one(self) -> None:
        other = self.HEAD.replace(b"one", b"two")
        told = [self.read(data).get(b"cookie") for data in (self.HEAD, self.HEAD, self.HEAD, other, other, other, self.HEAD)]
        self.assertEqual(told, [b"one"] * 3 + [b"two"] * 3 + [b"one"])

    def test_heads_that_differ_are_not_held(self) -> None:
        for number in range(3):
            self.read(self.HEAD.replace(b"one", b"%d" % number))
        self.assertIsNone(self.reader._known)
        self.assertEqual(self.reader._repeated, b"")

    def test_a_head_that_was_changed_is_not_told_again(self) -> None:
        for _ in range(4):
            head = self.read(self.HEAD)
            self.assertEqual(head.get(b"cookie"), b"one")
            head.rewrite(b"cookie", b"changed")


class ResponseReaderTests(SynchronousTestCase):
    def test_each_bad_response_gives_the_same_error_however_it_is_cut(self) -> None:
        for name, (data, what) in BAD_RESPONSES.items():
            error = assert_cut_invariant(lambda: Messages(ResponseReader(LIMITS)), data, [1, 16, 17, 40]).error
            assert error is not None, name
            self.assertIn(what, f"{error[1]}: {error[0]}", name)

    def test_an_empty_line_begins_no_response(self) -> None:
        error = self.assertRaises(HttpError, ResponseReader().feed, octets() + octets("HTTP/1.1 200 OK"))
        self.assertEqual(told(error), (502, "HTTP response, line 1: it begins with the octet 0x0d and not with HTTP"))

    def test_another_protocol_is_told_at_its_first_octet(self) -> None:
        error = self.assertRaises(HttpError, ResponseReader().feed, b"\x05")
        self.assertEqual(told(error), (502, "HTTP response, line 1: it begins with the octet 0x05 and not with HTTP"))

    def test_too_large_a_head_is_a_bad_gateway(self) -> None:
        error = self.assertRaises(HttpError, ResponseReader(LIMITS).feed, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000)
        self.assertEqual(told(error), (502, "HTTP response: the head is longer than 1000 octets"))
