"""TLS before the door for administrators: the same certificates, profiles and renewals as front ends have.

Twisted's TLS between two buffers is good enough here.  A handshake that does not get on is the door's to end, since a connection
is one of its few from the first moment on.
"""

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IReactorTime, ISSLTransport
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from zope.interface import implementer

from exproxy.net.tls.server import ServerTLS

_TOLD = "this port speaks TLS: ask for https://, and not for http://\n"
_IN_THE_CLEAR = (
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(_TOLD)}\r\nConnection: close\r\n\r\n{_TOLD}"
).encode()


@implementer(ISSLTransport)
class _Secured(BufferingTLSTransport):
    transport: Any
    _began = False

    def dataReceived(self, data: bytes) -> None:
        """Who speaks HTTP right away is told what is wrong; of a TLS alert, browsers make no words that help."""
        if not self._began:
            self._began = True
            if data[:1].isalpha():
                self.transport.write(_IN_THE_CLEAR)
                self.transport.loseConnection()
                return
        if self.transport.disconnecting:
            return
        super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted's


@implementer(IOpenSSLServerConnectionCreator)
class Secured(TLSMemoryBIOFactory):
    """Has those who come to ``door`` speak TLS, as ``tls`` and its files are at that moment."""

    protocol = _Secured
    noisy = False

    def __init__(self, door: Any, tls: ServerTLS, clock: IReactorTime) -> None:
        super().__init__(self, isClient=False, wrappedFactory=door, clock=clock)
        self.tls = tls

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return self.tls.connection(None, protocol)
