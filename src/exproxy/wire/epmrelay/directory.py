"""Where clients are to go instead of where the endpoint mapper sends them."""

from typing import Protocol

import attrs

from exproxy.wire.epm import Tower
from exproxy.wire.rpc.syntax import Syntax


@attrs.frozen
class Place:
    """:param address: IPv4, since a tower's floor has no room for more; ``None`` leaves the server's own; :param port: TCP."""

    address: str | None
    port: int


class Directory(Protocol):
    """Where interfaces are reached through us; it is asked while an answer is rewritten, and answers at once."""

    def place(self, interface: Syntax, protocol: int, port: int) -> Place | None:
        """Where clients reach ``interface``; ``None`` hides the tower.

        :param protocol: the tower's floor, :data:`exproxy.wire.epm.TCP` or :data:`exproxy.wire.epm.HTTP`.
        :param port: the server's own.
        """

    def keeps(self, tower: Tower) -> bool:
        """Whether a tower of another protocol (named pipes, datagrams, local calls) is told as it is; otherwise it is hidden."""
