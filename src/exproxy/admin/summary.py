"""Everything in one sentence, for who shows one line: a supervisor's list of services."""

from exproxy.admin.views import Snapshot
from exproxy.pool.states import Admin, Operational

NAMES = 3
"""So many front ends without a server are named."""


def summary(snapshot: Snapshot) -> str:
    """``412 sessions, 5 of 6 servers up``, and what is not as it should be."""
    process = snapshot.process
    servers = [server for backend in snapshot.backends for server in backend.servers]
    up = sum(server.operational is Operational.UP for server in servers)
    sessions = "1 session" if process.sessions == 1 else f"{process.sessions} sessions"
    said = [f"ending, {sessions} left" if process.draining else sessions]
    said.append(f"{up} of {len(servers)} server{'' if len(servers) == 1 else 's'} up")
    by_hand = sum(server.admin is not Admin.READY for server in servers)
    if by_hand:
        said.append(f"{by_hand} in drain or maintenance")
    serving = sum(worker.serving for worker in process.workers)
    if serving < len(process.workers):
        said.append(f"{serving} of {len(process.workers)} workers serve")
    forsaken = [frontend.name for frontend in snapshot.frontends if not frontend.ready]
    if forsaken:
        more = f" and {len(forsaken) - NAMES} more" if len(forsaken) > NAMES else ""
        said.append(f"no server for {', '.join(forsaken[:NAMES])}{more}")
    return ", ".join(said)
