"""Tests for :mod:`exproxy.wire.web.target`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.target import host, split


class SplitTests(SynchronousTestCase):
    def test_origin_form(self) -> None:
        self.assertEqual(split(b"GET", b"/OWA/?a=B%2F../x?y"), ("/owa/", b"a=B%2F../x?y", b""))

    def test_a_query_is_no_part_of_the_path(self) -> None:
        self.assertEqual(split(b"GET", b"/owa?/../ecp"), ("/owa", b"/../ecp", b""))

    def test_absolute_form(self) -> None:
        self.assertEqual(split(b"GET", b"HTTPS://Mail.example.com:443/OWA?x"), ("/owa", b"x", b"Mail.example.com:443"))

    def test_absolute_form_without_a_path(self) -> None:
        self.assertEqual(split(b"GET", b"http://mail.example.com"), ("/", b"", b"mail.example.com"))
        self.assertEqual(split(b"GET", b"http://mail.example.com?x"), ("/", b"x", b"mail.example.com"))

    def test_the_path_of_an_absolute_form_is_canonical_too(self) -> None:
        self.assertEqual(split(b"GET", b"http://a/owa/..//%65cp")[0], "/ecp")

    def test_the_star_is_for_options(self) -> None:
        self.assertEqual(split(b"OPTIONS", b"*"), ("*", b"", b""))
        self.refused(b"GET", b"*", 400)

    def test_connect_is_not_served(self) -> None:
        self.refused(b"CONNECT", b"mail.example.com:443", 501)
        self.refused(b"CONNECT", b"/", 501)

    def test_other_forms_are_refused(self) -> None:
        for target in (b"mail.example.com:443", b"owa", b"ftp://a/", b"http:/a", b"http:", b"*/", b"?x", b"javascript:x"):
            self.refused(b"GET", target, 400)

    def test_two_slashes_begin_a_path_and_no_host(self) -> None:
        self.assertEqual(split(b"GET", b"//example.com/owa"), ("/example.com/owa", b"", b""))

    def test_a_fragment_is_refused(self) -> None:
        self.refused(b"GET", b"/ecp#/../owa", 400)
        self.refused(b"GET", b"/owa?x#y", 400)

    def refused(self, method: bytes, target: bytes, status: int) -> None:
        self.assertEqual(self.assertRaises(HttpError, split, method, target).status, status, target)


class HostTests(SynchronousTestCase):
    def test_the_name_is_in_lower_case_and_without_its_port(self) -> None:
        hosts = {b"Mail.Example.com": "mail.example.com", b"mail:8443": "mail", b"10.0.0.9:80": "10.0.0.9", b"mail:": "mail"}
        self.assertEqual({text: host(text) for text in hosts}, hosts)

    def test_an_ipv6_address_keeps_its_brackets(self) -> None:
        self.assertEqual(host(b"[2001:DB8::9]:443"), "[2001:db8::9]")

    def test_a_dot_at_the_end_is_no_part_of_the_name(self) -> None:
        self.assertEqual(host(b"mail.example.com."), "mail.example.com")

    def test_what_is_no_host_is_refused(self) -> None:
        for text in (
            b"",
            b"a b",
            b"a, b",
            b"a,b",
            b"a/b",
            b"a@b",
            b"a:b",
            b"a:1:2",
            b"::1",
            b"[::1",
            b"a%41",
            b'a"',
            b"\xe4",
            b"a:443x",
            b"a:65536",
            b"[a]",
            b"a..",
            b".a",
            b".",
        ):
            error = self.assertRaises(HttpError, host, text)
            self.assertEqual((error.status, error.where), (400, "HTTP request, Host"), text)
