"""What is wrong with values: all of it, once, at its key."""

from typing import Any, get_type_hints

import attrs

from exproxy.config import structuring
from exproxy.config.load import load
from exproxy.config.problems import ConfigError
from exproxy.config.sections import DocumentSection
from exproxy.config.sources import read
from exproxy.config.structuring import Findings, converter_for, structure
from tests.config.support import CHECKERS, WEB, ConfigTestCase, Kind


def _has_a_password(options: object, _attribute: object, _user: str) -> None:
    if not getattr(options, "password", ""):
        raise ValueError("a user needs a password")


@attrs.frozen
class LoginOptions:
    user: str = attrs.field(default="me", validator=_has_a_password)
    password: str = ""


SERVERS = '[frontends.web]\nbind = ":443"\nbackend = "web"\n'


class ProblemTests(ConfigTestCase):
    def check(self, text: str, *expected: str) -> None:
        self.assertEqual(self.problems(text), list(expected))

    def test_an_unknown_key_offers_the_nearest(self) -> None:
        self.check("[service]\nmax_conn = 3\n", 'site.toml:2: service.max_conn: there is no such key; did you mean "maxconn"?')

    def test_an_unknown_table_offers_the_nearest(self) -> None:
        self.check("[frontend.smtp]\n", 'site.toml:1: frontend: there is no such key; did you mean "frontends"?')

    def test_an_unknown_algorithm_offers_the_nearest(self) -> None:
        self.check(
            '[defaults]\nbalance = "leastcon"\n',
            'site.toml:2: defaults.balance: "leastcon" is not an algorithm; did you mean "leastconn"?',
        )

    def test_a_missing_key_is_named(self) -> None:
        self.check(
            '[frontends.x]\nmode = "tcp"\nbackend="web"\n[backends.web.servers]\na = "1.2.3.4:1"',
            'site.toml:1: frontends.x.bind: "bind" is missing',
        )

    def test_a_number_is_no_string(self) -> None:
        self.check("[frontends.web]\nbind = 25\n", "site.toml:2: frontends.web.bind: a string or a table is expected, not 25")
        self.check(
            '[backends.b.servers]\na = { address = "10.0.0.1:epm/nspi", mapper = "135" }\n',
            'site.toml:2: backends.b.servers.a.mapper: a number or a table is expected, not "135"',
        )

    def test_a_bare_duration_is_refused(self) -> None:
        self.check(
            "[defaults.timeouts]\nclient = 30\n",
            'site.toml:2: defaults.timeouts.client: a duration needs a unit: "30s" or "30ms"?',
        )

    def test_a_timeout_of_nothing_is_refused(self) -> None:
        self.check('[defaults]\ntimeouts.client = "0s"\n', "site.toml:2: defaults.timeouts.client: client has to be more than 0")

    def test_a_string_is_no_number(self) -> None:
        self.check('[service]\nmaxconn = "many"\n', 'site.toml:2: service.maxconn: a whole number is expected, not "many"')

    def test_a_boolean_is_no_number(self) -> None:
        self.check("[service]\nmaxconn = true\n", "site.toml:2: service.maxconn: a whole number is expected, not true")

    def test_a_number_is_no_boolean(self) -> None:
        self.check("[defaults]\nredispatch = 1\n", "site.toml:2: defaults.redispatch: true or false is expected, not 1")

    def test_a_list_is_no_table(self) -> None:
        self.check("service = [1]\n", "site.toml:1: service: a table is expected, not a list")

    def test_a_table_is_no_word(self) -> None:
        self.check("[defaults]\nbalance = {}\n", "site.toml:2: defaults.balance: a string is expected, not a table")

    def test_a_number_where_a_word_is_meant_is_quoted(self) -> None:
        self.check(
            "[exchange]\nversion = 2016\nlisten='*'\nservers={a='10.0.0.1'}\n",
            'site.toml:2: exchange.version: a string is expected, not 2016; write "2016"',
        )

    def test_a_name_has_no_blanks(self) -> None:
        self.check('[hosts]\n"a b" = "10.0.0.1"\n', 'site.toml:2: hosts."a b": a name consists of letters, digits and . _ - : @')

    def test_weight_fall_and_prefixes_have_ranges(self) -> None:
        self.check(
            f"[defaults]\ncheck.fall = 0\n[tables.t]\nipv4_prefix = 33\n{SERVERS}[backends.web.servers]\n"
            'a = { address = "1.2.3.4:5", weight = 257, maxconn = 0 }\n',
            "site.toml:2: defaults.check.fall: fall is 0, but has to be at least 1",
            "site.toml:4: tables.t.ipv4_prefix: ipv4_prefix is 33, but has to be from 0 to 32",
            "site.toml:9: backends.web.servers.a.weight: weight is 257, but has to be from 0 to 256",
            "site.toml:9: backends.web.servers.a.maxconn: maxconn is 0, but has to be at least 1",
        )

    def test_elements_of_lists_have_lines_of_their_own(self) -> None:
        self.check(
            '[frontends.web]\nbackend = "web"\nbind = [\n":443",\n":0",\n'
            '{ address = ":444", accept_proxy = ["10.0.0.0/8",\n"x"] }]\n'
            '[backends.web.servers]\na = "1.2.3.4:1"\n',
            'site.toml:5: frontends.web.bind[1]: the port of ":0" is not a number from 1 to 65535',
            'site.toml:7: frontends.web.bind[2].accept_proxy[1]: "x" is not a network such as "10.0.0.0/24" or "fd00::/64"',
        )


class LaterTests(ConfigTestCase):
    def test_keys_that_are_not_built_are_refused_by_name(self) -> None:
        for line, key in (('[tls.profiles.old]\ncurves = "X25519"', "tls.profiles.old.curves"),):
            (problem,) = self.problems(line)
            self.assertIn(f": {key}: this is not built yet; ", problem)


class CheckTests(ConfigTestCase):
    def problem(self, check: str) -> str:
        (problem,) = self.problems(WEB + f"[backends.web]\ncheck = {check}\n")
        return problem.partition("site.toml:8: backends.web.")[2]

    def test_an_unknown_type_offers_the_nearest(self) -> None:
        self.assertEqual(self.problem('"smpt"'), 'check: "smpt" is not a type of check; did you mean "smtp"?')

    def test_an_unknown_type_in_a_table_is_at_its_key(self) -> None:
        self.assertEqual(
            self.problem('[{ type = "htps" }]'), 'check[0].type: "htps" is not a type of check; did you mean "https"?'
        )

    def test_an_unknown_option_offers_the_nearest_of_the_type_and_of_all(self) -> None:
        self.assertEqual(
            self.problem('{ type = "smtp", hello = "x" }'), 'check.hello: there is no such key; did you mean "helo"?'
        )
        self.assertEqual(
            self.problem('{ type = "smtp", intervall = "3s" }'), 'check.intervall: there is no such key; did you mean "interval"?'
        )

    def test_an_option_of_another_type_is_unknown(self) -> None:
        self.assertEqual(self.problem('{ type = "tcp", helo = "x" }'), "check.helo: there is no such key")

    def test_a_types_validator_is_told_at_its_key(self) -> None:
        self.assertEqual(
            self.problem('{ type = "https", expect = ["200", "ok"] }'), "check.expect: ('200', 'ok') are not statuses"
        )

    def test_a_missing_option_is_named(self) -> None:
        self.assertEqual(self.problem('"rpc"'), 'check: "interface" is missing')

    def test_a_required_option_that_is_wrong_hides_no_other_mistake(self) -> None:
        problems = self.problems(WEB + '[backends.web]\ncheck = { type = "rpc", interface = 5, tls = "starttls" }\n')
        self.assertEqual(
            [problem.split(": ")[1] for problem in problems], ["backends.web.check.interface", "backends.web.check.tls"]
        )

    def test_an_option_that_is_wrong_is_not_missing_too(self) -> None:
        for more in ('user = "u", ', ""):
            path = self.write(WEB + f'[backends.web]\ncheck = {{ type = "login", {more}password = 5 }}\n')
            error = self.assertRaises(ConfigError, load, path, {}, {**CHECKERS, "login": Kind(LoginOptions)})
            self.assertEqual([problem.message for problem in error.problems], ["a string is expected, not 5"])

    def test_the_words_that_a_missing_option_knows_are_told(self) -> None:
        known = attrs.make_class("Known", {"interface": attrs.field(metadata={"known": ("emsmdb", "nspi")})}, frozen=True)
        with self.assertRaises(Findings) as caught:
            converter_for({}).structure({}, known)
        self.assertEqual(caught.exception.found[0].hint, 'such as interface = "emsmdb"; known are emsmdb, nspi')

    def test_options_of_every_type_are_read(self) -> None:
        text = 'check = { type = "rpc", interface = "nspi", mapper = true, codes = 3, share = 1 }\n'
        (server,) = self.load(WEB + "[backends.web]\n" + text).backends["web"].servers
        self.assertEqual(server.checks[0].options, CHECKERS["rpc"].options(("nspi",), "", True, (3,), 1.0))

    def test_a_number_option_refuses_words(self) -> None:
        self.assertEqual(
            self.problem('{ type = "rpc", interface = "x", share = "half" }'), 'check.share: a number is expected, not "half"'
        )

    def test_a_check_without_a_type_has_no_options(self) -> None:
        self.assertIn("check.helo: there is no such key", self.problem('{ helo = "x" }'))


class ClassTests(ConfigTestCase):
    """What classes say of their fields, which is looked up once."""

    def asked(self) -> list[Any]:
        """The classes whose hints are evaluated from now on."""
        kinds: list[Any] = []

        def evaluated(kind: Any) -> dict[str, Any]:
            kinds.append(kind)
            return get_type_hints(kind)

        self.patch(structuring, "get_type_hints", evaluated)
        return kinds

    def test_hints_are_evaluated_once_for_all_tables_of_a_class(self) -> None:
        options = attrs.make_class("Options", {"word": attrs.field(type=str)}, frozen=True)
        asked = self.asked()
        for word in ("one", "two"):
            self.assertEqual(converter_for({}).structure({"word": word}, options), options(word))
        self.assertEqual(asked, [options])

    def test_classes_of_one_name_are_not_taken_for_one_another(self) -> None:
        first, second = (attrs.make_class("Options", {"word": attrs.field(type=kind)}, frozen=True) for kind in (str, int))
        self.assertEqual(converter_for({}).structure({"word": "one"}, first), first("one"))
        self.assertEqual(converter_for({}).structure({"word": 1}, second), second(1))

    def test_a_file_that_is_read_anew_evaluates_none(self) -> None:
        self.load(WEB)
        asked = self.asked()
        self.load(WEB)
        self.assertEqual(asked, [])

    def test_other_options_under_the_name_of_a_check_are_those_that_count(self) -> None:
        """A site has other plugins than the one before it in a process, as tests do."""
        path = self.write(WEB + '[backends.web]\ncheck = { type = "login", user = "u", password = "p" }\n')
        (server,) = load(path, {}, {**CHECKERS, "login": Kind(LoginOptions)}).backends["web"].servers
        self.assertEqual(server.checks[0].options, LoginOptions("u", "p"))
        other = attrs.make_class("LoginOptions", {"user": attrs.field(type=str)}, frozen=True)
        error = self.assertRaises(ConfigError, load, path, {}, {**CHECKERS, "login": Kind(other)})
        self.assertEqual([problem.message for problem in error.problems], ["there is no such key"])


class StructureTests(ConfigTestCase):
    def test_what_is_wrong_in_one_place_hides_nothing_elsewhere(self) -> None:
        text = '[frontends.a]\nbind = "x"\nbackend = "nowhere"\n[frontends.b]\nbind = ":1"\nbackend = "nowhere"\nbalance = 3\n'
        lines = [problem.split(":")[1] for problem in self.problems(text)]
        self.assertEqual(lines, ["2", "6", "7"])

    def test_a_table_that_is_wrong_itself_cannot_be_had(self) -> None:
        tree = read(self.write("service = 3\n"), {})
        document, damaged = structure(tree, DocumentSection, CHECKERS)
        self.assertEqual((document, damaged), (DocumentSection(), {("service",)}))

    def test_a_table_that_cannot_be_used_takes_its_wrong_values_with_it(self) -> None:
        problems = self.problems('[exchange]\nlisten = {}\nhelo = 3\nservers = { a = "10.0.0.1" }\n')
        self.assertEqual(
            [problem.partition(": ")[2] for problem in problems],
            [
                'exchange.version: "version" is missing',
                "exchange.listen: a string is expected, not a table",
                'exchange.helo: a string is expected, not 3; write "3"',
            ],
        )
