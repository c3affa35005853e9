"""Hosts, servers, health, choosing and waiting.  Pure: no Twisted, no sockets, no clock; times are passed in as seconds.

A :class:`Backend` has servers, each on a :class:`Host`.  :meth:`Backend.acquire` gives a :class:`Lease` of one of them, which is
released exactly once, or a :class:`Ticket` when the session has to wait.  What checks find goes to :meth:`Server.observe`, what
people set to ``set_admin`` of a server or a host; who wants to hear of changes calls :meth:`Backend.subscribe`.  Times come from
one clock that never goes back, and :meth:`Backend.tick` wants to be called about once a second.
"""

from exproxy.pool.agent import AgentAnswer
from exproxy.pool.backend import Backend
from exproxy.pool.errors import NoServer, QueueFull
from exproxy.pool.following import ServerState, follow
from exproxy.pool.group import Group
from exproxy.pool.health import CheckResult, CheckSpec, CheckState, Health
from exproxy.pool.host import Host
from exproxy.pool.lease import Holder, Lease
from exproxy.pool.server import Server
from exproxy.pool.states import Admin, Operational, Transition
from exproxy.pool.table import Table
from exproxy.pool.waiting import Ticket

__all__ = [
    "Admin",
    "AgentAnswer",
    "Backend",
    "CheckResult",
    "CheckSpec",
    "CheckState",
    "Group",
    "Health",
    "Holder",
    "Host",
    "Lease",
    "NoServer",
    "Operational",
    "QueueFull",
    "Server",
    "ServerState",
    "Table",
    "Ticket",
    "Transition",
    "follow",
]
