"""The canonical path and the framing beside what a real nginx makes of the same octets: nobody gets past a rule by spelling."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.forwarding import Forwarder, Forwarding
from exproxy.wire.web.framing import request_body
from exproxy.wire.web.origin import Origin
from exproxy.wire.web.path import within
from exproxy.wire.web.reading import RequestReader
from tests.integration.peers import mirror, needs
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase

HOST = "127.0.0.1"

TARGETS = rb"""
    /ecp /ECP /Ecp/ /ecp/default.aspx /ecp?x /ecp?/../owa /ecpx /owa /owa/ecp /owa?/ecp / /ecp;x /ecp;/x
    /ecp/..;/owa /owa/..;/ecp /%65cp /%65%63%70 /%45CP /e%63p/ /ecp%2f /ecp%2Fx /ecp%5c /owa%2fecp /owa/%2e%2e/ecp
    /owa/.%2e/ecp /owa/%2E./ecp /owa%2f..%2fecp /%2fecp /%5cecp /%2e/ecp /%2565cp /%2e%2e/ecp /owa/%252e%252e/ecp
    /%u0065cp /%25u0065cp /%6 /% /%zz /ecp% /%65cp%00 /ecp%00 /%00/ecp /ecp%00/../owa /ecp%0a /ecp%0d%0a /ecp%09
    /ecp%20 /ecp%7f /ecp%ff /%c0%ae%c0%ae/ecp /owa/%c0%ae%c0%ae/ecp /ecp%3f /ecp%3fx /ecp%23 /%C5%BFecp
    /%EF%BD%85cp /%E2%84%AAcp //ecp ///ecp //ecp//x /owa//ecp /./ecp /././ecp //./ecp /.//ecp \ecp /\ecp
    /ecp\.. /ecp/..\owa /x\y/../ecp /ecp\x\..\..\owa
    /owa\..\ecp /owa/..\ecp \\ecp /%5c%5cecp /owa/../ecp /owa/../ecp/ /owa/./../ecp /owa/.././ecp /owa/x/../../ecp
    /../ecp /owa/../../ecp /ecp/.. /ecp/../owa /ecp/../ /ecp/. /owa/... /owa/.../ecp /ecp. /ecp./ /ecp./x /ecp..
    /.ecp /..ecp /owa/..ecp /owa/%2e%2e%2fecp /owa//../ecp /owa//../../ecp /ecp//../x /x//..//ecp /owa/..//ecp
    /owa/..///ecp /x/y//../ecp http://a/ecp http://a//ecp http://a/%65cp http://a/owa/../ecp HTTP://A/ecp http://a
    http://a?/ecp http://a/?/ecp http://b/ecp https://a/ecp ftp://a/ecp http:/ecp ecp * a:80 //a/ecp http://a\ecp
    http://a#/ecp /ecp#x /owa#/../ecp /owa/#/../../ecp /(S(x))/ecp /e(S(x))cp /ecp::$DATA
    /ecp:$i30:$INDEX_ALLOCATION/x /ecp~1 /ECP~1/
""".split()
"""What clients might send to reach ``/ecp``, or to look as if they did not."""

PIECES = (
    b"/",
    b"//",
    b"\\",
    b".",
    b"..",
    b"%2e",
    b"%2F",
    b"%5c",
    b"ecp",
    b"%65CP",
    b"owa",
    b"x",
    b";",
    b"%20",
    b"%25",
    b"?",
    b"/../",
    b"/./",
)

ANSWER = b"HTTP/1.1 200 OK\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

CHUNKED = "Transfer-Encoding: chunked"


def post(*lines: str) -> bytes:
    """A request's head."""
    return "".join(f"{line}\r\n" for line in ("POST /ecp HTTP/1.1", "Host: a", *lines, "")).encode()


TAKEN = {
    "a length": post("Content-Length: 5") + b"hello",
    "a length with zeros before it": post("content-length:\t 0005\t") + b"hello",
    "a length of nothing": post("Content-Length: 0"),
    "no length": post(),
    "a request in a body": post(f"Content-Length: {len(LAST)}") + LAST,
    "chunks": post(CHUNKED) + b"5\r\nhello\r\n0\r\n\r\n",
    "Chunked among blanks": post("transfer-encoding:   Chunked  ") + b"5\r\nhello\r\n0\r\n\r\n",
    "zeros before a size": post(CHUNKED) + b"0005\r\nhello\r\n000\r\n\r\n",
    "an extension": post(CHUNKED) + b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
    "trailers": post(CHUNKED) + b"5\r\nhello\r\n0\r\nX-T: v\r\n\r\n",
    "an end within a chunk": post(CHUNKED) + b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
    "an absolute target": b"GET http://a/ecp HTTP/1.1\r\nHost: A\r\n\r\n",
    "a host among tabs": b"GET /ecp HTTP/1.1\r\nHost:\ta\t\r\n\r\n",
    "an empty line before": b"\r\n" + post(),
    "h2c": post("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"),
    "Connection that names all": post("Connection: host, content-length", "Content-Length: 5") + b"hello",
}
"""What looks ambiguous and is taken, a whole request each."""


def canonical(target: bytes) -> str | None:
    """The path that our rules see, or None where we refuse."""
    try:
        head = RequestReader().feed(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    except HttpError:
        return None
    assert head is not None
    return head.path


class PathTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*mirror.NEEDS)

    def test_where_nginx_reaches_a_protected_path_so_do_our_rules(self) -> None:
        self.compare("on")

    def test_the_same_where_slashes_are_not_merged(self) -> None:
        self.compare("off")

    def test_the_same_for_whatever_is_put_together(self) -> None:
        server = mirror.Mirror("mirror", HOST, free_port(HOST))
        self.started(server)

        @settings(max_examples=500)
        @given(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join))
        def check(target: bytes) -> None:
            self.reached(server, b"/" + target)

        check()

    def compare(self, merge: str) -> None:
        server = mirror.Mirror("mirror", HOST, free_port(HOST), merge)
        self.started(server)
        reached = sum(self.reached(server, target) for target in TARGETS)
        self.assertGreater(reached, 30, "nginx reaches the protected path in many ways")

    def reached(self, server: mirror.Mirror, target: bytes) -> bool:
        """Whether nginx reaches the protected path; our rules must then see it too."""
        status, said = server.path(target)
        if status != 200 or not said.startswith("protected "):
            return False
        ours = canonical(target)
        self.assertTrue(ours is None or ours.startswith("/ecp"), f"{target!r}: nginx has {said!r}, and our rules see {ours!r}")
        return True

    def test_an_open_path_of_nginx_is_not_taken_for_a_protected_one(self) -> None:
        """But for what Windows reads otherwise: dots at the end of a name, backslashes."""
        server = mirror.Mirror("mirror", HOST, free_port(HOST))
        self.started(server)
        wrong = []
        for target in TARGETS:
            status, said = server.path(target)
            ours = canonical(target)
            if status == 200 and said.startswith("open ") and ours is not None and within(ours, "/ecp"):
                wrong.append(target)
        self.assertEqual(wrong, [b"/\\ecp"])


class FramingTests(PeerTestCase):
    def test_what_we_pass_on_ends_for_nginx_where_it_ends_for_us(self) -> None:
        """Behind each comes another request: nginx has to see exactly these two."""
        needs.require(*mirror.NEEDS)
        server = mirror.Mirror("mirror", HOST, free_port(HOST))
        self.started(server)
        for name, data in TAKEN.items():
            reader = RequestReader()
            head = reader.feed(data + LAST)
            assert head is not None
            count = request_body(head).take(reader.rest)
            self.assertEqual(reader.rest[count:], LAST, name)
            passed = Forwarder(Forwarding(), Origin(HOST, tls=False)).request(head) + reader.rest[:count]
            answers = server.says(passed + LAST)
            self.assertEqual(answers.count(ANSWER), 2, f"{name}: {answers!r}")
            self.assertTrue(answers.endswith(b"open /last"), f"{name}: {answers!r}")
            self.assertIn(b"protected /ecp", answers, name)


class TargetTests(SynchronousTestCase):
    def test_what_stands_in_the_issue_is_refused_or_canonical(self) -> None:
        seen = {b"/%65cp", b"//ecp", b"/\\ecp", b"/owa/../ecp", b"/ECP", b"/owa/%2e%2e/ecp", b"/./ecp"}
        self.assertEqual({canonical(target) for target in seen}, {"/ecp"})
        self.assertEqual({canonical(target) for target in (b"\\ecp", b"/ecp%00", b"/%2565cp", b"/owa%2fecp")}, {None})
