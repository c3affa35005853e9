"""What all pages have around them."""

from collections.abc import Iterable
from typing import cast

from twisted.web.template import Tag, tags

from exproxy.admin.answers import HTML, Answer
from exproxy.admin.callers import Caller
from exproxy.admin.intent import FIELD
from exproxy.admin.page.elements import part, place, sign
from exproxy.admin.page.facts import Facts
from exproxy.admin.page.flattening import Flat, flat
from exproxy.admin.page.resources import Resources
from exproxy.admin.page.words import duration
from exproxy.admin.views import ProcessView


class Frame:
    """:param files: what pages refer to."""

    def __init__(self, files: Resources) -> None:
        self._files = files

    def page(
        self,
        title: str,
        process: ProcessView,
        facts: Facts,
        caller: Caller,
        main: Tag | Flat,
        notice: str = "",
        status: int = 200,
    ) -> Answer:
        """A whole page.

        :param notice: what has just been done; empty: nothing.
        """
        told = part("notice", tags.p(sign(f"Done: {notice}", "good"), role="status") if notice else "")
        body = tags.body(_skip(), _top(process, facts, caller), told, _bottom(process))
        # in its place: the template would not have what is made already as a child
        body.children.insert(-1, cast(Tag, main))
        html = tags.html(self._head(title), body, lang="en")
        return Answer(status, b"<!DOCTYPE html>\n" + flat(html), HTML)

    def _head(self, title: str) -> Tag:
        address = self._files.address
        return tags.head(
            tags.meta(charset="utf-8"),
            tags.title(f"{title} · exproxy" if title else "exproxy"),
            tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
            tags.meta(name="color-scheme", content="light dark"),
            tags.link(rel="icon", href=address("icon.svg"), type="image/svg+xml"),
            tags.link(rel="stylesheet", href=address("uPlot.min.css")),
            tags.link(rel="stylesheet", href=address("page.css")),
            tags.script(src=address("uPlot.iife.min.js"), defer="defer"),
            tags.script(src=address("page.js"), type="module"),
        )


def _skip() -> Tag:
    return tags.a("To the content", href="#main", class_="skip")


def _top(process: ProcessView, facts: Facts, caller: Caller) -> Tag:
    who = "looking only" if caller.anonymous else f"{caller.name}, {caller.role}"
    at = facts["at"]
    up = duration(at - process.started) if isinstance(at, float | int) else ""
    return tags.header(
        tags.a("exproxy", href="/", class_="brand"),
        place(facts, "verdict", "p", class_="verdict sign", role="status"),
        tags.div(
            tags.span("up ", tags.time(up, **{"data-at": f"{process.started:.3f}"})),
            tags.span(who),
            *_log_out(caller),
            tags.span("as of the moment it was loaded", id="live", class_="live", role="status"),
            class_="about",
        ),
        class_="top",
    )


def _log_out(caller: Caller) -> Iterable[Tag]:
    if caller.token:
        token = tags.input(type="hidden", name=FIELD, value=caller.token)
        yield tags.form(token, tags.button("Log out", class_="plain"), method="post", action="/logout")


def _bottom(process: ProcessView) -> Tag:
    workers = [f"{worker.name} is process {worker.pid}" for worker in process.workers if worker.pid is not None]
    said = [f"exproxy {process.version}, process {process.pid}", *workers]
    return tags.footer(
        tags.p("; ".join(said)),
        tags.p(
            tags.a("JSON", href="/api/v1/status"),
            " ",
            tags.a("OpenAPI", href="/api/v1/openapi.json"),
            " ",
            tags.a("metrics", href="/metrics"),
        ),
    )
