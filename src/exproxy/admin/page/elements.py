"""Small parts of pages: places for facts, marks, links; all that is said in them is escaped by the template's own code."""

from collections.abc import Sequence
from urllib.parse import quote

from twisted.web.template import Tag, tags

from exproxy.admin.page.facts import HEIGHT, POINTS, Facts
from exproxy.admin.page.words import duration
from exproxy.admin.views import TransitionView

NUMBERS = ("Sessions", "Queue", "New/s", "Ever", "In", "Out", "Errors", "Weight", "Entries", "Pushed out", "Kept for")
"""Columns that stand at the right."""

Inside = Tag | str
"""What stands in an element."""


def place(facts: Facts, name: str, element: str = "span", **attributes: str) -> Tag:
    """An element that says a fact, and is found by its name when that changes; empty where there is no such fact."""
    value = facts.get(name, "")
    tag = Tag(element)(**{"data-fact": name}, **attributes)
    if isinstance(value, str):
        return tag(value)
    if isinstance(value, list):
        return tag(value[0], **{"data-tone": value[1]})
    if isinstance(value, dict):
        raise TypeError(f"{name} is a chart")
    return moment(value, _now(facts))(**{"data-fact": name}, **attributes)


def chart(facts: Facts, name: str, label: str) -> Tag:
    """The same of a small chart."""
    value = facts[name]
    points = str(value["line"]) if isinstance(value, dict) else ""
    size = f"0 0 {POINTS} {HEIGHT}"
    return Tag("svg")(
        Tag("polyline")(points=points, **{"data-fact": name}),
        viewBox=size,
        class_="spark",
        role="img",
        preserveAspectRatio="none",
    )(**{"aria-label": label})


def moment(at: float, now: float) -> Tag:
    """How long ago; scripts keep it true."""
    return tags.time(duration(now - at), **{"data-at": f"{at:.3f}"})


def sign(word: str, tone: str, **attributes: str) -> Tag:
    """A word with its mark and its colour."""
    return tags.span(word, class_="sign", **{"data-tone": tone}, **attributes)


def part(name: str, *inside: Inside) -> Tag:
    """What is replaced as a whole when the page is fetched again."""
    return tags.div(*inside, id=name, **{"data-part": name})


def path(*names: str) -> str:
    """``/servers/smtp/ex1``, whatever characters the names have."""
    return "/" + "/".join(quote(name, safe="") for name in names)


def section(title: str, *inside: Inside) -> Tag:
    return tags.section(tags.h2(title), *inside)


def head(*columns: str) -> Tag:
    numbers = {"class_": "number"}
    return tags.thead(tags.tr(*(tags.th(column, scope="col", **(numbers if column in NUMBERS else {})) for column in columns)))


def cell(label: str, *inside: Inside, **attributes: str) -> Tag:
    """The label is shown where there is no room for columns."""
    return tags.td(*inside, **{"data-label": label}, **attributes)


def log(nothing: str, columns: Sequence[str], rows: Sequence[Tag]) -> Tag:
    if not rows:
        return tags.p(nothing, class_="nothing")
    return tags.div(tags.table(head(*columns), tags.tbody(*rows), class_="log"), class_="scroll", tabindex="0", role="group")


def transition_row(view: TransitionView, now: float, server: str = "") -> Tag:
    """:param server: where several stand together."""
    tones = {"up": "good", "ready": "good", "down": "bad", "stopping": "warn", "starting": "idle"}
    state = sign(view.new, tones.get(view.new, "hand"))
    return tags.tr(
        cell("When", moment(view.at, now)(class_="ago")),
        *((cell("Server", server),) if server else ()),
        cell("State", tags.small(view.old, " → "), state),
        cell("Why", view.reason, class_="wide"),
    )


def _now(facts: Facts) -> float:
    at = facts.get("at", 0.0)
    return at if isinstance(at, float | int) else 0.0
