"""Commands that are not there yet."""

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import main
from exproxy.cli.later import LATER


class LaterTests(SynchronousTestCase):
    def test_each_says_so_with_what_to_do_and_ends_with_2(self) -> None:
        for name, instead in LATER.items():
            result = CliRunner().invoke(main, [name])
            self.assertEqual((result.exit_code, result.stdout), (2, ""), name)
            self.assertEqual(result.stderr, f'not built yet: "exproxy {name}"; {instead}\n')

    def test_what_stands_behind_them_is_not_looked_at(self) -> None:
        for words in (
            ["service", "install", "-c", "site.toml"],
            ["service", "--help"],
        ):
            result = CliRunner().invoke(main, words)
            self.assertEqual(result.exit_code, 2, words)
            self.assertIn(f'not built yet: "exproxy {" ".join(words)}"', result.stderr)

    def test_the_help_does_not_offer_them(self) -> None:
        offered = CliRunner().invoke(main, ["--help"]).stdout.partition("Commands:")[2]
        self.assertIn("probe", offered)
        self.assertEqual([name for name in LATER if f"\n  {name}" in offered], [])
