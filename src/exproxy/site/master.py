"""The site of a master: binds, checks, remembers, and has workers who serve."""

import pickle
import tempfile
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import IO, Any

from twisted.internet.defer import Deferred, gatherResults

from exproxy import pool
from exproxy.check.interfaces import IChecker
from exproxy.config import model
from exproxy.net.interfaces import Address, Network
from exproxy.process.forks import Forks, Spawn, Tie
from exproxy.process.master import Master
from exproxy.process.messages import CannotChangeError, FrontendCounts
from exproxy.process.worker import TOUCH
from exproxy.proxy.gate import Gate
from exproxy.site.administration import Administration, AdminPorts, things
from exproxy.site.admintls import AdminTLS
from exproxy.site.changes import changes, restarts
from exproxy.site.clientfaults import ClientFaults
from exproxy.site.core import ensure_descriptors, tell_addresses
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts, Opening
from exproxy.site.housekeeping import Housekeeping
from exproxy.site.keeping import Keeping
from exproxy.site.notifying import Notifying, Ways
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
        self._reactor = reactor
        self._configuration = configuration
        self._stopping = False
        rng = Random()  # noqa: S311 - moments, no secrets
        self._network = network
        now = reactor.seconds()
        # made here too, so that a certificate that cannot be used is told before anything is started
        self._tls = tls = TLSContexts(configuration.profiles, now)
        self._keeping = Keeping(reactor, configuration.service.state, make_secret(), time.time)
        self._secret = self._keeping.secret
        self._pools = pools = Pools(configuration, now, rng, tls, self._secret)
        self._lengthen()
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
        self._housekeeping = Housekeeping(reactor, pools, tls, self._sweep)
        self._file = self._written(configuration)
        self._forks = Forks(reactor, spawn, tie, self._file.fileno())
        workers = configuration.service.workers
        self._master = Master(
            reactor, self._forks.fork, workers, self._sockets(), self._backends(), pools.groups, _limits(configuration)
        )
        self._faults = ClientFaults(reactor, self._frontend_counts)
        seen = things(configuration, pools, self._fronts)
        self.reloading = Reloading(self.apply)
        numbers = WorkersNumbers(self._master, self._watching)
        self._admin = Administration(reactor, ports, configuration.admin, seen, numbers, self.reloading.reload)

    def apply(self, new: model.Configuration) -> "Deferred[Sequence[str]]":
        """Have all that ``new`` says, here and in all workers: as :meth:`exproxy.site.core.Site.apply`, but for the first one.

        Fires with what has changed, or fails with SiteError.
        """
        return Deferred.fromCoroutine(self._apply(new))

    async def _apply(self, new: model.Configuration) -> Sequence[str]:
        """Everybody says first that nothing stands against it; then everybody does it."""
        if unchangeable := restarts(self._configuration, new):
            raise SiteError(unchangeable)
        ensure_descriptors(new)
        tls = TLSContexts(new.profiles, self._reactor.seconds(), former=self._tls)
        tls.make_all(new)
        told = self._notifying.prepare(new.notify)
        admin = self._admin.prepare(new, self._reactor.seconds())
        file = self._written(new)
        self._master.hold_up()
        try:
            opening = self._fronts.prepare(new, tls)
            await self._prepare(opening, file)
            file, self._file = self._file, file
            changed = (*changes(self._configuration, new), *(f"file {each} was changed" for each in tls.reread))
            await self._commit(opening, admin, told)
        finally:
            self._master.go_on()
            file.close()
        return changed

    async def _prepare(self, opening: Opening, file: IO[bytes]) -> None:
        """Whoever says no says it for all.

        :raises SiteError: that was so; then all is as it was.
        """
        sockets = [(address, listener.fileno()) for address, listener in opening.listeners.items()]
        try:
            await self._forks.prepare(file.fileno())
            await self._master.prepare(file.fileno(), sockets)
            if self._stopping:
                raise CannotChangeError
        except Exception as error:
            self._forks.abandon()
            self._master.abandon()
            opening.close()
            if isinstance(error, CannotChangeError):
                # workers that drain have nothing any more, and would say what they miss
                said = "the process ends" if self._stopping else str(error)
                raise SiteError(said.splitlines()) from error
            raise

    def _commit(self, opening: Opening, admin: AdminTLS, told: Ways) -> "Deferred[None]":
        before, new, tls = self._configuration, opening.configuration, opening.tls
        self._fronts.retire(opening)  # ours first: the last worker that closes is the one that lets in who is left
        self._configuration, self._tls = new, tls
        tls.begin()
        self._count_elsewhere()
        self._pools.reconfigure(new, self._reactor.seconds(), tls)
        self._lengthen()
        self._fronts.commit(opening)
        self._admin.commit(new, admin)
        self._watching.reconfigure(new, self._pools, tls)
        self._housekeeping.tls = tls
        self._keeping.follow(new, self._pools)
        self._notifying.commit(told, self._pools, tls)
        self._show()
        self._forks.use(self._file.fileno())
        self._master.forget_present({name for name, *_ in _present(before) - _present(new)})
        return self._master.commit(self._sockets(), self._backends(), self._pools.groups, _limits(new))

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
        self._stopping = True
        self.reloading.end()
        self._admin.drain()
        self._fronts.close()
        over = self._master.stop()
        self._forks.drain()
        return gatherResults([over, self._keeping.stop()]).addCallback(self._end)

    def hurry(self) -> None:
        """End the sessions that still live."""
        self._master.hurry()

    def reopen_logs(self) -> None:
        """After log files were renamed (SIGUSR1)."""
        self._master.reopen_logs()

    def summary(self) -> str:
        """What is going on, in a sentence."""
        return self._admin.summary()

    def _sockets(self) -> list[tuple[Address, int]]:
        return [(listener.wanted, listener.fileno()) for listener in self._fronts.listeners]

    def _backends(self) -> dict[str, pool.Backend]:
        return {name: backend.pool for name, backend in self._pools.backends.items()}

    def _lengthen(self) -> None:
        """What workers use of tables is told here only now and then."""
        for name, group in self._pools.groups.items():
            group.table.expire_after = self._configuration.tables[name].expire + 2 * TOUCH

    def _written(self, configuration: model.Configuration) -> IO[bytes]:
        """For fork servers and workers, who read it.

        :raises SiteError: there is no room for it.
        """
        try:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - fork servers read it as long as it holds
            pickle.dump((configuration, self._secret), file)
            file.flush()
        except OSError as error:
            words = "a temporary file for the workers cannot be written (in TMPDIR, or else /tmp)"
            raise SiteError([f"service.workers: {words}: {error.strerror or error}"]) from error
        return file

    def _count_elsewhere(self) -> None:
        """What workers have, of what may go when nobody has anything of it."""
        for backend in self._pools.backends.values():
            for server in backend.pool.servers.values():
                server.elsewhere = self._master.sessions(server)
        for name, frontend in self._fronts.frontends.items():
            frontend.elsewhere = self._master.frontend_counts(name).sessions

    def _sweep(self, now: float) -> None:
        self._count_elsewhere()
        if self._fronts.sweep() | self._pools.sweep():
            self._show()

    def _show(self) -> None:
        self._admin.change(things(self._configuration, self._pools, self._fronts))

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


def _present(configuration: model.Configuration) -> set[tuple[str, int, int]]:
    """What workers count of clients that are there, and by which parts of their addresses."""
    limits = {name: frontend.per_source for name, frontend in configuration.frontends.items()}
    return {
        (f"{name} conn_cur", said.ipv4_prefix, said.ipv6_prefix)
        for name, said in limits.items()
        if said is not None and said.conn_cur is not None
    }


def _limits(configuration: model.Configuration) -> dict[str, int]:
    """Those that :meth:`exproxy.site.worker.WorkerSite.slots` has by the same names."""
    limits = {"service": configuration.service.maxconn}
    for frontend in configuration.frontends.values():
        if frontend.maxconn is not None:
            limits[f"frontend {frontend.name}"] = frontend.maxconn
    return limits


def _nobody(record: object) -> None:
    """The master has no sessions."""
