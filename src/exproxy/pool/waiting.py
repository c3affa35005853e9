"""Sessions that wait for a server: tickets, and the lines that they stand in by age."""

from collections.abc import Collection
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.backend import Backend
    from exproxy.pool.lease import Holder, Lease
    from exproxy.pool.server import Server


@attrs.define(eq=False)
class Ticket:
    """A place in the queue.

    :param number: the age; the lower, the older.
    :param since: when the wait began.
    :param host: the one that the client itself names.
    :param address: what a balancer goes by that wants a key, where there is none.
    """

    backend: "Backend"
    holder: "Holder"
    key: bytes | None
    avoid: Collection["Server"]
    number: int
    since: float
    host: str | None = None
    address: bytes | None = None
    line: "Line | None" = None
    """Where it stands; ``None`` once it is granted, denied or given up."""
    lease: "Lease | None" = None
    told: bool = False
    """Whether the holder knows of the lease."""
    given_up: bool = False
    full: bool = False
    """At first it had to wait for a slot, and not for a check or for another process."""

    def cancel(self, now: float) -> None:
        """Give up: nothing is called any more, and a lease that was granted but not yet told is released.

        After ``lease_granted`` or ``lease_denied`` this does nothing: the lease is its holder's.
        """
        self.backend.give_up(self, now)


class Line:
    """Tickets by age, the oldest first, wherever they were put in.

    A heap, since a ticket may move to another line and keeps its age there; what has left it is dropped when it comes up, or when
    it is more than half.
    """

    __slots__ = ("_heap", "_length")

    def __init__(self) -> None:
        self._heap: list[tuple[int, Ticket]] = []
        self._length = 0

    def put(self, ticket: Ticket) -> None:
        """Let ``ticket``, which stands in no line, stand here."""
        ticket.line = self
        heappush(self._heap, (ticket.number, ticket))
        self._length += 1

    def remove(self, ticket: Ticket) -> None:
        """Take out ``ticket``, which stands here."""
        ticket.line = None
        self._length -= 1
        if len(self._heap) > 2 * self._length + 16:
            self._heap = list({entry[0]: entry for entry in self._heap if entry[1].line is self}.values())
            heapify(self._heap)

    def oldest(self) -> Ticket | None:
        """Who is first."""
        heap = self._heap
        while heap:
            ticket = heap[0][1]
            if ticket.line is self:
                return ticket
            heappop(heap)
        return None

    def take_all(self) -> list[Ticket]:
        """Empty the line."""
        tickets = list({number: ticket for number, ticket in self._heap if ticket.line is self}.values())
        for ticket in tickets:
            ticket.line = None
        self._heap.clear()
        self._length = 0
        return tickets

    def __len__(self) -> int:
        return self._length
