"""The certificates of servers and those that clients see."""

from exproxy.config.model import CheckTLS, Configuration
from tests.config.support import ConfigTestCase

SITE = """
[frontends.web]
mode = "http"
bind = ":443"
tls = {{ mode = "implicit", certificates = {certificates} }}
routes = {{ path = "/ews", backend = "ews" }}
[backends.ews]
{backend}
servers = {{ ex1 = "10.0.0.1:443" }}
"""
SAME = 'tls = { mode = "implicit", verify = "same" }\n'


class KinshipTestCase(ConfigTestCase):
    def text(self, backend: str, certificates: str = '"mail.pem"') -> str:
        for name in ("mail.pem", "other.pem"):
            self.write("", name)
        return SITE.format(backend=backend, certificates=certificates)

    def site(self, backend: str, certificates: str = '"mail.pem"') -> Configuration:
        return self.load(self.text(backend, certificates))

    def check_tls(self, backend: str) -> CheckTLS:
        (check,) = self.site(backend).backends["ews"].servers[0].checks
        assert check.tls is not None
        return check.tls


class SameTests(KinshipTestCase):
    def test_it_is_what_the_front_ends_show_that_lead_there(self) -> None:
        configuration = self.site(SAME)
        tls = configuration.backends["ews"].servers[0].tls
        assert tls is not None
        self.assertEqual((tls.verify, tls.fronts), ("same", (configuration.frontends["web"].binds[0].tls,)))

    def test_a_check_that_is_told_so_has_it_too(self) -> None:
        tls = self.check_tls(SAME + 'check = { type = "https", tls = { verify = "same" } }\n')
        self.assertEqual((tls.verify, len(tls.fronts), tls.bound), ("same", 1, None))

    def test_without_such_a_front_end_there_is_nothing_to_be_the_same_as(self) -> None:
        text = '[frontends.web]\nbind = ":443"\nbackend = "b"\n[backends.b]\n' + SAME + 'servers = { a = "10.0.0.1:443" }\n'
        (problem,) = self.problems(text)
        self.assertIn('backends.b.tls: verify = "same": no front end that has certificates sends anybody here', problem)

    def test_another_word_is_a_mistake(self) -> None:
        (problem,) = self.problems(self.text(SAME.replace("same", "sane")))
        self.assertIn('backends.ews.tls.verify: true or false is expected, not "sane"', problem)


class ComparedTests(KinshipTestCase):
    def test_checks_where_sessions_go_compare(self) -> None:
        tls = self.check_tls(SAME + 'check = "https"\nextended_protection = true\n')
        self.assertEqual((tls.verify, len(tls.fronts), tls.bound), (False, 1, True))

    def test_checks_elsewhere_and_checks_of_servers_without_tls_do_not(self) -> None:
        for backend in (SAME + 'check = { type = "https", port = 444 }\n', 'check = "https"\n'):
            self.assertEqual(self.check_tls(backend).fronts, ())


class ProtectionTests(KinshipTestCase):
    def test_offload_is_refused(self) -> None:
        (problem,) = self.problems(self.text("extended_protection = true\n"))
        self.assertIn("backends.ews.extended_protection: Extended Protection knows no offload: OWA would work while", problem)

    def test_bridging_and_passing_through_are_not(self) -> None:
        self.assertTrue(self.site(SAME + "extended_protection = true\n").backends["ews"].extended_protection)
        passed = '[frontends.web]\nbind = ":443"\nbackend = "b"\n[backends.b]\nextended_protection = true\n'
        self.assertEqual(self.warnings(passed + 'servers = { a = "10.0.0.1:443" }\n'), [])

    def test_several_certificates_are_a_warning(self) -> None:
        text = self.text(SAME + "extended_protection = true\n", '["mail.pem", "other.pem"]')
        (warning,) = self.warnings(text)
        self.assertIn("clients who see another certificate than the servers show us cannot log in", warning)
