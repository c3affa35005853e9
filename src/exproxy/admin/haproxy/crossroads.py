"""One unix socket for two protocols: the first line says whether HTTP or HAProxy's commands are spoken.

HTTP's request line ends in its version, and no command does.
"""

import re
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from exproxy.admin.door import IDLE, Door
from exproxy.admin.haproxy.speaker import LONGEST_LINE, Speakers

MOST = 32
"""Connections that have not said a line; one more takes the place of the oldest."""

_HTTP = re.compile(rb"[A-Z]+ \S+ HTTP/[0-9]\.[0-9]\r?")


@implementer(IHalfCloseableProtocol)
class _Newcomer(Protocol):
    transport: Any

    def __init__(self, crossroads: "Crossroads") -> None:
        self._crossroads = crossroads
        self._heard = b""
        self._tired: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._tired = self._crossroads.reactor.callLater(IDLE, self.cut)
        self._crossroads.came(self)

    def dataReceived(self, data: bytes) -> None:
        self._heard += data
        line, end, _ = self._heard.partition(b"\n")
        if end:
            self._hand_over(_HTTP.fullmatch(line) is not None)
        elif len(self._heard) > LONGEST_LINE:
            self.cut()

    def readConnectionLost(self) -> None:
        """It has nothing more to say, and has said nothing."""
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Nobody is there to hear us."""
        self.cut()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._forget()

    def cut(self) -> None:
        self.transport.abortConnection()

    def _hand_over(self, http: bool) -> None:
        self._forget()
        heard, self._heard = self._heard, b""
        protocol: Any = self._crossroads.protocol_of(http, self.transport.getPeer())
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        protocol.dataReceived(heard)

    def _forget(self) -> None:
        if self._tired is not None and self._tired.active():
            self._tired.cancel()
        self._crossroads.left(self)


class Crossroads(ServerFactory):
    """:param door: speaks HTTP; ``speakers``: HAProxy's commands."""

    noisy = False

    def __init__(self, reactor: Any, door: Door, speakers: Speakers) -> None:
        self.reactor = reactor
        self._door = door
        self._speakers = speakers
        self._there: list[_Newcomer] = []

    def buildProtocol(self, addr: object) -> _Newcomer:
        """Somebody who has said nothing yet."""
        return _Newcomer(self)

    def protocol_of(self, http: bool, address: Any) -> Protocol | None:
        """For somebody who has."""
        return self._door.buildProtocol(address) if http else self._speakers.buildProtocol(address)

    def came(self, newcomer: _Newcomer) -> None:
        """For a connection: it is there."""
        self._there.append(newcomer)
        if len(self._there) > MOST:
            self._there.pop(0).cut()  # which is told in a turn of its own, and more may come before that

    def left(self, newcomer: _Newcomer) -> None:
        """For a connection: it is no more, or has a protocol."""
        if newcomer in self._there:
            self._there.remove(newcomer)

    def close(self) -> None:
        """End all connections, whatever they speak."""
        for newcomer in tuple(self._there):
            newcomer.cut()
        self._door.close()
        self._speakers.close()
