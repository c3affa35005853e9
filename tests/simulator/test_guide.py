from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plugins import checkers
from exproxy.cli.probe import probe, read_options
from exproxy.simulator.control import HELP
from exproxy.simulator.guide import guide
from exproxy.simulator.layout import DEMO

FOLDER = Path("/home/anna/exproxy")


class GuideTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = guide(DEMO, FOLDER / ".venv/bin/python", FOLDER)

    def test_every_protocol_has_a_command(self) -> None:
        for word in (
            "https://127.0.0.1:10443/owa/",
            "smtp://127.0.0.1:10025",
            "imap://127.0.0.1:10143",
            "pop3://127.0.0.1:10110",
        ):
            self.assertIn(word, self.text)
        self.assertIn("probe epm 127.0.0.1:10135", self.text)

    def test_commands_are_short_for_who_stands_in_the_folder(self) -> None:
        self.assertIn(f"  {Path('.venv/bin/python')} -m exproxy.simulator tell ex1 smtp maintenance", self.text)
        self.assertNotIn(str(FOLDER), self.text)

    def test_elsewhere_they_are_whole(self) -> None:
        self.assertIn(f"  {Path('/usr/bin/python3')} -m exproxy.simulator tell", guide(DEMO, Path("/usr/bin/python3"), FOLDER))

    def test_it_tells_only_what_the_control_port_understands(self) -> None:
        said = [line.split(" tell ")[1].split()[:3] for line in self.text.splitlines() if " tell ex" in line]
        self.assertGreater(len(said), 4)
        for _, service, mode in said:
            self.assertIn(service, HELP)
            self.assertIn(mode, HELP)

    def test_it_says_where_to_look(self) -> None:
        self.assertIn("http://127.0.0.1:17777/api/v1/status", self.text)
        self.assertIn(f"  {Path('.venv/bin/exproxy')} host drain ex1 -c {Path('conf/demo.toml')}", self.text)

    def test_its_probes_are_understood(self) -> None:
        probes = [line.partition(" probe ")[2].partition("  ")[0].split() for line in self.text.splitlines() if " probe " in line]
        self.assertEqual([words[0] for words in probes], ["epm", "rpc"])
        for words in probes:
            said = probe.make_context("probe", words).params
            options: Any = read_options(checkers()[said["kind"]].options, said["options"])
            self.assertIn(options.interface, ("emsmdb", ("emsmdb",)))
