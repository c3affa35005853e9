"""Tests for :mod:`exproxy.wire.web.origin`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.origin import CLAIMS, USUAL, Origin, Tell, element
from tests.wire.web.heads import request

ALL = frozenset(Tell)
HOST = b"mail.example.com"


class LinesTests(SynchronousTestCase):
    def test_over_tls(self) -> None:
        self.assertEqual(
            Origin("192.0.2.7", tls=True).lines(ALL, HOST),
            [
                b"X-Forwarded-For: 192.0.2.7",
                b"X-Forwarded-Proto: https",
                b"X-Forwarded-Host: mail.example.com",
                b"Forwarded: for=192.0.2.7;host=mail.example.com;proto=https",
                b"Front-End-Https: on",
            ],
        )

    def test_in_the_clear(self) -> None:
        lines = Origin("192.0.2.7", tls=False).lines(USUAL, HOST)
        self.assertEqual(lines[1:], [b"X-Forwarded-Proto: http", b"X-Forwarded-Host: mail.example.com"])

    def test_only_what_shall_be_told(self) -> None:
        self.assertEqual(Origin("192.0.2.7", True).lines(frozenset({Tell.FORWARDED_PROTO}), HOST), [b"X-Forwarded-Proto: https"])
        self.assertEqual(Origin("192.0.2.7", True).lines(frozenset(), HOST), [])

    def test_without_a_host(self) -> None:
        lines = Origin("192.0.2.7", False).lines(frozenset({Tell.FORWARDED_HOST, Tell.FORWARDED}), b"")
        self.assertEqual(lines, [b"Forwarded: for=192.0.2.7;proto=http"])


class SpokenTests(SynchronousTestCase):
    def test_an_address_as_others_write_it(self) -> None:
        spoken = {
            "192.0.2.7": "192.0.2.7",
            "::ffff:192.0.2.7": "192.0.2.7",
            "fe80::1%eth0": "fe80::1",
            "2001:db8::7": "2001:db8::7",
        }
        self.assertEqual({address: Origin(address, False).spoken for address in spoken}, spoken)


class ElementTests(SynchronousTestCase):
    def test_ipv6_and_a_port_are_quoted(self) -> None:
        self.assertEqual(element(b"2001:db8::7", b"mail:8443", b"https"), b'for="[2001:db8::7]";host="mail:8443";proto=https')
        self.assertEqual(element(b"192.0.2.7", b"[::1]", b"http"), b'for=192.0.2.7;host="[::1]";proto=http')


class AppendedTests(SynchronousTestCase):
    def test_addresses_are_appended_and_the_rest_is_kept(self) -> None:
        head = request(
            "x-forwarded-for: 198.51.100.1",
            "X-Forwarded-For: 203.0.113.9",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: www.example.com",
            "Forwarded: for=198.51.100.1",
            "Front-End-Https: On",
        )
        self.assertEqual(
            Origin("192.0.2.7", tls=False, trusted=True).appended(ALL, HOST, head),
            [
                b"X-Forwarded-For: 198.51.100.1, 203.0.113.9, 192.0.2.7",
                b"X-Forwarded-Proto: https",
                b"X-Forwarded-Host: www.example.com",
                b"Forwarded: for=198.51.100.1, for=192.0.2.7;host=mail.example.com;proto=http",
                b"Front-End-Https: On",
            ],
        )

    def test_a_trusted_client_that_says_nothing_is_the_client(self) -> None:
        origin = Origin("192.0.2.7", tls=True, trusted=True)
        self.assertEqual(origin.appended(ALL, HOST, request()), origin.lines(ALL, HOST))

    def test_tls_that_ended_before_us_is_told(self) -> None:
        lines = Origin("192.0.2.7", tls=False, trusted=True).appended(USUAL, HOST, request("X-Forwarded-Proto: HTTPS"))
        self.assertIn(b"Front-End-Https: on", lines)


class ClaimsTests(SynchronousTestCase):
    def test_they_are_known_with_underscores_too(self) -> None:
        self.assertTrue({b"x-forwarded-for", b"x_forwarded_for", b"x-forwarded_for", b"front_end_https", b"forwarded"} <= CLAIMS)
