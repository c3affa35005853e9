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


HAPROXY = """
global
    nbthread 1
    maxconn 4000
    log {host}:{syslog} local0
defaults
    mode tcp
    log global
    option tcplog
    option splice-auto
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


def start_haproxy(processes: Processes, behind: Behind) -> Running:
    port = free_port()
    path = processes.folder / "haproxy.cfg"
    path.write_text(HAPROXY.format(host=LOOPBACK, syslog=behind.syslog, port=port, web=behind.web))
    pid = processes.start("haproxy", [program("haproxy"), "-db", "-f", str(path)], port)
    return Running("haproxy", pid, port)


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


PROXIES = (
    Proxy("haproxy", start_haproxy, sessions=3_900),
    Proxy("portforward", start_portforward, sessions=9_500),
    Proxy("exproxy", start_exproxy, sessions=9_000),
)
