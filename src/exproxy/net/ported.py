"""A network that has its ports from elsewhere, and all else from another network."""

from exproxy.net.interfaces import Acceptor, Address, Attempt, Dialer, Network, PlainStream, Port, SecureStream, TLSOwner
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.server import ServerTLS


class PortedNetwork:
    """What is left to do is ``listen``.

    :param network: makes everything else.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.deadlines = network.deadlines

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
