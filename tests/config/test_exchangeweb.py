"""HTTPS in the template: passed through, bridged or offloaded."""

from exproxy.config.model import Bind, Configuration, ServerTLS
from tests.config.support import ConfigTestCase

BASE = '[exchange]\nversion = "{}"\nlisten = "10.0.0.9"\nservers = {{ ex1 = "10.0.0.15", ex2 = "10.0.0.16" }}\n'
CERTIFICATE = 'tls = { certificates = ["mail.pem"] }\n'


class WebTestCase(ConfigTestCase):
    def text(self, version: str, more: str = CERTIFICATE) -> str:
        self.write("", "mail.pem")
        self.write("", "ca.pem")
        return BASE.format(version) + more

    def expand(self, version: str, more: str = CERTIFICATE) -> Configuration:
        return self.load(self.text(version, more))

    def problem(self, version: str, more: str) -> str:
        (problem,) = self.problems(self.text(version, more))
        return problem


class BridgingTests(WebTestCase):
    def test_with_a_certificate_tls_ends_here_and_each_directory_is_a_back_end(self) -> None:
        configuration = self.expand("2016", 'services = ["https"]\n' + CERTIFICATE)
        self.assertEqual(list(configuration.frontends), ["http", "https"])
        self.assertEqual(
            sorted(configuration.backends),
            ["api", "autodiscover", "eas", "ecp", "ews", "mapi", "oab", "owa", "powershell", "rpc"],
        )
        front = configuration.frontends["https"]
        assert front.web is not None
        assert front.binds[0].tls is not None
        self.assertEqual((front.mode, front.backend, front.binds[0].first_port), ("http", "owa", 443))
        self.assertEqual(front.binds[0].tls.certificates[0].file, self.folder / "mail.pem")
        self.assertEqual({server.port for server in configuration.backends["ews"].servers}, {443})

    def test_servers_have_our_certificate_or_one_that_is_right_for_its_name(self) -> None:
        configuration = self.expand("2016")
        server = configuration.backends["ews"].servers[0]
        fronts = (configuration.frontends["https"].binds[0].tls,)
        self.assertEqual(server.tls, ServerTLS("same", fronts=fronts))
        assert server.checks[0].tls is not None
        self.assertEqual((server.checks[0].tls.verify, server.checks[0].tls.fronts), ("same", fronts))

    def test_sessions_and_checks_are_told_otherwise_together(self) -> None:
        said = 'server_tls = { verify = true, ca = "ca.pem", name = "ex.corp.local", profile = "legacy" }\n'
        server = self.expand("2016", CERTIFICATE + said).backends["mapi"].servers[0]
        tls, check = server.tls, server.checks[0].tls
        assert tls is not None
        assert check is not None
        self.assertEqual((tls.verify, tls.ca, tls.name, tls.profile), (True, self.folder / "ca.pem", "ex.corp.local", "legacy"))
        self.assertEqual(
            (check.verify, check.ca, check.name, check.legacy), (True, self.folder / "ca.pem", "ex.corp.local", True)
        )

    def test_keys_of_servers_may_be_pinned(self) -> None:
        pin = "sha256/" + "A" * 43 + "="
        configuration = self.expand("2016", CERTIFICATE + f'server_tls = {{ verify = false, pin = "{pin}" }}\n')
        server = configuration.backends["owa"].servers[0]
        assert server.tls is not None
        assert server.checks[0].tls is not None
        self.assertEqual({server.tls.pin, server.checks[0].tls.pin}, {(pin,)})

    def test_2010_speaks_tls_1_0(self) -> None:
        server = self.expand("2010").backends["owa"].servers[0]
        assert server.tls is not None
        assert server.checks[0].tls is not None
        self.assertEqual((server.tls.profile, server.checks[0].tls.legacy), ("legacy", True))

    def test_2010_keeps_clients_where_they_are_and_newer_versions_do_not(self) -> None:
        self.assertEqual({backend.persistence for backend in self.expand("2013").backends.values()}, {None})
        configuration = self.expand("2010", 'services = ["https", "rpc"]\n' + CERTIFICATE)
        kept = {name: backend.persistence.table for name, backend in configuration.backends.items() if backend.persistence}
        self.assertEqual({name for name, table in kept.items() if table == "owa"}, {"owa", "ecp"})
        kinds = {name: configuration.tables[table].kind for name, table in kept.items() if not name.startswith("rpc-")}
        web = {"owa": "cookie", "ecp": "cookie", "ews": "super-http", "eas": "user", "rpc": "source", "powershell": "source"}
        self.assertEqual(kinds, web)
        self.assertNotEqual(kept["rpc"], kept["rpc-ca"])
        self.assertEqual([one for one in configuration.warnings if "relays for everybody" not in one.message], [])

    def test_what_else_tls_can_say_is_said_to_clients(self) -> None:
        tls = self.expand("SE", CERTIFICATE.replace(" }", ', profile = "modern" }')).frontends["https"].binds[0].tls
        assert tls is not None
        self.assertEqual(tls.profile, "modern")

    def test_each_key_can_be_said_otherwise(self) -> None:
        more = '[frontends.https]\nmax_body = "1GB"\n[backends.ews]\nbalance = "roundrobin"\nservers.ex2 = { weight = 3 }\n'
        configuration = self.expand("2016", CERTIFICATE + more)
        web = configuration.frontends["https"].web
        assert web is not None
        self.assertEqual(web.max_body, 1 << 30)
        backend = configuration.backends["ews"]
        self.assertEqual((backend.balance, {server.weight for server in backend.servers}), ("roundrobin", {1, 3}))

    def test_a_server_that_is_back_gets_its_share_slowly_unless_that_is_said_otherwise(self) -> None:
        for more, seconds in (("", 60.0), ('[defaults]\nslow_start = "0s"\n', 0.0)):
            self.assertEqual(self.expand("2016", CERTIFICATE + more).backends["owa"].servers[0].slow_start, seconds)

    def test_a_short_patience_by_default_does_not_cut_heartbeats(self) -> None:
        configuration = self.expand("2016", CERTIFICATE + '[defaults]\ntimeouts = { client = "300s", server = "300s" }\n')
        self.assertEqual(configuration.frontends["https"].timeouts.client, 1800.0)
        self.assertEqual([configuration.backends[name].timeouts.server for name in ("eas", "owa")], [1800.0, 300.0])


class OffloadTests(WebTestCase):
    def test_servers_are_reached_in_clear(self) -> None:
        configuration = self.expand("2016", CERTIFICATE + 'https = "offload"\n')
        server = configuration.backends["owa"].servers[0]
        self.assertEqual((server.port, server.tls, server.checks[0].tls), (80, None, None))

    def test_they_may_have_another_port(self) -> None:
        configuration = self.expand("2016", CERTIFICATE + 'https = "offload"\nserver_ports = { http = 8080 }\n')
        self.assertEqual(configuration.backends["owa"].servers[0].port, 8080)


class RedirectTests(WebTestCase):
    def test_port_80_leads_to_443(self) -> None:
        front = self.expand("2016").frontends["http"]
        assert front.web is not None
        self.assertEqual(front.binds, (Bind("10.0.0.9", 80, 80),))
        self.assertEqual([route.redirect and route.redirect.to for route in front.web.routes], ["https"])

    def test_it_is_left_out_where_it_would_lead_nowhere_and_where_nobody_wants_it(self) -> None:
        for ports in ("{ https = 8443 }", "{ http = false }"):
            self.assertNotIn("http", self.expand("2016", CERTIFICATE + f"ports = {ports}\n").frontends)

    def test_where_tls_is_passed_through_it_has_to_be_asked_for(self) -> None:
        self.assertNotIn("http", self.expand("2016", "").frontends)
        self.assertEqual(self.expand("2016", "ports = { http = 8080 }\n").frontends["http"].binds[0].first_port, 8080)


class ProtectionTests(WebTestCase):
    def test_versions_that_have_it_say_so_to_their_back_ends(self) -> None:
        found = {version: self.expand(version).backends["owa"].extended_protection for version in ("2010", "2016", "2019", "SE")}
        self.assertEqual(found, {"2010": None, "2016": None, "2019": True, "SE": True})

    def test_what_is_said_counts(self) -> None:
        for said in ("true", "false"):
            configuration = self.expand("2019", CERTIFICATE + f"extended_protection = {said}\n")
            self.assertEqual(configuration.backends["owa"].extended_protection, said == "true")
            self.assertEqual([one for one in configuration.warnings if "relays for everybody" not in one.message], [])

    def test_offload_is_refused_with_it(self) -> None:
        for version, more in (("SE", ""), ("2019", ""), ("2016", "extended_protection = true\n")):
            problem = self.problem(version, CERTIFICATE + 'https = "offload"\n' + more)
            self.assertRegex(problem, f"exchange.https: Exchange {version} has Extended Protection.*, which knows no offload")
            self.assertIn("OWA would work while Outlook and phones fail", problem)

    def test_offload_is_allowed_without_it_in_words(self) -> None:
        self.assertEqual(
            self.warnings_but_of_relaying(self.text("SE", CERTIFICATE + 'https = "offload"\nextended_protection = false\n')), []
        )

    def test_bridging_is_warned_of_until_somebody_has_looked(self) -> None:
        (warning,) = self.warnings_but_of_relaying(self.text("SE"))
        self.assertTrue(warning.startswith("site.toml:5: exchange.tls: Exchange SE has Extended Protection by default: "))
        self.assertIn("compare with exproxy config check --connect", warning)

    def test_offload_is_warned_of_where_it_may_have_been_turned_on(self) -> None:
        (warning,) = self.warnings_but_of_relaying(self.text("2013", CERTIFICATE + 'https = "offload"\n'))
        self.assertIn("where Extended Protection was turned on in Exchange 2013, TLS may not end here", warning)
        self.assertEqual(self.warnings_but_of_relaying(self.text("2010", CERTIFICATE + 'https = "offload"\n')), [])

    def test_what_is_passed_through_is_nobodys_concern(self) -> None:
        self.assertEqual(self.warnings_but_of_relaying(self.text("SE", "")), [])


class AdministrationTests(WebTestCase):
    def test_it_may_be_kept_inside(self) -> None:
        front = self.expand("2016", CERTIFICATE + 'admin_from = ["10.0.0.0/8", "fd00::/8"]\n').frontends["https"]
        allowed, denied = front.access
        self.assertEqual([str(network) for network in allowed.sources], ["10.0.0.0/8", "fd00::/8"])
        self.assertEqual((allowed.action, denied.action, denied.sources), ("allow", "deny", ()))
        self.assertEqual({allowed.paths, denied.paths}, {("/ecp", "/powershell")})

    def test_without_a_word_there_are_no_rules(self) -> None:
        self.assertEqual(self.expand("2016").frontends["https"].access, ())

    def test_what_is_passed_through_has_no_paths(self) -> None:
        self.assertIn("exchange.admin_from: TLS is passed through", self.problem("2016", 'admin_from = "10.0.0.0/8"\n'))


class ProblemTests(WebTestCase):
    def test_without_a_certificate_tls_does_not_end(self) -> None:
        self.assertIn("exchange.https: there is no certificate", self.problem("2016", 'https = "bridging"\n'))
        self.assertIn("exchange.tls: there is no certificate", self.problem("2016", "tls = {}\n"))

    def test_a_file_that_is_not_there_is_told_at_the_line_of_tls(self) -> None:
        problems = self.problems(self.text("2016", CERTIFICATE.replace("mail", "male")))
        for problem, name in zip(problems, ("https", "submission"), strict=True):
            self.assertTrue(problem.startswith(f"site.toml:5: frontends.{name}.tls.certificates[0]: there is no file"), problem)

    def test_so_is_one_that_servers_are_verified_by(self) -> None:
        problems = self.problems(self.text("2016", CERTIFICATE + 'server_tls = { ca = "ac.pem" }\n'))
        self.assertEqual({problem.partition(": ")[0] for problem in problems}, {"site.toml:6"})

    def test_what_is_found_in_the_files_is_told_there_too(self) -> None:
        loaded = self.expand("2016", CERTIFICATE + "server_tls = { verify = false }\n[frontends.https]\nmaxconn = 100\n")
        front, server = loaded.frontends["https"].binds[0].tls, loaded.backends["owa"].servers[0].tls
        self.assertEqual([tls.place.line if tls and tls.place else 0 for tls in (front, server)], [5, 6])

    def test_a_certificate_that_nobody_is_shown_is_a_mistake(self) -> None:
        self.assertIn("exchange.tls: TLS is passed through", self.problem("2016", CERTIFICATE + 'https = "passthrough"\n'))
        problems = self.problems(self.text("2016", CERTIFICATE + 'services = ["smtp"]\nextended_protection = true\n'))
        self.assertEqual(
            [problem.partition("; ")[0] for problem in problems],
            [
                "site.toml:7: exchange.extended_protection: HTTPS is not served here",
            ],
        )

    def test_keys_of_another_way_are_refused(self) -> None:
        offload = CERTIFICATE + 'https = "offload"\n'
        for more, message in (
            ("server_tls = { verify = false }\n", "server_tls: TLS is passed through to the servers"),
            (offload + "server_tls = { verify = false }\n", "server_tls: the servers are reached in clear"),
            (offload + "server_ports = { https = 4443 }\n", "server_ports.https: the servers are reached in clear"),
            (CERTIFICATE + "server_ports = { http = 81 }\n", "server_ports.http: the servers are reached by HTTPS"),
            (CERTIFICATE + 'require = ["owa"]\n', "require: where TLS ends here each directory is a service of its own"),
            (CERTIFICATE.replace("tls = {", 'tls = { mode = "off",'), "tls.mode: clients speak TLS from the first byte"),
            (CERTIFICATE + 'server_tls = "starttls"\n', "server_tls.mode: servers speak TLS from the first byte"),
        ):
            self.assertIn(f"exchange.{message}", self.problem("2016", more))
