"""What has clients: front ends, their sessions and the access log."""

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from exproxy.config import model
from exproxy.net.interfaces import Network
from exproxy.proxy.accesslog.log import AccessLog
from exproxy.proxy.gate import Gate
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts, Opening
from exproxy.site.housekeeping import Housekeeping
from exproxy.site.logs import access_log
from exproxy.site.pools import Pools
from exproxy.site.tallying import Tallying
from exproxy.site.tls import TLSContexts

_log = Logger()


@attrs.frozen(eq=False)
class Change:
    """What :meth:`Serving.prepare` has made ready.

    :param access: another access log; ``None``: it stays.
    """

    opening: Opening
    access: AccessLog | None

    def close(self) -> None:
        """It comes to nothing."""
        self.opening.close()
        if self.access is not None:
            self.access.close()


class Serving:
    """Binds at once; nobody is let in before :meth:`start`.

    :param network: has the ports of the configuration.
    :param own: binds others.
    :param secret: that names of users are hashed with.

    :raises SiteError: something is not to be had; then nothing is held.
    """

    def __init__(
        self,
        reactor: Any,
        network: Network,
        configuration: model.Configuration,
        pools: Pools,
        tls: TLSContexts,
        own: Network,
        secret: bytes,
    ) -> None:
        self._reactor = reactor
        self._network = network
        self._configuration = configuration
        self._access = access_log(reactor, configuration.service.log)
        self.gate = Gate(configuration.service.maxconn)
        self.fronts = Fronts(reactor, network, self.gate, pools.backends, self._access.log, own, secret)
        try:
            self.fronts.open(configuration, tls)
        except SiteError:
            self._access.close()
            raise
        self._pools = pools
        self._tallying = Tallying(self.fronts.sessions)
        self._housekeeping = Housekeeping(reactor, pools, tls, self._round)
        self.when_swept: Callable[[], object] = _nothing
        """Called when things are no more that were in an earlier configuration."""
        self._ending: Deferred[None] | None = None
        self._drain_over: IDelayedCall | None = None

    def prepare(self, configuration: model.Configuration, tls: TLSContexts) -> Change:
        """Have all that ``configuration`` needs and that is not there yet; what is there stays as it is.

        :raises SiteError: something is not to be had; then nothing is held.
        """
        opening = self.fronts.prepare(configuration, tls)
        if configuration.service.log == self._configuration.service.log:
            return Change(opening, None)
        try:
            return Change(opening, access_log(self._reactor, configuration.service.log))
        except SiteError:
            opening.close()
            raise

    def retire(self, change: Change) -> None:
        """Listen no more where ``change`` does not; while the pools still are what they were."""
        self.fronts.retire(change.opening)

    def commit(self, change: Change) -> None:
        """Serve by what was prepared, when the pools are what it says."""
        self._configuration = change.opening.configuration
        if change.access is not None:
            self.fronts.log_to(change.access.log)
            self._access.close()
            self._access = change.access
        self.gate.resize(self._configuration.service.maxconn)
        self.fronts.commit(change.opening)
        self._housekeeping.tls = change.opening.tls

    def start(self) -> None:
        """Let clients in."""
        self.fronts.start()
        self._housekeeping.start()

    def stop(self) -> "Deferred[None]":
        """Let nobody in any more, give live sessions ``timeouts.drain``, then end; fires when all is over."""
        if self._ending is None:
            self._ending = Deferred()
            self.fronts.close()
            if self.gate.taken:
                count = "1 session has" if self.gate.taken == 1 else f"{self.gate.taken} sessions have"
                seconds = max((frontend.timeouts.drain for frontend in self._configuration.frontends.values()), default=0.0)
                _log.info("draining: {count} {seconds:g} s to end", count=count, seconds=seconds)
                self._drain_over = self._reactor.callLater(seconds, self.hurry)
            self.gate.when_empty(self._end)
        return self._ending

    def hurry(self) -> None:
        """End the sessions that still live."""
        for session in self.fronts.sessions():
            session.kill("K")

    def reopen_logs(self) -> None:
        """After log files were renamed."""
        self._access.reopen()

    def _round(self, now: float) -> None:
        self._tallying.round()
        if self.fronts.sweep() | self._pools.sweep():
            self.when_swept()

    def _end(self) -> None:
        if self._drain_over is not None and self._drain_over.active():
            self._drain_over.cancel()
        self._housekeeping.stop()
        self._access.close()
        self._network.deadlines.stop()
        ending = self._ending
        if ending is not None and not ending.called:
            ending.callback(None)


def _nothing() -> None:
    pass
