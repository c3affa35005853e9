"""What an administrator reads."""

from random import Random

from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.site.sentences import Sentences


class SentenceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.heard: list[dict[str, object]] = []
        globalLogPublisher.addObserver(self.heard.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.heard.append)
        self.hub = pool.Backend("hub", rng=Random(1))
        for name in ("ex1", "ex2"):
            checks = [pool.CheckSpec("smtp", 1, 1)]
            self.hub.add(pool.Server(name, pool.Host(name, "192.0.2.1"), "192.0.2.1", 25, checks=checks), 0.0)
        self.hub.subscribe(Sentences({"hub": self.hub}.get).tell)

    def observe(self, name: str, result: pool.CheckResult) -> tuple[str, LogLevel]:
        self.hub.servers[name].observe("smtp", result, 1.0)
        return str(self.heard[-1]["sentence"]), self.heard[-1]["log_level"]

    def test_a_transition_says_what_happened_why_and_what_is_left(self) -> None:
        self.observe("ex1", pool.CheckResult(passed=True))
        self.observe("ex2", pool.CheckResult(passed=True))
        text = "SMTP said 421 4.3.2 Service not active: Exchange is in maintenance"
        stopping = pool.CheckResult(passed=True, stopping=True, text=text)
        sentence, level = self.observe("ex2", stopping)
        self.assertEqual(sentence, f"hub/ex2: {text}; draining; 1 of 2 servers of hub left")
        self.assertEqual(level, LogLevel.info)

    def test_the_last_server_that_goes_is_an_error(self) -> None:
        sentence, level = self.observe("ex1", pool.CheckResult(passed=False, text="connection refused"))
        self.assertIn("connection refused", sentence)
        self.assertEqual(level, LogLevel.error)
