"""Warnings."""

from tests.config.support import WEB, ConfigTestCase


class AdviceTests(ConfigTestCase):
    def test_what_is_fine_is_not_warned_about(self) -> None:
        self.assertEqual(self.warnings(WEB), [])

    def test_nothing_to_listen_on(self) -> None:
        (warning,) = self.warnings("")
        self.assertIn("site.toml: there are no front ends, so nothing is listened on", warning)

    def test_a_back_end_that_nobody_uses(self) -> None:
        text = WEB + '[backends.spare.servers]\na = "10.0.0.1:1"\n'
        self.assertEqual(self.warnings(text), ["site.toml:7: backends.spare: no front end sends anybody here"])

    def test_a_back_end_of_a_route_is_used(self) -> None:
        text = WEB + '[backends.spare.servers]\na = "10.0.0.1:1"\n[[frontends.web.routes]]\nsni = "a"\nbackend = "spare"\n'
        self.assertEqual(self.warnings(text), [])

    def test_a_table_that_nobody_uses(self) -> None:
        self.assertEqual(self.warnings(WEB + "[tables.cas]\n"), ["site.toml:7: tables.cas: no back end uses this table"])

    def test_a_front_end_that_may_take_more_than_the_process(self) -> None:
        (warning,) = self.warnings(WEB + "[service]\nmaxconn = 5\n[frontends.web2]\nbind=':1'\nbackend='web'\nmaxconn = 6\n")
        expected = "site.toml:12: frontends.web2.maxconn: maxconn is 6, but service.maxconn allows 5 for all front ends together"
        self.assertEqual(warning, expected)

    def test_backups_only(self) -> None:
        text = WEB.replace('"10.0.0.1:443"', '{ address = "10.0.0.1:443", backup = true }')
        (warning,) = self.warnings(text)
        self.assertIn("site.toml:5: backends.web.servers: all servers are backups", warning)

    def test_checks_of_which_none_is_required(self) -> None:
        (warning,) = self.warnings(WEB + '[backends.web]\ncheck = { type = "tcp", required = false }\n')
        self.assertIn("site.toml:6: backends.web.servers.a: no check is required", warning)

    def test_a_host_that_is_not_in_all_back_ends_of_a_group(self) -> None:
        text = (
            WEB + '[backends.web]\npersistence.table = "cas"\n[tables.cas]\n[frontends.b]\nbind = ":1"\nbackend = "b"\n'
            '[backends.b]\npersistence.table = "cas"\n[backends.b.servers]\nb = "10.0.0.2:1"\na = "10.0.0.1:1"\n'
        )
        (warning,) = self.warnings(text)
        self.assertIn("backends.web.servers: hosts 10.0.0.2 are in other back ends of table cas but not here", warning)

    def test_what_no_check_learns_is_not_offered(self) -> None:
        text = WEB.replace("[frontends.web]\n", '[frontends.web]\nmode = "imap"\ntls = "off"\n', 1)
        text += '[backends.web]\npersistence = { kind = "user" }\n'
        (warning,) = self.warnings(text)
        self.assertIn("backends.web.check: clients are offered what checks of imap have learned of all servers", warning)
        self.assertEqual(self.warnings(text + 'check = [{ type = "imap" }]\n'), [])

    def test_session_ids_are_not_everybodys(self) -> None:
        text = WEB + '[backends.web]\npersistence = { kind = "tls-session-id" }\n'
        (warning,) = self.warnings(text)
        self.assertIn("site.toml:8: backends.web.persistence.kind: clients of TLS 1.3, and those that resume by tickets", warning)
        text = WEB + '[backends.web]\npersistence.table = "ids"\n[tables.ids]\nkind = "tls-session-id"\n'
        (warning,) = self.warnings(text)
        self.assertIn("site.toml:10: tables.ids.kind: clients of TLS 1.3", warning)
