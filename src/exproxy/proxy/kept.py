"""Connections to servers that clients keep between their requests, and how many there may be.

Descriptors are reckoned at two a session (:mod:`exproxy.process.descriptors`): the client's, and one to a server.  A client of
mode ``http`` may have one to a server of each back end that its requests go to.  More than sessions leave over are not kept: the
one that was not used for the longest ends first.  A client asks one thing at a time, so there is always one to end.
"""

from typing import Protocol


class Keepable(Protocol):
    """A connection to a server."""

    def retire(self) -> None:
        """Close it: nobody uses it just now."""


class Kept:
    """:param maxconn: sessions for which there are descriptors.

    ``open`` are connections that were asked for and are not over, ``clients`` those to whom they belong.
    """

    __slots__ = ("_ending", "_idle", "_maxconn", "clients", "ended", "open")

    def __init__(self, maxconn: int) -> None:
        self._maxconn = maxconn
        self._idle: dict[Keepable, None] = {}
        self._ending: set[Keepable] = set()
        self.open = 0
        self.clients = 0
        self.ended = 0
        """So many were ended to make room; when this grows, ``maxconn`` is small for what clients do."""

    def resize(self, maxconn: int) -> None:
        """There are descriptors for so many sessions; what is too much ends as others are opened."""
        self._maxconn = maxconn

    def opened(self, sessions: int) -> None:
        """One more is asked for.

        :param sessions: of the process, of every mode.
        """
        self.open += 1
        self.make_room(sessions)

    def closed(self, connection: Keepable) -> None:
        """It is over."""
        self.open -= 1
        self._idle.pop(connection, None)
        self._ending.discard(connection)

    def rest(self, connection: Keepable) -> None:
        """It was just used, and waits for its client's next request."""
        self._idle[connection] = None

    def use(self, connection: Keepable) -> None:
        """It is used again, or will never be."""
        self._idle.pop(connection, None)

    def make_room(self, sessions: int) -> None:
        """End what is too much, but for what is on its way out already."""
        surplus = self.open - len(self._ending) - self.clients - 2 * (self._maxconn - sessions)
        while surplus > 0 and self._idle:
            connection = next(iter(self._idle))
            del self._idle[connection]
            self._ending.add(connection)
            self.ended += 1
            surplus -= 1
            connection.retire()
