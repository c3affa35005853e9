"""What a back end tells others, kept until its own state is consistent again.

Whoever is told may release, acquire or cancel at once; what follows from that is told after what was there before, so a lease is
granted before it is evicted, and never evicted after its release.
"""

from collections import deque
from collections.abc import Callable

import attrs

from exproxy.pool.errors import NoServer
from exproxy.pool.lease import Lease
from exproxy.pool.states import Transition
from exproxy.pool.waiting import Ticket

Listener = Callable[[Transition], None]


@attrs.frozen
class Granted:
    """The wait has ended well."""

    ticket: Ticket
    lease: Lease

    def deliver(self) -> None:
        if not self.lease.released:
            self.ticket.told = True
            self.ticket.holder.lease_granted(self.lease)


@attrs.frozen
class Denied:
    """The wait has ended badly."""

    ticket: Ticket
    error: NoServer

    def deliver(self) -> None:
        if not self.ticket.given_up:
            self.ticket.holder.lease_denied(self.error)


@attrs.frozen
class Evicted:
    """The session is to end."""

    lease: Lease
    reason: str

    def deliver(self) -> None:
        if not self.lease.released and not self.lease.evicted:
            self.lease.evicted = True
            self.lease.holder.evicted(self.lease, self.reason)


@attrs.frozen
class Announced:
    """A server's state has changed."""

    transition: Transition
    listeners: tuple[Listener, ...]

    def deliver(self) -> None:
        for listener in self.listeners:
            listener(self.transition)


Notice = Granted | Denied | Evicted | Announced


class Outbox:
    """Notices in their order."""

    __slots__ = ("_busy", "_notices")

    def __init__(self) -> None:
        self._notices: deque[Notice] = deque()
        self._busy = False

    def put(self, notice: Notice) -> None:
        self._notices.append(notice)

    def deliver(self) -> None:
        """Tell all there is; from inside a notice, leaves that to the call that is under way.

        Should a holder raise against its contract, the rest is told by the next call.
        """
        if self._busy:
            return
        self._busy = True
        try:
            while self._notices:
                self._notices.popleft().deliver()
        finally:
            self._busy = False
