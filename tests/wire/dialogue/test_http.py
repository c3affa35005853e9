"""Tests for :mod:`exproxy.wire.dialogue.http`."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Outcome, Send, Status
from exproxy.wire.dialogue.http import HEALTHCHECK, HttpCheck, pattern, statuses
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase

REQUEST = "we: GET /owa HTTP/1.1\r\nHost: mail.example.com\r\nUser-Agent: exproxy\r\nAccept: */*\r\nConnection: close\r\n"


class OwaTests(GarbageMixin, PlayTestCase):
    def dialogue(self) -> HttpCheck:
        return HttpCheck(path="/owa", host="mail.example.com", expect=("200", "301", "302", "401"))

    def test_a_server_that_is_well(self) -> None:
        outcome = self.play(REQUEST, "server: HTTP/1.1 200 OK", "server: Content-Length: 5", "server: ", b"hello")
        self.assertEqual(outcome, Outcome(Status.L7OKD, "GET /owa said 200 OK", 200, "HTTP/1.1 200 OK"))

    def test_a_redirect_is_an_answer_and_not_followed(self) -> None:
        outcome = self.play(REQUEST, "server: HTTP/1.1 302 Found", "server: Location: /owa/auth", "server: ", "(close)")
        self.assertEqual((outcome.status, outcome.code), (Status.L7OKD, 302))

    def test_another_status_says_what_was_expected(self) -> None:
        outcome = self.play(REQUEST, "server: HTTP/1.1 500 Internal Server Error", "server: Content-Length: 0", "server: ")
        self.assertEqual((outcome.status, outcome.code), (Status.L7STS, 500))
        self.assertEqual(outcome.text, "GET /owa said 500 Internal Server Error, expected 200, 301, 302 or 401")

    def test_a_chunked_body(self) -> None:
        outcome = self.play(REQUEST, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_another_protocol(self) -> None:
        outcome = self.play(REQUEST, "server: 220 ex1 ESMTP")
        self.assertEqual((outcome.status, outcome.line), (Status.L7RSP, "220 ex1 ESMTP"))
        self.assertEqual(
            outcome.text,
            "GET /owa got no HTTP answer (HTTP response head, line 1: no HTTP status line: '220 ex1 ESMTP')",
        )

    def test_a_close_without_an_answer(self) -> None:
        outcome = self.play(REQUEST, "(close)")
        self.assertEqual(outcome.text, "GET /owa got no HTTP answer (HTTP response: closed without an answer)")

    def test_a_close_within_the_body(self) -> None:
        outcome = self.play(REQUEST, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "(close)")
        self.assertEqual(outcome.text, "GET /owa got no HTTP answer (HTTP response: closed within the body)")

    def test_the_beginning_of_an_answer_is_what_a_timeout_shows(self) -> None:
        check = self.dialogue()
        check.start()
        check.receive(b"HTTP/1.1 2")
        self.assertEqual(check.last_line(), "HTTP/1.1 2")


class HealthcheckTests(PlayTestCase):
    def dialogue(self) -> HttpCheck:
        return HttpCheck(path="/owa/healthcheck.htm", host="ex1", body=HEALTHCHECK)

    def says(self, body: bytes) -> Outcome:
        (request,) = self.dialogue().start()
        assert isinstance(request, Send)
        return self.play("we: " + request.data.decode().removesuffix("\r\n"), b"HTTP/1.1 200 OK\r\n\r\n" + body, "(close)")

    def test_the_server_names_itself_behind_a_break(self) -> None:
        outcome = self.says(b"200 OK<br/>EX1.example.com")
        self.assertEqual(outcome.text, "GET /owa/healthcheck.htm said 200 OK from EX1.example.com")

    def test_the_server_names_itself_behind_a_newline(self) -> None:
        self.assertEqual(self.says(b"200 OK\r\nEX1\r\n").text, "GET /owa/healthcheck.htm said 200 OK from EX1")

    def test_it_may_keep_its_name_to_itself(self) -> None:
        self.assertEqual(self.says(b"200 OK").text, "GET /owa/healthcheck.htm said 200 OK")

    def test_another_page_with_status_200_is_a_failure(self) -> None:
        outcome = self.says(b"<html>sorry, 200 OK</html>")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertTrue(outcome.text.startswith("GET /owa/healthcheck.htm said 200 OK, but its body has nothing that matches"))


class HeaderTests(SynchronousTestCase):
    def says(self, head: bytes) -> Outcome:
        check = HttpCheck(path="/rpc/rpcproxy.dll", host="ex1", expect=("401",), header="WWW-Authenticate")
        check.start()
        (finish,) = check.receive(b"HTTP/1.1 401 Unauthorized\r\n" + head + b"Content-Length: 0\r\n\r\n")
        return finish.outcome

    def test_the_rpc_proxy_asks_who_is_there(self) -> None:
        self.assertEqual(self.says(b"www-authenticate: NTLM\r\n").status, Status.L7OKD)

    def test_without_the_question_it_is_not_the_rpc_proxy(self) -> None:
        outcome = self.says(b"")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "GET /rpc/rpcproxy.dll said 401 Unauthorized without the header WWW-Authenticate")


class BodyTests(SynchronousTestCase):
    def says(self, body: bytes) -> Outcome:
        check = HttpCheck(body="needle")
        check.start()
        (finish,) = check.receive(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return finish.outcome

    def test_the_pattern_may_be_anywhere(self) -> None:
        self.assertEqual(self.says(b"hay\xff needle hay").status, Status.L7OKD)

    def test_it_is_looked_for_in_the_first_64_kb_only(self) -> None:
        outcome = self.says(b"x" * 65_536 + b"needle")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertIn("nothing that matches needle in its first 65536 octets", outcome.text)

    def test_head_has_no_body_and_needs_none(self) -> None:
        check = HttpCheck(method="HEAD")
        check.start()
        (finish,) = check.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n")
        self.assertEqual(finish.outcome.status, Status.L7OKD)


class OptionTests(SynchronousTestCase):
    def test_statuses_are_single_hundreds_or_ranges(self) -> None:
        self.assertEqual(statuses(["200", "3XX", "400-404"]), (range(200, 201), range(300, 400), range(400, 405)))

    def test_others_are_refused_with_what_may_be_written(self) -> None:
        for word in ("", "ok", "20", "2000", "099", "200-", "x00", "200,301"):
            error = self.assertRaises(ValueError, statuses, [word])
            self.assertEqual(str(error), f"{word!r} is not a status: write 200, 2xx or 300-399")

    def test_a_range_does_not_go_backwards(self) -> None:
        self.assertEqual(str(self.assertRaises(ValueError, statuses, ["399-300"])), "'399-300' ends before it begins")

    def test_something_has_to_be_expected(self) -> None:
        self.assertRaises(ValueError, statuses, [])

    def test_a_pattern_has_to_be_one(self) -> None:
        error = self.assertRaises(ValueError, pattern, "(")
        self.assertTrue(str(error).startswith("'(' is not a regular expression: "))

    def test_what_cannot_be_is_refused_before_the_conversation(self) -> None:
        good = attrs.asdict(HttpCheck(), filter=lambda field, _value: field.init)
        for name, value in [("path", "owa"), ("method", "GET /"), ("expect", ("x",)), ("body", "("), ("host", "a\r\n")]:
            self.assertRaises(ValueError, HttpCheck, **(good | {name: value}))
