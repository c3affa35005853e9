from exproxy.admin.events import KIND
from exproxy.admin.overview import RECENT
from exproxy.admin.page import routes
from exproxy.admin.page.facts import facts_of
from tests.admin.page.stage import PageStage, read


class RoutesTests(PageStage):
    def test_events_are_for_who_may_look(self) -> None:
        answer = self.get("/events")
        self.assertEqual((answer.status, answer.kind), (200, KIND))
        self.assertIsNotNone(answer.follow)
        self.assertEqual(self.get("/events", host="exproxy.attacker.example").status, 421)
        self.assertEqual(self.get("/events", site="same-site").status, 403)

    def test_files_are_for_everybody_and_pages_are_not(self) -> None:
        address = next(one["src"] for one in self.page().all("script"))
        self.assertEqual(self.get(address, host="exproxy.attacker.example").status, 200)
        self.assertEqual(self.get("/", host="exproxy.attacker.example").status, 421)

    def test_who_comes_at_the_same_moment_sees_the_same_but_for_what_he_may_do(self) -> None:
        made: list[object] = []
        self.patch(routes, "facts_of", lambda *facts: made.append(facts) or facts_of(*facts))
        application = self.application()
        for user in (None, "uid 0", None, "uid 0"):
            page = read(self.ask(application, "GET", "/", user=user).body)
            self.assertEqual(bool(page.all("a", data_ask="")), user is not None)
        self.assertEqual(len(made), 1)
        self.clock.advance(RECENT)
        self.ask(application, "GET", "/")
        self.assertEqual(len(made), 2)

    def test_none_of_them_is_part_of_the_api(self) -> None:
        self.assertEqual([route.template for route in self.pages.routes() if route.template.startswith("/api")], [])
