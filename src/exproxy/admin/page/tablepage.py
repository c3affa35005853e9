"""What a table remembers: which client went where."""

from collections.abc import Sequence

from attrs import frozen
from twisted.web.template import Tag, tags

from exproxy.admin.page import buttons
from exproxy.admin.page.elements import cell, log, part, place
from exproxy.admin.page.facts import Facts
from exproxy.admin.page.words import count, duration
from exproxy.admin.views import EntryView, TableView


@frozen
class TablePage:
    """:param entries: those that were used last, the last one first.

    :param steering: whether who looks may act.
    """

    view: TableView
    facts: Facts
    entries: Sequence[EntryView]
    steering: bool

    def render(self) -> Tag:
        """What stands in ``main``."""
        view = self.view
        said = (
            ("Entries", place(self.facts, f"t {view.name} entries"), f" of {count(view.size)}"),
            ("Pushed out because it was full", count(view.evicted)),
            ("Made of", view.kind),
            ("Kept for", duration(view.expire)),
            ("Back ends", ", ".join(view.backends)),
        )
        facts = tags.dl(*(tags.div(tags.dt(label), tags.dd(*inside)) for label, *inside in said), class_="facts")
        return Tag("main")(
            tags.h1(tags.small(tags.a("all", href="/"), " / table "), view.name),
            *((buttons.of_table(view),) if self.steering else ()),
            part("state", tags.section(facts)),
            part("entries", tags.section(tags.h2("Used last"), self._entries())),
            **{"id": "main", "tabindex": "-1", "data-refresh": "5"},
        )

    def _entries(self) -> Tag:
        rows = [
            tags.tr(cell("Client", one.key), cell("Host", one.host), cell("Used", duration(one.idle), " ago"))
            for one in self.entries
        ]
        return log("It is empty.", ("Client", "Host", "Used"), rows)
