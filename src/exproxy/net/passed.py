"""Listening sockets that the process was given by who started it (socket activation: systemd, or what speaks like it)."""

import errno
import socket
from collections.abc import Sequence

import attrs

from exproxy.net.interfaces import Acceptor, Address, Network, Port
from exproxy.net.ported import PortedNetwork
from exproxy.wire.systemd import FIRST_PASSED, UNNAMED

_INTERNET = (socket.AF_INET, socket.AF_INET6)


@attrs.define(eq=False)
class _Passed:
    label: str
    sock: socket.socket
    used: bool = False


class PassedSockets:
    """Kept as long as the process: a port that is closed, and wanted again after a reload, is the same socket again.

    :param names: of the sockets, whose descriptors begin with ``first``.
    """

    def __init__(self, names: Sequence[str], first: int = FIRST_PASSED) -> None:
        self._by_address: dict[Address, _Passed] = {}
        self.troubles: list[str] = []
        """A sentence for each that cannot be used."""
        for fd, name in enumerate(names, first):
            self._sort(fd, f"descriptor {fd}" if name in ("", UNNAMED) else f'"{name}" (descriptor {fd})')

    def take(self, address: Address, backlog: int) -> socket.socket | None:
        """Another descriptor of the socket that is bound to ``address``, listening; ``None`` if none was passed.

        :raises OSError: it takes clients that nobody means who configures that address.
        """
        passed = self._by_address.get(address)
        if passed is None:
            return None
        if address[0] == "::" and not passed.sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            raise OSError(errno.EINVAL, "the socket passed for it takes IPv4 too; say BindIPv6Only=ipv6-only in the socket unit")
        taken = passed.sock.dup()
        try:
            taken.setblocking(False)
            taken.listen(backlog)
        except OSError:
            taken.close()
            raise
        passed.used = True
        return taken

    @property
    def used(self) -> list[str]:
        """A sentence for those that are in use, if any."""
        labels = [f"{_shown(address)} by {passed.label}" for address, passed in self._by_address.items() if passed.used]
        return [f"bound already by who started us: {', '.join(labels)}"] if labels else []

    @property
    def unused(self) -> list[str]:
        """A sentence for each that nothing of the configuration listens at."""
        return [
            f"the socket {passed.label} was passed to us and listens on {_shown(address)}, which the configuration does not have:"
            " its clients wait in vain. Add that bind, or take it out of the socket unit"
            for address, passed in self._by_address.items()
            if not passed.used
        ]

    def _sort(self, fd: int, label: str) -> None:
        try:
            sock = socket.socket(fileno=fd)
        except OSError as error:
            self.troubles.append(f"{label} was announced as a socket that is passed to us, and is none: {error.strerror}")
            return
        sock.set_inheritable(False)
        if sock.family not in _INTERNET or sock.type != socket.SOCK_STREAM:
            self._refuse(sock, label, "is no TCP socket")
        elif not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._refuse(sock, label, "does not listen (the socket unit has to say Accept=no)")
        else:
            host, port = sock.getsockname()[:2]
            if (host, port) in self._by_address:
                self._refuse(sock, label, f"is the second one for {_shown((host, port))}")
            else:
                self._by_address[host, port] = _Passed(label, sock)

    def _refuse(self, sock: socket.socket, label: str, why: str) -> None:
        sock.close()
        self.troubles.append(f"the socket {label} was passed to us and {why}: it is not used")


class PassedNetwork(PortedNetwork):
    """:param network: makes everything else.

    :param passed: what need not be bound.
    """

    def __init__(self, network: Network, passed: PassedSockets) -> None:
        super().__init__(network)
        self._passed = passed

    def listen(self, address: Address, acceptor: Acceptor, backlog: int = 1024) -> Port:
        """The port that was passed, or one that is bound now.

        :raises OSError: it is not to be had.
        """
        taken = self._passed.take(address, backlog)
        return (
            self._network.listen(address, acceptor, backlog) if taken is None else self._network.adopt(taken.detach(), acceptor)
        )


def _shown(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
