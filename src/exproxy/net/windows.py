"""Streams on Windows: Twisted's transports, on ports that nobody else can have."""

from typing import Any

from twisted.internet.protocol import ServerFactory

from exproxy.net.interfaces import Address
from exproxy.net.listening import adopt, listening_socket
from exproxy.net.transports import TransportNetwork


class WindowsNetwork(TransportNetwork):
    """Binds by itself: no reactor asks for exclusive use of an address."""

    def _listen(self, address: Address, factory: ServerFactory[Any], backlog: int) -> Any:
        with listening_socket(address, backlog) as sock:
            return adopt(self._reactor, sock, factory)
