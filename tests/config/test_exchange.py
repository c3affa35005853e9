"""What the template stands for."""

from exproxy.config.model import Bind, Check, Configuration, Persistence, Table
from tests.config.support import CHECKERS, ConfigTestCase

BASE = '[exchange]\nversion = "{}"\nlisten = "10.0.0.9"\nservers = {{ ex1 = "10.0.0.15", ex2 = "10.0.0.16" }}\n'


class TemplateTestCase(ConfigTestCase):
    def expand(self, version: str, more: str = "") -> Configuration:
        return self.load(BASE.format(version) + more)

    def checks(self, configuration: Configuration, backend: str) -> tuple[Check, ...]:
        return configuration.backends[backend].servers[0].checks


class ModernTests(TemplateTestCase):
    def test_https_and_smtp_are_what_every_exchange_has(self) -> None:
        for version in ("2013", "2016", "2019", "SE"):
            configuration = self.expand(version)
            self.assertEqual(list(configuration.frontends), ["https", "smtp", "submission"])
            self.assertEqual(list(configuration.hosts), ["ex1", "ex2"])

    def test_there_is_no_affinity(self) -> None:
        configuration = self.expand("2016", 'services = ["https", "smtp", "imap", "pop3"]\n')
        self.assertEqual({backend.persistence for backend in configuration.backends.values()}, {None})
        self.assertEqual(configuration.tables, {})

    def test_a_server_is_up_while_every_required_directory_answers(self) -> None:
        checks = self.checks(self.expand("2016"), "https")
        self.assertEqual([check.name for check in checks if check.required], ["owa", "ews", "mapi", "autodiscover"])
        shown = [check.name for check in checks if not check.required]
        self.assertEqual(shown, ["ecp", "oab", "rpc", "Microsoft-Server-ActiveSync"])
        options = CHECKERS["http"].options(preset="healthcheck", path="/owa/healthcheck.htm")
        self.assertEqual((checks[0].type, checks[0].options), ("http", options))
        self.assertEqual(
            {(check.tls.mode, check.tls.verify, check.tls.legacy) for check in checks if check.tls}, {("implicit", False, False)}
        )

    def test_what_is_not_required_is_a_warning(self) -> None:
        checks = self.checks(self.expand("2013", 'require = ["owa", "rpc"]\n'), "https")
        self.assertEqual([check.name for check in checks if check.required], ["owa", "rpc"])
        self.assertIn("mapi", [check.name for check in checks if not check.required])

    def test_imap_and_pop_have_a_plain_and_a_tls_port(self) -> None:
        configuration = self.expand("2019", 'services = ["imap", "pop3"]\n')
        ports = {name: frontend.binds[0].first_port for name, frontend in configuration.frontends.items()}
        self.assertEqual(ports, {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995})
        for name, kind, tls in (
            ("imap", "imap", False),
            ("imaps", "imap", True),
            ("pop3", "pop3", False),
            ("pop3s", "pop3", True),
        ):
            (check,) = self.checks(configuration, name)
            self.assertEqual((check.type, check.tls is not None), (kind, tls))

    def test_smtp_checks_say_the_name_that_they_are_told(self) -> None:
        (check,) = self.checks(self.expand("SE", 'helo = "lb.example.com"\n'), "submission")
        self.assertEqual(check.options, CHECKERS["smtp"].options("lb.example.com"))

    def test_ports_can_be_others_or_none(self) -> None:
        configuration = self.expand("SE", "ports = { https = 8443, submission = false }\nserver_ports = { https = 9443 }\n")
        self.assertEqual(list(configuration.frontends), ["https", "smtp"])
        self.assertEqual(configuration.frontends["https"].binds, (Bind("10.0.0.9", 8443, 8443),))
        self.assertEqual(configuration.backends["https"].servers[0].port, 9443)

    def test_several_addresses_may_be_listened_on(self) -> None:
        text = BASE.format("SE").replace('"10.0.0.9"', '["10.0.0.9", "fd00::9"]')
        binds = self.load(text).frontends["https"].binds
        self.assertEqual(binds, (Bind("10.0.0.9", 443, 443), Bind("fd00::9", 443, 443)))


class Exchange2010Tests(TemplateTestCase):
    def test_rpc_shares_one_table_over_three_back_ends(self) -> None:
        configuration = self.expand("2010")
        self.assertEqual(configuration.tables["rpc"], Table("rpc", "source", 86400.0))
        for name, port in {"rpc-epm": 135, "rpc-ca": 6001, "rpc-ab": 6004}.items():
            backend, frontend = configuration.backends[name], configuration.frontends[name]
            self.assertEqual(backend.persistence, Persistence("rpc", True))
            self.assertEqual((frontend.binds[0].first_port, frontend.backend), (port, name))
            self.assertEqual((frontend.timeouts.client, backend.timeouts.server), (86400.0, 86400.0))
            self.assertEqual(backend.on_marked_down, "shutdown-sessions")

    def test_clients_are_told_our_ports_and_servers_are_asked_for_theirs(self) -> None:
        configuration = self.expand("2010")
        mapper = configuration.frontends["rpc-epm"].mapper
        assert mapper is not None
        told = {mapped.interface: mapped.tcp for mapped in mapper.map}
        self.assertEqual(told, {"emsmdb": "rpc-ca", "asyncemsmdb": "rpc-ca", "nspi": "rpc-ab", "rfri": "rpc-ab"})
        asked = {
            name: [(server.port, server.mapping and server.mapping.interface) for server in configuration.backends[name].servers]
            for name in ("rpc-epm", "rpc-ca", "rpc-ab")
        }
        expected = {"rpc-epm": [(135, None)] * 2, "rpc-ca": [(None, "emsmdb")] * 2, "rpc-ab": [(None, "nspi")] * 2}
        self.assertEqual(asked, expected)

    def test_another_mapper_is_another_mapper_everywhere(self) -> None:
        configuration = self.expand("2010", "rpc_ports = { endpoint_mapper = 10135 }\n")
        server = configuration.backends["rpc-ab"].servers[0]
        assert server.mapping is not None
        self.assertEqual((configuration.frontends["rpc-epm"].binds[0].first_port, server.mapping.mapper), (10135, 10135))

    def test_rpc_checks_bind_to_each_interface(self) -> None:
        configuration = self.expand("2010")
        found = [
            (check.type, check.options.interface)
            for name in ("rpc-epm", "rpc-ca", "rpc-ab")
            for check in self.checks(configuration, name)
        ]
        self.assertEqual(found, [("epm", "emsmdb"), ("rpc", ("emsmdb",)), ("rpc", ("nspi", "rfri"))])

    def test_ports_can_be_fixed(self) -> None:
        configuration = self.expand("2010", "rpc_ports = { client_access = 60200, address_book = 60201 }\n")
        ports = [configuration.frontends[name].binds[0].first_port for name in ("rpc-epm", "rpc-ca", "rpc-ab")]
        self.assertEqual(ports, [135, 60200, 60201])
        for name, port in (("rpc-ca", 60200), ("rpc-ab", 60201)):
            server = configuration.backends[name].servers[0]
            self.assertEqual((server.port, server.mapping), (port, None))

    def test_https_goes_by_source_address(self) -> None:
        configuration = self.expand("2010")
        self.assertEqual(configuration.backends["https"].persistence, Persistence("https"))
        self.assertEqual(configuration.tables["https"].kind, "source")

    def test_https_is_known_by_owa_and_the_rpc_proxy(self) -> None:
        checks = self.checks(self.expand("2010"), "https")
        self.assertEqual([(check.options.preset, check.required) for check in checks], [("owa", True), ("rpcproxy", False)])
        self.assertTrue(all(check.tls and check.tls.legacy for check in checks))

    def test_the_rpc_proxy_may_be_required(self) -> None:
        checks = self.checks(self.expand("2010", 'require = ["owa", "rpc"]\n'), "https")
        self.assertEqual([check.required for check in checks], [True, True])

    def test_smtp_and_submission_are_kept_apart_and_go_anywhere(self) -> None:
        configuration = self.expand("2010")
        for name, port in (("smtp", 25), ("submission", 587)):
            self.assertEqual((configuration.frontends[name].backend, configuration.backends[name].servers[0].port), (name, port))
            self.assertIsNone(configuration.backends[name].persistence)


class OverrideTests(TemplateTestCase):
    def test_each_key_can_be_said_otherwise(self) -> None:
        more = (
            '[backends.smtp]\nbalance = "source"\n[backends.smtp.servers]\nex1 = { weight = 2 }\n[frontends.smtp]\nmaxconn = 7\n'
        )
        configuration = self.expand("2016", more)
        backend = configuration.backends["smtp"]
        self.assertEqual((backend.balance, configuration.frontends["smtp"].maxconn), ("source", 7))
        self.assertEqual(
            [(server.name, server.port, server.weight) for server in backend.servers], [("ex1", 25, 2), ("ex2", 25, 1)]
        )

    def test_what_is_wrong_with_the_template_is_at_its_line(self) -> None:
        more = '[frontends.other]\nbind = "*:25"\nbackend = "smtp"\n'
        self.assertEqual(
            self.problems(BASE.format("2016") + more),
            [
                (
                    "site.toml:1: frontends.smtp.bind[0]: 10.0.0.9:25 is already listened on at site.toml:6 "
                    "(frontends.other.bind): "
                    "0.0.0.0 is every address of this machine"
                )
            ],
        )


class ProblemTests(TemplateTestCase):
    def problem(self, version: str, more: str) -> str:
        (problem,) = self.problems(BASE.format(version) + more)
        return problem

    def test_ports_of_rpc_are_not_ignored_where_rpc_is_not_served(self) -> None:
        self.assertEqual(
            self.problem("2010", 'services = ["https"]\nrpc_ports = { client_access = 6001 }\n'),
            'site.toml:6: exchange.rpc_ports: nothing listens for RPC here; add "rpc" to services, or leave it out',
        )

    def test_rpc_is_gone_since_2013(self) -> None:
        self.assertEqual(
            self.problem("2013", 'services = ["https", "rpc"]\n'),
            "site.toml:5: exchange.services[1]: Exchange 2013 has no RPC over TCP: since 2013 Outlook comes by HTTPS; "
            'leave "rpc" out; "https" serves Outlook Anywhere and MAPI over HTTP',
        )

    def test_a_directory_that_does_not_exist_offers_the_nearest(self) -> None:
        self.assertEqual(
            self.problem("2016", 'require = ["ows"]\n'),
            'site.toml:5: exchange.require[0]: "ows" is not a directory that Exchange 2016 can be asked about; '
            'did you mean "owa"?',
        )

    def test_2010_has_no_health_pages(self) -> None:
        self.assertIn(
            '"ews" is not a directory that Exchange 2010 can be asked about', self.problem("2010", 'require = ["ews"]\n')
        )

    def test_a_version_that_does_not_exist_is_the_only_problem(self) -> None:
        more = '[frontends.x]\nbind = ":1"\nbackend = "https"\n[backends.y.servers]\nex1 = 3\n'
        self.assertEqual(
            self.problems(BASE.format("2014") + more),
            ['site.toml:2: exchange.version: "2014" is not known here; did you mean "2019"?'],
        )

    def test_an_unknown_key_offers_the_nearest(self) -> None:
        self.assertIn(
            'exchange.service: there is no such key; did you mean "services"?', self.problem("2016", 'service = "https"\n')
        )

    def test_listen_and_servers_are_addresses_without_ports(self) -> None:
        text = '[exchange]\nversion = "SE"\nlisten = "10.0.0.9:443"\nservers = { a = "10.0.0.1:443" }\n'
        self.assertEqual(
            self.problems(text),
            [
                (
                    'site.toml:3: exchange.listen: "10.0.0.9:443" is not an IP address of this machine, nor "*" for all; '
                    "other ports go into ports = { https = 8443 }"
                ),
                (
                    "site.toml:4: exchange.servers.a: servers are addresses without a port; "
                    "other ports go into server_ports = { https = 8443 }"
                ),
            ],
        )

    def test_what_goes_wrong_together_is_told_beside_what_is_wrong_in_itself(self) -> None:
        text = 'server_tls = {}\nservices = ["https", "rpc", "smpt"]\nrequire = ["ows"]\n'
        told = [problem.partition(": ")[2].partition(";")[0] for problem in self.problems(BASE.format("2016") + text)]
        self.assertEqual(
            told,
            [
                "exchange.server_tls: TLS is passed through to the servers",
                'exchange.services[2]: "smpt" is not known here',
                "exchange.services[1]: Exchange 2016 has no RPC over TCP: since 2013 Outlook comes by HTTPS",
                'exchange.require[0]: "ows" is not a directory that Exchange 2016 can be asked about',
            ],
        )

    def test_servers_that_are_wrong_are_not_called_missing(self) -> None:
        (problem,) = self.problems('[exchange]\nversion = "SE"\nlisten = "*"\nservers = { ex1 = "10.0.0.1.5" }\n')
        self.assertIn("exchange.servers.ex1: ", problem)

    def test_there_have_to_be_servers(self) -> None:
        (problem,) = self.problems('[exchange]\nversion = "SE"\nlisten = "*"\nservers = {}\n')
        self.assertIn("site.toml:4: exchange.servers: there are no servers", problem)
