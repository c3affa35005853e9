"""The site of a worker: serves on sockets that it was given, as the master says."""

import os
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

import attrs

from exproxy.config import model
from exproxy.net.inherited import InheritedNetwork
from exproxy.net.interfaces import Network
from exproxy.process.messages import CannotChangeError, FrontendCounts, LiveSession, Wanted
from exproxy.process.worker import Follower, Slots, WorkerLink
from exproxy.proxy.frontend import Frontend
from exproxy.site.clientfaults import counts_of
from exproxy.site.errors import SiteError
from exproxy.site.heirloom import read
from exproxy.site.pools import Pools
from exproxy.site.serving import Change, Serving
from exproxy.site.sessions import LiveSessions
from exproxy.site.tls import TLSContexts


class WorkerSite:
    """:class:`exproxy.process.worker.Orders`; what servers are, and where to listen, comes from the master.

    :param secret: the same in all workers.
    """

    def __init__(
        self, reactor: Any, network: Network, configuration: model.Configuration, tls: TLSContexts, secret: bytes
    ) -> None:
        self._reactor = reactor
        self._secret = secret
        self._network = network
        self._inherited = InheritedNetwork(network, {})
        self._configuration = _followed(configuration)
        self._tls = tls
        self._change: Change | None = None
        rng = Random()  # noqa: S311 - choices of servers, no secrets
        self._pools = pools = Pools(self._configuration, reactor.seconds(), rng, tls, secret)
        self._serving: Serving | None = None
        self._counted: dict[str, Frontend] = {}
        """Those of the configuration, and those that had sessions left when it came: they are told on when they are over."""
        self._live = LiveSessions(self._frontends, pools.backends)
        self._over = False
        self.link = WorkerLink(self)
        self.link.follower = Follower(
            reactor,
            self.link,
            {name: backend.pool for name, backend in pools.backends.items()},
            pools.groups,
            self._frontend_counts,
        )

    def listen(self, host: str, port: int, socket: int) -> None:
        """A socket."""
        self._inherited.give((host, port), socket)

    def begin(self) -> None:
        """Accept clients.

        :raises SiteError: something is not to be had.
        """
        configuration, tls = self._configuration, self._tls
        self._serving = Serving(self._reactor, self._inherited, configuration, self._pools, tls, self._network, self._secret)
        self._counted = dict(self._serving.fronts.frontends)
        together = self._serving.fronts.together
        self.link.follower.share(together.events, together.presence)
        self.link.follower.limit(self.slots(self._serving))
        self.link.follower.start()
        self._serving.start()

    def prepare(self, file: int) -> None:
        """Have what another configuration needs; it is told as to the fork server.

        :raises CannotChangeError: something is not to be had; then nothing is held.
        """
        configuration = _followed(read(file)[0])
        if self._serving is None:
            raise CannotChangeError(f"worker {os.getpid()} does not serve")
        tls = TLSContexts(configuration.profiles, self._reactor.seconds(), former=self._tls)
        tls.make_all(configuration)
        try:
            self._change = self._serving.prepare(configuration, tls)
        except SiteError as error:
            raise CannotChangeError(str(error)) from error

    def commit(self) -> None:
        """Be what was prepared."""
        change, serving = self._change, self._serving
        if change is None or serving is None:
            return  # it was begun with that already
        self._change = None
        serving.retire(change)
        self._configuration, self._tls = change.opening.configuration, change.opening.tls
        self._tls.begin()
        self._pools.reconfigure(self._configuration, self._reactor.seconds(), self._tls)
        serving.commit(change)
        backends = {name: backend.pool for name, backend in self._pools.backends.items()}
        self.link.follower.follow(backends, self._pools.groups, self.slots(serving))
        self._counted = dict(serving.fronts.frontends)
        together = serving.fronts.together
        self.link.follower.share(together.events, together.presence)

    def abandon(self) -> None:
        """Stay what we are."""
        if self._change is not None:
            self._change.close()
            self._change = None
        self._inherited.forget()

    def drain(self) -> None:
        """Let nobody in any more, and end when all is over."""
        if self._serving is None:
            self.lost()
        else:
            self._serving.stop().addCallback(self._end)

    def hurry(self) -> None:
        """End the sessions that still live."""
        if self._serving is not None:
            self._serving.hurry()

    def reopen_logs(self) -> None:
        """After log files were renamed."""
        if self._serving is not None:
            self._serving.reopen_logs()

    def sessions(self, wanted: Wanted, most: int) -> list[LiveSession]:
        """Those that live."""
        return self._live.find(wanted, most, self._reactor.seconds())

    def end_session(self, session: str) -> list[LiveSession]:
        """End the one of that id."""
        return self._live.end(session, self._reactor.seconds())

    def lost(self) -> None:
        """Without a master there is nothing to do for us, and another one may want our place."""
        if not self._over and self._reactor.running:
            self._over = True  # a reactor that was told to stop runs on until its turn is over, and may not be told again
            self._reactor.stop()

    def slots(self, serving: Serving) -> Mapping[str, Slots]:
        """The limits that are not the pool's.

        None of them is ever wanted more of: while one worker has room, nobody waits.
        """
        slots = {"service": Slots(lambda: serving.gate.taken, _none, serving.gate.set_maxconn)}
        for frontend in serving.fronts.frontends.values():
            if frontend.maxconn is not None:
                slots[f"frontend {frontend.name}"] = _of(frontend)
        return slots

    def _frontends(self) -> Iterable[Frontend]:
        return () if self._serving is None else self._serving.fronts.frontends.values()

    def _frontend_counts(self) -> dict[str, FrontendCounts]:
        return counts_of(self._counted)

    def _end(self, nothing: None) -> None:
        self.link.follower.stop()
        self.lost()


def _followed(configuration: model.Configuration) -> model.Configuration:
    """Connects that fail are counted where those of all workers are."""
    backends = {name: attrs.evolve(backend, observe=False) for name, backend in configuration.backends.items()}
    return attrs.evolve(configuration, backends=backends)


def _of(frontend: Frontend) -> Slots:
    return Slots(lambda: len(frontend.sessions), _none, frontend.set_maxconn)


def _none() -> int:
    return 0
