"""Routes: what each criterion takes, and that the first one wins."""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.proxy.backend import Backend
from exproxy.proxy.web.routes import Redirect, Route, Routes
from exproxy.wire.web.head import RequestHead, read_request
from exproxy.wire.web.limits import Limits
from tests.wire.web.heads import request


def head(target: str = "/", host: str = "mail.example.com", method: str = "GET", *lines: str) -> RequestHead:
    text = "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""])
    return read_request(text.encode("latin-1"), Limits())


def backend(name: str) -> Backend:
    return Backend(pool.Backend(name, rng=Random(1)), 1.0, 1.0, 1.0, 0, False, False, None, {}, 1.0, {})


OWA, EWS = backend("owa"), backend("ews")


class RouteTests(SynchronousTestCase):
    def test_a_route_that_says_nothing_takes_everything(self) -> None:
        self.assertTrue(Route(EWS).takes(head()))

    def test_by_path_a_prefix_of_whole_segments_of_the_canonical_path(self) -> None:
        route = Route(EWS, paths=("/ews", "/autodiscover"))
        for target in (
            "/ews",
            "/EWS/",
            "/ews/exchange.asmx?x",
            "/%65ws",
            "//ews",
            "/owa/../ews",
            "/\\ews\\x",
            "/Autodiscover",
        ):
            self.assertTrue(route.takes(head(target)), target)
        for target in ("/", "/ewsx", "/owa/ews", "/ew"):
            self.assertFalse(route.takes(head(target)), target)

    def test_by_a_whole_path_and_none_beneath_it(self) -> None:
        route = Route(EWS, paths=("=/", "/ews"))
        for target in ("/", "/?x", "//", "/./", "/ews/x"):
            self.assertTrue(route.takes(head(target)), target)
        self.assertFalse(route.takes(head("/owa")))

    def test_by_host_whatever_its_case_and_port(self) -> None:
        route = Route(EWS, hosts=("mail.example.com", "*.example.org"))
        for host in ("mail.example.com", "MAIL.example.com:443", "a.example.org", "a.b.example.org"):
            self.assertTrue(route.takes(head(host=host)), host)
        for host in ("example.com", "xmail.example.com", "example.org", "badexample.org"):
            self.assertFalse(route.takes(head(host=host)), host)

    def test_by_method(self) -> None:
        route = Route(EWS, methods=frozenset({"RPC_IN_DATA", "RPC_OUT_DATA"}))
        self.assertTrue(route.takes(head(method="RPC_IN_DATA")))
        self.assertFalse(route.takes(head(method="GET")))

    def test_by_a_header_that_is_there_or_has_a_value_in_one_of_its_lines(self) -> None:
        there, value = Route(EWS, headers=((b"x-a", None),)), Route(EWS, headers=((b"x-a", b"1"),))
        self.assertTrue(there.takes(head("/", "h", "GET", "X-A: 7")))
        self.assertFalse(there.takes(head("/", "h", "GET", "X-B: 7")))
        self.assertTrue(value.takes(head("/", "h", "GET", "x-a: 2", "X-A: 1")))
        self.assertFalse(value.takes(head("/", "h", "GET", "X-A: 12")))

    def test_all_criteria_have_to_match(self) -> None:
        route = Route(EWS, hosts=("mail.example.com",), paths=("/ews",))
        self.assertTrue(route.takes(head("/ews")))
        self.assertFalse(route.takes(head("/ews", "other.example.com")))
        self.assertFalse(route.takes(head("/owa")))

    def test_the_first_that_matches_wins_and_the_default_takes_the_rest(self) -> None:
        table = Routes(OWA, (Route(EWS, paths=("/ews",)), Route(OWA, paths=("/ews/x",))))
        self.assertIs(table.find(head("/ews/x")), EWS)
        self.assertIs(table.find(head("/other")), OWA)
        self.assertIsNone(Routes(None).find(head()))


class RedirectTests(SynchronousTestCase):
    def test_to_a_place(self) -> None:
        self.assertEqual(Redirect("/owa").to(head("/")), "/owa")

    def test_to_https_with_what_was_asked_for_and_without_the_port(self) -> None:
        self.assertEqual(Redirect().to(head("/owa/?a=b%20c", "Mail.Example.com:80")), "https://mail.example.com/owa/?a=b%20c")

    def test_to_another_port_of_https(self) -> None:
        self.assertEqual(Redirect(port=8443).to(head("/x", "mail.example.com:8080")), "https://mail.example.com:8443/x")

    def test_an_ipv6_address_keeps_its_brackets(self) -> None:
        self.assertEqual(Redirect().to(head("/x", "[fd00::9]:80")), "https://[fd00::9]/x")
        self.assertEqual(Redirect(port=8443).to(head("/x", "[fd00::9]")), "https://[fd00::9]:8443/x")

    def test_two_slashes_name_no_other_host(self) -> None:
        self.assertEqual(Redirect().to(head("//evil.example/x")), "https://mail.example.com//evil.example/x")

    def test_without_a_host_nobody_knows_where_to(self) -> None:
        self.assertIsNone(Redirect().to(request(start="GET / HTTP/1.0", host="")))

    def test_octets_beyond_ascii_are_encoded(self) -> None:
        self.assertEqual(Redirect().to(head("/\u00c3\u00a9")), "https://mail.example.com/%C3%A9")

    def test_a_target_that_is_no_path_is_not_repeated(self) -> None:
        self.assertEqual(Redirect().to(head("http://mail.example.com/x")), "https://mail.example.com/")
