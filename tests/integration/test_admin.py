"""Administrators at a real twistd: curl, Prometheus' parser and our own command, with one process and with two workers."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from exproxy.admin.door import IDLE
from exproxy.config.passwords import hashed
from tests.integration.peers.greeter import Greeter
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import DEFAULTS, Proxy

FRONT, FIRST, SECOND = "127.0.140.1", "127.0.140.11", "127.0.140.12"
LOOPBACK = "127.0.0.1"
COMMAND = "from exproxy.cli import main; main(prog_name='exproxy')"


class AdminTestCase(PeerTestCase):
    """Two hosts, each behind the back ends ``a`` and ``b``, which greet with their names."""

    def setUp(self) -> None:
        super().setUp()
        self.behind = free_port(FIRST, SECOND)
        self.fronts = {name: free_port(FRONT) for name in ("a", "b")}
        self.port = free_port(LOOPBACK)
        self.checked = free_port(FIRST, SECOND)
        # beside the servers, which count their clients
        self.checks = [socket.create_server((host, self.checked), backlog=4096) for host in (FIRST, SECOND)]
        self.addCleanup(lambda: [check.close() for check in self.checks])
        for host, name in ((FIRST, b"one"), (SECOND, b"two")):
            self.addCleanup(Greeter(host, self.behind, name).stop)
        self.clients: list[socket.socket] = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def run_proxy(self, users: str = "", workers: int = 1, defaults: str = DEFAULTS) -> None:
        ends = "".join(
            f"""
[frontends.{name}]
bind = ["{FRONT}:{port}"]
backend = "{name}"
[backends.{name}]
check = {{ type = "tcp", port = {self.checked} }}
[backends.{name}.servers]
ex1 = {self.behind}
ex2 = {self.behind}
"""
            for name, port in self.fronts.items()
        )
        configuration = f"""
[service]
workers = {workers}
[admin]
listen = "{LOOPBACK}:{self.port}"
socket = "x.sock"
{users}
[hosts]
ex1 = "{FIRST}"
ex2 = "{SECOND}"
{ends}
"""
        self.proxy = Proxy("proxy", FRONT, self.fronts["a"], configuration, defaults)
        self.started(self.proxy)
        eventually(lambda: self.curl("/readyz")[0] == 200 and self.all_up(), "all servers to be up")
        self.proxy.wait_for_workers()

    def all_up(self) -> bool:
        return all(server["usable"] for backend in self.seen()["backends"] for server in backend["servers"])

    def client(self, front: str = "a") -> bytes:
        """One that stays: the server's name."""
        client = socket.create_connection((FRONT, self.fronts[front]), timeout=PATIENCE)
        self.clients.append(client)
        return client.recv(3)

    def curl(self, path: str, *arguments: str, by_socket: bool = False) -> tuple[int, str]:
        """The status, and the body."""
        where = ["--unix-socket", str(self.proxy.folder / "x.sock"), f"http://localhost{path}"]
        command = ["curl", "-s", "--max-time", f"{PATIENCE:g}", "-w", "\n%{http_code}", *arguments]
        done = subprocess.run(
            [*command, *(where if by_socket else [f"http://{LOOPBACK}:{self.port}{path}"])], capture_output=True, check=True
        )
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), body

    def order(self, method: str, path: str, body: str, *arguments: str, by_socket: bool = True) -> tuple[int, str]:
        kind = ("-H", "Content-Type: application/json")
        return self.curl("/api/v1" + path, "-X", method, *kind, "--data-binary", body, *arguments, by_socket=by_socket)

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.curl("/api/v1/status", by_socket=True)[1])
        return found

    def server(self, name: str) -> dict[str, Any]:
        backend, _, server = name.partition("/")
        found: dict[str, Any] = json.loads(self.curl(f"/api/v1/backends/{backend}/servers/{server}", by_socket=True)[1])
        return found

    def metric(self, name: str, **labels: str) -> float:
        text = self.curl("/metrics", by_socket=True)[1]
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        raise AssertionError(f"there is no {name}{labels} in\n{text}")

    def exproxy(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = self.proxy.process.environment
        command = [sys.executable, "-c", COMMAND, *arguments, "-c", str(self.proxy.file)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=2 * PATIENCE)


class MaintenanceTests(AdminTestCase):
    workers = 1

    def test_a_host_is_drained_while_sessions_live_and_comes_back(self) -> None:
        self.run_proxy(workers=self.workers)
        names = [self.client(front) for front in ("a", "b") for _ in range(8)]
        self.assertEqual(set(names), {b"one", b"two"})
        live = names.count(b"one")

        done = self.exproxy("host", "drain", "ex1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("host ex1 is set to drain: a/ex1, b/ex1", done.stdout)
        self.proxy.wait_for_workers()
        self.assertEqual({self.client(front) for front in ("a", "b") for _ in range(8)}, {b"two"})
        for client in self.clients:
            client.settimeout(0.01)
            self.assertRaises(TimeoutError, client.recv, 1)
        self.seen_everywhere("drain", 0.0, live)
        self.proxy.wait_for_log(r"audit: uid \d+ at the socket set host ex1 to drain, which was ready")

        self.assertEqual(self.exproxy("host", "ready", "ex1").returncode, 0)
        self.proxy.wait_for_workers()
        self.assertIn(b"one", {self.client() for _ in range(8)})
        self.assertEqual((self.server("a/ex1")["admin"], self.server("a/ex1")["usable"]), ("ready", True))
        self.assertEqual([one["new"] for one in self.server("a/ex1")["history"]][-2:], ["drain", "ready"])
        self.proxy.end()
        self.assertFalse((self.proxy.folder / "x.sock").exists())

    def test_what_sessions_carry_is_shown_while_they_live(self) -> None:
        self.run_proxy(workers=self.workers)
        greeted = [self.client() for _ in range(8)]
        server = "ex1" if greeted[0] == b"one" else "ex2"

        def shown() -> tuple[float, float]:
            sent = self.metric("exproxy_frontend_sent_bytes_total", frontend="a")
            return sent, self.metric("exproxy_server_received_bytes_total", backend="a", server=server)

        counted = 8 * len(greeted[0]), greeted.count(greeted[0]) * len(greeted[0])
        eventually(lambda: shown() == counted, "all greetings to be counted")

    def seen_everywhere(self, state: str, usable: float, live: int) -> None:
        eventually(lambda: sum(self.server(f"{name}/ex1")["sessions"] for name in ("a", "b")) == live, "the sessions to be told")
        self.assertEqual(self.server("a/ex1")["admin"], state)
        self.assertEqual(self.metric("exproxy_server_usable", backend="a", server="ex1"), usable)
        self.assertEqual(self.metric("exproxy_server_admin", backend="b", server="ex1", exproxy_server_admin=state), 1.0)
        shown = self.exproxy("status")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, rf"ex1 +up, {state} .*host ex1 is set to it")
        told = json.loads(self.exproxy("status", "--json").stdout)
        self.assertEqual({host["name"]: host["admin"] for host in told["hosts"]}, {"ex1": state, "ex2": "ready"})

    def test_sessions_are_told_counted_and_ended(self) -> None:
        self.run_proxy(workers=self.workers)
        names = [self.client() for _ in range(8)]
        eventually(lambda: len(json.loads(self.curl("/api/v1/sessions")[1])) == 8, "all sessions to be told")
        of_one = json.loads(self.curl("/api/v1/sessions?server=a/ex1")[1])
        self.assertEqual(len(of_one), names.count(b"one"))
        self.assertEqual({tuple(session["servers"]) for session in of_one}, {("a/ex1",)})
        status, body = self.order("POST", "/backends/a/servers/ex1/end-sessions", "{}")
        self.assertEqual((status, json.loads(body)), (200, {"ended": names.count(b"one")}))
        for client, name in zip(self.clients, names, strict=True):
            if name == b"one":
                client.settimeout(PATIENCE)
                self.assertEqual(client.recv(1), b"")
        eventually(lambda: self.server("a/ex1")["sessions"] == 0, "the sessions to be over")
        eventually(
            lambda: self.metric("exproxy_server_received_bytes_total", backend="a", server="ex1") > 0, "octets to be counted"
        )
        self.proxy.end()

    def test_a_weight_of_nothing_gets_nobody(self) -> None:
        self.run_proxy(workers=self.workers)
        self.assertEqual(self.exproxy("server", "weight", "a/ex1", "0").returncode, 0)
        self.proxy.wait_for_workers()
        self.assertEqual({self.client() for _ in range(6)}, {b"two"})
        self.assertIn(b"one", {self.client("b") for _ in range(6)})
        self.proxy.end()


class WorkersMaintenanceTests(MaintenanceTests):
    """The same with two workers."""

    workers = 2


class AccessTests(AdminTestCase):
    def test_without_users_who_comes_by_the_network_may_only_look(self) -> None:
        self.run_proxy()
        self.assertEqual(self.curl("/api/v1/status")[0], 200)
        status, body = self.order("PUT", "/hosts/ex1/state", '{"state": "drain"}', by_socket=False)
        self.assertEqual((status, "[admin] has no users" in body), (403, True))
        self.assertEqual(self.curl("/api/v1/status", "-H", "Host: evil.example")[0], 421)
        self.assertEqual(self.server("a/ex1")["admin"], "ready")

    def test_users_have_passwords_and_roles(self) -> None:
        digest = hashed("secret")
        users = f'users = {{ anna = {{ password = "{digest}", role = "operator" }}, otto = {{ password = "{digest}" }} }}'
        self.run_proxy(users)
        self.assertEqual(self.curl("/healthz")[0], 200)
        self.assertEqual(
            [self.curl("/api/v1/status", *who)[0] for who in ((), ("-u", "anna:x"), ("-u", "otto:secret"))], [401, 401, 200]
        )
        order = ("PUT", "/hosts/ex1/state", '{"state": "drain"}')
        self.assertEqual(self.order(*order, "-u", "otto:secret", by_socket=False)[0], 403)
        self.assertEqual(self.server("a/ex1")["admin"], "ready")
        self.assertEqual(self.order(*order, "-u", "anna:secret", by_socket=False)[0], 200)
        self.proxy.wait_for_log("audit: anna set host ex1 to drain")
        statuses = [self.curl("/api/v1/status", "-u", f"anna:{number}")[0] for number in range(6)]
        self.assertEqual(statuses[-1], 429)
        # who is known already, from the same address
        self.assertEqual(self.curl("/api/v1/status", "-u", "anna:secret")[0], 200)
        self.assertNotIn("secret", self.proxy.logged())
        self.proxy.end()

    def test_bad_input_gets_the_right_status_and_changes_nothing(self) -> None:
        self.run_proxy()
        server = "/backends/a/servers/ex1"
        for method, path, body, status, words in (
            ("PUT", server + "/state", "{", 400, "the body is not JSON"),
            ("PUT", server + "/weight", '{"weight": 999}', 422, "from 0 to 256"),
            ("PUT", server + "/stat", "{}", 404, "there is nothing at"),
            ("PUT", "/backends/a/servers/ex3/state", '{"state": "drain"}', 404, 'did you mean \\"ex'),
            ("DELETE", server, "{}", 405, "GET, HEAD"),
            ("PUT", server + "/state", "x" * 10_000_000, 413, "larger than 64 KB"),
        ):
            file = Path(self.proxy.folder / "body")
            file.write_text(body)
            for by_socket in (True, False):
                got, said = self.order(method, path, f"@{file}", by_socket=by_socket)
                wanted = 403 if not by_socket and status in (400, 422) else status
                if wanted == 403 or (not by_socket and "ex3" in path):
                    self.assertIn(got, (403, 404))
                else:
                    self.assertEqual((got, words in said), (status, True), said)
        self.assertEqual((self.server("a/ex1")["admin"], self.server("a/ex1")["weight"]), ("ready", 1))
        self.proxy.end()

    def test_a_command_that_cannot_be_done_says_why(self) -> None:
        self.run_proxy()
        done = self.exproxy("host", "drain", "ex3")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, 'there is no host "ex3"; did you mean "ex[12]"?')
        self.proxy.end()
        done = self.exproxy("status")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("no exproxy listens at", done.stderr)


class HardshipTests(AdminTestCase):
    def test_a_hundred_slow_administrators_keep_neither_clients_nor_the_next_one_waiting(self) -> None:
        self.run_proxy()
        began = time.monotonic()
        slow = [socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE) for _ in range(100)]
        self.addCleanup(lambda: [one.close() for one in slow])
        for one in slow[-40:]:
            one.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: local")
        for _ in range(20):
            self.assertIn(self.client(), (b"one", b"two"))
        self.assertEqual(self.curl("/api/v1/status")[0], 200)
        self.assertLess(time.monotonic() - began, IDLE, "that is when the first of them has no time left")
        self.proxy.end()

    def test_who_is_not_ready_says_so_for_balancers(self) -> None:
        self.run_proxy()
        for host in ("ex1", "ex2"):
            self.assertEqual(self.exproxy("host", "maint", host).returncode, 0)
        status, body = self.curl("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("front end a has no usable server: 0 of 2 of a", body)
        self.assertEqual(self.curl("/healthz")[0], 200)
        self.assertEqual(self.exproxy("status").returncode, 1)
        self.proxy.end()

    def test_the_next_process_can_begin_while_sessions_of_the_last_one_live(self) -> None:
        self.run_proxy(defaults=DEFAULTS.replace('drain = "1s"', 'drain = "1h"'))
        self.client()
        self.proxy.process.signal(signal.SIGTERM)
        self.proxy.wait_for_log("draining: 1 session has")
        eventually(lambda: not (self.proxy.folder / "x.sock").exists(), "the socket to be gone")
        following = Proxy("next", FRONT, self.fronts["a"], self.proxy.configuration)
        self.started(following)
        self.assertEqual(self.curl("/healthz")[0], 200)
        following.end()
        self.proxy.process.signal(signal.SIGTERM)
        self.assertEqual(self.proxy.process.wait(), 0)

    def test_the_socket_is_for_its_owner_and_group_and_one_that_died_is_replaced(self) -> None:
        self.run_proxy()
        path = self.proxy.folder / "x.sock"
        self.assertEqual(path.stat().st_mode & 0o777, 0o660)
        self.proxy.process.signal(9)
        self.proxy.process.wait()
        self.assertTrue(path.exists())
        before = self.proxy.written()
        self.proxy.start()
        self.proxy.wait_for_log("exproxy is ready", before)
        self.assertEqual(self.exproxy("host", "drain", "ex1").returncode, 0)
        self.proxy.end()
