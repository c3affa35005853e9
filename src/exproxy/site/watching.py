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
        self._tls = tls
        self._fronts = {
            name: tuple(dict.fromkeys(bind.tls for bind in frontend.binds if bind.tls is not None))
            for name, frontend in configuration.frontends.items()
        }
        sentences = Sentences({name: backend.pool for name, backend in pools.backends.items()})
        for backend in pools.backends.values():
            backend.pool.subscribe(sentences.tell)
        self._checks = CheckService(reactor, network, rng)
        plans = Plans(checkers, tls)
        for backend_name, configured in configuration.backends.items():
            servers = pools.backends[backend_name].pool.servers
            for server in configured.servers:
                source = configured.source
                wanted = plans.of(server, source), plans.agent_of(server, source), plans.port_of(server, source)
                self._checks.add(servers[server.name], *wanted)
        self._warnings = Warnings(server for backend in pools.backends.values() for server in backend.pool.servers.values())
        self._call: IDelayedCall | None = None
        self._names = [self._watch(name, every, _Named(server, reactor)) for server, name, every in pools.named]
        self._names += [self._watch(name, every, _Moved(place)) for place, name, every in plans.named]

    def start(self) -> None:
        """Look names up, check the servers."""
        for name in self._names:
            name.start()
        self._checks.start()
        self._call = self._reactor.callLater(EVERY, self._look)

    def stop(self) -> None:
        """Leave it."""
        for name in self._names:
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
