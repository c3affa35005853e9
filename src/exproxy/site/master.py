"""The site of a master: binds, checks, remembers, and has workers who serve."""

import pickle
import tempfile
import time
from collections.abc import Mapping
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from exproxy.check.interfaces import IChecker
from exproxy.config import model
from exproxy.net.interfaces import Network
from exproxy.process.forks import Forks, Spawn, Tie
from exproxy.process.master import Master
from exproxy.process.messages import FrontendCounts
from exproxy.process.worker import TOUCH
from exproxy.proxy.gate import Gate
from exproxy.site.administration import Administration, AdminPorts, things
from exproxy.site.clientfaults import ClientFaults
from exproxy.site.core import ensure_descriptors, tell_addresses
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts
from exproxy.site.housekeeping import Housekeeping
from exproxy.site.keeping import Keeping
from exproxy.site.notifying import Notifying
from exproxy.site.numbers import WorkersNumbers
from exproxy.site.persistence import make_secret
from exproxy.site.pools import Pools
from exproxy.site.reloading import Reloading
from exproxy.site.tls import TLSContexts
from exproxy.site.watching import Watching


class MasterSite:
    """Binds at once; nobody is let in before :meth:`start`.

    :param spawn: starts the fork server.
    :param tie: makes the workers' pairs.
    :raises SiteError: something is not to be had; then nothing is held.
    """

    def __init__(
        self,
        reactor: Any,
        network: Network,
        checkers: Mapping[str, IChecker],
        configuration: model.Configuration,
        spawn: Spawn,
        tie: Tie,
    ) -> None:
        ensure_descriptors(configuration)
        rng = Random()  # noqa: S311 - moments, no secrets
        self._network = network
        now = reactor.seconds()
        # made here too, so that a certificate that cannot be used is told before anything is started
        tls = TLSContexts(configuration.profiles, now)
        self._keeping = Keeping(reactor, configuration.service.state, make_secret(), time.time)
        secret = self._keeping.secret
        pools = Pools(configuration, now, rng, tls, secret)
        for group in pools.groups.values():
            # what workers use is told here only now and then
            group.table.expire_after += 2 * TOUCH
        service = configuration.service
        self._fronts = Fronts(reactor, network, Gate(service.maxconn), pools.backends, _nobody, network, b"")
        self._notifying = Notifying(reactor, configuration.notify, pools, tls)
        ports = AdminPorts(configuration, now)
        try:
            self._fronts.open(configuration, tls)
        except SiteError:
            ports.close()
            raise
        self._watching = Watching(reactor, network, rng, checkers, configuration, pools, tls)
        self._keeping.restore(configuration, pools)
        self._housekeeping = Housekeeping(reactor, pools, tls, _nobody)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - fork servers read it as long as we live
        pickle.dump((configuration, secret), self._file)
        self._file.flush()
        self._forks = Forks(reactor, spawn, tie, self._file.fileno())
        sockets = [(listener.wanted, listener.fileno()) for listener in self._fronts.listeners]
        self._master = Master(
            reactor,
            self._forks.fork,
            configuration.service.workers,
            sockets,
            {name: backend.pool for name, backend in pools.backends.items()},
            pools.groups,
            _limits(configuration),
        )
        self._faults = ClientFaults(reactor, self._frontend_counts)
        seen = things(configuration, pools, self._fronts)
        self.reloading = Reloading(self.apply)
        numbers = WorkersNumbers(self._master, self._watching)
        self._admin = Administration(reactor, ports, configuration.admin, seen, numbers, self.reloading.reload)

    def apply(self, new: model.Configuration) -> tuple[str, ...]:
        """Not built yet.

        :raises SiteError: always.
        """
        raise SiteError(["service.workers: with several workers the configuration cannot be read anew yet: restart"])

    def start(self) -> "Deferred[None]":
        """Look names up, check the servers, have clients let in; fires when the first worker does that."""
        self._watching.start()
        self._housekeeping.start()
        self._keeping.start()
        self._notifying.start()
        self._forks.start()
        served = self._master.start()
        self._faults.start()
        self._admin.start()
        tell_addresses(self._fronts)
        return served

    def stop(self) -> "Deferred[None]":
        """Have the workers drain; fires when the last one has ended."""
        self.reloading.end()
        self._admin.drain()
        self._fronts.close()
        return gatherResults([self._master.stop(), self._keeping.stop()]).addCallback(self._end)

    def hurry(self) -> None:
        """End the sessions that still live."""
        self._master.hurry()

    def reopen_logs(self) -> None:
        """After log files were renamed (SIGUSR1)."""
        self._master.reopen_logs()

    def summary(self) -> str:
        """What is going on, in a sentence."""
        return self._admin.summary()

    def _frontend_counts(self) -> dict[str, FrontendCounts]:
        return {name: self._master.frontend_counts(name) for name in self._fronts.frontends}

    def _end(self, nothing: object) -> "Deferred[None]":
        self._housekeeping.stop()
        self._faults.stop()
        self._notifying.stop()
        self._watching.stop()
        self._file.close()
        self._network.deadlines.stop()
        return self._admin.stop().addCallback(lambda _: self._forks.stop())


def _limits(configuration: model.Configuration) -> dict[str, int]:
    """Those that :meth:`exproxy.site.worker.WorkerSite.slots` has by the same names."""
    limits = {"service": configuration.service.maxconn}
    for frontend in configuration.frontends.values():
        if frontend.maxconn is not None:
            limits[f"frontend {frontend.name}"] = frontend.maxconn
    return limits


def _nobody(record: object) -> None:
    """The master has no sessions."""
