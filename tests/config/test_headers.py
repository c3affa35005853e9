"""Header lines that are set, added and removed."""

from exproxy.config.headers import NOT_FOR_RULES
from exproxy.config.model import Backend, Headers, Web
from exproxy.config.show import show
from exproxy.wire.web.rules import header_rules
from tests.config.support import ConfigTestCase

FRONT = '[frontends.web]\nmode = "http"\nbind = ":80"\nbackend = "owa"\n'
BACKEND = '[backends.owa]\n{}\n[backends.owa.servers]\na = "10.0.0.1:80"\n'


class HeadersTests(ConfigTestCase):
    def ends(self, front: str = "", back: str = "") -> tuple[Web, Backend]:
        """Both come back equal when they were shown."""
        loaded = self.load(FRONT + front + "\n" + BACKEND.format(back))
        again = self.load(show(loaded))
        web, backend = loaded.frontends["web"].web, loaded.backends["owa"]
        assert web is not None
        self.assertEqual((again.frontends["web"].web, again.backends["owa"]), (web, backend))
        return web, backend

    def said(self, front: str) -> str:
        return "; ".join(self.problems(FRONT + front + "\n" + BACKEND.format("")))

    def test_without_a_word_nothing_is_done(self) -> None:
        web, backend = self.ends()
        self.assertEqual({web.request_headers, web.response_headers, backend.request_headers}, {Headers()})

    def test_front_end_and_back_end_each_for_both_directions(self) -> None:
        web, backend = self.ends(
            'request_headers = { set = { X-A = "1" }, add = { X-B = ["2", "3"], X-C = "4" }, remove = "X-D" }\n'
            'response_headers.remove = ["Server", "X-Powered-By"]',
            'request_headers = { set = { Host = "ex1" } }\nresponse_headers = { add = { X-E = "5" } }',
        )
        self.assertEqual(web.request_headers, Headers((("X-A", "1"),), (("X-B", "2"), ("X-B", "3"), ("X-C", "4")), ("X-D",)))
        self.assertEqual(web.response_headers, Headers(remove=("Server", "X-Powered-By")))
        self.assertEqual(backend.request_headers, Headers((("Host", "ex1"),)))
        self.assertEqual(backend.response_headers, Headers(add=(("X-E", "5"),)))

    def test_what_belongs_between_neighbours_is_refused_by_name(self) -> None:
        for name, why in NOT_FOR_RULES.items():
            spelled = name.title()
            for way in (f'set = {{ {spelled} = "x" }}', f'add = {{ {spelled} = "x" }}', f'remove = ["{spelled}"]'):
                for direction in ("request_headers", "response_headers"):
                    said = self.said(f"{direction} = {{ {way} }}")
                    self.assertIn(f"{spelled} is not for rules: {why}", said)
                    self.assertIn(f"frontends.web.{direction}.{way[:3]}", said)

    def test_what_is_refused_here_is_what_could_not_be_done(self) -> None:
        for name in NOT_FOR_RULES:
            self.assertRaises(ValueError, header_rules, {name: "x"})

    def test_the_host_is_set_for_servers_and_nothing_else(self) -> None:
        self.assertIn("neither added nor removed", self.said('request_headers.add = { host = "x" }'))
        self.assertIn("neither added nor removed", self.said('request_headers.remove = "Host"'))
        self.assertIn("is a header of requests", self.said('response_headers.set = { Host = "x" }'))

    def test_names_and_values_do_not_break_out_of_their_place(self) -> None:
        for front, expected in (
            ('request_headers.set = { "X Y" = "1" }', '"X Y" is not the name of a header'),
            ('response_headers.remove = ["X:"]', 'frontends.web.response_headers.remove[0]: "X:" is not the name of a header'),
            ('request_headers.set = { X = "a\\r\\nY: b" }', "frontends.web.request_headers.set.X: a value has no control"),
            (
                'response_headers.add = { X = ["a", "b\\u0000"] }',
                "frontends.web.response_headers.add.X[1]: a value has no control",
            ),
            ('request_headers.set = { X-A = "1", x-a = "2" }', "set.x-a: this is already set as X-A: case does not count"),
            ('request_headers.set = { X = " a" }', "no blank before or behind it"),
            ('request_headers.set = { X = "\u20ac" }', "none beyond Latin-1"),
            ('request_headers.set = { a-b-c-d-e-f-g-h-i-j = "1" }', "has more than 8 hyphens"),
        ):
            self.assertIn(expected, self.said(front), front)

    def test_what_is_taken_here_can_be_done(self) -> None:
        for front in ('{ X = "" }', '{ X = "\u00e4" }', '{ X = "a\\tb" }', '{ X-1-2-3-4-5-6-7-8 = "x" }'):
            web, _ = self.ends(f"request_headers.set = {front}")
            self.assertTrue(header_rules(dict(web.request_headers.set)).lines)

    def test_a_secret_is_shown_as_it_is_written(self) -> None:
        (self.folder / "secret.txt").write_text("hush\n")
        front = 'request_headers.set = { X-Secret = { file = "secret.txt" } }\n'
        loaded = self.load(FRONT + front + BACKEND.format(""))
        web = loaded.frontends["web"].web
        assert web is not None
        self.assertEqual(web.request_headers.set, (("X-Secret", "hush"),))
        self.assertNotIn("hush", show(loaded))

    def test_hsts_where_it_says_nothing_is_warned_of(self) -> None:
        front = 'response_headers.set = { strict-transport-security = "max-age=1" }\n'
        (warning,) = self.load(FRONT + front + BACKEND.format("")).warnings
        self.assertIn("frontends.web.response_headers: browsers ignore Strict-Transport-Security", str(warning))
        self.assertEqual(self.load(FRONT + front + 'trust = "10.0.0.1"\n' + BACKEND.format("")).warnings, ())

    def test_variables_are_known_and_only_of_requests(self) -> None:
        self.ends('request_headers.set = { X = "{source} {host} {proto} {}", Y = \'{"a": {}}\' }')
        self.assertIn(
            'there is no variable "{src}"; there are {source}, {host}, {proto}', self.said('request_headers.set.X = "{src}"')
        )
        self.assertIn('"{host}" is for request_headers', self.said('response_headers.set.X = "{host}"'))
        self.ends('response_headers.set = { X = "{src}" }')

    def test_in_other_modes_none_of_this_may_stand(self) -> None:
        for word in ("request_headers", "response_headers"):
            (problem,) = self.problems(f'[frontends.a]\nbind = ":1"\nbackend = "owa"\n{word}.remove = "X"\n' + BACKEND.format(""))
            self.assertIn('this belongs to mode = "http"', problem)
            tcp = '[frontends.a]\nbind = ":1"\nbackend = "owa"\n'
            (problem,) = self.problems(FRONT + tcp + BACKEND.format(f'{word}.remove = "X"'))
            self.assertIn(f'backends.owa.{word}: this belongs to mode = "http", and front end "a" has mode = "tcp"', problem)

    def test_an_unknown_key_is_told(self) -> None:
        self.assertIn('did you mean "remove"?', self.said('request_headers.remov = "X"'))
