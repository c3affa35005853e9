"""What the pages of docs/ show of the configuration is one: ``exproxy config check`` finds it fine."""

import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plugins import checkers
from exproxy.config.load import load
from exproxy.config.model import Configuration
from exproxy.config.schema import keys

DOCS = Path(__file__).resolve().parent.parent / "docs"
_TEMPLATE = """
[exchange]
version = "{version}"
listen = "10.0.0.9"
servers = {{ ex1 = "10.0.0.15", ex2 = "10.0.0.16" }}
services = {services}
"""
_WHERE_IT_STANDS = re.compile(r"(\[[^]]+\]) (\w.*)")
"""A key behind its table in one line, as the pages write it in passing."""


class Page(SynchronousTestCase):
    """One page, and what is made of it."""

    name: str

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "site.toml"
        self.text = (DOCS / self.name).read_text("utf-8")

    def said(self, text: str) -> str:
        """``text``, which the page has to say: a change there is to be seen here."""
        self.assertIn(text, self.text)
        return _WHERE_IT_STANDS.sub(r"\1\n\2", text)

    def block(self, first: str) -> str:
        """The indented lines from ``first`` on, to the end of what is indented."""
        lines = self.text.splitlines()
        start = lines.index("    " + first)
        end = next(number for number in range(start, len(lines)) if lines[number] and not lines[number].startswith("    "))
        return "\n".join(line[4:] for line in lines[start:end])

    def fine(self, text: str, environ: Iterable[tuple[str, str]] = ()) -> Configuration:
        """It loads, with nothing to warn of."""
        self.file.write_text(text, "utf-8")
        loaded = load(self.file, dict(environ), checkers())
        self.assertEqual([str(warning) for warning in loaded.warnings], [])
        return loaded


class MsrpcTests(Page):
    name = "msrpc.md"

    def setUp(self) -> None:
        super().setUp()
        self.shown = self.block("[hosts]")

    def with_key(self, key: str, table: str = "[frontends.rpc-epm]") -> Configuration:
        """The page's configuration with one of its further keys, in the place of that which is there."""
        name = key.partition(" ")[0]
        head, found, tail = self.shown.partition(table + "\n")
        self.assertTrue(found)
        own, *rest = tail.split("\n\n", 1)
        kept = [line for line in own.splitlines() if not line.startswith(name + " ")]
        return self.fine("\n\n".join(["\n".join([head + table, *kept, self.said(key)]), *rest]))

    def test_the_whole_configuration_is_fine(self) -> None:
        loaded = self.fine(self.shown)
        self.assertEqual([front.mode for front in loaded.frontends.values()], ["epm", "tcp", "tcp"])
        self.assertEqual(loaded.frontends.keys(), loaded.backends.keys())
        for backend in loaded.backends.values():
            self.assertEqual([server.name for server in backend.servers], ["ex1", "ex2"])

    def test_so_is_each_other_key_that_is_shown(self) -> None:
        keys = (
            'bind = { address = "10.0.0.9:135", advertise = "192.0.2.9" }',
            'protected = "pass"',
            'protected = "refuse"',
        )
        self.assertEqual([len(self.with_key(key).frontends) for key in keys], [3] * len(keys))

    def test_so_are_dynamic_ports(self) -> None:
        self.shown = self.shown.replace('mode = "epm"', 'mode = "epm"\nothers = "dynamic"')
        self.said('| `"dynamic"` |')
        self.assertEqual(len(self.with_key('dynamic_ports = "40000-40099"').frontends), 3)

    def test_so_is_a_map_for_the_rpc_proxy(self) -> None:
        self.shown += '\n\n[frontends.rpc-http]\nbind = "10.0.0.9:6001"\nbackend = "rpc-ca"\n'
        self.assertEqual(len(self.with_key('map = { emsmdb = { tcp = "rpc-ca", http = "rpc-http" } }').frontends), 4)

    def test_so_is_a_mapper_elsewhere(self) -> None:
        self.assertTrue(self.with_key('mapper = { port = 135, interval = "3s", fall = 3 }', "[backends.rpc-ca]"))

    def test_so_are_the_checks_of_outlook_anywhere(self) -> None:
        for check in self.block('check = { type = "rpch" }').splitlines():
            site = f'[frontends.web]\nbind = ":443"\nbackend = "web"\n[backends.web]\n{check}\nservers.a = "10.0.0.15:443"\n'
            self.assertEqual(len(self.fine(site, [("PROBE", "secret")]).backends), 1)


class ConfigurationTests(Page):
    name = "configuration.md"

    def test_every_key_stands_there(self) -> None:
        shown = "\n".join([*re.findall(r"`([^`]*)`", self.text), *re.findall(r"^    .*", self.text, re.MULTILINE)])
        self.assertEqual({key for key in keys() if not re.search(rf"(?<![\w-]){key}(?![\w-])", shown)}, set())

    def web(self, more: str = "") -> Configuration:
        """What is shown of mode ``http``, and more of the page."""
        certificates = self.file.parent / "certs"
        certificates.mkdir(exist_ok=True)
        (certificates / "mail.pem").touch()
        backends = "\n".join(f'[backends.{name}]\nservers.ex1 = "10.0.0.15:80"' for name in ("owa", "ews"))
        return self.fine("\n".join([self.block("[frontends.web]"), backends, more]))

    def test_mode_http_is_said_so(self) -> None:
        loaded = self.web()
        self.assertEqual({front.mode for front in loaded.frontends.values()}, {"http"})
        web, plain = (loaded.frontends[name].web for name in ("web", "plain"))
        assert web is not None
        assert plain is not None
        self.assertEqual([route.backend for route in web.routes], [None, "ews"])
        self.assertIsNotNone(plain.routes[0].redirect)

    def test_headers_are_said_so(self) -> None:
        web = self.web(self.block("[frontends.web.request_headers]                   # to servers")).frontends["web"].web
        assert web is not None
        self.assertEqual(len(web.response_headers.remove), 4)

    def test_clients_are_kept_so(self) -> None:
        shown = self.block("[tables.cas]                            # one cookie for OWA and ECP: it names the host")
        site = shown.replace("[backends.owa]\n", '[backends.owa]\nservers.ex1 = "10.0.0.15:80"\n').replace(
            "[backends.eas] ", '[backends.eas]\nservers.ex1 = "10.0.0.15:80"\n'
        )
        front = '[frontends.web]\nmode = "http"\nbind = ":80"\nbackend = "owa"\nroutes = { path = "/eas", backend = "eas" }\n'
        loaded = self.fine(front + site, [("COOKIE_SECRET", "sixteen characters")])
        self.assertEqual(loaded.tables["cas"].kind, "cookie")

    def test_who_is_let_in_is_said_so(self) -> None:
        said = self.text[self.text.index("### Access rules") :]
        rules, limits = (
            "\n".join(re.findall(rf"^    {word} = (?:.*\n)+?(?=\n)", said, re.MULTILINE)[:1]) for word in ("access", "per_source")
        )
        front = f'[frontends.web]\nmode = "http"\nbind = ":80"\nbackend = "owa"\n{rules}{limits}'
        web = self.fine(front + '[backends.owa]\nservers.ex1 = "10.0.0.15:80"\n').frontends["web"]
        self.assertEqual([rule.action for rule in web.access], ["allow", "deny"])
        self.assertIsNotNone(web.per_source)


class MailTests(Page):
    name = "mail.md"
    TRUSTED = "take each client of mail for this machine"

    def loaded(self, *firsts: str) -> Configuration:
        """The recipe whose blocks begin so; of the files that it names nothing is read yet."""
        (self.file.parent / "certs").mkdir()
        for name in ("mx.pem", "mail.pem", "ca.pem"):
            (self.file.parent / "certs" / name).touch()
        self.file.write_text("\n\n".join(self.block(first) for first in firsts), "utf-8")
        return load(self.file, {}, checkers())

    def test_mail_from_the_internet(self) -> None:
        loaded = self.loaded("[frontends.mx]")
        self.assertEqual(loaded.warnings, ())
        (front,) = loaded.frontends.values()
        assert front.per_source is not None
        self.assertEqual((front.mode, front.per_source.conn_cur), ("smtp", 20))
        self.assertTrue(all(server.send_xclient for server in loaded.backends["hub"].servers))

    def test_mail_of_users(self) -> None:
        loaded = self.loaded("[frontends.submission]")
        self.assertEqual(loaded.warnings, ())
        (front,) = loaded.frontends.values()
        self.assertEqual([bind.tls.mode for bind in front.binds if bind.tls], ["starttls", "implicit"])

    def test_mailboxes(self) -> None:
        loaded = self.loaded("[frontends.imap]")
        self.assertEqual(loaded.warnings, ())
        self.assertEqual([front.mode for front in loaded.frontends.values()], ["imap", "pop3"])

    def test_exchange_and_what_is_to_be_thought_of_there(self) -> None:
        loaded = self.loaded("[frontends.smtp]")
        self.assertEqual({front.mode for front in loaded.frontends.values()}, {"smtp", "imap"})
        said = [warning for warning in loaded.warnings if self.TRUSTED in warning.message]
        self.assertEqual([warning.key_path for warning in said], ["frontends.smtp", "frontends.submission"])
        self.assertEqual(len(loaded.warnings), 3)


class ExchangeTests(Page):
    name = "exchange.md"

    def template(self, version: str = "2010", services: str = '["rpc"]', more: str = "") -> Configuration:
        return self.fine(_TEMPLATE.format(version=version, services=services) + more)

    def ports(self, loaded: Configuration) -> dict[str, list[tuple[int, int]]]:
        """Front end -> first and last port of all that it listens on."""
        return {name: [(bind.first_port, bind.last_port) for bind in front.binds] for name, front in loaded.frontends.items()}

    def test_the_table_of_ports_is_what_the_template_listens_on(self) -> None:
        self.said('| 135, 6001, 6004 | endpoint mapper, RPC Client Access, Address Book: Exchange 2010 only | `"rpc"` |')
        self.assertEqual(
            self.ports(self.template()), {"rpc-epm": [(135, 135)], "rpc-ca": [(6001, 6001)], "rpc-ab": [(6004, 6004)]}
        )

    def test_other_ports_are_the_front_ends(self) -> None:
        more = self.said('[frontends.rpc-ca] bind = "10.0.0.9:60200"')
        self.assertEqual(self.ports(self.template(more=more))["rpc-ca"], [(60200, 60200)])

    def test_static_ports_are_said_to_the_template(self) -> None:
        more = self.said("rpc_ports = { client_access = 59531, address_book = 59532 }")
        self.assertEqual(
            self.ports(self.template(more=more)),
            {"rpc-epm": [(135, 135)], "rpc-ca": [(59531, 59531)], "rpc-ab": [(59532, 59532)]},
        )

    def test_what_has_to_be_well_is_said_to_the_template(self) -> None:
        for version, require in (
            ("2016", 'require = ["owa", "mapi"]'),
            ("2010", 'require = ["owa", "rpc"]'),
            ("2013", 'require = ["owa", "ews", "autodiscover", "rpc"]'),
        ):
            self.assertTrue(self.template(version, '["https"]', self.said(require)).backends, version)

    def test_the_recipe_keeps_the_administration_inside_and_the_limits_are_limits(self) -> None:
        limits = next(line.strip() for line in self.text.splitlines() if line.startswith("    per_source"))
        web = self.block("[frontends.web]") + f'\n{limits}\nmode = "http"\nbind = ":80"\nbackend = "owa"\n'
        front = self.fine(web + '[backends.owa]\nservers.a = "10.0.0.15:80"\n').frontends["web"]
        self.assertEqual(
            [(rule.action, rule.paths) for rule in front.access], [(a, ("/ecp", "/powershell")) for a in ("allow", "deny")]
        )
        assert front.per_source is not None
        self.assertIsNotNone(front.per_source.basic_failures)

    def certified(self, version: str, more: str) -> Configuration:
        certificates = self.file.parent / "certs"
        certificates.mkdir(exist_ok=True)
        for name in ("mail.pem", "autodiscover.pfx", "ca.pem", "ex.pem"):
            (certificates / name).touch()
        return self.template(version, '["https"]', more)

    def test_the_ways_with_https_are_said_so(self) -> None:
        tls = self.said('tls = { certificates = ["certs/mail.pem"] }') + "\n"
        self.assertEqual({server.port for server in self.certified("2016", tls).backends["owa"].servers}, {443})
        off = self.said('https = "offload"') + "\nextended_protection = false\n"
        self.assertEqual({server.port for server in self.certified("2016", tls + off).backends["owa"].servers}, {80})
        for servers in (
            'server_tls = { ca = "certs/ca.pem" }',
            'server_tls = { verify = true, ca = "certs/ca.pem" }',
            'server_tls = { verify = true, ca = "certs/ex.pem", name = "ex.corp.local" }',
        ):
            self.assertIn("ews", self.certified("2013", tls + self.said(servers)).backends)
        everybody = self.said("server_tls = { verify = false }")
        self.file.write_text(_TEMPLATE.format(version="2013", services='["https"]') + tls + everybody, "utf-8")
        warnings = [str(warning) for warning in load(self.file, {}, checkers()).warnings]
        self.assertEqual([" is believed" in warning for warning in warnings], [True])
        names = "tls = { " + self.said('certificates = ["certs/mail.pem", "certs/autodiscover.pfx"]') + " }\n"
        self.assertIn("ews", self.certified("2016", names).backends)

    def test_what_a_template_makes_is_said_otherwise_so(self) -> None:
        tls = 'tls = { certificates = ["certs/mail.pem"] }\n'
        more = (self.said('[backends.ews] timeouts = { server = "1h" }'), self.said('[frontends.https] max_body = "2GB"'))
        self.assertEqual(self.certified("2016", tls + "\n".join(more)).backends["ews"].timeouts.server, 3600.0)

    def test_administration_is_kept_inside_so(self) -> None:
        tls = 'tls = { certificates = ["certs/mail.pem"] }\n'
        front = self.certified("2016", tls + self.said('admin_from = ["10.0.0.0/8", "192.168.0.0/16"]')).frontends["https"]
        self.assertEqual([rule.action for rule in front.access], ["allow", "deny"])

    def test_extended_protection_is_said_so(self) -> None:
        tls = 'tls = { certificates = ["certs/mail.pem"] }\n'
        for version, said in (("2016", "extended_protection = true"), ("2019", "extended_protection = false")):
            bound = self.certified(version, tls + self.said(said)).backends["owa"].extended_protection
            self.assertEqual(bound, version == "2016")

    def test_what_haproxy_says_is_said_so(self) -> None:
        tables = (
            "[service] maxconn = 40_000",
            '[defaults] timeouts = { connect = "5s", client = "300s", queue = "30s" }',
            "retries = 3",
            "redispatch = true",
            "abortonclose = true",
            'check = { interval = "3s", rise = 2, fall = 3 }',
            "[frontends.CAS-RPC]",
            'bind = [":135", ":60200-60201"]',
            'backend = "CAS-RPC-SERVERS"',
            "dontlognull = true",
            '[hosts] EXCH01 = "192.168.72.222"',
            "[backends.CAS-RPC-SERVERS]",
            'balance = "leastconn"',
            'persistence = { kind = "source", expire = "60m", size = "10240k" }',
            'check = { type = "epm", interface = "emsmdb", port = 135 }',
            "servers.EXCH01 = { weight = 1 }",
            'on_marked_down = "shutdown-sessions"',
            'send_proxy = "v2"',
        )
        unsaid = {"[backends.CAS-RPC-SERVERS]"}
        loaded = self.fine("\n".join(each if each in unsaid else self.said(each) for each in tables))
        self.assertEqual(self.ports(loaded), {"CAS-RPC": [(135, 135), (60200, 60201)]})
