"""Access rules and limits of a front end."""

from ipaddress import ip_network

from exproxy.config.model import Access, Frontend, PerSource, Rate
from exproxy.config.show import show
from tests.config.support import ConfigTestCase

WEB = '[frontends.web]\nmode = "http"\nbind = ":80"\nbackend = "owa"\n'
MAIL = '[frontends.web]\nbind = ":25"\nbackend = "owa"\n'
BACKEND = '[backends.owa.servers]\na = "10.0.0.1:80"\n'


class ProtectionTests(ConfigTestCase):
    def front(self, *lines: str, front: str = WEB) -> Frontend:
        """A front end with these lines; it comes back equal when it was shown."""
        loaded = self.load(front + "\n".join([*lines, ""]) + BACKEND)
        found = loaded.frontends["web"]
        self.assertEqual(self.load(show(loaded)).frontends["web"], found)
        return found

    def said(self, *lines: str, front: str = WEB) -> str:
        """What is wrong."""
        return "; ".join(self.problems(front + "\n".join([*lines, ""]) + BACKEND))

    def test_without_a_word_nothing_is_refused_or_limited(self) -> None:
        front = self.front()
        self.assertEqual((front.access, front.per_source), ((), None))

    def test_the_administration_is_kept_inside(self) -> None:
        rules = self.front(
            "access = [",
            '  { path = ["/ECP", "/powershell"], src = ["10.0.0.0/8", "fd00::/8"], action = "allow" },',
            '  { path = ["/ecp", "/powershell"], action = "deny", status = 404 },',
            "]",
        ).access
        paths = ("/ecp", "/powershell")
        inside = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
        self.assertEqual(rules, (Access("allow", inside, (), paths), Access("deny", (), (), paths, status=404)))

    def test_rules_have_the_criteria_of_routes(self) -> None:
        (rule,) = self.front(
            'access = { host = "*.Example.com", method = ["GET", "PUT"], header = { X-A = "*" }, action = "tarpit",'
            ' src = "192.0.2.1" }'
        ).access
        self.assertEqual(
            rule, Access("tarpit", (ip_network("192.0.2.1/32"),), ("*.example.com",), (), ("GET", "PUT"), (("x-a", "*"),))
        )

    def test_what_one_source_may_have(self) -> None:
        limits = self.front(
            'per_source = { conn_cur = 100, conn_rate = "50/10s", http_req_rate = "600/m", basic_failures = "10/5m",'
            ' action = "tarpit", exempt = ["192.0.2.0/24"], ipv4_prefix = 24, ipv6_prefix = 56, size = "10k" }'
        ).per_source
        rates = (Rate(50, 10.0), Rate(600, 60.0), Rate(10, 300.0))
        self.assertEqual(limits, PerSource(100, *rates, "tarpit", (ip_network("192.0.2.0/24"),), 24, 56, 10240))

    def test_sizes_of_heads_and_the_speed_of_bodies(self) -> None:
        web = self.front(
            'max_head = "128KB"', "max_headers = 200", 'max_target = "4KB"', 'body_rate = "1KB/s"', 'body_grace = "30s"'
        ).web
        assert web is not None
        found = (web.max_head, web.max_headers, web.max_target, web.body_rate, web.body_grace)
        self.assertEqual(found, (131_072, 200, 4096, 1024, 30.0))

    def test_other_modes_know_networks_and_connections(self) -> None:
        front = self.front('access = [{ src = "10.0.0.0/8", action = "allow" }, { action = "deny" }]', front=MAIL)
        self.assertEqual(front.access, (Access("allow", (ip_network("10.0.0.0/8"),)), Access("deny")))
        for mode in ("tcp", "smtp", "imap", "pop3"):
            front = self.front("per_source = { conn_cur = 5 }", f'mode = "{mode}"', front=MAIL)
            self.assertEqual(front.per_source, PerSource(5))

    def test_modes_that_speak_mail_know_what_clients_do_wrong(self) -> None:
        said = 'per_source = { bad_commands = "20/10m", auth_failures = "10/5m", action = "tarpit" }'
        for mode in ("smtp", "imap", "pop3"):
            limits = self.front(said, f'mode = "{mode}"', front=MAIL).per_source
            expected = PerSource(bad_commands=Rate(20, 600.0), auth_failures=Rate(10, 300.0), action="tarpit")
            self.assertEqual(limits, expected)
        for front in (WEB, MAIL):
            for word in ("bad_commands", "auth_failures"):
                line = f'per_source = {{ {word} = "20/10m" }}'
                self.assertIn("this belongs to the modes that speak mail", self.said(line, front=front))

    def test_what_belongs_to_mode_http_is_refused_in_others(self) -> None:
        for line in (
            'access = { path = "/ecp", action = "deny" }',
            'access = { action = "deny", status = 404 }',
            'access = { action = "tarpit" }',
            'per_source = { http_req_rate = "1/s" }',
            'per_source = { conn_cur = 1, basic_failures = "1/s" }',
            'per_source = { conn_cur = 1, action = "deny" }',
            'max_head = "64KB"',
            'body_rate = "1KB/s"',
        ):
            self.assertIn('this belongs to mode = "http"', self.said(line, front=MAIL), line)

    def test_what_is_wrong_is_told_at_its_place(self) -> None:
        for line, expected in (
            ('access = { path = "/ecp" }', 'site.toml:5: frontends.web.access.action: "action" is missing'),
            ('access = { action = "drop" }', '"drop" is not known here'),
            (
                'access = [{ action = "deny" }, { path = "/ecp", action = "deny" }]',
                "[1]: the rule before it, in line 5, takes",
            ),
            ('access = { path = "ecp", action = "deny" }', 'access.path: "ecp" is not a path that can be compared'),
            ('access = { src = "10.0.0.1/8", action = "deny" }', "access.src: "),
            ('access = { status = 404, action = "allow" }', "who is let in gets the answer of a server"),
            ('access = { status = 200, action = "deny" }', "there is no page for 200; it is one of 400, 403"),
            ("per_source = {}", "per_source: nothing is limited here; limits are conn_cur"),
            ('per_source = { exempt = "10.0.0.0/8" }', "nothing is limited here"),
            ('per_source = { conn_rate = "50" }', '"50" is not a rate such as "100/10s"'),
            ('per_source = { conn_rate = "0/s" }', '"0/s" allows nothing at all'),
            ("per_source = { conn_cur = 0 }", "conn_cur is 0, but has to be at least 1"),
            ("per_source = { con_cur = 1 }", 'did you mean "conn_cur"?'),
            ('body_rate = "500B"', '"500B" is not a speed such as "500B/s"'),
            ('max_head = "100B"', "max_head is "),
            ("max_headers = 2", "max_headers is 2, but has to be from 8"),
        ):
            self.assertIn(expected, self.said(line), line)
