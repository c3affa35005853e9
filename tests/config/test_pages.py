"""Pages of an administrator's own."""

from pathlib import Path

from exproxy.config.model import Page
from exproxy.config.pages import STATUSES
from exproxy.config.show import show
from exproxy.wire.web.pages import SENTENCES
from tests.config.support import ConfigTestCase

FRONT = '[frontends.web]\nmode = "http"\nbind = ":80"\nbackend = "owa"\n'
BACKEND = '[backends.owa.servers]\na = "10.0.0.1:80"\n'


class PagesTests(ConfigTestCase):
    def put(self, name: str, body: bytes) -> Path:
        file = self.folder / name
        file.write_bytes(body)
        return file

    def pages(self, said: str, defaults: str = "") -> tuple[Page, ...]:
        loaded = self.load(defaults + FRONT + said + "\n" + BACKEND)
        web, again = loaded.frontends["web"].web, self.load(show(loaded)).frontends["web"].web
        assert web is not None
        self.assertEqual(again, web)
        return web.pages

    def said(self, said: str) -> str:
        return "; ".join(self.problems(FRONT + said + "\n" + BACKEND))

    def test_the_statuses_are_those_that_have_pages(self) -> None:
        self.assertEqual(STATUSES, tuple(SENTENCES))

    def test_files_are_read_and_say_what_they_are_by_their_ending(self) -> None:
        files = {name: self.put(name, b"sorry") for name in ("a.html", "b.HTM", "c.txt", "d.json")}
        pages = self.pages('pages = { 503 = "a.html", 502 = "b.HTM", 413 = "c.txt", 429 = "d.json" }')
        self.assertEqual([page.status for page in pages], [413, 429, 502, 503])
        kinds = ["text/plain; charset=utf-8", "application/json", "text/html; charset=utf-8", "text/html; charset=utf-8"]
        self.assertEqual([page.kind for page in pages], kinds)
        self.assertEqual(pages[3], Page(503, files["a.html"], kinds[3], b"sorry"))

    def test_the_front_ends_win_over_the_defaults_status_by_status(self) -> None:
        for name in ("a.html", "b.html", "c.html"):
            self.put(name, name.encode())
        pages = self.pages('pages = { 503 = "c.html" }', '[defaults]\npages = { 503 = "a.html", 502 = "b.html" }\n')
        self.assertEqual([(page.status, page.body) for page in pages], [(502, b"b.html"), (503, b"c.html")])

    def test_what_is_wrong_is_told_at_its_place(self) -> None:
        self.put("a.html", b"")
        self.put("a.http", b"")
        self.put("latin.html", b"\xe4")
        self.put("large.html", b"x" * 65_537)
        for said, expected in (
            (
                '{ 418 = "a.html" }',
                "frontends.web.pages.418: 418 is not a status that exproxy answers with by itself; these are 400, 403",
            ),
            ('{ x = "a.html" }', "x is not a status"),
            ('{ 503 = "b.html" }', 'b.html" cannot be read: No such file'),
            ('{ 503 = "a.http" }', '"a.http" does not say what it is; a page ends in .html, .htm, .txt, .json, and has no head'),
            ('{ 503 = "latin.html" }', "is not UTF-8 text"),
            ('{ 503 = "large.html" }', "is larger than 64 KB"),
        ):
            self.assertIn(expected, self.said(f"pages = {said}"), said)

    def test_a_page_of_the_greatest_size_is_taken(self) -> None:
        self.put("large.html", b"x" * 65_536)
        self.assertEqual(len(self.pages('pages = { 503 = "large.html" }')[0].body), 65_536)

    def test_in_other_modes_none_may_stand(self) -> None:
        (problem,) = self.problems('[frontends.a]\nbind = ":1"\nbackend = "owa"\npages = { 503 = "a.html" }\n' + BACKEND)
        self.assertIn('frontends.a.pages: this belongs to mode = "http"', problem)
