"""What a front end's clients have in common."""

from ipaddress import ip_network
from typing import Any

import attrs

from exproxy.proxy.frontend import Frontend
from exproxy.proxy.web.routes import Routes
from exproxy.wire.web.forwarding import Forwarding
from exproxy.wire.web.origin import Tell
from exproxy.wire.web.pages import Page, Pages
from exproxy.wire.web.rules import header_rules
from tests.proxy.web.webstage import GET, OK, WebStage, get


class WebsiteTests(WebStage):
    def test_rules_are_applied_in_both_directions(self) -> None:
        self.serve(forwarding=Forwarding(frozenset(), header_rules({"X-In": "1"}), header_rules({"Server": "x"})))
        client = self.asks(GET)
        self.assertEqual(self.got("one"), [GET[:-2] + b"X-In: 1\r\n\r\n"])
        self.reply(b"HTTP/1.1 200 OK\r\nServer: IIS\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual(client.data, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nok")

    def test_pages_may_be_replaced(self) -> None:
        self.serve(routes=Routes(None), pages=Pages({503: Page(b"<p>later</p>")}))
        self.assertTrue(self.asks(GET).data.endswith(b"<p>later</p>"))

    def test_only_the_trusted_are_believed(self) -> None:
        self.serve(forwarding=Forwarding(frozenset({Tell.FORWARDED_FOR})), trusted=(ip_network("10.0.0.0/8"),))
        self.asks(get("/", "X-Forwarded-For: 192.0.2.1"))
        self.assertIn(b"X-Forwarded-For: 127.0.0.1\r\n", self.got("one")[0])

    def test_servers_are_told_that_a_client_has_no_certificate(self) -> None:
        self.serve(forwarding=Forwarding(frozenset()), identity={"X-SSL-Client-Verify": "verify", "X-SSL-Client-DN": "subject"})
        self.asks(get("/", "X-SSL-Client-Verify: SUCCESS", "X-SSL-Client-DN: CN=admin"))
        (said,) = self.got("one")
        self.assertIn(b"X-SSL-Client-Verify: NONE\r\n", said)
        self.assertNotIn(b"CN=admin", said)
        self.assertNotIn(b"SUCCESS", said)

    def test_a_client_that_is_there_while_it_drains_gets_one_answer(self) -> None:
        frontend = self.serve()
        client = self.client()
        frontend.drain()
        self.send(client, GET)
        self.reply(OK)
        self.assertIn(b"Connection: close", client.data)
        self.assertTrue(client.eof)


class ChangedTests(WebStage):
    """The configuration changes while a client is between two requests."""

    def other(self, frontend: Frontend, **options: Any) -> None:
        frontend.website = attrs.evolve(self.website, **options)

    def test_the_next_request_is_served_as_it_says_now(self) -> None:
        self.answers_all()
        frontend = self.serve()
        client = self.asks(GET)
        self.other(frontend, routes=Routes(None), pages=Pages({503: Page(b"elsewhere")}))
        self.send(client, GET)
        self.assertIn(b"200 OK", client.data)
        self.assertIn(b"elsewhere", client.data)

    def test_rules_are_those_of_now_too(self) -> None:
        self.answers_all()
        frontend = self.serve()
        client = self.asks(GET)
        self.other(frontend, forwarding=Forwarding(response=header_rules({"X-New": "yes"})))
        self.send(client, GET)
        self.assertIn(b"X-New: yes", client.data)
        self.assertFalse(client.eof)

    def test_without_the_front_end_it_is_the_last_one_and_is_told_so(self) -> None:
        self.answers_all()
        frontend = self.serve()
        client = self.asks(GET)
        frontend.leave()
        self.assertFalse(client.eof)
        self.send(client, GET)
        self.assertEqual(client.data.count(b"200 OK"), 2)
        self.assertIn(b"Connection: close", client.data)
        self.assertTrue(client.eof)
