"""``exproxy server show``."""

import json
from typing import Any

from rich.console import Console

from exproxy.admin.plain import plain
from exproxy.cli.details import rendered
from exproxy.pool import Admin
from tests.admin.stage import AdminStage, certificate
from tests.cli.process import ProcessTestCase
from tests.pool.support import fail


class DetailsTests(AdminStage, ProcessTestCase):
    def setUp(self) -> None:
        AdminStage.setUp(self)
        ProcessTestCase.setUp(self)
        self.sources.shown = {"smtp": certificate()}
        server = self.server("smtp/ex1")
        server.host.set_admin(Admin.DRAIN, 1000.0, "anna")
        fail(server, 1001.0)
        self.seen: Any = plain(self.overview.server(server))
        self.said: Any = plain(self.overview.dialogues(server))

    def shown(self, **changes: Any) -> str:
        console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - as long as the console lives
        self.addCleanup(console.file.close)
        console.print(rendered(self.seen | changes, self.said, 1061.0))
        return console.export_text()

    def test_all_that_is_known_of_a_server_is_shown(self) -> None:
        shown = self.shown()
        for words in (
            r"smtp/ex1 is down: SMTP said 554 No",
            r"down for 1m 0s; drain: server ready, host ex1 drain, agent ready",
            r"weight 1, of which 100 % hold",
            r"0 sessions, 0 wait, ",
            r"smtp +down +L7STS +\d+ ms +1m 0s +\d+ days",
            r"check smtp, 1m 1s ago: SMTP of ex1 said 554 No \(L7STS\)\n  --- connected to 10\.0\.0\.1:25\n  <<< 554 No",
            r"1m 1s ago: ready -> drain: host ex1 was set to drain by anna",
            r"1m 0s ago: up -> down: SMTP said 554 No",
        ):
            self.assertRegex(shown, words)

    def test_a_port_by_interface_says_who_told_it(self) -> None:
        self.assertIn("port 6005 (of emsmdb, as its endpoint mapper says)", self.shown(interface="emsmdb", port=6005))
        self.assertIn("port not registered (of emsmdb", self.shown(interface="emsmdb", port=None, port_error="not registered"))

    def test_what_was_not_found_yet_is_a_dash(self) -> None:
        check = self.seen["checks"][0] | {"status": "", "duration": None, "at": None, "certificate": None, "required": False}
        self.assertRegex(self.shown(checks=[check]), r"smtp \(not required\) +down +- +- +- +-")

    def test_the_process_is_asked_for_both(self) -> None:
        self.answer = {"checks": [], "history": []}
        self.run_with("server", "show", "smtp/ex1", "--json")
        place = "/api/v1/backends/smtp/servers/ex1"
        self.assertEqual([path for _, path, _ in self.asked], [place, f"{place}/dialogues"])

    def test_programs_are_told_what_the_api_says(self) -> None:
        self.answer = {"name": "ex1"}
        self.assertEqual(json.loads(self.run_with("server", "show", "smtp/ex1", "--json").stdout)["dialogues"], {"name": "ex1"})
