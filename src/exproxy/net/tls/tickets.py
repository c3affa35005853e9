"""The contexts that handshakes begin with: session tickets are sealed with the keys of these.

OpenSSL makes a context's ticket keys with the context, pyOpenSSL has no call for them, and contexts made separately never resume
each other's sessions.  But the certificate may be another context's, chosen while the ClientHello is read.  So these have none:
they are made beforehand, for as many periods as one likes, inherited by processes that fork, and outlive certificates.
"""

from collections import deque
from collections.abc import Callable

from OpenSSL import SSL

ROTATE = 12 * 3600.0
"""Seconds for which a context begins handshakes, and with it the keys of its tickets live."""


class Entries:
    """One context for each period, from ``now`` on.

    Who inherits this by fork, and has the same clock, has the same context at the same time.  When those that were made
    beforehand are used up, each process makes its own, and a ticket serves only the process that gave it.

    :param make: makes one.
    :param now: the reactor's seconds.
    :param beforehand: so many are made at once; about 14 KB and 0.13 ms each.
    """

    def __init__(self, make: Callable[[], SSL.Context], now: float, beforehand: int) -> None:
        self._make = make
        self._until = now + ROTATE
        self._later = deque(make() for _ in range(beforehand - 1))
        self.current = make()

    def turn(self, now: float) -> None:
        """Have :attr:`current` be that of ``now``; the keys of the past are given up, so that nobody can find them here."""
        while now >= self._until:
            self._until += ROTATE
            if self._later:
                self.current = self._later.popleft()
            elif now < self._until:
                self.current = self._make()
