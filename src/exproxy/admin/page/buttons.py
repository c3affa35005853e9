"""What can be done to a thing, as links to the questions about it (:mod:`exproxy.admin.page.asking`)."""

from collections.abc import Iterable

from twisted.web.template import Tag, tags

from exproxy.admin.page.elements import path
from exproxy.admin.page.questions import LABELS, STATES
from exproxy.admin.views import HostView, ServerView, TableView


def of_host(view: HostView) -> Tag:
    """The states that it is not in."""
    return _row(
        _asking(order, f"host {view.name}", path("hosts", view.name, order)) for order in STATES if order != view.admin.value
    )


def of_server(view: ServerView) -> Tag:
    """All, in a row."""
    return _row(_of_server(view))


def menu_of_server(view: ServerView) -> Tag:
    """All, behind one button, for where there is little room."""
    address = path("servers", view.backend, view.name)
    label = {"aria-label": f"Actions for server {view.backend}/{view.name}"}
    items = tags.ul(*(tags.li(link) for link in _of_server(view)))
    return tags.details(
        tags.summary("Actions", class_="button", **label), items, class_="menu", id=f"menu:{address}", name="menu"
    )


def of_table(view: TableView) -> Tag:
    """Clear it."""
    return _row(
        [tags.a("Clear", href=path("tables", view.name, "clear"), class_="button", **_label("Clear", f"table {view.name}"))]
    )


def _of_server(view: ServerView) -> Iterable[Tag]:
    for order in LABELS:
        if order != view.own_admin.value:
            yield _asking(order, f"server {view.backend}/{view.name}", path("servers", view.backend, view.name, order))


def _asking(order: str, thing: str, address: str) -> Tag:
    return tags.a(LABELS[order], href=address, class_="button", **_label(LABELS[order], thing))


def _label(label: str, thing: str) -> dict[str, str]:
    return {"aria-label": f"{label}: {thing}", "data-ask": ""}


def _row(links: Iterable[Tag]) -> Tag:
    return tags.div(*links, class_="buttons")
