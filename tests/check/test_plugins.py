"""How types of checks are found, ours and others'."""

import sys
from pathlib import Path
from typing import Any

import twisted.plugins
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.interfaces import IChecker, Target
from exproxy.check.plugins import DuplicateCheckerError, checkers
from exproxy.wire.dialogue.base import Status
from tests.check.peers import Bench
from tests.net.memory import Peer

OURS = ["epm", "http", "imap", "pop3", "rpc", "rpch", "smtp", "tcp", "tls"]
DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "checkers.md"


def documented() -> str:
    """The checker of the documentation."""
    return DOCUMENTATION.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]


class PluginTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def install(self, name: str, source: str) -> None:
        """As if a package of a third party were on the path."""
        folder = Path(self.mktemp()).absolute() / "twisted" / "plugins"
        folder.mkdir(parents=True)
        folder.joinpath(f"{name}.py").write_text(source)
        self.patch(twisted.plugins, "__path__", [*twisted.plugins.__path__, str(folder)])
        self.addCleanup(sys.modules.pop, f"twisted.plugins.{name}", None)


class OurCheckersTests(PluginTestCase):
    def test_all_types_are_found(self) -> None:
        self.assertEqual([name for name in checkers() if name in OURS], OURS)

    def test_each_is_found_by_its_own_name(self) -> None:
        self.assertEqual([checker.name for checker in checkers().values()], list(checkers()))


class ThirdPartyTests(PluginTestCase):
    def test_the_documented_checker_is_twenty_lines(self) -> None:
        self.assertLessEqual(len([line for line in documented().splitlines() if line.strip()]), 20)

    def test_the_documented_checker_is_found_and_works(self) -> None:
        self.install("redis_checker", documented())
        checker = checkers()["redis"]
        self.assertTrue(IChecker.providedBy(checker))
        options = checker.options()
        for answer, status in ((b"+PONG\r\n", Status.L7OKD), (b"-LOADING\r\n", Status.L7STS)):
            bench = Bench()
            bench.serve(Peer(answer=lambda data, answer=answer: answer if data == b"PING\r\n" else b""))  # type: ignore[misc]  # bound
            outcome = bench.run(checker.dialogue(options, Target("cache/one", "192.0.2.1", 25, "cache")))
            self.assertEqual(outcome.status, status)

    def test_ours_are_found_beside_it(self) -> None:
        self.install("redis_checker", documented())
        self.assertLessEqual({*OURS, "redis"}, set(checkers()))

    def test_two_of_one_name_are_an_error_that_names_both(self) -> None:
        self.install("other_smtp", documented().replace('"redis"', '"smtp"').replace("RedisChecker", "OtherChecker"))
        with self.assertRaises(DuplicateCheckerError) as caught:
            checkers()
        self.assertIn("exproxy.check.checkers.smtp.SmtpChecker", str(caught.exception))
        self.assertIn("twisted.plugins.other_smtp.OtherChecker", str(caught.exception))

    def test_one_that_cannot_be_imported_is_logged_and_left_out(self) -> None:
        self.install("broken_checker", "import a_module_that_is_not_there\n")
        self.assertLessEqual(set(OURS), set(checkers()))
        failures = self.flushLoggedErrors(ImportError)
        self.assertIn("a_module_that_is_not_there", str(failures[0].value))

    def test_one_that_is_no_python_is_logged_and_left_out(self) -> None:
        self.install("broken_syntax", "def oops(:\n")
        self.assertLessEqual(set(OURS), set(checkers()))
        self.assertEqual(len(self.flushLoggedErrors(SyntaxError)), 1)

    def test_one_that_has_not_what_it_should_is_logged_and_left_out(self) -> None:
        source = documented().replace(
            'name, options, starttls, default_port = "redis", RedisOptions, False, 6379', 'name = "redis"'
        )
        self.install("half_checker", source)
        self.assertNotIn("redis", checkers())
        (event,) = [event for event in self.events if event.get("log_namespace") == "exproxy.check.plugins"]
        self.assertEqual(event["why"], "it has no options, starttls, default_port")

    def test_one_whose_name_is_no_text_is_logged_and_left_out(self) -> None:
        self.install("odd_checker", documented().replace('"redis"', "7"))
        self.assertEqual([name for name in checkers() if name not in OURS], [])
        (event,) = [event for event in self.events if event.get("log_namespace") == "exproxy.check.plugins"]
        self.assertIn("its name is no text", event["why"])
