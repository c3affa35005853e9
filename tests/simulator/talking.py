"""What the tests of the simulated services share: a client in memory."""

import datetime
from typing import Any

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.certificate import self_signed

CERTIFICATE = self_signed(datetime.datetime.now(datetime.UTC))
"""Made once: a key takes time."""


class TalkTestCase(SynchronousTestCase):
    """Looks at the two ends of what was said."""

    def assertStartsWith(self, said: bytes, start: bytes) -> None:
        self.assertTrue(said.startswith(start), f"{said!r} does not start with {start!r}")

    def assertEndsWith(self, said: bytes, end: bytes) -> None:
        self.assertTrue(said.endswith(end), f"{said!r} does not end with {end!r}")


class Client:
    """A client of the protocol that ``factory`` builds; what the server says is collected."""

    def __init__(self, factory: Any) -> None:
        self.transport = StringTransport()
        self.server = factory.buildProtocol(None)
        self.server.makeConnection(self.transport)

    def hear(self) -> bytes:
        """What was said since the last time."""
        said = self.transport.value()
        self.transport.clear()
        return said

    def say(self, data: bytes) -> bytes:
        """Send ``data``; the answer to it alone."""
        self.hear()
        self.server.dataReceived(data)
        return self.hear()

    @property
    def left(self) -> bool:
        """Whether the server has closed or cut the connection."""
        return self.transport.disconnecting or self.transport.disconnected
