"""``exproxy completion``, with a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from exproxy.cli import main


class ScriptTests(SynchronousTestCase):
    def test_there_is_a_script_for_each_shell(self) -> None:
        for shell, words in (("bash", "complete -o nosort -F"), ("zsh", "#compdef exproxy"), ("fish", "complete --no-files")):
            result = CliRunner().invoke(main, ["completion", shell])
            self.assertEqual(result.exit_code, 0, result.output)
            self.assertIn(words, result.stdout)
            self.assertIn("_EXPROXY_COMPLETE", result.stdout)

    def test_another_shell_is_refused(self) -> None:
        result = CliRunner().invoke(main, ["completion", "csh"])
        self.assertEqual(result.exit_code, 2)
        self.assertIn("'bash', 'zsh', 'fish'", result.stderr)


class BashTests(SynchronousTestCase):
    """``exproxy`` is a program of ours in a folder of its own, as an installation has it."""

    def setUp(self) -> None:
        bash = shutil.which("bash")
        if bash is None:
            raise SkipTest("there is no bash")
        self.bash = bash
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        program = self.folder / "exproxy"
        program.write_text(
            f'#!/bin/sh\nexec {sys.executable} -c "from exproxy.cli import main; main(prog_name=\'exproxy\')" "$@"\n'
        )
        program.chmod(0o755)
        (self.folder / "site.toml").write_text(
            '[hosts]\nexA = "10.0.0.1"\nexB = "10.0.0.2"\n[frontends.f]\nbind = "127.0.0.1:2525"\nbackend = "b"\n'
            "[backends.b.servers]\nexA = 25\nexB = 25\n"
        )

    def completed(self, line: str) -> list[str]:
        """What bash offers when the tab key is pressed behind ``line``."""
        words = line.split(" ")
        script = f"""
            source <(exproxy completion bash)
            complete -p exproxy > /dev/null || exit 9
            COMP_WORDS=({line}{" ''" if not words[-1] else ""}); COMP_CWORD={len(words) - 1}; COMPREPLY=()
            _exproxy_completion exproxy
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "EXPROXY_CONFIG": str(self.folder / "site.toml"),
        }
        command = [self.bash, "--norc", "-c", script]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_are_completed(self) -> None:
        self.assertEqual(self.completed("exproxy s"), ["server", "service", "sessions", "status"])
        self.assertEqual(self.completed("exproxy host "), ["drain", "maint", "ready"])
        self.assertEqual(self.completed("exproxy sessions --s"), ["--server", "--socket"])

    def test_names_are_completed(self) -> None:
        self.assertEqual(self.completed("exproxy host drain "), ["exA", "exB"])
        self.assertEqual(self.completed("exproxy server weight b/exB"), ["b/exB"])
        self.assertEqual(self.completed("exproxy host drain z"), [])
