"""What an administrator reads."""

from random import Random
from typing import Any

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


class EveryTransitionTests(SynchronousTestCase):
    """Each way in which a server can change is a sentence: where, what happened, what follows, and what is left."""

    def setUp(self) -> None:
        self.heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            self.heard.append(str(event.get("sentence", "")))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        self.hub = pool.Backend("hub", rng=Random(1), error_limit=2)
        self.hub.add(pool.Server("ex2", pool.Host("ex2", "192.0.2.2"), "192.0.2.2", 25), 0.0)
        self.hub.subscribe(Sentences({"hub": self.hub}.get).tell)

    def server(self, **settings: Any) -> pool.Server:
        host = pool.Host("ex1", "192.0.2.1")
        server = pool.Server(
            "ex1", host, "192.0.2.1", settings.pop("port", 25), checks=[pool.CheckSpec("smtp", 1, 1)], **settings
        )
        self.hub.add(server, 0.0)
        server.observe("smtp", pool.CheckResult(passed=True, text="SMTP said 220 ready"), 1.0)
        return server

    def test_what_checks_find(self) -> None:
        server = self.server()
        self.said("hub/ex1: SMTP said 220 ready; up; 2 of 2 servers of hub usable")
        server.observe("smtp", pool.CheckResult(passed=False, status="L7STS", text="SMTP said 554 No"), 2.0)
        self.said("hub/ex1: SMTP said 554 No (L7STS); down; 1 of 2 servers of hub left")
        server.observe("smtp", pool.CheckResult(passed=True, stopping=True, text="SMTP said 421 4.3.2"), 3.0)
        self.said("hub/ex1: SMTP said 421 4.3.2; draining, after 2 failed or stopping checks; 1 of 2 servers of hub left")

    def test_what_people_set(self) -> None:
        server = self.server()
        left, usable = "1 of 2 servers of hub left", "2 of 2 servers of hub usable"
        for set_admin, what in ((server.set_admin, "it"), (server.host.set_admin, "host ex1")):
            for admin, rest in (
                ("drain", f"draining; {left}"),
                ("maint", f"in maintenance; {left}"),
                ("ready", f"ready; {usable}"),
            ):
                set_admin(pool.Admin(admin), 2.0, "anna")
                self.said(f"hub/ex1: {what} was set to {admin} by anna; {rest}")

    def test_what_agents_say(self) -> None:
        server = self.server()
        server.agent(pool.AgentAnswer(up=False, text="down disk full"), 2.0)
        self.said("hub/ex1: its agent said down disk full; down; 1 of 2 servers of hub left")
        server.agent(pool.AgentAnswer(up=True, text="up"), 3.0)
        self.said("hub/ex1: its agent said up; up; 2 of 2 servers of hub usable")
        server.agent(pool.AgentAnswer(admin=pool.Admin.DRAIN, text="drain"), 4.0)
        self.said("hub/ex1: its agent said drain; draining; 1 of 2 servers of hub left")

    def test_what_endpoint_mappers_tell(self) -> None:
        server = self.server(port=None, interface="emsmdb")
        server.unmapped("the endpoint mapper offers no emsmdb", 2.0)
        self.said("hub/ex1: the endpoint mapper offers no emsmdb; down; 1 of 2 servers of hub left")
        server.mapped(6005, 3.0)
        self.said("hub/ex1: emsmdb is at port 6005; up; 2 of 2 servers of hub usable")

    def test_what_sessions_find(self) -> None:
        self.server().connects_failed_elsewhere(2, 2.0)
        self.said("hub/ex1: 2 connects of sessions in a row failed (L4CON); down; 1 of 2 servers of hub left")

    def said(self, sentence: str) -> None:
        self.assertEqual(self.heard[-1], sentence)
