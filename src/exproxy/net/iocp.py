"""A listening port of the reactor with completion ports (Windows), which its own cannot be: adopted, paused, hard to kill."""

import errno
import socket
from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.iocpreactor import iocpsupport, tcp
from twisted.logger import Logger

LEFT = frozenset({64, errno.ECONNRESET, errno.ECONNABORTED})
"""Of AcceptEx: who was there has gone again (64 is ERROR_NETNAME_DELETED), which says nothing about the next one."""
REST = 1.0
"""Seconds without accepting after the system refused otherwise: trying again at once would spin."""

_log = Logger()


class CompletionPort(tcp.Port):
    """:param sock: bound and listening; it is the port's from now on.

    One AcceptEx is posted at a time, so a port that pauses may still let one client in.
    """

    port: int
    factory: Any

    def __init__(self, sock: socket.socket, factory: IProtocolFactory, reactor: Any) -> None:
        name = sock.getsockname()
        super().__init__(name[1], factory, 0, name[0], reactor)
        self.socket = sock
        self._paused = self._posted = False

    def started(self) -> "CompletionPort":
        """Accept from now on."""
        self.startListening()
        return self

    def startListening(self) -> None:
        """Instead of Twisted's, which binds."""
        self.reactor.registerHandle(self.socket.fileno())
        self.addrLen = iocpsupport.maxAddrLen(self.socket.fileno())
        self._realPortNumber = self.port
        self.factory.doStart()
        self.connected = True
        self.disconnected = False
        self.reactor.addActiveHandle(self)
        self.getFileHandle = self.socket.fileno
        self.doAccept()

    def fileno(self) -> int:
        return int(self.socket.fileno())

    def stopReading(self) -> None:
        """Accept nobody further."""
        self._paused = True

    def startReading(self) -> None:
        """Accept again."""
        self._paused = False
        self.doAccept()

    def doAccept(self) -> None:
        if self.connected and not (self._paused or self._posted or self.disconnecting):
            self._posted = True
            super().doAccept()

    def cbAccept(self, rc: int, data: object, evt: Any) -> None:
        self.handleAccept(rc, evt)

    def handleAccept(self, rc: int, evt: Any) -> None:
        """AcceptEx is done, or was refused; whatever a client does to its connection meanwhile, the port goes on."""
        self._posted = False
        if self.disconnecting or self.disconnected:
            return
        if rc and rc not in LEFT:
            _log.error("a client cannot be accepted on {address}: error {code}", address=self.getHost(), code=rc)
            self.reactor.callLater(REST, self.doAccept)
            return
        try:
            if not rc:
                super().handleAccept(rc, evt)
        except OSError:  # it has gone before its socket could be asked anything
            evt.newskt.close()
        finally:
            self.reactor.callLater(0, self.doAccept)
