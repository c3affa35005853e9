from exproxy.admin.nearest import UnknownError
from exproxy.pool import Admin, Operational
from tests.admin.stage import AdminStage


class ActionsTests(AdminStage):
    def test_a_host_is_set_everywhere_at_once_and_the_log_says_by_whom(self) -> None:
        heard = self.hear()
        self.actions.set_host("ex1", Admin.DRAIN, "anna")
        self.assertEqual(
            [self.server(name).admin for name in ("smtp/ex1", "web/ex1", "web/ex2")], [Admin.DRAIN, Admin.DRAIN, Admin.READY]
        )
        self.assertIn("audit: anna set host ex1 to drain, which was ready", heard)

    def test_one_server_is_set(self) -> None:
        heard = self.hear()
        self.actions.set_server("web", "ex1", Admin.MAINT, "anna")
        self.assertEqual([self.server(name).admin for name in ("smtp/ex1", "web/ex1")], [Admin.READY, Admin.MAINT])
        self.assertIn("audit: anna set server web/ex1 to maint, which was ready", heard)

    def test_a_weight_is_changed(self) -> None:
        heard = self.hear()
        self.actions.set_weight("web", "ex1", 7, "anna")
        self.assertEqual(self.server("web/ex1").weight, 7)
        self.assertIn("audit: anna set the weight of server web/ex1 to 7, which was 1", heard)

    def test_a_weight_that_is_none_changes_nothing(self) -> None:
        heard = self.hear()
        self.assertRaises(ValueError, self.actions.set_weight, "web", "ex1", 999, "anna")
        self.assertEqual((self.server("web/ex1").weight, heard), (1, []))

    def test_a_table_is_cleared(self) -> None:
        heard = self.hear()
        self.groups["smtp"].table.bind(b"\x0a\0\0\1", "ex1", 1000.0)
        self.assertEqual(self.actions.clear("smtp", "anna"), 1)
        self.assertIn("audit: anna cleared table smtp, which had 1 entry", heard)

    def test_one_entry_of_a_table_is_forgotten(self) -> None:
        heard = self.hear()
        for last in (1, 2):
            self.groups["smtp"].table.bind(bytes((10, 0, 0, last)), "ex1", 1000.0)
        counts = [self.actions.clear("smtp", "anna", b"\x0a\0\0\1") for _ in range(2)]
        self.assertEqual((counts, heard), ([1, 0], ["audit: anna cleared 10.0.0.1 from table smtp"]))

    def test_one_session_is_ended_and_the_log_says_whose(self) -> None:
        heard = self.hear()
        self.assertTrue(self.successResultOf(self.actions.end_session("a1", "anna")))
        self.assertFalse(self.successResultOf(self.actions.end_session("b9", "anna")))
        self.assertEqual(heard, ["audit: anna ended session a1 of 192.0.2.1:1 with smtp/ex1"])

    def test_sessions_are_ended_wherever_they_are(self) -> None:
        heard = self.hear()
        self.assertEqual(self.successResultOf(self.actions.end_sessions("web", "ex1", "anna")), 3)
        self.assertEqual(self.sources.ended, ["web/ex1"])
        self.assertIn("audit: anna ended 3 sessions of server web/ex1", heard)

    def test_what_is_not_there_is_said_with_what_is(self) -> None:
        for call, words in (
            (lambda: self.actions.set_host("ex3", Admin.DRAIN, "anna"), 'there is no host "ex3"; did you mean "ex2"?'),
            (
                lambda: self.actions.set_server("wbe", "ex1", Admin.DRAIN, "anna"),
                'there is no back end "wbe"; did you mean "web"?',
            ),
            (
                lambda: self.actions.set_weight("web", "x1", 1, "anna"),
                'there is no server in back end web: "x1"; did you mean "ex1"?',
            ),
            (lambda: self.actions.clear("smpt", "anna"), 'there is no table "smpt"; did you mean "smtp"?'),
        ):
            error = self.assertRaises(UnknownError, call)
            self.assertEqual(str(error), words)

    def test_a_server_is_moved_limited_and_spoken_for(self) -> None:
        heard = self.hear()
        self.actions.set_address("web", "ex1", "10.9.9.9", 26, "anna")
        self.actions.set_maxconn("web", "ex1", 7, "anna")
        self.actions.set_maxconn("web", "ex1", None, "anna")
        self.actions.set_health("web", "ex1", Operational.DOWN, "anna")
        self.actions.set_agent("web", "ex1", False, "anna")
        server = self.server("web/ex1")
        self.assertEqual((server.place(99), server.maxconn, server.operational), (("10.9.9.9", 26), None, Operational.DOWN))
        self.assertEqual(
            [line for line in heard if line.startswith("audit: anna")],
            [
                "audit: anna moved server web/ex1 to 10.9.9.9 port 26, from 10.0.0.1 port 25",
                "audit: anna set the maxconn of server web/ex1 to 7, which was nothing",
                "audit: anna set the maxconn of server web/ex1 to nothing, which was 7",
                "audit: anna said that server web/ex1 is down, which was up",
                "audit: anna said in the place of the agent of server web/ex1 that it is down",
            ],
        )
