from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Backend, Group, Host, Lease, NoServer, Table, Ticket
from tests.pool.support import CHECK, FAILED, PASSED, Recorder, fail, get, heal, make_backend, make_server, stop

CLIENTS = [f"10.1.2.{number}" for number in range(1, 21)]


class OwnTableTests(SynchronousTestCase):
    """A group of one: persistence of a single back end."""

    def setUp(self) -> None:
        self.table = Table("hub", expire=60.0)
        self.group = Group(self.table)
        self.ex1 = make_server("ex1", checks=[CHECK])
        self.ex2 = make_server("ex2", checks=[CHECK])
        self.backend = make_backend(self.ex1, self.ex2, group=self.group)
        self.ex1.observe("smtp", PASSED, 0.0)
        self.ex2.observe("smtp", PASSED, 0.0)

    def name(self, client: str, now: float = 1.0) -> str:
        lease = get(self.backend, client, now)
        lease.release(now)
        return lease.server.name

    def test_a_client_stays_where_it_was(self) -> None:
        first = {client: self.name(client) for client in CLIENTS}
        self.assertEqual(set(first.values()), {"ex1", "ex2"})
        self.assertEqual({client: self.name(client) for client in reversed(CLIENTS)}, first)

    def test_the_lease_says_whether_the_table_chose(self) -> None:
        self.assertEqual([get(self.backend, "10.1.2.3").persistent for _ in range(2)], [False, True])

    def test_an_expired_choice_is_made_anew(self) -> None:
        self.name("10.1.2.1", 1.0)
        self.assertFalse(get(self.backend, "10.1.2.1", 61.0).persistent)

    def test_a_live_session_keeps_its_choice(self) -> None:
        get(self.backend, "10.1.2.1", 1.0)
        self.assertTrue(get(self.backend, "10.1.2.1", 1000.0).persistent)

    def test_a_client_without_an_address_is_served_and_not_remembered(self) -> None:
        get(self.backend)
        self.assertEqual(len(self.table), 0)

    def test_a_server_that_dies_loses_its_clients_to_the_other(self) -> None:
        for client in CLIENTS:
            self.name(client)
        fail(self.ex1)
        self.assertEqual({self.name(client, 11.0) for client in CLIENTS}, {"ex2"})
        heal(self.ex1)
        self.assertEqual({self.name(client, 21.0) for client in CLIENTS}, {"ex2"})

    def test_drain_and_weight_0_keep_their_clients_and_get_no_others(self) -> None:
        first = self.name("10.1.2.1")
        server = self.backend.servers[first]
        server.set_admin(Admin.DRAIN, 2.0)
        self.assertEqual(self.name("10.1.2.1"), first)
        server.set_admin(Admin.READY, 3.0)
        server.set_weight(0, 3.0)
        self.assertEqual(self.name("10.1.2.1"), first)
        self.assertNotIn(first, {self.name(client) for client in CLIENTS[1:]})

    def test_a_draining_server_keeps_its_clients_when_it_is_the_only_one(self) -> None:
        first = self.name("10.1.2.1")
        for server in (self.ex1, self.ex2):
            server.set_admin(Admin.DRAIN, 2.0)
        self.assertEqual(self.name("10.1.2.1"), first)
        self.assertRaises(NoServer, get, self.backend, "10.1.2.2")

    def test_stopping_and_maintenance_keep_nobody(self) -> None:
        for client in CLIENTS:
            self.name(client)
        stop(self.ex1)
        self.assertEqual({self.name(client, 11.0) for client in CLIENTS}, {"ex2"})
        heal(self.ex1)
        self.ex2.set_admin(Admin.MAINT, 21.0)
        self.assertEqual({self.name(client, 22.0) for client in CLIENTS}, {"ex1"})

    def test_avoiding_a_server_moves_the_client(self) -> None:
        tried = get(self.backend, "10.1.2.1").server
        other = get(self.backend, "10.1.2.1", avoid=tried)
        self.assertIsNot(other.server, tried)
        self.assertIs(get(self.backend, "10.1.2.1").server, other.server)

    def test_avoiding_the_only_server_leaves_the_client_there(self) -> None:
        self.ex2.set_admin(Admin.MAINT, 1.0)
        self.assertIs(get(self.backend, "10.1.2.1", avoid=self.ex1).server, self.ex1)

    def test_a_full_server_is_waited_for_while_others_have_room(self) -> None:
        first = get(self.backend, "10.1.2.1")
        first.server.set_maxconn(1, 1.0)
        waiting, other = Recorder(), Recorder()
        self.assertIsInstance(self.backend.acquire(waiting, self.backend.key_for("10.1.2.1"), 1.0), Ticket)
        self.assertEqual((first.server.queued, self.backend.queued), (1, 1))
        self.assertIsInstance(self.backend.acquire(other, self.backend.key_for("10.1.2.2"), 1.0), Lease)
        first.release(2.0)
        self.assertEqual([(lease.server, lease.persistent) for lease in waiting.leases], [(first.server, True)])

    def test_who_waits_for_a_server_that_dies_gets_another(self) -> None:
        first = get(self.backend, "10.1.2.1")
        first.server.set_maxconn(1, 1.0)
        waiting = Recorder()
        self.backend.acquire(waiting, self.backend.key_for("10.1.2.1"), 1.0)
        fail(first.server)
        self.assertEqual(len(waiting.leases), 1)
        self.assertIsNot(waiting.leases[0].server, first.server)

    def test_two_waiting_sessions_of_one_client_end_up_together(self) -> None:
        for server in (self.ex1, self.ex2):
            server.set_maxconn(1, 1.0)
        held = [get(self.backend, client) for client in CLIENTS[:2]]
        first, second = Recorder(), Recorder()
        for waiting in (first, second):
            self.backend.acquire(waiting, self.backend.key_for("10.9.9.9"), 1.0)
        held[0].release(2.0)
        held[1].release(3.0)
        self.assertEqual((len(first.leases), len(second.leases)), (1, 0))
        first.leases[0].release(4.0)
        self.assertIs(second.leases[0].server, first.leases[0].server)

    def test_forgetting_serves_who_waited_for_a_full_server(self) -> None:
        first = get(self.backend, "10.1.2.1")
        first.server.set_maxconn(1, 1.0)
        waiting = Recorder()
        self.backend.acquire(waiting, self.backend.key_for("10.1.2.1"), 1.0)
        self.assertEqual(self.group.clear(2.0), 1)
        self.assertEqual(len(waiting.leases), 1)


class SharedTableTests(SynchronousTestCase):
    """Exchange 2010: 135, RPC Client Access and Address Book stay together."""

    def setUp(self) -> None:
        self.table = Table("cas")
        self.group = Group(self.table)
        self.hosts = [Host("ex1", "10.0.0.1"), Host("ex2", "10.0.0.2")]
        self.epm = self.member("epm")
        self.rpc = self.member("rpc-ca")
        self.ab = self.member("rpc-ab")
        self.members = (self.epm, self.rpc, self.ab)

    def member(self, name: str, required: bool = True) -> Backend:
        servers = [make_server(host.name, host, checks=[CHECK]) for host in self.hosts]
        return make_backend(*servers, name=name, group=self.group, required=required)

    def start(self) -> None:
        for backend in self.members:
            for server in backend.servers.values():
                server.observe("smtp", PASSED, 0.0)

    def where(self, backend: Backend, client: str, now: float = 30.0) -> str:
        lease = get(backend, client, now)
        lease.release(now)
        return lease.server.name

    def test_a_client_finds_one_host_behind_all_members(self) -> None:
        self.start()
        for number, client in enumerate(CLIENTS):
            first = self.where(self.members[number % 3], client)
            self.assertEqual([self.where(backend, client) for backend in self.members], [first] * 3)
        self.assertEqual({host for _, host, _ in self.table.entries()}, {"ex1", "ex2"})

    def test_a_host_is_chosen_only_while_all_members_are_up_there(self) -> None:
        self.start()
        fail(self.ab.servers["ex1"])
        self.assertEqual({self.where(self.epm, client) for client in CLIENTS}, {"ex2"})

    def test_when_one_dies_on_a_host_the_whole_group_moves(self) -> None:
        self.start()
        for client in CLIENTS:
            self.where(self.epm, client)
        fail(self.rpc.servers["ex1"])
        self.assertEqual({self.where(backend, client) for backend in (self.ab, self.epm) for client in CLIENTS}, {"ex2"})

    def test_who_moved_stays_moved(self) -> None:
        self.start()
        for client in CLIENTS:
            self.where(self.epm, client)
        fail(self.rpc.servers["ex1"])
        for client in CLIENTS:
            self.where(self.epm, client)
        heal(self.rpc.servers["ex1"])
        self.assertEqual({self.where(backend, client) for backend in self.members for client in CLIENTS}, {"ex2"})

    def test_the_table_is_not_rewritten_until_a_client_comes(self) -> None:
        """A short failure moves only who came meanwhile."""
        self.start()
        first = {client: self.where(self.epm, client) for client in CLIENTS}
        fail(self.rpc.servers["ex1"])
        heal(self.rpc.servers["ex1"])
        self.assertEqual({client: self.where(self.epm, client) for client in CLIENTS}, first)

    def test_a_member_that_drains_keeps_the_groups_clients_and_takes_no_new_ones(self) -> None:
        self.start()
        bound = next(client for client in CLIENTS if self.where(self.epm, client) == "ex1")
        self.ab.servers["ex1"].set_admin(Admin.DRAIN, 1.0)
        self.assertEqual(self.where(self.rpc, bound), "ex1")
        self.assertEqual({self.where(self.rpc, f"10.2.2.{number}") for number in range(10)}, {"ex2"})

    def test_avoiding_a_server_moves_the_client_for_all_members(self) -> None:
        self.start()
        tried = get(self.rpc, "10.1.2.1").server
        moved = get(self.rpc, "10.1.2.1", avoid=tried).server.name
        self.assertNotEqual(moved, tried.name)
        self.assertEqual([self.where(backend, "10.1.2.1") for backend in self.members], [moved] * 3)

    def test_without_a_complete_host_each_member_goes_on_and_nothing_is_remembered(self) -> None:
        self.start()
        fail(self.rpc.servers["ex1"])
        fail(self.ab.servers["ex2"])
        self.assertEqual({self.where(self.epm, client) for client in CLIENTS}, {"ex1", "ex2"})
        self.assertEqual({self.where(self.rpc, client) for client in CLIENTS}, {"ex2"})
        self.assertEqual(len(self.table), 0)

    def test_without_a_complete_host_what_is_remembered_is_kept(self) -> None:
        self.start()
        first = {client: self.where(self.epm, client) for client in CLIENTS}
        fail(self.rpc.servers["ex1"])
        fail(self.ab.servers["ex2"])
        for client in CLIENTS:
            self.where(self.epm, client)
        heal(self.rpc.servers["ex1"])
        heal(self.ab.servers["ex2"])
        self.assertEqual({client: self.where(self.epm, client) for client in CLIENTS}, first)

    def test_who_comes_before_all_members_are_checked_waits(self) -> None:
        waiting = Recorder()
        for server in self.epm.servers.values():
            server.observe("smtp", PASSED, 0.0)
        self.assertIsInstance(self.epm.acquire(waiting, self.epm.key_for("10.1.2.1"), 0.0), Ticket)
        self.rpc.servers["ex2"].observe("smtp", PASSED, 1.0)
        self.assertEqual(waiting.leases, [])
        self.ab.servers["ex2"].observe("smtp", PASSED, 2.0)
        self.assertEqual([lease.server.full_name for lease in waiting.leases], ["epm/ex2"])

    def test_who_waited_is_served_by_what_is_left_when_no_host_becomes_complete(self) -> None:
        waiting = Recorder()
        for server in self.epm.servers.values():
            server.observe("smtp", PASSED, 0.0)
        self.epm.acquire(waiting, self.epm.key_for("10.1.2.1"), 0.0)
        for server in self.rpc.servers.values():
            server.observe("smtp", FAILED, 1.0)
        self.assertEqual(len(waiting.leases), 1)

    def test_a_remembered_host_is_waited_for_while_a_new_member_is_checked(self) -> None:
        self.start()
        first = self.where(self.epm, "10.1.2.1")
        waiting = Recorder()
        late = self.member("late")
        other = next(server for name, server in late.servers.items() if name != first)
        other.observe("smtp", PASSED, 31.0)
        self.assertIsInstance(self.epm.acquire(waiting, self.epm.key_for("10.1.2.1"), 31.0), Ticket)
        late.servers[first].observe("smtp", PASSED, 32.0)
        self.assertEqual([lease.server.name for lease in waiting.leases], [first])

    def test_an_optional_member_follows_and_never_leads(self) -> None:
        web = self.member("web", required=False)
        self.members = (*self.members, web)
        self.start()
        first = {client: self.where(self.epm, client) for client in CLIENTS}
        self.assertEqual({client: self.where(web, client) for client in CLIENTS}, first)
        fail(web.servers["ex1"])
        self.assertEqual({self.where(web, client) for client in CLIENTS}, {"ex2"})
        self.assertEqual({client: self.where(self.epm, client) for client in CLIENTS}, first)

    def test_avoiding_a_server_of_an_optional_member_does_not_move_the_group(self) -> None:
        web = self.member("web", required=False)
        self.members = (*self.members, web)
        self.start()
        first = self.where(self.epm, "10.1.2.1")
        self.assertNotEqual(get(web, "10.1.2.1", avoid=web.servers[first]).server.name, first)
        self.assertEqual(self.where(self.epm, "10.1.2.1"), first)

    def test_a_member_that_retires_binds_nobody_any_more(self) -> None:
        self.start()
        fail(self.ab.servers["ex1"])
        self.ab.retire(30.0)
        self.assertEqual({self.where(self.epm, client) for client in CLIENTS}, {"ex1", "ex2"})
        self.assertEqual((self.group.members, len(self.table)), ((self.epm, self.rpc), len(CLIENTS)))

    def test_a_host_goes_into_maintenance_for_all_members_at_once(self) -> None:
        self.start()
        for client in CLIENTS:
            self.where(self.epm, client)
        self.hosts[0].set_admin(Admin.MAINT, 30.0)
        self.assertEqual({self.where(backend, client) for backend in self.members for client in CLIENTS}, {"ex2"})

    def test_a_host_that_one_required_member_does_not_have_is_never_chosen(self) -> None:
        third = Host("ex3", "10.0.0.3")
        self.epm.add(make_server("ex3", third), 0.0)
        for backend in self.members:
            for name in ("ex1", "ex2"):
                backend.servers[name].observe("smtp", PASSED, 0.0)
        self.assertEqual({self.where(self.epm, client) for client in CLIENTS}, {"ex1", "ex2"})


class CarriedTests(SynchronousTestCase):
    """Clients carry the host's name themselves: nothing is remembered here."""

    def setUp(self) -> None:
        self.table = Table("cas", kind="cookie")
        self.group = Group(self.table)
        self.hosts = [Host("ex1", "10.0.0.1"), Host("ex2", "10.0.0.2")]
        self.owa = self.member("owa")
        self.ecp = self.member("ecp")

    def member(self, name: str, required: bool = True, balance: str = "roundrobin") -> Backend:
        servers = [make_server(host.name, host, checks=[CHECK]) for host in self.hosts]
        backend = make_backend(*servers, name=name, group=self.group, required=required, balance=balance)
        for server in servers:
            server.observe("smtp", PASSED, 0.0)
        return backend

    def lease(self, backend: Backend, host: str | None, key: bytes | None = None) -> Lease:
        lease = backend.acquire(Recorder(), key, 1.0, (), host)
        assert isinstance(lease, Lease)
        lease.release(1.0)
        return lease

    def test_who_carries_nothing_is_balanced_and_told(self) -> None:
        leases = [self.lease(self.owa, None) for _ in range(4)]
        self.assertEqual([lease.server.name for lease in leases], ["ex1", "ex2"] * 2)
        self.assertEqual([(lease.lasting, lease.persistent) for lease in leases], [(True, False)] * 4)
        self.assertEqual(len(self.table), 0)

    def test_who_carries_a_name_goes_there_behind_all_members(self) -> None:
        for host in ("ex2", "ex1"):
            leases = [self.lease(backend, host) for backend in (self.owa, self.ecp) for _ in range(3)]
            self.assertEqual({lease.server.name for lease in leases}, {host})
            self.assertTrue(all(lease.persistent and lease.lasting for lease in leases))

    def test_a_name_that_nobody_has_is_no_matter(self) -> None:
        self.assertTrue(self.lease(self.owa, "ex3").lasting)
        self.assertIsNone(self.owa.bound(None, "ex3", 1.0))

    def test_who_carries_the_name_of_one_that_is_away_moves_for_good(self) -> None:
        fail(self.ecp.servers["ex1"])
        lease = self.lease(self.owa, "ex1")
        self.assertEqual((lease.server.name, lease.lasting, self.owa.bound(None, "ex1", 1.0)), ("ex2", True, None))

    def test_a_server_that_drains_keeps_who_carries_its_name(self) -> None:
        self.owa.servers["ex1"].set_admin(Admin.DRAIN, 1.0)
        self.assertEqual({self.lease(self.owa, None).server.name for _ in range(4)}, {"ex2"})
        self.assertEqual((self.lease(self.owa, "ex1").server.name, self.owa.bound(None, "ex1", 1.0)), ("ex1", "ex1"))

    def test_an_optional_member_does_not_tell_its_clients_to_stay_elsewhere(self) -> None:
        oab = self.member("oab", required=False)
        fail(oab.servers["ex1"])
        lease = self.lease(oab, "ex1")
        self.assertEqual((lease.server.name, lease.lasting), ("ex2", False))

    def test_without_a_complete_host_nobody_is_told_anything(self) -> None:
        fail(self.owa.servers["ex1"])
        fail(self.ecp.servers["ex2"])
        lease = self.lease(self.owa, "ex1")
        self.assertEqual((lease.server.name, lease.lasting), ("ex2", False))

    def test_who_waits_for_the_host_that_he_carries_gets_it(self) -> None:
        held = self.owa.acquire(Recorder(), None, 1.0, (), "ex1")
        assert isinstance(held, Lease)
        held.server.set_maxconn(1, 1.0)
        waiting = Recorder()
        self.assertIsInstance(self.owa.acquire(waiting, None, 1.0, (), "ex1"), Ticket)
        held.release(2.0)
        self.assertEqual([lease.server.name for lease in waiting.leases], ["ex1"])

    def test_no_key_is_wanted_unless_the_balancer_does(self) -> None:
        self.assertEqual((self.owa.needs_key, self.member("b", balance="source").needs_key), (False, True))
        self.lease(self.owa, None, b"key")
        self.assertEqual(len(self.table), 0)


class LearningTests(SynchronousTestCase):
    """Keys that servers make up."""

    def setUp(self) -> None:
        self.table = Table("cas", expire=60.0, kind="app-cookie")
        self.group = Group(self.table)
        self.backend = make_backend(make_server("ex1"), make_server("ex2"), group=self.group)

    def test_it_is_known_at_once(self) -> None:
        self.group.learn(b"key", "ex2", 1.0)
        self.assertEqual(self.backend.bound(b"key", None, 2.0), "ex2")
        lease = self.backend.acquire(Recorder(), b"key", 2.0)
        assert isinstance(lease, Lease)
        self.assertEqual((lease.server.name, lease.persistent, lease.lasting), ("ex2", True, True))

    def test_the_first_one_wins_until_it_expires(self) -> None:
        self.group.learn(b"key", "ex2", 1.0)
        self.group.learn(b"key", "ex1", 2.0)
        self.assertEqual(self.backend.bound(b"key", None, 3.0), "ex2")
        self.group.learn(b"key", "ex1", 100.0)
        self.assertEqual(self.backend.bound(b"key", None, 101.0), "ex1")

    def test_what_the_client_carries_comes_before_the_entry(self) -> None:
        self.group.learn(b"key", "ex2", 1.0)
        self.assertEqual(self.backend.bound(b"key", "ex1", 2.0), "ex1")
        lease = self.backend.acquire(Recorder(), b"key", 2.0, (), "ex1")
        assert isinstance(lease, Lease)
        self.assertEqual((lease.server.name, lease.entry), ("ex1", None))

    def test_when_where_he_carries_is_away_the_entry_counts(self) -> None:
        self.group.learn(b"key", "ex2", 1.0)
        self.backend.servers["ex1"].set_admin(Admin.MAINT, 1.0)
        self.assertEqual(self.backend.bound(b"key", "ex1", 2.0), "ex2")

    def test_another_process_decides_who_was_first(self) -> None:
        asked: list[tuple[bytes, str, str | None]] = []
        self.group.insert_elsewhere(lambda key, host, replaced: asked.append((key, host, replaced)))
        self.group.learn(b"key", "ex2", 1.0)
        self.group.learn(b"key", "ex2", 1.0)
        self.assertEqual(asked, [(b"key", "ex2", None)])
        self.assertEqual(self.backend.bound(b"key", None, 1.0), "ex2")
        self.group.answered(b"key", "ex1", 2.0)
        self.assertEqual(self.backend.bound(b"key", None, 2.0), "ex1")

    def test_who_has_no_key_is_balanced_by_address_and_not_remembered(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2"), group=self.group, balance="source")
        got = [backend.acquire(Recorder(), None, 1.0, address=bytes((192, 0, 2, last))) for last in (*range(20), *range(20))]
        names = [lease.server.name for lease in got if isinstance(lease, Lease)]
        self.assertEqual({*names}, {"ex1", "ex2"})
        self.assertEqual(names[:20], names[20:])
        self.assertEqual(len(self.table), 0)

    def test_who_waits_is_balanced_by_address_too(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2"), group=self.group, balance="source", maxconn=1)
        first = backend.acquire(Recorder(), None, 1.0)
        waiting = [Recorder() for _ in range(20)]
        for last, holder in enumerate(waiting):
            backend.acquire(holder, None, 1.0, address=bytes((192, 0, 2, last)))
        backend.set_maxconn(None, 2.0)
        assert isinstance(first, Lease)
        self.assertEqual({lease.server.name for holder in waiting for lease in holder.leases}, {"ex1", "ex2"})

    def test_who_waits_for_a_decision_does_not_wait_for_a_slot(self) -> None:
        self.group.insert_elsewhere(lambda key, host, replaced: None)
        decision = self.backend.acquire(Recorder(), b"new", 1.0)
        self.group.table.bind(b"known", "ex1", 1.0)
        self.backend.servers["ex1"].set_maxconn(1, 1.0)
        self.backend.acquire(Recorder(), b"known", 1.0)
        slot = self.backend.acquire(Recorder(), b"known", 1.0)
        assert isinstance(decision, Ticket)
        assert isinstance(slot, Ticket)
        self.assertEqual((decision.full, slot.full), (False, True))

    def test_without_a_group_nobody_is_bound(self) -> None:
        self.assertIsNone(make_backend(make_server("ex1")).bound(b"key", "ex1", 1.0))
