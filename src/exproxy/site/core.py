"""The site: everything that a configuration brings to life, in one process."""

import time
from collections.abc import Mapping
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from exproxy.check.interfaces import IChecker
from exproxy.config import model
from exproxy.config.addresses import joined
from exproxy.net.interfaces import Network
from exproxy.process.descriptors import DescriptorLimitError, ensure, needed
from exproxy.site.administration import Administration, AdminPorts, things
from exproxy.site.clientfaults import ClientFaults, counts_of
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts
from exproxy.site.keeping import Keeping
from exproxy.site.numbers import OwnNumbers
from exproxy.site.persistence import make_secret
from exproxy.site.pools import Pools
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
        self._serving: Serving | None = None
        self._watching: Watching | None = None
        self._admin: Administration | None = None
        self._keeping: Keeping | None = None
        self._faults: ClientFaults | None = None
        self._reminders: Reminders | None = None
        self._reminding: IDelayedCall | None = None

    def apply(self, new: model.Configuration) -> None:
        """Build and bind all that ``new`` says; nobody is let in before :meth:`start`.

        :raises SiteError: something is not to be had; then nothing is held.
        """
        ensure_descriptors(new)
        now = self._reactor.seconds()
        self._keeping = Keeping(self._reactor, new.service.state, self._secret, time.time)
        self._secret = self._keeping.secret
        tls = TLSContexts(new.profiles, now)
        pools = Pools(new, now, self._rng, tls, self._secret)
        ports = AdminPorts(new, now)
        try:
            self._serving = Serving(self._reactor, self._network, new, pools, tls, self._network, self._secret)
        except SiteError:
            ports.close()
            raise
        frontends = self._serving.fronts.frontends
        self._faults = ClientFaults(self._reactor, lambda: counts_of(frontends))
        self._watching = Watching(self._reactor, self._network, self._rng, self._checkers, new, pools, tls)
        self._keeping.restore(new, pools)
        self._reminders = Reminders(tls)
        numbers = OwnNumbers(self._reactor, pools, frontends, self._watching)
        self._admin = Administration(self._reactor, ports, new.admin, things(new, pools, self._serving.fronts), numbers)

    def start(self) -> "Deferred[None]":
        """Look names up, check the servers, let clients in; fires when that is done."""
        if (
            self._serving is None
            or self._watching is None
            or self._faults is None
            or self._admin is None
            or self._keeping is None
        ):
            raise RuntimeError("apply a configuration first")
        self._watching.start()
        self._keeping.start()
        self._serving.start()
        self._faults.start()
        self._admin.start()
        self._remind()
        tell_addresses(self._serving.fronts)
        return succeed(None)

    def stop(self) -> "Deferred[None]":
        """Let nobody in any more, give live sessions ``timeouts.drain``, then end; fires when all is over."""
        if self._admin is not None:
            self._admin.drain()
        if self._serving is None or self._keeping is None:
            return succeed(None)
        return gatherResults([self._serving.stop(), self._keeping.stop()]).addCallback(self._end)

    def hurry(self) -> None:
        """End the sessions that still live."""
        if self._serving is not None:
            self._serving.hurry()

    def reopen_logs(self) -> None:
        """After log files were renamed (SIGUSR1)."""
        if self._serving is not None:
            self._serving.reopen_logs()

    def summary(self) -> str:
        """What is going on, in a sentence."""
        return "nothing yet" if self._admin is None else self._admin.summary()

    def _remind(self) -> None:
        assert self._reminders is not None
        self._reminding = self._reactor.callLater(LOOK, self._remind)
        self._reminders.look(self._reactor.seconds())

    def _end(self, nothing: object) -> "Deferred[None]":
        if self._reminding is not None:
            self._reminding.cancel()
            self._reminding = None
        if self._watching is not None:
            self._watching.stop()
        if self._faults is not None:
            self._faults.stop()
        return succeed(None) if self._admin is None else self._admin.stop()


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
