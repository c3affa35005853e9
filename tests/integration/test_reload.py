"""A hundred times another configuration under traffic: nobody is refused, and nobody loses a session."""

import contextlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import trustme

from tests.integration.clients import exproxy
from tests.integration.haproxies import ask
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.echo import Echo
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy
from tests.integration.reloaded import PATIENCE, Traffic, Website, asks_again, comes_and_goes, comes_secure, stays, stays_secure

FRONT, HOSTS = "127.0.0.1", ("127.0.0.2", "127.0.0.3", "127.0.0.4")
TIMES = 100
WAITING = 120
"""Clients in a backlog: more than a process accepts before it hears that it is to read its file, and no more than any kernel
holds (``somaxconn`` was 128 for long)."""


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
        ask(self.proxy.folder / "exproxy.sock", "show sess")  # each worker is asked, and answers behind what it was told before

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
        sizes, descriptors = [], []
        for turn in range(TIMES):
            self.write(self.configuration(second=turn % 2 == 0))
            self.assertIn("was read anew: ", self.reload())
            came = dict(self.traffic.done)
            if self.WORKERS == 1:
                eventually(lambda: all(now > came[kind] for kind, now in self.traffic.done.items()), "all to be served on")  # noqa: B023 - it is called at once
            self.assertEqual(self.traffic.faults, [])
            with socket.socket() as probe:
                probe.settimeout(PATIENCE)
                self.assertEqual(probe.connect_ex((FRONT, self.extra)) == 0, turn % 2 == 0, "the port that comes and goes")
            if turn in (TIMES // 2, TIMES - 1):
                sizes.append(self.resident())
                descriptors.append(self.descriptors())
        before = dict(self.traffic.done)
        eventually(lambda: all(now > before[kind] for kind, now in self.traffic.done.items()), "all to be served on")
        self.traffic.stop()
        self.assertEqual(self.traffic.faults, [])
        self.assertEqual(len(shown), 2, "the certificate changes too")
        self.assertLess(sizes[1] - sizes[0], 8_000, "KB more after fifty reloads")
        self.assertLess(descriptors[1] - descriptors[0], 40, "more descriptors after fifty reloads, of some clients more or less")
        self.proxy.end()

    def processes(self) -> list[int]:
        pids = [self.proxy.process.pid]
        if self.WORKERS > 1:
            pids += [self.proxy.fork_server(), *self.proxy.workers()]
        return pids

    def resident(self) -> int:
        """KB of all processes."""
        return sum(_resident(pid) for pid in self.processes())

    def descriptors(self) -> int:
        """That all processes have open."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.processes())


class HundredWithWorkersTests(HundredTests):
    """The same with two workers."""

    WORKERS = 2


class SurvivalTests(ReloadTestCase):
    """What a reload leaves as it was."""

    def servers(self) -> dict[str, Any]:
        status: Any = self.status()
        return {f"{backend['name']}/{server['name']}": server for backend in status["backends"] for server in backend["servers"]}

    def test_what_was_set_found_and_counted_stays(self) -> None:
        self.begin()
        with socket.create_connection((FRONT, self.plain), timeout=PATIENCE) as client:
            self.assertTrue(client.recv(10))
            for words in (("host", "drain", HOSTS[1]), ("server", "weight", "echo/ex2", "9")):
                code, said = self.command(*words)
                self.assertEqual(code, 0, said)
            before = eventually(
                lambda: (found := self.servers()) and found["echo/ex1"]["sessions"] and found, "the session to be seen"
            )
            self.write(self.configuration(second=True))
            code, said = self.command("reload")
            self.assertEqual(code, 0, said)
            self.assertIn("server echo/ex3 was added", said)
            self.assertIn("server echo/ex1 was removed", said)
            after = self.servers()
            stayed, gone = after["echo/ex2"], after["echo/ex1"]
            self.assertEqual((stayed["admin"], stayed["operational"]), ("drain", "up"))
            self.assertEqual(stayed["since"], before["echo/ex2"]["since"])
            self.assertEqual((gone["sessions"], gone["total"]), (1, before["echo/ex1"]["total"]))
            self.assertIn("not in the configuration", gone["condition"])
            self.assertEqual(self.command("server", "end-sessions", "--yes", "echo/ex1")[0], 0)
            self.assertEqual(client.recv(10), b"")
        eventually(lambda: "echo/ex1" not in self.servers(), "the server to go with its last session")

    def test_a_weight_set_by_hand_stays_where_the_file_says_nothing_new(self) -> None:
        self.begin()
        self.assertEqual(self.command("server", "weight", "echo/ex2", "9")[0], 0)
        self.write(self.configuration().replace("maxconn = 800", "maxconn = 700"))
        self.assertEqual(self.command("reload"), (0, "service.maxconn was changed\n"))
        self.assertEqual(self.servers()["echo/ex2"]["weight"], 9)

    def test_clients_go_to_the_servers_that_they_had(self) -> None:
        self.begin()
        before = self.chosen()
        self.assertEqual(len(set(before.values())), 2)
        eventually(lambda: self.remembered() == before.keys(), "all choices to be known")
        text = self.configuration().replace("maxconn = 800", "maxconn = 700").replace('expire = "20m"', 'expire = "40m"')
        self.write(text.replace('balance = "roundrobin"', 'balance = "random"'))
        code, said = self.command("reload")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.remembered(), before.keys())
        self.assertEqual(self.chosen(), before)

    def chosen(self) -> dict[str, bytes]:
        """The server of each of twelve clients."""
        found = {}
        for number in range(12):
            source = f"127.0.0.{100 + number}"
            with socket.create_connection((FRONT, self.plain), PATIENCE, (source, 0)) as client:
                found[source] = client.recv(10)
        return found

    def remembered(self) -> set[str]:
        code, said = self.command("table", "echo", "--json")
        self.assertEqual(code, 0, said)
        return {entry["key"] for entry in json.loads(said)}

    def test_who_waits_in_the_backlog_of_a_front_end_that_is_removed_is_served_too(self) -> None:
        self.begin()
        gone = free_port(FRONT)
        self.write(self.configuration(more=f'[frontends.gone]\nbind = "{FRONT}:{gone}"\nbackend = "once"'))
        self.assertIn("front end gone was added", self.reload())
        self.write(self.configuration(second=True))
        before = self.proxy.written()
        servers = self.proxy.workers() if self.WORKERS > 1 else {self.proxy.process.pid}
        with contextlib.ExitStack() as ending:
            for pid in servers:
                os.kill(pid, signal.SIGSTOP)
            try:
                clients = [ending.enter_context(socket.create_connection((FRONT, gone), PATIENCE)) for _ in range(WAITING)]
                self.proxy.process.signal(signal.SIGHUP)
            finally:
                for pid in servers:
                    os.kill(pid, signal.SIGCONT)
            self.assertIn("was read anew: ", self.proxy.wait_for_log("the configuration was (not )?read anew", before))
            self.assertRaises(ConnectionRefusedError, socket.create_connection, (FRONT, gone))
            for client in clients:
                self.assertIn(client.recv(10), (b"ex1\n", b"ex2\n"))
                client.sendall(b"hello")
                self.assertEqual(client.recv(10), b"hello")

    def test_nothing_changes_where_nothing_has(self) -> None:
        self.begin()
        self.assertEqual(self.command("reload"), (0, "nothing has changed\n"))

    def test_a_file_that_is_wrong_leaves_all_as_it_was_and_each_problem_is_told(self) -> None:
        self.begin()
        with socket.create_connection((FRONT, self.plain), timeout=PATIENCE) as client:
            self.assertTrue(client.recv(10))
            before = self.servers()
            self.write(self.configuration(second=True).replace("leastconn", "fairest").replace('mode = "http"', 'mode = "htp"'))
            self.assertIn("all is as it was", self.reload())
            code, said = self.command("reload")
            self.assertEqual(code, 1)
            self.assertIn("backends.echo.balance", said)
            self.assertIn("frontends.site.mode", said)
            self.assertEqual({*self.servers()}, {*before})
            client.sendall(b"hello")
            self.assertEqual(client.recv(10), b"hello")
        self.write(self.configuration(second=True))
        self.assertIn("was read anew: ", self.reload())

    def test_so_does_one_whose_certificate_or_address_is_not_to_be_had(self) -> None:
        self.begin()
        (self.proxy.folder / "second.pem").write_text("damaged")
        self.write(self.configuration(second=True))
        code, said = self.command("reload")
        self.assertEqual(code, 1)
        self.assertIn("frontends.secure.tls", said)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, (FRONT, self.extra))
        with socket.create_server((FRONT, self.extra)):
            self.write(self.configuration().replace(f'"{FRONT}:{self.plain}"', f'"{FRONT}:{self.plain}", "{FRONT}:{self.extra}"'))
            code, said = self.command("reload")
        self.assertEqual(code, 1)
        self.assertIn(f"cannot listen on {FRONT}:{self.extra}", said)

    def test_what_needs_a_restart_is_refused_by_name(self) -> None:
        self.begin()
        self.write(self.configuration().replace(f"workers = {self.WORKERS}", "workers = 3"))
        code, said = self.command("reload")
        self.assertEqual(code, 1)
        self.assertIn(f"service.workers: 3 instead of {self.WORKERS} needs a restart", said)


class SurvivalWithWorkersTests(SurvivalTests):
    """The same with two workers."""

    WORKERS = 2

    def test_a_worker_that_dies_afterwards_is_replaced_by_one_with_what_holds(self) -> None:
        self.begin()
        self.write(self.configuration(second=True))
        self.assertIn("was read anew: ", self.reload())
        before = self.proxy.written()
        for worker in self.proxy.workers():
            os.kill(worker, signal.SIGKILL)
        for number in range(self.WORKERS):
            self.proxy.wait_for_log(f"worker {number + 1} serves", before)
        with socket.create_connection((FRONT, self.extra), timeout=PATIENCE) as client:
            self.assertIn(client.recv(10), (b"ex2\n", b"ex3\n"))

    def test_a_worker_that_hangs_is_killed_and_the_reload_goes_on(self) -> None:
        self.begin()
        hangs = min(self.proxy.workers())
        before = self.proxy.written()
        os.kill(hangs, signal.SIGSTOP)
        self.write(self.configuration(second=True))
        self.assertIn("was read anew: ", self.reload())
        self.proxy.wait_for_log("worker . does not answer any more: it is killed", before)
        self.proxy.wait_for_log("worker . serves", before)
        self.assertNotIn(hangs, self.proxy.workers())
        with socket.create_connection((FRONT, self.extra), timeout=PATIENCE) as client:
            self.assertIn(client.recv(10), (b"ex2\n", b"ex3\n"))

    def test_a_worker_that_dies_in_the_middle_is_no_hindrance(self) -> None:
        self.begin()
        for turn in range(4):
            before = self.proxy.written()
            self.write(self.configuration(second=turn % 2 == 0))
            dies = min(self.proxy.workers())
            self.proxy.process.signal(signal.SIGHUP)
            os.kill(dies, signal.SIGKILL)
            self.assertIn("was read anew: ", self.proxy.wait_for_log("the configuration was (not )?read anew", before))
            self.proxy.wait_for_log("worker . serves", before)
        self.proxy.end()

    def test_workers_ignore_the_signal(self) -> None:
        self.begin()
        workers = self.proxy.workers()
        for pid in (*workers, self.proxy.fork_server()):
            os.kill(pid, signal.SIGHUP)
        self.assertIn("nothing has changed", self.reload())
        self.assertEqual(self.proxy.workers(), workers)


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
