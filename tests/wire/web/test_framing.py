"""Tests for :mod:`exproxy.wire.web.framing`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.bodies import LengthBody, NoBody, UntilClose
from exproxy.wire.web.chunked import ChunkedBody
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.framing import (
    asks_websocket,
    check_nothing_behind,
    client_keeps,
    request_body,
    response_body,
    server_keeps,
    waits_to_send,
)
from tests.wire.web.heads import request, response, told

CHUNKED = "Transfer-Encoding: chunked"
WEBSOCKET = ("Connection: keep-alive, Upgrade", "Upgrade: WebSocket")
SWITCH = "HTTP/1.1 101 Switching Protocols"


class RequestBodyTests(SynchronousTestCase):
    def test_without_a_length_there_is_none(self) -> None:
        for method in ("GET", "POST", "RPC_OUT_DATA"):
            self.assertIsInstance(request_body(request(start=f"{method} / HTTP/1.1")), NoBody)

    def test_a_length(self) -> None:
        self.assertEqual(request_body(request("Content-Length: 76")), LengthBody(76))

    def test_a_length_of_nothing(self) -> None:
        self.assertIsInstance(request_body(request("Content-Length: 0")), NoBody)

    def test_chunks(self) -> None:
        self.assertEqual(request_body(request(CHUNKED)), ChunkedBody("HTTP request body", 400))


class ResponseBodyTests(SynchronousTestCase):
    def kind(self, *lines: str, status: str = "200 OK", method: str = "GET") -> type:
        return type(response_body(request(start=f"{method} / HTTP/1.1"), response(*lines, start=f"HTTP/1.1 {status}")))

    def refused(self, *lines: str, start: str, asked: tuple[str, ...] = (), ask: str = "GET / HTTP/1.1") -> str:
        status, text = told(
            self.assertRaises(HttpError, response_body, request(*asked, start=ask), response(*lines, start=start))
        )
        self.assertEqual(status, 502)
        return text

    def test_by_the_head(self) -> None:
        self.assertIs(self.kind("Content-Length: 5"), LengthBody)
        self.assertIs(self.kind("Content-Length: 0"), NoBody)
        self.assertIs(self.kind(CHUNKED), ChunkedBody)
        self.assertIs(self.kind(), UntilClose)
        self.assertIs(self.kind("Content-Length: 5", status="401 Unauthorized"), LengthBody)

    def test_the_answer_to_head_has_none(self) -> None:
        for lines in ((), ("Content-Length: 5",), (CHUNKED,)):
            self.assertIs(self.kind(*lines, method="HEAD"), NoBody)

    def test_304_has_none(self) -> None:
        for lines in ((), ("Content-Length: 5",), (CHUNKED,)):
            self.assertIs(self.kind(*lines, status="304 Not Modified"), NoBody)

    def test_204_and_interim_answers_have_none(self) -> None:
        for status in ("204 No Content", "100 Continue", "103 Early Hints"):
            self.assertIs(self.kind(status=status), NoBody)
            self.assertIs(self.kind("Content-Length: 0", status=status), NoBody)

    def test_204_and_interim_answers_may_not_announce_one(self) -> None:
        for status in (204, 100, 103):
            for line in ("Content-Length: 5", CHUNKED):
                self.assertEqual(self.refused(line, start=f"HTTP/1.1 {status} X"), f"HTTP response: a {status} announces a body")

    def test_chunks_are_nothing_for_a_client_of_http_1_0(self) -> None:
        text = self.refused(CHUNKED, start="HTTP/1.1 200 OK", ask="GET / HTTP/1.0")
        self.assertEqual(text, "HTTP response: it is chunked, for a client of HTTP/1.0")

    def test_behind_a_switch_all_goes_through(self) -> None:
        head = response("Connection: upgrade", "Upgrade: websocket", start=SWITCH)
        self.assertIsInstance(response_body(request(*WEBSOCKET), head), UntilClose)

    def test_nobody_switches_unasked(self) -> None:
        text = self.refused("Connection: upgrade", "Upgrade: websocket", start=SWITCH)
        self.assertEqual(text, "HTTP response: it switches protocols, and the client did not ask for that")

    def test_nobody_switches_to_something_else(self) -> None:
        text = self.refused("Connection: upgrade", "Upgrade: h2c", start=SWITCH, asked=WEBSOCKET)
        self.assertEqual(text, "HTTP response: it switches to 'h2c', and the client asked for websocket")

    def test_a_switch_has_no_body(self) -> None:
        text = self.refused(*WEBSOCKET, "Content-Length: 5", start=SWITCH, asked=WEBSOCKET)
        self.assertEqual(text, "HTTP response: a 101 announces a body")


class SurplusTests(SynchronousTestCase):
    def test_nothing_is_well(self) -> None:
        self.assertIsNone(check_nothing_behind(b""))

    def test_something_is_a_bad_gateway(self) -> None:
        error = self.assertRaises(HttpError, check_nothing_behind, b"HTTP/1.1 200 OK\r\n\r\nyours")
        self.assertEqual(error.status, 502)
        self.assertIn("came behind the end of an answer", str(error))


class WebsocketTests(SynchronousTestCase):
    def test_it_is_asked_for(self) -> None:
        self.assertTrue(asks_websocket(request(*WEBSOCKET)))

    def test_what_is_not_passed_on(self) -> None:
        others = {
            "h2c": request("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"),
            "h2c too": request("Connection: Upgrade", "Upgrade: websocket, h2c"),
            "not named": request("Upgrade: websocket"),
            "a length": request(*WEBSOCKET, "Content-Length: 5"),
            "chunks": request(*WEBSOCKET, CHUNKED),
            "another method": request(*WEBSOCKET, start="POST / HTTP/1.1"),
            "HTTP/1.0": request(*WEBSOCKET, start="GET / HTTP/1.0"),
        }
        self.assertEqual([name for name, head in others.items() if asks_websocket(head)], [])


class ExpectationTests(SynchronousTestCase):
    def test_who_wants_to_be_told_to_send(self) -> None:
        cases = {
            ("Expect: 100-continue", "1.1"): True,
            ("Expect: 100-Continue", "1.1"): True,
            ("Expect: 100-continue", "1.0"): False,
            ("X: y", "1.1"): False,
        }
        found = {case: waits_to_send(request(case[0], start=f"POST / HTTP/{case[1]}")) for case in cases}
        self.assertEqual(found, cases)


class KeepingTests(SynchronousTestCase):
    def test_a_client_keeps(self) -> None:
        cases = {
            ("GET / HTTP/1.1", ""): True,
            ("GET / HTTP/1.1", "Connection: close"): False,
            ("GET / HTTP/1.1", "Connection: X, Close"): False,
            ("GET / HTTP/1.0", ""): False,
            ("GET / HTTP/1.0", "Connection: Keep-Alive"): True,
            ("GET / HTTP/1.0", "Connection: keep-alive, close"): False,
        }
        found = {case: client_keeps(request(*filter(None, [case[1]]), start=case[0])) for case in cases}
        self.assertEqual(found, cases)

    def test_a_server_keeps(self) -> None:
        cases = {
            ("HTTP/1.1 200 OK", ""): True,
            ("HTTP/1.1 200 OK", "Connection: close"): False,
            ("HTTP/1.0 200 OK", ""): False,
            ("HTTP/1.0 200 OK", "Connection: keep-alive"): True,
        }
        found = {case: server_keeps(response(*filter(None, [case[1]]), start=case[0]), NoBody()) for case in cases}
        self.assertEqual(found, cases)

    def test_a_body_until_the_close_ends_the_connection(self) -> None:
        self.assertFalse(server_keeps(response(), UntilClose()))
