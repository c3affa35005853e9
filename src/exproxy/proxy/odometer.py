"""How much a connection has carried, told now and then while it lives, and the rest at its end.

A connection lives for hours, and who looks at a chart wants to see what it carries meanwhile.  Whoever owns it asks it about
once in some seconds (:mod:`exproxy.site.tallying`), so that nothing has to be done when octets pass.
"""

from exproxy.net.interfaces import Stream


class Odometer:
    """Of one stream."""

    __slots__ = ("_received", "_sent")

    def __init__(self) -> None:
        self._sent = 0
        self._received = 0

    def since(self, stream: Stream) -> tuple[int, int]:
        """Octets that were sent and received since the last time."""
        sent, received = stream.sent, stream.received
        since = sent - self._sent, received - self._received
        self._sent, self._received = sent, received
        return since
