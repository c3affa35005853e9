"""``exproxy table``."""

import json
from typing import Any

from tests.cli.process import ProcessTestCase

TABLE = {
    "name": "smtp",
    "kind": "source",
    "entries": 2,
    "size": 100,
    "expire": 3600.0,
    "evicted": 1,
    "backends": ["smtp", "web"],
}
ENTRY = {"key": "10.0.0.7", "host": "ex1", "idle": 61.0}


class TableTests(ProcessTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.answer: Any = [ENTRY]

    def test_all_tables_are_told(self) -> None:
        self.answer = [TABLE]
        result = self.run_with("table")
        self.assertEqual((result.exit_code, self.asked), (0, [("GET", "/api/v1/tables", None)]))
        self.assertRegex(result.stdout, r"smtp +source +2 +100 +1h 0m +1 +smtp web")

    def test_where_there_are_none_that_is_said(self) -> None:
        self.answer = []
        self.assertIn("no back end has persistence", self.run_with("table").stdout)
        self.assertEqual(self.run_with("table", "smtp").stdout, "no entries\n")

    def test_the_entries_of_one_are_told(self) -> None:
        result = self.run_with("table", "smtp")
        self.assertEqual(self.asked, [("GET", "/api/v1/tables/smtp?limit=100", None)])
        self.assertRegex(result.stdout, r"10\.0\.0\.7 +ex1 +1m 1s\s+1 entry\s")
        self.assertIn("1 entry; there may be more", self.run_with("table", "smtp", "--limit", "1").stdout)

    def test_one_entry_is_asked_for(self) -> None:
        self.run_with("table", "smtp", "--key", "10.0.0.7")
        self.assertEqual(self.asked, [("GET", "/api/v1/tables/smtp?key=10.0.0.7", None)])

    def test_programs_are_told_what_the_api_says(self) -> None:
        self.assertEqual(json.loads(self.run_with("table", "smtp", "--json").stdout), [ENTRY])

    def test_a_table_is_cleared_after_a_question(self) -> None:
        self.answer = {"cleared": 2}
        refused = self.run_with("table", "smtp", "--clear", input="n\n")
        self.assertEqual((refused.exit_code, self.asked), (1, []))
        self.assertIn("Forget all entries of table smtp?", refused.stderr)
        result = self.run_with("table", "smtp", "--clear", "--yes")
        self.assertEqual((result.exit_code, result.stdout), (0, "2 entries forgotten\n"))
        self.assertEqual(self.asked, [("POST", "/api/v1/tables/smtp/clear", {})])

    def test_one_entry_is_cleared(self) -> None:
        self.answer = {"cleared": 1}
        result = self.run_with("table", "smtp", "--key", "10.0.0.7", "--clear", input="y\n")
        self.assertEqual(result.stdout, "1 entry forgotten\n")
        self.assertEqual(self.asked, [("POST", "/api/v1/tables/smtp/clear", {"key": "10.0.0.7"})])

    def test_without_a_name_there_is_nothing_to_clear(self) -> None:
        for words in (("--clear",), ("--key", "10.0.0.7")):
            result = self.run_with("table", *words)
            self.assertEqual((result.exit_code, self.asked), (2, []))
            self.assertIn("say its name too", result.stderr)
