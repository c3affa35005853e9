"""Mail in the template [exchange]: each service in its own mode, and where its TLS ends."""

from exproxy.config.model import Configuration
from tests.config.support import ConfigTestCase

SITE = """[exchange]
version = "{version}"
listen = "10.0.0.9"
servers = {{ ex1 = "10.0.0.15", ex2 = "10.0.0.16" }}
services = ["smtp", "imap", "pop3"]
"""
CERTIFICATE = 'tls = { certificates = "mail.pem" }\n'


class ExchangeMailTests(ConfigTestCase):
    def site(self, more: str = "", version: str = "2016") -> Configuration:
        (self.folder / "mail.pem").touch()
        return self.load(SITE.format(version=version) + more)

    def test_without_a_certificate_tls_is_between_client_and_server(self) -> None:
        loaded = self.site()
        modes = {name: frontend.mode for name, frontend in loaded.frontends.items()}
        expected = {"smtp": "smtp", "submission": "smtp", "imap": "imap", "imaps": "tcp", "pop3": "pop3", "pop3s": "tcp"}
        self.assertEqual(modes, expected)
        for frontend in loaded.frontends.values():
            self.assertTrue(frontend.mail is None or frontend.mail.end_to_end)
            self.assertIsNone(frontend.binds[0].tls)
        self.assertEqual({server.tls for backend in loaded.backends.values() for server in backend.servers}, {None})

    def test_with_one_it_ends_here_where_users_log_in_and_begins_again(self) -> None:
        loaded = self.site(CERTIFICATE)
        for name, mode in (("submission", "starttls"), ("imap", "starttls"), ("imaps", "implicit"), ("pop3", "starttls")):
            front, back = loaded.frontends[name], loaded.backends[name]
            assert front.binds[0].tls is not None
            self.assertEqual((front.mode, front.binds[0].tls.mode), ({"submission": "smtp"}.get(name, name.rstrip("s")), mode))
            for server in back.servers:
                assert server.tls is not None
                assert server.checks[0].tls is not None
                found = (server.tls.mode, server.tls.verify, server.checks[0].tls.mode, server.checks[0].tls.verify)
                self.assertEqual(found, (mode, "same", mode, "same"))

    def test_nobody_logs_in_in_the_clear_then(self) -> None:
        frontends = self.site(CERTIFICATE).frontends
        required = {name: frontends[name].mail for name in ("submission", "imap", "pop3")}
        self.assertEqual({name for name, mail in required.items() if mail and mail.require_tls}, {"submission", "imap", "pop3"})

    def test_port_25_stays_end_to_end(self) -> None:
        front = self.site(CERTIFICATE).frontends["smtp"]
        assert front.mail is not None
        self.assertTrue(front.mail.end_to_end)

    def test_what_is_said_of_servers_counts(self) -> None:
        (self.folder / "ca.pem").touch()
        loaded = self.site(CERTIFICATE + 'server_tls = { ca = "ca.pem", verify = true }\n')
        (tls, _) = (server.tls for server in loaded.backends["imaps"].servers)
        assert tls is not None
        self.assertEqual((tls.mode, tls.verify, tls.ca), ("implicit", True, self.folder / "ca.pem"))

    def test_2010_is_spoken_to_as_it_was_delivered(self) -> None:
        server = self.site(CERTIFICATE, "2010").backends["imap"].servers[0]
        assert server.tls is not None
        assert server.checks[0].tls is not None
        self.assertEqual((server.tls.profile, server.checks[0].tls.legacy), ("legacy", True))

    def test_who_may_relay_is_asked_once(self) -> None:
        (warning,) = self.site().warnings
        self.assertIn("exchange: Exchange takes each client of mail for this machine", str(warning))

    def test_so_it_is_beside_front_ends_of_the_file(self) -> None:
        other = '[frontends.web]\nbind = ":80"\nbackend = "web"\n[backends.web.servers]\na = "10.0.0.1:80"\n'
        (warning,) = self.site(other).warnings
        self.assertIn("exchange: Exchange takes each client of mail for this machine", str(warning))

    def test_what_is_said_of_servers_without_a_certificate_is_a_mistake(self) -> None:
        (problem,) = self.problems(SITE.format(version="2016") + "server_tls = { verify = false }\n")
        self.assertIn("exchange.server_tls: TLS is passed through to the servers", problem)
