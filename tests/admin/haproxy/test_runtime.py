"""All commands together, and the same over HTTP."""

import json

from exproxy.admin.application import Application
from tests.admin.haproxy.stage import RuntimeStage


class RuntimeTests(RuntimeStage):
    def test_an_answer_ends_in_an_empty_line(self) -> None:
        self.assertEqual(self.say("show backend"), "# name\nsmtp\nweb\n\n")
        self.assertEqual(self.say("set weight smtp/ex1 1"), "\n")

    def test_an_answer_ends_in_a_prompt_where_one_is_wanted(self) -> None:
        self.say("prompt")
        self.assertEqual(self.say("show version"), "2.6.0-exproxy-1.0\n\n> ")

    def test_a_quiet_second_is_looked_at(self) -> None:
        self.runtime.sample()
        self.assertEqual(self.rows()["mail/FRONTEND"]["smax"], "0")

    def test_the_csv_is_had_by_http_under_the_usual_names(self) -> None:
        application = Application(self.clock, self.runtime.routes(), None)
        said = {
            self.ask(application, "GET", path).body for path in ("/stats;csv", "/stats;csv;norefresh", "/;csv", "/haproxy;csv")
        }
        (body,) = said
        self.assertEqual(body.decode() + "\n", self.say("show stat"))
        self.assertEqual(len(json.loads(self.ask(application, "GET", "/stats;json").body)), 8)
