"""A pool that believes another one."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Backend, CheckResult, Group, Host, Lease, Operational, Server, Table, Ticket, follow
from tests.pool.support import CHECK, Recorder, fail, get, heal, make_backend, make_server


class FollowTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.leading = make_server("ex1", checks=[CHECK])
        self.following = make_server("ex1", checks=[CHECK])
        self.leader, self.follower = make_backend(self.leading), make_backend(self.following)

    def follow(self, now: float) -> None:
        follow({self.following: self.leading.state(now)}, now)

    def test_it_is_up_when_the_other_is(self) -> None:
        heal(self.leading)
        self.follow(20.0)
        self.assertIs(get(self.follower).server, self.following)

    def test_who_waits_for_its_first_check_gets_it(self) -> None:
        holder = Recorder()
        self.assertIsInstance(self.follower.acquire(holder, None, 1.0), Ticket)
        heal(self.leading)
        self.follow(20.0)
        self.assertEqual(len(holder.leases), 1)

    def test_it_offers_what_the_other_has_learned(self) -> None:
        self.leading.observe(CHECK.name, CheckResult(passed=True, offers=("IDLE",)), 1.0)
        self.follow(20.0)
        self.assertEqual(self.following.health.offers, ("IDLE",))

    def test_it_says_why_in_the_other_s_words(self) -> None:
        fail(self.leading)
        self.follow(20.0)
        self.assertEqual(self.following.condition(), self.leading.condition())

    def test_who_watches_is_told_though_it_is_no_transition(self) -> None:
        heal(self.leading)
        self.follow(20.0)
        told: list[str] = []
        self.follower.watch(lambda server: told.append(f"{server.name} at {server.address}"))
        self.leading.resolved("10.9.9.9", 21.0)
        self.follow(21.0)
        self.assertEqual(told, ["ex1 at 10.9.9.9"])

    def test_it_is_where_the_other_was_moved_to(self) -> None:
        heal(self.leading)
        self.leading.move("10.9.9.9", 26, 21.0)
        self.follow(21.0)
        self.assertEqual(self.following.place(99), ("10.9.9.9", 26))

    def test_a_slow_start_is_as_far_as_the_other_s(self) -> None:
        for server in (self.leading, self.following):
            server.slow_start = 60.0
        heal(self.leading, 0.0)
        fail(self.leading, 10.0)
        heal(self.leading, 100.0)
        self.leader.tick(130.0)
        self.follow(130.0)
        self.assertEqual(self.following.share, self.leading.share)
        self.assertEqual(self.following.share, 128)

    def test_a_host_that_goes_takes_nobody_from_one_of_its_servers_to_the_next(self) -> None:
        host = Host("h", "10.0.0.1")
        servers = [make_server(name, host) for name in ("a", "b")]
        backend = make_backend(*servers, on_marked_down="shutdown-sessions")
        backend.set_maxconn(1, 0.0)
        holder = Recorder()
        get(backend)
        self.assertIsInstance(backend.acquire(holder, None, 1.0), Ticket)
        host.set_admin(Admin.MAINT, 5.0)
        states = {server: server.state(5.0) for server in servers}
        host.set_admin(Admin.READY, 6.0)
        follow(states, 6.0)
        self.assertEqual(holder.leases, [])
        self.assertEqual({server.admin for server in servers}, {Admin.MAINT})

    def test_who_watches_is_told_of_changes_that_are_no_transition(self) -> None:
        told: list[str] = []
        self.leader.watch(lambda server: told.append(server.name))
        self.leading.set_weight(3, 1.0)
        self.leading.resolved("10.0.0.9", 1.0)
        self.assertEqual(told, ["ex1", "ex1"])

    def test_a_port_that_was_told_is_the_others_too(self) -> None:
        leading, following = (
            Server("ex2", Host("ex2", "ex2"), "10.0.0.2", None, interface="emsmdb", checks=[CHECK]) for _ in range(2)
        )
        self.leader.add(leading, 0.0)
        self.follower.add(following, 0.0)
        leading.mapped(6005, 1.0)
        heal(leading, 2.0)
        follow({following: leading.state(3.0)}, 3.0)
        self.assertEqual((following.port, following.opened), (6005, True))
        leading.unmapped("there is no emsmdb", 4.0)
        follow({following: leading.state(5.0)}, 5.0)
        self.assertEqual((following.port, following.condition()), (None, "is down: there is no emsmdb"))


class QuotaTests(SynchronousTestCase):
    def test_a_quota_is_less_than_the_limit(self) -> None:
        server = make_server("ex1", maxconn=10)
        make_backend(server)
        server.set_quota(4, 0.0)
        self.assertEqual(server.limit, 4)

    def test_nothing_is_allowed_without_a_quota(self) -> None:
        server = make_server("ex1", maxconn=10)
        backend = make_backend(server)
        server.set_quota(0, 0.0)
        self.assertIsInstance(backend.acquire(Recorder(), None, 1.0), Ticket)

    def test_a_server_without_a_limit_needs_no_quota(self) -> None:
        server = make_server("ex1")
        backend = make_backend(server)
        server.set_quota(0, 0.0)
        self.assertIs(get(backend).server, server)

    def test_who_waits_goes_on_when_the_quota_grows(self) -> None:
        server = make_server("ex1", maxconn=10)
        backend = make_backend(server)
        server.set_quota(0, 0.0)
        holder = Recorder()
        backend.acquire(holder, None, 1.0)
        server.set_quota(1, 2.0)
        self.assertEqual(len(holder.leases), 1)


class ElsewhereTests(SynchronousTestCase):
    """Entries that another process decides on."""

    def setUp(self) -> None:
        self.asked: list[tuple[bytes, str, str | None]] = []
        self.group = Group(Table("hub", expire=60.0))
        self.servers = make_server("ex1"), make_server("ex2")
        self.backend: Backend = make_backend(*self.servers, group=self.group)
        self.group.insert_elsewhere(lambda *claim: self.asked.append(claim))
        self.key = self.backend.key_for("10.1.2.3")

    def acquire(self, now: float = 1.0) -> tuple[Recorder, Lease | Ticket]:
        holder = Recorder()
        return holder, self.backend.acquire(holder, self.key, now)

    def test_a_new_client_waits_for_the_answer(self) -> None:
        holder, got = self.acquire()
        self.assertIsInstance(got, Ticket)
        self.assertEqual(self.asked, [(self.key, "ex1", None)])
        self.group.answered(self.key, "ex2", 2.0)
        self.assertEqual([lease.server.name for lease in holder.leases], ["ex2"])

    def test_it_is_asked_once_for_a_key(self) -> None:
        holders = [self.acquire()[0] for _ in range(3)]
        self.assertEqual(len(self.asked), 1)
        self.group.answered(self.key, "ex1", 2.0)
        self.assertEqual([len(holder.leases) for holder in holders], [1, 1, 1])

    def test_a_known_client_does_not_wait(self) -> None:
        self.group.table.bind(self.key, "ex2", 0.5)
        got = self.acquire()[1]
        assert isinstance(got, Lease)
        self.assertEqual((got.server.name, self.asked), ("ex2", []))

    def test_who_gives_up_meanwhile_gets_nothing(self) -> None:
        holder, got = self.acquire()
        assert isinstance(got, Ticket)
        got.cancel(1.5)
        self.group.answered(self.key, "ex1", 2.0)
        self.assertEqual((holder.leases, self.backend.queued, self.backend.sessions), ([], 0, 0))

    def test_an_entry_that_is_of_no_use_is_to_be_replaced(self) -> None:
        self.group.table.bind(self.key, "ex1", 0.5)
        self.servers[0].set_admin(Admin.MAINT, 0.6)
        self.acquire()
        self.assertEqual(self.asked, [(self.key, "ex2", "ex1")])

    def test_an_answer_that_is_of_no_use_is_asked_again(self) -> None:
        holder, _ = self.acquire()
        self.servers[1].set_admin(Admin.MAINT, 1.5)
        self.group.answered(self.key, "ex2", 2.0)
        self.assertEqual(self.asked[1:], [(self.key, "ex1", "ex2")])
        self.group.answered(self.key, "ex1", 3.0)
        self.assertEqual([lease.server.name for lease in holder.leases], ["ex1"])

    def test_servers_are_up_as_ever(self) -> None:
        self.assertEqual({server.operational for server in self.servers}, {Operational.UP})
