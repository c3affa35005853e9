"""Which page stands where."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exproxy.admin import intent
from exproxy.admin.actions import Actions
from exproxy.admin.answers import Answer, Asked
from exproxy.admin.callers import Caller, Role
from exproxy.admin.events import Events
from exproxy.admin.nearest import known
from exproxy.admin.overview import Overview
from exproxy.admin.page.asking import Asking
from exproxy.admin.page.board import Board
from exproxy.admin.page.facts import Facts, facts_of
from exproxy.admin.page.flattening import Flat, flatten
from exproxy.admin.page.frame import Frame
from exproxy.admin.page.resources import Resources
from exproxy.admin.page.serverpage import ServerPage
from exproxy.admin.page.tablepage import TablePage
from exproxy.admin.routes import Names, Route
from exproxy.admin.views import SessionView, Snapshot

SHOWN = 100
"""Sessions of a server, and entries of a table."""
FRESH = 10.0
"""Seconds for which one is told what one has done."""
_LOOK = frozenset({200})
_NAMED = _LOOK | {404}


class Pages:
    """:param overview: what is seen; ``actions``: what is done; ``events``: tells of :meth:`facts`."""

    def __init__(self, clock: IReactorTime, overview: Overview, actions: Actions, events: Events) -> None:
        self._clock = clock
        self._overview = overview
        self._actions = actions
        self._events = events
        self._facts: tuple[Snapshot, Facts] | None = None
        self._made: dict[Role, tuple[Snapshot, Flat]] = {}
        self._resources = Resources()
        self._frame = Frame(self._resources)
        self._asking = Asking(overview, actions, self._frame)

    def routes(self) -> tuple[Route, ...]:
        """All there are."""
        return (
            Route("GET", "/", "viewer", self._board, _LOOK),
            Route("GET", "/servers/{backend}/{server}", "viewer", self._server, _NAMED),
            Route("GET", "/tables/{table}", "viewer", self._table, _NAMED),
            Route("GET", "/events", "viewer", self._follow, _LOOK | {403}),
            *self._asking.routes(),
            Route("GET", "/favicon.ico", "nothing", self._icon, _LOOK),
            Route("GET", "/static/{version}/{file}", "nothing", self._file, _NAMED),
        )

    def _board(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        snapshot, facts = self._seen()
        made = self._made.get(caller.role)
        if made is None or made[0] is not snapshot:
            board = Board(snapshot, facts, self._actions.audit.last(), caller.role == "operator")
            made = self._made[caller.role] = snapshot, flatten(board.render())
        return self._frame.page("", snapshot.process, facts, caller, made[1], self._notice(caller))

    def _server(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        server = self._actions.server(names["backend"], names["server"])

        def render(sessions: list[SessionView]) -> Answer:
            snapshot, facts = self._seen()
            view = self._overview.server(server)
            steering = caller.role == "operator"
            page = ServerPage(view, facts, snapshot.at, sessions, self._overview.dialogues(server), steering)
            return self._frame.page(
                f"{view.backend}/{view.name}", snapshot.process, facts, caller, page.render(), self._notice(caller)
            )

        return self._overview.sessions(server, SHOWN).addCallback(render)

    def _table(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        group = self._actions.group(names["table"])
        snapshot, facts = self._seen()
        view = known("table", names["table"], {table.name: table for table in snapshot.tables})
        page = TablePage(view, facts, self._overview.entries(group, SHOWN), caller.role == "operator")
        return self._frame.page(view.name, snapshot.process, facts, caller, page.render(), self._notice(caller))

    def _follow(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        intent.check_listener(asked)
        return self._events.answer(f"{caller.name} {asked.address if caller.anonymous else ''}")

    def _file(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return self._resources.answer(names["version"], names["file"])

    def _icon(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        """Browsers ask for it beside pages that do not name it."""
        return self._resources.answer(self._resources.version, "icon.svg")

    def _notice(self, caller: Caller) -> str:
        """What who looks has just done, for one that has no script to say so."""
        last = next(iter(self._actions.audit.last()), None)
        fresh = last is not None and last.by == caller.name and 0 <= self._clock.seconds() - last.at < FRESH
        return last.what if last is not None and fresh else ""

    def _seen(self) -> tuple[Snapshot, Facts]:
        """All who come at the same moment see the same, which is made once."""
        snapshot = self._overview.recent()
        if self._facts is None or self._facts[0] is not snapshot:
            self._facts = snapshot, facts_of(snapshot, self._overview.series, self._actions.audit.last())
        return self._facts
