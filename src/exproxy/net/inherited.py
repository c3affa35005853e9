"""A network whose ports were bound by another process."""

import errno
import os
from collections.abc import Mapping

from exproxy.net.interfaces import Acceptor, Address, Attempt, Dialer, Network, PlainStream, Port, SecureStream, TLSOwner
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.server import ServerTLS


class InheritedNetwork:
    """:param network: makes everything else.

    :param ports: the listening sockets that we were given, by the address that they were bound to.
    """

    def __init__(self, network: Network, ports: Mapping[Address, int]) -> None:
        self._network = network
        self._ports = dict(ports)
        self.deadlines = network.deadlines

    def give(self, address: Address, fd: int) -> None:
        """One more of them."""
        self._ports[address] = fd

    def forget(self) -> None:
        """Close those that nobody has wanted."""
        for fd in self._ports.values():
            os.close(fd)
        self._ports.clear()

    def listen(self, address: Address, acceptor: Acceptor, backlog: int = 1024) -> Port:
        """The port that was bound there.

        :raises OSError: we were given none.
        """
        fd = self._ports.pop(address, None)
        if fd is None:
            raise OSError(errno.EADDRNOTAVAIL, "the process that binds ports has given us none for this address")
        return self._network.adopt(fd, acceptor)

    def adopt(self, fd: int, acceptor: Acceptor) -> Port:
        return self._network.adopt(fd, acceptor)

    def secure_server(self, stream: PlainStream, tls: ServerTLS, owner: TLSOwner) -> SecureStream:
        return self._network.secure_server(stream, tls, owner)

    def secure_client(self, stream: PlainStream, tls: ClientTLS, owner: TLSOwner) -> SecureStream:
        return self._network.secure_client(stream, tls, owner)

    def connect(
        self, address: Address, dialer: Dialer, timeout: float, source: str | None = None, speaks_first: bool = False
    ) -> Attempt:
        return self._network.connect(address, dialer, timeout, source, speaks_first)
