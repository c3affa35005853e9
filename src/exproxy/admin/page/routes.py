"""Which page stands where."""

from functools import partial

from attrs import evolve
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
from exproxy.admin.page.facts import facts_of, facts_of_all, facts_of_server, facts_of_table
from exproxy.admin.page.flattening import flatten
from exproxy.admin.page.frame import Frame
from exproxy.admin.page.making import Made, Making
from exproxy.admin.page.resources import Resources
from exproxy.admin.page.serverpage import ServerPage
from exproxy.admin.page.tablepage import TablePage
from exproxy.admin.pieces import Done, Pieces, Work
from exproxy.admin.routes import Names, Route
from exproxy.admin.views import SessionView

SHOWN = 100
"""Sessions of a server, and entries of a table."""
FRESH = 10.0
"""Seconds for which one is told what one has done."""
_LOOK = frozenset({200})
_NAMED = _LOOK | {404}


class Pages:
    """:param overview: what is seen; ``actions``: what is done; ``events``: tells of the facts on them."""

    def __init__(self, clock: IReactorTime, overview: Overview, actions: Actions, events: Events, pieces: Pieces) -> None:
        self._clock = clock
        self._overview = overview
        self._actions = actions
        self._events = events
        self._pieces = pieces
        roles: tuple[Role, ...] = ("viewer", "operator")
        self._boards = {role: Making(overview, pieces, partial(self._make, role)) for role in roles}
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

    def _board(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        def framed(done: Done[Made]) -> "Deferred[Answer]":
            # not all who share it in one turn: what is around it takes its time too
            own = self._pieces.do(self._framed(done.value, caller))
            return own.addCallback(lambda page: evolve(page.value, took=done.took + page.took))

        return self._boards[caller.role].get().addCallback(framed)

    def _framed(self, made: Made, caller: Caller) -> Work[Answer]:
        yield
        return self._frame.page("", made.snapshot.process, made.facts, caller, made.main, self._notice(caller))

    def _make(self, role: Role) -> Work[Made]:
        snapshot = self._overview.recent()
        done = self._actions.audit.last()
        facts = yield from facts_of(snapshot, self._overview.series, done)
        main = yield from flatten(Board(snapshot, facts, done, role == "operator").render())
        return Made(snapshot, facts, main)

    def _server(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        server = self._actions.server(names["backend"], names["server"])

        def render(sessions: list[SessionView]) -> Answer:
            snapshot = self._overview.recent()
            view = self._overview.server(server)
            facts = facts_of_all(snapshot) | facts_of_server(view, self._overview.series(f"server {server.full_name}"))
            steering = caller.role == "operator"
            page = ServerPage(view, facts, snapshot.at, sessions, self._overview.dialogues(server), steering)
            return self._frame.page(
                f"{view.backend}/{view.name}", snapshot.process, facts, caller, page.render(), self._notice(caller)
            )

        return self._overview.sessions(server, SHOWN).addCallback(render)

    def _table(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        group = self._actions.group(names["table"])
        snapshot = self._overview.recent()
        view = known("table", names["table"], {table.name: table for table in snapshot.tables})
        facts = facts_of_all(snapshot) | facts_of_table(view)
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
