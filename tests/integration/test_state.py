"""What a restart of a real twistd leaves as it was: by SIGTERM and by SIGKILL, with one process and with two workers."""

import json
import os
import signal
import socket
import subprocess
import sys

from tests.integration.peers.greeter import Greeter
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import Proxy
from tests.integration.test_admin import COMMAND

FRONT, FIRST, SECOND = "127.0.141.1", "127.0.141.11", "127.0.141.12"
CLIENTS = [f"127.0.141.{number}" for number in range(101, 113)]


class StateTestCase(PeerTestCase):
    """Two hosts that greet with their names; clients stay with their host by address."""

    workers = 1

    def setUp(self) -> None:
        super().setUp()
        self.behind, self.checked = free_ports(2, FIRST, SECOND)
        self.front = free_port(FRONT)
        self.checks = [socket.create_server((host, self.checked), backlog=4096) for host in (FIRST, SECOND)]
        self.addCleanup(lambda: [check.close() for check in self.checks])
        for host, name in ((FIRST, b"one"), (SECOND, b"two")):
            self.addCleanup(Greeter(host, self.behind, name).stop)
        self.proxy = Proxy(
            "proxy",
            FRONT,
            self.front,
            f"""
[service]
workers = {self.workers}
state = "state.json"
[admin]
socket = "x.sock"
[hosts]
ex1 = "{FIRST}"
ex2 = "{SECOND}"
[frontends.a]
bind = ["{FRONT}:{self.front}"]
backend = "a"
[backends.a]
check = {{ type = "tcp", port = {self.checked} }}
persistence = {{ kind = "source", expire = "10m" }}
[backends.a.servers]
ex1 = {self.behind}
ex2 = {self.behind}
""",
        )

    def begin(self) -> None:
        self.started(self.proxy)
        eventually(self.all_up, "all servers to be up")

    def again(self, by: signal.Signals) -> str:
        """End the process so, and start the next one; what that has logged so far."""
        if by is signal.SIGTERM:
            self.proxy.end()
        else:
            self.proxy.process.signal(by)
            self.proxy.process.wait()
            eventually(lambda: not self.left(), "the workers to be gone")
        before = self.proxy.written()
        self.proxy.process.start(self.proxy.command())
        self.proxy.wait_for_log("exproxy is ready", before)
        return self.proxy.process.text()[before:]

    def left(self) -> bool:
        """Whether a worker still listens."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((FRONT, self.front))
            except OSError:
                return True
        return False

    def exproxy(self, *arguments: str) -> str:
        environment = self.proxy.process.environment
        command = [sys.executable, "-c", COMMAND, *arguments, "-c", str(self.proxy.file)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=3 * PATIENCE)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def all_up(self) -> bool:
        (backend,) = json.loads(self.exproxy("status", "--json"))["backends"]
        return all(server["operational"] == "up" for server in backend["servers"])

    def hosts(self) -> dict[str, str]:
        return {host["name"]: host["admin"] for host in json.loads(self.exproxy("status", "--json"))["hosts"]}

    def saved(self, words: str) -> None:
        """Wait until it is in the file."""
        eventually(lambda: words in (self.proxy.folder / "state.json").read_text(), f"{words} in the file")

    def greetings(self) -> dict[str, bytes]:
        """Where each client is sent."""
        found = {}
        for client in CLIENTS:
            with socket.create_connection((FRONT, self.front), PATIENCE, (client, 0)) as connection:
                found[client] = connection.recv(3)
        return found


class RestartTests(StateTestCase):
    def drained(self, by: signal.Signals) -> None:
        self.begin()
        self.exproxy("host", "drain", "ex1")
        self.exproxy("server", "weight", "a/ex2", "7")
        self.saved('"weight": 7')
        log = self.again(by)
        self.assertIn("a/ex1: host ex1 was set to drain by hand, before the restart; draining", log)
        self.assertEqual(self.hosts(), {"ex1": "drain", "ex2": "ready"})
        self.assertEqual(set(self.greetings().values()), {b"two"})
        status = json.loads(self.exproxy("status", "--json"))
        self.assertEqual([server["weight"] for server in status["backends"][0]["servers"]], [1, 7])
        self.exproxy("host", "ready", "ex1")
        eventually(lambda: '"ex1": "drain"' not in (self.proxy.folder / "state.json").read_text(), "that to be kept too")
        self.again(by)
        self.assertEqual(self.hosts(), {"ex1": "ready", "ex2": "ready"})
        self.proxy.end()

    def test_a_drained_host_is_drained_after_a_restart(self) -> None:
        self.drained(signal.SIGTERM)

    def test_a_drained_host_is_drained_after_a_crash(self) -> None:
        self.drained(signal.SIGKILL)

    def test_clients_go_to_the_servers_that_they_had(self) -> None:
        self.begin()
        before = self.greetings()
        self.assertEqual(set(before.values()), {b"one", b"two"})
        self.again(signal.SIGTERM)
        shown = json.loads(self.exproxy("status", "--json"))["tables"]
        self.assertEqual([table["entries"] for table in shown], [len(CLIENTS)])
        # another order: the balancer alone would choose otherwise
        CLIENTS.reverse()
        self.addCleanup(CLIENTS.reverse)
        self.assertEqual(self.greetings(), before)
        self.proxy.end()

    def test_a_server_that_was_down_is_down_at_once_and_comes_back_by_its_checks(self) -> None:
        self.begin()
        self.checks.pop(0).close()
        self.proxy.wait_until("a/ex1", "down")
        eventually(lambda: '"down"' in (self.proxy.folder / "state.json").read_text(), "the file")
        log = self.again(signal.SIGTERM)
        self.assertRegex(log, r"a/ex1: .*\(found before the restart\).*down")
        self.assertRegex(log, "a/ex2: (.*; )?up;")
        self.assertEqual(set(self.greetings().values()), {b"two"})
        before = self.proxy.written()
        self.checks.append(socket.create_server((FIRST, self.checked), backlog=4096))
        self.proxy.wait_until("a/ex1", "up", before)
        self.proxy.end()

    def test_a_broken_file_is_told_and_keeps_nobody_from_starting(self) -> None:
        self.begin()
        self.proxy.end()
        file = self.proxy.folder / "state.json"
        file.write_text(file.read_text()[:-20])
        before = self.proxy.written()
        self.proxy.process.start(self.proxy.command())
        self.proxy.wait_for_log("exproxy is ready", before)
        self.proxy.wait_for_log(
            f"service.state: {file} is ignored: it is not whole, or no JSON: .*it is kept as {file}.broken", before
        )
        self.assertTrue(file.with_name("state.json.broken").exists())
        self.proxy.end()

    def test_the_file_is_its_owners_alone(self) -> None:
        self.begin()
        file = self.proxy.folder / "state.json"
        eventually(file.exists, "the file")
        self.assertEqual((file.stat().st_mode & 0o777, file.stat().st_uid), (0o600, os.getuid()))
        self.proxy.end()


class ReloadedTests(StateTestCase):
    """The file may be another one from then on."""

    def test_a_reload_keeps_what_was_set_and_may_name_another_file(self) -> None:
        self.begin()
        self.exproxy("host", "drain", "ex1")
        self.proxy.configuration = self.proxy.configuration.replace("state.json", "other.json")
        self.proxy.prepare()
        self.proxy.process.signal(signal.SIGHUP)
        self.proxy.wait_for_log("service.state was changed")
        file = self.proxy.folder / "other.json"
        eventually(lambda: '"ex1": "drain"' in file.read_text(), "the other file")
        self.again(signal.SIGKILL)
        self.assertEqual(self.hosts(), {"ex1": "drain", "ex2": "ready"})
        self.proxy.end()


class WorkersReloadedTests(ReloadedTests):
    """With two workers it is the master who writes."""

    workers = 2


class WorkersRestartTests(RestartTests):
    """The same with two workers: the master writes, and they are told."""

    workers = 2
