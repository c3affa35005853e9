"""What a balancing algorithm is."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from exproxy.pool.server import Server


class Balancer(Protocol):
    """Chooses among the servers in play: all of them usable, perhaps full.

    Reads :attr:`Server.share` (a weight above 0 that grows while a server starts slowly), ``sessions`` and ``limit``.
    """

    keyed: bool
    """Whether the choice depends on the client's key; then a full server may be chosen, and the client waits for that one."""

    def arrange(self, servers: Sequence["Server"]) -> None:
        """The servers in play or their shares have changed; ``servers`` is in the order of the configuration."""

    def pick(self, key: bytes | None, avoid: Collection["Server"]) -> "Server | None":
        """A server that is not in ``avoid``; ``None`` when all of them are full.  Whoever asks takes what he gets."""
