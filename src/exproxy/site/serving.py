"""What has clients: front ends, their sessions and the access log."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from exproxy.config import model
from exproxy.net.interfaces import Network
from exproxy.proxy.gate import Gate
from exproxy.site.errors import SiteError
from exproxy.site.fronts import Fronts
from exproxy.site.housekeeping import Housekeeping
from exproxy.site.logs import access_log
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts

_log = Logger()


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
        self._drain = max((frontend.timeouts.drain for frontend in configuration.frontends.values()), default=0.0)
        self._access = access_log(reactor, configuration.service.log)
        self.gate = Gate(configuration.service.maxconn)
        log, service = self._access.log, configuration.service
        self.fronts = Fronts(reactor, network, self.gate, pools.backends, log, tls, own, service, secret)
        try:
            self.fronts.open(configuration.frontends)
        except SiteError:
            self._access.close()
            raise
        self._housekeeping = Housekeeping(reactor, pools, tls)
        self._ending: Deferred[None] | None = None
        self._drain_over: IDelayedCall | None = None

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
                _log.info("draining: {count} {seconds:g} s to end", count=count, seconds=self._drain)
                self._drain_over = self._reactor.callLater(self._drain, self.hurry)
            self.gate.when_empty(self._end)
        return self._ending

    def hurry(self) -> None:
        """End the sessions that still live."""
        for session in self.fronts.sessions():
            session.kill("K")

    def reopen_logs(self) -> None:
        """After log files were renamed."""
        self._access.reopen()

    def _end(self) -> None:
        if self._drain_over is not None and self._drain_over.active():
            self._drain_over.cancel()
        self._housekeeping.stop()
        self._access.close()
        self._network.deadlines.stop()
        ending = self._ending
        if ending is not None and not ending.called:
            ending.callback(None)
