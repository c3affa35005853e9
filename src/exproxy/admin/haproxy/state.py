"""``show servers state``, which HAProxy's own state files have too, ``show servers conn`` and ``show backend``."""

from collections.abc import Iterable, Iterator

from exproxy import pool
from exproxy.admin.haproxy import status
from exproxy.admin.haproxy.memory import Memory
from exproxy.admin.haproxy.numbering import Proxy, servers
from exproxy.pool import Admin

VERSION = "1"
"""Of the format."""

_STATE = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
    "srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn "
    "srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port"
)
_CONN = (
    "bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur "
    "idle_per_thr[1]"
)

_CONFIGURED, _ENABLED, _PAUSED = 0x02, 0x04, 0x08
"""``srv_check_state`` (``CHK_ST_*``)."""

Backends = Iterable[tuple[Proxy, pool.Backend]]


def server_states(backends: Backends, memory: Memory, now: float) -> Iterator[str]:
    """A line for each server, behind the version and the names of the fields."""
    yield f"{VERSION}\n# {_STATE}\n"
    for proxy, backend in backends:
        for sid, server in servers(backend):
            since = int(now - memory.server(server).since)
            yield " ".join(str(value) for value in _state(proxy, sid, server, since)) + "\n"


def _state(proxy: Proxy, sid: int, server: pool.Server, since: int) -> tuple[str | int, ...]:
    return (
        *(proxy.iid, proxy.name, sid, server.name, server.address or "-"),
        *(
            status.operational_number(server),
            status.administrative_number(server),
            server.weight,
            server.configured_weight,
            since,
        ),
        *_check(server),
        *(0, 0, 0, "-", server.port or 0, "-", 0, 0, "-", "-", 0),
    )


def _check(server: pool.Server) -> tuple[int, int, int, int]:
    """Status, result, health and state of its check."""
    check = status.deciding(server)
    if check is None:
        return 1, 0, 2, 0
    state = _CONFIGURED | _ENABLED | (_PAUSED if server.admin is Admin.MAINT else 0)
    return check.number, check.result, check.health, state


def server_connections(backends: Backends, memory: Memory) -> Iterator[str]:
    """A line for each server; there are no idle connections that clients would share."""
    yield f"# {_CONN}\n"
    for proxy, backend in backends:
        for sid, server in servers(backend):
            most = memory.server(server).sessions
            where = f"{server.full_name} {proxy.iid}/{sid} {server.address or '-'} {server.port or 0}"
            yield f"{where} - 0 {server.sessions} {most} {most} 0 0 -1 0 0\n"


def names(backends: Backends) -> Iterator[str]:
    """The back ends'."""
    yield "# name\n"
    for proxy, _ in backends:
        yield f"{proxy.name}\n"
