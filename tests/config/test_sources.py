"""Files, includes, environment variables and files for strings."""

from pathlib import Path

from exproxy.config.problems import ConfigError
from exproxy.config.sources import FileText, read
from tests.config.support import WEB, ConfigTestCase


class SyntaxTests(ConfigTestCase):
    def test_a_syntax_error_is_told_alone_with_its_line(self) -> None:
        self.assertEqual(self.problems("[service]\nmaxconn = \nworkers = auto\n"), ["site.toml:2: not TOML: Invalid value"])

    def test_a_syntax_error_at_the_end_names_the_last_line(self) -> None:
        self.assertEqual(self.problems('a = """\n\n'), ["site.toml:2: not TOML: Unterminated string"])

    def test_a_key_said_twice_is_a_syntax_error(self) -> None:
        self.assertEqual(
            self.problems("[hosts]\na = '1.2.3.4'\na = '1.2.3.5'\n"), ["site.toml:3: not TOML: Cannot overwrite a value"]
        )

    def test_a_file_that_is_not_there_is_named(self) -> None:
        error = self.assertRaises(ConfigError, read, self.folder / "none.toml", {})
        self.assertEqual(str(error), f"{self.folder / 'none.toml'}: cannot be read: No such file or directory")

    def test_text_that_is_not_utf_8_is_told_with_its_line(self) -> None:
        path = self.folder / "latin.toml"
        path.write_bytes(b"a = 1\n# caf\xe9\n")
        self.assertIn("latin.toml:2: this is not UTF-8 text", str(self.assertRaises(ConfigError, read, path, {})))

    def test_a_byte_order_mark_is_no_mistake(self) -> None:
        path = self.folder / "notepad.toml"
        path.write_bytes(b"\xef\xbb\xbf[service]\r\nmaxconn = 3\r\n")
        self.assertEqual(read(path, {}).values, {"service": {"maxconn": 3}})


class IncludeTests(ConfigTestCase):
    def test_files_come_together(self) -> None:
        self.write('[backends.web.servers]\na = "a.example.com:443"\n', "conf.d/backends.toml")
        self.write('[frontends.web]\nbind = ":443"\nbackend = "web"\n', "conf.d/frontends.toml")
        configuration = self.load('include = ["conf.d/*.toml"]\n')
        self.assertEqual([*configuration.frontends, *configuration.backends], ["web", "web"])
        names = [path.name for path in configuration.files]
        self.assertEqual(names, ["site.toml", "backends.toml", "frontends.toml"])

    def test_a_problem_names_the_included_file(self) -> None:
        self.write("\n[service]\nmaxcon = 3\n", "conf.d/a.toml")
        self.assertEqual(
            self.problems('include = "conf.d/*.toml"\n'),
            [f'{Path("conf.d/a.toml")}:3: service.maxcon: there is no such key; did you mean "maxconn"?'],
        )

    def test_what_two_files_say_is_an_error_that_names_both(self) -> None:
        self.write('[hosts]\nb = "10.0.0.2"\na = "10.0.0.3"\n', "more.toml")
        self.assertEqual(
            self.problems('include = "more.toml"\n[hosts]\na = "10.0.0.1"\n'),
            ["more.toml:3: hosts.a: this is already said at site.toml:3; say it in one place"],
        )

    def test_a_back_end_of_two_files_is_an_error(self) -> None:
        self.write("[backends.web]\nretries = 1\n", "more.toml")
        problems = self.problems('include = "more.toml"\n' + WEB)
        self.assertEqual(problems, ["more.toml:1: backends.web: this is already said at site.toml:6; say it in one place"])

    def test_a_file_that_includes_itself_is_an_error(self) -> None:
        self.write('include = "site.toml"\n', "more.toml")
        (problem,) = self.problems('include = "more.toml"\n')
        self.assertIn('more.toml:1: include: "site.toml" includes itself', problem)

    def test_a_file_included_twice_is_an_error(self) -> None:
        self.write("", "more.toml")
        self.assertEqual(
            self.problems('include = [\n"more.toml",\n"*ore.toml"]\n'),
            ['site.toml:3: include: "more.toml" is already included at site.toml:2'],
        )

    def test_a_named_file_has_to_be_there_and_a_pattern_may_find_none(self) -> None:
        self.assertEqual(
            self.problems('include = ["conf.d/*.toml", "more.toml"]\n'), ['site.toml:1: include: there is no file "more.toml"']
        )

    def test_includes_that_are_no_names_are_refused(self) -> None:
        (problem,) = self.problems("include = [3]\n")
        self.assertIn("site.toml:1: include: a list of file names is expected", problem)


class VariableTests(ConfigTestCase):
    def test_a_variable_is_filled_in(self) -> None:
        configuration = self.load('[hosts]\na = "${NET}.1"\n', {"NET": "10.0.0"})
        self.assertEqual(configuration.hosts["a"].address, "10.0.0.1")

    def test_a_missing_variable_is_named(self) -> None:
        (problem,) = self.problems('[service]\nlog.syslog = "udp://${HOST}:1"\n')  # which is no address as it stands, either
        self.assertEqual(
            problem,
            "site.toml:2: service.log.syslog: the environment variable HOST is not set; set it, or write $${HOST}",
        )

    def test_what_is_no_name_is_refused(self) -> None:
        (problem,) = self.problems('[service]\nlog.access = "a${B-C}"\n')
        self.assertIn('service.log.access: "${B-C}" is not the name of an environment variable', problem)

    def test_two_dollars_are_a_plain_one(self) -> None:
        configuration = self.load('[service]\nlog.access = "a$${B}"\n')
        self.assertEqual(configuration.service.log.access, self.folder / "a${B}")


class FileTextTests(ConfigTestCase):
    def test_a_files_text_stands_for_a_string(self) -> None:
        self.write("10.0.0.7\n", "secrets/address")
        self.write('[hosts]\na = { file = "../secrets/address" }\n', "conf.d/a.toml")
        self.assertEqual(self.load('include = "conf.d/a.toml"\n').hosts["a"].address, "10.0.0.7")

    def test_a_missing_file_is_named_at_its_key(self) -> None:
        (problem,) = self.problems('[hosts]\na = { file = "none" }\n')
        self.assertEqual(problem, 'site.toml:2: hosts.a: "none" cannot be read: No such file or directory')

    def test_a_host_may_be_named_file(self) -> None:
        self.assertEqual(list(self.load('[hosts]\nfile = "10.0.0.1"\n').hosts), ["file"])

    def test_text_has_to_be_utf_8(self) -> None:
        (self.folder / "secret").write_bytes(b"\xff")
        self.assertIn("it is not UTF-8 text", str(self.assertRaises(ValueError, FileText({"file": "secret"}, self.folder).read)))


class TreeTests(ConfigTestCase):
    def test_a_path_that_is_not_written_is_where_its_table_is(self) -> None:
        tree = read(self.write("[service]\n"), {})
        self.assertEqual(tree.place(("service", "maxconn")).line, 1)

    def test_nothing_is_in_the_main_file(self) -> None:
        tree = read(self.write(""), {})
        self.assertEqual((tree.place(()).file, tree.place(()).line), (Path(self.folder / "site.toml"), None))
