"""The site: everything that a configuration brings to life, in one process."""

import time
from collections.abc import Mapping
from random import Random
from typing import Any

import attrs
from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from exproxy.check.interfaces import IChecker
from exproxy.config import model
from exproxy.config.addresses import joined
from exproxy.net.interfaces import Network
from exproxy.process.descriptors import DescriptorLimitError, ensure, needed
from exproxy.site.administration import Administration, AdminPorts, things
from exproxy.site.changes import changes, restarts
from exproxy.site.clientfaults import ClientFaults, counts_of
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts
from exproxy.site.keeping import Keeping
from exproxy.site.notifying import Notifying
from exproxy.site.numbers import OwnNumbers
from exproxy.site.persistence import make_secret
from exproxy.site.pools import Pools
from exproxy.site.reloading import Reloading
from exproxy.site.reminders import Reminders
from exproxy.site.serving import Serving
from exproxy.site.tls import LOOK, TLSContexts
from exproxy.site.watching import Watching

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
        self._secret = make_secret()
        self._live: _Live | None = None
        self._reminding: IDelayedCall | None = None
        self.reloading = Reloading(self.apply)

    def apply(self, new: model.Configuration) -> tuple[str, ...]:
        """Have all that ``new`` says.

        The first one is built and bound, and nobody is let in before :meth:`start`.  A later one takes the place of what is
        there: what is equal stays, and nobody is refused or loses a session; those of what is no more go on until they end.

        :returns: what has changed, a sentence part each.
        :raises SiteError: something is not to be had; then nothing is held, or all is as it was.
        """
        if self._live is None:
            self._live = self._build(new)
            return ()
        return self._change(self._live, new)

    def _build(self, new: model.Configuration) -> "_Live":
        ensure_descriptors(new)
        now = self._reactor.seconds()
        keeping = Keeping(self._reactor, new.service.state, self._secret, time.time)
        self._secret = keeping.secret
        tls = TLSContexts(new.profiles, now)
        pools = Pools(new, now, self._rng, tls, self._secret)
        notifying = Notifying(self._reactor, new.notify, pools, tls)
        ports = AdminPorts(new, now)
        try:
            serving = Serving(self._reactor, self._network, new, pools, tls, self._network, self._secret)
        except SiteError:
            ports.close()
            raise
        frontends = serving.fronts.frontends
        watching = Watching(self._reactor, self._network, self._rng, self._checkers, new, pools, tls)
        keeping.restore(new, pools)
        numbers = OwnNumbers(self._reactor, pools, frontends, watching)
        seen = things(new, pools, serving.fronts)
        return _Live(
            configuration=new,
            tls=tls,
            pools=pools,
            serving=serving,
            watching=watching,
            keeping=keeping,
            notifying=notifying,
            faults=ClientFaults(self._reactor, lambda: counts_of(frontends)),
            reminders=Reminders(tls),
            admin=Administration(self._reactor, ports, new.admin, seen, numbers, self.reloading.reload),
        )

    def _change(self, live: "_Live", new: model.Configuration) -> tuple[str, ...]:
        """First all that may fail, then all that cannot."""
        if unchangeable := restarts(live.configuration, new):
            raise SiteError(unchangeable)
        ensure_descriptors(new)
        now = self._reactor.seconds()
        tls = TLSContexts(new.profiles, now, former=live.tls)
        tls.make_all(new)
        told = live.notifying.prepare(new.notify)
        admin = live.admin.prepare(new, now)
        change = live.serving.prepare(new, tls)
        changed = (*changes(live.configuration, new), *(f"file {file} was changed" for file in tls.reread))
        live.serving.retire(change)
        tls.begin()
        live.configuration, live.tls = new, tls
        live.pools.reconfigure(new, now, tls)
        live.serving.commit(change)
        live.admin.commit(new, admin)
        live.watching.reconfigure(new, live.pools, tls)
        live.keeping.follow(new, live.pools)
        live.notifying.commit(told, live.pools, tls)
        live.reminders = Reminders(tls)
        live.show()
        return changed

    def start(self) -> "Deferred[None]":
        """Look names up, check the servers, let clients in; fires when that is done."""
        live = self._live
        if live is None:
            raise RuntimeError("apply a configuration first")
        live.serving.when_swept = live.show
        live.watching.start()
        live.keeping.start()
        live.notifying.start()
        live.serving.start()
        live.faults.start()
        live.admin.start()
        self._remind()
        tell_addresses(live.serving.fronts)
        return succeed(None)

    def stop(self) -> "Deferred[None]":
        """Let nobody in any more, give live sessions ``timeouts.drain``, then end; fires when all is over."""
        self.reloading.end()
        if self._live is None:
            return succeed(None)
        self._live.admin.drain()
        return gatherResults([self._live.serving.stop(), self._live.keeping.stop()]).addCallback(self._end)

    def hurry(self) -> None:
        """End the sessions that still live."""
        if self._live is not None:
            self._live.serving.hurry()

    def reopen_logs(self) -> None:
        """After log files were renamed (SIGUSR1)."""
        if self._live is not None:
            self._live.serving.reopen_logs()

    def summary(self) -> str:
        """What is going on, in a sentence."""
        return "nothing yet" if self._live is None else self._live.admin.summary()

    def _remind(self) -> None:
        assert self._live is not None
        self._reminding = self._reactor.callLater(LOOK, self._remind)
        self._live.reminders.look(self._reactor.seconds())

    def _end(self, nothing: object) -> "Deferred[None]":
        if self._reminding is not None:
            self._reminding.cancel()
            self._reminding = None
        assert self._live is not None
        self._live.watching.stop()
        self._live.faults.stop()
        self._live.notifying.stop()
        return self._live.admin.stop()


@attrs.define(eq=False)
class _Live:
    """What a configuration was brought to life as, and what the next one is put into."""

    configuration: model.Configuration
    tls: TLSContexts
    pools: Pools
    serving: Serving
    watching: Watching
    keeping: Keeping
    notifying: Notifying
    faults: ClientFaults
    reminders: Reminders
    admin: Administration

    def show(self) -> None:
        """Have administrators see what there is by now."""
        self.admin.change(things(self.configuration, self.pools, self.serving.fronts))


def tell_addresses(fronts: Fronts) -> None:
    """Say where every front end listens."""
    for name in fronts.frontends:
        listeners = [listener for listener in fronts.listeners if listener.frontend.name == name]
        addresses = ", ".join(joined(*listener.address) for listener in listeners)
        _log.info("{frontend} listens on {addresses}", frontend=name, addresses=addresses)


def ensure_descriptors(new: model.Configuration) -> None:
    """Have as many as are needed.

    :raises SiteError: the system does not allow them.
    """
    listeners = sum(bind.last_port - bind.first_port + 1 for frontend in new.frontends.values() for bind in frontend.binds)
    mappers = [frontend.mapper for frontend in new.frontends.values() if frontend.mapper is not None]
    listeners += sum(mapper.dynamic_ports.last - mapper.dynamic_ports.first + 1 for mapper in mappers if mapper.dynamic_ports)
    servers = [server for backend in new.backends.values() for server in backend.servers]
    checks = sum(len(server.checks) + (server.mapping is not None) for server in servers)
    try:
        ensure(needed(new.service.maxconn, listeners, len(servers), checks, RESERVE))
    except DescriptorLimitError as error:
        raise SiteError([f"service.maxconn: {error}"]) from error
