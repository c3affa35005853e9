import base64
import itertools
import json
from typing import Any

from exproxy.admin.allowance import BURST, SHARE
from exproxy.admin.answers import Answer, Asked
from exproxy.admin.api import AT_ONCE
from exproxy.admin.application import HELD, PAUSE, Application
from exproxy.admin.overview import Overview
from exproxy.admin.routes import Route
from exproxy.admin.views import Snapshot
from tests.admin.stage import AdminStage


class FakeListener:
    full = False
    gone = False

    def tell(self, data: bytes) -> None:
        """Nothing is told here."""

    def end(self) -> None:
        """Nor ended."""

    def cut(self) -> None:
        self.gone = True


class ApplicationTests(AdminStage):
    def test_without_users_who_comes_over_the_network_may_look_and_no_more(self) -> None:
        application = self.application()
        self.assertEqual(self.ask(application, "GET", "/api/v1/status", user=None).status, 200)
        answer = self.ask(application, "PUT", "/api/v1/hosts/ex1/state", {"state": "drain"}, user=None)
        self.assertEqual(answer.status, 403)
        self.assertIn("[admin] has no users", json.loads(answer.body)["error"])

    def test_a_page_of_somebody_else_cannot_read_by_a_name_of_its_own(self) -> None:
        for host in ("exproxy.attacker.example", "10.0.0.9"):
            self.assertEqual(self.ask(self.application(), "GET", "/api/v1/status", user=None, host=host).status, 421)
        for host in ("", "localhost", "127.0.0.1", "127.0.0.8", "[::1]"):
            self.assertEqual(self.ask(self.application(), "GET", "/api/v1/status", user=None, host=host).status, 200)

    def test_nobody_has_to_say_who_it_is_to_learn_whether_all_is_well(self) -> None:
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.ask(self.application(), "GET", path, user=None, host="balancer.example").status, 200)

    def test_who_asks_too_much_is_told_so_later_and_others_are_answered(self) -> None:
        moments = itertools.count()
        application = Application(self.clock, self.api.routes(), self.logins(), lambda: next(moments) * BURST)
        looked = Asked("GET", ("api", "v1", "audit"))
        self.assertEqual(self.successResultOf(application.answer(looked)).status, 200)
        refused = application.answer(looked)
        self.assertNoResult(refused)
        self.assertEqual(self.ask(application, "GET", "/api/v1/audit").status, 200)
        for path, status in (("healthz", 200), ("readyz", 200), ("nothing", 404)):
            told = application.answer(Asked("GET", (path,)))
            self.assertNoResult(told)
            self.clock.advance(PAUSE)
            self.assertEqual(self.successResultOf(told).status, status)
        self.clock.advance(HELD)
        answer = self.successResultOf(refused)
        self.assertEqual((answer.status, answer.headers), (429, (("Retry-After", "1"),)))

    def test_in_the_long_run_it_is_a_share_of_a_core(self) -> None:
        moments = itertools.count()
        application = Application(self.clock, self.api.routes(), self.logins(), lambda: next(moments) * BURST)
        looked = Asked("GET", ("api", "v1", "audit"))
        application.answer(looked)
        self.clock.advance(BURST / SHARE)
        self.assertEqual(self.successResultOf(application.answer(looked)).status, 200)

    def test_strangers_take_nothing_from_those_who_have_logged_in(self) -> None:
        moments = itertools.count()
        logins = self.logins(anna="viewer")
        application = Application(self.clock, self.api.routes(), logins, lambda: next(moments) * BURST)
        session, _ = self.successResultOf(logins.enter("anna", "secret", ""))
        basic = b"Basic " + base64.b64encode(b"anna:secret")
        path = ("api", "v1", "audit")
        self.successResultOf(logins.check(Asked("GET", path, authorization=basic)))
        for _ in range(3):
            application.answer(Asked("GET", path))
        self.clock.advance(0.5)
        for asked in (Asked("GET", path, session=session), Asked("GET", path, authorization=basic)):
            self.clock.advance(2 * BURST / SHARE)
            application.answer(Asked("GET", path))
            self.assertNoResult(application.answer(Asked("GET", path)))
            self.assertEqual(self.successResultOf(application.answer(asked)).status, 200)

    def test_known_is_who_need_not_log_in_or_has(self) -> None:
        logins = self.logins(anna="viewer")
        session, _ = self.successResultOf(logins.enter("anna", "secret", ""))
        site = self.application(logins)
        for asked, known in (
            (Asked("GET", ()), False),
            (Asked("GET", (), session="x" * 43), False),
            (Asked("GET", (), session=session), True),
            (Asked("GET", (), user="uid 0"), True),
        ):
            self.assertEqual(site.knows(asked), known)
        self.assertTrue(self.application().knows(Asked("GET", ())))

    def test_while_strangers_ask_too_much_a_page_leads_to_the_login_all_the_same(self) -> None:
        moments = itertools.count()
        application = Application(self.clock, self.api.routes(), self.logins(anna="viewer"), lambda: next(moments) * BURST)
        application.answer(Asked("GET", ("api", "v1", "audit")))
        answered = application.answer(Asked("GET", ("api", "v1", "audit"), page=True))
        self.assertNoResult(answered)
        self.clock.advance(PAUSE)
        answer = self.successResultOf(answered)
        self.assertEqual((answer.status, answer.headers), (303, (("Location", "/login?next=/api/v1/audit"),)))

    def test_what_one_user_asks_is_not_taken_from_another(self) -> None:
        moments = itertools.count()
        logins = self.logins(anna="operator", grafana="viewer")
        application = Application(self.clock, self.api.routes(), logins, lambda: next(moments) * BURST)
        anna, grafana = (self.successResultOf(logins.enter(name, "secret", ""))[0] for name in ("anna", "grafana"))
        path = ("api", "v1", "audit")
        application.answer(Asked("GET", path, session=grafana))
        self.assertNoResult(application.answer(Asked("GET", path, session=grafana)))
        self.assertEqual(self.successResultOf(application.answer(Asked("GET", path, session=anna))).status, 200)

    def test_work_after_the_request_s_own_turn_is_of_the_same_allowance(self) -> None:
        route = Route("GET", "/long", "viewer", lambda asked, names, caller: Answer(200, b"", took=BURST), frozenset({200}))
        application = Application(self.clock, (route,), self.logins(), lambda: 0.0)
        self.assertEqual(self.successResultOf(application.answer(Asked("GET", ("long",)))).status, 200)
        self.assertNoResult(application.answer(Asked("GET", ("long",))))
        self.assertEqual(self.ask(application, "GET", "/long").status, 200)

    def test_so_much_is_made_at_once_for_one_user_whether_he_waits_for_it_or_not(self) -> None:
        logins = self.logins(anna="operator", grafana="viewer")
        application = Application(self.clock, self.api.routes(), logins, lambda: 0.0)
        anna, grafana = (self.successResultOf(logins.enter(name, "secret", ""))[0] for name in ("anna", "grafana"))
        for path in (("metrics",), ("api", "v1", "status")):
            answers = [application.answer(Asked("GET", path, session=grafana)) for _ in range(AT_ONCE + 50)]
            others = [application.answer(Asked("GET", path, session=anna)), application.answer(Asked("GET", path, user="uid 0"))]
            for refused in answers[AT_ONCE:]:
                answer = self.successResultOf(refused)
                self.assertEqual((answer.status, answer.headers), (429, (("Retry-After", "1"),)))
            self.clock.advance(0)
            made = [*answers[:AT_ONCE], *others]
            self.assertEqual([self.successResultOf(one).status for one in made], [200] * (AT_ONCE + 2))
            self.clock.advance(60)
            again = application.answer(Asked("GET", path, session=grafana))
            self.clock.advance(0)
            self.assertEqual(self.successResultOf(again).status, 200)

    def test_what_fails_while_it_is_made_makes_room_too(self) -> None:
        def breaks(_overview: Overview) -> Snapshot:
            raise ValueError("no")

        self.patch(Overview, "snapshot", breaks)
        application = self.application()
        for _ in range(2 * AT_ONCE):
            self.assertEqual(self.ask(application, "GET", "/api/v1/status", user=None).status, 500)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2 * AT_ONCE)

    def test_an_answer_that_goes_on_ends_with_the_login(self) -> None:
        logins = self.logins(anna="viewer")
        left: list[str] = []
        follow: Any = lambda listener: lambda: left.append("left")  # noqa: E731 - two lines would say no more
        route = Route("GET", "/on", "viewer", lambda asked, names, caller: Answer(200, b"", follow=follow), frozenset({200}))
        application = Application(self.clock, (route,), logins)
        session, caller = self.successResultOf(logins.enter("anna", "secret", ""))
        answer = self.successResultOf(application.answer(Asked("GET", ("on",), session=session)))
        listener = FakeListener()
        leave = answer.follow(listener)
        self.assertFalse(listener.gone)
        logins.leave(session, caller)
        self.assertTrue(listener.gone)
        leave()
        self.assertEqual(left, ["left"])

    def test_our_own_mistake_is_logged_and_the_answer_tells_nothing_of_it(self) -> None:
        def broken() -> Any:
            raise RuntimeError("inner words")

        self.patch(self.overview, "snapshot", broken)
        answer = self.ask(self.application(), "GET", "/api/v1/status")
        self.assertEqual((answer.status, answer.body), (500, b'{"error":"exproxy made an error, which is in its log"}\n'))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
