"""What is not well is said first, once, and in words."""

from attrs import evolve

from exproxy.admin.page.concerns import concerns, verdict
from exproxy.admin.views import WorkerView
from exproxy.pool import Admin
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class ConcernsTests(AdminStage):
    def said(self) -> list[str]:
        return [f"{one.tone}: {one.subject} {one.what}" for one in concerns(self.overview.snapshot())]

    def verdict(self) -> str:
        found = verdict(self.overview.snapshot())
        return f"{found.tone}: {found.word}"

    def test_when_all_is_well_that_is_all(self) -> None:
        self.assertEqual(self.said(), [])
        self.assertEqual(self.verdict(), "good: All is well: 2 front ends serve, 4 servers take clients")

    def test_a_machine_that_is_gone_is_one_concern(self) -> None:
        for name in ("smtp/ex1", "web/ex1"):
            fail(self.server(name))
        self.assertEqual(self.said(), ["bad: ex1 is down in all its 2 back ends"])
        (found,) = concerns(self.overview.snapshot())
        self.assertEqual((found.since, bool(found.why)), (10.0, True))
        self.assertEqual(self.verdict(), "warn: All front ends serve; 2 servers take no new clients")

    def test_one_of_its_services_is_named(self) -> None:
        fail(self.server("web/ex1"))
        self.assertEqual(self.said(), ["bad: ex1 is down in web"])

    def test_a_front_end_without_a_server_is_the_worst(self) -> None:
        for name in ("smtp/ex1", "smtp/ex2"):
            fail(self.server(name))
        self.assertEqual(self.said()[0], "bad: front end mail has no server: clients are refused")
        self.assertEqual(self.verdict(), "bad: No server for mail")

    def test_what_people_set_is_not_forgotten(self) -> None:
        self.actions.set_server("smtp", "ex1", Admin.DRAIN, "anna")
        self.assertEqual(self.said(), ["hand: server smtp/ex1 is set to drain"])
        self.actions.set_host("ex1", Admin.MAINT, "anna")
        self.assertEqual(self.said(), ["hand: host ex1 is set to maint: no sessions are left"])

    def test_a_server_that_is_down_in_maintenance_is_no_alarm(self) -> None:
        self.actions.set_host("ex1", Admin.MAINT, "anna")
        fail(self.server("web/ex1"))
        self.assertEqual(self.said()[0], "warn: ex1 is down in web")

    def test_a_warning_of_many_servers_is_said_once(self) -> None:
        snapshot = self.overview.snapshot()
        backends = tuple(
            evolve(backend, servers=tuple(evolve(server, warnings=("the certificate expires",)) for server in backend.servers))
            for backend in snapshot.backends
        )
        said = [(one.subject, one.what) for one in concerns(evolve(snapshot, backends=backends))]
        self.assertEqual(said, [("smtp/ex1, smtp/ex2, web/ex1 and web/ex2", "the certificate expires")])

    def test_a_worker_that_does_not_serve_is_said(self) -> None:
        self.sources.working = [WorkerView("worker 1", 7, True), WorkerView("worker 2", None, False)]
        self.assertEqual(self.said(), ["warn: worker 2 does not serve"])

    def test_a_process_that_ends_says_so(self) -> None:
        self.process = evolve(self.process, draining=True)
        self.assertEqual(self.verdict(), "hand: The process ends: nobody is let in any more")
