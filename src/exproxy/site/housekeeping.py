"""What pools need about once a second: slow starts grow, tables forget."""

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.site.pools import Pools

EVERY = 1.0
"""Seconds between two rounds."""


class Housekeeping:
    """:param pools: whose time passes."""

    def __init__(self, clock: IReactorTime, pools: Pools) -> None:
        self._clock = clock
        self._pools = pools
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
