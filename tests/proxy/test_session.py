"""The life of a session, state by state."""

import contextlib
import errno
from ipaddress import ip_network
from random import Random

from exproxy import pool
from exproxy.net.deadlines import Deadlines
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.pool.key import SourceKeys
from exproxy.pool.presence import Presence
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.admission import Admission
from exproxy.proxy.session import TURNAROUND
from exproxy.proxy.sni import SniTable
from exproxy.wire.proxyheader import encode_v1, encode_v2
from tests.net.memory import Recorder
from tests.net.tls.files import authority_file, certificate_file
from tests.net.tlspeer import TLSPeer, certificate, server_context
from tests.proxy.stage import FRONT, Stage
from tests.proxy.test_preface import client_hello


class RelayTests(Stage):
    def test_bytes_go_both_ways(self) -> None:
        self.servers["one"].greeting = b"220 one\r\n"
        self.open(self.backend())
        client = self.client()
        self.assertEqual(client.data, b"220 one\r\n")
        self.send(client, b"EHLO x\r\n")
        self.assertEqual(self.got("one"), [b"EHLO x\r\n"])

    def test_the_servers_slot_is_held_while_it_relays_and_given_back_after(self) -> None:
        backend = self.backend()
        self.open(backend)
        client = self.client()
        self.assertEqual((backend.pool.sessions, self.gate.taken), (1, 1))
        client.stream.close()
        self.servers["one"].sessions[0].stream.close()
        self.settle()
        self.assertEqual((backend.pool.sessions, self.gate.taken), (0, 0))

    def test_half_close_reaches_the_server_and_its_answer_the_client(self) -> None:
        self.open(self.backend())
        client = self.client()
        stream = self.servers["one"].sessions[0].stream
        server = Recorder()
        stream.attach(server)
        client.stream.write(b"question")
        client.stream.write_eof()
        self.settle()
        self.assertEqual((server.data, server.eof), (b"question", True))
        stream.write(b"answer")
        stream.close()
        self.settle()
        self.assertEqual(client.data, b"answer")
        self.assertTrue(client.eof)

    def test_what_is_carried_is_counted_now_and_then_and_nothing_twice(self) -> None:
        backend = self.backend()
        frontend = self.open(backend)
        client = self.client()
        one, (session,) = backend.pool.servers["one"], frontend.sessions
        for sent, carried in ((b"12345", 5), (b"", 5), (b"67", 7)):
            client.stream.write(sent)
            self.servers["one"].sessions[0].stream.write(sent)
            self.settle()
            session.tally()
            self.assertEqual((frontend.bytes_in, frontend.bytes_out, one.bytes_in, one.bytes_out), (carried,) * 4)
        client.stream.write(b"8")
        self.settle()
        client.stream.close()
        self.servers["one"].sessions[0].stream.close()
        self.settle()
        session.tally()
        self.assertEqual((frontend.bytes_in, frontend.bytes_out, one.bytes_in, one.bytes_out), (8, 7, 8, 7))

    def test_what_was_carried_is_counted_when_it_is_over(self) -> None:
        backend = self.backend()
        frontend = self.open(backend)
        client = self.client()
        self.send(client, b"12345")
        self.servers["one"].sessions[0].stream.write(b"123")
        self.settle()
        client.stream.close()
        self.servers["one"].sessions[0].stream.close()
        self.settle()
        one = backend.pool.servers["one"]
        self.assertEqual((frontend.bytes_in, frontend.bytes_out, one.bytes_in, one.bytes_out), (5, 3, 5, 3))

    def test_an_administrator_ends_sessions_of_a_server(self) -> None:
        backend = self.backend()
        self.open(backend)
        client = self.client()
        backend.pool.end_sessions(backend.pool.servers["one"])
        self.settle()
        self.assertTrue(client.eof or client.lost)
        client.stream.close()
        self.settle()
        self.assertEqual(self.records[0].termination, "KD")

    def test_an_ordinary_end_is_logged_as_such(self) -> None:
        self.open(self.backend())
        client = self.client()
        self.send(client, b"12345")
        self.servers["one"].sessions[0].stream.write(b"123")
        self.settle()
        self.clock.advance(2)
        client.stream.write_eof()
        self.settle()
        self.servers["one"].sessions[0].stream.close()
        self.settle()
        record = self.records[0]
        self.assertEqual((record.termination, record.bytes_in, record.bytes_out, record.total_ms), ("--", 5, 3, 2000))
        self.assertEqual((record.frontend, record.backend, record.server, record.retries), ("smtp", "hub", "one", 0))
        self.assertEqual((record.queue_ms, record.connect_ms, record.actconn, record.feconn, record.beconn), (0, 0, 1, 1, 0))

    def test_nobody_is_to_blame_when_the_server_ends_first_and_the_client_follows(self) -> None:
        self.open(self.backend())
        client = self.client()
        self.servers["one"].sessions[0].stream.write_eof()
        self.settle()
        client.stream.write_eof()
        self.settle()
        self.assertEqual([record.termination for record in self.records], ["--"])

    def test_a_client_that_only_closes_when_the_server_has_gone_is_not_to_blame(self) -> None:
        self.open(self.backend())
        client = self.client()
        self.servers["one"].sessions[0].stream.close()
        self.settle()
        client.stream.close()
        self.settle()
        self.assertEqual([record.termination for record in self.records], ["--"])

    def test_a_client_that_resets_is_to_blame(self) -> None:
        self.open(self.backend())
        client = self.client()
        client.stream.abort()
        self.settle()
        self.assertEqual(self.records[0].termination, "CD")
        self.assertTrue(self.servers["one"].sessions[0].lost)

    def test_a_server_that_resets_is_to_blame_and_the_client_sees_the_end(self) -> None:
        self.open(self.backend())
        client = self.client()
        self.servers["one"].sessions[0].stream.abort()
        self.settle()
        self.assertTrue(client.eof)
        client.stream.close()
        self.settle()
        self.assertEqual(self.records[0].termination, "SD")

    def test_a_client_that_ignores_the_servers_end_is_cut(self) -> None:
        self.open(self.backend())
        client = self.client()
        self.servers["one"].sessions[0].stream.abort()
        self.settle()
        self.clock.pump([0.5] * 10)
        self.assertTrue(self.far(client).lost)
        self.assertEqual(len(self.records), 1)

    def test_silence_on_both_sides_ends_it_by_the_shorter_timeout(self) -> None:
        for client_timeout, server_timeout, termination in ((30.0, 60.0, "cD"), (60.0, 20.0, "sD")):
            self.records.clear()
            frontend = self.open(self.backend(server_timeout=server_timeout), client_timeout=client_timeout)
            self.client()
            self.clock.pump([1.0] * 32)
            self.settle()
            self.assertEqual(self.records[0].termination, termination)
            frontend.listeners[0].stop()

    def test_bytes_keep_it_alive(self) -> None:
        self.open(self.backend())
        client = self.client()
        for _ in range(10):
            self.clock.pump([1.0] * 20)
            self.send(client, b"x")
        self.assertEqual(self.records, [])

    def test_bytes_that_are_relayed_move_no_deadline_and_make_no_timer(self) -> None:
        self.open(self.backend())
        client = self.client()
        moved: list[object] = []
        self.patch(Deadlines, "set", lambda *moves: moved.append(moves))
        self.patch(Deadlines, "clear", lambda *moves: moved.append(moves))
        calls = self.clock.getDelayedCalls()
        for _ in range(100):
            self.send(client, b"x")
            self.servers["one"].sessions[0].stream.write(b"y")
            self.settle()
        self.assertEqual((len(client.data), moved, self.clock.getDelayedCalls()), (100, [], calls))

    def test_a_client_that_has_said_all_gets_an_answer_as_late_as_any_other(self) -> None:
        self.open(self.backend())
        client = self.client()
        server = self.servers["one"].sessions[0].stream
        server.attach(Recorder())
        client.stream.write_eof()
        self.settle()
        self.clock.pump([1.0] * 58)
        server.write(b"at last")
        server.close()
        self.settle()
        self.assertEqual((client.data, self.records[0].termination), (b"at last", "--"))

    def test_a_client_that_has_said_all_and_goes_is_not_answered_and_nobody_is_to_blame(self) -> None:
        backend = self.backend()
        self.open(backend)
        client = self.client()
        self.servers["one"].sessions[0].stream.attach(Recorder())
        client.stream.write_eof()
        self.settle()
        self.assertEqual(backend.pool.sessions, 1)
        client.stream.abort()
        self.settle()
        self.assertEqual((self.records[0].termination, backend.pool.sessions), ("--", 0))

    def test_a_server_that_has_said_all_is_waited_for_no_longer_than_client_fin(self) -> None:
        self.open(self.backend())
        self.client()
        self.servers["one"].sessions[0].stream.write_eof()
        self.settle()
        self.clock.pump([0.5] * 10)
        self.settle()
        self.assertEqual([record.termination for record in self.records], ["cD"])

    def test_a_client_that_reads_slowly_gets_all_that_the_server_said_before_it_left(self) -> None:
        self.open(self.backend())
        client = self.client()
        client.stream.pause()
        far = self.far(client)
        far.capacity = 500
        server = self.servers["one"].sessions[0].stream
        server.write(b"x" * 5000)
        self.settle()
        server.abort()
        self.settle()
        for _ in range(20):
            self.clock.advance(3)
            client.stream.resume()
            self.clock.advance(0)
            client.stream.pause()
            self.settle()
        self.assertEqual(len(client.data), 5000)
        self.assertTrue(far.lost)
        self.assertFalse(far.aborted)

    def test_a_client_that_reads_nothing_after_the_servers_end_is_cut(self) -> None:
        self.open(self.backend())
        client = self.client()
        client.stream.pause()
        self.far(client).capacity = 500
        server = self.servers["one"].sessions[0].stream
        server.write(b"x" * 1500)
        self.settle()
        server.abort()
        self.settle()
        self.clock.pump([0.5] * 20)
        self.assertTrue(self.far(client).aborted)
        self.assertEqual((len(self.records), self.gate.taken), (1, 0))

    def test_after_a_half_close_silence_is_the_fault_of_who_should_have_spoken(self) -> None:
        self.open(self.backend())
        clients = self.client(), self.client()
        servers = [session.stream for session in self.servers["one"].sessions]
        servers[0].attach(Recorder())
        clients[0].stream.write_eof()
        servers[1].write_eof()
        self.clock.pump([1.0] * 61)
        self.settle()
        self.assertEqual({record.termination for record in self.records}, {"sD", "cD"})
        self.assertEqual({record.client: record.termination for record in self.records}[clients[0].stream.local], "sD")

    def test_a_session_without_data_is_left_out_where_that_is_asked(self) -> None:
        self.open(self.backend(), dontlognull=True)
        client = self.client()
        client.stream.abort()
        self.settle()
        self.assertEqual((self.records, self.gate.taken), ([], 0))

    def test_with_that_a_proxy_header_is_no_data_of_the_clients(self) -> None:
        header = encode_v2(("203.0.113.5", 999), ("198.51.100.1", 25))
        self.open(self.backend(), (ip_network("127.0.0.0/8"),), dontlognull=True)
        for said in (b"", header[:20], header):
            client = self.client()
            self.send(client, said)
            client.stream.abort()
            self.settle()
        self.assertEqual((self.records, self.gate.taken), ([], 0))

    def test_with_that_what_comes_behind_the_header_and_what_is_none_is_logged(self) -> None:
        header = encode_v2(("203.0.113.5", 999), ("198.51.100.1", 25))
        self.open(self.backend(), (ip_network("127.0.0.0/8"),), dontlognull=True)
        for said in (header + b"QUIT\r\n", b"GET / HTTP/1.0"):
            client = self.client()
            self.send(client, said)
            client.stream.abort()
            self.settle()
        self.assertEqual([(record.termination, record.bytes_in) for record in self.records], [("CD", 6), ("PR", 14)])

    def test_a_log_that_raises_costs_a_line_and_no_slot(self) -> None:
        def broken(record: SessionRecord) -> None:
            raise ZeroDivisionError

        frontend = self.open(self.backend(), log=broken)
        client = self.client()
        client.stream.abort()
        with contextlib.suppress(ZeroDivisionError):
            self.settle()
        self.settle()
        self.assertEqual((self.gate.taken, frontend.sessions), (0, set()))

    def test_killed_both_sides_end_at_once(self) -> None:
        frontend = self.open(self.backend())
        client = self.client()
        for session in tuple(frontend.sessions):
            session.kill("K")
        self.settle()
        self.assertTrue(client.lost)
        self.assertEqual(self.records[0].termination, "KD")

    def test_a_server_that_went_down_may_take_its_sessions_along(self) -> None:
        servers = self.servers_of(on_marked_down="shutdown-sessions", server={"checks": [pool.CheckSpec("c", 1, 1)]})
        for server in servers.servers.values():
            server.observe("c", pool.CheckResult(passed=True), self.clock.seconds())
        self.open(self.backend(servers))
        client = self.client()
        servers.servers["one"].observe("c", pool.CheckResult(passed=False), self.clock.seconds())
        self.settle()
        self.assertTrue(client.eof or client.lost)
        client.stream.close()
        self.settle()
        self.assertEqual(self.records[0].termination, "DD")


class ConnectTests(Stage):
    def test_the_port_that_the_client_reached_serves_a_server_without_one(self) -> None:
        servers = self.servers_of()
        servers.servers["one"].port = None
        self.network.listen(("192.0.2.1", FRONT[1]), self.servers["one"]).resume()
        self.open(self.backend(servers))
        self.client()
        self.assertEqual(self.network.attempts[-1].address, ("192.0.2.1", FRONT[1]))

    def test_the_configured_source_is_used(self) -> None:
        self.open(self.backend(source="192.0.2.77"))
        self.client()
        self.assertEqual(self.network.attempts[-1].source, "192.0.2.77")

    def test_a_server_that_may_greet_is_not_made_to_wait_for_a_silent_client(self) -> None:
        self.open(self.backend())
        self.client()
        self.assertFalse(self.network.attempts[-1].speaks_first)

    def test_words_that_wait_for_the_server_confirm_the_connection(self) -> None:
        servers = self.servers_of()
        for server in servers.servers.values():
            self.network.blackhole(self.addresses[server.name])
        self.open(self.backend(servers, retries=1))
        client = self.client()
        self.send(client, b"early words")
        self.clock.pump([1] * 7)
        self.assertEqual([attempt.speaks_first for attempt in self.network.attempts[-2:]], [False, True])

    def test_a_proxy_header_confirms_the_connection(self) -> None:
        self.open(self.backend(send_proxy={"one": "v1"}))
        self.client()
        self.assertTrue(self.network.attempts[-1].speaks_first)

    def test_a_refused_connect_goes_to_the_other_server_at_once(self) -> None:
        self.network.fail(self.addresses["one"], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.servers["two"].greeting = b"220 two\r\n"
        self.open(self.backend())
        client = self.client()
        self.assertEqual(client.data, b"220 two\r\n")

    def taking_their_sessions_along(self) -> pool.Backend:
        servers = self.servers_of(on_marked_down="shutdown-sessions", server={"checks": [pool.CheckSpec("c", 1, 1)]})
        for server in servers.servers.values():
            server.observe("c", pool.CheckResult(passed=True), self.clock.seconds())
        self.servers["two"].greeting = b"220 two\r\n"
        return servers

    def test_a_server_that_goes_down_loses_those_who_are_on_the_way_to_it_to_another(self) -> None:
        servers = self.taking_their_sessions_along()
        self.network.blackhole(self.addresses["one"])
        self.open(self.backend(servers))
        client = self.client()
        servers.servers["one"].observe("c", pool.CheckResult(passed=False), self.clock.seconds())
        self.settle()
        self.assertEqual(client.data, b"220 two\r\n")
        self.assertEqual((servers.servers["one"].sessions, servers.servers["two"].sessions), (0, 1))

    def test_and_those_who_wait_to_try_it_again(self) -> None:
        servers = self.taking_their_sessions_along()
        servers.servers["two"].observe("c", pool.CheckResult(passed=False), self.clock.seconds())
        self.network.fail(self.addresses["one"], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.open(self.backend(servers, retries=5))
        client = self.client()
        servers.servers["two"].observe("c", pool.CheckResult(passed=True), self.clock.seconds())
        servers.servers["one"].observe("c", pool.CheckResult(passed=False), self.clock.seconds())
        self.settle()
        self.assertEqual(client.data, b"220 two\r\n")
        self.clock.advance(2 * TURNAROUND)
        self.settle()
        self.assertEqual((servers.servers["one"].sessions, servers.servers["two"].sessions), (0, 1))

    def test_the_failure_that_takes_a_server_out_sends_all_who_connect_to_it_elsewhere_once(self) -> None:
        servers = self.taking_their_sessions_along()
        one = servers.servers["one"]
        self.network.blackhole(self.addresses["one"])
        self.open(self.backend(servers, connect_timeout=5.0))
        clients = [self.client() for _ in range(3)]
        self.clock.advance(4.9)
        one.observe("c", pool.CheckResult(passed=False), self.clock.seconds())
        self.clock.advance(0.2)
        self.settle()
        self.assertEqual([client.data for client in clients], [b"220 two\r\n"] * 3)
        self.assertEqual((one.sessions, servers.servers["two"].sessions), (0, 3))

    def test_without_redispatch_they_end_with_it(self) -> None:
        servers = self.taking_their_sessions_along()
        self.network.blackhole(self.addresses["one"])
        self.open(self.backend(servers, redispatch=False))
        client = self.client()
        servers.servers["one"].observe("c", pool.CheckResult(passed=False), self.clock.seconds())
        client.stream.close()
        self.settle()
        self.assertEqual(self.records[0].termination, "DC")

    def test_nothing_that_the_client_sent_is_lost_when_another_server_is_tried(self) -> None:
        self.network.blackhole(self.addresses["one"])
        self.open(self.backend())
        client = self.client()
        self.send(client, b"early words")
        self.clock.advance(5)
        self.settle()
        self.assertEqual(self.got("two"), [b"early words"])
        client.stream.abort()
        self.settle()
        self.assertEqual((self.records[0].retries, self.records[0].redispatched, self.records[0].server), (1, True, "two"))
        self.assertEqual(self.records[0].connect_ms, 5000)

    def test_without_redispatch_the_same_server_is_tried_again_after_a_pause(self) -> None:
        self.network.fail(self.addresses["one"], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.open(self.backend(redispatch=False, retries=2))
        client = self.client()
        first = len(self.network.attempts)
        self.clock.advance(TURNAROUND / 2)
        self.settle()
        self.assertEqual(len(self.network.attempts), first)
        self.clock.pump([0.2] * 20)
        self.settle()
        self.assertEqual([attempt.address for attempt in self.network.attempts[1:]], [self.addresses["one"]] * 3)
        self.assertTrue(client.lost or client.eof)
        self.assertEqual((self.records[0].termination, self.records[0].retries, self.records[0].server), ("SC", 2, "one"))

    def test_a_sticky_client_is_moved_only_at_the_last_retry(self) -> None:
        group = pool.Group(pool.Table("t"))
        self.open(self.backend(self.servers_of(group=group), retries=2))
        self.client().stream.abort()
        self.settle()
        self.network.fail(self.addresses["one"], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.client()
        self.clock.pump([0.2] * 20)
        self.settle()
        addresses = [attempt.address for attempt in self.network.attempts if attempt.address != FRONT]
        self.assertEqual(addresses[1:], [self.addresses["one"], self.addresses["one"], self.addresses["two"]])

    def test_a_connect_that_times_out_for_good_says_so(self) -> None:
        for address in self.addresses.values():
            self.network.blackhole(address)
        self.open(self.backend(retries=0))
        self.client()
        self.clock.advance(5)
        self.settle()
        self.assertEqual(self.records[0].termination, "sC")

    def test_our_own_lack_of_descriptors_is_no_failure_of_the_server(self) -> None:
        servers = self.servers_of()
        self.network.fail(self.addresses["one"], OSError(errno.EMFILE, "Too many open files"))
        self.open(self.backend(servers))
        self.client()
        self.assertEqual(self.records[0].termination, "RC")
        self.assertEqual(servers.servers["one"].failed_connects, 0)

    def test_failed_connects_count_against_the_server(self) -> None:
        servers = self.servers_of()
        self.network.fail(self.addresses["one"], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.open(self.backend(servers))
        self.client()
        self.assertEqual(servers.servers["one"].failed_connects, 1)

    def test_no_server_left_the_client_is_closed(self) -> None:
        servers = self.servers_of()
        for server in servers.servers.values():
            server.set_admin(pool.Admin.MAINT, self.clock.seconds())
        frontend = self.open(self.backend(servers))
        client = self.client()
        self.assertTrue(client.lost or client.eof)
        self.assertEqual((self.records[0].termination, self.records[0].server, frontend.refused), ("SC", None, 1))

    def test_no_back_end_the_client_is_closed(self) -> None:
        self.open(None)
        client = self.client()
        self.assertTrue(client.lost or client.eof)
        self.assertEqual((self.records[0].termination, self.records[0].backend), ("SC", None))

    def test_a_proxy_header_is_sent_before_the_clients_first_byte(self) -> None:
        for version, encode in (("v1", encode_v1), ("v2", encode_v2)):
            frontend = self.open(self.backend(send_proxy={"one": version}))
            client = self.client()
            self.send(client, b"EHLO")
            source = client.stream.local
            self.assertEqual(self.got("one")[-1], encode(source, FRONT) + b"EHLO")
            frontend.listeners[0].stop()

    def test_the_only_server_that_is_left_is_given_time_between_two_tries(self) -> None:
        """A service that restarts is away for a moment: the retries have to outlast that, as HAProxy's do."""
        servers = self.servers_of()
        servers.servers["two"].set_admin(pool.Admin.MAINT, self.clock.seconds())
        self.network.fail(self.addresses["one"], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
        self.open(self.backend(servers))
        self.client()
        self.assertEqual([attempt.address for attempt in self.network.attempts[1:]], [self.addresses["one"]])
        self.clock.pump([TURNAROUND] * 4)
        self.settle()
        self.assertEqual([attempt.address for attempt in self.network.attempts[1:]], [self.addresses["one"]] * 4)

    def test_with_abortonclose_a_client_that_leaves_while_it_relays_is_relayed_to_its_end(self) -> None:
        self.open(self.backend(abortonclose=True))
        client = self.client()
        self.send(client, b"last words")
        session = self.far(client).receiver
        session.peer_left(self.far(client))
        self.settle()
        self.assertEqual((self.got("one"), self.records), ([b"last words"], []))

    def test_with_abortonclose_a_client_that_left_is_not_connected_for(self) -> None:
        self.network.blackhole(self.addresses["one"])
        backend = self.backend(abortonclose=True)
        self.open(backend)
        client = self.client()
        client.stream.close()
        self.settle()
        self.assertEqual((self.records[0].termination, backend.pool.sessions), ("CC", 0))
        self.assertTrue(self.network.attempts[-1].cancelled)


class QueueTests(Stage):
    def full(self, **options: object) -> tuple[pool.Backend, object]:
        servers = self.servers_of(server={"maxconn": 1})
        backend = self.backend(servers, **options)
        self.open(backend)
        self.first, self.second = self.client(), self.client()
        return servers, backend

    def test_beyond_maxconn_a_client_waits_and_gets_the_next_slot(self) -> None:
        servers, _ = self.full()
        third = self.client()
        self.assertEqual(servers.queued, 1)
        self.clock.advance(3)
        self.first.stream.abort()
        self.settle()
        self.send(third, b"at last")
        self.assertIn(b"at last", self.got("one"))
        third.stream.abort()
        self.settle()
        self.assertEqual(self.records[-1].queue_ms, 3000)

    def test_the_wait_ends_with_the_queue_timeout(self) -> None:
        servers, _ = self.full()
        self.client()
        self.clock.pump([1.0] * 11)
        self.settle()
        self.assertEqual((self.records[0].termination, self.records[0].queue_ms, servers.queued), ("sQ", -1, 0))

    def test_when_the_last_server_goes_those_who_wait_are_closed(self) -> None:
        servers, _ = self.full()
        third = self.client()
        for server in servers.servers.values():
            server.set_admin(pool.Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertTrue(third.lost or third.eof)
        self.assertIn("SQ", [record.termination for record in self.records])

    def test_with_abortonclose_a_client_that_left_gives_up_its_place(self) -> None:
        servers, _ = self.full(abortonclose=True)
        third = self.client()
        third.stream.close()
        self.settle()
        self.assertEqual((servers.queued, self.records[0].termination), (0, "CQ"))

    def test_without_it_the_place_is_kept_for_what_the_client_said(self) -> None:
        servers, _ = self.full()
        third = self.client()
        third.stream.write(b"QUIT\r\n")
        third.stream.write_eof()
        self.settle()
        self.assertEqual(servers.queued, 1)
        self.first.stream.abort()
        self.settle()
        self.assertIn(b"QUIT\r\n", self.got("one"))

    def test_too_many_waiting_one_more_is_refused(self) -> None:
        servers = self.servers_of(server={"maxconn": 1}, queue_size=1)
        self.open(self.backend(servers))
        for _ in range(4):
            self.client()
        self.assertEqual([record.termination for record in self.records], ["SQ"])


class PrefaceTests(Stage):
    NETWORK = (ip_network("127.0.0.0/8"),)

    def test_the_address_of_a_trusted_proxy_header_is_the_clients(self) -> None:
        self.open(self.backend(send_proxy={"one": "v1"}), accept_proxy=self.NETWORK)
        client = self.client()
        header = encode_v2(("203.0.113.5", 999), ("198.51.100.1", 25))
        self.send(client, header + b"EHLO")
        self.assertEqual(self.got("one"), [encode_v1(("203.0.113.5", 999), ("198.51.100.1", 25)) + b"EHLO"])
        client.stream.abort()
        self.settle()
        self.assertEqual(self.records[0].client, ("203.0.113.5", 999))

    def test_no_server_is_taken_before_the_header_is_complete(self) -> None:
        backend = self.backend()
        self.open(backend, accept_proxy=self.NETWORK)
        client = self.client()
        header = encode_v1(("203.0.113.5", 999), ("198.51.100.1", 25))
        for index in range(len(header)):
            self.assertEqual(backend.pool.sessions, 0)
            self.send(client, header[index : index + 1])
        self.assertEqual(backend.pool.sessions, 1)

    def test_a_peer_from_elsewhere_is_taken_as_it_is(self) -> None:
        self.open(self.backend(), accept_proxy=(ip_network("10.0.0.0/8"),))
        client = self.client()
        header = encode_v1(("203.0.113.5", 999), ("198.51.100.1", 25))
        self.send(client, header)
        self.assertEqual(self.got("one"), [header])

    def test_garbage_in_place_of_the_header_is_closed_and_counted(self) -> None:
        frontend = self.open(self.backend(), accept_proxy=self.NETWORK)
        client = self.client()
        self.send(client, b"EHLO x\r\n")
        self.assertTrue(client.lost or client.eof)
        self.assertEqual((self.records[0].termination, frontend.bad_prefaces), ("PR", 1))
        self.assertEqual(frontend.fault, "127.0.0.1: PROXY header: the connection does not begin with one")

    def test_a_preface_that_does_not_come_is_not_waited_for(self) -> None:
        frontend = self.open(self.backend(), accept_proxy=self.NETWORK)
        self.client()
        self.clock.pump([1.0] * 6)
        self.settle()
        self.assertEqual((self.records[0].termination, frontend.bad_prefaces), ("cR", 1))
        self.assertEqual(frontend.fault, "127.0.0.1: not complete within 5 s")

    def test_a_client_that_leaves_before_its_preface(self) -> None:
        frontend = self.open(self.backend(), accept_proxy=self.NETWORK)
        self.client().stream.close()
        self.client().stream.abort()
        self.settle()
        self.assertEqual([record.termination for record in self.records], ["CR", "CR"])
        self.assertEqual((frontend.bad_prefaces, frontend.left_early), (0, 2))

    def test_the_name_in_the_hello_chooses_the_back_end_and_the_hello_arrives_whole(self) -> None:
        self.addresses.pop("two")
        one = self.backend()
        self.addresses = {"two": ("192.0.2.2", 2525)}
        two = self.backend()
        self.open(one, routes=SniTable([(("mail.example.com",), two)]))
        hello = client_hello("mail.example.com")
        client = self.client()
        self.send(client, hello[:10])
        self.send(client, hello[10:])
        self.assertEqual((self.got("one"), self.got("two")), ([], [hello]))

    def test_another_name_goes_to_the_default_back_end(self) -> None:
        one, two = self.backend(), self.backend()
        self.open(one, routes=SniTable([(("mail.example.com",), two)]))
        self.send(self.client(), client_hello("other.example.com"))
        self.assertEqual((one.pool.sessions, two.pool.sessions), (1, 0))


class TLSClient(Recorder):
    """A client that speaks TLS when it is told to."""

    secured = False
    fault: Exception | None = None

    def tls_secured(self, stream: object) -> None:
        self.secured = True
        self.stream.resume()

    def tls_failed(self, stream: object, failure: Exception) -> None:
        self.fault = failure


class TLSStage(Stage):
    def setUp(self) -> None:
        super().setUp()
        folder = self.mktemp()
        self.tls = ServerTLS([certificate_file(folder)], BUILT_IN["intermediate"])
        self.context = client_context(True, authority_file(folder), BUILT_IN["intermediate"])

    def secure(self, client: TLSClient, name: str = "mail.example.com") -> TLSClient:
        client.stream = self.network.secure_client(client.stream, ClientTLS(name, True, self.context), client)
        self.settle()
        return client

    def client(self, address: object = FRONT) -> TLSClient:
        client = TLSClient()
        self.network.connect(FRONT, client, 5.0)
        self.settle()
        return client

    @property
    def ends(self) -> list[str]:
        return [record.termination for record in self.records]


class ClientTLSTests(TLSStage):
    """TLS ends at the front end."""

    def test_the_server_gets_what_was_in_it(self) -> None:
        self.servers["one"].greeting = b"220 one\r\n"
        self.open(self.backend(), tls=self.tls)
        client = self.secure(self.client())
        self.assertEqual(client.data, b"220 one\r\n")
        self.send(client, b"EHLO x\r\n")
        self.assertEqual(self.got("one"), [b"EHLO x\r\n"])
        client.stream.close()
        self.settle()
        self.assertEqual(self.ends, ["--"])
        self.assertEqual((self.records[0].bytes_in, self.records[0].bytes_out), (8, 9))

    def test_no_server_is_chosen_before_the_handshake(self) -> None:
        self.open(self.backend(), tls=self.tls)
        client = self.client()
        self.assertEqual(self.got("one"), [])
        self.secure(client)
        self.assertEqual(self.got("one"), [b""])

    def test_a_handshake_that_takes_too_long_is_the_clients_fault(self) -> None:
        frontend = self.open(self.backend(), tls=self.tls)
        client = self.client()
        self.send(client, b"\x16\x03\x01")
        self.clock.advance(3.2)
        self.settle()
        self.assertEqual((self.ends, client.eof, frontend.bad_handshakes), (["cR"], True, 1))
        self.assertEqual(frontend.fault, "127.0.0.1: not complete within 3 s")

    def test_who_does_not_speak_tls_is_let_go_and_counted(self) -> None:
        frontend = self.open(self.backend(), tls=self.tls)
        client = self.client()
        self.send(client, b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual((self.ends, client.eof, frontend.bad_handshakes), (["PR"], True, 1))
        self.assertEqual(frontend.fault, "127.0.0.1: the client spoke plain HTTP to the TLS port")

    def test_who_leaves_during_the_handshake_has_left(self) -> None:
        frontend = self.open(self.backend(), tls=self.tls)
        self.client().stream.close()
        self.client().stream.abort()
        self.settle()
        self.assertEqual((self.ends, frontend.bad_handshakes, frontend.left_early), (["CR", "CR"], 0, 2))

    def test_without_lines_for_those_who_say_nothing_who_speaks_no_tls_has_one(self) -> None:
        self.open(self.backend(), tls=self.tls, dontlognull=True)
        self.client().stream.close()
        self.settle()
        self.send(self.client(), b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.ends, ["PR"])

    def test_a_proxy_header_comes_before_it(self) -> None:
        backend = self.backend(send_proxy={"one": "v1"})
        self.open(backend, (ip_network("127.0.0.0/8"),), tls=self.tls)
        client = self.client()
        client.stream.write(encode_v2(("198.51.100.7", 4711), ("192.0.2.9", 25)))
        self.secure(client)
        self.send(client, b"x")
        self.assertEqual(self.got("one"), [encode_v1(("198.51.100.7", 4711), ("192.0.2.9", 25)) + b"x"])

    def test_a_proxy_header_in_pieces_with_the_client_hello_behind_it(self) -> None:
        self.open(self.backend(), (ip_network("127.0.0.0/8"),), tls=self.tls)
        client = self.client()
        header = encode_v2(("198.51.100.7", 4711), ("192.0.2.9", 25))
        self.send(client, header[:20])
        client.stream.write(header[20:])
        self.secure(client)
        self.assertTrue(client.secured)

    def test_a_bad_proxy_header_ends_it(self) -> None:
        frontend = self.open(self.backend(), (ip_network("127.0.0.0/8"),), tls=self.tls)
        self.secure(self.client())
        self.assertEqual((self.ends, frontend.bad_prefaces), (["PR"], 1))

    def test_routes_go_by_the_name_of_the_handshake(self) -> None:
        other = self.servers_of(balance="roundrobin", server={"weight": 1})
        routes = SniTable([(("mail.example.com",), self.backend(other)), (("x.example.com",), self.backend())])
        self.open(None, tls=self.tls, routes=routes)
        self.assertTrue(self.secure(self.client()).secured)
        self.assertEqual(other.sessions, 1)

    def test_a_client_that_closes_without_saying_so_in_tls_was_cut_off(self) -> None:
        self.open(self.backend(), tls=self.tls)
        client = self.client()
        below = client.stream
        self.secure(client)
        below.write_eof()
        self.settle()
        self.assertEqual(self.ends, ["CD"])

    def test_behind_a_header_limits_are_the_clients_and_come_before_its_handshake(self) -> None:
        admission = Admission(SourceKeys(), present=Presence(1))
        self.open(self.backend(), accept_proxy=(ip_network("127.0.0.0/8"),), tls=self.tls, admission=admission)
        secured = []
        for host in ("198.51.100.7", "198.51.100.7", "198.51.100.8"):
            client = self.client()
            client.stream.write(encode_v2((host, 4711), ("192.0.2.9", 25)))
            secured.append(self.secure(client).secured)
        self.assertEqual(secured, [True, False, True])
        self.assertEqual(self.ends, ["PR"])


class ServerTLSTests(TLSStage):
    """TLS towards servers."""

    def setUp(self) -> None:
        super().setUp()
        self.peer = TLSPeer(server_context(certificate()), greeting=b"220 tls\r\n")
        self.network.listen(("192.0.2.3", 2525), self.peer).resume()
        self.addresses = {"one": ("192.0.2.3", 2525), "two": ("192.0.2.2", 2525)}

    def to(self, name: str = "mail.example.com", **options: object) -> object:
        return self.backend(tls={"one": ClientTLS(name, True, self.context)}, **options)

    def plain(self) -> Recorder:
        client = Recorder()
        self.network.connect(FRONT, client, 5.0)
        self.settle()
        return client

    def test_bytes_go_both_ways(self) -> None:
        self.open(self.to())
        client = self.plain()
        self.assertEqual(client.data, b"220 tls\r\n")
        self.send(client, b"EHLO x\r\n")
        self.assertEqual(self.peer.sessions[0].data, b"EHLO x\r\n")
        self.assertEqual(self.peer.sessions[0].sni, "mail.example.com")

    def test_from_tls_to_tls(self) -> None:
        self.open(self.to(), tls=self.tls)
        client = self.secure(self.client())
        self.send(client, b"EHLO x\r\n")
        self.assertEqual((client.data, self.peer.sessions[0].data), (b"220 tls\r\n", b"EHLO x\r\n"))

    def test_a_proxy_header_comes_before_it(self) -> None:
        self.peer.starttls = lambda data: (b"", data.endswith(b"\r\n"))
        self.open(self.to(send_proxy={"one": "v1"}))
        client = self.plain()
        self.assertEqual(client.data, b"220 tls\r\n")

    def test_a_certificate_of_another_name_counts_as_a_failed_connect_and_another_server_is_tried(self) -> None:
        backend = self.to("other.example.com", retries=1)
        self.open(backend)
        client = self.plain()
        client.stream.write(b"not lost")
        self.settle()
        self.assertEqual(self.got("two"), [b"not lost"])
        client.stream.close()
        self.servers["two"].sessions[0].stream.close()
        self.settle()
        self.assertEqual((self.records[0].retries, self.records[0].redispatched, self.records[0].server), (1, True, "two"))

    def test_a_server_that_does_not_shake_hands_in_time_is_left(self) -> None:
        self.network.ports.pop(("192.0.2.3", 2525))
        self.network.listen(("192.0.2.3", 2525), self.servers["one"]).resume()
        self.open(self.to(retries=0))
        client = self.plain()
        self.clock.advance(3.2)
        self.settle()
        self.assertEqual((self.ends, client.eof), (["sC"], True))

    def test_a_server_that_goes_down_during_it_loses_the_client_to_another(self) -> None:
        self.network.ports.pop(("192.0.2.3", 2525))
        self.network.listen(("192.0.2.3", 2525), self.servers["one"]).resume()
        backend = self.to()
        one = backend.pool.servers["one"]
        backend.pool.on_marked_down = "shutdown-sessions"
        self.open(backend)
        client = self.plain()
        one.set_admin(pool.Admin.MAINT, self.clock.seconds())
        self.settle()
        client.stream.write(b"not lost")
        self.settle()
        self.assertEqual((self.got("two"), one.sessions), ([b"not lost"], 0))

    def test_a_client_that_leaves_during_it_takes_the_servers_connection_with_it(self) -> None:
        self.network.ports.pop(("192.0.2.3", 2525))
        self.network.listen(("192.0.2.3", 2525), self.servers["one"]).resume()
        backend = self.to()
        self.open(backend)
        client = self.plain()
        client.stream.abort()
        self.settle()
        self.assertEqual((self.ends, backend.pool.sessions), (["CC"], 0))

    def test_with_abortonclose_a_client_that_closes_during_it_is_seen_too(self) -> None:
        self.network.ports.pop(("192.0.2.3", 2525))
        self.network.listen(("192.0.2.3", 2525), self.servers["one"]).resume()
        backend = self.to(abortonclose=True)
        self.open(backend)
        client = self.plain()
        client.stream.close()
        self.settle()
        self.assertEqual((self.ends, backend.pool.sessions), (["CC"], 0))


class MappedServerTests(Stage):
    """A server whose port its endpoint mapper tells is connected to there, and nowhere else."""

    def setUp(self) -> None:
        super().setUp()
        self.pool = pool.Backend("hub", "first", rng=Random(1))
        self.server = pool.Server("one", pool.Host("one", "192.0.2.1"), "192.0.2.1", None, interface="emsmdb", now=1000.0)
        self.pool.add(self.server, 1000.0)
        self.open(self.backend(self.pool))

    def test_sessions_go_to_the_port_that_was_told(self) -> None:
        self.server.mapped(2525, 1000.0)
        self.send(self.client(), b"hello")
        self.assertEqual(self.got("one"), [b"hello"])

    def test_without_one_nobody_goes_to_the_port_that_was_reached(self) -> None:
        client = self.client()
        self.assertEqual({attempt.address for attempt in self.network.attempts}, {FRONT})
        self.server.mapped(2525, 1001.0)
        self.settle()
        self.send(client, b"hello")
        self.assertEqual(self.got("one"), [b"hello"])

    def test_who_comes_to_a_service_that_has_moved_gets_there_with_the_next_attempt(self) -> None:
        self.server.mapped(2526, 1000.0)
        self.server.when_in_doubt(lambda: self.clock.callLater(0, self.server.mapped, 2525, 1000.0))
        client = self.client()
        self.clock.advance(TURNAROUND)
        self.send(client, b"hello")
        self.assertEqual(self.got("one"), [b"hello"])

    def test_one_that_rests_while_the_port_is_lost_connects_to_nothing(self) -> None:
        self.server.mapped(2526, 1000.0)
        client = self.client()
        self.server.unmapped("there is no emsmdb", 1000.0)
        self.clock.advance(TURNAROUND)
        self.settle()
        self.assertTrue(client.lost or client.eof)
        self.assertEqual(
            [attempt.address for attempt in self.network.attempts if attempt.address != FRONT], [("192.0.2.1", 2526)]
        )
