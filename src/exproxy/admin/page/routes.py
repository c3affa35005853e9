"""Which page stands where."""

from twisted.internet.defer import Deferred

from exproxy.admin.actions import Actions
from exproxy.admin.answers import Answer, Asked
from exproxy.admin.callers import Caller
from exproxy.admin.events import Events
from exproxy.admin.nearest import known
from exproxy.admin.overview import Overview
from exproxy.admin.page.board import Board
from exproxy.admin.page.facts import Facts, facts_of
from exproxy.admin.page.frame import Frame
from exproxy.admin.page.resources import Resources
from exproxy.admin.page.serverpage import ServerPage
from exproxy.admin.page.tablepage import TablePage
from exproxy.admin.routes import Names, Route
from exproxy.admin.views import SessionView, Snapshot

SHOWN = 100
"""Sessions of a server, and entries of a table."""
_LOOK = frozenset({200})
_NAMED = _LOOK | {404}


class Pages:
    """:param overview: what is seen; ``actions``: what is done; ``events``: tells of :meth:`facts`."""

    def __init__(self, overview: Overview, actions: Actions, events: Events) -> None:
        self._overview = overview
        self._actions = actions
        self._events = events
        self._resources = Resources()
        self._frame = Frame(self._resources)

    def routes(self) -> tuple[Route, ...]:
        """All there are."""
        return (
            Route("GET", "/", "viewer", self._board, _LOOK),
            Route("GET", "/servers/{backend}/{server}", "viewer", self._server, _NAMED),
            Route("GET", "/tables/{table}", "viewer", self._table, _NAMED),
            Route("GET", "/events", "viewer", self._follow, _LOOK),
            Route("GET", "/static/{version}/{file}", "nothing", self._file, _NAMED),
        )

    def _board(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        snapshot, facts = self._seen()
        board = Board(snapshot, facts, self._actions.audit.last(), caller.role == "operator")
        return self._frame.page("", snapshot.process, facts, caller, board.render())

    def _server(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        server = self._actions.server(names["backend"], names["server"])

        def render(sessions: list[SessionView]) -> Answer:
            snapshot, facts = self._seen()
            view = self._overview.server(server)
            page = ServerPage(view, facts, snapshot.at, sessions, caller.role == "operator")
            return self._frame.page(f"{view.backend}/{view.name}", snapshot.process, facts, caller, page.render())

        return self._overview.sessions(server, SHOWN).addCallback(render)

    def _table(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        group = self._actions.group(names["table"])
        snapshot, facts = self._seen()
        view = known("table", names["table"], {table.name: table for table in snapshot.tables})
        page = TablePage(view, facts, self._overview.entries(group, SHOWN), caller.role == "operator")
        return self._frame.page(view.name, snapshot.process, facts, caller, page.render())

    def _follow(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return self._events.answer(f"{caller.name} {asked.address if caller.anonymous else ''}")

    def _file(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return self._resources.answer(names["version"], names["file"])

    def _seen(self) -> tuple[Snapshot, Facts]:
        snapshot = self._overview.recent()
        return snapshot, facts_of(snapshot, self._overview.series, self._actions.audit.last())
