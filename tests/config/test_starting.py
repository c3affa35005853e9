"""The file to start from is one that loads."""

from exproxy.config.starting import starting_file
from tests.config.support import ConfigTestCase


class StartingFileTests(ConfigTestCase):
    def test_it_loads_for_every_version(self) -> None:
        for version in ("2010", "2013", "2016", "2019", "SE"):
            configuration = self.load(starting_file(version, "10.0.0.9", {"ex1": "10.0.0.15", "ex.2": "fd00::2"}))
            self.assertEqual(list(configuration.hosts), ["ex1", "ex.2"])
            self.assertEqual("rpc-epm" in configuration.backends, version == "2010")

    def test_tls_may_end_here(self) -> None:
        self.write("", "mail.pem")
        for https, port in ((None, 443), ("bridging", 443), ("offload", 80)):
            text = starting_file("2016", "10.0.0.9", {"ex1": "10.0.0.15"}, certificate="mail.pem", https=https)
            configuration = self.load(text)
            self.assertEqual([server.port for server in configuration.backends["owa"].servers], [port])

    def test_what_is_written_out_for_later_is_right_too(self) -> None:
        text = starting_file("2016", "10.0.0.9", {"ex1": "10.0.0.15"})
        self.write("", "certs/mail.pem")
        (line,) = [line for line in text.splitlines() if line.startswith("# tls ")]
        self.assertIn("owa", self.load(text.replace(line, line.removeprefix("# "))).backends)

    def test_services_and_helo_are_as_asked(self) -> None:
        text = starting_file("2016", "*", {"a": "10.0.0.1"}, ["imap"], "lb.example.com")
        self.assertIn('helo     = "lb.example.com"', text)
        self.assertEqual(list(self.load(text).frontends), ["imap", "imaps"])
