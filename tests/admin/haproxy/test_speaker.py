"""The runtime socket's wire: slow readers, silent and hostile ones."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exproxy.admin.haproxy.conversation import IDLE
from exproxy.admin.haproxy.speaker import GOODBYE, LONGEST_LINE, MOST, SLICE, STEPS, Speakers
from tests.admin.haproxy.stage import RuntimeStage


class Transport(StringTransport):  # type: ignore[misc]  # Twisted's has no types
    """Asks for more only when the test says that what was written has gone out."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None
        self.aborted = False
        self.reading = True

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        super().registerProducer(producer, streaming)
        if not streaming:
            producer.resumeProducing()

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def abortConnection(self) -> None:
        if not self.aborted:
            self.aborted = True
            self.protocol.connectionLost(Failure(ConnectionLost()))

    def read(self) -> str:
        """All that there is to read, until nobody has more to say."""
        said = b""
        while True:
            more: bytes = self.value()
            self.clear()
            said += more
            if self.producer is not None and not self.streaming:
                self.producer.resumeProducing()
            elif not more:
                return said.decode()


class Lingering(Transport):
    """Tells of its end in a turn of its own, as a socket does it, which does not come here."""

    def abortConnection(self) -> None:
        self.aborted = True


class SpeakerTests(RuntimeStage):
    def setUp(self) -> None:
        super().setUp()
        self.speakers = Speakers(self.clock, self.runtime)

    def client(self, transport: Transport | None = None) -> Transport:
        transport = transport or Transport()
        transport.protocol = self.speakers.buildProtocol(None)
        transport.protocol.makeConnection(transport)
        return transport

    def ask(self, client: Transport, said: str) -> str:
        client.protocol.dataReceived(said.encode())
        return client.read()

    def end(self, client: Transport) -> None:
        client.protocol.connectionLost(Failure(ConnectionDone()))

    def test_one_line_is_answered_and_that_was_it(self) -> None:
        client = self.client()
        self.assertEqual(self.ask(client, "show backend\n"), "# name\nsmtp\nweb\n\n")
        self.assertTrue(client.disconnecting)

    def test_a_line_may_come_in_pieces_and_have_several_commands(self) -> None:
        client = self.client()
        self.assertEqual(self.ask(client, "show back"), "")
        self.assertEqual(self.ask(client, "end; show version;\r\n"), "# name\nsmtp\nweb\n\n2.6.0-exproxy-1.0\n\n")

    def test_several_lines_at_once_are_all_answered(self) -> None:
        client = self.client()
        self.assertEqual(self.ask(client, "show version\nshow version\n").count("2.6"), 2)
        self.assertTrue(client.disconnecting)

    def test_who_wants_a_prompt_stays_until_it_quits(self) -> None:
        client = self.client()
        self.assertEqual(self.ask(client, "prompt\n"), "\n> ")
        self.assertEqual(self.ask(client, "show version\n"), "2.6.0-exproxy-1.0\n\n> ")
        self.assertFalse(client.disconnecting)
        self.assertEqual(self.ask(client, "quit\n"), "")
        self.assertTrue(client.disconnecting)

    def test_what_follows_quit_is_not_done(self) -> None:
        self.ask(self.client(), "quit; disable server smtp/ex1\n")
        self.assertEqual(self.server("smtp/ex1").own_admin.value, "ready")

    def test_a_client_may_end_its_side_when_it_has_asked(self) -> None:
        client = self.client()
        client.protocol.dataReceived(b"show backend\n")
        client.protocol.readConnectionLost()
        self.assertEqual(client.read(), "# name\nsmtp\nweb\n\n")
        self.assertTrue(client.disconnecting)

    def test_a_line_without_an_end_is_not_done(self) -> None:
        client = self.client()
        client.protocol.dataReceived(b"set server smtp/ex1 weight 1")
        client.protocol.readConnectionLost()
        self.assertEqual((client.read(), client.disconnecting), ("", True))
        self.assertEqual(self.server("smtp/ex1").weight, 1)

    def test_a_line_that_is_too_long_ends_the_connection(self) -> None:
        client = self.client()
        client.protocol.dataReceived(b"x" * (LONGEST_LINE + 1))
        self.assertTrue(client.aborted)

    def test_what_is_no_text_is_an_unknown_command(self) -> None:
        self.assertIn(
            "Unknown command", self.ask(self.client(), "\udcff".encode("utf-8", "surrogatepass").decode("latin-1") + "\n")
        )

    def test_of_a_reader_that_stops_one_slice_is_kept(self) -> None:
        made: list[int] = []

        def endless(words: object, conversation: object) -> Any:
            while True:
                made.append(1)
                yield "x" * 1000

        self.patch(self.runtime._looking, "_backends", endless)
        self.runtime._manual._sorted = [
            command if command.words != ("show", "backend") else type(command)(command.words, "", "", endless)
            for command in self.runtime._manual._sorted
        ]
        client = self.client()
        client.protocol.dataReceived(b"show backend\n")
        self.assertLessEqual(len(client.value()), SLICE + 1000)
        self.assertFalse(client.reading, "and nothing is read from it meanwhile")
        for _ in range(5):
            client.clear()
            client.producer.resumeProducing()
        self.assertLessEqual(len(made), 6 * (SLICE // 1000 + 1))
        self.clock.advance(IDLE - 1)
        self.assertFalse(client.aborted)
        self.clock.advance(1)
        self.assertTrue(client.aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_piece_may_come_later(self) -> None:
        later: list[Deferred[str]] = [Deferred(), Deferred()]
        self.patch(self.runtime, "say", lambda command, conversation: iter(["first\n", *later, "last\n"]))
        client = self.client()
        self.assertEqual(self.waiting(client, "sessions\n"), "first\n")
        self.assertEqual(self.waiting(client), "")
        later[0].callback("second\n")
        self.assertEqual(self.waiting(client), "second\n")
        later[1].callback("")
        self.assertEqual(client.read(), "last\n")
        self.assertTrue(client.disconnecting)

    def test_where_much_is_left_out_others_have_their_turn(self) -> None:
        made: list[int] = []

        def sparse(command: str, conversation: object) -> Any:
            for _ in range(3 * STEPS):
                made.append(1)
                yield ""
            yield "the end\n"

        self.patch(self.runtime, "say", sparse)
        client = self.client()
        client.protocol.dataReceived(b"table\n")
        self.assertEqual((len(made), client.value()), (STEPS, b""))
        for _ in range(3):
            self.clock.advance(0)
        self.assertEqual((len(made), client.read()), (3 * STEPS, "the end\n"))
        self.assertTrue(client.disconnecting)
        gone = self.client()
        gone.protocol.dataReceived(b"table\n")
        self.end(gone)
        self.clock.advance(0)
        self.assertEqual(gone.value(), b"")

    def waiting(self, client: Transport, said: str = "") -> str:
        if said:
            client.protocol.dataReceived(said.encode())
        value: bytes = client.value()
        client.clear()
        client.producer.resumeProducing()
        return value.decode()

    def test_a_piece_for_somebody_who_has_left_is_dropped(self) -> None:
        later: Deferred[str] = Deferred()
        self.patch(self.runtime, "say", lambda command, conversation: iter([later]))
        client = self.client()
        client.protocol.dataReceived(b"sessions\n")
        self.end(client)
        later.callback("late")
        self.assertEqual(client.value(), b"")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_our_own_error_ends_the_connection_and_is_logged(self) -> None:
        later: Deferred[str] = Deferred()
        self.patch(self.runtime, "say", lambda command, conversation: iter([later]))
        client = self.client()
        client.protocol.dataReceived(b"sessions\n")
        later.errback(Failure(RuntimeError("no")))
        self.assertTrue(client.aborted)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_who_is_silent_is_sent_away(self) -> None:
        client = self.client()
        self.clock.advance(IDLE)
        self.assertEqual((client.disconnecting, client.aborted), (True, False))
        self.clock.advance(GOODBYE)
        self.assertTrue(client.aborted)

    def test_who_asks_for_more_time_has_it(self) -> None:
        client = self.client()
        self.ask(client, "prompt; set timeout cli 60\n")
        self.clock.advance(59)
        self.assertFalse(client.disconnecting)
        self.clock.advance(1)
        self.assertTrue(client.disconnecting)

    def test_one_too_many_takes_the_place_of_the_one_that_is_silent_for_the_longest(self) -> None:
        there = []
        for _ in range(MOST):
            there.append(self.client())
            self.clock.advance(0.01)
        self.ask(there[0], "prompt\n")
        self.client()
        self.assertEqual([client.aborted for client in there[:3]], [False, True, False])

    def test_as_many_as_come_in_one_turn_they_stay_so_many(self) -> None:
        there = [self.client(Lingering()) for _ in range(3 * MOST)]
        self.assertEqual([client.aborted for client in there], [True] * 2 * MOST + [False] * MOST)

    def test_closed_there_is_nobody_and_no_timer(self) -> None:
        clients = [self.client() for _ in range(3)]
        self.speakers.close()
        self.assertTrue(all(client.aborted for client in clients))
        self.assertEqual(self.clock.getDelayedCalls(), [])
