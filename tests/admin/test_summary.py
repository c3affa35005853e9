from attrs import evolve

from exproxy.admin.summary import summary
from exproxy.admin.views import WorkerView
from exproxy.pool.states import Admin
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class SummaryTests(AdminStage):
    def test_when_all_is_well_it_is_short(self) -> None:
        self.assertEqual(summary(self.overview.snapshot()), "0 sessions, 4 of 4 servers up")

    def test_a_server_that_is_down_is_not_counted(self) -> None:
        fail(self.server("web/ex1"))
        self.assertEqual(summary(self.overview.snapshot()), "0 sessions, 3 of 4 servers up")

    def test_a_front_end_without_a_server_is_named(self) -> None:
        for name in ("web/ex1", "web/ex2"):
            fail(self.server(name))
        self.assertEqual(summary(self.overview.snapshot()), "0 sessions, 2 of 4 servers up, no server for site")

    def test_many_front_ends_without_a_server_are_counted(self) -> None:
        snapshot = self.overview.snapshot()
        fronts = tuple(evolve(snapshot.frontends[0], name=name, ready=False) for name in "abcde")
        said = summary(evolve(snapshot, frontends=fronts))
        self.assertTrue(said.endswith("no server for a, b, c and 2 more"), said)

    def test_what_was_set_by_hand_is_not_forgotten(self) -> None:
        self.server("web/ex1").set_admin(Admin.DRAIN, 0.0)
        self.assertIn("1 in drain or maintenance", summary(self.overview.snapshot()))

    def test_who_ends_says_who_is_left(self) -> None:
        snapshot = self.overview.snapshot()
        ending = evolve(snapshot, process=evolve(snapshot.process, draining=True, sessions=1))
        self.assertTrue(summary(ending).startswith("ending, 1 session left, "))

    def test_workers_that_do_not_serve_are_told(self) -> None:
        self.sources.working = [WorkerView("worker 1", 1, False), WorkerView("worker 2", 2, True)]
        snapshot = self.overview.snapshot()
        process = evolve(snapshot.process, workers=tuple(self.sources.working))
        self.assertIn("1 of 2 workers serve", summary(evolve(snapshot, process=process)))
