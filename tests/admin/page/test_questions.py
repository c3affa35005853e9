"""What is said before anything is done is what would follow."""

from attrs import evolve

from exproxy.admin.page.questions import Question, of_host, of_server, of_table
from exproxy.pool import Admin
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class QuestionsTests(AdminStage):
    def host(self, order: str) -> Question:
        snapshot = self.overview.snapshot()
        return of_host(snapshot, next(view for view in snapshot.hosts if view.name == "ex1"), order)

    def of_server(self, order: str, **changes: object) -> Question:
        view = evolve(self.overview.server(self.server("web/ex1")), **changes)
        return of_server(self.overview.snapshot(), view, order)

    def test_a_host_is_asked_about_everywhere_at_once(self) -> None:
        question = self.host("drain")
        self.assertEqual((question.title, question.yes), ("Drain: host ex1", "Set ex1 to drain"))
        self.assertEqual((question.address, question.back), ("/hosts/ex1/drain", "/"))
        self.assertEqual(question.follows[0], "In all its 2 back ends at once.")
        self.assertEqual(question.warning, "")

    def test_whose_clients_would_have_nobody_is_said(self) -> None:
        fail(self.server("web/ex2"))
        for order in ("drain", "maint"):
            self.assertEqual(self.host(order).warning, "No other server of web takes new clients: theirs would be refused.")
            self.assertNotEqual(self.of_server(order).warning, "")
        self.assertEqual(self.host("ready").warning, "")

    def test_a_back_end_that_has_nobody_anyway_is_no_reason_to_warn(self) -> None:
        for name in ("web/ex1", "web/ex2"):
            fail(self.server(name))
        self.assertEqual(self.host("maint").warning, "")

    def test_what_becomes_of_live_sessions_is_said(self) -> None:
        self.assertIn("It has 7 sessions now.", self.of_server("drain", sessions=7).follows)
        self.assertIn("7 live sessions stay", " ".join(self.of_server("maint", sessions=7).follows))
        self.assertIn("1 session is ended", self.of_server("end-sessions", sessions=1).follows[0])

    def test_who_ends_sessions_of_a_server_that_takes_new_ones_is_told_so(self) -> None:
        self.assertIn("drain it first", self.of_server("end-sessions").warning)
        self.assertEqual(self.of_server("end-sessions", usable=False).warning, "")

    def test_a_host_that_is_stricter_is_said(self) -> None:
        self.assertIn("Its host ex1 is set to maint", " ".join(self.of_server("ready", host_admin=Admin.MAINT).follows))

    def test_a_weight_has_a_field(self) -> None:
        self.assertEqual(self.of_server("weight").weight, "1")
        self.assertIsNone(self.of_server("drain").weight)

    def test_a_table_of_cookies_moves_nobody(self) -> None:
        (table,) = self.overview.snapshot().tables
        self.assertEqual(of_table(table).warning, "")
        self.assertIn("clearing moves nobody", of_table(evolve(table, kind="cookie")).warning)
