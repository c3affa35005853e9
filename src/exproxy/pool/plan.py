"""Which servers are in play: those among which the server of a new client is chosen."""

import enum
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from exproxy.pool.group import Group
    from exproxy.pool.server import Server


class Stage(enum.Enum):
    """What a new client may expect."""

    OPEN = 1
    DEGRADED = 2
    """Servers, but no host that the whole group has: nothing is remembered."""
    AWAITED = 3
    """No server yet, but first checks are under way."""
    CLOSED = 4


@attrs.frozen
class Plan:
    """The servers in play, in the order of the configuration; some exactly when the stage is ``OPEN`` or ``DEGRADED``."""

    stage: Stage
    servers: Sequence["Server"] = ()

    @property
    def primary(self) -> bool:
        """Whether those are in play that are not backups."""
        return self.stage is Stage.OPEN and not self.servers[0].backup


def make_plan(servers: Collection["Server"], group: "Group | None") -> Plan:
    """All servers that take new clients and are not backups; the backups only when there is no other, nor one about to be.

    In a group, only those on hosts that can be chosen for the whole group; all of them when there is no such host.
    """
    opened = [server for server in servers if server.opened]
    if group is None:
        ready = opened
        awaited = [server for server in servers if server.awaited]
    else:
        ready = [server for server in opened if group.standing(server.host.name).chooseable]
        awaited = [server for server in servers if (server.opened or server.awaited) and group.standing(server.host.name).awaited]
    for backup in (False, True):
        tier = [server for server in ready if server.backup is backup]
        if tier:
            return Plan(Stage.OPEN, tier)
        # A backup that is checked first would otherwise get everybody at process start, and a table would remember it.
        if any(server.backup is backup for server in awaited):
            return Plan(Stage.AWAITED)
    if opened:
        return Plan(Stage.DEGRADED, [server for server in opened if not server.backup] or opened)
    return Plan(Stage.CLOSED)
