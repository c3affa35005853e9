"""A client that waits until an SMTP server greets it."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.internet.task import deferLater
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

RETRY = 0.2
"""Seconds between two tries."""
PATIENCE = 2
"""Seconds for one try."""


class Greeted(LineOnlyReceiver):
    """Waits for a greeting, and says good-bye.

    :ivar greeting: fires with the line; with an empty one if the connection ended before.
    """

    transport: ITCPTransport

    def __init__(self) -> None:
        self.greeting: Deferred[bytes] = Deferred()
        self._told = False

    def lineReceived(self, line: bytes) -> None:
        if not self._told:
            self.sendLine(b"QUIT")
            self.transport.loseConnection()
            self._tell(line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._told:
            self._tell(b"")

    def _tell(self, line: bytes) -> None:
        self._told = True
        self.greeting.callback(line)


async def greeted(reactor: Any, address: tuple[str, int], limit: float) -> None:
    """Returns when a client was greeted with 220.

    :param limit: seconds.
    :raises TimeoutError: nobody was, within ``limit``.
    """
    deadline = reactor.seconds() + limit
    while reactor.seconds() < deadline:
        if (await _greeting(reactor, address)).startswith(b"220 "):
            return
        await deferLater(reactor, RETRY)
    raise TimeoutError(f"no server has greeted a client on {address[0]}:{address[1]} within {limit:.0f} seconds")


async def _greeting(reactor: Any, address: tuple[str, int]) -> bytes:
    endpoint = TCP4ClientEndpoint(reactor, *address, timeout=PATIENCE)
    client = Greeted()
    try:
        await connectProtocol(endpoint, client)
    except ConnectError:
        return b""  # not listening yet
    clock_up = reactor.callLater(PATIENCE, client.transport.abortConnection)
    line = await client.greeting
    if clock_up.active():
        clock_up.cancel()
    return line
