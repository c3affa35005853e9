"""HTTP for administrators: what is too much, too slow, or nonsense."""

import base64
import json
from collections.abc import Callable
from html import escape
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exproxy.admin.answers import Answer, Listener
from exproxy.admin.application import Application
from exproxy.admin.attempts import EACH
from exproxy.admin.door import ENDURED, FOLLOWED, IDLE, LARGEST, LIFETIME, MOST, RATE, STRANGERS, Door
from exproxy.admin.routes import Route
from tests.admin.stage import AdminStage


class Transport(StringTransport):  # type: ignore[misc]  # Twisted's has no types
    def __init__(self, clock: Clock, protocol: Any) -> None:
        super().__init__()
        self.clock = clock
        self.protocol = protocol
        self.aborted = False

    def abortConnection(self) -> None:
        """As a socket does it, which tells so in a turn of its own."""
        if not self.aborted:
            self.aborted = True
            self.clock.callLater(0, self.protocol.connectionLost, Failure(ConnectionLost()))


class Port(FileDescriptor):  # type: ignore[misc]  # Twisted's has no types
    def __init__(self) -> None:
        super().__init__(reactor=object())
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("rest")

    def resumeProducing(self) -> None:
        self.calls.append("go on")


class DoorStage(AdminStage):
    def setUp(self) -> None:
        super().setUp()
        self.door = Door(self.clock, self.application())

    def client(self) -> Transport:
        channel = self.door.buildProtocol(None)
        transport = Transport(self.clock, channel)
        channel.makeConnection(transport)
        return transport

    def send(self, client: Transport, data: bytes) -> bytes:
        client.clear()
        client.protocol.dataReceived(data)
        said: bytes = client.value()
        return said

    def get(self, client: Transport, path: str = "/healthz", **headers: str) -> bytes:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return self.send(client, f"GET {path} HTTP/1.1\r\nHost: localhost:7777\r\n{lines}\r\n".encode())


class DoorTests(DoorStage):
    def test_requests_are_answered_one_after_the_other_with_strict_headers(self) -> None:
        client = self.client()
        for _ in range(2):
            head, _, body = self.get(client).partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
            for line in (
                b"Content-Security-Policy: default-src 'none'",
                b"X-Content-Type-Options: nosniff",
                b"Cache-Control: no-store",
            ):
                self.assertIn(line, head)
            self.assertNotIn(b"Server:", head)
            self.assertEqual(body, b"the process lives\n")

    def test_head_has_no_body(self) -> None:
        said = self.send(self.client(), b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(said.endswith(b"\r\n\r\n"))

    def test_names_are_decoded_once(self) -> None:
        said = self.get(self.client(), "/api/v1/hosts/a%2Fb%2525")
        self.assertIn('there is no host "a/b%25"', json.loads(said.partition(b"\r\n\r\n")[2])["error"])

    def test_a_query_is_heard(self) -> None:
        self.assertIn(b" 422 ", self.get(self.client(), "/api/v1/tables/smtp?limit=-1"))

    def test_the_name_that_we_are_taken_for_is_looked_at(self) -> None:
        said = self.send(self.client(), b"GET /api/v1/status HTTP/1.1\r\nHost: evil.example:7777\r\n\r\n")
        self.assertIn(b" 421 ", said)

    def test_each_status_is_told_with_its_words(self) -> None:
        said = self.send(self.client(), b"GET /api/v1/status HTTP/1.1\r\nHost: exproxy.attacker.example\r\n\r\n")
        self.assertTrue(said.startswith(b"HTTP/1.1 421 Misdirected Request\r\n"), said[:60])

    def test_who_logs_in_gets_both_cookies_and_is_known_by_them(self) -> None:
        users = self.logins(anna="operator")
        self.door = Door(self.clock, self.application(users))
        head = b"POST /login HTTP/1.1\r\nHost: localhost:7777\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        said = self.send(self.client(), head + b"Content-Length: 25\r\n\r\nuser=anna&password=secret").decode()
        given = [line.removeprefix("Set-Cookie: ") for line in said.split("\r\n") if line.startswith("Set-Cookie: ")]
        pairs = [line.partition(";")[0] for line in given]
        self.assertEqual([pair.partition("=")[0] for pair in pairs], ["exproxy-7777", "exproxy-known-7777"])
        self.assertIn(b'"user":"anna"', self.get(self.client(), "/api/v1/whoami", Cookie="; ".join(pairs)))
        for _ in range(EACH):
            self.send(self.client(), head + b"Content-Length: 24\r\n\r\nuser=anna&password=guess")
        right = b"Content-Length: 25\r\n\r\nuser=anna&password=secret"
        self.assertIn(b" 429 ", self.send(self.client(), head + right))
        self.assertIn(b" 303 ", self.send(self.client(), head + f"Cookie: {pairs[1]}\r\n".encode() + right))

    def test_a_body_that_is_too_large_is_read_and_refused(self) -> None:
        client = self.client()
        head = b"PUT /api/v1/hosts/ex1/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n"
        self.assertEqual(self.send(client, head), b"")
        for _ in range(10):
            said = self.send(client, b"x" * 1_000_000)
        self.assertIn(b" 413 ", said)
        self.assertIn(f"larger than {LARGEST // 1024} KB".encode(), said)
        self.assertIn(b" 200 ", self.get(client))

    def test_a_body_in_chunks_is_counted_too(self) -> None:
        client = self.client()
        self.send(client, b"PUT /api/v1/hosts/ex1/state HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.send(client, b"20000\r\n" + b"x" * 0x20000 + b"\r\n")
        self.assertIn(b" 413 ", self.send(client, b"0\r\n\r\n"))

    def test_what_nobody_needs_to_read_is_not_read(self) -> None:
        client = self.client()
        head = f"PUT /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {ENDURED + 1}\r\n\r\n"
        said = self.send(client, head.encode())
        self.assertTrue(said.startswith(b"HTTP/1.1 413 "), said)
        self.assertIn(b'{"error":"the body is larger than 64 KB"}', said)
        self.assertTrue(client.disconnecting)
        client = self.client()
        self.send(client, b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(ENDURED // 0x100000 + 1):
            if not client.aborted:
                self.send(client, b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        self.assertTrue(client.aborted)

    def test_nonsense_is_refused(self) -> None:
        for data in (
            b"\x16\x03\x01\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200,
        ):
            client = self.client()
            said = self.send(client, data)
            self.assertIn(b"400 Bad Request", said, data[:20])
            self.assertIn(b"this is no request of HTTP that makes sense here", said)
            self.assertIn(b"X-Content-Type-Options: nosniff", said)
            self.assertTrue(client.disconnecting)

    def test_a_head_without_an_end_is_cut_off(self) -> None:
        client = self.client()
        self.send(client, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        self.assertTrue(client.disconnecting or client.aborted)

    def test_who_is_silent_is_sent_away(self) -> None:
        client = self.client()
        self.clock.advance(IDLE)
        self.assertTrue(client.disconnecting)
        self.clock.advance(5)
        self.assertTrue(client.aborted)

    def test_who_trickles_is_sent_away_too(self) -> None:
        client = self.client()
        for _ in range(int(LIFETIME)):
            if not client.disconnecting:
                self.send(client, b"G")
            self.clock.advance(1)
        self.assertTrue(client.disconnecting)

    def test_a_hundred_who_wait_do_not_keep_the_next_one_out(self) -> None:
        waiting = []
        for _ in range(100):
            waiting.append(self.client())
            self.clock.advance(0.01)
        self.assertEqual([client.aborted for client in waiting], [True] * (100 - MOST) + [False] * MOST)
        self.assertIn(b" 200 ", self.get(self.client()))

    def test_requests_in_one_packet_are_answered_in_turns_of_their_own(self) -> None:
        client = self.client()
        self.send(client, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        self.assertEqual(client.value().count(b"HTTP/1.1 200"), 1)
        self.clock.advance(0)
        self.assertEqual(client.value().count(b"HTTP/1.1 200"), 3)

    def test_who_leaves_before_its_next_turn_leaves_no_timer(self) -> None:
        client = self.client()
        self.send(client, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        client.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_when_too_many_come_the_port_rests_for_the_rest_of_the_second(self) -> None:
        port = Port()
        self.door.paced(port)
        self.clock.advance(0.4)
        for _ in range(RATE - 1):
            self.client()
        self.assertEqual(port.calls, [])
        for _ in range(5):
            self.client()
        self.assertEqual(port.calls, ["rest"])
        self.clock.advance(0.6)
        self.assertEqual(port.calls, ["rest", "go on"])
        self.client()
        self.assertEqual(port.calls, ["rest", "go on"])

    def test_closed_a_port_that_rests_does_not_go_on(self) -> None:
        port = Port()
        self.door.paced(port)
        for _ in range(RATE):
            self.client()
        self.door.close()
        self.clock.advance(2.0)
        self.assertEqual((port.calls, self.clock.getDelayedCalls()), (["rest"], []))

    def test_a_port_that_cannot_rest_goes_on(self) -> None:
        self.door.paced(object())
        for _ in range(2 * RATE):
            self.client()
        self.assertIn(b" 200 ", self.get(self.client()))

    def test_as_many_as_come_in_one_turn_they_stay_so_many(self) -> None:
        clients = [self.client() for _ in range(3 * MOST)]
        self.assertEqual([client.aborted for client in clients], [True] * 2 * MOST + [False] * MOST)

    def test_strangers_who_wait_for_an_answer_take_turns_and_push_out_nobody_who_has_logged_in(self) -> None:
        users = self.logins(anna="viewer")
        self.door = Door(self.clock, self.application(users))
        session, _ = self.successResultOf(users.enter("anna", "secret", ""))
        anna = self.client()
        self.assertIn(b" 200 ", self.get(anna, "/api/v1/whoami", Cookie=f"exproxy-7777={session}"))
        self.patch(self.door.application, "answer", lambda asked: Deferred())
        strangers = [self.client() for _ in range(MOST - 1)]
        for stranger in strangers:
            self.get(stranger, "/api/v1/status")
        self.clock.advance(0.1)
        comer = self.client()
        self.assertEqual([stranger.aborted for stranger in strangers[:2]], [True, False])
        self.client()
        self.assertEqual((strangers[1].aborted, comer.aborted, anna.aborted), (True, False, False))

    def test_where_all_are_known_who_waits_for_nothing_goes_first(self) -> None:
        """As without users."""
        self.patch(self.sources, "sessions", lambda *wanted: Deferred())
        there = [self.client() for _ in range(MOST)]
        for client in there[:-1]:
            self.get(client, "/api/v1/sessions")
        self.get(there[-1])
        self.client()
        self.assertEqual([client.aborted for client in there], [False] * (MOST - 1) + [True])

    def test_among_many_who_are_known_each_who_comes_has_a_moment_to_say_who_he_is(self) -> None:
        """And they keep what is not for strangers, however many come."""
        known = [self.client() for _ in range(MOST)]
        for client in known:
            self.get(client)
        comers = [self.client() for _ in range(STRANGERS)]
        self.assertFalse(any(comer.aborted for comer in comers))
        self.assertIn(b" 200 ", self.get(comers[0]))
        for _ in range(MOST):
            self.client()
        self.assertEqual((comers[0].aborted, sum(not client.aborted for client in known)), (False, MOST - STRANGERS - 1))

    def test_an_answer_that_nobody_waits_for_is_dropped(self) -> None:
        asked: list[Any] = []
        self.patch(self.sources, "sessions", lambda *wanted: asked.append(self.deferred()) or asked[-1])
        client = self.client()
        self.get(client, "/api/v1/sessions")
        client.abortConnection()
        self.clock.advance(0)
        asked[0].callback([])
        self.assertEqual(client.value(), b"")

    def deferred(self) -> Any:
        return Deferred()

    def test_who_leaves_while_a_page_is_made_leaves_nothing(self) -> None:
        heard = self.hear()
        gone, stays = self.client(), self.client()
        for client in (gone, stays):
            self.assertEqual(self.get(client, "/"), b"")
        gone.protocol.connectionLost(Failure(ConnectionLost()))
        self.clock.advance(0)
        self.assertEqual(gone.value(), b"")
        self.assertIn(b" 200 OK", stays.value())
        stays.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual((heard, self.clock.getDelayedCalls()), ([], []))

    def test_closed_it_has_nobody_and_no_timers(self) -> None:
        clients = [self.client() for _ in range(3)]
        self.get(clients[0])
        self.door.close()
        self.clock.advance(0)
        self.assertTrue(all(client.aborted for client in clients))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class FollowedTests(DoorStage):
    """Answers that go on."""

    def setUp(self) -> None:
        super().setUp()
        self.listeners: list[Listener] = []
        self.left = 0
        route = Route(
            "GET", "/on", "nothing", lambda asked, names, caller: Answer(200, b"first ", follow=self.follow), frozenset({200})
        )
        self.door = Door(self.clock, Application(self.clock, (*self.api.routes(), route), self.logins()))

    def follow(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return self.leave

    def leave(self) -> None:
        self.left += 1

    def test_an_answer_goes_on_and_ends_and_the_connection_stays(self) -> None:
        client = self.client()
        head, _, body = self.get(client, "/on").partition(b"\r\n\r\n")
        self.assertIn(b"Transfer-Encoding: chunked", head)
        self.assertNotIn(b"Content-Length", head)
        self.assertEqual(body, b"6\r\nfirst \r\n")
        client.clear()
        self.listeners[0].tell(b"second")
        self.assertEqual(client.value(), b"6\r\nsecond\r\n")
        self.listeners[0].end()
        self.assertTrue(client.value().endswith(b"0\r\n\r\n"))
        self.assertEqual(self.left, 1)
        self.assertIn(b" 200 ", self.get(client))

    def test_who_asks_for_the_head_does_not_listen(self) -> None:
        said = self.send(self.client(), b"HEAD /on HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(said.endswith(b"\r\n\r\n"))
        self.assertEqual(self.listeners, [])

    def test_one_who_leaves_is_told_of_once_and_hears_nothing_more(self) -> None:
        client = self.client()
        self.get(client, "/on")
        client.abortConnection()
        self.clock.advance(0)
        self.assertEqual(self.left, 1)
        client.clear()
        self.listeners[0].tell(b"late")
        self.listeners[0].end()
        self.listeners[0].cut()
        self.assertEqual((client.value(), self.left), (b"", 1))

    def test_what_has_not_gone_out_is_known(self) -> None:
        client = self.client()
        self.get(client, "/on")
        client.protocol.pauseProducing()
        self.assertTrue(self.listeners[0].full)
        client.protocol.resumeProducing()
        self.assertFalse(self.listeners[0].full)

    def test_one_who_takes_nothing_is_cut_off(self) -> None:
        client = self.client()
        self.get(client, "/on")
        self.listeners[0].cut()
        self.clock.advance(0)
        self.assertEqual((client.aborted, self.left), (True, 1))

    def test_it_may_last_longer_but_not_for_ever(self) -> None:
        client = self.client()
        self.get(client, "/on")
        self.clock.advance(FOLLOWED - 1)
        self.assertFalse(client.disconnecting)
        self.clock.advance(1)
        self.assertTrue(client.disconnecting)
        self.clock.advance(5)
        self.assertTrue(client.aborted)
        self.assertEqual(self.left, 1)


ANNA, OTTO, WRONG = ("Basic " + base64.b64encode(said).decode() for said in (b"anna:secret", b"otto:secret", b"anna:another"))
HOST, SERVER = "/api/v1/hosts/ex1/state", "/api/v1/backends/web/servers/ex1"
KIND = {"Content-Type": "application/json"}
DRAIN = b'{"state": "drain"}'
Row = tuple[str, str, dict[str, str], bytes, int, str]
BAD: tuple[Row, ...] = (
    # who it is
    ("PUT", HOST, KIND, DRAIN, 401, "log in with a user of [admin]: by HTTP Basic, or at /login"),
    ("PUT", HOST, KIND | {"Authorization": WRONG}, DRAIN, 401, "there is no such user, or the password is another one"),
    ("PUT", HOST, KIND | {"Authorization": "Basic !"}, DRAIN, 401, "log in with a user of [admin]"),
    ("PUT", HOST, KIND | {"Authorization": "Bearer x"}, DRAIN, 401, "log in with a user of [admin]"),
    ("PUT", HOST, KIND | {"Cookie": "exproxy-7777=over"}, DRAIN, 401, "you are not logged in any more"),
    ("PUT", HOST, KIND | {"Authorization": OTTO}, DRAIN, 403, "otto may look and not change anything"),
    # whether it is meant
    ("PUT", HOST, KIND | {"Cookie": "{session}"}, DRAIN, 403, "there is no CSRF token"),
    ("PUT", HOST, KIND | {"Cookie": "{session}", "X-CSRF-Token": "x"}, DRAIN, 403, "the CSRF token is not that of this login"),
    ("PUT", HOST, KIND | {"Authorization": ANNA, "Origin": "https://evil.example"}, DRAIN, 403, "nothing is done"),
    ("PUT", HOST, KIND | {"Authorization": ANNA, "Origin": "null"}, DRAIN, 403, "nothing is done"),
    ("PUT", HOST, KIND | {"Authorization": ANNA, "Sec-Fetch-Site": "cross-site"}, DRAIN, 403, "a page of another site"),
    # what it says
    ("PUT", HOST, {"Authorization": ANNA}, DRAIN, 415, "send Content-Type: application/json"),
    ("PUT", HOST, {"Authorization": ANNA, "Content-Type": "text/plain"}, DRAIN, 415, "send Content-Type: application/json"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b"", 400, "the body is not JSON"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b"{", 400, "the body is not JSON"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b"\xff", 400, "the body is not JSON"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b"[" * 60_000, 400, "the body is not JSON"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, rb'{"\ud800": 1}', 400, "half of a character"),
    ("POST", "/api/v1/login", KIND, rb'{"user": "anna", "password": "\ud800"}', 400, "half of a character"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b"[]", 422, "a table is expected"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b"{}", 422, '"state" is missing'),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b'{"state": "drain", "now": 1}', 422, '"now" is not known'),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b'{"state": "off"}', 422, "state is one of ready, drain, maint"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b'{"state": ["drain"]}', 422, "state is one of"),
    *(
        (
            "PUT",
            SERVER + "/weight",
            KIND | {"Authorization": ANNA},
            b'{"weight": %s}' % weight,
            422,
            "a whole number from 0 to 256",
        )
        for weight in (b"999", b"-1", b"1.5", b"true", b'"5"', b"NaN", b"1e99", b"null")
    ),
    ("GET", "/api/v1/tables/smtp?limit=-1", {"Authorization": ANNA}, b"", 422, "limit is a whole number"),
    ("PUT", HOST, KIND | {"Authorization": ANNA}, b" " * 10_000_000, 413, "the body is larger than 64 KB"),
    # where to
    (
        "PUT",
        "/api/v1/hosts/exx1/state",
        KIND | {"Authorization": ANNA},
        DRAIN,
        404,
        'there is no host "exx1"; did you mean "ex1"?',
    ),
    ("PUT", "/api/v1/hosts/../state", KIND | {"Authorization": ANNA}, DRAIN, 404, 'there is no host ".."'),
    ("PUT", "/api/v1/backends/web/servers/exx1/state", KIND | {"Authorization": ANNA}, DRAIN, 404, '"exx1"; did you mean "ex1"?'),
    ("PUT", "/api/v1/backends/wep/servers/ex1/state", KIND | {"Authorization": ANNA}, DRAIN, 404, 'no back end "wep"'),
    ("POST", "/api/v1/tables/cas/clear", KIND | {"Authorization": ANNA}, b"{}", 404, 'no table "cas"'),
    ("GET", "/nothing", {"Authorization": ANNA}, b"", 404, 'there is nothing at "/nothing"'),
    # how
    ("DELETE", HOST, KIND | {"Authorization": ANNA}, b"", 405, "DELETE cannot be done here; what can: PUT"),
    ("POST", HOST, KIND | {"Authorization": ANNA}, DRAIN, 405, "POST cannot be done here; what can: PUT"),
    ("GET", SERVER + "/end-sessions", {"Authorization": ANNA}, b"", 405, "GET cannot be done here; what can: POST"),
    ("GET", "/logout", {"Authorization": ANNA}, b"", 405, "GET cannot be done here; what can: POST"),
)


class BadInputTests(DoorStage):
    """The right status and a clear sentence, as JSON and as a page, and nothing is changed."""

    def setUp(self) -> None:
        super().setUp()
        self.users = self.logins(anna="operator", otto="viewer")
        self.door = Door(self.clock, self.application(self.users))
        self.session, _ = self.successResultOf(self.users.enter("anna", "secret", ""))
        self.groups["smtp"].table.bind(b"\x0a\0\0\1", "ex1", 1000.0)
        self.before = self.state()

    def state(self) -> object:
        servers = [server for backend in self.backends.values() for server in backend.servers.values()]
        entries = len(self.groups["smtp"].table)
        return [(server.full_name, server.admin, server.weight) for server in servers], entries, self.sources.ended

    def answer(self, row: Row, accept: str) -> tuple[int, dict[str, str], str]:
        method, path, headers, body, _, _ = row
        self.clock.advance(61)  # so that wrong passwords are no longer counted
        said = {name: value.replace("{session}", f"exproxy-7777={self.session}") for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost:7777\r\nAccept: {accept}\r\n{lines}"
        client = self.client()
        told = self.send(client, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        client.abortConnection()
        self.clock.advance(0)
        first, _, text = told.partition(b"\r\n\r\n")
        status, *answered = first.decode().split("\r\n")
        return int(status.split()[1]), dict(line.split(": ", 1) for line in answered), text.decode()

    def test_as_json(self) -> None:
        for row in BAD:
            status, headers, text = self.answer(row, "*/*")
            self.assertEqual(status, row[4], (row[:3], row[3][:50], text))
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertIn(row[5], json.loads(text)["error"])
            self.assertStrict(headers)
            self.assertEqual(self.state(), self.before, row[:3])

    def test_as_a_page(self) -> None:
        for row in BAD:
            status, headers, text = self.answer(row, "text/html,*/*;q=0.8")
            self.assertEqual(status, row[4], (row[:3], row[3][:50], text))
            self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn(escape(row[5]), text)
            self.assertStrict(headers)
            self.assertEqual(self.state(), self.before, row[:3])

    def assertStrict(self, headers: dict[str, str]) -> None:
        self.assertIn("default-src 'none'; script-src 'self'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        for name, value in (
            ("Cache-Control", "no-store"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
        ):
            self.assertEqual(headers[name], value)

    def test_who_may_and_means_it_changes_something(self) -> None:
        """So that it is not for another reason that the others do not."""
        row = ("PUT", HOST, KIND | {"Authorization": ANNA}, DRAIN, 200, "")
        self.assertEqual(self.answer(row, "*/*")[0], 200)
        self.assertNotEqual(self.state(), self.before)
