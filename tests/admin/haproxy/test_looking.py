"""Commands that only look."""

import json

from attrs import evolve

from tests.admin.haproxy.stage import RuntimeStage


class LookingTests(RuntimeStage):
    def test_numbers_come_in_three_forms(self) -> None:
        csv, typed, encoded = (self.say(f"show stat smtp 4 1 {form}") for form in ("", "typed", "json"))
        self.assertTrue(csv.startswith("# pxname,svname,qcur,"))
        self.assertTrue(csv.endswith(",\n\n"))
        self.assertTrue(typed.startswith("S.4.1.0.pxname.1:KNS:str:smtp\nS.4.1.1.svname.1:KNS:str:ex1\n"))
        ((name, *_),) = json.loads(encoded)
        self.assertEqual((name["objType"], name["value"]["value"]), ("Server", "smtp"))
        self.assertEqual(json.loads(self.say("show stat 99 4 1 json")), [])

    def test_a_weight_is_told_with_the_one_that_was_configured(self) -> None:
        self.server("smtp/ex1").set_weight(5, 1000.0)
        self.assertEqual(self.say("get weight smtp/ex1"), "5 (initial 1)\n\n")
        self.assertEqual(self.say("get weight"), "Require 'backend/server'.\n\n")

    def test_no_errors_are_kept(self) -> None:
        self.assertRegex(self.say("show errors"), r"^Total events captured on \[\d\d/\w{3}/\d{4}:[\d:]{8}\.\d{3}\] : 0\n\n$")

    def test_counters_are_cleared_here_and_nowhere_else(self) -> None:
        self.sources.front = evolve(self.sources.front, sessions=1, total=5, bytes_in=9)
        self.assertEqual(self.rows()["mail/FRONTEND"]["smax"], "1")
        self.sources.front = evolve(self.sources.front, sessions=0)
        self.assertEqual(self.say("clear counters"), "\n")
        row = self.rows()["mail/FRONTEND"]
        self.assertEqual((row["smax"], row["stot"]), ("0", "5"))
        self.assertEqual(self.say("clear counters all"), "\n")
        self.sources.front = evolve(self.sources.front, total=7)
        row = self.rows()["mail/FRONTEND"]
        self.assertEqual((row["stot"], row["bin"], row["slim"]), ("2", "0", "50"))
        self.assertEqual(self.overview.snapshot().frontends[0].total, 7)

    def test_an_operator_may_clear_peaks_only(self) -> None:
        self.say("operator")
        self.assertEqual((self.say("clear counters"), self.say("clear counters all")), ("\n", "Permission denied\n\n"))
