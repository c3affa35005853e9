"""What finds out how servers are: checks, agents and DNS; and the sentences about it."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy import pool
from exproxy.check.interfaces import IChecker
from exproxy.check.plan import Place
from exproxy.check.service import CheckService, Run
from exproxy.config import model
from exproxy.net.certificate import PeerCertificate
from exproxy.net.interfaces import Network
from exproxy.net.resolver import NameWatch
from exproxy.net.tls.certificates import Identity
from exproxy.site.checks import Plans
from exproxy.site.pools import Pools
from exproxy.site.sentences import Sentences
from exproxy.site.tls import TLSContexts
from exproxy.site.warnings import Warnings

EVERY = 1.0
"""Seconds between two looks for warnings."""


class Watching:
    """:param pools: what is watched.

    :param tls: has the certificates that clients see, to compare the servers' with.
    """

    def __init__(
        self,
        reactor: Any,
        network: Network,
        rng: Random,
        checkers: Mapping[str, IChecker],
        configuration: model.Configuration,
        pools: Pools,
        tls: TLSContexts,
    ) -> None:
        self._reactor = reactor
        self._checkers = checkers
        self._checks = CheckService(reactor, network, rng)
        self._watched: dict[pool.Server, _Watched] = {}
        self._running = False
        self._call: IDelayedCall | None = None
        pools.subscribe(Sentences(pools.find).tell)
        self._warnings = Warnings(())
        self.reconfigure(configuration, pools, tls)

    def reconfigure(self, configuration: model.Configuration, pools: Pools, tls: TLSContexts) -> None:
        """Watch what ``configuration`` says; what is watched in the same way goes on, with its moments and what it has found.

        :param pools: which are of that configuration by now.
        """
        self._tls = tls
        self._fronts = {
            name: tuple(dict.fromkeys(bind.tls for bind in frontend.binds if bind.tls is not None))
            for name, frontend in configuration.frontends.items()
        }
        before, self._watched = self._watched, {}
        named = {server: (name, every) for server, name, every in pools.named}
        for backend in configuration.backends.values():
            servers = pools.backends[backend.name].pool.servers
            for said in backend.servers:
                server = servers[said.name]
                asked = _asked(said, backend.source, tls)
                known = before.get(server)
                if known is not None and known.asked == asked:
                    self._watched[server] = before.pop(server)
                else:
                    self._leave(server, before.pop(server, None))
                    self._watched[server] = self._begin(server, said, backend.source, asked, named.get(server))
        for server, watched in before.items():
            self._leave(server, watched)
        self._warnings.follow(self._watched)

    def _begin(
        self, server: pool.Server, said: model.Server, source: str | None, asked: object, named: tuple[str, float] | None
    ) -> "_Watched":
        plans = Plans(self._checkers, self._tls)
        self._checks.add(server, plans.of(said, source), plans.agent_of(said, source), plans.port_of(said, source))
        names = [self._watch(name, every, _Moved(place)) for place, name, every in plans.named]
        if named is not None:
            names.append(self._watch(*named, _Named(server, self._reactor)))
        if self._running:
            for name in names:
                name.start()
        return _Watched(asked, names)

    def _leave(self, server: pool.Server, watched: "_Watched | None") -> None:
        if watched is not None:
            self._checks.remove(server)
            for name in watched.names:
                name.stop()

    def start(self) -> None:
        """Look names up, check the servers."""
        self._running = True
        for watched in self._watched.values():
            for name in watched.names:
                name.start()
        self._checks.start()
        self._call = self._reactor.callLater(EVERY, self._look)

    def stop(self) -> None:
        """Leave it."""
        self._running = False
        for watched in self._watched.values():
            for name in watched.names:
                name.stop()
        self._checks.stop()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def certificates(self, server: pool.Server) -> dict[str, PeerCertificate]:
        """What a server has shown to its checks last, by their names."""
        reports = self._checks.reports(server).items()
        return {name: report.certificate for name, report in reports if report.certificate is not None}

    def own_certificates(self, frontend: str) -> list[Identity]:
        """What clients of a front end are shown, each once."""
        return list({id(one): one for tls in self._fronts.get(frontend, ()) for one in self._tls.identities(tls)}.values())

    def runs(self, server: pool.Server) -> Sequence[Run]:
        """How what a server is asked ended the last time."""
        return self._checks.runs(server)

    def _look(self) -> None:
        self._call = self._reactor.callLater(EVERY, self._look)
        self._warnings.look(self._reactor.seconds())

    def _watch(self, name: str, every: float, whose: "_Named | _Moved") -> NameWatch:
        return NameWatch(self._reactor, self._reactor.nameResolver, name, every, whose.found, whose.missed)


@attrs.frozen(eq=False)
class _Watched:
    """How a server is watched: ``asked`` is all that this was made of."""

    asked: object
    names: list[NameWatch]


def _asked(said: model.Server, source: str | None, tls: TLSContexts) -> object:
    """What of a server's configuration is about watching it; and the certificates of clients that its own are compared with."""
    shown = [tls.shown(check.tls.fronts).fronts for check in said.checks if check.tls is not None]
    return said.address, said.port, said.resolve, said.checks, said.agent, said.mapping, source, shown


@attrs.frozen
class _Named:
    """A server that is configured by a name."""

    server: pool.Server
    clock: IReactorTime

    def found(self, address: str) -> None:
        self.server.resolved(address, self.clock.seconds())

    def missed(self, why: str) -> None:
        self.server.resolve_failed(why, self.clock.seconds())


@attrs.frozen
class _Moved:
    """A check's own address that is configured by a name."""

    place: Place

    def found(self, address: str) -> None:
        self.place.address = address

    def missed(self, why: str) -> None:
        """The check itself says that the name is not known."""
