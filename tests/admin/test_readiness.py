from attrs import evolve

from exproxy.admin.readiness import health, readiness
from exproxy.admin.views import WorkerView
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class ReadinessTests(AdminStage):
    def test_who_answers_lives(self) -> None:
        self.assertEqual(health().status, 200)

    def test_with_a_server_for_each_front_end_it_is_ready(self) -> None:
        self.assertEqual(readiness(self.overview.snapshot()).status, 200)

    def test_a_front_end_without_a_server_is_named(self) -> None:
        for name in ("web/ex1", "web/ex2"):
            fail(self.server(name))
        answer = readiness(self.overview.snapshot())
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.body.decode(), "front end site has no usable server: 0 of 2 of web, 2 of 2 of smtp\n")

    def test_who_ends_is_not_ready(self) -> None:
        self.process = evolve(self.process, draining=True)
        answer = readiness(self.overview.snapshot())
        self.assertEqual((answer.status, answer.body), (503, b"the process ends: it lets nobody in any more\n"))

    def test_without_a_worker_that_serves_it_is_not_ready(self) -> None:
        self.sources.working = [WorkerView("worker 1", 1, False)]
        self.assertEqual(readiness(self.overview.snapshot()).body, b"no worker serves\n")
        self.sources.working = [WorkerView("worker 1", 1, False), WorkerView("worker 2", 2, True)]
        self.assertEqual(readiness(self.overview.snapshot()).status, 200)
