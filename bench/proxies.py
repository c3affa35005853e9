"""The proxies that are compared; each starts on its own port in front of the same server."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.processes import LOOPBACK, MissingError, Processes, free_port, program


class Running(NamedTuple):
    """A proxy that listens."""

    name: str
    pid: int
    port: int


class Behind(NamedTuple):
    """What stands behind and beside the proxies."""

    server: int
    syslog: int
    certificate: Path
    permission: int = 0
    """Where nginx's mail module asks whether somebody may log in, and on which server."""


Start = Callable[[Processes, Behind], Running]


class Proxy(NamedTuple):
    """How a proxy is started, and how many sessions it can hold."""

    name: str
    start: Start
    sessions: int
    units: frozenset[str]
    """The units that it takes part in."""


HAPROXY = """
global
    nbthread 1
    maxconn 4000
    log {log}
defaults
    log global
    {mode}
    {splice}
    timeout connect 5s
    timeout client 30m
    timeout server 30m
frontend bench
    bind {host}:{port} backlog 4096 {bind}
    {headers}
    default_backend servers
backend servers
    server one {host}:{server}
"""

# nginx's stream module has no log format of its own; this one says what HAProxy's tcplog says.
NGINX_STREAM = """
{module}
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx-stream.pid;
error_log {folder}/nginx-stream-error.log error;
events {{ worker_connections 19000; }}
stream {{
    log_format tcplog '$remote_addr:$remote_port [$time_local] $upstream_addr $upstream_connect_time/$session_time '
                      '$bytes_sent $bytes_received $status';
    access_log {folder}/nginx-stream-access.log tcplog;
    server {{
        listen {host}:{port} backlog=4096;
        proxy_pass {host}:{server};
        proxy_timeout 30m;
    }}
}}
"""
# Its mail module writes no access log.
NGINX_MAIL = """
{module}
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx-{protocol}.pid;
error_log {folder}/nginx-{protocol}-error.log error;
events {{ worker_connections 19000; }}
mail {{
    auth_http {host}:{permission}/;
    imap_capabilities IMAP4rev1 LITERAL+ ID;
    server {{
        listen {host}:{port} backlog=4096;
        protocol {protocol};
    }}
}}
"""
MODULES = Path("/usr/lib/nginx/modules")

EXPROXY = """
[service]
maxconn = 9_500
workers = {workers}
log = {{ format = "text", access = "{name}-access.log" }}

[frontends.bench]
bind = ["{host}:{port}"]
backend = "servers"
{front}

[backends.servers]
[backends.servers.servers]
one = "{host}:{server}"
"""

TCP = "mode tcp\n    option tcplog"
# As exproxy does it: nobody's connection to a server is another's, and the server is told about the client.
HTTP = "mode http\n    option httplog\n    option forwardfor\n    http-reuse never"
HEADERS = """http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
    http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
    http-request set-header Front-End-Https on if {{ ssl_fc }}
    http-request set-header X-Forwarded-Host %[req.hdr(host)]"""
SYSLOG = "{host}:{syslog} local0"
LOG_FILE = "stdout format raw local0"
SPLICE_AUTO = "option splice-auto"
SPLICE_ALWAYS = "option splice-request\n    option splice-response"
BIND_TLS = "ssl crt {certificate}"
TLS = 'tls = {{ mode = "implicit", certificates = ["{certificate}"] }}'
WEB = 'mode = "http"'
EPM = """mode = "epm"
map = {{ emsmdb = "service" }}
[frontends.service]
bind = "{host}:{service}"
backend = "servers"
"""


def haproxy(name: str, log: str = LOG_FILE, splice: str = SPLICE_AUTO, bind: str = "", mode: str = TCP) -> Start:
    """HAProxy with one thread."""
    headers = HEADERS.format() if mode is HTTP else ""

    def start(processes: Processes, behind: Behind) -> Running:
        port = free_port()
        path = processes.folder / f"{name}.cfg"
        log_to = log.format(host=LOOPBACK, syslog=behind.syslog)
        bind_with = bind.format(certificate=behind.certificate)
        path.write_text(
            HAPROXY.format(
                host=LOOPBACK,
                log=log_to,
                mode=mode,
                splice=splice,
                headers=headers,
                port=port,
                server=behind.server,
                bind=bind_with,
            )
        )
        pid = processes.start(name, [program("haproxy"), "-db", "-f", str(path)], port)
        return Running(name, pid, port)

    return start


def start_nginx_stream(processes: Processes, behind: Behind) -> Running:
    """nginx with one worker, which writes each line of its access log at once, as it does by default."""
    return start_nginx(processes, "stream", "nginx-stream", NGINX_STREAM, server=behind.server)


def nginx_mail(protocol: str) -> Start:
    """nginx as a mail proxy."""

    def start(processes: Processes, behind: Behind) -> Running:
        return start_nginx(processes, "mail", f"nginx-{protocol}", NGINX_MAIL, protocol=protocol, permission=behind.permission)

    return start


def start_nginx(processes: Processes, module: str, name: str, configuration: str, **values: object) -> Running:
    """:param module: the one that is needed, besides what every nginx has."""
    nginx, folder, port = program("nginx"), processes.folder, free_port()
    path = MODULES / f"ngx_{module}_module.so"
    if not path.exists():
        raise MissingError(f"nginx's {module} module is not installed; on Debian: apt-get install libnginx-mod-{module}")
    user = "user root;" if os.geteuid() == 0 else ""
    file = folder / f"{name}.conf"
    file.write_text(
        configuration.format(module=f"load_module {path};", user=user, folder=folder, host=LOOPBACK, port=port, **values)
    )
    pid = processes.start(name, [nginx, "-p", str(folder), "-c", str(file)], port)
    return Running("nginx", pid, port)


def start_portforward(processes: Processes, behind: Behind) -> Running:
    port = free_port()
    pid = processes.start("portforward", [sys.executable, "-m", "bench.forward", str(port), str(behind.server)], port)
    return Running("portforward", pid, port)


def exproxy(name: str, workers: int = 1, front: str = "") -> Start:
    """exproxy as anybody starts it."""

    def start(processes: Processes, behind: Behind) -> Running:
        port = free_port()
        path = exproxy_configuration(processes.folder, behind, port, name, workers, front)
        twistd = Path(sys.executable).with_name("twistd")
        pid = processes.start(name, [sys.executable, str(twistd), "-n", "--pidfile=", "exproxy", "-c", str(path)], port)
        return Running(name, pid, port)

    return start


def exproxy_configuration(folder: Path, behind: Behind, port: int, name: str, workers: int = 1, front: str = "") -> Path:
    """The file that exproxy is started with; ``front`` is what its front end has besides."""
    path = folder / f"{name}.toml"
    block = front.format(certificate=behind.certificate, host=LOOPBACK, service=free_port())
    path.write_text(EXPROXY.format(name=name, workers=workers, front=block, host=LOOPBACK, port=port, server=behind.server))
    return path


def start_traced(processes: Processes, behind: Behind, tell: Path) -> Running:
    """exproxy again, counting its objects (bench.traced); too slow for anything else."""
    port = free_port()
    path = exproxy_configuration(processes.folder, behind, port, "exproxy-traced")
    arguments = [sys.executable, "-m", "bench.traced", "-n", "--pidfile=", "exproxy", "-c", str(path)]
    return Running("exproxy", processes.start("exproxy-traced", arguments, port, {"TRACED": str(tell)}), port)


SMTP, IMAP, POP3 = (f'mode = "{mode}"' for mode in ("smtp", "imap", "pop3"))

SMALL = frozenset({"connections", "requests"})
PLAIN = SMALL | {"bulk"}
MAIL = frozenset({"smtp"})
FOLLOWED = frozenset({"smtp-followed"})
IMAP_LOGIN, POP3_LOGIN = frozenset({"imap-login"}), frozenset({"pop3-login"})
MAIL_BULK = frozenset({"smtp-bulk", "imap-bulk"})
MAIL_MODES = FOLLOWED | IMAP_LOGIN | POP3_LOGIN | MAIL_BULK
LATENCY = frozenset({"latency", "latency-request"})
HANDSHAKES = frozenset({"tls-full", "tls-resumed"})
OVER_TLS = HANDSHAKES | {"tls-request", "tls-bulk", "idle-tls"}
IDLE = frozenset({"idle"})
MAPPER = frozenset({"epm"})
WEB_SMALL = frozenset({"http-connections", "http-requests", "http-varied"})
WEB_BULK = frozenset({"http-bulk"})
WEB_TLS = frozenset({"http-tls-full", "http-tls-request", "http-tls-varied", "http-tls-bulk"})

# As most people have HAProxy: a syslog server, and the choice whether to splice left to it.  Then two that do exactly our
# work: its log in a file, since a datagram a session costs it several microseconds that we would not have; and one that
# splices always, since with splice-auto 2.6 was not seen to splice these bodies at all.
PROXIES = (
    Proxy("haproxy", haproxy("haproxy", SYSLOG), 3_900, PLAIN | IDLE),
    Proxy(
        "haproxy-file",
        haproxy("haproxy-file"),
        3_900,
        SMALL | MAIL | FOLLOWED | IMAP_LOGIN | POP3_LOGIN | MAIL_BULK | LATENCY | MAPPER,
    ),
    Proxy("haproxy-file", haproxy("haproxy-file", bind=BIND_TLS), 3_900, OVER_TLS),
    Proxy("haproxy-splice", haproxy("haproxy-splice", SYSLOG, SPLICE_ALWAYS), 3_900, MAIL_BULK | {"bulk"}),
    Proxy("haproxy-file", haproxy("haproxy-file", mode=HTTP), 3_900, WEB_SMALL),
    Proxy("haproxy-splice", haproxy("haproxy-splice", splice=SPLICE_ALWAYS, mode=HTTP), 3_900, WEB_BULK),
    Proxy("haproxy-file", haproxy("haproxy-file", bind=BIND_TLS, mode=HTTP), 3_900, WEB_TLS),
    Proxy("nginx", start_nginx_stream, 9_000, PLAIN | IDLE | MAIL),
    Proxy("nginx", nginx_mail("imap"), 9_000, IMAP_LOGIN | {"imap-bulk"}),
    Proxy("nginx", nginx_mail("pop3"), 9_000, POP3_LOGIN),
    Proxy("portforward", start_portforward, 9_500, PLAIN | IDLE),
    Proxy("exproxy", exproxy("exproxy"), 9_000, PLAIN | IDLE | MAIL | LATENCY),
    Proxy("exproxy", exproxy("exproxy", front=TLS), 9_000, OVER_TLS),
    Proxy("exproxy", exproxy("exproxy", front=EPM), 9_000, MAPPER),
    Proxy("exproxy", exproxy("exproxy", front=SMTP), 9_000, FOLLOWED | {"smtp-bulk"}),
    Proxy("exproxy", exproxy("exproxy", front=IMAP), 9_000, IMAP_LOGIN | {"imap-bulk"}),
    Proxy("exproxy", exproxy("exproxy", front=POP3), 9_000, POP3_LOGIN),
    Proxy("exproxy", exproxy("exproxy", front=WEB), 9_000, WEB_SMALL | WEB_BULK),
    Proxy("exproxy", exproxy("exproxy", front=f"{WEB}\n{TLS}"), 9_000, WEB_TLS),
    Proxy("exproxy-2", exproxy("exproxy-2", workers=2), 9_000, PLAIN | MAIL),
    Proxy("exproxy-2", exproxy("exproxy-2", workers=2, front=TLS), 9_000, HANDSHAKES),
)
