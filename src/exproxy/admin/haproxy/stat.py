"""``show stat``: all front ends, back ends and servers as HAProxy would tell them.

What is counted nowhere here is left empty, which HAProxy's readers know from HAProxy (a column that the mode has not).
"""

from collections.abc import Iterator

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime

from exproxy import pool
from exproxy.admin.haproxy import status
from exproxy.admin.haproxy.fields import STAT
from exproxy.admin.haproxy.memory import Memory, Past
from exproxy.admin.haproxy.numbering import Proxy, proxies, servers
from exproxy.admin.haproxy.rows import TYPES, Row, Value
from exproxy.admin.overview import Overview
from exproxy.admin.sources import Things
from exproxy.admin.views import BackendView, FrontendView, ServerView, Snapshot
from exproxy.pool import Admin

_COUNTERS = frozenset(field.name for field in STAT if field.counts)


@frozen
class Wanted:
    """Which rows: ``show stat {<iid>|<name>} <type> <sid>``.

    :param iid: -1 for all, as ``sid``.
    :param types: 1 front ends, 2 back ends, 4 servers, in any sum; -1 for all.
    :param up: without those that are down or in maintenance.
    :param awake: without those that are in maintenance.
    """

    iid: int = -1
    types: int = -1
    sid: int = -1
    up: bool = False
    awake: bool = False

    def has(self, row: Row) -> bool:
        if self.iid not in (-1, row.iid) or not self.types & 1 << TYPES[row.sort]:
            return False
        if row.sort != "Server":
            return True
        return self.sid in (-1, row.sid) and not (self.up and row.stopped) and not (self.awake and row.resting)


class Stats:
    """Rows, from what is seen and what is remembered."""

    def __init__(self, clock: IReactorTime, things: Things, overview: Overview, memory: Memory) -> None:
        self._clock = clock
        self._things = things
        self._overview = overview
        self._memory = memory

    def rows(self, wanted: Wanted) -> Iterator[Row]:
        """Those that are wanted, as they are at this moment."""
        rows = (self._since_cleared(row) for row in self._all() if wanted.has(row))
        return (_counted(row) for row in rows) if wanted.up or wanted.awake else rows

    def clear(self, everything: bool) -> None:
        """Begin anew: peaks, or all counters too."""
        if everything:
            self._memory.clear_counters({_name(row): _counters(row) for row in self._all()})
        else:
            self._memory.clear()

    def _all(self) -> Iterator[Row]:
        """As it was when the first one was asked for: who reads slowly may do so over a change of the configuration."""
        snapshot = self._overview.snapshot()
        known = evolve(self._things)
        frontends = {view.name: (view, self._memory.frontend(view.name)) for view in snapshot.frontends}
        backends = {view.name: (view, self._memory.backend(known.backends[view.name])) for view in snapshot.backends}
        modes = _modes(known)
        for proxy in proxies(known):
            if proxy.sort == "Frontend":
                yield _frontend(proxy, *frontends[proxy.name], modes[f"frontend {proxy.name}"], snapshot)
                continue
            mode = modes.get(f"backend {proxy.name}", "tcp")
            yield from self._of_backend(proxy, known.backends[proxy.name], *backends[proxy.name], mode)

    def _of_backend(self, proxy: Proxy, backend: pool.Backend, view: BackendView, past: Past, mode: str) -> Iterator[Row]:
        now = self._clock.seconds()
        views = {server.name: server for server in view.servers}
        for sid, server in servers(backend):
            if server.name in views:
                yield _server(proxy.iid, sid, server, views[server.name], self._memory.server(server), mode, now)
        row = _backend(proxy, view, past, mode, now)
        going = sum(not status.stopped(server) for server in backend.servers.values())
        yield evolve(row, going=f"{going}/{len(backend.servers)}")

    def _since_cleared(self, row: Row) -> Row:
        zero = self._memory.zero(_name(row))
        if not zero:
            return row
        # a worker that dies takes along what it has not reported
        return evolve(row, values=row.values | {name: max(0, now - zero.get(name, 0)) for name, now in _counters(row).items()})


def _modes(things: Things) -> dict[str, str]:
    """In HAProxy's words: what is not HTTP is TCP for its tools.  A back end's is that of the first that leads there."""
    modes: dict[str, str] = {}
    for facts in things.frontends.values():
        mode = "http" if facts.mode == "http" else "tcp"
        modes[f"frontend {facts.name}"] = mode
        for name in facts.backends:
            modes.setdefault(f"backend {name}", mode)
    return modes


def _counted(row: Row) -> Row:
    return evolve(row, values=row.values | {"status": f"{row.values['status']} ({row.going})"}) if row.going else row


def _name(row: Row) -> str:
    return f"{row.sort} {row.values['pxname']}/{row.values['svname']}"


def _counters(row: Row) -> dict[str, int]:
    return {name: value for name, value in row.values.items() if name in _COUNTERS and isinstance(value, int)}


def _frontend(proxy: Proxy, view: FrontendView, past: Past, mode: str, snapshot: Snapshot) -> Row:
    values: dict[str, Value] = {
        "pxname": view.name,
        "svname": "FRONTEND",
        "scur": view.sessions,
        "smax": past.sessions,
        "slim": snapshot.process.maxconn if view.maxconn is None else view.maxconn,
        "stot": view.total,
        "bin": view.bytes_in,
        "bout": view.bytes_out,
        "dreq": view.denied + view.limited,
        "dresp": 0,
        "ereq": view.failed_prefaces + view.failed_handshakes + view.bad_requests + view.left_early,
        "status": "STOP" if snapshot.process.draining else "OPEN",
        "pid": 1,
        "iid": proxy.iid,
        "sid": 0,
        "type": 0,
        "rate": round(view.rate),
        "rate_lim": 0,
        "rate_max": round(view.rate_max),
        "mode": mode,
        "conn_rate": round(view.rate),
        "conn_rate_max": round(view.rate_max),
        "conn_tot": view.total,
        "-": "-",
    }
    return Row("Frontend", proxy.iid, 0, values)


def _server(iid: int, sid: int, server: pool.Server, view: ServerView, past: Past, mode: str, now: float) -> Row:
    values: dict[str, Value] = {
        "pxname": view.backend,
        "svname": view.name,
        "qcur": view.queued,
        "qmax": past.queued,
        "scur": view.sessions,
        "smax": past.sessions,
        "stot": view.total,
        "bin": view.bytes_in,
        "bout": view.bytes_out,
        "dresp": 0,
        "econ": view.failed_connects,
        "status": status.status(server),
        "weight": -(-view.weight * view.share // 100),
        "act": int(not view.backup),
        "bck": int(view.backup),
        "lastchg": int(now - past.since),
        "pid": 1,
        "iid": iid,
        "sid": sid,
        "lbtot": view.total,
        "type": 2,
        "rate": round(view.rate),
        "rate_max": round(view.rate_max),
        "lastsess": past.idle(now),
        "mode": mode,
        "connect": view.total + view.failed_connects,
        "used_conn_cur": view.sessions,
        "uweight": view.weight,
        "-": "-",
    }
    if view.maxconn is not None:
        values["slim"] = view.maxconn
    if server.slow_starting:
        values["throttle"] = view.share
    if view.address is not None:
        values["addr"] = _address(view)
    if server.admin is not Admin.MAINT:
        values |= _checked(server, past, now)
    return Row("Server", iid, sid, values, status.stopped(server), server.admin is Admin.MAINT)


def _checked(server: pool.Server, past: Past, now: float) -> dict[str, Value]:
    values: dict[str, Value] = {}
    check = status.deciding(server)
    if check is not None:
        values = {
            "chkfail": sum(state.failures for state in server.health.checks.values() if state.spec.required),
            "chkdown": past.downs,
            "downtime": past.downtime(now),
            "check_status": check.word,
            "last_chk": check.text,
            "check_desc": check.description,
            "check_rise": check.rise,
            "check_fall": check.fall,
            "check_health": check.health,
        }
        values |= {} if check.duration is None else {"check_duration": check.duration}
        values |= {} if check.code is None else {"check_code": check.code}
    if server.agent_text:
        values |= {"last_agt": server.agent_text, "agent_status": "L7OK", "agent_desc": status.DESCRIPTIONS["L7OK"]}
    return values


def _backend(proxy: Proxy, view: BackendView, past: Past, mode: str, now: float) -> Row:
    open_ones = [server for server in view.servers if server.usable]
    active = [server for server in open_ones if not server.backup]
    in_play = active or open_ones
    weight = sum(-(-server.weight * server.share // 100) for server in in_play)
    values: dict[str, Value] = {
        "pxname": view.name,
        "svname": "BACKEND",
        "qcur": view.queued,
        "qmax": past.queued,
        "scur": view.sessions,
        "smax": past.sessions,
        "stot": view.total,
        "bin": view.bytes_in,
        "bout": view.bytes_out,
        "dreq": 0,
        "dresp": 0,
        "econ": sum(server.failed_connects for server in view.servers) + view.refused,
        "status": "UP" if open_ones or not view.servers else "DOWN",
        "weight": weight,
        "act": len(active),
        "bck": len(open_ones) - len(active),
        "chkdown": past.downs,
        "lastchg": int(now - past.since),
        "downtime": past.downtime(now),
        "pid": 1,
        "iid": proxy.iid,
        "sid": 0,
        "lbtot": view.total,
        "type": 1,
        "rate": round(view.rate),
        "rate_max": round(view.rate_max),
        "lastsess": past.idle(now),
        "mode": mode,
        "algo": view.balance,
        "connect": sum(server.total + server.failed_connects for server in view.servers),
        "uweight": sum(server.weight for server in in_play),
        # HAProxy 2.6 reckons these for Prometheus only, and tells 0 here
        "agg_server_status": 0,
        "agg_server_check_status": 0,
        "agg_check_status": 0,
        "-": "-",
    }
    if view.maxconn is not None:
        values["slim"] = view.maxconn
    return Row("Backend", proxy.iid, 0, values)


def _address(view: ServerView) -> str:
    port = "" if view.port is None else f":{view.port}"
    return f"[{view.address}]{port}" if view.address and ":" in view.address else f"{view.address}{port}"
