"""``twistd exproxy``."""

import io
import signal
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy import tap
from exproxy.site import starting


class TapTests(SynchronousTestCase):
    def setUp(self) -> None:
        if hasattr(signal, "SIGHUP"):
            self.addCleanup(signal.signal, signal.SIGHUP, signal.getsignal(signal.SIGHUP))

    def options(self, *words: str) -> tap.Options:
        options = tap.Options()
        options.parseOptions(words)
        return options

    def test_the_file_is_named_by_c_or_config(self) -> None:
        self.assertEqual(
            [self.options(*words)["config"] for words in (("-c", "a"), ("--config", "b"), ())], ["a", "b", "exproxy.toml"]
        )

    def test_a_file_that_is_wrong_is_explained_and_the_status_is_1(self) -> None:
        path = Path(self.mktemp())
        path.write_text("[frontends.smtp\n")
        errors = io.StringIO()
        self.patch(tap.sys, "stderr", errors)
        ended = self.assertRaises(SystemExit, tap.makeService, self.options("-c", str(path)))
        self.assertEqual(ended.code, 1)
        self.assertIn(f"{path}:1:", errors.getvalue())
        self.assertIn("exproxy is not started.", errors.getvalue())

    def test_sighup_ends_nobody_while_the_file_is_read(self) -> None:
        def service_for(*about: object) -> None:
            signal.raise_signal(signal.SIGHUP)

        self.patch(starting, "service_for", service_for)
        self.assertIsNone(tap.makeService(self.options()))

    if not hasattr(signal, "SIGHUP"):
        test_sighup_ends_nobody_while_the_file_is_read.skip = "this system has no SIGHUP"  # type: ignore[attr-defined]  # trial's

    def test_a_file_that_is_not_there_is_explained(self) -> None:
        errors = io.StringIO()
        self.patch(tap.sys, "stderr", errors)
        self.assertRaises(SystemExit, tap.makeService, self.options("-c", "/nowhere/site.toml"))
        self.assertIn(str(Path("/nowhere/site.toml")), errors.getvalue())
