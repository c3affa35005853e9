"""A configuration comes to life, and ends in order."""

import errno
import gc
from collections import Counter
from pathlib import Path
from typing import Any

import attrs

from exproxy.config import model
from exproxy.config.addresses import PortRange
from exproxy.pool import Admin, Operational
from exproxy.proxy.dynamic import Spot
from exproxy.site import core
from exproxy.site.errors import SiteError
from tests.net.memory import MemoryNetwork, Recorder
from tests.site.stage import SiteStage


def mapping(backend: str = "hub") -> model.Frontend:
    """In mode ``epm``, which opens ports for what servers offer."""
    mapper = model.Mapper(others="dynamic", dynamic_ports=PortRange(40000, 40001))
    return model.Frontend("epm", "epm", (model.Bind("192.0.2.9", 135, 135),), backend, mapper=mapper)


class ApplyTests(SiteStage):
    def test_applied_everything_is_bound_and_nobody_let_in(self) -> None:
        self.site.apply(self.configuration(self.server("one", "192.0.2.1")))
        self.assertTrue(self.network.ports["192.0.2.9", 25].paused)

    def test_a_port_in_use_is_said_and_nothing_is_held(self) -> None:
        self.peer("192.0.2.9")
        path = Path(self.mktemp())
        configuration = self.configuration(self.server("one", "192.0.2.1"), log=model.Log(access=path))
        error = self.assertRaises(SiteError, self.site.apply, configuration)
        self.assertIn("frontends.smtp: cannot listen on 192.0.2.9:25", str(error))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_more_sessions_than_descriptors_are_refused_with_the_numbers(self) -> None:
        configuration = self.configuration(self.server("one", "192.0.2.1"), maxconn=2_000_000_000)
        error = self.assertRaises(SiteError, self.site.apply, configuration)
        self.assertIn("service.maxconn: maxconn = 2000000000 needs 4000000", str(error))

    def test_ports_that_may_be_opened_later_need_descriptors_too(self) -> None:
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        epm = attrs.evolve(
            configuration.frontends["smtp"], mapper=model.Mapper(others="dynamic", dynamic_ports=PortRange(1, 60_000))
        )
        needs: list[int] = []
        self.patch(core, "ensure", lambda need: needs.append(need.total))
        for frontend in (configuration.frontends["smtp"], epm):
            core.ensure_descriptors(attrs.evolve(configuration, frontends={"smtp": frontend}))
        self.assertEqual(needs[1] - needs[0], 60_000)

    def test_it_cannot_be_started_without_a_configuration(self) -> None:
        self.assertRaises(RuntimeError, self.site.start)


class LifeTests(SiteStage):
    def test_clients_reach_servers(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1")))
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_checks_take_a_dead_server_out(self) -> None:
        self.peer("192.0.2.2", greeting=b"220 two\r\n")
        servers = self.server("one", "192.0.2.1", self.check()), self.server("two", "192.0.2.2", self.check())
        self.start(self.configuration(*servers))
        self.settle(2.0)
        before = len(self.network.attempts)
        self.assertEqual(self.client().data, b"220 two\r\n")
        self.assertNotIn("192.0.2.1", [attempt.address[0] for attempt in self.network.attempts[before:]])

    def test_a_client_that_comes_before_the_first_checks_are_done_waits_for_them(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1", self.check())))
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_a_server_is_found_by_name_and_followed(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.peer("192.0.2.2", greeting=b"220 two\r\n")
        self.names.known["mx.example.com"] = "192.0.2.1"
        self.start(self.configuration(self.server("mx", "mx.example.com")))
        self.assertEqual(self.client().data, b"220 one\r\n")
        self.names.known["mx.example.com"] = "192.0.2.2"
        self.settle(40.0)
        self.assertEqual(self.client().data, b"220 two\r\n")

    def test_when_dns_fails_the_last_answer_is_kept(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.names.known["mx.example.com"] = "192.0.2.1"
        self.start(self.configuration(self.server("mx", "mx.example.com")))
        self.names.known.clear()
        self.settle(60.0)
        self.assertGreater(len(self.names.asked), 1)
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_a_name_that_dns_does_not_know_keeps_nobody_waiting(self) -> None:
        self.start(self.configuration(self.server("mx", "mx.example.com")))
        client = self.client()
        self.assertTrue(client.lost or client.eof)


class EndTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1", greeting=b"220 one\r\n")

    def test_without_sessions_it_ends_at_once_and_leaves_nothing_behind(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1", self.check())))
        ended = self.site.stop()
        self.settle()
        self.assertOver(ended)
        self.settle(2.0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def assertOver(self, ended: object) -> None:
        self.assertIsNone(self.successResultOf(ended))

    def test_live_sessions_may_end_by_themselves_and_no_new_one_begins(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1")))
        client = self.client()
        ended = self.site.stop()
        self.settle()
        self.assertNoResult(ended)
        self.assertNotIn(("192.0.2.9", 25), self.network.ports)
        client.stream.close()
        self.settle()
        self.assertIsNone(self.successResultOf(ended))

    def test_after_the_drain_time_they_are_cut(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1"), drain=3.0))
        client = self.client()
        ended = self.site.stop()
        self.settle(4.0)
        self.settle()
        self.assertTrue(client.lost)
        self.assertIsNone(self.successResultOf(ended))

    def test_hurried_they_are_cut_at_once(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1")))
        client = self.client()
        ended = self.site.stop()
        self.site.hurry()
        self.settle()
        self.assertTrue(client.lost)
        self.assertIsNone(self.successResultOf(ended))

    def test_the_last_access_lines_are_written(self) -> None:
        path = Path(self.mktemp())
        self.start(self.configuration(self.server("one", "192.0.2.1"), log=model.Log(access=path)))
        self.client().stream.close()
        self.settle()
        self.site.stop()
        self.settle()
        self.assertEqual(len(path.read_text().splitlines()), 1)

    def test_logs_are_reopened(self) -> None:
        path = Path(self.mktemp())
        self.start(self.configuration(self.server("one", "192.0.2.1"), log=model.Log(access=path)))
        path.rename(path.with_suffix(".1"))
        self.site.reopen_logs()
        self.assertTrue(path.exists())
        self.site.stop()
        self.settle()


class ReloadTests(SiteStage):
    """Another configuration while clients are there."""

    def setUp(self) -> None:
        super().setUp()
        addresses = {"one": "192.0.2.1", "two": "192.0.2.2"}
        self.peers = [self.peer(address, greeting=f"220 {name}\r\n".encode()) for name, address in addresses.items()]

    @property
    def live(self) -> Any:
        return self.site._live

    def two(self, *names: str, **service: Any) -> model.Configuration:
        """Front end ``smtp`` with these servers of ``hub``, which are up at once."""
        addresses = {"one": "192.0.2.1", "two": "192.0.2.2"}
        return self.configuration(*(self.server(name, addresses[name]) for name in names), **service)

    def with_front(self, configuration: model.Configuration, **said: Any) -> model.Configuration:
        frontend = attrs.evolve(configuration.frontends["smtp"], **said)
        return attrs.evolve(configuration, frontends={"smtp": frontend})

    def greeting(self) -> bytes:
        return bytes(self.client().data)

    def lives(self, client: Recorder) -> bool:
        return not client.lost and not client.eof

    def seen(self) -> Any:
        return self.live.admin._overview.snapshot()

    def test_a_server_that_is_added_gets_clients_and_nobody_loses_his_session(self) -> None:
        self.start(self.two("one"))
        first = self.client()
        self.assertEqual(self.site.apply(self.two("one", "two")), ("server hub/two was added",))
        self.assertEqual({self.greeting(), self.greeting()}, {b"220 one\r\n", b"220 two\r\n"})
        self.assertTrue(self.lives(first))

    def test_a_server_that_is_removed_gets_nobody_and_goes_with_its_last_session(self) -> None:
        self.start(self.two("one", "two"))
        clients = [self.client(), self.client()]
        self.site.apply(self.two("two"))
        self.assertEqual({self.greeting() for _ in range(3)}, {b"220 two\r\n"})
        self.assertTrue(all(self.lives(client) for client in clients))
        (backend,) = self.seen().backends
        self.assertEqual([(server.name, server.sessions) for server in backend.servers], [("two", 4), ("one", 1)])
        self.assertIn("not in the configuration any more", backend.servers[1].condition)
        (old,) = [client for client in clients if client.data == b"220 one\r\n"]
        old.stream.close()
        self.settle(2.0)
        (backend,) = self.seen().backends
        self.assertEqual([server.name for server in backend.servers], ["two"])

    def test_its_sessions_can_be_ended_by_hand(self) -> None:
        self.start(self.two("one"))
        client = self.client()
        self.site.apply(self.two("two"))
        one = self.live.pools.backends["hub"].pool.servers["one"]
        self.assertEqual(self.successResultOf(self.live.admin._numbers.end_sessions(one)), 1)
        self.settle()
        self.assertFalse(self.lives(client))

    def test_a_mapper_that_is_removed_stays_as_long_as_a_port_that_it_opened_has_a_session(self) -> None:
        plain = self.two("one")
        self.start(attrs.evolve(plain, frontends={**plain.frontends, "epm": mapping()}))
        client = Recorder()
        self.network.connect(self.opened(), client, 5.0)
        self.settle(2.0)
        self.assertEqual(
            [(one.name, one.sessions, one.bytes_out) for one in self.seen().frontends], [("smtp", 0, 0), ("epm", 1, 9)]
        )
        self.site.apply(plain)
        self.settle(2.0)
        self.assertTrue(self.lives(client))
        left = self.seen().frontends[1]
        self.assertEqual((left.name, left.mode, left.sessions, left.bytes_out), ("epm", "leaving", 1, 9))
        (session,) = self.successResultOf(self.live.admin._numbers.sessions("", 9, "epm"))
        self.successResultOf(self.live.admin._numbers.end_session(session.id))
        self.settle(2.0)
        self.assertFalse(self.lives(client))
        self.assertEqual([one.name for one in self.seen().frontends], ["smtp"])

    def test_who_may_ask_a_mapper_no_more_is_let_in_no_more_at_a_port_that_it_opened(self) -> None:
        plain = self.two("one")
        epm = mapping()
        self.start(attrs.evolve(plain, frontends={"epm": epm}))
        address = self.opened()
        before, after = Recorder(), Recorder()
        self.network.connect(address, before, 5.0)
        self.settle()
        stricter = attrs.evolve(epm, access=(model.Access("deny"),))
        self.site.apply(attrs.evolve(plain, frontends={"epm": stricter}))
        self.network.connect(address, after, 5.0)
        self.settle()
        self.assertEqual((before.data, after.data, after.lost), (b"220 one\r\n", b"", True))
        self.assertTrue(self.lives(before))

    def test_who_is_on_a_mapper_s_port_stays_when_servers_are_removed_whose_sessions_end_when_they_are_down(self) -> None:
        plain = self.two("one")
        epm = mapping("epm")
        rpc = model.Backend("epm", plain.backends["hub"].servers, on_marked_down="shutdown-sessions")
        tcp = model.Frontend("tcp", "tcp", (model.Bind("192.0.2.9", 587, 587),), "epm")
        backends = {"epm": rpc, **plain.backends}
        self.start(attrs.evolve(plain, frontends={"epm": epm, "tcp": tcp, **plain.frontends}, backends=backends))
        mapped, other = Recorder(), Recorder()
        self.network.connect(self.opened("epm"), mapped, 5.0)
        self.network.connect(("192.0.2.9", 587), other, 5.0)
        self.settle(2.0)
        self.assertEqual([self.lives(mapped), self.lives(other)], [True, True])
        self.site.apply(plain)
        self.settle(2.0)
        self.assertEqual([self.lives(mapped), self.lives(other)], [True, True])

    def test_nobody_comes_any_more_to_a_mapper_s_port_whose_server_was_removed(self) -> None:
        epm = mapping()
        self.start(attrs.evolve(self.two("one", "two"), frontends={"epm": epm}))
        address = self.opened()
        before, after = Recorder(), Recorder()
        self.network.connect(address, before, 5.0)
        self.settle()
        self.site.apply(attrs.evolve(self.two("two"), frontends={"epm": epm}))
        self.settle(2.0)
        self.network.connect(address, after, 5.0)
        self.settle(2.0)
        self.assertEqual((before.data, after.data, after.eof or after.lost), (b"220 one\r\n", b"", True))
        self.assertTrue(self.lives(before))

    def test_who_waits_for_a_port_that_a_mapper_opened_is_let_in_before_it_is_closed(self) -> None:
        plain = self.two("one")
        epm = mapping()
        self.start(attrs.evolve(plain, frontends={**plain.frontends, "epm": epm}))
        client = self.knocks(self.opened()[1])
        self.site.apply(plain)
        self.assertNotIn(("192.0.2.9", 40000), self.network.ports)
        self.settle(2.0)
        self.assertEqual(client.data, b"220 one\r\n")
        self.assertTrue(self.lives(client))
        self.assertEqual([(one.name, one.sessions) for one in self.seen().frontends], [("smtp", 0), ("epm", 1)])

    def test_one_that_comes_back_is_the_same(self) -> None:
        self.start(self.two("one", "two"))
        clients = [self.client(), self.client()]
        for names in (("two",), ("one", "two")):
            self.site.apply(self.two(*names))
        one = self.live.pools.backends["hub"].pool.servers["one"]
        self.assertEqual((one.leaving, one.sessions, one.total), (False, 1, 1))
        self.assertTrue(all(self.lives(client) for client in clients))

    def test_what_was_found_set_and_counted_stays(self) -> None:
        checked = self.server("one", "192.0.2.1", self.check()), self.server("two", "192.0.2.2", self.check())
        self.start(self.configuration(*checked))
        self.settle(2.0)
        self.client()
        now = self.reactor.seconds()
        pools = self.live.pools
        pools.hosts["192.0.2.1"].set_admin(Admin.DRAIN, now)
        hub = pools.backends["hub"].pool
        hub.servers["two"].set_weight(7, now)
        histories = [len(server.health.history) for server in hub.servers.values()]
        more = self.configuration(*checked, self.server("three", "192.0.2.3", self.check()))
        self.site.apply(self.with_front(more, maxconn=50))
        one, two, three = hub.servers.values()
        self.assertEqual((one.admin, one.operational, two.operational), (Admin.DRAIN, Operational.UP, Operational.UP))
        self.assertEqual((two.weight, three.operational), (7, Operational.STARTING))
        self.assertEqual([len(server.health.history) for server in (one, two)], histories)
        self.assertEqual(one.total + two.total, 1)
        self.assertEqual(self.live.serving.fronts.frontends["smtp"].total, 1)

    def test_a_weight_of_the_file_that_changes_is_newer_than_one_that_was_set_by_hand(self) -> None:
        self.start(self.two("one"))
        self.live.pools.backends["hub"].pool.servers["one"].set_weight(7, self.reactor.seconds())
        self.site.apply(self.configuration(attrs.evolve(self.server("one", "192.0.2.1"), weight=3)))
        self.assertEqual(self.live.pools.backends["hub"].pool.servers["one"].weight, 3)

    def test_a_server_that_moves_is_checked_anew_and_stays_as_it_was_set(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1", self.check())))
        self.settle(2.0)
        one = self.live.pools.backends["hub"].pool.servers["one"]
        first = self.client()
        one.set_admin(Admin.DRAIN, self.reactor.seconds())
        moved = attrs.evolve(self.server("one", "192.0.2.2", self.check()), host="192.0.2.1")
        self.site.apply(self.configuration(moved))
        self.assertEqual((one.operational, one.address, one.admin), (Operational.STARTING, "192.0.2.2", Admin.DRAIN))
        one.set_admin(Admin.READY, self.reactor.seconds())
        client = self.client()
        self.assertEqual(client.data, b"", "it waits for the first check")
        self.settle(2.0)
        self.assertEqual(client.data, b"220 two\r\n")
        self.assertTrue(self.lives(first))

    def test_checks_that_are_the_same_keep_their_moments_and_others_begin_anew(self) -> None:
        kept, changed = self.server("one", "192.0.2.1", self.check()), self.server("two", "192.0.2.2", self.check())
        self.start(self.configuration(kept, changed))
        self.settle(2.0)
        watched = self.live.watching._checks._watched
        hub = self.live.pools.backends["hub"].pool
        before = {name: watched[hub.servers[name]] for name in ("one", "two")}
        self.site.apply(self.configuration(attrs.evolve(kept, weight=9), self.server("two", "192.0.2.2", self.check(fall=9))))
        self.assertIs(watched[hub.servers["one"]], before["one"])
        self.assertIsNot(watched[hub.servers["two"]], before["two"])
        self.assertEqual(hub.servers["two"].operational, Operational.UP)
        self.assertEqual(hub.servers["two"].health.checks["tcp"].spec.fall, 9)

    def test_a_port_that_stays_is_never_closed_and_one_that_is_new_is_opened(self) -> None:
        self.start(self.two("one"))
        port = self.network.ports["192.0.2.9", 25]
        both = (model.Bind("192.0.2.9", 25, 25), model.Bind("192.0.2.9", 587, 587))
        self.site.apply(self.with_front(self.two("one"), binds=both))
        self.assertIs(self.network.ports["192.0.2.9", 25], port)
        self.assertFalse(self.network.ports["192.0.2.9", 587].paused)
        self.assertEqual(self.seen().frontends[0].addresses, ("192.0.2.9:25", "192.0.2.9:587"))
        self.site.apply(self.two("one"))
        self.assertNotIn(("192.0.2.9", 587), self.network.ports)
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_who_waits_in_the_backlog_of_a_port_that_is_removed_is_served(self) -> None:
        both = (model.Bind("192.0.2.9", 25, 25), model.Bind("192.0.2.9", 587, 587))
        self.start(self.with_front(self.two("one"), binds=both))
        client = self.knocks(587)
        self.site.apply(self.two("one"))
        self.assertNotIn(("192.0.2.9", 587), self.network.ports)
        self.settle()
        self.assertEqual(client.data, b"220 one\r\n")
        self.assertTrue(self.lives(client))

    def test_so_is_who_waits_for_a_front_end_that_goes_with_its_back_end(self) -> None:
        before = self.two("one")
        self.start(before)
        client = self.knocks(25)
        other = attrs.evolve(before.frontends["smtp"], name="other", binds=(model.Bind("192.0.2.9", 587, 587),), backend="web")
        web = model.Backend("web", (self.server("two", "192.0.2.2"),))
        self.site.apply(attrs.evolve(before, frontends={"other": other}, backends={"web": web}))
        self.settle()
        self.assertEqual(client.data, b"220 one\r\n")
        self.assertEqual([(one.name, one.sessions) for one in self.seen().frontends], [("other", 0), ("smtp", 1)])
        client.stream.close()
        self.settle(2.0)
        self.assertEqual([one.name for one in self.seen().frontends], ["other"])

    def test_a_request_of_such_a_client_is_answered(self) -> None:
        before = self.with_front(self.two("one"), mode="http", web=model.Web())
        self.peers[0].greeting = b""
        self.start(before)
        client = self.knocks(25)
        self.site.apply(attrs.evolve(before, frontends={}))
        self.settle()
        client.stream.write(b"GET / HTTP/1.1\r\nHost: mail\r\n\r\n")
        self.settle()
        self.peers[0].sessions[-1].stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        self.settle()
        self.assertTrue(client.data.startswith(b"HTTP/1.1 200 OK\r\n"), client.data)
        self.assertTrue(client.eof)

    def test_when_the_process_ends_instead_nobody_new_is_let_in(self) -> None:
        self.start(self.two("one"))
        client = self.knocks(25)
        self.site.stop()
        self.settle()
        self.assertTrue(client.lost)

    def opened(self, backend: str = "hub") -> tuple[str, int]:
        """Where a client of server ``one`` is told to go by the front end of :func:`mapping`."""
        mapper: Any = self.live.serving.fronts.frontends["epm"].join
        server = self.live.pools.backends[backend].pool.servers["one"]
        return "192.0.2.9", mapper.__self__.dynamic.port(Spot("192.0.2.9"), server, 25)

    def knocks(self, port: int) -> Recorder:
        """A client who has connected and whom nobody has accepted yet."""
        client = Recorder()
        self.network.knock(("192.0.2.9", port), client)
        return client

    def test_a_port_may_go_from_one_front_end_to_another(self) -> None:
        self.start(self.two("one"))
        port = self.network.ports["192.0.2.9", 25]
        client = self.client()
        configuration = self.two("one")
        other = attrs.evolve(configuration.frontends["smtp"], name="other", maxconn=1)
        self.site.apply(attrs.evolve(configuration, frontends={"other": other}))
        self.assertIs(self.network.ports["192.0.2.9", 25], port)
        self.assertEqual(self.client().data, b"220 one\r\n")
        self.assertEqual([(one.name, one.sessions) for one in self.seen().frontends], [("other", 1), ("smtp", 1)])
        self.assertTrue(port.paused, "the other one has no room for more")
        client.stream.close()
        self.settle(2.0)
        self.assertEqual([one.name for one in self.seen().frontends], ["other"])
        self.assertTrue(self.lives(client) or client.lost)

    def test_limits_change_for_those_who_come(self) -> None:
        self.start(self.two("one"))
        clients = [self.client() for _ in range(3)]
        self.site.apply(self.with_front(self.two("one", maxconn=50), maxconn=2))
        self.assertTrue(all(self.lives(client) for client in clients))
        self.assertTrue(self.network.ports["192.0.2.9", 25].paused)
        self.assertEqual(self.live.serving.gate.maxconn, 50)
        for client in clients[:2]:
            client.stream.close()
        self.settle()
        self.assertFalse(self.network.ports["192.0.2.9", 25].paused)

    def test_a_back_end_that_is_removed_goes_with_its_last_session(self) -> None:
        before = self.two("one")
        self.start(before)
        client = self.client()
        web = model.Backend("web", (self.server("two", "192.0.2.2"),))
        after = attrs.evolve(self.with_front(before, backend="web"), backends={"web": web})
        self.site.apply(after)
        self.assertEqual(self.client().data, b"220 two\r\n")
        self.assertEqual([backend.name for backend in self.seen().backends], ["web", "hub"])
        client.stream.close()
        self.settle(2.0)
        self.assertEqual([backend.name for backend in self.seen().backends], ["web"])
        self.assertEqual([host.name for host in self.seen().hosts], ["192.0.2.2"])

    def test_who_waits_for_a_server_gets_one_of_the_new(self) -> None:
        full = attrs.evolve(self.server("one", "192.0.2.1"), maxconn=1)
        self.start(self.configuration(full))
        clients = [self.client(), self.client()]
        self.assertEqual(clients[1].data, b"")
        self.site.apply(self.configuration(full, self.server("two", "192.0.2.2")))
        self.settle()
        self.assertEqual(clients[1].data, b"220 two\r\n")

    def test_a_table_is_kept_and_shrinks(self) -> None:
        table = model.Table("hub")
        backend = model.Backend("hub", (self.server("one", "192.0.2.1"),), persistence=model.Persistence("hub"))
        before = attrs.evolve(self.two("one"), tables={"hub": table}, backends={"hub": backend})
        self.start(before)
        self.client()
        groups = self.live.pools.groups
        group = groups["hub"]
        group.table.bind(b"\xc0\x00\x02\x63", "192.0.2.1", self.reactor.seconds())
        self.site.apply(attrs.evolve(before, tables={"hub": attrs.evolve(table, size=1, expire=9.0)}))
        self.assertIs(groups["hub"], group)
        self.assertEqual((len(group.table), group.table.size, group.table.expire_after), (1, 1, 9.0))
        self.site.apply(attrs.evolve(before, tables={"hub": attrs.evolve(table, ipv4_prefix=24)}))
        self.assertEqual(len(groups["hub"].table), 0)
        self.client()
        self.assertEqual(len(groups["hub"].table), 1)

    def test_one_that_cannot_be_had_leaves_all_as_it_was(self) -> None:
        self.start(self.two("one"))
        client = self.client()
        ports, timers = dict(self.network.ports), len(self.reactor.getDelayedCalls())
        self.peer("192.0.2.9", 143)
        binds = tuple(model.Bind("192.0.2.9", port, port) for port in (25, 587, 143))
        wanted = self.with_front(self.two("two", maxconn=5), binds=binds)
        error = self.assertRaises(SiteError, self.site.apply, wanted)
        self.assertIn("cannot listen on 192.0.2.9:143", str(error))
        self.assertEqual({address for address in self.network.ports if address[1] != 143}, {*ports})
        self.assertEqual(self.live.serving.gate.maxconn, model.Service().maxconn)
        self.assertEqual(self.client().data, b"220 one\r\n")
        self.assertTrue(self.lives(client))
        self.assertEqual(len(self.reactor.getDelayedCalls()), timers)

    def test_a_low_port_that_may_not_be_bound_any_more_leaves_all_as_it_was_and_says_why(self) -> None:
        self.start(self.two("one"))
        listen = MemoryNetwork.listen

        def without_rights(network: MemoryNetwork, address: Any, *rest: Any) -> Any:
            if address[1] < 1024:
                raise PermissionError(errno.EACCES, "Permission denied")
            return listen(network, address, *rest)

        self.patch(MemoryNetwork, "listen", without_rights)
        binds = tuple(model.Bind("192.0.2.9", port, port) for port in (25, 2525, 143))
        error = self.assertRaises(SiteError, self.site.apply, self.with_front(self.two("two"), binds=binds))
        self.assertIn("cannot listen on 192.0.2.9:143: Permission denied; ports below 1024 need a right", str(error))
        self.assertNotIn(("192.0.2.9", 2525), self.network.ports)
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_so_does_a_log_that_cannot_be_opened(self) -> None:
        self.start(self.two("one"))
        path = Path(self.mktemp())
        path.mkdir()
        binds = (model.Bind("192.0.2.9", 25, 25), model.Bind("192.0.2.9", 587, 587))
        wanted = self.with_front(self.two("one", log=model.Log(access=path)), binds=binds)
        self.assertIn("service.log.access", str(self.assertRaises(SiteError, self.site.apply, wanted)))
        self.assertNotIn(("192.0.2.9", 587), self.network.ports)

    def test_a_port_that_overlaps_with_our_own_is_told_as_that(self) -> None:
        self.start(self.two("one"))
        self.peer("0.0.0.0", 25)
        wanted = self.with_front(self.two("one"), binds=(model.Bind("0.0.0.0", 25, 25),))
        error = self.assertRaises(SiteError, self.site.apply, wanted)
        self.assertIn("we listen on 192.0.2.9:25 ourselves", str(error))

    def test_what_needs_a_restart_is_refused_by_name(self) -> None:
        self.start(self.two("one"))
        error = self.assertRaises(SiteError, self.site.apply, self.two("one", workers=2))
        self.assertIn("service.workers: 2 instead of 1 needs a restart", str(error))

    def test_access_lines_go_to_the_new_log_from_then_on(self) -> None:
        paths = [Path(self.mktemp()), Path(self.mktemp())]
        self.start(self.two("one", log=model.Log(access=paths[0])))
        for path in paths:
            self.client().stream.close()
            self.settle()
            if path is paths[0]:
                self.site.apply(self.two("one", log=model.Log("json", access=paths[1])))
        self.settle(1.0)
        first, second = (path.read_text().splitlines() for path in paths)
        self.assertEqual((len(first), len(second)), (1, 1))
        self.assertTrue(second[0].startswith("{"))

    def test_it_ends_as_ever_with_sessions_of_what_was_removed(self) -> None:
        self.start(self.two("one"))
        client = self.client()
        configuration = self.two("two")
        other = attrs.evolve(configuration.frontends["smtp"], name="other")
        self.site.apply(attrs.evolve(configuration, frontends={"other": other}))
        ended = self.site.stop()
        self.settle()
        self.assertNoResult(ended)
        self.site.hurry()
        self.settle()
        self.assertFalse(self.lives(client))
        self.assertIsNone(self.successResultOf(ended))
        self.settle(2.0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_a_hundred_leave_nothing_behind(self) -> None:
        """What a configuration was made of is gone with the next one, but for what lives."""
        one, two = self.two("one"), self.with_front(self.two("two", maxconn=50), name="smtp", maxconn=7)
        self.start(one)
        kept = self.client()

        def count() -> Counter[str]:
            gc.collect()
            kinds = (type(thing) for thing in gc.get_objects())
            return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith("exproxy"))

        def reload_often() -> Counter[str]:
            for _ in range(25):
                for configuration in (two, one):
                    self.site.apply(configuration)
                    self.client().stream.close()
                    self.settle()
            self.settle(2.0)
            self.network.attempts.clear()
            self.network.streams.clear()
            for peer in self.peers:
                peer.sessions.clear()
            return count()

        before = reload_often()
        self.assertEqual(reload_often() - before, Counter())
        self.assertTrue(self.lives(kept))
