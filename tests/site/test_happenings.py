"""What is worth telling, and what is not."""

from random import Random
from typing import Any

from exproxy import pool
from exproxy.config import model
from exproxy.notify.news import News
from exproxy.site.happenings import HOUR, Happenings
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts
from tests.pool.support import Recorder
from tests.site.stage import SiteStage

PASSED, FAILED = pool.CheckResult(passed=True), pool.CheckResult(passed=False, text="SMTP said 554 No", status="L7STS")


class HappeningsTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.told: list[News] = []
        self.tls = TLSContexts({}, 1000.0)
        self.pools = self.made("one", "two")
        self.happenings = Happenings(self.told.append, self.pools, self.tls)
        self.happenings.look(1000.0)

    def made(self, *names: str) -> Pools:
        servers = [self.server(name, f"192.0.2.{number}", self.check()) for number, name in enumerate(names, 1)]
        return Pools(self.configuration(*servers), 1000.0, Random(1), self.tls, b"")

    def observed(self, name: str, result: pool.CheckResult, times: int = 1) -> None:
        for _ in range(times):
            self.pools.backends["hub"].pool.servers[name].observe("tcp", result, 1001.0)

    def states(self) -> list[tuple[str, str, str]]:
        found = [(news.kind, news.subject, news.state) for news in self.told]
        self.told.clear()
        return found

    def test_that_servers_come_up_at_the_start_is_no_news(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", PASSED)
        self.happenings.look(1002.0)
        self.assertEqual(self.told, [])

    def test_that_one_is_down_from_the_start_is(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", FAILED)
        (news,) = self.told
        self.assertEqual((news.kind, news.subject, news.state, news.bad, news.at), ("server", "hub/two", "down", True, 1001.0))
        self.assertEqual(news.sentence, "hub/two: SMTP said 554 No (L7STS); down; 1 of 2 servers of hub left")

    def test_a_server_comes_back(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", FAILED)
        self.observed("two", PASSED, 2)
        self.assertEqual(self.states(), [("server", "hub/two", "down"), ("server", "hub/two", "up")])

    def test_a_back_end_without_servers_is_news_of_its_own(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", PASSED)
        self.observed("one", FAILED, 3)
        self.observed("two", FAILED, 3)
        self.assertEqual(self.states()[-1], ("backend", "back end hub", "without servers"))
        self.happenings.look(1002.0)
        self.assertEqual(self.told, [])
        self.observed("one", PASSED, 2)
        self.assertEqual(self.states()[-1], ("backend", "back end hub", "has servers again"))

    def test_while_first_checks_are_under_way_nobody_knows(self) -> None:
        self.observed("one", FAILED)
        self.assertEqual(self.states(), [("server", "hub/one", "down")])
        self.observed("two", FAILED)
        self.assertEqual(self.states()[-1], ("backend", "back end hub", "without servers"))

    def test_a_back_end_that_loses_its_servers_without_a_transition_is_seen(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", PASSED)
        for server in self.pools.backends["hub"].pool.servers.values():
            server.set_weight(0, 1002.0)
        self.happenings.look(1003.0)
        self.assertEqual(self.states(), [("backend", "back end hub", "without servers")])

    def test_what_people_set_is_told_with_who_did_it(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", PASSED)
        host = self.pools.backends["hub"].pool.servers["one"].host
        host.set_admin(pool.Admin.DRAIN, 1002.0, "anna")
        (news,) = self.told
        self.assertEqual((news.kind, news.state, news.bad), ("admin", "draining", True))
        self.assertIn("was set to drain by anna", news.reason)
        self.told.clear()
        host.set_admin(pool.Admin.READY, 1003.0, "anna")
        self.assertEqual((self.told[0].state, self.told[0].bad), ("ready", False))

    def test_warnings_of_a_host_are_told_when_they_come_and_go(self) -> None:
        warned = pool.CheckResult(passed=True, warnings=("its certificate expires in 9 days",))
        self.observed("one", warned)
        self.happenings.look(1002.0)
        self.happenings.look(1003.0)
        (news,) = self.told
        self.assertEqual((news.kind, news.sentence), ("warning", "host 192.0.2.1: warning: its certificate expires in 9 days"))
        self.told.clear()
        self.observed("one", PASSED)
        self.happenings.look(1004.0)
        self.assertEqual((self.told[0].state, self.told[0].bad), ("nothing to warn of any more", False))

    def test_our_own_certificates_are_looked_at_now_and_then_and_when_renewed(self) -> None:
        texts = ["frontends.web.tls: a.pem: it expires in 9 days"]
        looks: list[Any] = []
        self.patch(self.tls, "warnings", lambda: looks.append(1) or list(texts))
        self.happenings.look(1002.0)
        self.assertEqual(looks, [])
        self.happenings.look(1000.0 + HOUR)
        self.assertEqual(self.told[0].sentence, f"our certificates: warning: {texts[0]}")
        texts.clear()
        self.tls.renewals += 1
        self.happenings.look(1001.0 + HOUR)
        self.assertEqual((self.told[1].state, len(looks)), ("nothing to warn of any more", 2))

    def test_a_back_end_that_was_taken_out_and_has_sessions_left_is_no_news(self) -> None:
        self.observed("one", pool.CheckResult(passed=True))
        self.states()
        hub = self.pools.backends["hub"].pool
        hub.acquire(Recorder(), None, 1001.0)
        self.pools.reconfigure(model.Configuration(files=()), 1002.0, self.tls)
        self.assertIs(self.pools.find("hub"), hub)
        self.happenings.look(1003.0)
        self.assertEqual(self.states(), [])

    def test_another_configuration_is_heard_too(self) -> None:
        before = self.pools.backends["hub"].pool.servers["one"]
        self.pools = self.made("one", "three")
        self.happenings.follow(self.pools, self.tls)
        self.happenings.look(1002.0)
        self.observed("three", FAILED)
        self.assertEqual(self.states(), [("server", "hub/three", "down")])
        before.set_admin(pool.Admin.MAINT, 1003.0)
        self.pools.backends.clear()
        self.happenings.look(1004.0)
        before.set_admin(pool.Admin.READY, 1005.0)
        self.assertEqual([news.subject for news in self.told if news.state == "ready"], [])

    def test_one_that_only_has_sessions_left_is_counted_no_more(self) -> None:
        self.observed("one", PASSED)
        self.observed("two", PASSED)
        backend = self.pools.backends["hub"].pool
        backend.servers["two"].leaving = True
        backend.servers["two"].reckon(1001.0)
        self.observed("one", FAILED, 3)
        self.assertEqual(
            self.told[-1].sentence,
            "back end hub has no usable server: one is down: SMTP said 554 No (L7STS), after 3 failed checks",
        )
