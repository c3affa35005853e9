"""``exproxy sessions``."""

import json
import time
from typing import Any

from tests.cli.process import ProcessTestCase

OLD: dict[str, Any] = {
    "id": "5ab",
    "client": "10.0.0.7:1",
    "frontend": "mail",
    "servers": ["smtp/ex1"],
    "seconds": 61.0,
    "bytes_in": 2048,
    "bytes_out": 3,
}
YOUNG = OLD | {"id": "6ab", "seconds": 1.0, "servers": []}


class SessionsTests(ProcessTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.answer: Any = [YOUNG, OLD]

    def test_the_oldest_is_the_first_in_the_table(self) -> None:
        result = self.run_with("sessions")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(self.asked, [("GET", "/api/v1/sessions?limit=100", None)])
        lines = result.stdout.splitlines()
        self.assertRegex(lines[1], r"5ab +10\.0\.0\.7:1 +mail +smtp/ex1 +1m 1s +2\.0 KB +3 B")
        self.assertRegex(lines[2], r"6ab .* mail +- +1s")
        self.assertEqual(lines[-1].strip(), "2 sessions")

    def test_those_that_are_wanted_are_asked_for(self) -> None:
        words = ("--server", "smtp/ex1", "--frontend", "mail", "--client", "::1", "--limit", "2")
        result = self.run_with("sessions", *words)
        self.assertEqual(self.asked[0][1], "/api/v1/sessions?server=smtp%2Fex1&frontend=mail&client=%3A%3A1&limit=2")
        self.assertIn("2 sessions; there may be more", result.stdout)

    def test_nobody_is_said_to_be_there(self) -> None:
        self.answer = []
        self.assertEqual(self.run_with("sessions").stdout, "no sessions\n")

    def test_programs_are_told_what_the_api_says(self) -> None:
        self.assertEqual(json.loads(self.run_with("sessions", "--json").stdout), [OLD, YOUNG])

    def test_one_is_ended_after_a_question(self) -> None:
        self.answer = {"ended": 1}
        self.assertEqual(self.run_with("sessions", "--end", "5ab", input="n\n").exit_code, 1)
        self.assertEqual(self.asked, [])
        result = self.run_with("sessions", "--end", "5ab", input="y\n")
        self.assertEqual((result.exit_code, result.stdout), (0, "session 5ab is told to end\n"))
        self.assertEqual(self.asked, [("POST", "/api/v1/sessions/5ab/end", {})])

    def test_one_that_is_not_there_is_said(self) -> None:
        self.status, self.answer = 404, {"error": 'there is no session "x": it may have ended by itself'}
        result = self.run_with("sessions", "--end", "x", "--yes")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertIn("it may have ended by itself", result.stderr)

    def test_a_word_that_is_none_is_not_even_sent(self) -> None:
        for words in (("--server", "ex1"), ("--limit", "5000"), ("--limit", "0")):
            self.assertEqual(self.run_with("sessions", *words).exit_code, 2)
        self.assertEqual(self.asked, [])

    def test_watched_they_are_asked_for_again_until_that_is_left(self) -> None:
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 3:
                raise KeyboardInterrupt

        self.patch(time, "sleep", sleep)
        result = self.run_with("sessions", "--watch", "--interval", "0.5")
        self.assertEqual((result.exit_code, slept, len(self.asked)), (0, [0.5] * 3, 3))
