"""TLS in the configuration."""

from exproxy.config.model import Certificate, FrontTLS, ServerTLS
from exproxy.config.show import show
from exproxy.config.tls import BUILT_IN_PROFILES
from tests.config.support import ConfigTestCase

TEXT = """
[frontends.web]
bind = "127.0.0.1:443"
backend = "web"
{front}
[backends.web]
{back}
[backends.web.servers]
a = {server}
"""
SERVER = '"10.0.0.1:443"'
PINS = '["sha256/{0}", "sha256/{0}"]'.format("B" * 43 + "=")
PIN = "sha256/" + "A" * 43 + "="


class TLSTestCase(ConfigTestCase):
    def setUp(self) -> None:
        super().setUp()
        for name in ("a.pem", "b.pfx", "key.pem", "ca.pem"):
            self.write("", name)

    def text(self, front: str = "", back: str = "", server: str = SERVER) -> str:
        return TEXT.format(front=front, back=back, server=server)


class FrontTests(TLSTestCase):
    def front(self, front: str) -> FrontTLS | None:
        return self.load(self.text(front)).frontends["web"].binds[0].tls

    def test_certificates_are_files_or_tables(self) -> None:
        said = '["a.pem", { file = "a.pem" }, { file = "a.pem", key = "key.pem", password = "x" }]'
        tls = self.front(f'tls = {{ mode = "implicit", certificates = {said} }}')
        file = self.folder / "a.pem"
        wanted = (Certificate(file), Certificate(file), Certificate(file, self.folder / "key.pem", "x"))
        self.assertEqual(tls, FrontTLS(wanted, "intermediate"))

    def test_a_binds_words_win_over_the_front_ends(self) -> None:
        text = self.text('tls = { mode = "implicit", certificates = "a.pem", profile = "modern" }').replace(
            'bind = "127.0.0.1:443"',
            'bind = [{ address = ":1", tls = "off" }, { address = ":2", tls = { certificates = "b.pfx" } }, ":3"]',
        )
        binds = self.load(text).frontends["web"].binds
        self.assertIsNone(binds[0].tls)
        self.assertEqual(binds[1].tls, FrontTLS((Certificate(self.folder / "b.pfx"),), "modern"))
        self.assertEqual(binds[2].tls, FrontTLS((Certificate(self.folder / "a.pem"),), "modern"))

    def test_without_a_mode_it_says_nothing(self) -> None:
        self.assertEqual(
            self.problems(self.text('tls = { certificates = "a.pem" }')),
            ['site.toml:5: frontends.web.tls: mode is missing; write mode = "implicit" or mode = "off"'],
        )

    def test_starttls_is_for_modes_that_have_a_command_for_it(self) -> None:
        problem = self.problems(self.text('tls = "starttls"'))[0]
        self.assertIn('site.toml:5: frontends.web.tls.mode: mode = "tcp" has no command to begin TLS', problem)

    def test_certificates_have_to_be_there(self) -> None:
        self.assertEqual(
            self.problems(self.text('tls = { mode = "implicit", certificates = ["a.pem", "c.pem"] }')),
            [
                f'site.toml:5: frontends.web.tls.certificates[1]: there is no file "{self.folder}/c.pem"'.replace(
                    f"{self.folder}/", ""
                )
            ],
        )
        (problem,) = self.problems(self.text('tls = "implicit"'))
        self.assertIn("frontends.web.tls: there is no certificate", problem)


class AlpnTests(TLSTestCase):
    def protocols(self, mode: str, alpn: str = "") -> tuple[str, ...]:
        tls = f'mode = "{mode}"\ntls = {{ mode = "implicit", certificates = "a.pem"{alpn} }}'
        found = self.load(self.text(tls)).frontends["web"].binds[0].tls
        assert found is not None
        return found.alpn

    def test_mode_http_agrees_to_http_1_1_and_mode_tcp_hears_nothing(self) -> None:
        self.assertEqual(self.protocols("http"), ("http/1.1", "http/1.0"))
        self.assertEqual(self.protocols("tcp"), ())
        self.assertEqual(self.protocols("http", ", alpn = []"), ())

    def test_mode_tcp_agrees_to_what_is_said(self) -> None:
        self.assertEqual(self.protocols("tcp", ', alpn = ["h2", "http/1.1"]'), ("h2", "http/1.1"))
        self.assertEqual(self.protocols("tcp", ', alpn = "imap"'), ("imap",))

    def test_mode_http_speaks_nothing_else(self) -> None:
        text = self.text('mode = "http"\ntls = { mode = "implicit", certificates = "a.pem", alpn = ["http/1.1", "h2"] }')
        (problem,) = self.problems(text)
        self.assertIn('site.toml:6: frontends.web.tls.alpn[1]: mode = "http" does not speak "h2", but HTTP/1.1', problem)

    def test_what_is_no_protocol(self) -> None:
        (problem,) = self.problems(self.text('tls = { mode = "implicit", certificates = "a.pem", alpn = "" }'))
        self.assertIn('alpn: "" is not the name of a protocol', problem)

    def test_days_are_said_once(self) -> None:
        text = self.text('tls = { mode = "implicit", certificates = { file = "a.pem", ocsp = "a.der" }, warn_days = 30 }')
        tls = self.load(text).frontends["web"].binds[0].tls
        assert tls is not None
        self.assertEqual((tls.warn_days, tls.certificates[0].ocsp), (30, self.folder / "a.der"))
        self.assertEqual(str(tls.place), f"{self.folder / 'site.toml'}:5")


class UnverifiedTests(TLSTestCase):
    def test_a_server_that_nobody_verifies_is_warned_of_at_its_line(self) -> None:
        said = self.warnings(self.text(back='tls = { mode = "implicit", verify = false }'))
        self.assertEqual(len(said), 1)
        self.assertIn("site.toml:7: backends.web.tls.verify: whoever answers in the server's place is believed", said[0])
        (said,) = self.warnings(self.text(server='{ address = "10.0.0.1:443", tls = { mode = "implicit", verify = false } }'))
        self.assertIn("site.toml:9: backends.web.servers.a.tls.verify: ", said)

    def test_a_pinned_key_is_enough(self) -> None:
        self.assertEqual(self.warnings(self.text(back=f'tls = {{ mode = "implicit", verify = false, pin = "{PIN}" }}')), [])


class ServerTests(TLSTestCase):
    def server(self, back: str, server: str = SERVER) -> ServerTLS | None:
        return self.load(self.text(back=back, server=server)).backends["web"].servers[0].tls

    def test_certificates_are_verified_unless_the_file_says_not_to(self) -> None:
        self.assertEqual(self.server('tls = "implicit"'), ServerTLS(True))
        self.assertEqual(self.server('tls = { mode = "implicit", verify = false }'), ServerTLS(False))

    def test_a_servers_words_win_over_the_back_ends(self) -> None:
        back = 'tls = { mode = "implicit", ca = "ca.pem", name = "mail.example.com", profile = "legacy" }'
        server = '{ address = "10.0.0.1:443", tls = { name = "ex1.example.com" } }'
        self.assertEqual(self.server(back, server), ServerTLS(True, self.folder / "ca.pem", "ex1.example.com", "legacy"))
        self.assertIsNone(self.server(back, '{ address = "10.0.0.1:443", tls = "off" }'))

    def test_a_file_of_authorities_has_to_be_there(self) -> None:
        (problem,) = self.problems(self.text(back='tls = { mode = "implicit", ca = "other.pem" }'))
        self.assertEqual(problem, 'site.toml:7: backends.web.tls.ca: there is no file "other.pem"')


class ProfileTests(TLSTestCase):
    def test_an_unknown_profile_offers_the_nearest(self) -> None:
        (problem,) = self.problems(self.text(back='tls = { mode = "implicit", profile = "modem" }'))
        self.assertIn('there is no TLS profile "modem"; did you mean "modern"?', problem)

    def test_profiles_of_the_file_may_be_used(self) -> None:
        profile = '[tls.profiles.old-mx]\nmin_version = "TLSv1.0"\nciphers = "ALL"\n'
        configuration = self.load(self.text(back='tls = { mode = "implicit", profile = "old-mx" }') + profile)
        self.assertEqual(configuration.profiles["old-mx"].min_version, "TLSv1.0")
        self.assertEqual(configuration.backends["web"].servers[0].tls, ServerTLS(profile="old-mx"))

    def test_built_in_profiles_stay_as_they_are(self) -> None:
        for name in BUILT_IN_PROFILES:
            (problem,) = self.problems(self.text() + f"[tls.profiles.{name}]\n")
            self.assertIn(f'tls.profiles.{name}: "{name}" is built in', problem)

    def test_versions_have_an_order(self) -> None:
        (problem,) = self.problems(self.text() + '[tls.profiles.x]\nmin_version = "TLSv1.3"\nmax_version = "TLSv1.2"\n')
        self.assertIn("tls.profiles.x.min_version: min_version is newer than max_version, TLSv1.2", problem)


class ShowTests(TLSTestCase):
    def test_all_comes_back_equal(self) -> None:
        text = self.text(
            'tls = { mode = "implicit", certificates = ["a.pem", { file = "b.pfx", password = "x$${y}" }], profile = "p" }',
            f'tls = {{ mode = "implicit", verify = false, ca = "ca.pem", name = "x.example.com", profile = "mx", pin = {PINS} }}',
        )
        configuration = self.load(text + '[tls.profiles.p]\nciphers = "ALL"\nciphersuites = "TLS_AES_128_GCM_SHA256"\n')
        self.assertEqual(self.load(show(configuration)), configuration)

    def test_so_does_what_is_otherwise_in_another_mode(self) -> None:
        for mode, alpn in (("tcp", '"h2"'), ("tcp", "[]"), ("http", "[]"), ("http", '["http/1.1"]')):
            for clients in ('"ca.pem"', '{ ca = "ca.pem", crl = "key.pem", verify = "optional" }'):
                tls = f'certificates = {{ file = "a.pem", ocsp = "o" }}, alpn = {alpn}, warn_days = 3'
                tls = f'tls = {{ mode = "implicit", {tls}, client_certificates = {clients} }}'
                configuration = self.load(self.text(f'mode = "{mode}"\n{tls}'))
                self.assertEqual(self.load(show(configuration)), configuration)
