"""The first page: all there is, at a glance; what is not well stands first."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from attrs import frozen
from twisted.web.template import Tag, tags

from exproxy.admin.page import buttons, signs
from exproxy.admin.page.concerns import Concern, concerns
from exproxy.admin.page.elements import Inside, cell, chart, head, log, moment, part, path, place, section, sign, transition_row
from exproxy.admin.page.facts import Facts
from exproxy.admin.page.words import count, duration, listed
from exproxy.admin.views import (
    ActionView,
    BackendView,
    FrontendView,
    HostView,
    OwnCertificateView,
    ServerView,
    Snapshot,
    TableView,
)

TRANSITIONS = 30
"""So many are shown, of all servers together."""
_SERVER = ("Server", "State", "Last check", "Sessions", "Queue", "New/s", "Ever", "In", "Out", "Errors", "Weight", "At", "Cert.")


@frozen
class Board:
    """:param actions: what was done, the newest first.

    :param steering: whether who looks may act.
    """

    snapshot: Snapshot
    facts: Facts
    actions: Sequence[ActionView]
    steering: bool

    def render(self) -> Tag:
        """What stands in ``main``; what there may be many of is made as it is written (:mod:`exproxy.admin.page.flattening`)."""
        return Tag("main")(
            _ways_down(),
            part("concerns", self._concerns()),
            self._charts(),
            part("hosts", self._hosts()),
            part("frontends", self._frontends()),
            part("backends", self._backends()),
            part("tables", self._tables()),
            part("certificates", self._certificates()),
            part("log", self._log()),
            id="main",
            tabindex="-1",
        )

    # ---- what is not well, and how much there is to do

    def _concerns(self) -> Tag:
        found = concerns(self.snapshot)
        items = (_concern(concern, self.snapshot.at) for concern in found)
        return tags.section(tags.h2("To look at"), tags.ul(items, class_="concerns")) if found else tags.section()

    def _charts(self) -> Tag:
        sessions = tags.figure(
            tags.figcaption(
                tags.span("Sessions"),
                place(self.facts, "sessions", "b"),
                tags.small("of ", count(self.snapshot.process.maxconn)),
                tags.span("new"),
                place(self.facts, "rate", "b"),
                tags.small("a second"),
            ),
            chart(self.facts, "chart", "Sessions in the last ten minutes"),
            **{"data-plot": "sessions"},
        )
        octets = tags.figure(
            tags.figcaption(
                tags.span("From clients", class_="key in"),
                place(self.facts, "in", "b"),
                tags.span("to clients", class_="key out"),
                place(self.facts, "out", "b"),
            ),
            chart(self.facts, "chart out", "Octets to clients in the last ten minutes"),
            **{"data-plot": "octets"},
        )
        return tags.section(tags.h2("The last ten minutes"), tags.div(sessions, octets, class_="plots", **{"data-series": ""}))

    # ---- machines

    def _hosts(self) -> Tag:
        servers = {f"{server.backend}/{server.name}": server for one in self.snapshot.backends for server in one.servers}
        found = [host for host in self.snapshot.hosts if host.servers]
        if not found:
            return tags.section()
        columns = head("Host", "State", "Sessions", "Behind", *self._column())
        rows = (self._host(host, servers) for host in found)
        return section("Hosts", tags.table(columns, tags.tbody(rows), class_="hosts"))

    def _host(self, host: HostView, servers: dict[str, ServerView]) -> Tag:
        chips = (
            tags.li(
                tags.a(
                    tags.span(servers[name].backend),
                    place(self.facts, f"s {name} state", class_="sign"),
                    href=path("servers", servers[name].backend, servers[name].name),
                )
            )
            for name in host.servers
            if name in servers
        )
        return tags.tr(
            tags.th(tags.strong(host.name), " ", tags.small(host.address), scope="row"),
            cell("State", place(self.facts, f"h {host.name} state", class_="sign")),
            cell("Sessions", place(self.facts, f"h {host.name} sessions"), class_="number"),
            cell("Behind", tags.ul(chips, class_="chips"), class_="wide"),
            *((cell("Actions", buttons.of_host(host)),) if self.steering else ()),
        )

    # ---- where clients come in

    def _frontends(self) -> Tag:
        columns = head("Front end", "State", "Goes to", "Sessions", "New/s", "Ever", "In", "Out", "Errors", "Cert.")
        rows = (self._frontend(frontend) for frontend in self.snapshot.frontends)
        return section("Front ends", tags.table(columns, tags.tbody(rows)))

    def _frontend(self, view: FrontendView) -> Tag:
        name = f"f {view.name}"
        return tags.tr(
            tags.th(
                tags.strong(view.name),
                " ",
                tags.small(view.mode, class_="tag"),
                " ",
                tags.small(", ".join(view.addresses)),
                scope="row",
            ),
            cell("State", place(self.facts, f"{name} state", class_="sign")),
            cell("Goes to", *_ways(view), class_="wide"),
            cell("Sessions", place(self.facts, f"{name} sessions"), class_="number"),
            cell("New/s", *self._rate(name), class_="number"),
            *self._amounts(name),
            cell(
                "Errors",
                place(self.facts, f"{name} errors"),
                place(self.facts, f"{name} faults", "small", class_="line"),
                class_="number",
            ),
            cell("Cert.", place(self.facts, f"{name} days", class_="sign")),
        )

    # ---- where they go

    def _backends(self) -> Tag:
        bodies = (self._backend(backend) for backend in self.snapshot.backends)
        return section("Back ends", tags.table(head(*_SERVER, *self._column()), bodies, class_="servers"))

    def _backend(self, view: BackendView) -> Tag:
        name = f"b {view.name}"
        own = [tags.small(view.balance, class_="tag")]
        if view.table:
            own.append(tags.small("table ", tags.a(view.table, href=path("tables", view.table)), class_="tag"))
        first = tags.tr(
            tags.th(tags.strong(view.name), " ", *own, scope="rowgroup"),
            cell("State", place(self.facts, f"{name} state", class_="sign"), colspan="2"),
            cell("Sessions", place(self.facts, f"{name} sessions"), class_="number"),
            cell("Queue", place(self.facts, f"{name} queue"), class_="number"),
            cell("New/s", *self._rate(name), class_="number"),
            *self._amounts(name),
            cell("Errors", place(self.facts, f"{name} errors"), class_="number"),
            tags.td(colspan="4" if self.steering else "3", class_="none"),
            class_="group",
        )
        return tags.tbody(first, (self._server(server) for server in view.servers))

    def _server(self, view: ServerView) -> Tag:
        full = f"{view.backend}/{view.name}"
        name = f"s {full}"
        link = tags.a(view.name, href=path("servers", view.backend, view.name))
        since = tags.small("for ", place(self.facts, f"{name} since"))
        checked = tags.small(place(self.facts, f"{name} checked", class_="ago"), " ", place(self.facts, f"{name} check"))
        sessions = place(self.facts, f"{name} sessions")
        return tags.tr(
            tags.th(link, " ", tags.small("backup", class_="tag") if view.backup else "", scope="row"),
            cell("State", place(self.facts, f"{name} state", class_="sign"), " ", since, class_="state"),
            cell(
                "Last check",
                tags.div(checked, place(self.facts, f"{name} said", "small", class_="said"), class_="check-line"),
                place(self.facts, f"{name} why", "small", class_="line"),
                class_="last",
            ),
            cell("Sessions", chart(self.facts, f"{name} chart", f"Sessions of {full}"), sessions, class_="number"),
            cell("Queue", place(self.facts, f"{name} queue"), class_="number"),
            cell("New/s", *self._rate(name), class_="number"),
            *self._amounts(name),
            cell("Errors", place(self.facts, f"{name} errors"), class_="number"),
            cell("Weight", place(self.facts, f"{name} weight"), class_="number"),
            cell("At", place(self.facts, f"{name} where"), " ", tags.small(view.interface or "", class_="tag")),
            cell("Cert.", place(self.facts, f"{name} days", class_="sign")),
            *((cell("Actions", buttons.menu_of_server(view)),) if self.steering else ()),
        )

    def _column(self) -> tuple[str, ...]:
        return ("Actions",) if self.steering else ()

    def _rate(self, name: str) -> Iterable[Inside]:
        return place(self.facts, f"{name} rate"), " ", place(self.facts, f"{name} max", "small", class_="most")

    def _amounts(self, name: str) -> Iterable[Tag]:
        for label, key in (("Ever", "total"), ("In", "in"), ("Out", "out")):
            yield cell(label, place(self.facts, f"{name} {key}"), class_="number")

    # ---- who is remembered, and what happened

    def _tables(self) -> Tag:
        if not self.snapshot.tables:
            return tags.section()
        columns = head("Table", "Kind", "Entries", "Pushed out", "Kept for", "Back ends", *self._column())
        rows = (self._table(table) for table in self.snapshot.tables)
        return section("Persistence", tags.table(columns, tags.tbody(rows)))

    def _table(self, view: TableView) -> Tag:
        return tags.tr(
            tags.th(tags.a(view.name, href=path("tables", view.name)), scope="row"),
            cell("Kind", view.kind),
            cell("Entries", place(self.facts, f"t {view.name} entries"), tags.small(f" of {count(view.size)}"), class_="number"),
            cell("Pushed out", place(self.facts, f"t {view.name} evicted"), class_="number"),
            cell("Kept for", duration(view.expire), class_="number"),
            cell("Back ends", ", ".join(view.backends), class_="wide"),
            *((cell("Actions", buttons.of_table(view)),) if self.steering else ()),
        )

    def _certificates(self) -> Tag:
        """Our own, each once, whoever shows it."""
        shown: dict[str, tuple[OwnCertificateView, list[str]]] = {}
        for frontend in self.snapshot.frontends:
            for one in frontend.certificates:
                shown.setdefault(one.file, (one, []))[1].append(frontend.name)
        if not shown:
            return tags.section()
        rows = [
            tags.tr(
                tags.th(listed(list(one.names)) or one.subject, scope="row"),
                cell("Left", sign(signs.days(one.days).word, signs.days(one.days).tone)),
                cell("Until", datetime.fromtimestamp(one.not_after, UTC).date().isoformat()),
                cell("Shown by", ", ".join(frontends), class_="wide"),
                cell("File", one.file, class_="wide"),
            )
            for one, frontends in sorted(shown.values(), key=lambda pair: pair[0].days)
        ]
        return section("Certificates", tags.table(head("Certificate", "Left", "Until", "Shown by", "File"), tags.tbody(*rows)))

    def _log(self) -> Tag:
        now = self.snapshot.at
        changes = sorted(
            ((transition, server) for one in self.snapshot.backends for server in one.servers for transition in server.history),
            key=lambda pair: -pair[0].at,
        )
        happened = [
            transition_row(transition, now, f"{server.backend}/{server.name}") for transition, server in changes[:TRANSITIONS]
        ]
        done = [
            tags.tr(
                cell("When", moment(action.at, now)(class_="ago")),
                cell("Who", action.by),
                cell("What", action.what, class_="wide"),
            )
            for action in self.actions
        ]
        return tags.div(
            section("Transitions", log("Nothing has changed yet.", ("When", "Server", "State", "Why"), happened)),
            section("Audit", log("Nobody has done anything yet.", ("When", "Who", "What"), done)),
            class_="columns",
        )


def _ways(view: FrontendView) -> Iterable[Inside]:
    """To back ends; in mode ``http`` by routes, and for mappers what clients are told."""
    yield ", ".join(view.backends)
    routes = [f"{one.condition} → {one.backend or one.redirect}" for one in view.routes]
    maps = [f"{one.interface} ({one.protocol}) → {one.frontend}, {' '.join(one.addresses)}" for one in view.map]
    for title, ways in (("Routes", routes), ("What clients are told", maps)):
        if ways:
            items = tags.ul(*(tags.li(way) for way in ways))
            yield tags.details(tags.summary(f"{title}: {len(ways)}"), items, id=f"ways:{view.name}", class_="ways")


def _ways_down() -> Tag:
    """The page is long, on a phone above all."""
    places = (
        ("hosts", "Hosts"),
        ("frontends", "Front ends"),
        ("backends", "Back ends"),
        ("tables", "Persistence"),
        ("log", "Log"),
    )
    return tags.nav(*(tags.a(words, href=f"#{name}") for name, words in places), **{"aria-label": "On this page"})


def _concern(concern: Concern, now: float) -> Tag:
    since = (tags.small(" for ", moment(concern.since, now)),) if concern.since is not None else ()
    why = (tags.span(concern.why, class_="line"),) if concern.why else ()
    words = {"bad": "Failed", "warn": "Look", "hand": "By hand"}
    mark = sign(words.get(concern.tone, ""), concern.tone)
    return tags.li(mark, tags.p(tags.strong(concern.subject), " ", concern.what, *since, *why), **{"data-tone": concern.tone})
