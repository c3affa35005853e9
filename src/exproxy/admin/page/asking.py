"""Where things are done: asked with GET, done with POST, which leads back to where they are seen."""

from twisted.internet.defer import Deferred

from exproxy.admin.actions import Actions
from exproxy.admin.answers import HTML, Answer, Asked
from exproxy.admin.callers import Caller
from exproxy.admin.forms import fields
from exproxy.admin.nearest import known
from exproxy.admin.overview import Overview
from exproxy.admin.page.facts import facts_of_all
from exproxy.admin.page.frame import Frame
from exproxy.admin.page.questionpage import question_page
from exproxy.admin.page.questions import LABELS, STATES, Question, of_host, of_server, of_table
from exproxy.admin.routes import Names, Route
from exproxy.pool.server import MAX_WEIGHT

_ASK = frozenset({200, 404})
_DONE = frozenset({303, 403, 404, 413, 415})


class Asking:
    """:param actions: what is done."""

    def __init__(self, overview: Overview, actions: Actions, frame: Frame) -> None:
        self._overview = overview
        self._actions = actions
        self._frame = frame

    def routes(self) -> tuple[Route, ...]:
        """All there are."""
        host, server, table = "/hosts/{host}/{order}", "/servers/{backend}/{server}/{order}", "/tables/{table}/clear"
        return (
            Route("GET", host, "operator", self._ask_host, _ASK),
            Route("POST", host, "operator", self._do_host, _DONE),
            Route("GET", server, "operator", self._ask_server, _ASK),
            Route("POST", server, "operator", self._do_server, _DONE | {422}),
            Route("GET", table, "operator", self._ask_table, _ASK),
            Route("POST", table, "operator", self._do_table, _DONE),
        )

    # ---- hosts

    def _host(self, names: Names) -> Question:
        known("order", names["order"], STATES)
        snapshot = self._overview.recent()
        return of_host(snapshot, known("host", names["host"], {view.name: view for view in snapshot.hosts}), names["order"])

    def _ask_host(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return self._page(self._host(names), caller)

    def _do_host(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        question = self._host(names)
        self._actions.set_host(names["host"], STATES[names["order"]], caller.name)
        return self._back(question)

    # ---- servers

    def _server(self, names: Names) -> Question:
        known("order", names["order"], LABELS)
        server = self._actions.server(names["backend"], names["server"])
        return of_server(self._overview.recent(), self._overview.server(server), names["order"])

    def _ask_server(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return self._page(self._server(names), caller)

    def _do_server(self, asked: Asked, names: Names, caller: Caller) -> "Answer | Deferred[Answer]":
        question, order = self._server(names), names["order"]
        backend, name = names["backend"], names["server"]
        if order == "end-sessions":
            return self._actions.end_sessions(backend, name, caller.name).addCallback(lambda _count: self._back(question))
        if order == "weight":
            said = fields(asked).get("weight", "").strip()
            if not (said.isascii() and said.isdigit() and len(said) < 5 and int(said) <= MAX_WEIGHT):
                return self._page(question, caller, f"The weight is a whole number from 0 to {MAX_WEIGHT}.")
            self._actions.set_weight(backend, name, int(said), caller.name)
        else:
            self._actions.set_server(backend, name, STATES[order], caller.name)
        return self._back(question)

    # ---- tables

    def _table(self, names: Names) -> Question:
        tables = {view.name: view for view in self._overview.recent().tables}
        return of_table(known("table", names["table"], tables))

    def _ask_table(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return self._page(self._table(names), caller)

    def _do_table(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        question = self._table(names)
        self._actions.clear(names["table"], caller.name)
        return self._back(question)

    def _page(self, question: Question, caller: Caller, fault: str = "") -> Answer:
        snapshot = self._overview.recent()
        main = question_page(question, caller, fault)
        facts = facts_of_all(snapshot)
        return self._frame.page(question.title, snapshot.process, facts, caller, main, status=422 if fault else 200)

    def _back(self, question: Question) -> Answer:
        """It is done: whoever looks now sees it."""
        self._overview.forget()
        return Answer(303, b"", HTML, (("Location", question.back),))
