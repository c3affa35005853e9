"""Loading as a whole."""

import os
import re
import sys
from pathlib import Path

from exproxy.config.load import load
from exproxy.config.model import Log, Service
from exproxy.config.problems import ConfigError
from exproxy.config.schema import keys
from exproxy.config.sections import AccessSection, ClientCertificatesSection, PerSourceSection, RouteSection
from exproxy.config.show import show
from exproxy.config.toml import value
from tests.config.support import CHECKERS, CONF, ConfigTestCase, conf


class LoadTests(ConfigTestCase):
    def test_an_empty_file_is_the_defaults(self) -> None:
        configuration = self.load("")
        self.assertEqual((configuration.files, configuration.service), ((self.folder / "site.toml",), Service()))

    def test_the_process_is_told_about(self) -> None:
        text = '[service]\nmaxconn = 9\nlog = { format = "json", access = "log/a.log", syslog = "tcp://127.0.0.1:601" }\n'
        log = Log("json", self.folder / "log/a.log", "tcp://127.0.0.1:601")
        self.assertEqual(self.load(text).service, Service(9, 1, log))

    def test_the_access_log_may_be_standard_output(self) -> None:
        self.assertEqual(self.load('[service.log]\naccess = "stdout"\n').service.log.access, "stdout")

    def test_all_problems_come_at_once_in_the_order_of_the_file(self) -> None:
        text = (
            '[service]\nworkers = -2\nmaxconn = 0\n[frontends.smtp]\nbind = [":25", ":25"]\nbackend = "hup"\n'
            '[backends.hub]\nbalance = "leastcon"\n[backends.hub.servers]\nex1 = 25\n'
        )
        self.assertEqual(
            self.problems(text),
            [
                "site.toml:2: service.workers: workers is -2, but has to be at least 1",
                "site.toml:3: service.maxconn: maxconn is 0, but has to be at least 1",
                "site.toml:5: frontends.smtp.bind[1]: 0.0.0.0:25 is already listened on at site.toml:5 (frontends.smtp.bind[0])",
                'site.toml:6: frontends.smtp.backend: there is no "hup" in [backends]; did you mean "hub"?',
                'site.toml:8: backends.hub.balance: "leastcon" is not an algorithm; did you mean "leastconn"?',
                (
                    'site.toml:10: backends.hub.servers.ex1: there is no "ex1" in [hosts], and the server has no address; '
                    'write ex1 = "10.0.0.15:25" or the like'
                ),
            ],
        )

    def test_there_may_be_several_workers(self) -> None:
        self.assertEqual(self.load("[service]\nworkers = 3\n").service.workers, 3)

    def test_the_state_is_kept_beside_the_file(self) -> None:
        configuration = self.load('[service]\nstate = "run/state.json"\n')
        self.assertEqual(configuration.service.state, configuration.files[0].parent / "run" / "state.json")
        self.assertIn(f"state = {value(configuration.service.state)}", show(configuration))

    def test_auto_is_a_worker_for_each_core(self) -> None:
        self.patch(os, "sched_getaffinity", lambda who: {0, 1, 2, 3})
        self.patch(sys, "platform", "linux")
        self.assertEqual(self.load('[service]\nworkers = "auto"\n').service.workers, 4)

    def test_windows_has_one_worker(self) -> None:
        self.patch(sys, "platform", "win32")
        self.assertEqual(self.load('[service]\nworkers = "auto"\n').service.workers, 1)
        (problem,) = self.problems("[service]\nworkers = 2\n")
        self.assertIn("site.toml:2: service.workers: Windows has one worker", problem)

    def test_no_workers_are_a_mistake(self) -> None:
        self.assertEqual(
            self.problems("[service]\nworkers = 0\n"), ["site.toml:2: service.workers: workers is 0, but has to be at least 1"]
        )

    def test_a_syslog_address_is_looked_at(self) -> None:
        (problem,) = self.problems('[service]\nlog.syslog = "10.0.0.5"\n')
        self.assertIn('site.toml:2: service.log.syslog: "10.0.0.5" is not a syslog address such as "udp://', problem)

    def test_a_problem_has_file_line_column_and_key(self) -> None:
        error = self.assertRaises(ConfigError, self.load, "[service]\n  maxconn = 0\n")
        (problem,) = error.problems
        self.assertEqual((problem.file, problem.line, problem.column), (self.folder / "site.toml", 2, 3))
        self.assertEqual((problem.key_path, problem.hint), ("service.maxconn", ""))


_OF_MAIL = frozenset({"bad_commands", "auth_failures"})
"""Limits of a source that mode ``http`` does not know."""
_OF_HTTP = {"forwarded", "trust", "max_body", "max_head", "max_headers", "max_target", "body_rate", "body_grace", "pages"} | {
    "request_headers",
    "response_headers",
}


class ConfTests(ConfigTestCase):
    """Every file of conf/ loads with no more to say than that it is fine, and who may relay where there is SMTP."""

    def test_every_file_loads_without_a_warning_but_of_relaying(self) -> None:
        files = conf(self.folder)
        found = {path.name: load(path, {}, CHECKERS) for path in files}
        for name, loaded in found.items():
            smtp = any(frontend.mode == "smtp" for frontend in loaded.frontends.values())
            said = ["relays for everybody" in warning.message for warning in loaded.warnings]
            self.assertEqual(said, [True] if smtp else [], name)
        self.assertGreaterEqual(len(found), 8)

    def test_all_that_mode_http_can_be_told_stands_in_one(self) -> None:
        words = keys(RouteSection) | keys(AccessSection) | keys(PerSourceSection) | keys(ClientCertificatesSection) | _OF_HTTP
        said = (CONF / "web.toml").read_text("utf-8")
        self.assertEqual({word for word in words - {"sni", *_OF_MAIL} if not re.search(rf"\b{word}\b", said)}, set())

    def test_the_two_of_haproxy_say_what_haproxy_said(self) -> None:
        rpc = load(CONF / "exchange-2010-haproxy.toml", {}, CHECKERS)
        self.assertEqual(rpc.service.maxconn, 40_000)
        backend = rpc.backends["CAS-RPC-SERVERS"]
        self.assertEqual((backend.balance, backend.redispatch, backend.abortonclose), ("leastconn", True, True))
        self.assertEqual((backend.timeouts.connect, backend.timeouts.server), (4.0, 86400.0))
        self.assertEqual(rpc.tables["CAS-RPC-SERVERS"].size, 10240 * 1024)
        self.assertEqual({server.port for server in backend.servers}, {None})
        self.assertEqual(backend.servers[0].checks[0].timing.interval, 2.0)
        passthrough = load(CONF / "exchange-2013-passthrough.toml", {}, CHECKERS)
        self.assertEqual([len(frontend.binds) for frontend in passthrough.frontends.values()], [1, 4])
        self.assertEqual({frontend.backlog for frontend in passthrough.frontends.values()}, {10_000})

    def test_paths_are_named_as_they_were_given(self) -> None:
        error = self.assertRaises(ConfigError, load, Path("no/such.toml"), {}, CHECKERS)
        self.assertEqual(error.problems[0].file, Path("no/such.toml"))
