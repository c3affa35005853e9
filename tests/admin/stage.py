"""A small site for administrators: two hosts behind two back ends, as one process has them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.admin.actions import Actions
from exproxy.admin.answers import Answer, Asked
from exproxy.admin.api import Api
from exproxy.admin.application import Application
from exproxy.admin.callers import Role
from exproxy.admin.entrance import Entrance
from exproxy.admin.events import Events
from exproxy.admin.logins import Account, Logins
from exproxy.admin.overview import Overview
from exproxy.admin.page.facts import Facts, facts_now
from exproxy.admin.page.routes import Pages
from exproxy.admin.pieces import Pieces, at_once
from exproxy.admin.sources import FrontendFacts, Place, Some, Things
from exproxy.admin.views import DialogueView, MapView, ProcessView, RouteView, SessionView, WorkerView
from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.certificates import Identity
from tests.pool.support import CHECK, heal, make_backend, make_server

ROUTES = (RouteView("path /ews", "smtp", ""), RouteView("path =/", None, "302 to /owa"))
MAP = (MapView("emsmdb", "ncacn_ip_tcp", "mail", ("192.0.2.9:25",)),)
EXPIRY = datetime(2030, 1, 1, tzinfo=UTC)


@frozen
class Numbers:
    sessions: int = 0
    total: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    queued: int = 0
    refused: int = 0
    bad_prefaces: int = 0
    bad_handshakes: int = 0
    left_early: int = 0
    broken: int = 0
    bad_requests: int = 0
    denied: int = 0
    limited: int = 0
    fault: str = ""
    limit: str = ""
    early_talkers: int = 0
    passed_over: int = 0
    refused_logins: int = 0
    mapped: int = 0
    hidden: int = 0
    refused_calls: int = 0


@frozen
class Password:
    """That of everybody here."""

    word: str = "secret"

    def matches(self, password: str) -> bool:
        return password == self.word


class FakeSources:
    """Counts what the pool has, and what a test says."""

    def __init__(self) -> None:
        self.front = Numbers()
        self.behind = Numbers()
        self.working: Sequence[WorkerView] = ()
        self.shown: Mapping[str, PeerCertificate] = {}
        self.ended: list[str] = []
        self.groups: dict[str, pool.Group] = {}
        self.own: Sequence[Identity] = ()
        self.live = [
            SessionView(f"a{number}", f"192.0.2.{number}:1", "mail", (f"smtp/ex{number}",), 1.5, 2, 3) for number in (1, 2)
        ]

    def server(self, server: pool.Server) -> Numbers:
        return Numbers(
            server.sessions, server.total, server.failed_connects, server.bytes_in, server.bytes_out, queued=self.behind.queued
        )

    def backend(self, name: str) -> Numbers:
        return self.behind

    def frontend(self, name: str) -> Numbers:
        return self.front

    def workers(self) -> Sequence[WorkerView]:
        return self.working

    def certificates(self, server: pool.Server) -> Mapping[str, PeerCertificate]:
        return self.shown

    def sessions(self, server: str, most: int, frontend: str = "", client: str = "") -> "Deferred[list[SessionView]]":
        wanted = [one for one in self.live if server in ("", *one.servers) and frontend in ("", one.frontend)]
        return succeed([one for one in wanted if one.client.startswith(client)][:most])

    def sessions_after(self, place: Place) -> "Deferred[Some]":
        """One after the other."""
        number = place[2]
        found = self.live[number : number + 1]
        return succeed(Some(found, (0, "mail", number + 1) if found else None))

    def end_session(self, session: str) -> "Deferred[list[SessionView]]":
        return succeed([one for one in self.live if one.id == session])

    def own_certificates(self, frontend: str) -> Sequence[Identity]:
        return self.own

    def dialogues(self, server: pool.Server) -> Sequence[DialogueView]:
        lines = ("--- connected to 10.0.0.1:25", "<<< 554 No")
        return [DialogueView("check", "smtp", "L7STS", f"SMTP of {server.name} said 554 No", 1000.0, 0.25, lines)]

    def clear(self, table: str, key: bytes | None) -> int:
        return self.groups[table].clear(1000.0, key)

    def end_sessions(self, server: pool.Server) -> "Deferred[int]":
        self.ended.append(server.full_name)
        return succeed(3)


class AdminStage(SynchronousTestCase):
    """Back ends ``smtp`` (with a table) and ``web``, each with ``ex1`` and ``ex2``, all up; front ends ``mail`` and ``site``."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.hosts = {name: pool.Host(name, "10.0.0.1") for name in ("ex1", "ex2")}
        self.groups = {"smtp": pool.Group(pool.Table("smtp", expire=60.0, size=5))}
        self.backends = {}
        for name, group in (("smtp", self.groups["smtp"]), ("web", None)):
            servers = [make_server(host.name, host, checks=[CHECK]) for host in self.hosts.values()]
            self.backends[name] = make_backend(*servers, name=name, group=group)
        self.sources = FakeSources()
        self.sources.groups = self.groups
        fronts = {
            "mail": FrontendFacts("mail", "tcp", ("192.0.2.9:25",), 50, ("smtp",), True),
            "site": FrontendFacts("site", "http", ("192.0.2.9:443",), None, ("web", "smtp"), True, ROUTES, MAP),
        }
        self.things = Things(fronts, self.backends, self.hosts, self.groups, 100)
        self.process = ProcessView("1.0", 7, 990.0, False, 0, 100, ())
        self.overview = Overview(self.clock, self.things, self.sources, self.seen)
        self.reloads: list[Deferred[Sequence[str]]] = []
        self.actions = Actions(self.clock, self.things, self.sources, lambda: self.reloads.pop(0))
        self.pieces = Pieces(self.clock)
        self.api = Api(self.overview, self.actions, self.pieces)
        self.events = Events(self.clock, lambda: self.pieces.do(facts_now(self.overview, self.actions.audit)))
        self.pages = Pages(self.clock, self.overview, self.actions, self.events, self.pieces)
        for backend in self.backends.values():
            for server in backend.servers.values():
                heal(server, self.clock.seconds())

    def seen(self, sessions: int) -> ProcessView:
        return evolve(self.process, sessions=sessions, workers=tuple(self.sources.working))

    def facts(self) -> Facts:
        return at_once(facts_now(self.overview, self.actions.audit))

    def server(self, name: str) -> pool.Server:
        backend, _, word = name.partition("/")
        return self.backends[backend].servers[word]

    def application(self, logins: Logins | None = None) -> Application:
        """:param logins: none: there are no users."""
        logins = logins or self.logins()
        return Application(self.clock, (*self.api.routes(), *self.pages.routes(), *Entrance(logins).routes()), logins)

    def logins(self, **roles: Role) -> Logins:
        """Users of these names, each with the password "secret"."""
        accounts = {name: Account(Password(), role) for name, role in roles.items()}
        return Logins(self.clock, accounts, lambda call: succeed(call()))

    def ask(self, application: Application, method: str, path: str, order: object = None, **rest: Any) -> Answer:
        values: dict[str, Any] = {"user": "uid 0"}
        if order is not None:
            values |= {"body": json.dumps(order).encode(), "kind": "application/json"}
        asked = Asked(method, tuple(path.strip("/").split("/")), **(values | rest))
        answered = application.answer(asked)
        self.clock.advance(0)
        answer: Answer = self.successResultOf(answered)
        return answer

    def hear(self) -> list[str]:
        """What is logged from now on, as people read it."""
        heard: list[str] = []

        def observe(event: dict[str, Any]) -> None:
            heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return heard


def certificate() -> PeerCertificate:
    return PeerCertificate("CN=ex1", "CN=ca", ("ex1",), datetime(2020, 1, 1, tzinfo=UTC), EXPIRY)
