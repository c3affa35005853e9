"""One request and its answer: bodies, back-pressure, early answers, upgrades, and what goes wrong."""

from exproxy.proxy.web.exchange import LONG, MOST_INTERIM
from exproxy.wire.web.forwarding import Forwarding
from exproxy.wire.web.rules import header_rules
from tests.net.memory import CHUNK, Peer, Recorder
from tests.proxy.web.webstage import CONTINUE, GET, OK, WebStage, get, post

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = get("/ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class BodyTests(WebStage):
    def test_a_body_that_comes_with_its_head_goes_on_whole(self) -> None:
        self.serve()
        client = self.asks(post(b"hello"))
        self.assertTrue(self.got("one")[0].endswith(b"\r\n\r\nhello"))
        self.reply(OK)
        self.assertEqual(client.data, OK)

    def test_a_body_that_comes_later_goes_on_as_it_comes(self) -> None:
        self.serve()
        client = self.asks(post(b"", length=5), b"he")
        self.assertTrue(self.got("one")[0].endswith(b"\r\n\r\nhe"))
        self.send(client, b"llo")
        self.assertTrue(self.got("one")[0].endswith(b"\r\n\r\nhello"))

    def test_chunks_go_on_as_they_came(self) -> None:
        self.serve()
        client = self.asks(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhel", b"lo\r\n0\r\n\r\n")
        self.assertTrue(self.got("one")[0].endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
        self.reply(CHUNKED)
        self.reply(b"2\r\nok\r\n0\r\n\r\n")
        self.assertEqual(client.data, CHUNKED + b"2\r\nok\r\n0\r\n\r\n")
        self.assertEqual(self.requests()[0].termination, "--")

    def test_a_request_behind_a_body_is_the_next_one(self) -> None:
        self.serve()
        client = self.asks(post(b"hello") + GET)
        self.assertTrue(self.got("one")[0].endswith(b"hello"))
        self.reply(OK)
        self.assertIn(b"helloGET / HTTP/1.1", self.got("one")[0])
        self.reply(OK)
        self.assertEqual(client.data, OK * 2)

    def test_what_ends_with_the_connection_ends_the_clients_too(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.reply(b"HTTP/1.1 200 OK\r\n\r\nall ")
        self.reply(b"of it")
        self.session().stream.close()
        self.settle()
        self.assertEqual(client.data, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        self.assertTrue(client.eof)
        self.assertEqual(self.requests()[0].termination, "--")

    def test_answers_without_body_are_followed_by_the_next(self) -> None:
        self.serve()
        for status in (b"204 No Content", b"304 Not Modified"):
            answer = b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n"
            client = self.asks(GET)
            self.reply(answer, number=-1)
            self.send(client, GET)
            self.reply(answer, number=-1)
            self.assertEqual(client.data, answer * 2)

    def test_the_answer_to_head_has_a_length_and_no_body(self) -> None:
        self.serve()
        client = self.asks(GET.replace(b"GET", b"HEAD"))
        self.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        self.send(client, GET)
        self.reply(OK)
        self.assertTrue(client.data.endswith(OK))

    def test_a_server_that_closes_behind_its_answer_is_not_asked_again(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.reply(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        self.assertNotIn(b"close", client.data)
        self.send(client, GET)
        self.assertEqual(len(self.servers["one"].sessions), 2)
        self.reply(OK, number=1)
        self.assertTrue(client.data.endswith(b"okHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))


class BackPressureTests(WebStage):
    def test_a_server_that_does_not_read_stops_the_client(self) -> None:
        self.serve()
        client = self.asks(post(b"", length=50 * CHUNK))
        server = self.session()
        server.stream.pause()
        client.stream.write(b"x" * 40 * CHUNK)
        self.settle()
        near = self.near(server)
        self.assertLessEqual(len(near.outbox), CHUNK)
        self.assertLessEqual(self.far(client).received, 3 * CHUNK)
        server.stream.resume()
        self.clock.pump([0] * 400)
        client.stream.write(b"x" * 10 * CHUNK)
        self.clock.pump([0] * 400)
        self.assertTrue(self.got("one")[0].endswith(b"x" * 50 * CHUNK))
        self.reply(OK)
        self.assertEqual(client.data, OK)

    def test_a_client_that_does_not_read_stops_the_server(self) -> None:
        self.serve()
        client = self.asks(GET)
        client.stream.pause()
        server = self.session().stream
        server.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (50 * CHUNK) + b"x" * 50 * CHUNK)
        self.settle()
        self.assertLessEqual(len(self.far(client).outbox), CHUNK + 100)
        self.assertLessEqual(self.near(self.session()).received, 3 * CHUNK)
        client.stream.resume()
        self.clock.pump([0] * 400)
        self.assertTrue(client.data.endswith(b"x" * 50 * CHUNK))
        self.send(client, GET)
        self.assertEqual(self.got("one")[0].count(b"GET"), 2)

    def test_a_server_that_does_not_read_stops_a_client_that_sends_chunks(self) -> None:
        """Those are no octets that could be poured."""
        self.serve()
        client = self.asks(b"POST /ews HTTP/1.1\r\nHost: mail.example.com\r\nTransfer-Encoding: chunked\r\n\r\n")
        server = self.session()
        server.stream.pause()
        body = (b"%x\r\n" % CHUNK + b"x" * CHUNK + b"\r\n") * 40 + b"0\r\n\r\n"
        client.stream.write(body)
        self.settle()
        self.assertLessEqual(len(self.near(server).outbox), 2 * CHUNK)
        self.assertLessEqual(self.far(client).received, 3 * CHUNK)
        server.stream.resume()
        self.clock.pump([0] * 400)
        self.assertTrue(self.got("one")[0].endswith(body))

    def test_a_client_that_does_not_read_stops_a_server_that_tells_no_length(self) -> None:
        chunks = (b"%x\r\n" % CHUNK + b"x" * CHUNK + b"\r\n") * 40 + b"0\r\n\r\n"
        for head, body in ((b"Transfer-Encoding: chunked\r\n", chunks), (b"", b"x" * 40 * CHUNK)):
            self.setUp()
            self.serve()
            client = self.asks(GET)
            client.stream.pause()
            self.session().stream.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)
            self.settle()
            self.assertLessEqual(len(self.far(client).outbox), 2 * CHUNK)
            self.assertLessEqual(self.near(self.session()).received, 3 * CHUNK)
            client.stream.resume()
            self.clock.pump([0] * 400)
            self.assertTrue(client.data.endswith(body))

    def test_the_next_request_waits_until_the_answer_is_gone(self) -> None:
        self.serve()
        client = self.asks(GET + GET)
        client.stream.pause()
        self.session().stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * CHUNK) + b"x" * 2 * CHUNK)
        self.settle()
        self.assertEqual(self.got("one")[0].count(b"GET"), 1)
        client.stream.resume()
        self.settle()
        self.assertEqual(self.got("one")[0].count(b"GET"), 2)


class ContinueTests(WebStage):
    def test_the_servers_100_goes_to_the_client_and_none_of_ours(self) -> None:
        self.serve()
        client = self.asks(post(b"", "Expect: 100-continue", length=5))
        self.assertIn(b"Expect: 100-continue\r\n", self.got("one")[0])
        self.assertEqual(client.data, b"")
        self.reply(CONTINUE)
        self.assertEqual(client.data, CONTINUE)
        self.send(client, b"hello")
        self.reply(OK)
        self.assertEqual(client.data, CONTINUE + OK)

    def test_it_may_come_with_the_answer(self) -> None:
        self.serve()
        client = self.asks(post(b"hello"))
        self.reply(CONTINUE + OK)
        self.assertEqual(client.data, CONTINUE + OK)

    def test_an_answer_instead_of_it_ends_both_connections(self) -> None:
        """The client has sent no body, and the server may not wait for one: what came next could be taken for either."""
        self.serve()
        client = self.asks(post(b"", "Expect: 100-continue", length=5))
        self.reply(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        self.assertTrue(client.data.endswith(b"\r\nConnection: close\r\n\r\nno"))
        self.assertTrue(client.eof)
        self.send(client, GET)
        self.assertTrue(self.session().lost)
        self.assertNotIn(b"GET", self.got("one")[0])

    def test_but_one_that_asks_who_it_is(self) -> None:
        self.serve()
        client = self.asks(post(b"", "Expect: 100-continue", length=5))
        self.reply(EarlyTests.UNAUTHORIZED)
        self.assertEqual(client.data, EarlyTests.UNAUTHORIZED)
        self.send(client, b"hello" + GET)
        self.assertTrue(self.got("one")[0].startswith(b"POST"))
        self.assertIn(b"helloGET", self.got("one")[0])

    def test_nor_one_behind_it(self) -> None:
        self.serve()
        client = self.asks(post(b"", "Expect: 100-continue", length=5))
        self.reply(CONTINUE + OK)
        self.send(client, b"hello" + GET)
        self.assertIn(b"helloGET", self.got("one")[0])

    def test_a_flood_of_interim_answers_is_none(self) -> None:
        self.serve()
        for minor in (0, 1):
            client = self.asks(GET.replace(b"/1.1", b"/1.%d" % minor))
            self.reply(CONTINUE * (MOST_INTERIM + 1), number=-1)
            self.assertEqual(client.data.count(CONTINUE), MOST_INTERIM * minor)
            self.assertIn(b"HTTP/1.1 502 ", client.data)

    def test_a_client_of_http_1_0_gets_none(self) -> None:
        self.serve()
        client = self.asks(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
        self.reply(CONTINUE + OK)
        self.assertNotIn(b"100 Continue", client.data)
        self.assertTrue(client.data.endswith(b"ok"))

    def test_what_is_refused_is_told_before_the_body_comes(self) -> None:
        self.serve(max_body=10)
        client = self.asks(post(b"", "Expect: 100-continue", length=11))
        self.assertTrue(client.data.startswith(b"HTTP/1.1 413 "))
        self.assertNotIn(b"100 Continue", client.data)
        self.assertEqual(self.got("one"), [])


class EarlyTests(WebStage):
    UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"

    def test_the_rest_of_the_body_goes_to_a_server_that_takes_it_and_the_next_request_behind_it(self) -> None:
        self.serve()
        client = self.asks(post(b"abc", length=6))
        self.reply(self.UNAUTHORIZED)
        self.assertEqual(client.data, self.UNAUTHORIZED)
        self.send(client, b"def" + GET)
        self.assertIn(b"abcdefGET / ", self.got("one")[0])
        self.reply(OK)
        self.assertEqual(client.data, self.UNAUTHORIZED + OK)
        self.assertEqual(len(self.servers["one"].sessions), 1)

    def test_from_a_server_that_closes_it_is_the_last_answer(self) -> None:
        self.serve()
        client = self.asks(post(b"abc", length=6))
        self.reply(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        self.assertIn(b"Connection: close", client.data)
        self.assertTrue(client.data.endswith(b"no"))
        self.assertTrue(client.eof)
        self.send(client, b"def" + GET)
        self.assertEqual(self.got("one")[0].count(b"GET"), 0)

    def test_a_server_that_leaves_instead_of_reading_on_ends_it_with_a_whole_answer(self) -> None:
        self.serve()
        client = self.asks(post(b"abc", length=6))
        self.session().stream.write(OK)
        self.session().stream.close()
        self.settle()
        self.assertEqual(client.data, OK)
        self.assertTrue(client.eof)


class CutTests(WebStage):
    """What the server leaves unfinished has to look unfinished to the client."""

    def cut(self, start: bytes, abort: bool = False) -> Recorder:
        self.serve()
        client = self.asks(GET)
        self.reply(start)
        if abort:
            self.session().stream.abort()
        else:
            self.session().stream.close()
        self.settle()
        return client

    def test_a_body_shorter_than_its_length(self) -> None:
        client = self.cut(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        self.assertTrue(client.data.endswith(b"abc"))
        self.assertTrue(client.eof)
        self.assertEqual(self.requests()[0].termination, "SD")

    def test_chunks_without_the_last_one(self) -> None:
        client = self.cut(CHUNKED + b"3\r\nabc\r\n")
        self.assertTrue(client.data.endswith(b"3\r\nabc\r\n"))
        self.assertIsInstance(client.error, ConnectionResetError)
        self.assertFalse(client.eof)

    def test_a_length_for_a_client_that_may_know_none(self) -> None:
        """One of HTTP/1.0 may read until the end, and take that for the whole."""
        self.serve()
        client = self.asks(b"GET / HTTP/1.0\r\n\r\n")
        self.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        self.session().stream.close()
        self.settle()
        self.assertIsInstance(client.error, ConnectionResetError)

    def test_what_would_end_with_the_connection_is_reset_when_that_is_reset(self) -> None:
        client = self.cut(b"HTTP/1.1 200 OK\r\n\r\nabc", abort=True)
        self.assertIsInstance(client.error, ConnectionResetError)
        self.assertFalse(client.eof)

    def test_chunks_that_break_http(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.reply(CHUNKED)
        self.reply(b"zz\r\n")
        self.assertEqual(client.data, CHUNKED)
        self.assertIsInstance(client.error, ConnectionResetError)
        self.assertEqual(self.requests()[0].termination, "PD")

    def test_the_client_gets_no_page_behind_half_an_answer(self) -> None:
        client = self.cut(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        self.assertNotIn(b"502", client.data)


class BadAnswerTests(WebStage):
    def test_what_is_no_answer_is_502(self) -> None:
        self.serve()
        for number, said in enumerate(
            (
                b"220 mail ESMTP\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
                b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
                b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
                CHUNKED + b"zz\r\n",
                SWITCHED,
            )
        ):
            client = self.asks(GET)
            self.reply(said, number=number)
            self.assertEqual(client.data[9:12], b"502")
            self.assertTrue(client.eof)
            self.assertTrue(self.session(number=number).lost)

    def test_a_server_that_leaves_without_a_word_is_502(self) -> None:
        self.serve()
        for abort in (False, True):
            self.servers["one"].close_on_data, self.servers["one"].abort_on_data = not abort, abort
            client = self.asks(GET)
            self.assertEqual(client.data[9:12], b"502")
            self.assertEqual(self.requests()[-1].termination, "SH")

    def test_what_comes_behind_an_answer_is_nobodys(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        self.reply(b"okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        self.assertEqual(client.data, OK)
        self.send(client, GET)
        self.assertEqual(len(self.servers["one"].sessions), 2)

    def test_a_trailer_says_nothing_that_the_head_may_not(self) -> None:
        self.serve(forwarding=Forwarding(request=header_rules(remove=["X-Internal"])))
        client = self.asks(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\nX-Internal: yes\r\n\r\n")
        self.assertEqual(client.data[9:12], b"400")
        self.assertNotIn(b"yes", self.got("one")[0])

    def test_broken_chunks_of_a_client_are_400_and_cut_for_the_server(self) -> None:
        self.serve()
        client = self.asks(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n")
        self.assertEqual(client.data[9:12], b"400")
        self.assertTrue(self.session().lost)


LAST_LEG = "Authorization: NTLM TlRMTVNTUAADAAAA"
CHALLENGE = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\nContent-Length: 0\r\n\r\n"


class AgainTests(WebStage):
    """A server may close an idle connection at any time, just when the next request is on its way there (RFC 9112 9.3.1)."""

    def kept(self, request: bytes) -> Recorder:
        """A client whose server closes the kept connection when ``request`` comes."""
        self.serve()
        client = self.asks(GET)
        self.reply(OK)
        self.session().server = Peer(close_on_data=True)
        self.send(client, request)
        return client

    def test_a_safe_request_goes_to_a_new_connection(self) -> None:
        client = self.kept(GET)
        self.reply(OK, number=1)
        self.assertEqual(client.data, OK * 2)
        self.assertEqual([record.termination for record in self.requests()], ["--", "--"])

    def test_but_once_only(self) -> None:
        client = self.kept(GET)
        self.session(number=1).stream.close()
        self.settle()
        self.assertEqual(client.data[len(OK) + 9 : len(OK) + 12], b"502")
        self.assertEqual(len(self.servers["one"].sessions), 2)

    def test_any_other_is_for_the_client_to_repeat(self) -> None:
        client = self.kept(post(b"hello"))
        self.assertEqual(client.data, OK)
        self.assertTrue(client.eof)
        self.assertEqual(len(self.servers["one"].sessions), 1)
        self.assertEqual((self.requests()[-1].status, self.requests()[-1].termination), (-1, "SH"))

    def test_the_answer_to_a_challenge_means_nothing_to_another_connection(self) -> None:
        client = self.kept(get("/owa", LAST_LEG))
        self.assertEqual(client.data, OK)
        self.assertTrue(client.eof)
        self.assertEqual(len(self.servers["one"].sessions), 1)
        self.assertEqual((self.requests()[-1].status, self.requests()[-1].termination), (-1, "SC"))
        self.assertEqual(self.gate.taken, 1)
        client.stream.close()
        self.settle()
        self.assertEqual(self.gate.taken, 0)

    def test_nor_when_the_one_of_the_challenge_was_closed_before(self) -> None:
        self.serve()
        client = self.asks(get("/owa", "Authorization: NTLM TlRMTVNTUAABAAAA"))
        self.reply(CHALLENGE)
        self.session().stream.close()
        self.settle()
        self.send(client, get("/owa", LAST_LEG))
        self.assertEqual(client.data, CHALLENGE)
        self.assertTrue(client.eof)
        self.assertEqual(len(self.servers["one"].sessions), 1)

    def test_the_first_word_of_a_login_goes_to_any_connection(self) -> None:
        self.kept(get("/owa", "Authorization: NTLM TlRMTVNTUAABAAAA"))
        self.assertEqual(len(self.servers["one"].sessions), 2)

    def test_one_that_was_closed_before_is_not_used(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.reply(OK)
        self.session().stream.close()
        self.settle()
        self.assertFalse(client.eof)
        self.send(client, post(b"hello"))
        self.reply(OK, number=1)
        self.assertEqual(client.data, OK * 2)


class TunnelTests(WebStage):
    def switched(self, behind: bytes = b"") -> Recorder:
        self.serve()
        client = self.asks(UPGRADE)
        self.assertIn(b"Upgrade: websocket\r\nConnection: Upgrade\r\n", self.got("one")[0])
        self.reply(SWITCHED + behind)
        self.assertEqual(client.data, SWITCHED + behind)
        return client

    def test_after_101_bytes_go_both_ways_as_they_are(self) -> None:
        client = self.switched()
        self.send(client, b"\x81\x05hello GET / HTTP/1.1\r\n\r\n")
        self.assertTrue(self.got("one")[0].endswith(b"\x81\x05hello GET / HTTP/1.1\r\n\r\n"))
        self.reply(b"\x81\x02ok")
        self.assertTrue(client.data.endswith(b"\x81\x02ok"))

    def test_what_came_with_the_101_comes_behind_it(self) -> None:
        self.switched(b"\x81\x02ok")

    def test_its_end_is_passed_on_and_the_line_counts_all(self) -> None:
        client = self.switched()
        self.send(client, b"12345")
        self.reply(b"123")
        client.stream.close()
        self.settle()
        self.assertTrue(self.session().eof)
        record = self.requests()[0]
        self.assertEqual((record.status, record.termination), (101, "--"))
        self.assertEqual(record.bytes_out, len(SWITCHED) + 3)
        self.assertEqual(record.bytes_in, len(self.got("one")[0]))
        self.assertEqual(self.gate.taken, 0)

    def test_the_servers_end_too(self) -> None:
        client = self.switched()
        self.session().stream.close()
        self.settle()
        self.assertTrue(client.eof)

    def test_it_may_be_silent_for_as_long_as_tunnels_may(self) -> None:
        client = self.switched()
        self.clock.pump([1.0] * 90)
        self.send(client, b"x")
        self.clock.pump([1.0] * 90)
        self.assertFalse(client.lost)
        self.clock.pump([1.0] * 20)
        self.settle()
        self.assertTrue(client.lost)
        self.assertEqual(self.requests()[0].termination, "sD")

    def test_http_2_in_the_clear_is_neither_asked_for_nor_switched_to(self) -> None:
        self.serve()
        client = self.asks(get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"))
        self.assertNotRegex(self.got("one")[0], b"(?i)upgrade|http2-settings")
        self.reply(SWITCHED.replace(b"websocket", b"h2c"))
        self.assertEqual(client.data[9:12], b"502")

    def test_and_no_longer_though_requests_may_take_more_time(self) -> None:
        self.serve(tunnel_timeout=10.0)
        client = self.asks(UPGRADE)
        self.reply(SWITCHED)
        self.clock.pump([1.0] * 9)
        self.assertFalse(client.lost)
        self.clock.pump([1.0] * 2)
        self.settle()
        self.assertTrue(client.lost)

    def test_a_refused_one_is_an_ordinary_answer(self) -> None:
        self.serve()
        client = self.asks(UPGRADE)
        self.reply(OK)
        self.send(client, GET)
        self.reply(OK)
        self.assertEqual(client.data, OK * 2)


class PouringTests(WebStage):
    """What is left of a long body goes from stream to stream."""

    SIZE = 3 * LONG
    HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode()

    def setUp(self) -> None:
        super().setUp()
        self.serve()

    def pours(self, stream: object) -> bool:
        return getattr(stream, "_onto") is not None  # noqa: B009 - no part of what a stream promises

    def test_a_long_answer_is_poured_and_counted(self) -> None:
        client = self.asks(GET)
        self.reply(self.HEAD + b"begin")
        self.assertTrue(self.pours(self.near(self.session())))
        self.reply(b"x" * (self.SIZE - 5))
        self.assertFalse(self.pours(self.near(self.session())))
        self.assertEqual(client.data, self.HEAD + b"begin" + b"x" * (self.SIZE - 5))
        self.assertEqual((self.requests()[0].bytes_out, self.requests()[0].termination), (len(client.data), "--"))

    def test_the_next_answer_comes_behind_it(self) -> None:
        client = self.asks(GET)
        self.reply(self.HEAD)
        self.reply(b"x" * self.SIZE)
        self.send(client, GET)
        self.reply(OK)
        self.assertTrue(client.data.endswith(b"x" + OK))

    def test_what_comes_behind_a_long_answer_is_nobodys(self) -> None:
        client = self.asks(GET)
        self.reply(self.HEAD)
        self.reply(b"x" * self.SIZE + OK)
        self.assertTrue(client.data.endswith(b"x"))
        self.assertTrue(self.session().lost)

    def test_a_long_request_is_poured_and_counted(self) -> None:
        client = self.asks(post(b"", length=self.SIZE))
        self.assertTrue(self.pours(self.far(client)))
        self.send(client, b"x" * self.SIZE + GET)
        self.reply(OK)
        self.assertEqual((self.requests()[0].bytes_in, self.requests()[0].termination), (self.got("one")[0].index(b"GET"), "--"))
        self.assertTrue(self.got("one")[0].split(b"GET")[0].endswith(b"x" * self.SIZE))
        self.reply(OK)
        self.assertEqual(client.data, OK * 2)

    def test_a_short_rest_is_not_poured(self) -> None:
        client = self.asks(post(b"x", length=LONG))
        self.assertFalse(self.pours(self.far(client)))

    def test_a_server_that_leaves_within_its_answer_cuts_it(self) -> None:
        client = self.asks(GET)
        self.reply(self.HEAD + b"x" * LONG)
        self.session().stream.close()
        self.settle()
        self.assertEqual(client.data, self.HEAD + b"x" * LONG)
        self.assertTrue(client.eof)
        self.assertEqual((self.requests()[0].bytes_out, self.requests()[0].termination), (len(client.data), "SD"))

    def test_a_client_that_leaves_within_its_request_cuts_it(self) -> None:
        client = self.asks(post(b"", length=self.SIZE), b"x" * LONG)
        client.stream.close()
        self.settle()
        self.assertTrue(self.session().lost)
        self.assertEqual((self.requests()[0].bytes_in, self.requests()[0].termination), (len(self.got("one")[0]), "CD"))

    def test_an_early_answer_to_a_long_request_does_not_end_it(self) -> None:
        client = self.asks(post(b"", length=self.SIZE), b"x" * LONG)
        self.reply(OK)
        self.assertEqual((client.data, self.requests()), (OK, []))
        self.send(client, b"x" * (self.SIZE - LONG) + GET)
        self.reply(OK)
        self.assertEqual((client.data, len(self.requests())), (OK * 2, 2))

    def test_a_server_that_answers_and_leaves_is_heard(self) -> None:
        client = self.asks(post(b"", length=self.SIZE), b"x" * LONG)
        self.reply(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.session().stream.close()
        self.settle()
        self.assertIn(b" 413 ", client.data)
        self.assertTrue(client.eof)
        self.send(client, b"x" * LONG)  # read, and dropped
        self.assertEqual(self.far(client).received, len(post(b"", length=self.SIZE)) + 2 * LONG)

    def test_who_does_not_read_a_long_answer_holds_one_buffer_and_is_blamed(self) -> None:
        client = self.asks(GET)
        client.stream.pause()
        self.reply(self.HEAD)
        self.reply(b"x" * self.SIZE)
        self.assertLessEqual(len(self.far(client).outbox), CHUNK)
        self.clock.advance(200)
        self.settle()
        self.assertEqual(self.requests()[0].termination, "cD")

    def test_a_server_that_does_not_read_a_long_request_is_blamed(self) -> None:
        client = self.asks(post(b"", length=self.SIZE))
        self.session().stream.pause()
        self.send(client, b"x" * self.SIZE)
        self.clock.advance(200)
        self.settle()
        self.assertIn(b" 504 ", client.data)
        self.assertEqual(self.requests()[0].termination, "sH")

    def test_a_client_that_says_no_more_of_a_long_request_is_told(self) -> None:
        client = self.asks(post(b"", length=self.SIZE), b"x" * LONG)
        self.clock.advance(200)
        self.settle()
        self.assertIn(b" 408 ", client.data)
        self.assertEqual(self.requests()[0].termination, "cD")

    def test_the_next_request_waits_until_all_of_a_long_one_is_with_the_server(self) -> None:
        client = self.asks(post(b"", length=self.SIZE))
        self.session().stream.pause()
        self.send(client, b"x" * self.SIZE)
        self.send(client, GET)
        self.reply(OK)
        self.assertEqual((client.data, self.requests()), (OK, []))
        self.session().stream.resume()
        self.settle()
        self.assertEqual(len(self.requests()), 1)
        self.assertIn(b"xGET / HTTP/1.1", self.got("one")[0])


class PacedPouringTests(WebStage):
    """Bodies that are poured have to come as fast as others."""

    def setUp(self) -> None:
        super().setUp()
        self.serve(body_rate=float(LONG), body_grace=10.0, clients={"client_timeout": 1000.0})
        self.visitor = self.asks(post(b"", length=100 * LONG))
        self.clock.advance(10.2)
        self.settle()

    def test_who_is_slow_is_told(self) -> None:
        self.send(self.visitor, b"x" * 1000)
        self.clock.advance(10.3)
        self.settle()
        self.assertIn(b" 408 ", self.visitor.data)

    def test_a_while_in_which_the_server_took_nothing_does_not_count(self) -> None:
        self.session().stream.pause()
        self.send(self.visitor, b"x" * 3 * LONG)
        self.clock.advance(5)
        self.session().stream.resume()
        self.settle()
        self.clock.advance(5.3)
        self.settle()
        self.assertEqual((self.visitor.data, self.requests()), (b"", []))
