"""Front ends."""

from ipaddress import ip_network

from exproxy.config.model import Bind, SniRoute, Timeouts
from tests.config.support import ConfigTestCase

BACKEND = '[backends.hub.servers]\na = "10.0.0.1:25"\n'


class FrontendTests(ConfigTestCase):
    def test_one_address_or_a_list_of_strings_and_tables(self) -> None:
        text = '[frontends.{}]\nbackend = "hub"\nbind = {}\n'
        several = '["10.0.0.9:25", { address = "[fd00::9]:25", accept_proxy = ["10.0.0.0/24", "fd00::/64", "10.0.0.0/24"] }]'
        frontends = self.load(text.format("one", '":26"') + text.format("two", several) + BACKEND).frontends
        self.assertEqual(frontends["one"].binds, (Bind("0.0.0.0", 26, 26),))
        networks = (ip_network("10.0.0.0/24"), ip_network("fd00::/64"))
        self.assertEqual(frontends["two"].binds, (Bind("10.0.0.9", 25, 25), Bind("fd00::9", 25, 25, networks)))

    def test_the_defaults_speak_for_front_ends_that_say_nothing(self) -> None:
        text = (
            '[defaults]\ndontlognull = true\nbacklog = 7\ntimeouts.client = "1s"\n[frontends.a]\nbind = ":1"\nbackend = "hub"\n'
        )
        frontend = self.load(text + "maxconn = 3\n" + BACKEND).frontends["a"]
        self.assertEqual((frontend.dontlognull, frontend.backlog, frontend.maxconn), (True, 7, 3))
        self.assertEqual(frontend.timeouts, Timeouts(client=1.0))

    def test_a_mode_that_does_not_exist_is_refused_otherwise(self) -> None:
        (problem,) = self.problems('[frontends.a]\nmode = "stmp"\nbind = ":1"\nbackend = "hub"\n' + BACKEND)
        self.assertEqual(problem, 'site.toml:2: frontends.a.mode: "stmp" is not a mode; did you mean "smtp"?')

    def test_a_back_end_that_is_not_there_offers_the_nearest(self) -> None:
        (problem,) = self.problems('[frontends.a]\nbind = ":1"\nbackend = "hup"\n' + BACKEND)
        self.assertEqual(problem, 'site.toml:3: frontends.a.backend: there is no "hup" in [backends]; did you mean "hub"?')

    def test_sessions_have_to_go_somewhere(self) -> None:
        (problem,) = self.problems('[frontends.a]\nbind = ":1"\n')
        self.assertIn("site.toml:1: frontends.a.backend: there is nothing to send sessions to", problem)

    def test_there_has_to_be_an_address(self) -> None:
        (problem,) = self.problems('[frontends.a]\nbind = []\nbackend = "hub"\n' + BACKEND)
        self.assertIn("site.toml:2: frontends.a.bind: there is no address to listen on", problem)


class OverlapTests(ConfigTestCase):
    def problems_of(self, one: str, other: str) -> list[str]:
        text = f'[frontends.a]\nbind = "{one}"\nbackend = "hub"\n[frontends.b]\nbind = "{other}"\nbackend = "hub"\n'
        return self.problems(text + BACKEND)

    def test_the_same_address_twice_is_refused(self) -> None:
        self.assertEqual(
            self.problems_of("10.0.0.9:25", "10.0.0.9:25"),
            ["site.toml:5: frontends.b.bind: 10.0.0.9:25 is already listened on at site.toml:2 (frontends.a.bind)"],
        )

    def test_all_addresses_overlap_with_each(self) -> None:
        self.assertEqual(
            self.problems_of("10.0.0.9:25", "*:20-30"),
            [
                (
                    "site.toml:5: frontends.b.bind: 0.0.0.0:20-30 is already listened on at site.toml:2 (frontends.a.bind): "
                    "0.0.0.0 is every address of this machine"
                )
            ],
        )
        self.assertIn("::", self.problems_of("[::]:25", "[fd00::9]:25")[0])

    def test_other_ports_addresses_and_families_do_not_overlap(self) -> None:
        text = (
            '[frontends.a]\nbind = ["10.0.0.9:1-9", "10.0.0.9:10", "10.0.0.8:1", "[::]:1", "*:11", "[::]:11"]\nbackend = "hub"\n'
        )
        self.assertEqual(len(self.load(text + BACKEND).frontends["a"].binds), 6)


class RouteTests(ConfigTestCase):
    def routes(self, *lines: str) -> str:
        return '[frontends.a]\nbind = ":1"\n[[frontends.a.routes]]\n' + "\n".join(lines) + "\n" + BACKEND

    def test_a_route_goes_by_name(self) -> None:
        frontend = self.load(self.routes('sni = ["Mail.example.com", "*.example.org"]', 'backend = "hub"')).frontends["a"]
        self.assertEqual(frontend.routes, (SniRoute(("mail.example.com", "*.example.org"), "hub"),))
        self.assertIsNone(frontend.backend)

    def test_what_is_wrong_with_a_route_is_at_its_line(self) -> None:
        for lines, expected in (
            (('sni = "a b"', 'backend = "hub"'), 'site.toml:4: frontends.a.routes[0].sni: "a b" is not a name'),
            (('sni = "a"', 'backend = "hup"'), 'site.toml:5: frontends.a.routes[0].backend: there is no "hup"'),
            (('sni = "a"',), 'site.toml:3: frontends.a.routes[0].backend: "backend" is missing'),
            (('backend = "hub"',), "site.toml:3: frontends.a.routes[0]: the route does not say"),
        ):
            self.assertIn(expected, self.problems(self.routes(*lines))[0])

    def test_http_routes_belong_to_that_mode(self) -> None:
        problem = self.problems(self.routes('path = "/ews"', 'backend = "hub"'))[0]
        self.assertIn('site.toml:4: frontends.a.routes[0].path: this belongs to mode = "http"', problem)
