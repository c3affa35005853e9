"""What is shown loads again to the same."""

import tomllib

import attrs

from exproxy.config.load import load
from exproxy.config.model import Configuration
from exproxy.config.show import show
from tests.config.support import CHECKERS, CONF, WEB, ConfigTestCase


class RoundTripTests(ConfigTestCase):
    def again(self, configuration: Configuration) -> Configuration:
        return attrs.evolve(self.load(show(configuration)), files=configuration.files)

    def test_every_file_of_conf_comes_back_equal(self) -> None:
        for path in sorted(CONF.glob("*.toml")):
            if path.name != "demo.toml":
                configuration = load(path, {}, CHECKERS)
                self.assertEqual(self.again(configuration), configuration, path.name)

    def test_what_is_awkward_comes_back_equal(self) -> None:
        text = (
            WEB + '[backends.web]\nretries = 0\ncheck = [{ type = "smtp", helo = "a\\"b\\\\c\\n\\t\\u0001$${X}ä" }]\n'
            '[hosts]\n"a.b" = "fd00::1"\n[backends."x.y".servers]\n"a.b" = { port = 3, check = "off", slow_start = "1500ms" }\n'
        )
        configuration = self.load(text)
        self.assertEqual(self.again(configuration), configuration)

    def test_options_of_every_kind_come_back_equal(self) -> None:
        text = (
            'check = [{ type = "http", expect = ["200", "3xx"], headers = { "X-A.b" = "c" } }, '
            '{ type = "rpc", interface = "nspi", codes = [1, 2], share = 0.25, mapper = true }]\n'
        )
        configuration = self.load(WEB + "[backends.web]\n" + text)
        self.assertEqual(self.again(configuration), configuration)


class TextTests(ConfigTestCase):
    def test_templates_are_written_out(self) -> None:
        text = show(self.load('[exchange]\nversion = "SE"\nlisten = "*"\nservers = { ex1 = "10.0.0.1" }\n'))
        tables = tomllib.loads(text)
        self.assertNotIn("exchange", tables)
        self.assertEqual(list(tables["backends"]), ["https", "smtp", "submission"])
        self.assertEqual(tables["backends"]["smtp"]["timeouts"]["server"], "30m")

    def test_the_files_are_named(self) -> None:
        self.assertTrue(show(self.load(WEB)).startswith(f"# {self.folder}/site.toml\n"))
