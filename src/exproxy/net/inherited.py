"""A network whose ports were bound by another process."""

import errno
import os
from collections.abc import Mapping

from exproxy.net.interfaces import Acceptor, Address, Network, Port
from exproxy.net.ported import PortedNetwork


class InheritedNetwork(PortedNetwork):
    """:param network: makes everything else.

    :param ports: the listening sockets that we were given, by the address that they were bound to.
    """

    def __init__(self, network: Network, ports: Mapping[Address, int]) -> None:
        super().__init__(network)
        self._ports = dict(ports)

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
