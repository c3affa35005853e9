"""HTTP for administrators: what is too much, too slow, or nonsense."""

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exproxy.admin.answers import Answer, Listener
from exproxy.admin.application import Application
from exproxy.admin.door import ENDURED, FOLLOWED, IDLE, LARGEST, LIFETIME, MOST, RATE, Door
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
        self.send(client, f"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {ENDURED + 1}\r\n\r\n".encode())
        self.assertTrue(client.aborted)
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
            self.assertIn(b"400 Bad Request", self.send(client, data), data[:20])
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
