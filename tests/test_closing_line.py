"""The line with which ``.ci/run`` closes says what trial said."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "summary.py"


class ClosingLineTests(SynchronousTestCase):
    def said(self, *logs: str) -> tuple[str, int]:
        paths = [Path(self.mktemp()) for _ in logs]
        for path, log in zip(paths, logs, strict=True):
            path.write_text(log)
        done = subprocess.run([sys.executable, str(SCRIPT), *map(str, paths)], capture_output=True, text=True, check=False)
        *self.causes, line = done.stdout.strip().split("\n")
        return line, done.returncode

    def test_a_run_that_passed(self) -> None:
        self.assertEqual(
            self.said("Ran 41 tests in 2s\n\nPASSED (skips=1, successes=40)\n"), ("40 passed, 0 failed, 1 skipped", 0)
        )

    def test_two_runs_are_counted_together(self) -> None:
        both = "PASSED (skips=1, successes=40)\n", "FAILED (failures=1, successes=9)\n"
        self.assertEqual(self.said(*both), ("49 passed, 1 failed, 1 skipped", 1))
        self.assertEqual(self.said(both[0], "make: *** Error"), ("40 passed, 1 failed, 1 skipped", 1))

    def test_a_run_that_failed(self) -> None:
        log = "Ran 40 tests in 2s\n\nFAILED (failures=1, errors=2, successes=37)\nmake: *** [test] Error 1\n"
        self.assertEqual(self.said(log), ("37 passed, 3 failed, 0 skipped", 1))

    def test_a_run_that_never_ended_is_a_failure(self) -> None:
        self.assertEqual(self.said("tests.test_x\n  XTests\n    test_y ..."), ("0 passed, 1 failed, 0 skipped", 1))

    def test_a_run_that_tested_nothing_is_no_success(self) -> None:
        self.assertEqual(self.said("Ran 0 tests in 0.000s\n\nPASSED\n"), ("0 passed, 0 failed, 0 skipped", 1))

    def test_what_failed_is_said_before_it_and_what_was_skipped_is_not(self) -> None:
        rule = "=" * 79 + "\n"
        blocks = "[SKIPPED]\nnone here\n\ntests.A.a\n", "[FAIL]\nTraceback\nAssertionError: 1 != 2\n\ntests.B.b\n"
        self.said(rule + rule.join(blocks) + "-" * 79 + "\nRan 2 tests in 1s\n\nFAILED (skips=1, failures=1)\n")
        self.assertEqual("\n".join(self.causes), "[FAIL]\nTraceback\nAssertionError: 1 != 2\n\ntests.B.b")

    def test_of_a_run_that_never_ended_the_last_lines_are_said(self) -> None:
        self.said("\n".join(str(line) for line in range(100)))
        self.assertEqual(self.causes[1:], [str(line) for line in range(75, 100)])

    def test_an_expected_failure_passes_and_an_unexpected_success_fails(self) -> None:
        log = "FAILED (expectedFailures=2, unexpectedSuccesses=1, successes=3)\n"
        self.assertEqual(self.said(log), ("5 passed, 1 failed, 0 skipped", 1))
