"""Reads pages as a browser does: what is in them, and whether anything in them would run."""

from html.parser import HTMLParser

import attrs

from exproxy.admin.answers import Answer
from tests.admin.stage import AdminStage

VOID = {"meta", "link", "br", "input", "img", "hr"}
HOSTILE = "<script>alert('x')</script>\"onload=\"alert(1)"


@attrs.define
class Page(HTMLParser):
    """:ivar elements: each with its attributes, in their order; ``text``: what is read.

    :ivar places: what stands in each that events change, by its ``data-fact``.
    """

    elements: list[tuple[str, dict[str, str]]] = attrs.field(factory=list)
    words: list[str] = attrs.field(factory=list)
    open: list[str] = attrs.field(factory=list)
    places: dict[str, str] = attrs.field(factory=dict)
    place: str = ""

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)
        self.place = dict(attributes).get("data-fact") or ""
        if self.place:
            self.places[self.place] = ""

    def handle_endtag(self, tag: str) -> None:
        self.place = ""
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> where another element ends"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.place:
            self.places[self.place] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of each of that tag that has these."""
        names = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [
            has for name, has in self.elements if name == tag and all(has.get(each) == value for each, value in names.items())
        ]


def read(body: bytes) -> Page:
    """:raises AssertionError: its elements are not nested."""
    page = Page()
    page.feed(body.decode("utf-8"))
    page.close()
    assert page.open == [], f"{page.open} have no end"
    return page


class PageStage(AdminStage):
    def page(self, path: str = "/", **rest: object) -> Page:
        answer = self.get(path, **rest)
        self.assertEqual((answer.status, answer.kind), (200, "text/html; charset=utf-8"), answer.body[:300])
        page = read(answer.body)
        self.assertHarmless(page)
        return page

    def get(self, path: str = "/", **rest: object) -> Answer:
        return self.ask(self.application(), "GET", path, **{"user": None, **rest})

    def assertHarmless(self, page: Page) -> None:
        """Nothing inline, and nothing of anybody else."""
        for tag, attributes in page.elements:
            self.assertEqual([name for name in attributes if name.startswith("on") or name == "style"], [], (tag, attributes))
            self.assertNotIn(tag, ("style", "iframe", "object", "embed", "base"))
            for name in ("src", "href", "action"):
                if name in attributes:
                    self.assertRegex(attributes[name], r"\A(/(?!/)|#)", (tag, attributes))
        self.assertTrue(all(attributes.get("src") for attributes in page.all("script")))
