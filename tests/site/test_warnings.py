"""Warnings are told once, and again when they are gone."""

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.site.warnings import QUIET, Warnings


class WarningsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            self.heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        checks = [pool.CheckSpec("smtp"), pool.CheckSpec("oab", 1, 1, required=False)]
        self.server = pool.Server("ex1", pool.Host("ex1", "192.0.2.1"), "192.0.2.1", 25, checks=checks)
        self.warnings = Warnings([self.server])
        self.now = 1000.0

    def observe(self, check: str, *, passed: bool = True, text: str = "", warnings: tuple[str, ...] = ()) -> list[str]:
        self.now += QUIET
        self.server.observe(check, pool.CheckResult(passed=passed, text=text, warnings=warnings), self.now)
        self.heard.clear()
        self.warnings.look(self.now)
        return self.heard

    def test_a_certificate_that_runs_out_is_told_once(self) -> None:
        text = "the certificate expires in 5 days"
        self.assertEqual(self.observe("smtp", warnings=(text,)), ["ex1: warning: check smtp: the certificate expires in 5 days"])
        self.assertEqual(self.observe("smtp", warnings=(text,)), [])

    def test_a_check_that_is_only_watched_is_told_when_it_fails_and_when_it_is_well(self) -> None:
        failed = self.observe("oab", passed=False, text="GET /oab/healthcheck.htm said 503")
        self.assertEqual(failed, ["ex1: warning: check oab: GET /oab/healthcheck.htm said 503"])
        self.assertEqual(self.observe("oab"), ["ex1: nothing to warn of any more"])

    def test_what_a_host_has_behind_several_back_ends_is_told_once_until_it_has_gone_from_all(self) -> None:
        text = "the certificate expires in 5 days"
        servers = [pool.Server("ex1", self.server.host, "192.0.2.1", 443, checks=[pool.CheckSpec("https")]) for _ in range(2)]
        self.warnings = Warnings(servers)

        def observe(*warned: bool) -> list[str]:
            self.now += QUIET
            for server, warns in zip(servers, warned, strict=True):
                server.observe("https", pool.CheckResult(passed=True, warnings=(text,) if warns else ()), self.now)
            self.heard.clear()
            self.warnings.look(self.now)
            return list(self.heard)

        self.assertEqual(observe(True, True), [f"ex1: warning: {text}"])
        self.assertEqual(observe(False, True), [])
        self.assertEqual(observe(False, False), ["ex1: nothing to warn of any more"])

    def test_words_that_change_each_time_do_not_fill_the_log(self) -> None:
        self.observe("oab", passed=False, text="one")
        self.server.observe("oab", pool.CheckResult(passed=False, text="two"), self.now)
        self.heard.clear()
        self.warnings.look(self.now + 1)
        self.assertEqual(self.heard, [])
        self.warnings.look(self.now + QUIET)
        self.assertEqual(self.heard, ["ex1: warning: check oab: two"])
