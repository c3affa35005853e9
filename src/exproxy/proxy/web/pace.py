"""How fast a request's body has to come: who trickles it holds a connection, and a server's too, for as long as he likes.

Nothing is done with a chunk: the octets are looked at now and then, for a while's sum.  Only a while in which nobody but the
client was awaited counts: not one in which the server took nothing, or had not yet been reached, or had not invited the body
(``Expect: 100-continue``).
"""

import attrs

from exproxy.wire.web.head import RequestHead

CHANNELS = frozenset({"RPC_IN_DATA", "RPC_OUT_DATA"})
"""Outlook Anywhere's: a body of a gigabyte that is sent for as long as Outlook runs, and idles for minutes (MS-RPCH 2.1.2)."""


@attrs.define
class Pace:
    """:param rate: octets a second at least  :param grace: seconds of a while.

    :param invited: the client may send the body.
    """

    rate: float
    grace: float
    invited: bool
    _since: float | None = None
    _octets: int = 0

    def excuse(self) -> None:
        """The server takes nothing just now: this while does not count."""
        self._since = None

    def left(self, received: int, awaited: bool, now: float) -> float:
        """Seconds until it wants to be asked again; 0: the client is too slow.

        :param received: octets of the client, ever.
        :param awaited: whether the client's body is all that is waited for.
        """
        if not (awaited and self.invited):
            self._since = None
            return self.grace
        if self._since is None:
            self._since, self._octets = now, received
            return self.grace
        spent = now - self._since
        if spent < self.grace:
            return self.grace - spent
        if received - self._octets < self.rate * self.grace:
            return 0.0
        self._since, self._octets = now, received
        return self.grace


def pace_of(head: RequestHead, rate: float, grace: float) -> Pace | None:
    """For one request; ``None`` where it may take all the time in the world."""
    if head.method in CHANNELS or not (head.length or head.chunked):
        return None
    return Pace(rate, grace, b"expect" not in head.values)
