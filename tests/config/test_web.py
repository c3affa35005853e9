"""Mode ``http``: routes, redirects and what servers are told."""

from ipaddress import ip_network

from exproxy.config.model import Redirect, Web, WebRoute
from exproxy.config.show import show
from tests.config.support import ConfigTestCase

FRONT = '[frontends.web]\nmode = "http"\nbind = ":80"\n'
BACKEND = '[backends.owa.servers]\na = "10.0.0.1:80"\n'


class WebTests(ConfigTestCase):
    def web(self, *lines: str, front: str = 'backend = "owa"') -> Web:
        """Of a front end with a route of these lines; it comes back equal when it was shown."""
        routes = ("[[frontends.web.routes]]", *lines) if lines else ()
        loaded = self.load(FRONT + "\n".join([front, *routes, ""]) + BACKEND)
        web = loaded.frontends["web"].web
        assert web is not None
        self.assertEqual(self.load(show(loaded)).frontends["web"].web, web)
        return web

    def said(self, *lines: str, front: str = 'backend = "owa"') -> str:
        """What is wrong."""
        problems = self.problems(FRONT + "\n".join([front, "[[frontends.web.routes]]", *lines, ""]) + BACKEND)
        return "; ".join(problems)

    def test_without_a_word_more_requests_go_to_the_back_end_and_servers_are_told_the_usual(self) -> None:
        self.assertEqual(self.web(), Web())

    def test_a_route_by_all_that_there_is(self) -> None:
        (route,) = self.web(
            'host = ["Mail.example.com", "*.example.org"]',
            'path = ["/EWS", "=/"]',
            'method = "POST"',
            'header = { X-Kind = "a", X-There = "*" }',
            'backend = "owa"',
        ).routes
        headers = (("x-kind", "a"), ("x-there", "*"))
        hosts = ("mail.example.com", "*.example.org")
        self.assertEqual(route, WebRoute("owa", None, hosts, ("/ews", "=/"), ("POST",), headers))

    def test_redirects(self) -> None:
        for text, redirect in (
            ('"https"', Redirect("https")),
            ('{ to = "https", port = 8443 }', Redirect("https", port=8443)),
            ('{ to = "https://mail.example.com/owa", status = 301 }', Redirect("https://mail.example.com/owa", 301)),
        ):
            self.assertEqual(self.web(f"redirect = {text}", front="").routes, (WebRoute(redirect=redirect),))
        self.assertEqual(self.web('path = "=/"', 'redirect = "/owa"').routes[0].redirect, Redirect("/owa"))

    def test_what_servers_are_told_and_who_is_believed(self) -> None:
        web = self.web(front='backend = "owa"\nforwarded = "forwarded"\ntrust = "10.0.0.0/8"\nmax_body = "2k"')
        self.assertEqual((web.forwarded, web.trusted), (("forwarded",), (ip_network("10.0.0.0/8"),)))
        self.assertIsNotNone(web.max_body)
        self.assertEqual(self.web(front='backend = "owa"\nforwarded = []').forwarded, ())

    def test_what_is_wrong_is_told_at_its_place(self) -> None:
        for lines, expected in (
            (('path = "ews"', 'backend = "owa"'), 'site.toml:6: frontends.web.routes[0].path: "ews" is not a path'),
            (('path = "/%65ws"', 'backend = "owa"'), 'path: "/%65ws" is not a path'),
            (('path = "/ews/../owa"', 'backend = "owa"'), 'path: "/ews/../owa" is not a path'),
            (('host = "mail.example.com:443"', 'backend = "owa"'), "is not a name such as"),
            (('method = "A B"', 'backend = "owa"'), '"A B" is not the name of a method'),
            (
                ('method = ["POST", "get"]', 'backend = "owa"'),
                'method[1]: "get" is a method that nobody uses: case counts; write "GET"',
            ),
            (('header = { "X Y" = "1" }', 'backend = "owa"'), '"X Y" is not the name of a header'),
            (('header = { X = "a\\nb" }', 'backend = "owa"'), "is no value of a header"),
            (('path = "/x"', 'backend = "owb"'), 'there is no "owb" in [backends]; did you mean "owa"?'),
            (('path = "/x"',), '"backend" is missing; or write redirect = "/owa"'),
            (('backend = "owa"', 'redirect = "https"'), "not both"),
            (('redirect = "owa"',), '"owa" is neither a path nor an address'),
            (('redirect = { to = "https", status = 200 }',), "200 redirects nobody"),
            (('redirect = { to = "/owa", port = 8443 }',), 'redirect.port: this is for to = "https"; an address has its port'),
            (('sni = "a.example.com"', 'backend = "owa"'), 'requests go by the name in them; write host = "mail.example.com"'),
        ):
            self.assertIn(expected, self.said(*lines), lines)

    def test_a_redirect_in_circles_is_refused(self) -> None:
        for lines in (('path = "/"', 'redirect = "/owa"'), ('redirect = "/owa"',), ('path = "=/owa"', 'redirect = "/OWA?x"')):
            self.assertIn("this redirects clients in circles", self.said(*lines), lines)

    def test_in_other_modes_none_of_this_may_stand(self) -> None:
        for line in ('forwarded = "forwarded"', 'trust = "10.0.0.0/8"', 'max_body = "1k"'):
            (problem,) = self.problems(f'[frontends.a]\nbind = ":1"\nbackend = "owa"\n{line}\n' + BACKEND)
            self.assertIn('this belongs to mode = "http"', problem)

    def test_back_ends_of_routes_are_in_use(self) -> None:
        loaded = self.load(FRONT + '[[frontends.web.routes]]\npath = "/x"\nbackend = "owa"\n' + BACKEND)
        self.assertEqual(loaded.warnings, ())
