"""The API: each route with what is done for it."""

from collections.abc import Sequence
from importlib.resources import files
from ipaddress import ip_address
from typing import TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from exproxy.admin import orders, readiness
from exproxy.admin.actions import Actions
from exproxy.admin.answers import Answer, Asked, RefusedError, told
from exproxy.admin.callers import Caller
from exproxy.admin.entries import read_key
from exproxy.admin.metrics import Metrics
from exproxy.admin.nearest import known
from exproxy.admin.overview import MOST, Overview
from exproxy.admin.pieces import Pieces, Work
from exproxy.admin.plain import plain_by_pieces
from exproxy.admin.reloading import NotReloadedError
from exproxy.admin.routes import Names, Route
from exproxy.net.certificate import is_address

API = "/api/v1"
_LOOK = frozenset({200})
_NAMED = _LOOK | {404}
_ORDER = _NAMED | {400, 413, 415, 422}
_SERVER = API + "/backends/{backend}/servers/{server}"

AT_ONCE = 8
"""Of what is made in pieces, for one user over the network: each has a snapshot of its own, and is paid for when it is done."""

T = TypeVar("T")


class Api:
    """:param overview: what is seen; ``actions``: what is done."""

    def __init__(self, overview: Overview, actions: Actions, pieces: Pieces) -> None:
        self._overview = overview
        self._actions = actions
        self._pieces = pieces
        self._made_for: list[str] = []
        """Whom something is being made for, as often as that is; he may have left."""
        self._metrics = Metrics(overview.snapshot)
        self._description = files("exproxy.admin").joinpath("openapi.json").read_bytes()

    def routes(self) -> tuple[Route, ...]:
        """All there are."""
        return (
            Route("GET", "/healthz", "nothing", self._health, _LOOK),
            Route("GET", "/readyz", "nothing", self._ready, _LOOK | {503}),
            Route("GET", "/metrics", "viewer", self._prometheus, _LOOK),
            Route("GET", API + "/openapi.json", "viewer", self._describe, _LOOK),
            Route("GET", API + "/status", "viewer", self._status, _LOOK),
            Route("GET", API + "/frontends", "viewer", self._frontends, _LOOK),
            Route("GET", API + "/frontends/{frontend}", "viewer", self._frontend, _NAMED),
            Route("GET", API + "/backends", "viewer", self._backends, _LOOK),
            Route("GET", API + "/backends/{backend}", "viewer", self._backend, _NAMED),
            Route("GET", _SERVER, "viewer", self._server, _NAMED),
            Route("GET", _SERVER + "/dialogues", "viewer", self._dialogues, _NAMED),
            Route("PUT", _SERVER + "/state", "operator", self._set_server, _ORDER),
            Route("PUT", _SERVER + "/weight", "operator", self._set_weight, _ORDER),
            Route("POST", _SERVER + "/end-sessions", "operator", self._end_sessions, _ORDER),
            Route("GET", API + "/hosts", "viewer", self._hosts, _LOOK),
            Route("GET", API + "/hosts/{host}", "viewer", self._host, _NAMED),
            Route("PUT", API + "/hosts/{host}/state", "operator", self._set_host, _ORDER),
            Route("GET", API + "/sessions", "viewer", self._sessions, _NAMED | {422}),
            Route("POST", API + "/sessions/{session}/end", "operator", self._end_session, _ORDER),
            Route("GET", API + "/series", "viewer", self._series, _NAMED | {422}),
            Route("GET", API + "/audit", "viewer", self._audit, _LOOK),
            Route("GET", API + "/tables", "viewer", self._tables, _LOOK),
            Route("GET", API + "/tables/{table}", "viewer", self._table, _NAMED | {422}),
            Route("POST", API + "/tables/{table}/clear", "operator", self._clear, _ORDER),
            Route("POST", API + "/reload", "operator", self._reload, _ORDER - {404}),
        )

    # ---- looking

    def _health(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return readiness.health()

    def _ready(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return readiness.readiness(self._overview.recent())

    def _prometheus(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        return self._by_pieces(self._metrics.answer(), asked, caller)

    def _describe(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return Answer(200, self._description)

    def _status(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        return self._by_pieces(self._whole(), asked, caller)

    def _whole(self) -> Work[Answer]:
        return told((yield from plain_by_pieces(self._overview.snapshot(), 2)))

    def _frontends(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.snapshot().frontends)

    def _frontend(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        all_of_them = {view.name: view for view in self._overview.snapshot().frontends}
        return told(known("front end", names["frontend"], all_of_them))

    def _backends(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.snapshot().backends)

    def _backend(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.backend(self._actions.backend(names["backend"])))

    def _server(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.server(self._actions.server(names["backend"], names["server"])))

    def _dialogues(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.dialogues(self._actions.server(names["backend"], names["server"])))

    def _hosts(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.snapshot().hosts)

    def _host(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(known("host", names["host"], {view.name: view for view in self._overview.snapshot().hosts}))

    def _sessions(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        wanted = asked.query.get("server", "")
        backend, _, name = wanted.partition("/")
        server = self._actions.server(backend, name) if wanted else None
        frontend, client = asked.query.get("frontend", ""), asked.query.get("client", "")
        if frontend:
            self._actions.frontend(frontend)
        if client and not is_address(client):
            raise RefusedError(422, f'client is an IP address without a port, which "{client[:100]}" is not')
        client = str(ip_address(client)) if client else ""
        return self._overview.sessions(server, _limit(asked), frontend, client).addCallback(told)

    def _series(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        kind, _, name = asked.query.get("of", "").partition("/")
        if kind == "frontend":
            known("front end", name, {view.name: view for view in self._overview.recent().frontends})
        elif kind == "backend":
            self._actions.backend(name)
        elif kind == "server":
            backend, _, server = name.partition("/")
            self._actions.server(backend, server)
        elif kind:
            raise RefusedError(
                422, "of is frontend/NAME, backend/NAME or server/BACKEND/NAME, or is not there: then all is meant"
            )
        return told(self._overview.series(f"{kind} {name}".strip()))

    def _audit(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._actions.audit.last())

    def _tables(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(self._overview.snapshot().tables)

    def _table(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        group = self._actions.group(names["table"])
        said = asked.query.get("key", "")
        return told(self._overview.entries(group, _limit(asked), read_key(group.table, said) if said else None))

    # ---- doing

    def _set_host(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        self._actions.host(names["host"])
        self._actions.set_host(names["host"], orders.state(asked), caller.name)
        return self._host(asked, names, caller)

    def _set_server(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        self._actions.server(names["backend"], names["server"])
        self._actions.set_server(names["backend"], names["server"], orders.state(asked), caller.name)
        return self._server(asked, names, caller)

    def _set_weight(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        self._actions.server(names["backend"], names["server"])
        self._actions.set_weight(names["backend"], names["server"], orders.weight(asked), caller.name)
        return self._server(asked, names, caller)

    def _end_sessions(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        self._actions.server(names["backend"], names["server"])
        orders.read(asked, ())
        told_to = self._actions.end_sessions(names["backend"], names["server"], caller.name)
        return told_to.addCallback(lambda count: told({"ended": count}))

    def _end_session(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        orders.read(asked, ())

        def ended(known: bool) -> Answer:
            if not known:
                raise RefusedError(404, f'there is no session "{names["session"][:100]}": it may have ended by itself')
            return told({"ended": 1})

        return self._actions.end_session(names["session"], caller.name).addCallback(ended)

    def _reload(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        orders.read(asked, ())
        return self._actions.reload(caller.name).addCallbacks(_applied, _not_applied)

    def _clear(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        key = orders.key(asked, self._actions.group(names["table"]).table)
        return told({"cleared": self._actions.clear(names["table"], caller.name, key)})

    def _by_pieces(self, work: Work[Answer], asked: Asked, caller: Caller) -> "Deferred[Answer]":
        def ended(result: T) -> T:
            self._made_for.remove(caller.name)
            return result

        if asked.user is None and self._made_for.count(caller.name) >= AT_ONCE:
            raise RefusedError(429, f"{AT_ONCE} such answers are being made for you: wait for them", (("Retry-After", "1"),))
        self._made_for.append(caller.name)
        made = self._pieces.do(work)
        made.addBoth(ended)
        return made.addCallback(lambda done: evolve(done.value, took=done.took))


def _applied(changes: Sequence[str]) -> Answer:
    return told({"applied": True, "changes": list(changes)})


def _not_applied(failure: Failure) -> Answer:
    error = failure.value
    if not isinstance(error, NotReloadedError):
        raise error or RuntimeError("a failure without an error")
    text = "the configuration was not read anew, and all is as it was"
    return told({"applied": False, "error": text, "problems": list(error.problems)}, 422)


def _limit(asked: Asked) -> int:
    limit = asked.query.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 9 and int(limit) <= MOST):
        raise RefusedError(422, f"limit is a whole number from 0 to {MOST}")
    return int(limit)
