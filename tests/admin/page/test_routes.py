from exproxy.admin.events import KIND
from tests.admin.page.stage import PageStage


class RoutesTests(PageStage):
    def test_events_are_for_who_may_look(self) -> None:
        answer = self.get("/events")
        self.assertEqual((answer.status, answer.kind), (200, KIND))
        self.assertIsNotNone(answer.follow)
        self.assertEqual(self.get("/events", host="exproxy.attacker.example").status, 421)

    def test_files_are_for_everybody_and_pages_are_not(self) -> None:
        address = next(one["src"] for one in self.page().all("script"))
        self.assertEqual(self.get(address, host="exproxy.attacker.example").status, 200)
        self.assertEqual(self.get("/", host="exproxy.attacker.example").status, 421)

    def test_none_of_them_is_part_of_the_api(self) -> None:
        self.assertEqual([route.template for route in self.pages.routes() if route.template.startswith("/api")], [])
