"""A real HAProxy and exproxy, side by side, with the same servers behind the same names, and a runtime socket each."""

import socket
from collections.abc import Callable
from pathlib import Path

import attrs

from tests.integration.clients import PATIENCE
from tests.integration.peers import needs
from tests.integration.peers.greeter import Greeter
from tests.integration.peers.haproxy import HAProxy
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

THEIRS, OURS, WELL, ABSENT = "127.0.77.1", "127.0.77.2", "127.0.77.11", "127.0.77.12"
LOOPBACK = "127.0.0.1"

_HAPROXY = """\
global
  stats socket {socket} level admin
  stats timeout 5m
  maxconn 200
defaults
  mode tcp
  timeout connect 1m
  timeout client 10m
  timeout server 10m
  # inter is how long a check may take too
  default-server inter 2s fastinter 200ms downinter 200ms
frontend smtp
  bind {host}:{port}
  maxconn 50
  default_backend hub
frontend web
  mode http
  bind {host}:{web}
  default_backend owa
backend hub
  balance leastconn
  stick-table type ip size 100k expire 60m
  stick on src
  server ex1 {well}:{behind} check
  server ex2 {absent}:{behind} check weight 2 maxconn 30 backup
  server ex3 {well}:{behind}
backend owa
  mode http
  balance roundrobin
  server ex1 {well}:{behind} check
  server ex2 {absent}:{behind} check
"""
_EXPROXY = """
[service]
maxconn = 200
workers = {workers}
[admin]
socket = "x.sock"
listen = "{loopback}:{admin}"
{users}
[hosts]
ex1 = "{well}"
ex2 = "{absent}"
ex3 = "{well}"
[frontends.smtp]
bind = ["{host}:{port}"]
backend = "hub"
maxconn = 50
[frontends.web]
mode = "http"
bind = ["{host}:{web}"]
backend = "owa"
[backends.hub]
balance = "leastconn"
persistence = {{ kind = "source", expire = "60m", size = 102_400 }}
check = "tcp"
[backends.hub.servers]
ex1 = {behind}
ex2 = {{ host = "ex2", port = {behind}, weight = 2, maxconn = 30, backup = true }}
ex3 = {{ host = "ex3", port = {behind}, check = [] }}
[backends.owa]
balance = "roundrobin"
check = "tcp"
[backends.owa.servers]
ex1 = {behind}
ex2 = {behind}
"""


def ask(path: Path, command: str, half: bool = True) -> str:
    """The whole answer of a runtime socket to a line.

    :param half: end our side behind it, as ``socat`` does.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        client.connect(str(path))
        client.sendall(command.encode() + b"\n")
        if half:
            client.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces).decode()


def rows(path: Path, command: str = "show stat") -> dict[str, dict[str, str]]:
    """By ``pxname/svname``: the columns that have something in them; without HAProxy's star for a check that is under way."""
    first, *lines = ask(path, command).splitlines()
    names = first.removeprefix("# ").split(",")
    found = {}
    for line in lines[:-1]:
        values = {name: value.removeprefix("* ") for name, value in zip(names, line.split(","), strict=True) if value}
        found[f"{values['pxname']}/{values['svname']}"] = values
    return found


@attrs.define
class Original(HAProxy):
    """HAProxy with the configuration above."""

    web: int = 0
    servers: int = 0

    def prepare(self) -> None:
        values = {"host": self.host, "port": self.port, "web": self.web, "behind": self.servers, "socket": self.socket}
        (self.folder / "haproxy.cfg").write_text(_HAPROXY.format(well=WELL, absent=ABSENT, **values))

    @property
    def socket(self) -> Path:
        return self.folder / "h.sock"


class BothTestCase(PeerTestCase):
    """``self.ours`` and ``self.theirs`` are the sockets; in each back end ``ex1`` is up and ``ex2`` is down."""

    workers = 1
    users = ""
    original = True

    def setUp(self) -> None:
        super().setUp()
        self.behind = free_port(WELL, ABSENT)
        self.addCleanup(Greeter(WELL, self.behind, b"one").stop)
        self.ports = free_ports(2, THEIRS, OURS)
        self.admin = free_port(LOOPBACK)
        self.clients: list[socket.socket] = []
        self.addCleanup(lambda: [client.close() for client in self.clients])
        port, web = self.ports
        values = {"well": WELL, "absent": ABSENT, "behind": self.behind, "port": port, "web": web, "host": OURS}
        values |= {"workers": self.workers, "admin": self.admin, "loopback": LOOPBACK, "users": self.users}
        self.proxy = Proxy("exproxy", OURS, port, _EXPROXY.format(**values))
        self.started(self.proxy)
        self.ours = self.proxy.folder / "x.sock"
        if self.original:
            needs.require(needs.HAPROXY)
            original = Original("haproxy", THEIRS, port, web=web, servers=self.behind)
            self.started(original)
            self.theirs = original.socket
        self.settle()

    @property
    def both(self) -> tuple[Path, Path]:
        return self.theirs, self.ours

    def settle(self) -> None:
        """Until checks have found what there is, and all processes know it."""
        for path in self.both if self.original else (self.ours,):
            eventually(lambda path=path: self.found(path), f"checks at {path.name}")
        self.known_everywhere()

    def known_everywhere(self) -> None:
        """A round of questions to all workers comes behind what they were told before."""
        ask(self.ours, "show sess")

    def found(self, path: Path) -> bool:
        known = rows(path)
        # HAProxy says UP before its first check has said anything, and after it for a while that it is on its way
        words = {"hub/ex1": ("UP", "L4OK"), "hub/ex2": ("DOWN", "L4CON"), "hub/ex3": ("no check", "")}
        words |= {name.replace("hub", "owa"): said for name, said in words.items() if "ex3" not in name}
        return all((known[name]["status"], known[name].get("check_status", "")) == said for name, said in words.items())

    def alike(self, look: Callable[[Path], object], what: str) -> None:
        """Wait until both show the same: HAProxy may be in the middle of a check."""
        try:
            eventually(lambda: look(self.theirs) == look(self.ours), what)
        except AssertionError:
            self.assertEqual(look(self.ours), look(self.theirs), what)

    def client(self, front: str = OURS) -> bytes:
        """One that stays: how it is greeted."""
        client = socket.create_connection((front, self.ports[0]), timeout=PATIENCE)
        self.clients.append(client)
        return client.recv(3)

    def status(self, path: Path, name: str) -> str:
        return rows(path)[name]["status"]
