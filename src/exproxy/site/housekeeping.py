"""What is needed about once a second: slow starts grow, tables forget, renewed certificates are seen."""

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts

EVERY = 1.0
"""Seconds between two rounds."""


class Housekeeping:
    """:param pools: whose time passes.

    :param tls: whose certificate files may be renewed; ``None`` where nobody uses them.
    """

    def __init__(self, clock: IReactorTime, pools: Pools, tls: TLSContexts | None) -> None:
        self._clock = clock
        self._pools = pools
        self._tls = tls
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Do it from now on."""
        self._call = self._clock.callLater(EVERY, self._round)

    def stop(self) -> None:
        """Do it no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _round(self) -> None:
        self.start()
        now = self._clock.seconds()
        for backend in self._pools.backends.values():
            backend.pool.tick(now)
        for group in self._pools.groups.values():
            group.table.expire(now)
        if self._tls is not None:
            self._tls.look(now)
