"""Tests for :mod:`exproxy.wire.web.pages`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.pages import SENTENCES, Page, Pages
from exproxy.wire.web.reading import ResponseReader
from exproxy.wire.web.rules import header_rules


class PagesTests(SynchronousTestCase):
    def test_each_status_has_its_page(self) -> None:
        self.assertEqual(list(SENTENCES), [400, 403, 404, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505])
        for status, sentence in SENTENCES.items():
            reader = ResponseReader()
            head = reader.feed(Pages().answer(status))
            assert head is not None
            self.assertEqual((head.status, head.length, head.options), (status, len(reader.rest), (b"close",)))
            self.assertIn(sentence.encode(), reader.rest)

    def test_the_connection_may_be_kept(self) -> None:
        self.assertNotIn(b"Connection", Pages().answer(403, keep=True))
        self.assertIn(b"\r\nConnection: keep-alive\r\n", Pages().answer(403, keep=True, minor=0))

    def test_the_answer_to_head_has_its_length_only(self) -> None:
        whole, head = Pages().answer(503), Pages().answer(503, method="HEAD")
        self.assertTrue(whole.startswith(head))
        self.assertTrue(head.endswith(b"\r\n\r\n"))

    def test_more_lines(self) -> None:
        self.assertIn(b"\r\nRetry-After: 5\r\n", Pages().answer(429, more=(b"Retry-After: 5",)))

    def test_pages_are_replaced(self) -> None:
        pages = Pages({503: Page(b"<h1>Wartung</h1>"), 404: Page(b"gone", "text/plain")})
        self.assertTrue(
            pages.answer(503).endswith(
                b"\r\nContent-Length: 16\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n<h1>Wartung</h1>"
            )
        )
        self.assertTrue(pages.answer(404).startswith(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"))

    def test_rules_are_for_pages_and_redirects_too(self) -> None:
        pages = Pages(rules=header_rules({"Strict-Transport-Security": "max-age=1", "cache-control": "no-cache"}))
        for answer in (pages.answer(503), pages.redirect(302, "/owa")):
            self.assertIn(b"\r\nStrict-Transport-Security: max-age=1\r\ncache-control: no-cache\r\n", answer)
            self.assertNotIn(b"no-store", answer)

    def test_there_is_not_a_page_for_everything(self) -> None:
        self.assertRaises(KeyError, Pages().answer, 418)


class RedirectTests(SynchronousTestCase):
    def test_the_client_is_sent_elsewhere(self) -> None:
        data = Pages().redirect(302, 'https://mail.example.com/owa/?a=1&b="2"', keep=True)
        self.assertTrue(data.startswith(b"HTTP/1.1 302 Found\r\n"))
        self.assertIn(b'\r\nLocation: https://mail.example.com/owa/?a=1&b="2"\r\n', data)
        self.assertIn(b'<a href="https://mail.example.com/owa/?a=1&amp;b=&quot;2&quot;">', data)

    def test_nothing_breaks_out_of_its_line(self) -> None:
        for location in ("/a\r\nSet-Cookie: x", "/a b", "/\u00e4", ""):
            self.assertRaises(ValueError, Pages().redirect, 302, location)

    def test_only_redirects_redirect(self) -> None:
        self.assertRaises(ValueError, Pages().redirect, 200, "/owa")
