import base64
import itertools
from collections.abc import Sequence

from exproxy.admin.answers import Asked
from exproxy.admin.application import Application
from exproxy.admin.events import KIND
from exproxy.admin.overview import RECENT
from exproxy.admin.page import routes
from exproxy.admin.page.board import Board
from exproxy.admin.page.facts import Facts
from exproxy.admin.page.routes import Pages
from exproxy.admin.pieces import Pieces, at_once
from exproxy.admin.views import ActionView, Snapshot
from exproxy.pool import Admin
from tests.admin.page.stage import PageStage, read
from tests.pool.support import fail


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
        made = self.counted()
        application = self.application()
        for user in (None, "uid 0", None, "uid 0"):
            page = read(self.ask(application, "GET", "/", user=user).body)
            self.assertEqual(bool(page.all("a", data_ask="")), user is not None)
        self.assertEqual(sorted(made), ["operator", "viewer"])
        self.clock.advance(RECENT)
        self.ask(application, "GET", "/")
        self.assertEqual(made.count("operator"), 2)

    def test_who_come_while_it_is_made_are_shown_the_same_page_with_what_is_theirs(self) -> None:
        made = self.counted()
        application = self.application(self.logins(anna="operator", otto="operator"))
        self.actions.set_host("ex1", Admin.DRAIN, "anna")
        names = [b"anna:secret", b"otto:secret"] * 2
        asked = [Asked("GET", ("",), authorization=b"Basic " + base64.b64encode(name)) for name in names]
        answers = [application.answer(one) for one in asked]
        for answer in answers:
            self.assertNoResult(answer)
        self.clock.advance(0)
        pages = [read(self.successResultOf(answer).body) for answer in answers]
        self.assertEqual(made, ["operator"])
        self.assertEqual(["Done: set host ex1" in page.text for page in pages], [True, False] * 2)
        self.assertEqual(["anna, operator" in page.text for page in pages], [True, False] * 2)

    def test_who_fetches_the_page_because_of_an_event_sees_what_it_told(self) -> None:
        application = self.application()
        self.ask(application, "GET", "/")
        fail(self.server("web/ex1"))
        told = self.facts()
        self.assertLess(self.clock.seconds() - 1000.0, RECENT)
        page = read(self.ask(application, "GET", "/").body)
        self.assertEqual(page.places["s web/ex1 state"], told["s web/ex1 state"][0])

    def test_the_loop_has_its_turn_while_a_page_is_made(self) -> None:
        watch = itertools.count()
        # each look at the watch finds that a turn's time is over
        pages = Pages(self.clock, self.overview, self.actions, self.events, Pieces(self.clock, lambda: float(next(watch))))
        application = Application(self.clock, pages.routes(), self.logins())
        whole = self.get("/").body
        turns: list[None] = []
        later = self.clock.callLater
        self.patch(self.clock, "callLater", lambda *call: turns.append(None) or later(*call))
        answer = application.answer(Asked("GET", ("",)))
        self.clock.advance(0)
        self.assertGreater(len(turns), 20)
        self.assertEqual(self.successResultOf(answer).body, whole)

    def test_a_page_is_of_one_moment_whatever_happens_while_it_is_made(self) -> None:
        work = self.pages._make("viewer")
        next(work)
        before = at_once(self.pages._make("viewer")).main
        fail(self.server("web/ex1"))
        self.actions.set_host("ex2", Admin.MAINT, "anna")
        self.overview.forget()
        self.assertEqual(at_once(work).main, before)
        self.assertNotEqual(at_once(self.pages._make("viewer")).main, before)

    def counted(self) -> list[str]:
        """For which roles pages are made from now on."""
        made: list[str] = []

        def board(snapshot: Snapshot, facts: Facts, done: Sequence[ActionView], steering: bool) -> Board:
            made.append("operator" if steering else "viewer")
            return Board(snapshot, facts, done, steering)

        self.patch(routes, "Board", board)
        return made

    def test_none_of_them_is_part_of_the_api(self) -> None:
        self.assertEqual([route.template for route in self.pages.routes() if route.template.startswith("/api")], [])
