"""A hundred times another configuration under traffic: nobody is refused, and nobody loses a session."""

import json
import signal
import socket
from pathlib import Path

import trustme

from tests.integration.clients import exproxy
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.echo import Echo
from tests.integration.peers.ports import free_ports
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy
from tests.integration.reloaded import Traffic, Website, asks_again, comes_and_goes, comes_secure, stays, stays_secure

FRONT, HOSTS = "127.0.0.1", ("127.0.0.2", "127.0.0.3", "127.0.0.4")
TIMES = 100


class ReloadTestCase(PeerTestCase):
    """Echo servers ``ex1`` to ``ex3`` and websites on the same hosts; two configurations that differ in nearly everything."""

    WORKERS = 1

    def setUp(self) -> None:
        super().setUp()
        self.echo, self.web = free_ports(2, *HOSTS)
        self.ports = free_ports(4, FRONT)
        self.plain, self.secure, self.site, self.extra = self.ports
        self.echoes = [Echo(f"ex{number}", host, self.echo) for number, host in enumerate(HOSTS, 1)]
        for echo in self.echoes:
            echo.start()
            self.addCleanup(echo.stop)
        for number, host in enumerate(HOSTS, 1):
            self.addCleanup(Website(host, self.web, b"ex%d" % number).stop)
        self.traffic = Traffic()
        self.addCleanup(self.traffic.stop)

    def configuration(self, second: bool = False, more: str = "") -> str:
        """:param second: the other one."""
        names = ("ex2", "ex3") if second else ("ex1", "ex2")
        hosts = dict(zip(("ex1", "ex2", "ex3"), HOSTS, strict=True))

        def servers(port: int, weight: int) -> str:
            said = f", weight = {weight if second else 1}, maxconn = {500 if second else 400} }}"
            return "\n".join(f'{name} = {{ address = "{hosts[name]}:{port}"{said}' for name in names)

        binds = f'["{FRONT}:{self.plain}", "{FRONT}:{self.extra}"]' if second else f'["{FRONT}:{self.plain}"]'
        return f"""
[service]
workers = {self.WORKERS}
maxconn = {900 if second else 800}
log = {{ access = "access.log", format = "{"json" if second else "text"}" }}
[admin]
socket = "exproxy.sock"

[frontends.plain]
bind = {binds}
backend = "{"other" if second else "echo"}"
maxconn = {300 if second else 400}
timeouts = {{ client = "{"9m" if second else "10m"}" }}

[frontends.secure]
bind = "{FRONT}:{self.secure}"
tls = {{ mode = "implicit", certificates = ["{"second" if second else "first"}.pem"] }}
backend = "echo"

[frontends.site]
mode = "http"
bind = "{FRONT}:{self.site}"
backend = "{"web2" if second else "web"}"
[[frontends.site.routes]]
path = "/{"two" if second else "one"}"
backend = "web{"" if second else "2"}"

[backends.echo]
balance = "{"leastconn" if second else "roundrobin"}"
persistence = {{ kind = "source", expire = "{"10m" if second else "20m"}" }}
check = {{ type = "tcp"{", fall = 5" if second else ""} }}
[backends.echo.servers]
{servers(self.echo, 3)}

[backends.{"other" if second else "once"}]
balance = "{"source" if second else "random"}"
[backends.{"other" if second else "once"}.servers]
{servers(self.echo, 7)}

[backends.web.servers]
{servers(self.web, 2)}
[backends.web2]
request_headers = {{ set = {{ "X-Which" = "{"two" if second else "one"}" }} }}
check = {{ type = "http", path = "/" }}
[backends.web2.servers]
{servers(self.web, 5)}
{more}
"""

    def begin(self) -> None:
        self.proxy = Proxy("proxy", FRONT, self.plain, self.configuration())
        authority = trustme.CA()
        for name in ("first", "second"):
            write_certificate(self.proxy.folder / f"{name}.pem", authority.issue_cert("mail.example.com"))
        self.authority = write_authority(self.proxy.folder, authority)
        self.started(self.proxy)
        for number in range(self.WORKERS if self.WORKERS > 1 else 0):
            self.proxy.wait_for_log(f"worker {number + 1} serves")
        for name in ("ex1", "ex2"):
            self.proxy.wait_until(f"echo/{name}", "up")
            self.proxy.wait_until(f"web2/{name}", "up")

    def write(self, text: str) -> None:
        self.proxy.file.write_text(text + self.proxy.defaults)

    def reload(self) -> str:
        """By signal; what is said of it."""
        before = self.proxy.written()
        self.proxy.process.signal(signal.SIGHUP)
        return self.proxy.wait_for_log("the configuration was (not )?read anew", before)

    def status(self) -> dict[str, object]:
        code, said = exproxy("status", "--json", "--socket", str(self.proxy.folder / "exproxy.sock"))
        self.assertIn(code, (0, 1), said)
        status: dict[str, object] = json.loads(said)
        return status

    def command(self, *words: str) -> tuple[int, str]:
        return exproxy(*words, "--socket", str(self.proxy.folder / "exproxy.sock"))


class HundredTests(ReloadTestCase):
    def test_a_hundred_reloads_are_noticed_by_nobody(self) -> None:
        self.begin()
        shown: set[str] = set()
        self.traffic.begin("who stays", stays(FRONT, self.plain), 10)
        self.traffic.begin("who stays in TLS", stays_secure(FRONT, self.secure, self.authority), 3)
        self.traffic.begin("who comes", comes_and_goes(FRONT, self.plain), 3)
        self.traffic.begin("who comes in TLS", comes_secure(FRONT, self.secure, self.authority, shown), 2)
        self.traffic.begin("who asks", asks_again(FRONT, self.site, "/one"), 3)
        self.traffic.begin("who asks elsewhere", asks_again(FRONT, self.site, "/two"), 2)
        eventually(lambda: all(self.traffic.done.values()), "all kinds of clients to be served")
        sizes = []
        for turn in range(TIMES):
            self.write(self.configuration(second=turn % 2 == 0))
            self.assertIn("was read anew: ", self.reload())
            self.assertEqual(self.traffic.faults, [])
            with socket.socket() as probe:
                probe.settimeout(5)
                self.assertEqual(probe.connect_ex((FRONT, self.extra)) == 0, turn % 2 == 0, "the port that comes and goes")
            if turn in (TIMES // 2, TIMES - 1):
                sizes.append(self.resident())
        before = dict(self.traffic.done)
        eventually(lambda: all(now > before[kind] for kind, now in self.traffic.done.items()), "all to be served on")
        self.traffic.stop()
        self.assertEqual(self.traffic.faults, [])
        self.assertEqual(len(shown), 2, "the certificate changes too")
        self.assertLess(sizes[1] - sizes[0], 8_000, "KB more after fifty reloads")
        self.proxy.end()

    def resident(self) -> int:
        """KB of all processes."""
        pids = [self.proxy.process.pid]
        if self.WORKERS > 1:
            pids += [self.proxy.fork_server(), *self.proxy.workers()]
        return sum(_resident(pid) for pid in pids)


class HundredWithWorkersTests(HundredTests):
    """The same with two workers."""

    WORKERS = 2


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
