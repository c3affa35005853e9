"""What is shown loads again to the same."""

import re
import tomllib

import attrs

from exproxy.config.load import load
from exproxy.config.model import Configuration, Timeouts
from exproxy.config.sections import DefaultsSection, FrontendSection
from exproxy.config.show import show
from exproxy.config.toml import value
from tests.config.support import CHECKERS, WEB, ConfigTestCase, conf


class RoundTripTests(ConfigTestCase):
    def again(self, configuration: Configuration) -> Configuration:
        return attrs.evolve(self.load(show(configuration)), files=configuration.files)

    def test_every_file_of_conf_comes_back_equal(self) -> None:
        for path in conf(self.folder):
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

    def test_ports_by_interface_come_back_equal(self) -> None:
        text = (
            '[defaults]\ncheck = { interval = "1s" }\n[hosts]\nex1 = "10.0.0.1"\n'
            '[frontends.f]\nbind = ":1-9"\nbackend = "b"\n[backends.b.servers]\n'
            'ex1 = "epm/emsmdb"\nb = { address = "10.0.0.2:epm/nspi", mapper = 10135 }\n'
            'c = { address = "mbx.example.com:epm/a4f1db00-ca47-1067-b31f-00dd010662da/0.81", check = "tcp" }\n'
            'd = { address = "[fd00::1]:epm/rfri", check = "off", mapper = { interval = "5s" } }\n'
            'e = { host = "ex1", address = "10.0.0.5", port = "epm/rfri", check = "off" }\n'
            '[backends.c]\nmapper = { port = 10135, fall = 9 }\nservers = { ex1 = "epm/nspi", x = "10.0.0.2:epm/nspi" }\n'
        )
        configuration = self.load(text)
        self.assertEqual(self.again(configuration), configuration)
        shown = show(configuration)
        self.assertIn('ex1 = "epm/nspi"', shown)
        self.assertIn("mapper = { port = 10135, fall = 9 }", shown)

    def test_servers_of_every_kind_come_back_equal_and_in_their_order(self) -> None:
        text = (
            '[defaults]\nsend_proxy = "v2"\ncheck = { interval = "1s", down_interval = "9s" }\n'
            '[hosts]\nex1 = "10.0.0.1"\n"10.0.0.2" = "10.0.0.2"\n"10.0.0.3" = "10.0.0.3"\n'
            'same = "10.0.0.3"\n"10.0.0.9" = "10.0.0.9"\n'
            '[frontends.f]\nbind = ":1-9"\nbackend = "b"\n[frontends.f.timeouts]\nclient = "2m"\n'
            '[backends.b]\npersistence = { kind = "source", expire = "2m", size = 7 }\n[backends.b.servers]\n'
            'z = { host = "ex1", port = 1, check = "imap", resolve = "5s" }\n'
            'b = { address = "10.0.0.2:2", check = ["smtp", { type = "smtp", port = 26, interval = "2s" }] }\n'
            'a = { address = "fd00::1", weight = 3, backup = true, check = { type = "tcp", port = 4, send_proxy = "v1" } }\n'
            'ex1 = { port = 5, send_proxy = "off", maxconn = 5, agent = 9 }\n'
            'd = { host = "10.0.0.3", port = 6 }\n'
            'e = { host = "ex1", address = "10.0.0.4", port = 7, check = "off" }\n'
            'f = { address = "mx.example.com:8", agent = { port = 9, interval = "1s" } }\n'
            '[backends.alike]\n[backends.alike.servers]\na = { address = "10.0.0.5:1", slow_start = "3s" }\n'
            'b = { address = "10.0.0.6:2", slow_start = "3s" }\n'
        )
        configuration = self.load(text)
        self.assertEqual(self.again(configuration), configuration)

    def test_tls_comes_back_equal(self) -> None:
        certificate, ca = (self.write("", name).as_posix() for name in ("a.pem", "ca.pem"))
        text = (
            f'[tls.profiles.old]\nmin_version = "TLSv1.0"\nciphers = "ALL"\n[frontends.f]\nbackend = "b"\n'
            f'tls = {{ mode = "implicit", certificates = "{certificate}", profile = "old" }}\n'
            f'bind = [":1", {{ address = ":2", tls = "off" }}]\n[frontends.g]\nbackend = "b"\nbind = [":3", ":4"]\n'
            f'tls = {{ mode = "implicit", certificates = ["{certificate}", {{ file = "{ca}", password = "x" }}] }}\n'
            f'[backends.b]\ntls = "implicit"\n[backends.b.servers]\na = "10.0.0.1:1"\n'
            f'b = {{ address = "10.0.0.2:1", tls = {{ verify = false, ca = "{ca}" }} }}\n'
            'c = { address = "10.0.0.3:1", tls = "off" }\n'
        )
        configuration = self.load(text)
        self.assertEqual(self.again(configuration), configuration)

    def test_all_that_mode_http_has_comes_back_equal(self) -> None:
        for name in ("a.pem", "b.pem", "b.key", "ca.pem", "crl.pem", "clients.pem"):
            self.write("", name)
        self.write("<p>later</p>", "m.html")
        self.write("0123456789abcdef\n", "secret")
        environ = {"COOKIE": "hunter2hunter2hunter2"}
        configuration = self.load(EVERYTHING, environ)
        shown = show(configuration)
        self.assertEqual(attrs.evolve(self.load(shown, environ), files=configuration.files), configuration)
        for secret in ("hunter2", "0123456789abcdef"):
            self.assertNotIn(secret, shown)
        said = tomllib.loads(shown)["frontends"]["web"].keys()
        elsewhere = {"timeouts", "backlog", "dontlognull", "tls"}
        of_http = {field.name for field in attrs.fields(FrontendSection)} - OF_OTHER_MODES - elsewhere
        self.assertEqual(of_http - said, set(), "EVERYTHING has all that a front end of mode http may have")

    def test_a_template_whose_tls_ends_here_comes_back_equal(self) -> None:
        certificate = self.write("", "a.pem").as_posix()
        for version, more in (("2010", ""), ("2016", 'https = "offload"\n'), ("2019", 'server_tls = { ca = "a.pem" }\n')):
            text = f'tls = {{ certificates = "{certificate}" }}\n{more}ports = {{ http = 8080 }}\n'
            configuration = self.load(EXCHANGE.format(version) + text)
            again = self.again(configuration)
            self.assertEqual(again, configuration)
            self.assertEqual(again.backends["owa"].servers, configuration.backends["owa"].servers)
        self.assertIn('verify = "same"', show(configuration))
        self.assertIn("extended_protection = true", show(configuration))

    def test_secrets_are_shown_as_references_and_come_back_equal(self) -> None:
        environ = {"PROBE": "hunter2", "ADDRESS": "10.0.0.7"}
        secret, certificate = self.write("hunter3\n", "secret"), self.write("", "a.pfx").as_posix()
        text = (
            WEB + '[backends.web]\ncheck = { type = "http", headers = { Authorization = "Basic ${PROBE}$${x}" }, '
            'body = { file = "secret" } }\n[hosts]\na = "${ADDRESS}"\n[frontends.f]\nbind = ":1"\nbackend = "web"\n'
            f'tls = {{ mode = "implicit", certificates = {{ file = "{certificate}", password = {{ file = "secret" }} }} }}\n'
        )
        configuration = self.load(text, environ)
        shown = show(configuration)
        self.assertNotIn("hunter", shown)
        self.assertIn('Authorization = "Basic ${PROBE}$${x}"', shown)
        self.assertIn(f"password = {{ file = {value(secret)} }}", shown)
        self.assertIn("10.0.0.7", shown, "an address is no secret, and has been read")
        self.assertEqual(attrs.evolve(self.load(shown, environ), files=configuration.files), configuration)


EXCHANGE = '[exchange]\nversion = "{}"\nlisten = "10.0.0.9"\nservers = {{ ex1 = "10.0.0.15", ex2 = "10.0.0.16" }}\n'


OF_OTHER_MODES = {
    *("map", "others", "dynamic_ports", "dynamic_idle", "protected"),
    *("helo", "require_tls", "greet_delay", "early", "bad_commands"),
}

EVERYTHING = """
[hosts]
ex1 = "10.0.0.1"
ex2 = "10.0.0.2"
[tables.c]
kind = "cookie"
name = "exs"
secure = true
http_only = false
same_site = "strict"
domain = ".example.com"
path = "/owa"
secret = { file = "secret" }
expire = "90s"
[tables.c2]
kind = "cookie"
secret = "${COOKIE}"
same_site = "off"
secure = false
[tables.sh]
kind = "super-http"
expire = "5m"
size = 77
ipv4_prefix = 24
ipv6_prefix = 56
same_site = "lax"
[frontends.web]
mode = "http"
maxconn = 50
dontlognull = true
forwarded = ["forwarded", "x-forwarded-for"]
trust = ["10.9.0.0/16", "fd00::/8"]
max_body = "1MB"
max_head = "16KB"
max_headers = 50
max_target = "2KB"
body_rate = "500B/s"
body_grace = "7s"
pages = { 503 = "m.html" }
backend = "owa"
bind = [
  "10.0.0.9:443",
  { address = "10.0.0.9:8443", accept_proxy = "10.1.0.0/16", tls = { client_certificates = { verify = "none" }, alpn = [] } },
  { address = ":8080", tls = "off" },
]
access = [
  { action = "allow", src = ["10.0.0.0/8", "fd00::1"], path = ["/ecp", "=/x"], host = "*.a", method = "A", header = { A = "*" } },
  { action = "tarpit", path = "/ecp", status = 404 },
  { action = "deny", src = "192.0.2.1" },
]
routes = [
  { path = "=/", redirect = { to = "/owa/", status = 301 } },
  { host = ["a.example.com", "*.b.example"], path = "/ews", method = "RPC_IN_DATA", header = { X-Kind = "a" }, backend = "ews" },
  { path = "/old", redirect = { to = "https", status = 308, port = 8443 } },
  { path = "/hdr", backend = "hdr" },
  { path = "/usr", backend = "usr" },
  { path = "/app", backend = "app" },
  { path = "/ecp", backend = "ecp" },
]
[frontends.web.tls]
mode = "implicit"
certificates = ["a.pem", { file = "b.pem", key = "b.key", password = "${COOKIE}", ocsp = "b.ocsp" }]
alpn = ["http/1.0", "http/1.1"]
warn_days = 33
client_certificates = { ca = "clients.pem", crl = "crl.pem", verify = "optional", headers = { X-DN = "subject", X-Pem = "pem" } }
[frontends.web.request_headers]
set = { X-A = 'b"{source}', Host = "inner.example.com" }
add = { X-B = ["1", "2"], X-C = "3" }
remove = ["X-D", "Cookie"]
[frontends.web.response_headers]
set = { Strict-Transport-Security = "max-age=1" }
remove = "Server"
[frontends.web.per_source]
conn_cur = 20
conn_rate = "100/10s"
http_req_rate = "1000/1m"
basic_failures = "10/5m"
action = "tarpit"
exempt = ["192.0.2.0/24"]
ipv4_prefix = 24
ipv6_prefix = 48
size = 1000
[backends.owa]
persistence = { table = "c", required = false }
request_headers = { set = { X-E = "{host} {proto}" } }
response_headers = { add = { Link = "x" }, remove = ["X-Powered-By"] }
servers = { ex1 = 443, ex2 = 443 }
[backends.owa.tls]
mode = "implicit"
verify = false
pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
profile = "legacy"
name = "x.example"
[backends.ews]
persistence = { table = "sh" }
extended_protection = false
servers = { ex1 = 80, ex2 = { port = 80, tls = { mode = "implicit", ca = "ca.pem" } } }
[backends.hdr]
persistence = { kind = "header", header = "X-Forwarded-For", expire = "1m", size = 3, ipv4_prefix = 8, ipv6_prefix = 9 }
servers = { ex1 = 81 }
[backends.usr]
persistence = { kind = "user", expire = "1m", size = 3 }
servers = { ex1 = 81 }
[backends.app]
persistence = { kind = "app-cookie", name = "JSESSIONID", expire = "1m", size = 3 }
servers = { ex1 = 81 }
[backends.ecp]
persistence = { table = "c2" }
servers = { ex1 = 81 }
"""


class TextTests(ConfigTestCase):
    def section(self, text: str, header: str) -> list[str]:
        """The lines of one table."""
        lines = show(self.load(text)).split("\n\n")
        (found,) = [part.splitlines()[1:] for part in lines if part.startswith(f"[{header}]\n")]
        return found

    def test_what_most_have_stands_in_the_defaults_and_nowhere_else(self) -> None:
        tables = tomllib.loads(show(self.load(EXCHANGE.format("2010"))))
        self.assertEqual(tables["defaults"]["balance"], "leastconn")
        self.assertEqual(tables["defaults"]["timeouts"]["client"], "30m")
        self.assertEqual(tables["frontends"]["https"], {"mode": "tcp", "bind": "10.0.0.9:443", "backend": "https"})
        self.assertEqual(tables["frontends"]["rpc-ca"]["timeouts"], {"client": "1d"})

    def test_every_default_is_said(self) -> None:
        defaults = tomllib.loads(show(self.load("")))["defaults"]
        own = {"pages"}  # what front ends of mode http have is shown there
        self.assertEqual(defaults.keys(), {field.name for field in attrs.fields(DefaultsSection)} - own)
        self.assertEqual(defaults["timeouts"].keys(), {field.name for field in attrs.fields(Timeouts)})

    def test_checks_that_all_servers_have_stand_at_the_back_end_a_line_each(self) -> None:
        self.assertEqual(
            self.section(EXCHANGE.format("2010"), "backends.https"),
            [
                'persistence = { table = "https" }',
                "check = [",
                '  { type = "https", name = "owa", preset = "owa", tls = { legacy = true } },',
                (
                    '  { type = "https", name = "rpc", preset = "rpcproxy", tls = { legacy = true }, interval = "30s", '
                    "required = false },"
                ),
                "]",
            ],
        )
        self.assertEqual(self.section(EXCHANGE.format("2010"), "backends.https.servers"), ["ex1 = 443", "ex2 = 443"])

    def test_a_server_with_a_list_of_its_own_is_a_table_of_its_own(self) -> None:
        text = WEB + 'b = { address = "10.0.0.2:443", check = ["tls", "tcp"] }\n'
        self.assertEqual(self.section(text, "backends.web.servers.a"), ['address = "10.0.0.1:443"', 'check = "tcp"'])
        self.assertEqual(self.section(text, "backends.web.servers.b")[:2], ['address = "10.0.0.2:443"', 'check = ["tls", "tcp"]'])

    def test_servers_without_a_named_host_are_their_addresses(self) -> None:
        self.assertEqual(self.section(WEB, "backends.web.servers"), ['a = "10.0.0.1:443"'])
        self.assertNotIn("[hosts]", show(self.load(WEB)))

    def test_a_back_end_follows_the_front_end_that_it_is_behind(self) -> None:
        headers = re.findall(r"^\[((?:front|back)ends\.[^.]*)\]$", show(self.load(EXCHANGE.format("SE"))), re.MULTILINE)
        names = ("https", "smtp", "submission")
        self.assertEqual(headers, [f"{kind}.{name}" for name in names for kind in ("frontends", "backends")])

    def test_no_line_is_too_long_to_read(self) -> None:
        for path in conf(self.folder):
            lines = show(load(path, {}, CHECKERS)).splitlines()
            self.assertEqual([line for line in lines if len(line) > 180], [], path.name)

    def test_templates_are_written_out(self) -> None:
        text = show(self.load('[exchange]\nversion = "SE"\nlisten = "*"\nservers = { ex1 = "10.0.0.1" }\n'))
        tables = tomllib.loads(text)
        self.assertNotIn("exchange", tables)
        self.assertEqual(list(tables["backends"]), ["https", "smtp", "submission"])

    def test_the_files_are_named(self) -> None:
        self.assertTrue(show(self.load(WEB)).startswith(f"# {self.folder / 'site.toml'}\n"))
