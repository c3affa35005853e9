from random import Random
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Backend, Group, Host, Lease, NoServer, Operational, QueueFull, Server, Table, Ticket, Transition
from exproxy.pool.balance.names import Balance
from exproxy.pool.plan import Stage
from tests.pool.support import CHECK, FAILED, PASSED, STOPPING, Recorder, fail, get, heal, make_backend, make_server, stop


def wait(backend: Backend, holder: Recorder | None = None, now: float = 1.0) -> Ticket:
    """A place in the queue, where no slot is free."""
    got = backend.acquire(holder or Recorder(), None, now)
    assert isinstance(got, Ticket), "a slot was free"
    return got


class AcquireTests(SynchronousTestCase):
    def test_gives_a_slot_of_a_usable_server(self) -> None:
        down = make_server("ex1", checks=[CHECK])
        backend = make_backend(down, make_server("ex2"))
        fail(down)
        self.assertEqual({get(backend).server.name for _ in range(5)}, {"ex2"})

    def test_counts_sessions(self) -> None:
        backend = make_backend(make_server("ex1"))
        leases = [get(backend) for _ in range(3)]
        leases[0].release(2.0)
        server = backend.servers["ex1"]
        self.assertEqual((backend.sessions, backend.total, server.sessions, server.total), (2, 3, 2, 3))
        self.assertEqual(server.leases, set(leases[1:]))

    def test_avoids_the_server_that_was_tried_in_vain(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2"))
        tried = backend.servers["ex1"]
        self.assertEqual({get(backend, avoid=tried).server.name for _ in range(4)}, {"ex2"})

    def test_goes_back_to_that_one_when_there_is_no_other(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2", maxconn=1))
        get(backend, avoid=backend.servers["ex1"])
        self.assertEqual(get(backend, avoid=backend.servers["ex1"]).server.name, "ex1")

    def test_does_not_go_back_to_one_that_is_down(self) -> None:
        tried = make_server("ex1", checks=[CHECK])
        backend = make_backend(tried, make_server("ex2", maxconn=1))
        fail(tried)
        get(backend)
        self.assertIsInstance(backend.acquire(Recorder(), None, 1.0, (tried,)), Ticket)

    def test_says_why_there_is_no_server(self) -> None:
        servers = [make_server("ex1", checks=[CHECK]), make_server("ex2", checks=[CHECK])]
        backend = make_backend(*servers)
        for server in servers:
            fail(server)
        error = self.assertRaises(NoServer, backend.acquire, Recorder(), None, 1.0)
        self.assertEqual(
            str(error),
            "all 2 servers of hub are down: ex1 is down: SMTP said 554 No (L7STS); ex2 is down: SMTP said 554 No (L7STS)",
        )
        self.assertEqual(backend.refused, 1)

    def test_says_so_for_a_single_server_too(self) -> None:
        server = make_server("ex1")
        backend = make_backend(server)
        server.set_admin(Admin.MAINT, 1.0)
        error = self.assertRaises(NoServer, backend.acquire, Recorder(), None, 1.0)
        self.assertEqual(str(error), "the only server of hub is not usable: ex1 is in maintenance")

    def test_says_that_there_are_no_servers_at_all(self) -> None:
        error = self.assertRaises(NoServer, make_backend().acquire, Recorder(), None, 1.0)
        self.assertEqual(str(error), "back end hub has no servers")

    def test_stopping_takes_no_new_sessions(self) -> None:
        server = make_server("ex1", checks=[CHECK])
        backend = make_backend(server)
        stop(server)
        self.assertRaises(NoServer, backend.acquire, Recorder(), None, 1.0)

    def test_only_source_and_tables_need_a_key(self) -> None:
        self.assertEqual([name for name in get_args(Balance) if make_backend(balance=name).needs_key], ["source"])
        self.assertTrue(make_backend(group=Group(Table("hub"))).needs_key)

    def test_source_keeps_a_client_on_its_server(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2"), balance="source")
        for client in ("10.1.2.3", "10.1.2.4", "2001:db8::1"):
            self.assertEqual(len({get(backend, client).server.name for _ in range(3)}), 1)

    def test_source_waits_for_the_clients_server(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1), make_server("ex2", maxconn=1), balance="source")
        lease = get(backend, "10.1.2.3")
        waiting = Recorder()
        self.assertIsInstance(backend.acquire(waiting, backend.key_for("10.1.2.3"), 1.0), Ticket)
        lease.release(2.0)
        self.assertEqual([granted.server for granted in waiting.leases], [lease.server])

    def test_another_algorithm_can_be_set(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2"))
        backend.set_balance("first", 1.0)
        self.assertEqual([get(backend).server.name for _ in range(3)], ["ex1"] * 3)


class QueueTests(SynchronousTestCase):
    def test_a_released_slot_goes_to_who_has_waited_longest(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1))
        lease = get(backend)
        first, second = Recorder(), Recorder()
        wait(backend, first)
        wait(backend, second)
        lease.release(2.0)
        self.assertEqual((len(first.leases), len(second.leases), backend.queued), (1, 0, 1))

    def test_ages_count_when_servers_change_too(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1))
        lease = get(backend)
        holders = [Recorder() for _ in range(7)]
        for holder in holders:
            wait(backend, holder)
        lease.release(2.0)
        backend.add(make_server("ex2", maxconn=2), 3.0)
        self.assertEqual([len(holder.leases) for holder in holders], [1, 1, 1, 0, 0, 0, 0])

    def test_nobody_is_told_from_inside_his_own_acquire(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1))
        get(backend)
        holder = Recorder()
        wait(backend, holder)
        self.assertEqual((holder.leases, holder.errors), ([], []))

    def test_one_more_than_may_wait_is_refused(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1), queue_size=1)
        get(backend)
        wait(backend)
        error = self.assertRaises(QueueFull, backend.acquire, Recorder(), None, 1.0)
        self.assertEqual(str(error), "1 sessions wait for hub already, as many as may (queue_size)")

    def test_sessions_that_come_at_process_start_wait_for_the_first_checks(self) -> None:
        servers = [make_server("ex1", checks=[CHECK]), make_server("ex2", checks=[CHECK])]
        backend = make_backend(*servers)
        holder = Recorder()
        wait(backend, holder)
        servers[0].observe("smtp", FAILED, 1.0)
        self.assertEqual((holder.leases, holder.errors), ([], []))
        servers[1].observe("smtp", PASSED, 2.0)
        self.assertEqual([lease.server.name for lease in holder.leases], ["ex2"])

    def test_they_are_denied_when_all_first_checks_fail(self) -> None:
        server = make_server("ex1", checks=[CHECK])
        backend = make_backend(server)
        holder = Recorder()
        wait(backend, holder)
        server.observe("smtp", FAILED, 1.0)
        self.assertEqual(
            [str(error) for error in holder.errors], ["the only server of hub is down: ex1 is down: SMTP said 554 No (L7STS)"]
        )
        self.assertEqual((backend.queued, backend.refused), (0, 1))

    def test_sessions_wait_for_a_name_to_be_resolved(self) -> None:
        server = Server("ex1", Host("ex1", "ex1.example.com"), None, 25)
        backend = make_backend(server)
        holder = Recorder()
        wait(backend, holder)
        server.resolved("10.0.0.1", 1.0)
        self.assertEqual(len(holder.leases), 1)

    def test_whatever_frees_a_slot_serves_the_queue(self) -> None:
        def up(backend: Backend) -> None:
            heal(backend.servers["down"], 2.0)

        def ready(backend: Backend) -> None:
            backend.servers["maint"].set_admin(Admin.READY, 2.0)

        def weight(backend: Backend) -> None:
            backend.servers["light"].set_weight(1, 2.0)

        def maxconn(backend: Backend) -> None:
            backend.servers["full"].set_maxconn(2, 2.0)

        def new(backend: Backend) -> None:
            backend.add(make_server("new"), 2.0)

        for change in (up, ready, weight, maxconn, new):
            down, maint = make_server("down", checks=[CHECK]), make_server("maint")
            backend = make_backend(make_server("full", maxconn=1), down, maint, make_server("light", weight=0))
            fail(down)
            maint.set_admin(Admin.MAINT, 1.0)
            get(backend)
            holder = Recorder()
            wait(backend, holder)
            change(backend)
            self.assertEqual((len(holder.leases), backend.queued), (1, 0), change.__name__)

    def test_a_slow_start_that_grows_serves_the_queue(self) -> None:
        server = make_server("ex1", checks=[CHECK], slow_start=10.0, maxconn=10)
        backend = make_backend(server)
        fail(server)
        heal(server, 100.0)
        get(backend)
        holders = [Recorder() for _ in range(5)]
        for holder in holders:
            wait(backend, holder, 100.0)
        backend.tick(103.0)
        self.assertEqual([len(holder.leases) for holder in holders], [1, 1, 0, 0, 0])

    def test_the_back_ends_own_limit_holds_over_all_servers(self) -> None:
        backend = make_backend(make_server("ex1"), make_server("ex2"), maxconn=2)
        leases = [get(backend), get(backend)]
        holder = Recorder()
        wait(backend, holder)
        leases[0].release(2.0)
        self.assertEqual((len(holder.leases), backend.sessions), (1, 2))

    def test_a_greater_limit_of_the_back_end_serves_the_queue(self) -> None:
        backend = make_backend(make_server("ex1"), maxconn=1)
        get(backend)
        holder = Recorder()
        wait(backend, holder)
        backend.set_maxconn(None, 2.0)
        self.assertEqual(len(holder.leases), 1)

    def test_who_is_told_may_release_and_come_again_at_once(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1))

        class Hasty(Recorder):
            def lease_granted(self, lease: Lease) -> None:
                super().lease_granted(lease)
                lease.release(3.0)
                if len(self.leases) < 3:
                    backend.acquire(self, None, 3.0)

        hasty, patient = Hasty(), Recorder()
        lease = get(backend)
        wait(backend, hasty)
        wait(backend, patient)
        lease.release(2.0)
        self.assertEqual((len(hasty.leases), len(patient.leases)), (1, 1))
        patient.leases[0].release(4.0)
        self.assertEqual((len(hasty.leases), backend.sessions, backend.queued), (2, 1, 0))


class EvictionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        self.spare = make_server("spare", backup=True)
        self.backend = make_backend(
            self.server, self.spare, on_marked_down="shutdown-sessions", on_marked_up="shutdown-backup-sessions"
        )
        self.server.observe("smtp", PASSED, 0.0)

    def hold(self) -> Recorder:
        holder = Recorder()
        assert isinstance(self.backend.acquire(holder, None, 1.0), Lease)
        return holder

    def test_a_server_that_goes_down_ends_its_sessions(self) -> None:
        holder = self.hold()
        fail(self.server)
        self.assertEqual([(lease.server.name, reason) for lease, reason in holder.evictions], [("ex1", "D")])

    def test_maintenance_ends_them_too(self) -> None:
        holder = self.hold()
        self.server.set_admin(Admin.MAINT, 2.0)
        self.assertEqual(len(holder.evictions), 1)

    def test_maintenance_of_the_host_ends_them_too(self) -> None:
        holder = self.hold()
        self.server.host.set_admin(Admin.MAINT, 2.0)
        self.assertEqual(len(holder.evictions), 1)

    def test_a_session_is_told_once(self) -> None:
        holder = self.hold()
        fail(self.server)
        self.server.set_admin(Admin.MAINT, 20.0)
        self.assertEqual(len(holder.evictions), 1)

    def test_stopping_and_drain_end_nothing(self) -> None:
        holder = self.hold()
        self.server.set_admin(Admin.DRAIN, 2.0)
        stop(self.server)
        self.assertEqual(holder.evictions, [])

    def test_sessions_of_backups_end_when_a_better_server_comes_up(self) -> None:
        fail(self.server)
        holder = self.hold()
        heal(self.server)
        self.assertEqual([(lease.server.name, reason) for lease, reason in holder.evictions], [("spare", "U")])

    def test_without_being_asked_for_nothing_ends(self) -> None:
        self.backend.on_marked_down = self.backend.on_marked_up = "none"
        holder = self.hold()
        fail(self.server)
        spare = self.hold()
        heal(self.server)
        self.assertEqual((holder.evictions, spare.evictions), ([], []))

    def test_a_lease_that_was_released_meanwhile_is_not_told(self) -> None:
        leases: list[Lease] = []
        evicted: list[str] = []

        class Brutal(Recorder):
            def evicted(self, lease: Lease, reason: str) -> None:
                evicted.append(reason)
                for other in leases:
                    if not other.released:
                        other.release(3.0)

        for _ in range(2):
            lease = self.backend.acquire(Brutal(), None, 1.0)
            assert isinstance(lease, Lease)
            leases.append(lease)
        fail(self.server)
        self.assertEqual((evicted, self.backend.sessions), (["D"], 0))


class AnnouncementTests(SynchronousTestCase):
    def test_every_operational_change_is_told_once_with_what_is_left(self) -> None:
        servers = [make_server("ex1", checks=[CHECK]), make_server("ex2", checks=[CHECK])]
        backend = make_backend(*servers)
        told: list[Transition] = []
        sentences: list[str] = []
        backend.subscribe(told.append)
        backend.subscribe(lambda transition: sentences.append(backend.describe(transition)))
        for server in servers:
            server.observe("smtp", PASSED, 1.0)
        for _ in range(6):
            servers[1].observe("smtp", FAILED, 2.0)
        self.assertEqual([(one.server, one.new) for one in told[2:]], [("hub/ex2", Operational.DOWN)])
        self.assertEqual(
            sentences[1:],
            [
                "hub/ex2: SMTP said 220 ready; up; 2 of 2 servers of hub usable",
                "hub/ex2: SMTP said 554 No (L7STS); down, after 3 failed checks; 1 of 2 servers of hub left",
            ],
        )


class ByHandTests(SynchronousTestCase):
    def test_sessions_of_a_server_are_told_once_to_end_and_those_of_others_are_not(self) -> None:
        holder = Recorder()
        backend = make_backend(make_server("ex1"), make_server("ex2"))
        one, two = (backend.acquire(holder, None, 1.0) for _ in range(2))
        self.assertEqual(backend.end_sessions(backend.servers["ex1"]), 1)
        self.assertEqual(backend.end_sessions(backend.servers["ex1"]), 0)
        self.assertEqual(holder.evictions, [(one, "K")])
        self.assertIsNot(one, two)


class MembershipTests(SynchronousTestCase):
    def test_a_name_is_taken_once(self) -> None:
        backend = make_backend(make_server("ex1"))
        self.assertRaisesRegex(ValueError, "has a server ex1 already", backend.add, make_server("ex1"), 1.0)

    def test_a_server_stands_behind_one_back_end(self) -> None:
        server = make_server("ex1")
        make_backend(server)
        self.assertRaisesRegex(ValueError, "hub/ex1 stands behind", make_backend, server)

    def test_sessions_of_a_removed_server_go_on(self) -> None:
        backend = make_backend(make_server("ex1"))
        lease = get(backend)
        server = backend.remove("ex1", 1.0)
        self.assertEqual((backend.sessions, server.sessions), (1, 1))
        lease.release(2.0)
        self.assertEqual((backend.sessions, server.sessions), (0, 0))

    def test_who_waits_for_a_removed_server_gets_another(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1), make_server("ex2"), balance="source")
        client = next(f"10.0.0.{i}" for i in range(99) if get(backend, f"10.0.0.{i}").server.name == "ex1")
        holder = Recorder()
        self.assertIsInstance(backend.acquire(holder, backend.key_for(client), 1.0), Ticket)
        backend.remove("ex1", 2.0)
        self.assertEqual([lease.server.name for lease in holder.leases], ["ex2"])

    def test_retiring_denies_who_waits(self) -> None:
        backend = make_backend(make_server("ex1", maxconn=1))
        get(backend)
        holder = Recorder()
        wait(backend, holder)
        backend.retire(2.0)
        self.assertEqual((len(holder.errors), backend.queued, backend.sessions), (1, 0, 1))


class Play:
    """A random life of a back end, with the books kept beside it."""

    def __init__(self, balance: Balance, table: bool, maxconn: int | None, limits: list[int | None]) -> None:
        self.group = Group(Table("cas", expire=20.0, size=4)) if table else None
        self.hosts = [Host(f"h{i}", "10.0.0.1") for i in range(len(limits))]
        self.backend = Backend("hub", balance, rng=Random(3), maxconn=maxconn, queue_size=9, group=self.group)
        for i, limit in enumerate(limits):
            settings: dict[str, Any] = {"maxconn": limit, "backup": i == 2, "checks": [CHECK] if i else [], "slow_start": 5.0 * i}
            self.backend.add(make_server(f"ex{i}", self.hosts[i], **settings), 0.0)
        self.leases: list[Lease] = []
        self.tickets: dict[Recorder, Ticket] = {}
        self.now = 0.0

    def step(self, what: str, number: int) -> None:
        self.now += number % 3
        server = list(self.backend.servers.values())[number % len(self.backend.servers)]
        if what == "acquire":
            self.acquire(number, server if number % 4 == 0 else None)
        elif what == "release" and self.leases:
            self.leases.pop(number % len(self.leases)).release(self.now)
        elif what == "cancel" and self.tickets:
            self.tickets.pop(list(self.tickets)[number % len(self.tickets)]).cancel(self.now)
        elif what == "check" and server.health.checks:
            server.observe("smtp", (PASSED, FAILED, PASSED, STOPPING)[number // 3 % 4], self.now)
        elif what == "admin":
            (server if number % 2 else server.host).set_admin(list(Admin)[number // 2 % 3], self.now)
        elif what == "weight":
            server.set_weight(number % 3, self.now)
        elif what == "tick":
            self.backend.tick(self.now)
        self.collect()

    def acquire(self, number: int, avoid: Server | None) -> None:
        holder = Recorder()
        try:
            got = self.backend.acquire(holder, bytes([number % 6]), self.now, () if avoid is None else (avoid,))
        except NoServer:
            return
        if isinstance(got, Lease):
            self.leases.append(got)
        else:
            self.tickets[holder] = got

    def collect(self) -> None:
        """Note what the holders were told."""
        for holder in list(self.tickets):
            if holder.leases or holder.errors:
                del self.tickets[holder]
                self.leases.extend(holder.leases)


steps = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "acquire", "acquire", "release", "cancel", "check", "check", "admin", "weight", "tick"]),
        st.integers(0, 60),
    ),
    max_size=60,
)
plays = st.builds(
    Play,
    st.sampled_from(get_args(Balance)),
    st.booleans(),
    st.none() | st.integers(1, 4),
    st.lists(st.none() | st.integers(1, 3), min_size=1, max_size=3),
)


class DriftTests(SynchronousTestCase):
    """Whatever happens, in whatever order."""

    @settings(max_examples=300)
    @given(plays, steps)
    def test_counts_are_the_live_leases_and_nobody_waits_beside_a_free_slot(
        self, play: Play, life: list[tuple[str, int]]
    ) -> None:
        backend = play.backend
        for what, number in life:
            before = {name: server.sessions for name, server in backend.servers.items()}
            play.step(what, number)
            self.assertEqual(backend.sessions, len(play.leases))
            self.assertEqual(backend.queued, len(play.tickets))
            self.assertLessEqual(backend.queued, backend.queue_size)
            self.assertLessEqual(backend.sessions, backend.limit)
            for name, server in backend.servers.items():
                held = {lease for lease in play.leases if lease.server is server}
                self.assertEqual((server.sessions, server.leases), (len(held), held))
                # A slow start may lower the limit below what is there; then nobody is added.
                self.assertLessEqual(server.sessions, max(server.limit, before[name]))
            for ticket in play.tickets.values():
                self.assertFalse(self.could_be_served(backend, ticket))
        for lease in play.leases:
            lease.release(play.now)
            play.collect()
        self.assertEqual((backend.sessions, sum(server.sessions for server in backend.servers.values())), (0, 0))

    def could_be_served(self, backend: Backend, ticket: Ticket) -> bool:
        """Whether a slot is free that this ticket may have."""
        plan = backend._plan
        for server in backend.servers.values():
            if ticket.line is server.line:
                return server.sessions < server.limit and backend.sessions < backend.limit
        if ticket.line is backend._parked:
            return backend.group is None and plan.stage is not Stage.AWAITED
        free = any(server.sessions < server.limit for server in plan.servers)
        return free and backend.sessions < backend.limit


class ReconfigureTests(SynchronousTestCase):
    """The configuration has changed."""

    def setUp(self) -> None:
        self.one, self.two, self.three = (make_server(name) for name in ("one", "two", "three"))
        self.hub = make_backend(self.one, self.two)

    def rearrange(self, *servers: Server) -> None:
        self.hub.rearrange(servers, 5.0)
        self.hub.settle(5.0)

    def test_a_server_that_goes_lets_nobody_in_and_is_there_until_its_last_session_ends(self) -> None:
        lease = get(self.hub, avoid=self.two)
        self.rearrange(self.two, self.three)
        self.assertEqual({get(self.hub).server for _ in range(4)}, {self.two, self.three})
        self.assertEqual(list(self.hub.servers), ["two", "three", "one"])
        self.assertEqual(self.hub.remaining(), "2 of 2 servers of hub left")
        self.assertIn("not in the configuration", self.one.condition())
        lease.release(6.0)
        self.assertEqual(list(self.hub.servers), ["two", "three"])
        self.assertEqual((self.one.backend, self.one.host.servers), (None, []))

    def test_one_without_a_session_goes_at_once(self) -> None:
        self.rearrange(self.two)
        self.assertEqual(list(self.hub.servers), ["two"])

    def test_one_that_other_processes_have_sessions_with_stays_until_it_is_swept_out(self) -> None:
        self.one.elsewhere = 1
        self.rearrange(self.two)
        self.assertFalse(self.hub.sweep())
        self.assertIn("one", self.hub.servers)
        self.one.elsewhere = 0
        self.assertFalse(self.hub.sweep())
        self.assertNotIn("one", self.hub.servers)

    def test_who_waited_for_it_gets_another_one(self) -> None:
        self.one.set_maxconn(1, 1.0)
        self.two.set_maxconn(1, 1.0)
        get(self.hub), get(self.hub)
        holder = Recorder()
        self.hub.acquire(holder, None, 2.0)
        self.rearrange(self.two, self.three)
        self.assertEqual([lease.server for lease in holder.leases], [self.three])

    def test_a_back_end_that_goes_serves_those_who_had_come_for_it(self) -> None:
        """There is nowhere else to go, and no check that could be waited for."""
        starting = make_server("starting", checks=[CHECK])
        hub = make_backend(starting)
        holder = Recorder()
        hub.acquire(holder, None, 2.0)
        hub.leave(3.0)
        self.assertEqual([lease.server for lease in holder.leases], [starting])
        late = get(hub, now=4.0)
        self.assertFalse(hub.sweep())
        for lease in (*holder.leases, late):
            lease.release(5.0)
        self.assertTrue(hub.sweep())
        self.assertEqual(starting.host.servers, [])

    def test_but_for_servers_in_maintenance(self) -> None:
        self.one.set_admin(Admin.MAINT, 1.0)
        self.hub.leave(3.0)
        self.assertEqual({get(self.hub).server for _ in range(3)}, {self.two})
        self.two.set_admin(Admin.MAINT, 4.0)
        self.assertRaises(NoServer, get, self.hub)

    def test_another_table_is_used_and_what_the_former_one_held_is_let_go(self) -> None:
        former, latter = (Group(Table(name)) for name in ("former", "latter"))
        hub = make_backend(self.three, group=former)
        lease = get(hub, "192.0.2.7")
        entry = former.table.peek(hub.key_for("192.0.2.7"))
        assert entry is not None
        self.assertEqual(entry.live, 1)
        hub.regroup(latter, 2.0)
        hub.settle(2.0)
        self.assertEqual((entry.live, former.members, latter.members), (0, (), (hub,)))
        get(hub, "192.0.2.7", now=3.0)
        self.assertEqual(len(latter.table), 1)
        lease.release(4.0)
        self.assertEqual(entry.live, 0)

    def test_settings_are_as_if_it_were_made_anew(self) -> None:
        settings: dict[str, Any] = {
            "maxconn": 1,
            "queue_size": 0,
            "on_marked_down": "shutdown-sessions",
            "on_marked_up": "none",
            "error_limit": 3,
            "group": None,
            "required": True,
        }
        self.hub.reconfigure("source", **settings, now=2.0)
        self.hub.settle(2.0)
        self.assertTrue(self.hub.needs_key)
        get(self.hub, "192.0.2.7")
        self.assertRaises(QueueFull, self.hub.acquire, Recorder(), b"key", 3.0)

    def test_who_watched_may_stop(self) -> None:
        heard: list[Server] = []
        self.hub.watch(heard.append)
        self.hub.unwatch(heard.append)
        self.one.set_weight(3, 2.0)
        self.assertEqual(heard, [])
