"""Commands are imported when they are wanted."""

import os
import subprocess
import sys

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import COMMANDS, main
from exproxy.cli.lazy import Lazy


class LazyTests(SynchronousTestCase):
    def test_every_place_has_its_command(self) -> None:
        for name in COMMANDS:
            command = main.get_command(click.Context(main), name)
            assert command is not None
            self.assertEqual(command.name, name)

    def test_all_are_in_the_help(self) -> None:
        shown = CliRunner().invoke(main, ["--help"]).stdout
        self.assertEqual([name for name in COMMANDS if f"\n  {name} " not in shown], [])

    def test_what_is_not_there_is_said_so(self) -> None:
        result = CliRunner().invoke(main, ["statsu"])
        self.assertEqual(result.exit_code, 2)
        self.assertIn("No such command", result.stderr)

    def test_what_is_not_wanted_is_not_imported(self) -> None:
        program = "import sys; import exproxy.cli; print('twisted' in sys.modules, 'rich' in sys.modules)"
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
        self.assertEqual(done.stdout, "False False\n")

    def test_names_are_completed_without_an_import(self) -> None:
        group = Lazy("g", places={"one": "nowhere:one", "other": "nowhere:other"})
        found = group.shell_complete(click.Context(group), "o")
        self.assertEqual([item.value for item in found], ["one", "other"])
        self.assertEqual([item.value for item in main.shell_complete(click.Context(main), "--v")], ["--version"])
