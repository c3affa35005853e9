"""Nothing is done without a yes, and not by who may not."""

from typing import Any

from exproxy.admin.answers import Answer
from exproxy.admin.forms import FORM
from exproxy.pool import Admin
from tests.admin.page.stage import PageStage

ORDERS = (
    "/hosts/ex1/drain",
    "/servers/web/ex1/maint",
    "/servers/web/ex1/weight",
    "/servers/web/ex1/end-sessions",
    "/tables/smtp/clear",
)


class AskingTests(PageStage):
    def setUp(self) -> None:
        super().setUp()
        self.groups["smtp"].table.bind(b"\x0a\0\0\1", "ex1", 1000.0)

    def post(self, path: str, form: str = "", **rest: Any) -> Answer:
        values = {"user": "uid 0", "kind": FORM, "body": form.encode(), **rest}
        return self.ask(self.application(), "POST", path, **values)

    def done(self, path: str, form: str = "") -> str:
        """Where one is led then."""
        answer = self.post(path, form)
        self.assertEqual((answer.status, answer.body), (303, b""), answer.body)
        return dict(answer.headers)["Location"]

    def untouched(self) -> bool:
        server = self.server("web/ex1")
        set_by_hand = (server.admin, server.weight, self.hosts["ex1"].admin)
        return (set_by_hand, self.sources.ended, len(self.groups["smtp"].table)) == ((Admin.READY, 1, Admin.READY), [], 1)

    def test_to_ask_changes_nothing(self) -> None:
        for path in ORDERS:
            page = self.page(path, user="uid 0")
            self.assertEqual([form["action"] for form in page.all("form")], [path])
        self.assertTrue(self.untouched())

    def test_a_host_is_set(self) -> None:
        self.assertEqual(self.done("/hosts/ex1/drain"), "/")
        self.assertEqual(self.hosts["ex1"].admin, Admin.DRAIN)

    def test_a_server_is_set_and_weighed(self) -> None:
        self.assertEqual(self.done("/servers/web/ex1/maint"), "/servers/web/ex1")
        self.assertEqual(self.done("/servers/web/ex1/weight", "weight=+9+"), "/servers/web/ex1")
        server = self.server("web/ex1")
        self.assertEqual((server.own_admin, server.weight), (Admin.MAINT, 9))

    def test_sessions_are_ended_and_tables_cleared(self) -> None:
        self.assertEqual(self.done("/servers/web/ex1/end-sessions"), "/servers/web/ex1")
        self.assertEqual(self.done("/tables/smtp/clear"), "/tables/smtp")
        self.assertEqual((self.sources.ended, len(self.groups["smtp"].table)), (["web/ex1"], 0))

    def test_a_weight_that_is_none_is_asked_for_again(self) -> None:
        for said in ("weight=999", "weight=-1", "weight=", "", "weight=1e2", "weight=%D9%A3"):
            answer = self.post("/servers/web/ex1/weight", said)
            self.assertEqual(answer.status, 422, said)
            self.assertIn(b"whole number from 0 to 256", answer.body)
        self.assertTrue(self.untouched())

    def test_who_does_not_say_who_it_is_may_not(self) -> None:
        for path in ORDERS:
            self.assertEqual(self.get(path).status, 403)
            self.assertEqual(self.post(path, "weight=3", user=None).status, 403)
        self.assertTrue(self.untouched())

    def test_what_is_not_there_is_not_found(self) -> None:
        for path in (
            "/hosts/ex3/drain",
            "/hosts/ex1/weight",
            "/servers/web/ex1/off",
            "/servers/web/ex3/drain",
            "/tables/cas/clear",
        ):
            self.assertEqual(self.post(path).status, 404, path)
        self.assertTrue(self.untouched())

    def test_who_looks_at_once_sees_what_was_done(self) -> None:
        self.page(user="uid 0")
        self.done("/hosts/ex1/maint")
        self.assertIn("host ex1 is set to maint", self.page(user="uid 0").text)

    def test_what_was_done_is_said_to_who_did_it_and_not_for_ever(self) -> None:
        self.done("/hosts/ex1/drain")
        said = "Done: set host ex1 to drain, which was ready"
        self.assertIn(said, self.page(user="uid 0").text)
        self.assertNotIn(said, self.page(user="uid 1").text)
        self.clock.advance(10)
        self.assertNotIn(said, self.page(user="uid 0").text)
