"""The administrator's way in, as the configuration has it."""

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from exproxy import __version__
from exproxy.admin.actions import Actions
from exproxy.admin.api import Api
from exproxy.admin.application import Application
from exproxy.admin.door import Door
from exproxy.admin.entrance import Entrance
from exproxy.admin.events import Events
from exproxy.admin.haproxy.crossroads import Crossroads
from exproxy.admin.haproxy.runtime import Runtime
from exproxy.admin.haproxy.speaker import Speakers
from exproxy.admin.logins import Account, Logins
from exproxy.admin.overview import Overview
from exproxy.admin.page.facts import facts_now
from exproxy.admin.page.routes import Pages
from exproxy.admin.pieces import Pieces
from exproxy.admin.ports import bind
from exproxy.admin.reloading import Reload
from exproxy.admin.secure import Secured
from exproxy.admin.sources import FrontendFacts, Things
from exproxy.admin.summary import summary
from exproxy.admin.views import ProcessView
from exproxy.config import model
from exproxy.config.addresses import joined
from exproxy.config.passwords import parse
from exproxy.net.listening import adopt
from exproxy.site.admintls import AdminTLS
from exproxy.site.errors import SiteError
from exproxy.site.facts import routes, told
from exproxy.site.fronts import Fronts
from exproxy.site.numbers import OwnNumbers, WorkersNumbers
from exproxy.site.pools import Pools
from exproxy.site.ways import TokenPort, TokenWay, UnixWay

SAMPLE = 1.0
"""Seconds between two looks at how many sessions there have been."""

Opened = tuple[IListeningPort | TokenPort, Door | Crossroads]
"""A port, and who answers there."""

_log = Logger()


class AdminPorts:
    """The way in of [admin], before anybody answers there; nothing without one.

    :raises SiteError: it is not to be had; then nothing is held.
    """

    def __init__(self, configuration: model.Configuration, now: float) -> None:
        admin = configuration.admin
        self.bound: socket.socket | None = None
        self.path = None if admin is None else admin.socket
        self._address = "" if admin is None or admin.address is None else joined(*admin.address)
        self._tls = AdminTLS(configuration, now)
        self._network: tuple[Door, Secured | None] | None = None
        self._way: UnixWay | TokenWay | None = None
        try:
            if self.path is not None:
                self._way = UnixWay(self.path) if hasattr(socket, "AF_UNIX") else TokenWay(self.path)
        except OSError as error:
            raise SiteError([f"admin.socket: cannot listen at {self.path}: {error.strerror}"]) from error
        try:
            if admin is not None and admin.address is not None:
                self.bound = bind(admin.address)
        except OSError as error:
            self.close()
            raise SiteError([f"admin.listen: cannot listen on {self._address}: {error.strerror}"]) from error

    def start(self, reactor: Any, application: Application, runtime: Runtime) -> "list[Opened]":
        """Answer there from now on; at the socket to HAProxy's commands too."""
        started: list[Opened] = []
        if self.bound is not None:
            door = Door(reactor, application, self._tls.hsts)
            secured = None if self._tls.server is None else Secured(door, self._tls.server, reactor)
            self._network = door, secured
            port = adopt(reactor, self.bound, secured or door)
            door.paced(port)
            started.append((port, door))
            self.bound.close()  # the reactor has one of its own
            self.bound = None
            scheme = "http" if secured is None else "https"
            _log.info("administrators come in by {scheme}://{address}", scheme=scheme, address=self._address)
        if self._way is not None:
            crossroads = Crossroads(reactor, Door(reactor, application), Speakers(reactor, runtime))
            try:
                started.append((self._way.start(reactor, crossroads), crossroads))
            except CannotListenError as error:
                _log.error("admin.socket: cannot listen at {path}: {error}", path=self.path, error=error.socketError)
            except OSError as error:
                _log.error("admin.socket: {path} cannot be written: {error}", path=self.path, error=error.strerror)
            else:
                _log.info("administrators come in by {path}", path=self.path)
        return started

    def look(self, now: float) -> None:
        """Use certificates that have been renewed, and tell of those that run out; about once a second."""
        self._tls.look(now)

    def prepare(self, new: model.Configuration, now: float) -> AdminTLS:
        """What will be spoken from :meth:`commit` on.

        :raises SiteError: it cannot be.
        """
        return AdminTLS(new, now, self._tls)

    def commit(self, tls: AdminTLS) -> None:
        """Who comes from now on is spoken to like that."""
        tls.begin()
        self._tls = tls
        if self._network is not None:
            door, secured = self._network
            door.hsts = tls.hsts
            if secured is not None and tls.server is not None:
                secured.tls = tls.server

    def close(self) -> None:
        """Let go what is held."""
        if self.bound is not None:
            self.bound.close()
            self.bound = None
        if self._way is not None:
            self._way.close()


class Administration:
    """Answers at ``ports`` from :meth:`start` on.

    :param reload: has the configuration read anew.
    """

    def __init__(
        self,
        reactor: Any,
        ports: AdminPorts,
        admin: model.Admin | None,
        things: Things,
        numbers: OwnNumbers | WorkersNumbers,
        reload: Reload,
    ) -> None:
        self._reactor = reactor
        self._ports = ports
        self._numbers = numbers
        self._things = things
        self._started = reactor.seconds()
        self._draining = False
        self._closed: list[Deferred[object]] = []
        self._call: IDelayedCall | None = None
        self._listening: list[Opened] = []
        self._overview = Overview(reactor, things, numbers, self._process)
        actions = Actions(reactor, things, numbers, reload)
        pieces = Pieces(reactor)
        self._events = Events(reactor, lambda: pieces.do(facts_now(self._overview, actions.audit)))
        self._api = Api(self._overview, actions, pieces)
        self._runtime = Runtime(reactor, things, numbers, self._overview, actions)
        self._pages = Pages(reactor, self._overview, actions, self._events, pieces)
        self._logins = Logins(reactor, _accounts(admin), self._in_thread)

    def start(self) -> None:
        """Answer."""
        routes = (*self._api.routes(), *self._pages.routes(), *Entrance(self._logins).routes(), *self._runtime.routes())
        self._listening = self._ports.start(self._reactor, Application(self._reactor, routes, self._logins), self._runtime)
        if self._listening:
            self._sample()

    def summary(self) -> str:
        """What is going on, in a sentence."""
        return summary(self._overview.recent())

    def change(self, fresh: Things) -> None:
        """The configuration has changed, or what was in one is no more."""
        self._overview.change(fresh)
        self._runtime.change()

    def prepare(self, new: model.Configuration, now: float) -> AdminTLS:
        """For a configuration of which nothing needs a restart (:mod:`exproxy.site.changes`): what :meth:`commit` will use.

        :raises SiteError: a file of its [admin] cannot be used.
        """
        return self._ports.prepare(new, now)

    def commit(self, new: model.Configuration, tls: AdminTLS) -> None:
        """Let others in: who is no user any more, or has another password, is logged out."""
        self._ports.commit(tls)
        if self._logins.change(_accounts(new.admin)):
            self._events.close()  # who listens asks again, and has to be somebody who may

    def drain(self) -> None:
        """The process ends: let go of the ways in at once, since the next process wants them; who is inside may stay."""
        if not self._draining:
            self._draining = True
            self._closed = [maybeDeferred(port.stopListening) for port, _ in self._listening]

    def stop(self) -> "Deferred[None]":
        """Answer nobody any more; fires when nothing is left of it, the socket's file neither."""
        self.drain()
        self._events.close()
        for _, door in self._listening:
            door.close()
        self._listening.clear()
        self._ports.close()
        if self._call is not None:
            self._call.cancel()
            self._call = None
        return gatherResults(self._closed).addCallback(_nothing)

    def _sample(self) -> None:
        self._call = self._reactor.callLater(SAMPLE, self._sample)
        self._overview.sample()
        self._runtime.sample()
        self._ports.look(self._reactor.seconds())

    def _process(self, sessions: int) -> ProcessView:
        return ProcessView(
            version=__version__,
            pid=os.getpid(),
            started=self._started,
            draining=self._draining,
            sessions=sessions,
            maxconn=self._things.maxconn,
            workers=tuple(self._numbers.workers()),
        )

    def _in_thread(self, call: Callable[[], bool]) -> "Deferred[bool]":
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), call)


def _accounts(admin: model.Admin | None) -> dict[str, Account]:
    users = () if admin is None else admin.users
    return {user.name: Account(parse(user.password), user.role) for user in users}


def things(configuration: model.Configuration, pools: Pools, fronts: Fronts) -> Things:
    """All that there is, for who looks."""
    addresses = {name: _addresses(name, fronts) for name in configuration.frontends}
    facts = {name: _facts(frontend, addresses) for name, frontend in configuration.frontends.items()}
    # one that was taken out has sessions, and nothing else
    past = {name: FrontendFacts(name, "leaving", (), None, (), default=False) for name in fronts.frontends if name not in facts}
    return Things(
        frontends=facts | past,
        backends={name: backend.pool for name, backend in pools.backends.items()},
        hosts=pools.hosts,
        groups=pools.groups,
        maxconn=configuration.service.maxconn,
    )


def _nothing(results: object) -> None:
    pass


def _addresses(name: str, fronts: Fronts) -> tuple[str, ...]:
    return tuple(joined(*each.address) for each in fronts.listeners if each.frontend.name == name)


def _facts(frontend: model.Frontend, addresses: Mapping[str, tuple[str, ...]]) -> FrontendFacts:
    backends = dict.fromkeys(name for name in _behind(frontend) if name is not None)
    return FrontendFacts(
        frontend.name,
        frontend.mode,
        addresses[frontend.name],
        frontend.maxconn,
        tuple(backends),
        frontend.backend is not None,
        routes(frontend),
        told(frontend, addresses),
    )


def _behind(frontend: model.Frontend) -> Iterable[str | None]:
    yield frontend.backend
    yield from (route.backend for route in frontend.routes)
    if frontend.web is not None:
        yield from (route.backend for route in frontend.web.routes)
