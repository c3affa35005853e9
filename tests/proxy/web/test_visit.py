"""A client's connection: keep-alive, pipelining, whose servers' connections are whose, and how it ends."""

from base64 import b64encode
from ipaddress import ip_network
from typing import Any

from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.pool import Admin
from exproxy.pool.key import SourceKeys
from exproxy.pool.logins import SLOW_AT_ONCE, WIDER, Logins
from exproxy.pool.rates import Rates
from exproxy.proxy.accesslog.request import LONGEST_REQUEST
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.gate import Gate
from exproxy.proxy.networks import Networks
from exproxy.proxy.web.guard import SLOWED, AccessRule, Action, Guard, Tarpit
from exproxy.proxy.web.routes import Redirect, Route, Routes
from exproxy.proxy.web.visit import LINGERING, REST
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.reading import ResponseReader
from tests.net.memory import Recorder
from tests.net.tls.files import authority_file, certificate_file
from tests.proxy.stage import FRONT
from tests.proxy.test_session import TLSClient
from tests.proxy.web.webstage import CONTINUE, GET, OK, WebStage, get, post


class KeepAliveTests(WebStage):
    def test_a_request_goes_to_the_server_and_its_answer_to_the_client(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.assertTrue(self.got("one")[0].startswith(b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n"))
        self.reply(OK)
        self.assertEqual(client.data, OK)
        self.assertFalse(client.eof)

    def test_the_next_request_goes_to_the_same_connection(self) -> None:
        self.serve()
        self.answers_all()
        client = self.asks(GET, GET, GET)
        self.assertEqual(client.data, OK * 3)
        self.assertEqual(len(self.servers["one"].sessions), 1)
        self.assertEqual(len(self.requests()), 3)

    def test_a_head_may_come_in_pieces(self) -> None:
        self.serve()
        self.answers_all()
        client = self.asks(*(GET[at : at + 1] for at in range(len(GET))))
        self.assertEqual(client.data, OK)

    def test_a_pipelined_request_is_not_passed_on_before_the_first_is_answered(self) -> None:
        self.serve()
        client = self.asks(get("/a") + get("/b") + get("/c"))
        self.assertEqual(self.got("one")[0].count(b"GET"), 1)
        self.reply(OK)
        self.assertEqual((self.got("one")[0].count(b"GET"), client.data), (2, OK))
        self.reply(OK)
        self.reply(OK)
        self.assertEqual((self.got("one")[0].count(b"GET"), client.data), (3, OK * 3))

    def test_who_pipelines_without_end_is_not_read(self) -> None:
        self.serve()
        client = self.asks(GET)
        for _ in range(4):
            self.send(client, GET * 2000)
        self.assertFalse(self.far(client).reading)
        self.assertLessEqual(self.far(client).received, 65536 + len(GET))

    def test_thousands_of_pipelined_redirects_are_answered_in_their_order(self) -> None:
        self.serve(routes=Routes(None, (Route(Redirect("/owa")),)))
        client = self.asks(*[get(f"/{number}") for number in range(3)], GET * 3000)
        self.clock.pump([0] * 5000)
        self.assertEqual(client.data.count(b"HTTP/1.1 302 "), 3003)

    def test_a_client_that_asks_for_it_is_let_go(self) -> None:
        self.serve()
        client = self.asks(get("/", "Connection: close"))
        self.reply(OK)
        self.assertIn(b"Connection: close", client.data)
        self.assertTrue(client.eof)

    def test_a_client_of_http_1_0_is_let_go_after_its_answer(self) -> None:
        self.serve()
        client = self.asks(b"GET / HTTP/1.0\r\n\r\n")
        self.reply(OK)
        self.assertTrue(client.data.endswith(b"ok"))
        self.assertTrue(client.eof)

    def test_what_a_leaving_client_still_sends_is_dropped(self) -> None:
        self.serve()
        client = self.asks(get("/", "Connection: close") + GET)
        self.reply(OK)
        self.send(client, GET * 3)
        self.assertEqual(self.got("one")[0].count(b"GET"), 1)
        client.stream.close()
        self.settle()
        self.assertEqual(self.gate.taken, 0)

    def test_who_does_not_read_his_redirects_is_not_read_until_he_does(self) -> None:
        self.serve(routes=Routes(None, (Route(Redirect("/owa")),)))
        client = self.client()
        client.stream.pause()
        client.stream.write(GET * 3000)
        self.clock.pump([0] * 5000)
        self.assertLessEqual(len(self.far(client).outbox), 1000)
        client.stream.resume()
        self.clock.pump([0] * 5000)
        self.assertEqual(client.data.count(b"HTTP/1.1 302 "), 3000)


class IdentityTests(WebStage):
    """RFC 4559 and NTLM authenticate a connection: what one client's requests went over is never another's."""

    def both(self) -> tuple[Recorder, Recorder]:
        self.serve()
        self.answers_all()
        return self.asks(get("/", "X-Who: anna")), self.asks(get("/", "X-Who: bert"))

    def test_two_clients_that_take_turns_share_no_connection(self) -> None:
        anna, bert = self.both()
        for _ in range(3):
            self.send(anna, get("/", "X-Who: anna"))
            self.send(bert, get("/", "X-Who: bert"))
        heard = self.got("one")
        self.assertEqual([(data.count(b"anna"), data.count(b"bert")) for data in heard], [(4, 0), (0, 4)])

    def test_a_connection_ends_with_its_client_and_is_nobody_elses(self) -> None:
        anna, bert = self.both()
        anna.stream.close()
        self.settle()
        self.assertTrue(self.session(number=0).eof)
        carl = self.asks(get("/", "X-Who: carl"))
        self.send(bert, get("/", "X-Who: bert"))
        heard = self.got("one")
        self.assertEqual([b"carl" in data for data in heard], [False, False, True])
        self.assertEqual(carl.data, OK)

    def test_a_connection_ends_with_a_client_that_resets(self) -> None:
        anna, _ = self.both()
        anna.stream.abort()
        self.settle()
        self.assertTrue(self.session(number=0).eof)

    def test_a_client_has_a_connection_to_each_back_end_and_comes_back_to_it(self) -> None:
        one, two = self.backend(self.servers_of()), self.backend(self.servers_of())
        one.pool.name, two.pool.name = "one", "two"
        two.pool.servers["one"].set_admin(Admin.MAINT, 0.0)
        self.serve(routes=Routes(one, (Route(two, paths=("/ews",)),)))
        self.answers_all()
        client = self.asks(get("/owa"), get("/ews"), get("/owa"), get("/ews"))
        self.assertEqual(client.data, OK * 4)
        self.assertEqual([data.count(b"/owa") for data in self.got("one")], [2])
        self.assertEqual([data.count(b"/ews") for data in self.got("two")], [2])
        self.assertEqual((one.pool.sessions, two.pool.sessions), (1, 1))
        client.stream.close()
        self.settle()
        self.assertEqual((one.pool.sessions, two.pool.sessions, self.gate.taken), (0, 0, 0))

    def test_what_a_server_says_unasked_answers_nobody(self) -> None:
        self.serve()
        client = self.asks(GET)
        self.reply(OK)
        self.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        self.assertTrue(self.session().lost)
        self.send(client, GET)
        self.reply(OK, number=1)
        self.assertEqual(client.data, OK * 2)


class PageTests(WebStage):
    def test_what_is_no_request_is_told_so_and_let_go(self) -> None:
        self.serve()
        for said, status in (
            (b"\x16\x03\x01", b"400"),
            (b"GET / HTTP/3.0\r\n\r\n", b"505"),
            (b"GET /%00 HTTP/1.1\r\n\r\n", b"400"),
        ):
            client = self.asks(said)
            self.assertEqual(client.data[9:12], status)
            self.assertTrue(client.eof)
        self.assertEqual([record.termination for record in self.requests()], ["PR"] * 3)
        self.assertEqual([record.request for record in self.requests()], [b"", b"", b"GET /%00 HTTP/1.1"])

    def test_a_head_that_is_too_large_is_431(self) -> None:
        self.serve()
        client = self.asks(get("/", *(f"X-{number}: x" for number in range(200))))
        self.assertEqual(client.data[9:12], b"431")

    def test_a_body_that_is_too_large_is_413(self) -> None:
        self.serve(max_body=10)
        client = self.asks(post(b"x" * 11))
        self.assertEqual(client.data[9:12], b"413")
        self.assertEqual(self.got("one"), [])

    def test_a_body_in_chunks_that_is_too_large_is_413_and_the_server_sees_it_cut(self) -> None:
        self.serve(max_body=10)
        client = self.asks(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\n12345\r\n", b"9\r\n")
        self.assertEqual(client.data[9:12], b"413")
        self.assertTrue(self.session().lost)

    def test_chunks_that_are_too_large_and_come_with_the_head_are_413(self) -> None:
        self.serve(max_body=10)
        client = self.asks(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n")
        self.assertEqual(client.data[9:12], b"413")
        self.assertEqual(self.got("one"), [b""])

    def test_the_head_is_no_part_of_a_body(self) -> None:
        for head, parts in (
            (b"Content-Length: 10", (b"12345", b"67890")),
            (b"Transfer-Encoding: chunked", (b"3\r\n123", b"\r\n")),
            (b"Transfer-Encoding: chunked", (b"3\r\n", b"123\r\n")),
        ):
            self.serve(max_body=10)
            client = self.asks(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n", *parts)
            self.assertEqual(client.data, b"")
            self.assertTrue(self.got("one")[0].endswith(b"".join(parts)))
            self.setUp()

    def test_without_a_route_it_is_503(self) -> None:
        self.serve(routes=Routes(None))
        client = self.asks(GET)
        self.assertEqual(client.data[9:12], b"503")

    def test_the_answer_to_head_has_no_body(self) -> None:
        self.serve(routes=Routes(None))
        client = self.asks(GET.replace(b"GET", b"HEAD"))
        self.assertTrue(client.data.endswith(b"\r\n\r\n"))

    def test_that_to_a_head_that_is_refused_neither(self) -> None:
        self.serve()
        for parts in ((b"HEAD /%00 HTTP/1.1\r\nHost: x\r\n\r\n",), (b"HEAD /%0", b"0 HTTP/1.1\r\nHost: x\r\n\r\n")):
            client = self.asks(*parts)
            self.assertTrue(client.data.startswith(b"HTTP/1.1 400 "))
            self.assertTrue(client.data.endswith(b"\r\n\r\n"))

    def test_each_says_how_long_it_is_and_that_the_connection_ends(self) -> None:
        """Whatever it is for, and whoever has asked."""
        self.serve(routes=Routes(None, (Route(Redirect(), methods=frozenset({"GET"})),)), max_body=10)
        for said, status in (
            (b"X\r\n\r\n", 400),
            (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            (b"GET / HTTP/1.0\r\n\r\n", 400),
            (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 503),
            (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417),
            (get("/", "X: " + "x" * 70_000), 431),
            (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
            (b"TRACE / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n", 501),
            (b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 503),
            (b"GET / HTTP/2.0\r\n\r\n", 505),
        ):
            client = self.asks(said)
            reader = ResponseReader()
            head = reader.feed(bytes(client.data))
            assert head is not None
            self.assertEqual((head.status, head.length, head.options), (status, len(reader.rest), (b"close",)), said[:40])
            self.assertTrue(client.eof)

    def test_a_request_that_may_not_be_passed_on_any_more_ends_here(self) -> None:
        self.serve()
        client = self.asks(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nMax-Forwards: 1\r\n\r\n")
        self.assertIn(b"\r\nMax-Forwards: 0\r\n", self.got("one")[0])
        client = self.asks(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n")
        self.assertTrue(client.data.startswith(b"HTTP/1.1 501 "))
        self.assertEqual(len(self.got("one")), 1)

    def test_redirects_keep_the_connection(self) -> None:
        self.serve(routes=Routes(self.backend(), (Route(Redirect("/owa", 301), paths=("/old",)),)))
        client = self.asks(get("/old"), get("/new"))
        self.assertIn(b"HTTP/1.1 301 Moved Permanently\r\n", client.data)
        self.assertIn(b"Location: /owa\r\n", client.data)
        self.reply(OK)
        self.assertTrue(client.data.endswith(OK))


class OriginTests(WebStage):
    def test_what_a_client_claims_is_replaced(self) -> None:
        self.serve()
        self.asks(get("/", "X-Forwarded-For: 6.6.6.6"))
        self.assertIn(b"X-Forwarded-For: 127.0.0.1\r\n", self.got("one")[0])
        self.assertNotIn(b"6.6.6.6", self.got("one")[0])

    def test_a_trusted_proxys_word_is_kept(self) -> None:
        self.serve(trusted=(ip_network("127.0.0.0/8"),))
        self.asks(get("/", "X-Forwarded-For: 192.0.2.77"))
        self.assertIn(b"X-Forwarded-For: 192.0.2.77, 127.0.0.1\r\n", self.got("one")[0])

    def test_the_client_of_a_balancer_before_us_is_told(self) -> None:
        self.serve(accept_proxy=(ip_network("127.0.0.0/8"),))
        self.asks(b"PROXY TCP4 192.0.2.77 192.0.2.9 4711 443\r\n" + GET)
        self.assertIn(b"X-Forwarded-For: 192.0.2.77\r\nX-Forwarded-Proto: http\r\n", self.got("one")[0])
        self.reply(OK)
        self.assertEqual(self.requests()[0].client, ("192.0.2.77", 4711))

    def test_servers_are_told_of_tls_that_ended_here(self) -> None:
        folder = self.mktemp()
        self.serve(tls=ServerTLS([certificate_file(folder)], BUILT_IN["intermediate"]))
        client = TLSClient()
        self.network.connect(FRONT, client, 5.0)
        self.settle()
        context = client_context(True, authority_file(folder), BUILT_IN["intermediate"])
        client.stream = self.network.secure_client(client.stream, ClientTLS("mail.example.com", True, context), client)
        self.settle()
        self.send(client, GET)
        self.assertIn(b"X-Forwarded-Proto: https\r\n", self.got("one")[0])
        self.assertIn(b"Front-End-Https: on\r\n", self.got("one")[0])
        self.reply(OK)
        self.assertEqual(client.data, OK)

    def test_a_handshake_that_fails_has_a_line_and_no_request(self) -> None:
        self.serve(tls=ServerTLS([certificate_file(self.mktemp())], BUILT_IN["intermediate"]))
        self.asks(GET)
        self.assertEqual((self.requests(), [record.termination for record in self.records]), ([], ["PR"]))


class LineTests(WebStage):
    def test_a_long_request_line_is_cut_before_it_waits_to_be_written(self) -> None:
        self.serve()
        self.answers_all()
        self.asks(get("/" + "x" * 9000))
        self.assertEqual(len(self.requests()[0].request), LONGEST_REQUEST)

    def test_who_asks_nothing_has_one_unless_dontlognull(self) -> None:
        for dontlognull, expected in ((False, ["CR", "CR", "cR", "KR"]), (True, [])):
            frontend = self.serve(clients={"dontlognull": dontlognull})
            self.client().stream.close()
            self.settle()
            self.client().stream.abort()
            self.settle()
            self.client()
            self.clock.pump([0.5] * 40)
            self.client()
            for session in list(frontend.sessions):
                session.kill("K")
            self.settle()
            self.assertEqual([record.termination for record in self.requests()], expected)
            self.assertEqual(self.gate.taken, 0)
            self.setUp()

    def test_who_goes_between_two_requests_has_none_more(self) -> None:
        self.serve()
        self.answers_all()
        self.asks(GET).stream.close()
        self.settle()
        self.asks(GET)
        self.clock.pump([0.5] * 60)
        self.assertEqual([record.termination for record in self.requests()], ["--", "--"])

    def test_it_has_what_went_by_and_how_long_that_took(self) -> None:
        self.serve()
        client = self.asks(post(b"hello"))
        self.clock.advance(2)
        self.reply(OK)
        record = self.requests()[0]
        self.assertEqual((record.response_ms, record.total_ms, record.status), (2000, 2000, 200))
        self.assertEqual((record.bytes_in, record.bytes_out), (len(self.got("one")[0]), len(client.data)))
        self.assertEqual((record.frontend, record.backend, record.server), ("web", "hub", "one"))
        self.assertEqual(record.request, b"POST /ews HTTP/1.1")

    def test_it_has_how_long_a_head_took_to_come(self) -> None:
        self.serve()
        self.answers_all()
        client = self.asks(GET)
        self.clock.pump([0.5] * 6)
        for part in (GET[:9], GET[9:30], GET[30:]):
            self.send(client, part)
            self.clock.pump([0.5] * 4)
        self.send(client, GET)
        self.send(client, b"GET /%00")
        self.clock.pump([0.5] * 2)
        self.send(client, b" HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual([record.request_ms for record in self.requests()], [0, 4000, 0, -1])


class KeptTests(WebStage):
    """Connections to servers are no more than there are descriptors for."""

    def setUp(self) -> None:
        super().setUp()
        self.gate = Gate(3)
        self.answers_all()
        names = ("a", "b", "c")
        backends = [self.backend(self.servers_of("first")) for _ in names]
        for name, backend in zip(names, backends, strict=True):
            backend.pool.name = name
        self.serve(
            routes=Routes(None, tuple(Route(backend, paths=(f"/{name}",)) for name, backend in zip(names, backends, strict=True)))
        )

    def open_ends(self) -> int:
        return sum(not session.lost for session in self.servers["one"].sessions)

    def test_a_client_keeps_one_for_each_back_end_while_there_is_room(self) -> None:
        self.asks(get("/a"), get("/b"), get("/c"))
        self.assertEqual((self.open_ends(), self.gate.kept.ended), (3, 0))

    def test_those_that_rest_make_room_for_clients(self) -> None:
        clients = [self.asks(get("/a"), get("/b"), get("/c")) for _ in range(3)]
        self.assertEqual(self.open_ends(), 3)
        for client in clients:
            self.assertEqual(client.data, OK * 3)
            self.send(client, get("/b"))
            self.assertEqual(client.data, OK * 4)
        self.assertLessEqual(self.open_ends(), 3)

    def test_nothing_is_counted_any_more_when_all_are_gone(self) -> None:
        for client in [self.asks(get("/a"), get("/b"), get("/c")) for _ in range(3)]:
            client.stream.close()
        self.settle()
        self.assertEqual((self.gate.kept.open, self.gate.kept.clients), (0, 0))


class TimeoutTests(WebStage):
    def wait(self, seconds: float) -> None:
        self.clock.pump([0.25] * int(seconds * 4))
        self.settle()

    def test_a_head_that_does_not_come_whole_is_408(self) -> None:
        self.serve()
        client = self.asks(b"GET / HT")
        self.wait(10)
        self.send(client, b"TP/1.1\r\n")
        self.assertEqual(client.data, b"")
        self.wait(6)
        self.assertEqual(client.data[9:12], b"408")
        self.assertEqual((self.requests()[0].termination, self.requests()[0].request), ("cR", b"GET / HTTP/1.1"))

    def test_a_client_that_says_nothing_is_let_go_without_a_word(self) -> None:
        self.serve()
        client = self.asks()
        self.wait(16)
        self.assertEqual((client.data, client.eof), (b"", True))

    def test_the_next_request_has_to_begin_within_the_keep_alive_timeout(self) -> None:
        self.serve()
        self.answers_all()
        client = self.asks(GET)
        self.wait(18)
        self.send(client, GET)
        self.assertEqual(client.data, OK * 2)
        self.wait(21)
        self.assertTrue(client.eof)
        self.assertTrue(self.session().eof)

    def test_the_next_request_too_has_to_come_whole(self) -> None:
        self.serve()
        self.answers_all()
        client = self.asks(GET)
        self.wait(18)
        self.send(client, b"GET")
        self.wait(14)
        self.assertFalse(client.eof)
        self.wait(2)
        self.assertIn(b" 408 ", client.data)

    def test_a_client_that_does_not_leave_is_cut(self) -> None:
        self.serve()
        client = self.asks(b"bad\r\n\r\n")
        self.wait(3)
        self.assertEqual(self.gate.taken, 1)
        self.wait(2)
        self.assertEqual(self.gate.taken, 0)
        self.assertFalse(self.far(client).aborted)

    def test_one_that_does_not_even_take_its_answer_is_reset(self) -> None:
        self.network.capacity = 100
        self.serve()
        client = self.asks()
        client.stream.pause()
        self.send(client, b"bad\r\n\r\n")
        self.wait(5)
        self.assertEqual(self.gate.taken, 1)
        self.wait(4)
        self.assertEqual(self.gate.taken, 0)
        self.assertTrue(self.far(client).aborted)

    def test_a_server_that_does_not_answer_is_504(self) -> None:
        self.serve(self.backend(server_timeout=40.0))
        client = self.asks(GET)
        self.wait(35)
        self.assertEqual(client.data, b"")
        self.wait(6)
        self.assertEqual(client.data[9:12], b"504")
        self.assertTrue(self.session().lost)
        self.assertEqual(self.requests()[0].termination, "sH")

    def test_a_server_may_have_less_time_than_a_client(self) -> None:
        self.serve(self.backend(server_timeout=5.0))
        client = self.asks(GET)
        self.wait(6)
        self.assertEqual(client.data[9:12], b"504")

    def test_and_has_it_from_its_request_on_though_the_client_took_long(self) -> None:
        self.serve(self.backend(server_timeout=5.0), clients={"client_timeout": 300.0})
        client = self.asks(post(b"abc", length=6))
        self.wait(20)
        self.send(client, b"def")
        self.wait(4)
        self.assertEqual(client.data, b"")
        self.wait(6)
        self.assertEqual(client.data[9:12], b"504")

    def test_a_phone_may_wait_a_quarter_of_an_hour_for_its_answer_and_ask_again(self) -> None:
        """A Ping of ActiveSync is answered when there is mail, or after so long (MS-ASCMD 2.2.1.13): neither side says a byte."""
        self.serve(self.backend(server_timeout=1800.0))
        client = self.asks()
        for _ in range(2):
            self.send(client, post(b"ping", path="/Microsoft-Server-ActiveSync?Cmd=Ping"))
            self.wait(900)
            self.reply(OK)
            self.assertTrue(client.data.endswith(OK))
            self.assertFalse(client.lost)
        self.assertEqual([record.termination for record in self.requests()], ["--", "--"])

    def test_a_body_that_stops_is_408(self) -> None:
        self.serve()
        client = self.asks(post(b"abc", length=100))
        self.wait(31)
        self.assertEqual(client.data[9:12], b"408")
        self.assertTrue(self.session().lost)

    def test_an_answer_that_stops_is_cut(self) -> None:
        self.serve(self.backend(server_timeout=20.0))
        client = self.asks(GET)
        self.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        self.wait(31)
        self.assertTrue(client.eof)
        self.assertEqual(self.requests()[0].termination, "sD")


class EndTests(WebStage):
    def test_a_client_that_leaves_in_the_middle_of_a_body_cuts_it_for_the_server_too(self) -> None:
        self.serve()
        client = self.asks(post(b"abc", length=100))
        client.stream.close()
        self.settle()
        self.assertTrue(self.session().lost)
        self.assertEqual(self.requests()[0].termination, "CD")

    def test_a_client_that_ends_its_side_still_gets_its_answer(self) -> None:
        self.serve()
        client = self.asks(GET)
        client.stream.write_eof()
        self.settle()
        self.reply(OK)
        self.assertTrue(client.data.endswith(b"ok"))
        self.assertTrue(client.eof)

    def test_with_abortonclose_it_does_not(self) -> None:
        self.serve(self.backend(abortonclose=True))
        client = self.asks(GET)
        client.stream.write_eof()
        self.settle()
        self.assertTrue(self.session().lost)

    def test_with_abortonclose_it_is_seen_behind_a_request_that_waits(self) -> None:
        """The next request is held and nothing more is read: its end is to be seen all the same."""
        for gone in (lambda client: client.stream.write_eof(), lambda client: client.stream.close()):
            self.serve(self.backend(abortonclose=True))
            client = self.asks(GET, get("/next"))
            self.assertFalse(self.far(client).reading)
            gone(client)
            self.settle()
            self.assertTrue(self.session(number=-1).lost)
            self.assertEqual(self.requests()[-1].termination, "CH")
            self.assertEqual((self.gate.taken, client.data), (0, b""))
            self.setUp()

    def test_with_abortonclose_it_is_seen_while_no_server_is_reached(self) -> None:
        self.network.blackhole(self.addresses["one"])
        self.serve(self.backend(abortonclose=True))
        for said in ((GET, get("/next")), (GET + get("/next"),), (post(b"", length=5), b"he")):
            client = self.asks(*said)
            client.stream.write_eof()
            self.settle()
            self.assertEqual((self.requests()[-1].termination, self.gate.taken), ("CC", 0))

    def test_with_abortonclose_an_answer_that_has_begun_is_finished(self) -> None:
        self.serve(self.backend(abortonclose=True))
        client = self.asks(GET, get("/next"))
        self.reply(OK[:-1])
        client.stream.write_eof()
        self.settle()
        self.reply(OK[-1:])
        self.assertTrue(client.data.startswith(OK))

    def test_without_it_the_answer_is_still_wanted(self) -> None:
        self.serve()
        client = self.asks(GET, get("/next"))
        client.stream.write_eof()
        self.settle()
        self.assertFalse(self.session().lost)
        self.reply(OK)
        self.reply(OK)
        self.assertTrue(client.data.startswith(OK))
        self.assertEqual(client.data.count(b"200 OK"), 2)

    def test_a_client_that_leaves_is_forgotten_wherever_it_is(self) -> None:
        backend = self.backend(self.servers_of(server={"maxconn": 1}))
        for said in (b"", b"GET", GET, post(b"", length=5), GET + GET):
            self.serve(backend)
            client = self.asks(said) if said else self.asks()
            client.stream.abort()
            self.settle()
            self.assertEqual((self.gate.taken, backend.pool.sessions, backend.pool.queued), (0, 0, 0))
            self.website.frontend.listeners[0].stop()

    def test_who_drains_lets_idle_clients_go_and_the_others_after_their_answer(self) -> None:
        frontend = self.serve()
        idle = self.asks(GET)
        self.reply(OK)
        busy = self.asks(GET)
        frontend.drain()
        self.settle()
        self.assertEqual((idle.eof, busy.eof), (True, False))
        self.reply(OK, number=1)
        self.assertIn(b"Connection: close", busy.data)
        self.assertTrue(busy.eof)

    def test_who_is_killed_is_gone_at_once_with_his_servers(self) -> None:
        frontend = self.serve()
        client = self.asks(GET)
        for session in tuple(frontend.sessions):
            session.kill("K")
        self.settle()
        self.assertTrue(client.lost)
        self.assertTrue(self.session().lost)
        self.assertEqual(self.gate.taken, 0)
        self.assertEqual(self.requests()[0].termination, "KH")


class GuardTests(WebStage):
    """What the guard says is done; what it says is tested with it (:mod:`tests.proxy.web.test_guard`)."""

    def guard(self, *rules: AccessRule, places: int = 2, **options: Any) -> Frontend:
        self.of = Guard(SourceKeys(), Tarpit(20.0, places), rules, **options)
        return self.serve(guard=self.of)

    def test_who_is_denied_gets_a_page_and_may_ask_for_something_else(self) -> None:
        frontend = self.guard(AccessRule(Action.DENY, paths=("/ecp",)))
        self.answers_all()
        client = self.asks(get("/ecp/"), get("/owa"))
        self.assertTrue(client.data.startswith(b"HTTP/1.1 403 Forbidden\r\n"))
        self.assertTrue(client.data.endswith(OK))
        self.assertEqual([(record.status, record.termination) for record in self.requests()], [(403, "PR"), (200, "--")])
        self.assertEqual((frontend.denied, frontend.limited), (1, 0))
        self.assertEqual([data.count(b"GET") for data in self.got("one")], [1])

    def test_who_is_denied_with_a_body_is_let_go(self) -> None:
        self.guard(AccessRule(Action.DENY))
        client = self.asks(post(b"abc", length=100))
        self.assertIn(b"Connection: close", client.data)
        self.assertTrue(client.eof)

    def test_over_its_rate_a_source_is_told_when_to_come_again(self) -> None:
        frontend = self.guard(requests=Rates(2, 10.0))
        self.answers_all()
        client = self.asks(GET, GET, GET)
        self.assertRegex(bytes(client.data), rb"HTTP/1\.1 429 Too Many Requests\r\n(?s:.*)\r\nRetry-After: [1-9]")
        self.assertEqual((frontend.limited, frontend.denied), (1, 0))
        self.assertEqual(frontend.limit, "127.0.0.1: requests come faster than http_req_rate")
        self.assertEqual(self.requests()[-1].termination, "PR")
        self.assertEqual(self.asks(GET, source="198.51.100.7").data, OK)

    def test_who_was_told_to_wait_is_not_read_for_a_moment(self) -> None:
        self.guard(requests=Rates(1, 10.0))
        self.answers_all()
        client = self.asks(GET, GET, GET + GET)
        self.assertEqual(client.data.count(b" 429 "), 1)
        for answers in (2, 3):
            self.assertFalse(self.far(client).reading)
            self.clock.advance(REST + 0.2)
            self.settle()
            self.assertEqual(client.data.count(b" 429 "), answers)
        self.clock.advance(20.0)
        self.settle()
        self.send(client, GET)
        self.assertTrue(client.data.endswith(OK))

    def test_a_proxy_goes_on_with_the_requests_of_its_other_clients(self) -> None:
        proxies = Networks((ip_network("127.0.0.0/8"),))
        self.guard(requests=Rates(1, 10.0), trusted=proxies, exempt=proxies)
        self.answers_all()
        chains = ("192.0.2.1", "192.0.2.1", "192.0.2.2")
        client = self.asks(*(get("/", f"X-Forwarded-For: {chain}") for chain in chains))
        self.assertEqual(client.data.count(b" 429 "), 1)
        self.assertTrue(client.data.endswith(OK))

    def test_who_does_not_read_that_he_has_to_wait_is_not_read_until_he_does(self) -> None:
        self.guard(requests=Rates(1, 1_000.0))
        self.answers_all()
        client = self.asks(GET)
        self.far(client).capacity = 1
        client.stream.pause()
        self.send(client, GET * 20)
        for _ in range(10):
            self.clock.advance(REST + 0.2)
            self.settle()
        self.assertEqual(len(self.requests()), 2)
        client.stream.resume()
        for _ in range(3):
            self.clock.advance(REST + 0.2)
            self.settle()
        self.assertGreater(client.data.count(b" 429 "), 2)

    def test_who_rests_may_leave_and_is_let_go_at_the_end(self) -> None:
        frontend = self.guard(requests=Rates(1, 10.0))
        self.answers_all()
        gone, stays = self.asks(GET, GET), self.asks(GET)
        gone.stream.abort()
        self.settle()
        self.assertEqual(self.gate.taken, 1)
        frontend.drain()
        self.settle()
        self.assertTrue(stays.eof)

    def test_held_it_is_told_nothing_for_a_while_and_holds_no_server(self) -> None:
        self.guard(AccessRule(Action.TARPIT))
        client = self.asks(GET)
        self.clock.advance(19.0)
        self.settle()
        self.assertEqual((client.data, self.of.tarpit.taken), (b"", 1))
        self.clock.advance(1.2)
        self.settle()
        self.assertTrue(client.data.startswith(b"HTTP/1.1 403 "))
        self.assertTrue(client.eof)
        self.assertEqual((self.of.tarpit.taken, self.got("one")), (0, []))
        self.assertEqual([(record.status, record.termination) for record in self.requests()], [(403, "PT")])

    def test_who_is_one_too_many_to_hold_is_told_at_once(self) -> None:
        self.guard(AccessRule(Action.TARPIT), places=1)
        self.asks(GET)
        self.assertIn(b" 403 ", self.asks(GET).data)
        self.assertEqual(self.of.tarpit.taken, 1)

    def test_who_leaves_while_held_frees_his_place(self) -> None:
        frontend = self.guard(AccessRule(Action.TARPIT))
        for leave in ("close", "abort", "write_eof"):
            client = self.asks(GET)
            self.assertEqual(self.of.tarpit.taken, 1)
            getattr(client.stream, leave)()
            self.settle()
            self.assertEqual(self.of.tarpit.taken, 0, leave)
            client.stream.abort()
            self.settle()
        self.assertEqual([(record.status, record.termination) for record in self.requests()], [(-1, "CT")] * 3)
        self.assertEqual((self.gate.taken, len(frontend.sessions)), (0, 0))

    def test_an_end_that_is_told_though_nobody_reads_is_one_too(self) -> None:
        self.guard(AccessRule(Action.TARPIT))
        stream = self.far(self.asks(GET))
        stream.receiver.eof_received(stream)
        self.settle()
        self.assertEqual(self.of.tarpit.taken, 0)

    def test_who_is_held_at_the_end_is_let_go(self) -> None:
        frontend = self.guard(AccessRule(Action.TARPIT))
        client = self.asks(GET)
        frontend.drain()
        self.settle()
        self.assertEqual((client.eof, self.of.tarpit.taken), (True, 0))
        self.assertEqual([record.termination for record in self.requests()], ["KT"])

    def test_who_is_held_and_killed_frees_his_place(self) -> None:
        frontend = self.guard(AccessRule(Action.TARPIT))
        self.asks(GET)
        for session in tuple(frontend.sessions):
            session.kill("K")
        self.settle()
        self.assertEqual((self.of.tarpit.taken, self.gate.taken), (0, 0))
        self.assertEqual([record.termination for record in self.requests()], ["KT"])

    def test_nothing_that_is_sent_while_held_is_lost_or_read(self) -> None:
        self.guard(AccessRule(Action.TARPIT))
        client = self.asks(GET)
        self.send(client, GET * 2000)
        self.assertFalse(self.far(client).reading)
        self.assertLessEqual(self.far(client).received, len(GET))


class LoginTests(WebStage):
    REFUSED = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    FOREVER = 86_400.0

    def setUp(self) -> None:
        super().setUp()
        self.guard = Guard(SourceKeys(), Tarpit(20.0, 2), logins=Logins(2, 60.0, b"secret"))
        self.serve(guard=self.guard)

    def login(self, name: str = "anna", source: str = "198.51.100.7", close: bool = False) -> Recorder:
        token = b64encode(f"{name}:x".encode()).decode()
        return self.asks(get("/ews", f"Authorization: Basic {token}", *(["Connection: close"] if close else [])), source=source)

    def test_a_guesser_is_refused_without_a_server(self) -> None:
        self.answers_all(self.REFUSED)
        answers = [bytes(self.login().data[:12]) for _ in range(4)]
        self.assertEqual(answers, [b"HTTP/1.1 401"] * 2 + [b"HTTP/1.1 429"] * 2)
        self.assertEqual(sum(data.count(b"GET") for data in self.got("one")), 2)
        self.assertIn(b" 401 ", self.login("bert").data)
        self.assertIn(b" 401 ", self.login(source="192.0.2.1").data)

    def test_who_guesses_much_at_once_is_refused_too(self) -> None:
        clients = [self.login() for _ in range(4)]
        self.assertEqual([b" 429 " in client.data for client in clients], [False, False, True, True])
        for client in clients:
            client.stream.abort()
        self.settle()
        self.assertEqual(self.login().data, b"")

    def test_a_user_who_is_guessed_from_everywhere_has_to_wait_a_moment(self) -> None:
        self.answers_all(self.REFUSED)
        for number in range(2 * WIDER):
            self.login(source=f"203.0.113.{number}")
        self.answers_all()
        client = self.login(source="192.0.2.1")
        self.assertEqual((client.data, self.guard.tarpit.taken), (b"", 1))
        self.clock.advance(SLOWED + 0.2)
        self.settle()
        self.assertEqual((client.data, self.guard.tarpit.taken), (OK, 0))
        self.assertEqual(self.login(source="192.0.2.1").data, OK)

    def test_who_lets_servers_wait_for_his_body_keeps_nobody_from_logging_in(self) -> None:
        self.answers_all(self.REFUSED)
        for number in range(2 * WIDER):
            self.login(source=f"203.0.113.{number}")
        self.guard.tarpit.places = 10
        for peer in self.servers.values():
            peer.answer = lambda data: None
        token = b64encode(b"anna:x").decode()
        for number in range(SLOW_AT_ONCE):
            self.asks(post(b"", f"Authorization: Basic {token}", length=100), source=f"192.0.2.{number}")
        self.clock.advance(SLOWED + 0.2)
        self.settle()
        self.answers_all()
        client = self.login(source="198.51.100.99")
        self.clock.advance(SLOWED + 0.2)
        self.settle()
        self.assertEqual(client.data, OK)

    def test_no_more_than_so_many_wait_so(self) -> None:
        self.answers_all(self.REFUSED)
        for number in range(2 * WIDER):
            self.login(source=f"203.0.113.{number}")
        clients = [self.login(source=f"192.0.2.{number}") for number in range(3)]
        self.assertEqual([b" 429 " in client.data for client in clients], [False, False, True])

    def test_an_answer_counts_from_its_head_on(self) -> None:
        """Outlook Anywhere's second channel is one answer for as long as Outlook runs; its first one is never answered."""
        self.answers_all(self.REFUSED)
        self.login("bert")
        self.answers_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx")
        clients = [self.login() for _ in range(5)]
        self.assertEqual([client.data[-1:] for client in clients], [b"x"] * 5)
        self.answers_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\nx")
        self.assertEqual([self.login("carl").data[9:12] for _ in range(3)], [b"401", b"401", b"429"])
        for client in clients:
            client.stream.abort()
        self.settle()
        logins = self.guard.logins
        assert logins is not None
        self.assertEqual(len(logins._waiting), 0)

    def test_a_switch_to_websocket_is_no_attempt_any_more(self) -> None:
        self.answers_all(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        token = b64encode(b"anna:x").decode()
        request = get("/ws", f"Authorization: Basic {token}", "Upgrade: websocket", "Connection: Upgrade")
        self.assertEqual([self.asks(request).data[9:12] for _ in range(4)], [b"101"] * 4)

    def test_a_redirect_proves_nothing_and_forgets_the_attempt(self) -> None:
        self.website.routes = Routes(None, (Route(Redirect("/owa")),))
        self.assertEqual([b" 302 " in self.login().data for _ in range(5)], [True] * 5)

    def test_nothing_is_left_of_attempts_that_are_over(self) -> None:
        self.answers_all(self.REFUSED)
        for number in range(3):
            self.login(f"user {number}", close=True).stream.close()
        self.settle()
        logins = self.guard.logins
        assert logins is not None
        self.assertEqual(logins._waiting, {})


class PaceTests(WebStage):
    def slow(self, seconds: int, each: bytes, data: bytes) -> Recorder:
        """A client that begins with ``data`` and goes on with ``each`` every second."""
        self.serve(body_rate=100.0, body_grace=10.0, clients={"client_timeout": 1000.0})
        client = self.asks(data)
        for _ in range(seconds):
            self.clock.advance(1.0)
            self.settle()
            if client.eof:
                break
            self.send(client, each)
        return client

    def test_a_body_that_trickles_is_408_and_the_server_is_let_go(self) -> None:
        client = self.slow(25, b"x", post(b"", length=100_000))
        self.assertIn(b"HTTP/1.1 408 ", client.data)
        self.assertTrue(self.session().lost)
        self.assertEqual(self.requests()[0].termination, "cD")
        self.assertEqual(self.website.frontend.bad_requests, 1)
        self.assertIn("its body comes with less than 100 octets a second", self.website.frontend.fault)

    def test_a_body_that_comes_fast_enough_takes_its_time(self) -> None:
        client = self.slow(50, b"x" * 110, post(b"", length=100_000))
        self.assertFalse(client.eof)
        self.assertEqual(self.requests(), [])

    def test_outlooks_channel_may_idle(self) -> None:
        data = b"RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n"
        self.assertFalse(self.slow(50, b"", data).eof)

    def test_who_waits_for_the_server_is_not_slow(self) -> None:
        self.serve(body_rate=100.0, body_grace=10.0)
        client = self.asks(post(b"", length=2_000_000))
        self.near(self.session()).other.pause()
        client.stream.write(b"x" * 1_000_000)
        for _ in range(29):
            self.clock.advance(1.0)
            self.settle()
        self.assertFalse(client.eof)

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1.0)
            self.settle()

    def test_a_while_in_which_the_server_took_nothing_for_a_moment_does_not_count(self) -> None:
        self.serve(body_rate=100.0, body_grace=10.0, clients={"client_timeout": 1000.0})
        client = self.asks(post(b"", length=100_000))
        self.near(self.session()).capacity = 1
        self.pass_seconds(15)
        self.session().stream.pause()
        self.send(client, b"xx")
        self.session().stream.resume()
        self.settle()
        self.pass_seconds(10)
        self.assertFalse(client.eof)
        self.pass_seconds(10)
        self.assertIn(b" 408 ", client.data)

    def test_who_waits_for_a_word_of_the_server_is_slow_only_when_it_has_come(self) -> None:
        self.serve(body_rate=100.0, body_grace=10.0, clients={"client_timeout": 1000.0})
        client = self.asks(post(b"", "Expect: 100-continue", length=100_000))
        self.pass_seconds(40)
        self.assertEqual(client.data, b"")
        self.reply(CONTINUE)
        self.pass_seconds(25)
        self.assertIn(b" 408 ", client.data)

    def test_an_answer_that_takes_long_is_no_slow_body(self) -> None:
        client = self.slow(50, b"", post(b"abc"))
        self.assertFalse(client.eof)


class SlownessTests(WebStage):
    def test_a_head_that_trickles_is_cut_when_its_time_is_over(self) -> None:
        frontend = self.serve()
        client = self.asks(b"GET / HTTP/1.1\r\n")
        for _ in range(15):
            self.clock.advance(1.0)
            self.send(client, b"X-A: b\r\n")
        self.clock.advance(0.2)
        self.settle()
        self.assertIn(b"HTTP/1.1 408 ", client.data)
        self.assertEqual((frontend.bad_requests, frontend.fault), (1, "127.0.0.1: not whole within 15 s"))

    def test_empty_lines_begin_no_request(self) -> None:
        self.serve()
        self.answers_all()
        client = self.asks(GET)
        for _ in range(21):
            self.send(client, b"\r\n")
            self.clock.advance(1.0)
        self.settle()
        self.assertTrue(client.eof)

    def test_who_was_told_to_leave_and_sends_on_for_ever_is_cut(self) -> None:
        self.serve(max_body=10)
        client = self.asks(post(b"", length=1_000_000_000))
        self.assertIn(b"HTTP/1.1 413 ", client.data)
        seconds = 0
        while not client.lost and seconds < 1000:
            self.send(client, b"x")
            self.clock.advance(1.0)
            self.settle()
            seconds += 1
        self.assertLess(seconds, LINGERING * 4 + 2 * 4 + 2)
        self.assertGreater(seconds, 8)

    def test_a_client_that_reads_nothing_is_cut(self) -> None:
        self.serve(clients={"client_timeout": 30.0})
        client = self.client()
        client.stream.pause()
        client.stream.write(GET)
        self.settle()
        self.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 1_000_000)
        for _ in range(33):
            self.clock.advance(1.0)
            self.settle()
        self.assertTrue(self.session().lost)
        self.assertEqual(self.requests()[0].termination, "cD")

    def test_bad_requests_are_counted(self) -> None:
        frontend = self.serve()
        self.asks(b"EHLO mail\r\n")
        self.assertEqual(frontend.bad_requests, 1)
        self.assertIn("HTTP/0.9 is not served", frontend.fault)

    def test_a_large_head_of_a_server_is_no_matter_of_the_clients_limit(self) -> None:
        self.serve(limits=Limits(head=1024))
        self.answers_all(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 4000 + b"\r\nContent-Length: 2\r\n\r\nok")
        self.assertTrue(self.asks(GET).data.endswith(b"ok"))
        self.assertIn(b" 431 ", self.asks(get("/", "X-A: " + "a" * 4000)).data)
