"""The site: everything that a configuration brings to life."""

from collections.abc import Mapping
from random import Random
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exproxy import pool
from exproxy.check.interfaces import IChecker
from exproxy.check.plan import Place
from exproxy.check.service import CheckService
from exproxy.config import model
from exproxy.net.interfaces import Network
from exproxy.net.resolver import NameWatch
from exproxy.process.descriptors import DescriptorLimitError, ensure, needed
from exproxy.proxy.accesslog.log import AccessLog
from exproxy.proxy.gate import Gate
from exproxy.site.checks import Plans
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts, written
from exproxy.site.logs import access_log
from exproxy.site.pools import Pools
from exproxy.site.sentences import Sentences
from exproxy.site.tls import TLSContexts
from exproxy.site.warnings import Warnings

HOUSEKEEPING = 1.0
"""Seconds between two rounds: slow starts grow, tables forget."""

RESERVE = 256
"""Descriptors beside those of sessions, listeners and checks: logs, the reactor, the pipes of long transfers (128), and the
administrator's way in."""

_log = Logger()


class Site:
    """:param reactor: the live reactor.

    :param network: makes its streams.
    :param checkers: the types of checks, by name.
    """

    def __init__(self, reactor: Any, network: Network, checkers: Mapping[str, IChecker]) -> None:
        self._reactor = reactor
        self._network = network
        self._checkers = checkers
        self._rng = Random()  # noqa: S311 - choices of servers and moments, no secrets
        self._configuration = model.Configuration(files=())
        self._gate = Gate(1)
        self._pools: Pools | None = None
        self._tls: TLSContexts | None = None
        self._fronts: Fronts | None = None
        self._checks: CheckService | None = None
        self._warnings = Warnings(())
        self._access: AccessLog | None = None
        self._names: list[NameWatch] = []
        self._housekeeping: IDelayedCall | None = None
        self._ending: Deferred[None] | None = None
        self._drain_over: IDelayedCall | None = None

    def apply(self, new: model.Configuration) -> None:
        """Build and bind all that ``new`` says; nobody is let in before :meth:`start`.

        :raises SiteError: something is not to be had; then nothing is held.
        """
        _ensure_descriptors(new)
        now = self._reactor.seconds()
        tls = TLSContexts(new.profiles, now)
        pools = Pools(new, now, self._rng, tls)
        access = access_log(self._reactor, new.service.log)
        gate = Gate(new.service.maxconn)
        fronts = Fronts(self._reactor, self._network, gate, pools.backends, access.log, tls)
        try:
            fronts.open(new.frontends)
        except SiteError:
            access.close()
            raise
        sentences = Sentences({name: backend.pool for name, backend in pools.backends.items()})
        for backend in pools.backends.values():
            backend.pool.subscribe(sentences.tell)
        self._checks = checks = CheckService(self._reactor, self._network, self._rng)
        self._warnings = Warnings(server for backend in pools.backends.values() for server in backend.pool.servers.values())
        plans = Plans(self._checkers)
        for backend_name, configured in new.backends.items():
            servers = pools.backends[backend_name].pool.servers
            for server in configured.servers:
                wanted = plans.of(server, configured.source), plans.agent_of(server, configured.source)
                checks.add(servers[server.name], *wanted)
        self._names = [self._watch(name, every, _Named(server, self._reactor)) for server, name, every in pools.named]
        self._names += [self._watch(name, every, _Moved(place)) for place, name, every in plans.named]
        self._tls = tls
        self._configuration, self._gate, self._pools, self._fronts, self._access = new, gate, pools, fronts, access

    def start(self) -> None:
        """Look names up, check the servers, let clients in."""
        if self._fronts is None or self._checks is None:
            raise RuntimeError("apply a configuration first")
        for name in self._names:
            name.start()
        self._checks.start()
        self._fronts.start()
        self._housekeeping = self._reactor.callLater(HOUSEKEEPING, self._keep_house)
        for frontend in self._fronts.frontends.values():
            addresses = ", ".join(written(*listener.address) for listener in frontend.listeners)
            _log.info("{frontend} listens on {addresses}", frontend=frontend.name, addresses=addresses)

    def stop(self) -> "Deferred[None]":
        """Let nobody in any more, give live sessions ``timeouts.drain``, then end; fires when all is over."""
        if self._ending is None:
            self._ending = Deferred()
            if self._fronts is not None:
                self._fronts.close()
            seconds = max((frontend.timeouts.drain for frontend in self._configuration.frontends.values()), default=0.0)
            if self._gate.taken:
                count = "1 session has" if self._gate.taken == 1 else f"{self._gate.taken} sessions have"
                _log.info("draining: {count} {seconds:g} s to end", count=count, seconds=seconds)
                self._drain_over = self._reactor.callLater(seconds, self.hurry)
            self._gate.when_empty(self._end)
        return self._ending

    def hurry(self) -> None:
        """End the sessions that still live."""
        if self._fronts is not None:
            for frontend in self._fronts.frontends.values():
                for session in tuple(frontend.sessions):
                    session.kill("K")

    def reopen_logs(self) -> None:
        """After log files were renamed (SIGUSR1)."""
        if self._access is not None:
            self._access.reopen()

    def _watch(self, name: str, every: float, whose: "_Named | _Moved") -> NameWatch:
        return NameWatch(self._reactor, self._reactor.nameResolver, name, every, whose.found, whose.missed)

    def _keep_house(self) -> None:
        self._housekeeping = self._reactor.callLater(HOUSEKEEPING, self._keep_house)
        now = self._reactor.seconds()
        if self._pools is not None:
            for backend in self._pools.backends.values():
                backend.pool.tick(now)
            for group in self._pools.groups.values():
                group.table.expire(now)
        if self._tls is not None:
            self._tls.look(now)
        self._warnings.look(now)

    def _end(self) -> None:
        for call in (self._housekeeping, self._drain_over):
            if call is not None and call.active():
                call.cancel()
        for name in self._names:
            name.stop()
        if self._checks is not None:
            self._checks.stop()
        if self._access is not None:
            self._access.close()
        self._network.deadlines.stop()
        ending = self._ending
        if ending is not None and not ending.called:
            ending.callback(None)


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


def _ensure_descriptors(new: model.Configuration) -> None:
    listeners = sum(bind.last_port - bind.first_port + 1 for frontend in new.frontends.values() for bind in frontend.binds)
    servers = [server for backend in new.backends.values() for server in backend.servers]
    checks = sum(len(server.checks) for server in servers)
    try:
        ensure(needed(new.service.maxconn, listeners, len(servers), checks, RESERVE))
    except DescriptorLimitError as error:
        raise SiteError([f"service.maxconn: {error}"]) from error
