"""AMP without its two lines in the log for each pair of sockets, which say nothing that an administrator could use."""

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.protocols import amp
from twisted.python.failure import Failure


class Link(amp.AMP):
    """As :class:`twisted.protocols.amp.AMP`; who ends and why is told by who watches the processes."""

    def makeConnection(self, transport: Any) -> None:
        amp.BinaryBoxProtocol.makeConnection(self, transport)  # type: ignore[no-untyped-call]  # Twisted's has no types

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        amp.BinaryBoxProtocol.connectionLost(self, reason)  # type: ignore[no-untyped-call]  # likewise
        self.transport = None
