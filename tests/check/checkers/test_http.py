"""``http``."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.http import HttpChecker, HttpOptions, host_header
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.base import Outcome, Status
from tests.check.peers import Bench
from tests.net.memory import Peer

TARGET = Target("web/ex1", "192.0.2.1", 443, "ex1.example.com")


class HttpCheckerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.peer = Peer()

    def check(self, answer: bytes, **options: Any) -> Outcome:
        self.peer = Peer(answer=lambda data: answer if data.endswith(b"\r\n\r\n") else None)
        bench = Bench()
        bench.serve(self.peer)
        return bench.run(HttpChecker().dialogue(HttpOptions(**options), TARGET))

    def asked(self) -> str:
        return bytes(self.peer.sessions[0].data).decode()

    def answer(self, status: str, body: str = "", head: str = "") -> bytes:
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n{body}".encode()

    def test_without_options_the_root_is_asked_and_no_error_is_well(self) -> None:
        self.assertEqual(self.check(self.answer("302 Found")).status, Status.L7OKD)
        self.assertTrue(self.asked().startswith("GET / HTTP/1.1\r\n"))
        self.assertIn("\r\nHost: ex1.example.com\r\n", self.asked())

    def test_an_error_is_not_well(self) -> None:
        outcome = self.check(self.answer("503 Service Unavailable"))
        self.assertEqual((outcome.status, outcome.code), (Status.L7STS, 503))

    def test_the_owa_preset_takes_a_redirect_or_a_demand_for_credentials_as_life(self) -> None:
        for status, verdict in (
            ("200 OK", Status.L7OKD),
            ("302 Found", Status.L7OKD),
            ("401 Unauthorized", Status.L7OKD),
            ("403 Forbidden", Status.L7STS),
            ("500 Oops", Status.L7STS),
        ):
            self.assertEqual(self.check(self.answer(status), preset="owa").status, verdict, status)
            self.assertTrue(self.asked().startswith("GET /owa/ "))

    def test_the_healthcheck_preset_wants_the_pages_words(self) -> None:
        well = self.answer("200 OK", "200 OK<br/>EX1.example.com")
        self.assertEqual(self.check(well, preset="healthcheck", path="/ews/healthcheck.htm").status, Status.L7OKD)
        self.assertTrue(self.asked().startswith("GET /ews/healthcheck.htm "))
        self.assertEqual(self.check(self.answer("200 OK", "It works!"), preset="healthcheck").status, Status.L7STS)
        self.assertTrue(self.asked().startswith("GET /owa/healthcheck.htm "))
        self.assertEqual(self.check(self.answer("302 Found"), preset="healthcheck").status, Status.L7STS)

    def test_the_rpcproxy_preset_wants_a_demand_for_credentials(self) -> None:
        demand = "WWW-Authenticate: NTLM\r\n"
        self.assertEqual(self.check(self.answer("401 Unauthorized", head=demand), preset="rpcproxy").status, Status.L7OKD)
        self.assertTrue(self.asked().startswith("GET /rpc/rpcproxy.dll "))
        self.assertEqual(self.check(self.answer("401 Unauthorized"), preset="rpcproxy").status, Status.L7STS)
        self.assertEqual(self.check(self.answer("200 OK", head=demand), preset="rpcproxy").status, Status.L7STS)

    def test_what_is_said_stands_over_the_preset(self) -> None:
        options = {"method": "HEAD", "path": "/x", "host": "mail", "headers": {"X-Test": "1"}, "expect": ("2xx",)}
        self.assertEqual(self.check(self.answer("204 No Content"), preset="owa", **options).status, Status.L7OKD)
        for part in ("HEAD /x HTTP/1.1\r\n", "Host: mail\r\n", "X-Test: 1\r\n"):
            self.assertIn(part, self.asked())

    def test_a_port_that_is_not_https_own_stands_in_host(self) -> None:
        self.assertEqual(host_header(Target("b/s", "192.0.2.1", 8443, "mail")), "mail:8443")
        self.assertEqual(host_header(Target("b/s", "2001:db8::1", 8443, "2001:db8::1")), "[2001:db8::1]:8443")

    def test_what_cannot_be_is_refused(self) -> None:
        for options in (
            {"expect": ("2000",)},
            {"body": "("},
            {"method": "GET /"},
            {"path": "owa"},
            {"host": "a b"},
            {"headers": {"X:": "1"}},
            {"preset": "ecp"},
        ):
            with self.assertRaises(ValueError, msg=str(options)):
                HttpOptions(**options)  # type: ignore[arg-type]  # that they are refused is the test
