"""The proxies that are compared; each starts on its own port in front of the same web server."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.processes import LOOPBACK, Processes, free_port, program


class Running(NamedTuple):
    """A proxy that listens."""

    name: str
    pid: int
    port: int


class Behind(NamedTuple):
    """What stands behind and beside the proxies."""

    web: int
    syslog: int


class Proxy(NamedTuple):
    """How a proxy is started, and how many sessions it can hold."""

    name: str
    start: Callable[[Processes, Behind], Running]
    sessions: int
    units: frozenset[str]
    """The units that it takes part in."""


HAPROXY = """
global
    nbthread 1
    maxconn 4000
    log {log}
defaults
    mode tcp
    log global
    option tcplog
    {splice}
    timeout connect 5s
    timeout client 30m
    timeout server 30m
frontend bench
    bind {host}:{port} backlog 4096
    default_backend web
backend web
    server web {host}:{web}
"""

EXPROXY = """
[service]
maxconn = 9_500
workers = {workers}
log = {{ format = "text", access = "access.log" }}

[frontends.bench]
mode = "tcp"
bind = ["{host}:{port}"]
backend = "web"

[backends.web]
[backends.web.servers]
web = "{host}:{web}"
"""


SPLICE_AUTO = "option splice-auto"
SPLICE_ALWAYS = "option splice-request\n    option splice-response"


def _start_haproxy(processes: Processes, behind: Behind, name: str, log: str, splice: str) -> Running:
    port = free_port()
    path = processes.folder / f"{name}.cfg"
    path.write_text(HAPROXY.format(host=LOOPBACK, log=log, splice=splice, port=port, web=behind.web))
    pid = processes.start(name, [program("haproxy"), "-db", "-f", str(path)], port)
    return Running(name, pid, port)


def start_haproxy(processes: Processes, behind: Behind) -> Running:
    """As most people have it: a syslog server, and the choice whether to splice left to HAProxy."""
    return _start_haproxy(processes, behind, "haproxy", f"{LOOPBACK}:{behind.syslog} local0", SPLICE_AUTO)


def start_haproxy_file(processes: Processes, behind: Behind) -> Running:
    """Its access log in a file as ours is: a datagram a session costs it several microseconds that we would not have."""
    return _start_haproxy(processes, behind, "haproxy-file", "stdout format raw local0", SPLICE_AUTO)


def start_haproxy_splice(processes: Processes, behind: Behind) -> Running:
    """It splices always: with ``splice-auto`` 2.6 was not seen to splice these bodies at all."""
    return _start_haproxy(processes, behind, "haproxy-splice", f"{LOOPBACK}:{behind.syslog} local0", SPLICE_ALWAYS)


def start_portforward(processes: Processes, behind: Behind) -> Running:
    port = free_port()
    pid = processes.start("portforward", [sys.executable, "-m", "bench.forward", str(port), str(behind.web)], port)
    return Running("portforward", pid, port)


def exproxy_configuration(folder: Path, behind: Behind, port: int) -> Path:
    """The file that exproxy is started with."""
    path = folder / "exproxy.toml"
    path.write_text(EXPROXY.format(host=LOOPBACK, port=port, web=behind.web, workers=1))
    return path


def start_exproxy(processes: Processes, behind: Behind) -> Running:
    port = free_port()
    path = exproxy_configuration(processes.folder, behind, port)
    twistd = Path(sys.executable).with_name("twistd")
    pid = processes.start("exproxy", [sys.executable, str(twistd), "-n", "--pidfile=", "exproxy", "-c", str(path)], port)
    return Running("exproxy", pid, port)


def start_traced(processes: Processes, behind: Behind, tell: Path) -> Running:
    """exproxy again, counting its objects (bench.traced); too slow for anything else."""
    port = free_port()
    path = exproxy_configuration(processes.folder, behind, port)
    arguments = [sys.executable, "-m", "bench.traced", "-n", "--pidfile=", "exproxy", "-c", str(path)]
    return Running("exproxy", processes.start("exproxy-traced", arguments, port, {"TRACED": str(tell)}), port)


EVERY = frozenset({"connections", "requests", "bulk", "idle"})

PROXIES = (
    Proxy("haproxy", start_haproxy, sessions=3_900, units=EVERY),
    Proxy("haproxy-file", start_haproxy_file, sessions=3_900, units=frozenset({"connections", "requests"})),
    Proxy("haproxy-splice", start_haproxy_splice, sessions=3_900, units=frozenset({"bulk"})),
    Proxy("portforward", start_portforward, sessions=9_500, units=EVERY),
    Proxy("exproxy", start_exproxy, sessions=9_000, units=EVERY),
)
