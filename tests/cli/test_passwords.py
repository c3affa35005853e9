"""``exproxy hash-password``."""

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import main
from exproxy.config.passwords import parse


class HashPasswordTests(SynchronousTestCase):
    def test_the_first_line_of_the_input_is_the_password(self) -> None:
        result = CliRunner().invoke(main, ["hash-password"], input="sécret \r\nmore\n")
        self.assertTrue(parse(result.stdout.strip()).matches("sécret "))

    def test_an_empty_one_is_refused(self) -> None:
        result = CliRunner().invoke(main, ["hash-password"], input="\n")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("a password has 1 to 1024 characters", result.stderr)

    def test_it_is_no_argument(self) -> None:
        self.assertEqual(CliRunner().invoke(main, ["hash-password", "secret"]).exit_code, 2)
