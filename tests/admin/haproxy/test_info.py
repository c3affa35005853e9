"""``show info``."""

import json

from attrs import evolve

from exproxy.admin.haproxy.info import version
from tests.admin.haproxy.stage import RuntimeStage


class InfoTests(RuntimeStage):
    def told(self, words: str = "") -> dict[str, str]:
        return dict(line.split(": ", 1) for line in self.say(f"show info {words}").splitlines() if line)

    def test_the_process_is_told(self) -> None:
        self.process = evolve(self.process, started=1000.0 - 90_061)
        told = self.told()
        wanted = {"Pid": "7", "Uptime": "1d 1h01m01s", "Uptime_sec": "90061", "Maxconn": "100", "Nbproc": "1", "Stopping": "0"}
        self.assertLessEqual(wanted.items(), told.items())
        self.assertEqual(told["Listeners"], "2")

    def test_programs_find_the_version_of_haproxy_whose_words_these_are(self) -> None:
        self.assertEqual(version("1.0"), "2.6.0-exproxy-1.0")
        self.assertEqual([int(part) for part in self.told()["Version"].split(".")[:2]], [2, 6])
        self.assertEqual(self.say("show version"), "2.6.0-exproxy-1.0\n\n")

    def test_there_are_other_forms(self) -> None:
        self.assertEqual(self.told("desc")["Pid"], '7:"This process identifier for the system"')
        self.assertIn("\n6.Pid.1:SGP:u32:7\n", self.say("show info typed"))
        self.assertIn('\n6.Pid.1:SGP:u32:7:"This process', self.say("show info typed desc"))
        known = {one["field"]["name"]: one["value"] for one in json.loads(self.say("show info json"))}
        self.assertEqual(known["Pid"], {"type": "u32", "value": 7})
