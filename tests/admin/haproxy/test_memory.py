"""What is remembered for HAProxy's readers only."""

from attrs import evolve

from exproxy import pool
from exproxy.admin.haproxy.memory import Memory
from tests.admin.stage import AdminStage
from tests.pool.support import CHECK, fail, get, make_backend, make_server


class MemoryTests(AdminStage):
    def setUp(self) -> None:
        super().setUp()
        self.memory = Memory(self.clock, self.things, self.sources)
        self.ex1 = self.server("smtp/ex1")

    def test_a_peak_stays_until_it_is_cleared(self) -> None:
        self.sources.behind = evolve(self.sources.behind, queued=3)
        lease = get(self.backends["web"])
        self.memory.sample()
        lease.release(1001.0)
        self.sources.behind = evolve(self.sources.behind, queued=0)
        past = self.memory.backend(self.backends["web"])
        self.assertEqual((past.sessions, past.queued), (1, 3))
        self.memory.clear()
        past = self.memory.backend(self.backends["web"])
        self.assertEqual((past.sessions, past.queued), (0, 0))

    def test_the_last_session_is_known_to_the_second(self) -> None:
        past = self.memory.frontend("mail")
        self.assertEqual(past.idle(1000.0), -1)
        self.sources.front = evolve(self.sources.front, total=1)
        self.clock.advance(5)
        self.memory.sample()
        self.clock.advance(7)
        self.assertEqual(self.memory.frontend("mail").idle(self.clock.seconds()), 7)

    def test_downs_and_their_time_are_counted_of_servers_and_back_ends(self) -> None:
        for name in ("ex1", "ex2"):
            fail(self.server(f"smtp/{name}"), self.clock.seconds())
            self.clock.advance(10)
        server, backend = self.memory.server(self.ex1), self.memory.backend(self.backends["smtp"])
        now = self.clock.seconds()
        self.assertEqual((server.downs, server.downtime(now)), (1, 20))
        self.assertEqual((backend.downs, backend.downtime(now)), (1, 10))

    def test_maintenance_is_down_time_too_and_ends(self) -> None:
        self.ex1.set_admin(pool.Admin.MAINT, 1000.0)
        self.ex1.set_admin(pool.Admin.READY, 1030.0)
        past = self.memory.server(self.ex1)
        self.assertEqual((past.downs, past.downtime(1100.0), past.since), (1, 30, 1030.0))

    def test_after_a_reload_what_is_new_is_heard_and_what_is_gone_is_forgotten(self) -> None:
        fresh = make_backend(make_server("ex1", self.hosts["ex1"], checks=[CHECK]), name="imap")
        fail(self.ex1, self.clock.seconds())
        self.things.become(evolve(self.things, backends={"smtp": self.backends["smtp"], "imap": fresh}))
        self.memory.follow()
        fail(fresh.servers["ex1"], self.clock.seconds())
        self.assertEqual(self.memory.server(fresh.servers["ex1"]).downs, 1)
        self.assertEqual(self.memory.server(self.ex1).downs, 1, "it is the same server")
        self.assertNotIn("server web/ex1", self.memory._pasts)

    def test_counters_are_cleared_by_remembering_what_they_had(self) -> None:
        self.assertEqual(self.memory.zero("Frontend mail/FRONTEND"), {})
        self.memory.clear_counters({"Frontend mail/FRONTEND": {"stot": 5}})
        self.assertEqual(self.memory.zero("Frontend mail/FRONTEND"), {"stot": 5})
