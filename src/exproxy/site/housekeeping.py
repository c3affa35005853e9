"""What is needed about once a second: slow starts grow, tables forget, renewed certificates are seen."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts

EVERY = 1.0
"""Seconds between two rounds."""


class Housekeeping:
    """:param pools: whose time passes.

    :param tls: whose certificate files may be renewed; ``None`` where nobody uses them.
    :param sweep: forgets what is not in the configuration any more and has nobody, by the reactor's seconds.
    """

    def __init__(self, clock: IReactorTime, pools: Pools, tls: TLSContexts | None, sweep: Callable[[float], object]) -> None:
        self._clock = clock
        self._sweep = sweep
        self._pools = pools
        self.tls = tls
        """Another one, when the configuration has changed."""
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
        if self.tls is not None:
            self.tls.look(now)
        self._sweep(now)
