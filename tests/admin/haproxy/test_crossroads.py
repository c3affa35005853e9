"""The first line decides which protocol a connection to the socket speaks."""

from exproxy.admin.door import IDLE, Door
from exproxy.admin.haproxy.crossroads import MOST, Crossroads
from exproxy.admin.haproxy.speaker import LONGEST_LINE, Speakers
from tests.admin.haproxy.stage import RuntimeStage
from tests.admin.haproxy.test_speaker import Lingering, Transport


class CrossroadsTests(RuntimeStage):
    def setUp(self) -> None:
        super().setUp()
        self.crossroads = Crossroads(self.clock, Door(self.clock, self.application()), Speakers(self.clock, self.runtime))

    def client(self, transport: Transport | None = None) -> Transport:
        transport = transport or Transport()
        transport.protocol = self.crossroads.buildProtocol(None)
        transport.protocol.makeConnection(transport)
        return transport

    def send(self, client: Transport, said: bytes) -> str:
        for octet in said:
            client.protocol.dataReceived(bytes([octet]))
        return client.read()

    def test_http_is_answered_in_http(self) -> None:
        self.assertIn("HTTP/1.1 200 OK\r\n", self.send(self.client(), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))

    def test_commands_are_answered_as_haproxy_would(self) -> None:
        self.assertEqual(self.send(self.client(), b"show backend\n"), "# name\nsmtp\nweb\n\n")

    def test_what_is_neither_is_an_unknown_command(self) -> None:
        self.assertIn("Unknown command", self.send(self.client(), b"GET /healthz\r\n"))

    def test_who_says_no_line_is_sent_away(self) -> None:
        client = self.client()
        self.clock.advance(IDLE - 1)
        client.protocol.dataReceived(b"G")
        self.clock.advance(1)
        self.assertTrue(client.aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_line_without_an_end_is_not_kept(self) -> None:
        client = self.client()
        client.protocol.dataReceived(b"x" * (LONGEST_LINE + 1))
        self.assertTrue(client.aborted)

    def test_who_ends_before_the_first_line_is_let_go(self) -> None:
        client = self.client()
        client.protocol.dataReceived(b"show sta")
        client.protocol.readConnectionLost()
        self.assertTrue(client.disconnecting)

    def test_many_who_say_nothing_do_not_keep_the_next_one_out(self) -> None:
        there = [self.client() for _ in range(MOST + 1)]
        self.assertEqual([client.aborted for client in there], [True] + [False] * MOST)

    def test_as_many_as_come_in_one_turn_they_stay_so_many(self) -> None:
        there = [self.client(Lingering()) for _ in range(3 * MOST)]
        self.assertEqual([client.aborted for client in there], [True] * 2 * MOST + [False] * MOST)

    def test_closed_there_is_nobody_and_no_timer(self) -> None:
        silent, http, commands = (self.client() for _ in range(3))
        http.protocol.dataReceived(b"GET / HTTP/1.1\r\n")
        commands.protocol.dataReceived(b"prompt\n")
        self.crossroads.close()
        self.assertEqual([client.aborted for client in (silent, http, commands)], [True] * 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])
