"""AMP without its two lines in the log for each pair of sockets, which say nothing that an administrator could use."""

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.protocols import amp
from twisted.python.failure import Failure


class Link(amp.AMP):
    """As :class:`twisted.protocols.amp.AMP`; who ends and why is told by who watches the processes.

    A descriptor cannot be sent to one that is ``lost``, and AMP makes an error of it; that the process has ended may come later.
    """

    lost = False

    def makeConnection(self, transport: Any) -> None:
        amp.BinaryBoxProtocol.makeConnection(self, transport)  # type: ignore[no-untyped-call]  # Twisted's has no types

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        amp.BinaryBoxProtocol.connectionLost(self, reason)  # type: ignore[no-untyped-call]  # likewise
        self.transport = None
        self.lost = True
