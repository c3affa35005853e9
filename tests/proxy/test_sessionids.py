"""Clients of TLS that is passed through, and the server that has their session."""

from typing import Any

from exproxy import pool
from exproxy.pool import Admin
from exproxy.pool.key import HashedKeys
from exproxy.proxy.sessionids import SessionIds
from tests.net.memory import Recorder
from tests.proxy.stage import Stage
from tests.wire.test_clienthello import extension, records, vector
from tests.wire.test_serverhello import server_hello

KEYS = HashedKeys(b"secret")
TLS_1_3 = extension(43, b"\3\4")


def client_hello(session_id: bytes = b"") -> bytes:
    body = b"\3\3" + bytes(32) + vector(1, session_id) + vector(2, b"\xc0\x2f") + vector(1, b"\0")
    return records(b"\1" + vector(3, body))


class SessionIdStage(Stage):
    """Two servers in turns; whoever has a source entry is at ``one``."""

    def setUp(self) -> None:
        super().setUp()
        self.table = pool.Table("ids", kind="tls-session-id", expire=600.0, size=50)
        self.hub = self.servers_of("roundrobin", group=pool.Group(self.table))
        self.frontend = self.open(self.backend(self.hub, session_ids=SessionIds(self.hub, KEYS)), reads_hello=True)

    def says(self, session_id: bytes = b"") -> tuple[str, Recorder]:
        """The server that a client's hello gets to."""
        before = {name: len(peer.sessions) for name, peer in self.servers.items()}
        client = self.client()
        self.send(client, client_hello(session_id))
        (name,) = [name for name, peer in self.servers.items() if len(peer.sessions) > before[name]]
        self.assertEqual(self.servers[name].sessions[-1].data, client_hello(session_id))
        return name, client

    def answers(self, name: str, data: bytes) -> None:
        self.servers[name].sessions[-1].stream.write(data)
        self.settle()

    def known(self, session_id: bytes) -> str | None:
        entry = self.table.peek(KEYS.key("tls-session-id", session_id))
        return None if entry is None else entry.host


class AssignedTests(SessionIdStage):
    def assigned(self, session_id: bytes, *more: Any, offered: bytes = b"") -> str:
        """The server that a client came to, which has answered with this id."""
        name, client = self.says(offered)
        self.answers(name, server_hello(session_id, *more))
        client.stream.close()
        self.settle()
        return name

    def test_who_comes_back_with_it_gets_to_who_has_it(self) -> None:
        self.hub.group.table.bind(self.hub.key_for("127.0.0.1"), "one", 1000.0)  # type: ignore[union-attr]  # it has one
        self.assertEqual(self.assigned(b"a" * 32), "one")
        self.table.bind(self.hub.key_for("127.0.0.1"), "two", 1000.0)
        self.assertEqual([self.says(b"a" * 32)[0] for _ in range(3)], ["one"] * 3)
        self.assertEqual(self.says(b"b" * 32)[0], "two")

    def test_the_id_itself_is_not_kept(self) -> None:
        self.assigned(b"a" * 32)
        self.assertNotIn(b"a" * 32, [key for key, _, _ in self.table.entries()])

    def test_what_tls_1_3_repeats_is_not_remembered(self) -> None:
        self.assigned(b"r" * 32, TLS_1_3, offered=b"r" * 32)
        self.assigned(b"s" * 32, TLS_1_3)
        self.assertEqual((self.known(b"r" * 32), self.known(b"s" * 32)), (None, None))

    def test_what_the_client_made_up_beside_its_ticket_is_not_remembered(self) -> None:
        self.assigned(b"t" * 32, offered=b"t" * 32)
        self.assertIsNone(self.known(b"t" * 32))

    def test_no_id_is_none(self) -> None:
        self.assigned(b"")
        self.assertEqual(len(self.table), 1, "the source")

    def test_in_place_of_a_session_that_is_over_the_new_one_counts(self) -> None:
        home = self.assigned(b"a" * 32)
        self.assertEqual(self.assigned(b"b" * 32, offered=b"a" * 32), home)
        self.assertEqual(self.known(b"b" * 32), home)

    def test_a_server_that_is_away_leaves_its_sessions_to_the_source(self) -> None:
        home = self.assigned(b"a" * 32)
        self.hub.servers[home].set_admin(Admin.MAINT, 1000.0)
        self.assertNotEqual(self.says(b"a" * 32)[0], home)

    def test_it_expires_and_the_table_is_never_fuller_than_it_may_be(self) -> None:
        for number in range(80):
            self.assigned(b"%032d" % number)
        self.assertEqual(len(self.table), 50)
        self.clock.advance(700)
        self.table.expire(self.clock.seconds())
        self.assertEqual(len(self.table), 0)


class RelayTests(SessionIdStage):
    def test_every_octet_passes_both_ways_however_it_is_cut(self) -> None:
        name, client = self.says()
        answer = server_hello(b"a" * 32) + b"and more of this"
        for at in range(len(answer)):
            self.answers(name, answer[at : at + 1])
            self.send(client, b"x")
        self.assertEqual(client.data, answer)
        self.assertEqual(self.got(name), [client_hello() + b"x" * len(answer)])
        self.assertEqual(self.known(b"a" * 32), name)

    def test_once_it_was_heard_the_streams_are_piped(self) -> None:
        name, client = self.says()
        self.answers(name, server_hello(b"a" * 32))
        stream = self.servers[name].sessions[-1].stream.other  # type: ignore[attr-defined]  # in memory
        self.assertIs(stream.piped_to, self.far(client))

    def test_a_server_that_says_something_else_is_relayed_all_the_same(self) -> None:
        for said in (b"\x15\3\3\0\2\2\x28", b"HTTP/1.1 400 Bad Request\r\n\r\n", server_hello(b"")[:-1] + b"\xff" * 20_000):
            name, client = self.says()
            self.answers(name, said)
            self.answers(name, b"more")
            self.assertEqual(client.data, said + b"more")

    def test_a_server_that_ends_in_the_middle_ends_the_session(self) -> None:
        name, client = self.says()
        self.answers(name, server_hello(b"a" * 32)[:20])
        self.servers[name].sessions[-1].stream.close()
        self.settle()
        self.assertTrue(client.eof)
        client.stream.close()
        self.settle()
        self.assertEqual((self.gate.taken, self.hub.sessions, len(self.records)), (0, 0, 1))

    def test_a_server_that_resets_in_the_middle_is_blamed(self) -> None:
        name, client = self.says()
        self.servers[name].sessions[-1].stream.abort()
        self.settle()
        client.stream.close()
        self.settle()
        self.assertEqual((self.records[0].termination, self.gate.taken, self.hub.sessions), ("SD", 0, 0))

    def test_a_client_that_leaves_in_the_middle_leaves_nothing(self) -> None:
        for leave in ("close", "abort"):
            _name, client = self.says()
            getattr(client.stream, leave)()
            self.settle()
            self.assertEqual((self.gate.taken, self.hub.sessions), (0, 0))

    def test_a_client_that_does_not_read_holds_up_the_server(self) -> None:
        name, client = self.says()
        client.stream.pause()
        self.answers(name, server_hello(b"a" * 32) + bytes(1_000_000))
        self.assertLess(len(self.far(client).outbox), 300_000)

    def test_a_server_that_never_says_a_word_is_waited_for_as_ever(self) -> None:
        _, client = self.says()
        self.clock.pump([1.0] * 70)
        self.assertTrue(client.eof or client.lost)
        self.assertEqual(self.hub.sessions, 0)

    def test_who_speaks_no_tls_is_let_go(self) -> None:
        client = self.client()
        self.send(client, b"EHLO x\r\n")
        self.assertEqual((self.records[0].termination, self.hub.total), ("PR", 0))
