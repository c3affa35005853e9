"""Which checks a server has, and with what words."""

from exproxy.config.checks import timing
from exproxy.config.model import Check, CheckTiming, CheckTLS
from exproxy.config.sections import TimingSection
from tests.config.support import CHECKERS, WEB, ConfigTestCase

FIRST = '[frontends.web]\nbind = ":443"\nbackend = "web"\n[backends.web]\n'


class ChecksTestCase(ConfigTestCase):
    def checks(self, backend: str = "", server: str = "", address: str = "10.0.0.1:443", defaults: str = "") -> tuple[Check, ...]:
        text = f'[defaults]\n{defaults}\n{FIRST}{backend}\n[backends.web.servers.a]\naddress = "{address}"\n{server}\n'
        return self.load(text).backends["web"].servers[0].checks


class ChoiceTests(ChecksTestCase):
    def test_without_a_word_there_is_one_tcp_check(self) -> None:
        self.assertEqual(self.checks(), (Check("tcp", "tcp", CHECKERS["tcp"].options(), CheckTiming()),))

    def test_off_is_no_check(self) -> None:
        self.assertEqual(self.checks('check = "off"'), ())

    def test_a_server_turns_its_check_off(self) -> None:
        self.assertEqual(self.checks('check = "smtp"', 'check = "off"'), ())

    def test_a_plain_word_is_a_type(self) -> None:
        self.assertEqual([check.type for check in self.checks('check = ["smtp", "imap"]')], ["smtp", "imap"])

    def test_a_servers_own_check_replaces_those_of_the_back_end(self) -> None:
        (check,) = self.checks('check = ["smtp", "imap"]', 'check = { type = "pop3", port = 110 }')
        self.assertEqual((check.type, check.port), ("pop3", 110))

    def test_a_servers_check_without_a_type_changes_those_of_the_back_end(self) -> None:
        checks = self.checks('check = [{ type = "smtp", helo = "x", rise = 4 }, "imap"]', "check = { port = 2525, fall = 9 }")
        self.assertEqual(
            [(check.type, check.port, check.timing.fall) for check in checks], [("smtp", 2525, 9), ("imap", 2525, 9)]
        )
        self.assertEqual((checks[0].options, checks[0].timing.rise), (CHECKERS["smtp"].options("x"), 4))

    def test_each_check_of_a_servers_list_needs_a_type(self) -> None:
        text = f'{FIRST}[backends.web.servers]\na = {{ address = "10.0.0.1:1", check = ["tcp", {{ port = 3 }}] }}\n'
        self.assertEqual(
            self.problems(text), ["site.toml:6: backends.web.servers.a.check[1].type: each check of a list needs its type"]
        )

    def test_required_is_the_default(self) -> None:
        checks = self.checks('check = ["tcp", { type = "smtp", required = false }]')
        self.assertEqual([check.required for check in checks], [True, False])


class NameTests(ChecksTestCase):
    def test_the_second_of_a_type_is_numbered(self) -> None:
        checks = self.checks('check = ["tcp", "smtp", "tcp", { type = "tcp", name = "own" }]')
        self.assertEqual([check.name for check in checks], ["tcp", "smtp", "tcp-2", "own"])

    def test_a_name_twice_is_refused(self) -> None:
        problems = self.problems(WEB + '[backends.web]\ncheck = ["smtp", { type = "tcp", name = "smtp" }]\n')
        self.assertEqual(problems[1], 'site.toml:8: backends.web.check[1].name: several checks of one server are named "smtp"')


class PortTests(ChecksTestCase):
    def test_a_server_without_a_port_needs_one_in_each_check(self) -> None:
        text = f'{FIRST}check = ["smtp", {{ type = "tcp", port = 3 }}]\n[backends.web.servers]\na = "10.0.0.1"\n'
        self.assertEqual(
            self.problems(text),
            [
                (
                    'site.toml:7: backends.web.servers.a: the server has no port, so its check "smtp" needs one of its own; '
                    'write check = { type = "smtp", port = … }, or check = "off"'
                )
            ],
        )

    def test_an_address_has_no_port(self) -> None:
        (problem,) = self.problems(WEB + '[backends.web]\ncheck = { type = "tcp", address = "10.0.0.2:3" }\n')
        self.assertIn('check.address: "10.0.0.2:3" has a port', problem)

    def test_an_address_is_one(self) -> None:
        (problem,) = self.problems(WEB + '[backends.web]\ncheck = { type = "tcp", address = "a b" }\n')
        self.assertIn('check.address: "a b" is not an address', problem)


class ProxyTests(ChecksTestCase):
    def sent(self, check: str, server: str = 'send_proxy = "v2"') -> str | None:
        return self.checks(f"check = {check}", server)[0].send_proxy

    def test_a_check_of_the_traffics_port_sends_what_the_sessions_send(self) -> None:
        self.assertEqual([self.sent('"tcp"'), self.sent('{ type = "tcp", port = 443 }')], ["v2", "v2"])

    def test_a_check_of_another_port_or_address_sends_none(self) -> None:
        self.assertEqual(
            [self.sent('{ type = "tcp", port = 80 }'), self.sent('{ type = "tcp", address = "10.0.0.9" }')], [None, None]
        )

    def test_a_check_may_say_otherwise(self) -> None:
        self.assertEqual([self.sent('{ send_proxy = "off" }'), self.sent('{ port = 80, send_proxy = "v1" }')], [None, "v1"])


class TlsTests(ChecksTestCase):
    def tls(self, check: str) -> CheckTLS | None:
        return self.checks(f"check = {check}")[0].tls

    def test_there_is_none_by_default(self) -> None:
        self.assertEqual([self.tls('"smtp"'), self.tls('{ type = "https", tls = "off" }')], [None, None])

    def test_a_word_is_the_mode(self) -> None:
        self.assertEqual(self.tls('{ type = "smtp", tls = "starttls" }'), CheckTLS("starttls"))

    def test_a_table_says_more(self) -> None:
        (self.folder / "ca.pem").touch()
        tls = self.tls(
            '{ type = "smtp", tls = { mode = "implicit", verify = true, ca = "ca.pem", name = "x", '
            "warn_days = 3, legacy = true } }"
        )
        self.assertEqual(tls, CheckTLS("implicit", True, self.folder / "ca.pem", "x", 3, True))

    def test_https_is_http_over_tls(self) -> None:
        (check,) = self.checks('check = { type = "https", path = "/owa", tls = { legacy = true } }')
        self.assertEqual((check.type, check.name, check.tls), ("http", "https", CheckTLS("implicit", legacy=True)))

    def test_tls_is_over_tls(self) -> None:
        self.assertEqual(self.tls('"tls"'), CheckTLS("implicit"))

    def problem(self, check: str) -> str:
        (problem,) = self.problems(WEB + f"[backends.web]\ncheck = {check}\n")
        return problem.partition("backends.web.")[2]

    def test_https_knows_no_starttls(self) -> None:
        self.assertIn('check.tls: "https" has TLS from the first byte', self.problem('{ type = "https", tls = "starttls" }'))

    def test_protocols_without_starttls_refuse_it(self) -> None:
        self.assertIn('check.tls: "http" has no STARTTLS', self.problem('{ type = "http", tls = "starttls" }'))

    def test_so_do_those_of_third_parties(self) -> None:
        self.assertIn('check.tls: "ping" has no STARTTLS', self.problem('{ type = "ping", tls = "starttls" }'))

    def test_a_table_needs_a_mode(self) -> None:
        self.assertIn("check.tls: mode is missing", self.problem('{ type = "smtp", tls = { verify = true } }'))

    def test_a_ca_has_to_be_there(self) -> None:
        problem = self.problem('{ type = "smtp", tls = { mode = "starttls", ca = "none.pem" } }')
        self.assertEqual(problem, 'check.tls.ca: there is no file "none.pem"')


class TimingTests(ChecksTestCase):
    def test_the_other_intervals_follow_interval(self) -> None:
        self.assertEqual(timing(TimingSection(interval=7.0)), CheckTiming(7.0, 7.0, 7.0))

    def test_a_check_says_otherwise_than_the_defaults(self) -> None:
        (check,) = self.checks(
            'check = { interval = "9s" }', defaults='check = { interval = "4s", fast_interval = "1s", rise = 5 }'
        )
        self.assertEqual(check.timing, CheckTiming(9.0, 1.0, 9.0, 5.0, 5, 3))
