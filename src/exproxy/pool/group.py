"""Back ends that share a table, and on which hosts the group as a whole can be served.

A client of the group is to find one and the same host behind every member (Exchange 2010: endpoint mapper, RPC Client Access and
Address Book, EXCHANGE.md).  So a host is chosen only while every *required* member has a usable server there.  When one of them
dies on a host, the entries that name it are no good any more: the next session of any member chooses a complete host and
rewrites its client's entry, and all members follow.

When no host is complete, each member goes on with whatever usable servers it has, without remembering it: half a service is
better than none, and the entries are right again when a host is.

A member that is not required never moves the group: where its own server is gone, its sessions go elsewhere unremembered.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from exproxy.pool.table import Table

if TYPE_CHECKING:
    from exproxy.pool.backend import Backend


Ask = Callable[[bytes, str, str | None], None]
"""Key, the host that we would have, and the host of the entry that is to be replaced, if there is one."""


@attrs.frozen
class Standing:
    """What a host can do for the group.

    :param chooseable: new clients may be sent there.
    :param awaited: not now, but perhaps when all first checks are done.
    :param holds: clients whose entry names it stay (also while it drains).
    :param may_hold: they may, when all first checks are done.
    """

    chooseable: bool
    awaited: bool
    holds: bool
    may_hold: bool


_NOWHERE = Standing(chooseable=False, awaited=False, holds=False, may_hold=False)


class Group:
    """A table and the back ends that choose by it; a table of one's own is a group of one."""

    __slots__ = ("_ask", "_asked", "_members", "_standings", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self._members: list[Backend] = []
        self._standings: dict[str, Standing] = {}
        self._ask: Ask | None = None
        self._asked: set[bytes] = set()

    def insert_elsewhere(self, ask: Ask) -> None:
        """Let another process decide on entries: a session without a fitting one waits until :meth:`answered`.

        :param ask: is called once for each key, and never calls back from inside.
        """
        self._ask = ask

    def asks(self, key: bytes, host: str, replaced: str | None) -> bool:
        """Whether the entry that would be made is for another process to decide on; then that is asked."""
        if self._ask is None:
            return False
        if key not in self._asked:
            self._asked.add(key)
            self._ask(key, host, replaced)
        return True

    def answered(self, key: bytes, host: str, now: float) -> None:
        """The other process has decided: ``host`` it is, and who waited for that goes on."""
        self._asked.discard(key)
        self.table.bind(key, host, now)
        for backend in self._members:
            backend.entered(key, now)
        for backend in tuple(self._members):
            backend.deliver()

    @property
    def remembers(self) -> bool:
        """Whether choices are entries of the table; otherwise clients carry them."""
        return self.table.kind != "cookie"

    def learn(self, key: bytes, host: str, now: float) -> None:
        """A server there has given a client this key: remember that at once, unless the key is known."""
        if self.table.find(key, now) is None:
            self.table.bind(key, host, now)
            self.asks(key, host, None)

    def standing(self, host: str) -> Standing:
        """What the host of that name can do."""
        return self._standings.get(host, _NOWHERE)

    @property
    def members(self) -> tuple["Backend", ...]:
        """In the order in which they joined."""
        return tuple(self._members)

    def join(self, backend: "Backend") -> None:
        """Have ``backend`` choose with the others; :class:`exproxy.pool.backend.Backend` does this itself."""
        self._members.append(backend)

    def leave(self, backend: "Backend", now: float) -> None:
        """The others are alone from now on."""
        self.forget(backend)
        self.settle(now)

    def forget(self, backend: "Backend") -> None:
        """The same, for who has more to change before all choose anew (:meth:`settle`)."""
        self._members.remove(backend)

    def clear(self, now: float, key: bytes | None = None) -> int:
        """Forget all choices, or that of one key; returns how many there were.

        Live sessions stay, those that wait are chosen for anew.
        """
        count = self.table.clear() if key is None else int(self.table.forget(key))
        self.settle(now)
        return count

    def settle(self, now: float) -> None:
        """A member's servers have changed: reckon anew, and let all members choose anew."""
        hosts = {host for backend in self._members for host in backend.host_names}
        self._standings = {host: self._reckon(host) for host in hosts}
        for backend in self._members:
            backend.replan(now)
        for backend in tuple(self._members):
            backend.deliver()

    def _reckon(self, host: str) -> Standing:
        chooseable = awaited = holds = may_hold = True
        for backend in self._members:
            if not backend.required:
                continue
            servers = backend.servers_on(host)
            opened = any(server.opened for server in servers)
            usable = any(server.usable for server in servers)
            chooseable = chooseable and opened
            awaited = awaited and (opened or any(server.awaited for server in servers))
            holds = holds and usable
            may_hold = may_hold and (usable or any(server.starting for server in servers))
        return Standing(chooseable, awaited, holds, may_hold)
