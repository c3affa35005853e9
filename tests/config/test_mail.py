"""Mail modes: what may be said, and what is wrong."""

from exproxy.config.model import Mail, ServerTLS
from exproxy.config.show import show
from tests.config.support import ConfigTestCase

FRONT = '[frontends.mx]\nmode = "smtp"\nbind = ":25"\n'
SERVERS = '[backends.hub.servers]\na = "10.0.0.1:25"\n'
OFFERED = 'tls = { mode = "starttls", certificates = "a.pem" }'


class MailTests(ConfigTestCase):
    def mail(self, *lines: str, hub: str = "") -> Mail:
        """Of a front end with these lines; it comes back equal when it was shown."""
        (self.folder / "a.pem").touch()
        loaded = self.load("\n".join([FRONT, 'backend = "hub"', *lines, "[backends.hub]", hub, ""]) + SERVERS)
        self.assertEqual(self.load(show(loaded)).frontends, loaded.frontends)
        self.assertEqual(self.load(show(loaded)).backends, loaded.backends)
        mail = loaded.frontends["mx"].mail
        assert mail is not None
        return mail

    def said(self, *lines: str, hub: str = "") -> str:
        return "; ".join(self.problems("\n".join([FRONT, 'backend = "hub"', *lines, "[backends.hub]", hub, ""]) + SERVERS))

    def test_without_a_word_more_tls_is_between_client_and_server(self) -> None:
        self.assertEqual(self.mail(), Mail(end_to_end=True))

    def test_all_that_there_is(self) -> None:
        lines = ('helo = "lb.example.com"', "require_tls = true", 'greet_delay = "2s"', 'early = "tarpit"', "bad_commands = 5")
        self.assertEqual(self.mail(OFFERED, *lines), Mail("lb.example.com", True, 2.0, "tarpit", 5))

    def test_tls_off_hides_starttls(self) -> None:
        self.assertFalse(self.mail('tls = "off"').end_to_end)

    def test_where_we_speak_tls_with_servers_or_tell_of_clients_nothing_is_passed_end_to_end(self) -> None:
        for hub in ('tls = "starttls"', "send_xclient = true"):
            self.assertFalse(self.mail(hub=hub).end_to_end)

    def test_servers_by_starttls(self) -> None:
        loaded = self.load(FRONT + 'backend = "hub"\n[backends.hub]\ntls = "starttls"\n' + SERVERS)
        self.assertEqual(loaded.backends["hub"].servers[0].tls, ServerTLS(mode="starttls"))

    def test_end_to_end_is_warned_of(self) -> None:
        loaded = self.load(FRONT + 'backend = "hub"\n' + SERVERS)
        self.assertIn("begin TLS with one another", str(loaded.warnings[0]))

    def test_servers_that_take_each_client_for_us_are_warned_of(self) -> None:
        for said, expected in (
            ('tls = "starttls"', 1),
            ('tls = "starttls"\nsend_xclient = true', 0),
            ('tls = "starttls"\nsend_proxy = "v2"', 0),
        ):
            loaded = self.load(FRONT + f'backend = "hub"\n[backends.hub]\n{said}\n' + SERVERS)
            found = [str(warning) for warning in loaded.warnings if "relays for everybody" in str(warning)]
            self.assertEqual(len(found), expected, said)
            self.assertTrue(all("frontends.mx: servers take each client" in one for one in found))

    def test_what_is_wrong_is_told_at_its_place(self) -> None:
        for lines, expected in (
            (('helo = "a b"',), 'frontends.mx.helo: "a b" is no name'),
            (("require_tls = true",), "frontends.mx.require_tls: there is no TLS that a client could begin"),
            (('early = "tarpit"',), "frontends.mx.early: nobody looks for early talkers"),
            (('routes = { sni = "a.example.com", backend = "hub" }',), 'frontends.mx.routes: mode = "smtp" has one back end'),
        ):
            self.assertIn(expected, self.said(*lines))

    def test_a_back_end_is_needed(self) -> None:
        self.assertIn("frontends.mx.backend: there is nothing to send sessions to", "; ".join(self.problems(FRONT + SERVERS)))

    def test_pop3_says_no_ehlo(self) -> None:
        text = '[frontends.a]\nmode = "pop3"\nbind = ":110"\nbackend = "hub"\nhelo = "x"\n'
        self.assertIn('frontends.a.helo: mode = "pop3" has no EHLO', "; ".join(self.problems(text + SERVERS)))

    def test_other_modes_have_none_of_it(self) -> None:
        text = '[frontends.a]\nbind = ":1"\nbackend = "hub"\nhelo = "x"\n[backends.hub]\ntls = "starttls"\nsend_xclient = true\n'
        said = "; ".join(self.problems(text + SERVERS))
        self.assertIn("frontends.a.helo: this belongs to the modes that speak mail", said)
        self.assertIn('backends.hub.tls: front end a has mode = "tcp", which has no command to begin TLS', said)
        self.assertIn("backends.hub.send_xclient: front end a has", said)
