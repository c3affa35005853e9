"""``exproxy status``."""

import json
import time
from typing import Any

from attrs import evolve
from rich.console import Console

from exproxy.admin.plain import plain
from exproxy.admin.views import WorkerView
from exproxy.cli.status import duration, rendered, size
from exproxy.pool import Admin
from tests.admin.stage import AdminStage
from tests.cli.process import ProcessTestCase
from tests.pool.support import fail


class StatusTests(AdminStage, ProcessTestCase):
    def setUp(self) -> None:
        AdminStage.setUp(self)
        ProcessTestCase.setUp(self)
        self.answer = plain(self.overview.snapshot())

    def test_everything_stands_in_a_table(self) -> None:
        result = self.run_with("status")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(self.asked, [("GET", "/api/v1/status", None)])
        self.assertIn("exproxy 1.0, process 7, up 10s, 0 of 100 sessions", result.stdout)
        self.assertRegex(result.stdout, r"mail +tcp +192\.0\.2\.9:25 +ready +0 +50")
        self.assertRegex(result.stdout, r"web +ex1 +up ")

    def test_states_and_their_reasons_are_shown(self) -> None:
        self.server("web/ex1").host.set_admin(Admin.DRAIN, 1000.0)
        fail(self.server("web/ex2"), 1000.0)
        shown = self.shown()
        self.assertRegex(shown, r"web +ex1 +up, drain .*host ex1 is set to it")
        self.assertRegex(shown, r" ex2 +down .*is down: SMTP said 554 No")
        self.assertRegex(shown, r"site .*no server")

    def test_workers_and_the_end_are_shown(self) -> None:
        self.sources.working = [WorkerView("worker 1", 1, True), WorkerView("worker 2", None, False)]
        self.process = evolve(self.process, draining=True)
        self.assertIn("1 of 2 workers, draining", self.shown())

    def test_a_front_end_without_a_server_is_a_code_for_scripts(self) -> None:
        for name in ("web/ex1", "web/ex2"):
            fail(self.server(name))
        self.answer = plain(self.overview.snapshot())
        self.assertEqual(self.run_with("status").exit_code, 1)

    def test_programs_are_told_what_the_api_says(self) -> None:
        result = self.run_with("status", "--json")
        self.assertEqual(json.loads(result.stdout), self.answer)

    def test_watched_it_is_asked_again_until_it_is_left(self) -> None:
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 3:
                raise KeyboardInterrupt

        self.patch(time, "sleep", sleep)
        result = self.run_with("status", "--watch", "--interval", "0.5")
        self.assertEqual((result.exit_code, slept, len(self.asked)), (0, [0.5] * 3, 3))

    def shown(self) -> str:
        console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - as long as the console lives
        self.addCleanup(console.file.close)
        console.print(rendered(plain(self.overview.snapshot())))
        return console.export_text()


class WordsTests(ProcessTestCase):
    def test_durations_have_two_units_at_most(self) -> None:
        known: Any = {0: "0s", 59: "59s", 60: "1m 0s", 3661: "1h 1m", 90061: "1d 1h"}
        self.assertEqual({seconds: duration(seconds) for seconds in known}, known)

    def test_sizes_have_three_digits(self) -> None:
        known: Any = {0: "0 B", 999: "999 B", 1536: "1.5 KB", 5 * 1024**3: "5.0 GB", 2**50: "1024.0 TB"}
        self.assertEqual({octets: size(octets) for octets in known}, known)
