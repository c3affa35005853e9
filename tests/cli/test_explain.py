"""``exproxy explain``."""

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import main
from exproxy.proxy.accesslog.formats import TextFormat
from tests.proxy.accesslog.samples import RECORD


class ExplainTests(SynchronousTestCase):
    def run_with(self, *words: str, **rest: str) -> Result:
        return CliRunner().invoke(main, ["explain", *words], **rest)

    def test_two_letters_are_explained(self) -> None:
        result = self.run_with("sC")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("no server answered a connect in time (timeouts.connect)", result.stdout)

    def test_others_are_refused(self) -> None:
        result = self.run_with("XX")
        self.assertEqual(result.exit_code, 2)
        self.assertIn('"XX" is no termination', result.stderr)

    def test_lines_that_did_not_end_in_the_ordinary_way_are_printed_and_explained(self) -> None:
        lines = [TextFormat()(RECORD._replace(termination=letters)) for letters in ("--", "SD")]
        result = self.run_with(input="\n".join(["nothing", *lines]) + "\n")
        shown = result.stdout.splitlines()
        self.assertEqual((result.exit_code, shown[0], len(shown)), (0, lines[1], 2))
        self.assertRegex(shown[1], r"^    \S+/\S+: the server broke off in the middle: its own log may say why \(SD\)$")

    def test_letters_of_a_later_version_are_said_to_be_unknown(self) -> None:
        result = self.run_with(input='{"frontend": "f", "termination": "XY"}\n')
        self.assertEqual((result.exit_code, '"XY" is no termination' in result.stdout), (0, True))
