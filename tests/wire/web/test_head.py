"""Tests for :mod:`exproxy.wire.web.head`: what is refused stands in two tables, requests and responses."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.head import no_request, no_response, read_request, read_response, request_line, status_line
from exproxy.wire.web.limits import Limits
from tests.wire.web.heads import octets, request, response

GET = "GET / HTTP/1.1"
POST = "POST / HTTP/1.1"
HOST = "Host: a"
CHUNKED = "Transfer-Encoding: chunked"
LENGTH = "Content-Length: 5"

BAD_REQUESTS: dict[str, tuple[bytes, int, str]] = {
    # length and chunked
    "length and chunked": (octets(POST, HOST, LENGTH, CHUNKED), 400, "it has both Content-Length and Transfer-Encoding"),
    "chunked and length": (octets(POST, HOST, CHUNKED, LENGTH), 400, "it has both Content-Length and Transfer-Encoding"),
    "chunked and a length of none": (octets(POST, HOST, CHUNKED, "Content-Length: 0"), 400, "it has both"),
    # lengths
    "two lengths": (octets(POST, HOST, LENGTH, "Content-Length: 6"), 400, "it has more than one Content-Length"),
    "two equal lengths": (octets(POST, HOST, LENGTH, LENGTH), 400, "it has more than one Content-Length"),
    "a list of lengths": (octets(POST, HOST, "Content-Length: 5, 5"), 400, "is no length"),
    "a length with a sign": (octets(POST, HOST, "Content-Length: +5"), 400, "is no length"),
    "a negative length": (octets(POST, HOST, "Content-Length: -5"), 400, "is no length"),
    "a hexadecimal length": (octets(POST, HOST, "Content-Length: 0x5"), 400, "is no length"),
    "a length with a fraction": (octets(POST, HOST, "Content-Length: 5.0"), 400, "is no length"),
    "a length with a blank within": (octets(POST, HOST, "Content-Length: 1 0"), 400, "is no length"),
    "an empty length": (octets(POST, HOST, "Content-Length:"), 400, "is no length"),
    "a length beyond all bounds": (octets(POST, HOST, "Content-Length: 1" + 18 * "0"), 400, "is no length"),
    "a length with a blank before the colon": (octets(POST, HOST, "Content-Length : 5"), 400, "a blank stands before the colon"),
    # codings
    "a coding that is not chunked": (octets(POST, HOST, "Transfer-Encoding: x"), 400, "the last coding is not chunked: 'x'"),
    "identity": (octets(POST, HOST, "Transfer-Encoding: identity"), 400, "the last coding is not chunked"),
    "chunked, identity": (octets(POST, HOST, "Transfer-Encoding: chunked, identity"), 400, "the last coding is not chunked"),
    "chunked twice": (octets(POST, HOST, "Transfer-Encoding: chunked, chunked"), 400, "it is chunked twice"),
    "two lines of chunked": (octets(POST, HOST, CHUNKED, CHUNKED), 400, "it is chunked twice"),
    "two lines of codings": (octets(POST, HOST, CHUNKED, "Transfer-Encoding: x"), 400, "the last coding is not chunked"),
    "gzip, chunked": (octets(POST, HOST, "Transfer-Encoding: gzip, chunked"), 501, "codings before chunked are not served"),
    "a comma before chunked": (octets(POST, HOST, "Transfer-Encoding: ,chunked"), 501, "codings before chunked are not served"),
    "a comma behind chunked": (octets(POST, HOST, "Transfer-Encoding: chunked,"), 400, "the last coding is not chunked"),
    "chunked with a parameter": (octets(POST, HOST, "Transfer-Encoding: chunked;q=1"), 400, "the last coding is not chunked"),
    "chunked in quotes": (octets(POST, HOST, 'Transfer-Encoding: "chunked"'), 400, "the last coding is not chunked"),
    "something like chunked": (octets(POST, HOST, "Transfer-Encoding: xchunked"), 400, "the last coding is not chunked"),
    "an empty coding": (octets(POST, HOST, "Transfer-Encoding:"), 400, "the last coding is not chunked"),
    "chunked behind a vertical tab": (octets(POST, HOST, "Transfer-Encoding: \x0bchunked"), 400, "the control character 0x0b"),
    "chunked with a blank before the colon": (octets(POST, HOST, "Transfer-Encoding : chunked"), 400, "a blank stands before"),
    "chunked in a folded line": (octets(POST, HOST, "Transfer-Encoding:", " chunked"), 400, "it goes on from the line before"),
    "chunked behind a CR": (octets(POST, HOST, "X: y\rTransfer-Encoding: chunked"), 400, "a CR stands within the line"),
    "chunked in HTTP/1.0": (octets("POST / HTTP/1.0", HOST, CHUNKED), 400, "Transfer-Encoding in HTTP/1.0"),
    # expectations
    "another expectation": (octets(POST, HOST, "Expect: 200-ok"), 417, "it expects '200-ok'"),
    "two expectations": (octets(POST, HOST, "Expect: 100-continue", "Expect: x"), 417, "it expects '100-continue, x'"),
    "a hidden expectation": (octets(POST, HOST, "Expect: y 100-continue"), 417, "it expects"),
    "an empty expectation": (octets(POST, HOST, "Expect:"), 417, "it expects"),
    # hosts and targets
    "no host": (octets(GET), 400, "it has no Host"),
    "two hosts": (octets(GET, HOST, "Host: b"), 400, "it has more than one Host"),
    "two equal hosts": (octets(GET, HOST, HOST), 400, "it has more than one Host"),
    "two hosts in HTTP/1.0": (octets("GET / HTTP/1.0", HOST, "host: b"), 400, "it has more than one Host"),
    "a list of hosts": (octets(GET, "Host: a, b"), 400, "'a, b' is not one host name"),
    "an empty host": (octets(GET, "Host:"), 400, "Host is empty"),
    "a host with a path": (octets(GET, "Host: a/b"), 400, "is not one host name"),
    "a host with a user": (octets(GET, "Host: a@b"), 400, "is not one host name"),
    "an absolute target that differs": (octets("GET http://b/ HTTP/1.1", HOST), 400, "its target names 'b', and Host 'a'"),
    "an absolute target with another port": (octets("GET http://a:81/ HTTP/1.1", HOST), 400, "its target names"),
    "an absolute target without a host": (octets("GET http:///x HTTP/1.0"), 400, "is neither a path nor"),
    "an absolute target without Host": (octets("GET http://a/ HTTP/1.1"), 400, "it has no Host"),
    "an authority as target": (octets("GET a:443 HTTP/1.1", HOST), 400, "HTTP"),
    "CONNECT": (octets("CONNECT a:443 HTTP/1.1", HOST), 501, "CONNECT asks for a tunnel"),
    "a star for GET": (octets("GET * HTTP/1.1", HOST), 400, "'*' is for OPTIONS only"),
    "a backslash as target": (octets("GET \\ecp HTTP/1.1", HOST), 400, "it breaks HTTP"),
    "a fragment": (octets("GET /ecp#x HTTP/1.1", HOST), 400, "it has a fragment"),
    "a NUL in the path": (octets("GET /ecp%00 HTTP/1.1", HOST), 400, "it has a control character"),
    # first lines
    "HTTP/0.9": (b"GET /\r\n\r\n", 400, "HTTP/0.9 is not served"),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\n", 400, "the client speaks HTTP/2"),
    "HTTP/2.0": (octets("GET / HTTP/2.0", HOST), 505, "HTTP/2.0 is not served, only 1.0 and 1.1"),
    "HTTP/1.2": (octets("GET / HTTP/1.2", HOST), 505, "HTTP/1.2 is not served"),
    "HTTP/1.10": (octets("GET / HTTP/1.10", HOST), 505, "HTTP/1.10 is not served"),
    "another protocol": (octets("GET / RTSP/1.0", HOST), 400, "no HTTP request line"),
    "http in lower case": (octets("GET / http/1.1", HOST), 400, "no HTTP request line"),
    "no blank": (octets("GET", HOST), 400, "no HTTP request line"),
    "two blanks": (octets("GET  / HTTP/1.1", HOST), 400, "no HTTP request line"),
    "a tab for a blank": (octets("GET\t/ HTTP/1.1", HOST), 400, "no HTTP request line"),
    "a blank in the target": (octets("GET /a b HTTP/1.1", HOST), 400, "no HTTP request line"),
    "a blank at the end": (octets("GET / HTTP/1.1 ", HOST), 400, "no HTTP request line"),
    "a blank at the beginning": (octets(" GET / HTTP/1.1", HOST), 400, "it begins with the octet 0x20"),
    "a method that is no token": (octets("GE(T / HTTP/1.1", HOST), 400, "no HTTP request line"),
    "a method without end": (octets("M" * 33 + " / HTTP/1.1", HOST), 400, "no HTTP request line"),
    "a NUL in the target": (octets("GET /\x00 HTTP/1.1", HOST), 400, "no HTTP request line"),
    "a first line that ends in LF": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "line 1: the line ends in LF without CR"),
    "a CR in the first line": (octets("GET /\r HTTP/1.1", HOST), 400, "no HTTP request line"),
    "TLS": (b"\x16\x03\x01\x02\x00\r\n\r\n", 400, "the client speaks TLS, and this port does not"),
    # header lines
    "a bare LF": (b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400, "line 2: the line ends in LF without CR"),
    "a bare CR": (octets(GET, HOST, "X: a\rb"), 400, "line 3: a CR stands within the line"),
    "a CR more": (b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400, "line 2: a CR stands within the line"),
    "a NUL in a value": (octets(GET, HOST, "X: \x00"), 400, "line 3: the control character 0x00"),
    "a NUL in a name": (octets(GET, HOST, "Name\x00: y"), 400, "line 3: 'Name\\x00' is no header's name"),
    "a blank before the colon": (octets(GET, HOST, "X : y"), 400, "line 3: a blank stands before the colon"),
    "a blank before the first name": (octets(GET, " X: y", HOST), 400, "line 2: it goes on from the line before"),
    "a folded line": (octets(GET, HOST, "X: y", " z"), 400, "line 4: it goes on from the line before"),
    "no colon": (octets(GET, HOST, "X"), 400, "line 3: 'X' is no header: it has no colon"),
    "no name": (octets(GET, HOST, ": x"), 400, "line 3: '' is no header's name"),
    # limits
    "too many lines": (octets(GET, HOST, *["X: y"] * 10), 431, "it has more than 10 header lines"),
    "too long a target": (octets("GET /" + "x" * 200 + " HTTP/1.1", HOST), 414, "the target is longer than 200 octets"),
}
"""Name -> octets, status, and a part of what is told."""

OK = "HTTP/1.1 200 OK"

BAD_RESPONSES: dict[str, tuple[bytes, str]] = {
    "length and chunked": (octets(OK, LENGTH, CHUNKED), "it has both Content-Length and Transfer-Encoding"),
    "two lengths": (octets(OK, LENGTH, "Content-Length: 6"), "it has more than one Content-Length"),
    "two equal lengths": (octets(OK, LENGTH, LENGTH), "it has more than one Content-Length"),
    "a length with a sign": (octets(OK, "Content-Length: +5"), "is no length"),
    "a last coding that is not chunked": (octets(OK, "Transfer-Encoding: chunked, gzip"), "the last coding is not chunked"),
    "a coding alone": (octets(OK, "Transfer-Encoding: gzip"), "the last coding is not chunked"),
    "a coding before chunked": (octets(OK, "Transfer-Encoding: gzip, chunked"), "codings before chunked are not served"),
    "chunked twice": (octets(OK, CHUNKED, CHUNKED), "it is chunked twice"),
    "chunked in HTTP/1.0": (octets("HTTP/1.0 200 OK", CHUNKED), "Transfer-Encoding in HTTP/1.0"),
    "a folded line": (octets(OK, "X: y", " z"), "line 3: it goes on from the line before"),
    "a bare LF": (b"HTTP/1.1 200 OK\r\nX: y\nZ: z\r\n\r\n", "line 2: the line ends in LF without CR"),
    "a first line that ends in LF": (b"HTTP/1.1 200 OK\nX: y\r\n\r\n", "no HTTP status line"),
    "a NUL": (octets(OK, "X: \x00"), "line 2: the control character 0x00"),
    "a blank before the colon": (octets(OK, "X : y"), "line 2: a blank stands before the colon"),
    "no status": (octets("HTTP/1.1 OK"), "no HTTP status line: 'HTTP/1.1 OK'"),
    "a status of two digits": (octets("HTTP/1.1 20 OK"), "no HTTP status line"),
    "a status of four digits": (octets("HTTP/1.1 2000 OK"), "no HTTP status line"),
    "a status that begins with 0": (octets("HTTP/1.1 099 OK"), "no HTTP status line"),
    "HTTP/2": (octets("HTTP/2 200 OK"), "no HTTP status line"),
    "a CR in the reason": (octets("HTTP/1.1 200 O\rK"), "no HTTP status line"),
    "another protocol": (octets("220 mail ESMTP"), "it begins with the octet 0x32 and not with HTTP"),
    "TLS": (b"\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n", "the server speaks TLS, and is asked without"),
    "a switch to nothing": (octets("HTTP/1.1 101 Switching Protocols"), "it switches protocols, and does not say to which"),
    "too many lines": (octets(OK, *["X: y"] * 11), "it has more than 10 header lines"),
    "too long a first line": (octets("HTTP/1.1 200 " + "x" * 300), "the status line is longer than 244 octets"),
}

LIMITS = Limits(head=1000, fields=10, target=200)


class RefusedRequestTests(SynchronousTestCase):
    maxDiff = None

    def test_each_is_refused_with_its_status_and_its_reason(self) -> None:
        for name, (data, status, what) in BAD_REQUESTS.items():
            error = self.assertRaises(HttpError, read_request, data, LIMITS)
            self.assertEqual(error.status, status, name)
            self.assertIn(what, str(error), name)
            self.assertTrue(error.where.startswith("HTTP request"), name)


class RefusedResponseTests(SynchronousTestCase):
    def test_each_is_refused_with_its_reason(self) -> None:
        for name, (data, what) in BAD_RESPONSES.items():
            error = self.assertRaises(HttpError, read_response, data, LIMITS)
            self.assertEqual(error.status, 502, name)
            self.assertIn(what, str(error), name)
            self.assertTrue(error.where.startswith("HTTP response"), name)


class RequestTests(SynchronousTestCase):
    def test_what_stands_in_it(self) -> None:
        head = request("X-Y: z", start="GET /OWA/%61?q=1 HTTP/1.1", host="Host: Mail.example.com:8443")
        self.assertEqual((head.start, head.method, head.target), (b"GET /OWA/%61?q=1 HTTP/1.1", "GET", b"/OWA/%61?q=1"))
        self.assertEqual((head.path, head.query, head.minor), ("/owa/a", b"q=1", 1))
        self.assertEqual((head.host, head.authority), ("mail.example.com", b"Mail.example.com:8443"))
        self.assertEqual((head.options, head.length, head.chunked), ((), None, False))
        self.assertEqual(head.lines, [b"Host: Mail.example.com:8443", b"X-Y: z"])

    def test_every_method_is_a_token(self) -> None:
        for method in (
            "RPC_IN_DATA",
            "RPC_OUT_DATA",
            "PROPFIND",
            "BPROPPATCH",
            "X-MS-ENUMATTS",
            "SUBSCRIBE",
            "get",
            "SOURCE",
            "M-POST",
        ):
            self.assertEqual(request(start=f"{method} /rpc/rpcproxy.dll?ex1:6001 HTTP/1.1").method, method)

    def test_a_strange_method_is_held_to_the_same_rules(self) -> None:
        error = self.assertRaises(HttpError, request, "Content-Length: +5", start="RPC_IN_DATA / HTTP/1.1")
        self.assertEqual(error.status, 400)

    def test_utf8_in_the_target_is_taken(self) -> None:
        self.assertEqual(request(start="GET /\xc3\x84 HTTP/1.1").path, "/\u00e4")

    def test_http_1_0_needs_no_host(self) -> None:
        head = request(start="GET / HTTP/1.0", host="")
        self.assertEqual((head.minor, head.host, head.authority), (0, "", b""))

    def test_an_absolute_target_of_http_1_0_has_its_host(self) -> None:
        head = request(start="GET http://A:80/owa HTTP/1.0", host="")
        self.assertEqual((head.host, head.authority, head.path), ("a", b"A:80", "/owa"))

    def test_an_absolute_target_that_agrees_is_taken(self) -> None:
        head = request(start="GET http://MAIL.example.com/owa HTTP/1.1")
        self.assertEqual((head.host, head.path, head.target), ("mail.example.com", "/owa", b"http://MAIL.example.com/owa"))

    def test_options_of_the_server(self) -> None:
        self.assertEqual(request(start="OPTIONS * HTTP/1.1").path, "*")

    def test_the_length_is_written_as_everybody_reads_it(self) -> None:
        head = request("content-length:\t0012 ")
        self.assertEqual((head.length, head.lines[-1], head.get(b"content-length")), (12, b"content-length: 12", b"12"))

    def test_the_coding_is_written_as_everybody_reads_it(self) -> None:
        head = request("transfer-encoding:   Chunked  ")
        self.assertEqual((head.chunked, head.lines[-1]), (True, b"transfer-encoding: chunked"))

    def test_the_host_is_written_as_everybody_reads_it(self) -> None:
        self.assertEqual(request(host="HOST:\tmail\t").lines, [b"HOST: mail"])

    def test_the_in_channel_of_outlook_anywhere_announces_its_gigabyte(self) -> None:
        self.assertEqual(request("Content-Length: 1073741824", start="RPC_IN_DATA /rpc HTTP/1.1").length, 1 << 30)

    def test_options_of_connection(self) -> None:
        head = request("Connection: Keep-Alive , Upgrade", "connection: X-Y")
        self.assertEqual(head.options, (b"keep-alive", b"upgrade", b"x-y"))

    def test_an_upgrade_is_no_error(self) -> None:
        self.assertEqual(request("Connection: Upgrade", "Upgrade: websocket").options, (b"upgrade",))


class ResponseTests(SynchronousTestCase):
    def test_what_stands_in_it(self) -> None:
        head = response("Content-Length: 5", "Connection: close", start="HTTP/1.0 404 Not Found")
        self.assertEqual((head.start, head.status, head.minor), (b"404 Not Found", 404, 0))
        self.assertEqual((head.options, head.length, head.chunked, head.interim), ((b"close",), 5, False, False))

    def test_a_reason_may_be_missing(self) -> None:
        self.assertEqual([response(start=f"HTTP/1.1 200{end}").start for end in ("", " ")], [b"200 ", b"200 "])

    def test_a_status_of_ones_own(self) -> None:
        self.assertEqual(response(start="HTTP/1.1 440 Login Timeout").status, 440)

    def test_interim_answers(self) -> None:
        found = {
            status: response("Upgrade: x", "Connection: upgrade", start=f"HTTP/1.1 {status} X").interim
            for status in (100, 101, 102, 103, 200)
        }
        self.assertEqual([status for status, interim in found.items() if interim], [100, 102, 103])

    def test_chunks(self) -> None:
        self.assertTrue(response("Transfer-Encoding: chunked").chunked)


class FirstOctetTests(SynchronousTestCase):
    def test_tls_is_known_by_its_first_octet(self) -> None:
        self.assertIn("TLS", str(no_request(0x16)))
        self.assertIn("TLS", str(no_response(0x15)))

    def test_a_method_or_http_may_follow(self) -> None:
        self.assertEqual((no_request(ord("G")), no_response(ord("H"))), (None, None))


class FirstLineTests(SynchronousTestCase):
    def test_parts_of_the_request_line(self) -> None:
        self.assertEqual(request_line(b"GET /a HTTP/1.0\r\n", LIMITS).groups(), (b"GET", b"/a", b"0"))

    def test_parts_of_the_status_line(self) -> None:
        self.assertEqual(status_line(b"HTTP/1.1 200 OK\r\n", LIMITS).groups(), (b"1", b"200", b"OK"))
