"""Two workers of a real twistd, and what becomes of clients when one of them, or the master, is killed."""

import os
import re
import signal
import socket
import threading
from pathlib import Path

from tests.integration.haproxies import ask
from tests.integration.peers.greeter import Greeter
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.0.1", "127.0.0.2", "127.0.0.3"

WORKERS = 2

WITHIN = 50.0
"""Milliseconds in which all workers have to know of a transition; a noisy machine is allowed ten times as many here."""
ROUNDS = 10
"""The best of so many counts: a shared machine has its own bad moments, and news that wait for something wait in all of them."""
WAIT = 60.0
"""Seconds for which a client waits: for a greeting that comes at once, unless the machine stands still."""
CROWD = 200
"""Clients of whom each worker usually gets some."""


class WorkersTestCase(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.behind = free_port(FIRST, SECOND)
        self.front = free_port(FRONT)
        self.checked = free_port(FIRST, SECOND)
        # beside the servers, which count their clients
        self.checks = [socket.create_server((host, self.checked), backlog=4096) for host in (FIRST, SECOND)]
        self.addCleanup(lambda: [check.close() for check in self.checks])
        self.first = Greeter(FIRST, self.behind, b"one")
        self.second = Greeter(SECOND, self.behind, b"two")
        self.addCleanup(self.first.stop)
        self.addCleanup(self.second.stop)
        self.clients: list[socket.socket] = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def run_proxy(self, backend: str = "", server: str = "") -> None:
        configuration = f"""
[service]
workers = {WORKERS}
log = {{ access = "access.log" }}
[admin]
socket = "x.sock"
[frontends.a]
bind = ["{FRONT}:{self.front}"]
backend = "b"
[backends.b]
check = {{ type = "tcp", port = {self.checked} }}
{backend}
[backends.b.servers]
one = {{ address = "{FIRST}:{self.behind}" {server} }}
two = {{ address = "{SECOND}:{self.behind}" {server} }}
"""
        self.proxy = Proxy("proxy", FRONT, self.front, configuration)
        self.started(self.proxy)
        for number in range(WORKERS):
            self.proxy.wait_for_log(f"worker {number + 1} serves")
        for name in ("one", "two"):
            self.proxy.wait_until(f"b/{name}", "up")
        # each worker is asked, and answers behind what it was told before
        self.assertNotIn("Unknown command", ask(self.proxy.folder / "x.sock", "show sess"))

    def workers(self) -> set[int]:
        """The processes of those that live."""
        return self.proxy.workers()

    def fork_server(self) -> int:
        """Its process."""
        return self.proxy.fork_server()

    def client(self) -> bytes:
        """One that stays: the server's name."""
        client = socket.create_connection((FRONT, self.front), timeout=WAIT)
        self.clients.append(client)
        return client.recv(3)

    def owners(self) -> set[int]:
        """The workers that have sessions with a server now: by the sockets that they hold."""
        to = {f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{self.behind:04X}" for host in (FIRST, SECOND)}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = {f"socket:[{row[9]}]" for row in rows if row[2] in to and row[3] == "01"}
        return {pid for pid in self.workers() if any(_target(fd) in inodes for fd in Path(f"/proc/{pid}/fd").iterdir())}

    def fill_both(self) -> None:
        """Clients that stay, until both workers have some: the kernel chooses who may accept, and a worker may stand still."""
        eventually(self.filled, "both workers to have clients")

    def filled(self) -> bool:
        """Whether both have some of a crowd; if not, it leaves again."""
        before = len(self.clients)
        for _ in range(CROWD):
            self.assertIn(self.client(), (b"one", b"two"))
            if len(self.clients) % 10 == 0 and len(self.owners()) == WORKERS:
                return True
        for client in self.clients[before:]:
            client.close()
        return False


def _unix_sockets(pid: int) -> set[str]:
    known = {f"socket:[{line.split()[6]}]" for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
    return {target for fd in Path(f"/proc/{pid}/fd").iterdir() if (target := _target(fd)) in known}


def _has_open(pid: int, name: str) -> bool:
    return any(_target(fd) == name for fd in Path(f"/proc/{pid}/fd").iterdir())


def _target(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


class ServingTests(WorkersTestCase):
    def test_both_workers_serve_and_both_end_in_order(self) -> None:
        self.run_proxy()
        self.fill_both()
        for client in self.clients:
            client.close()
        workers = self.workers()
        self.proxy.end()
        self.assertEqual(len(workers), WORKERS)
        self.assertEqual([pid for pid in workers if Path(f"/proc/{pid}").exists()], [])
        lines = (self.proxy.folder / "access.log").read_text().splitlines()
        self.assertEqual(len(lines), len(self.clients))

    def test_a_server_that_dies_leaves_all_workers_at_once(self) -> None:
        self.run_proxy('on_marked_down = "shutdown-sessions"')
        for _ in range(ROUNDS):
            self.fill_both()
            known_after = self.dies()
            if known_after < 10 * WITHIN:
                break
            self.comes_back()
        self.assertLess(known_after, 10 * WITHIN)
        self.assertEqual({self.client() for _ in range(20)}, {b"one"})
        eventually(lambda: not self.second.here, "the sessions of the dead server to end, in all workers")
        self.proxy.end()

    def dies(self) -> float:
        """The second server: the milliseconds after which all workers know."""
        before = self.proxy.written()
        self.checks.pop().close()
        self.proxy.wait_until("b/two", "down", before)
        found = re.search(r"after ([\d.]+) ms", self.proxy.wait_for_log("all workers know after", before))
        assert found is not None
        return float(found.group(1))

    def comes_back(self) -> None:
        before = self.proxy.written()
        self.checks.append(socket.create_server((SECOND, self.checked), backlog=4096))
        self.proxy.wait_until("b/two", "up", before)
        self.proxy.wait_for_log("all workers know after", before)

    def test_a_limit_holds_over_all_workers(self) -> None:
        self.run_proxy('balance = "roundrobin"', ", maxconn = 5")
        waiting = [socket.create_connection((FRONT, self.front), timeout=WAIT) for _ in range(30)]
        self.clients += waiting
        eventually(lambda: self.first.here + self.second.here == 10, "all slots to be used")
        for client in waiting:
            client.setblocking(False)
        while waiting:
            served = eventually(lambda: [client for client in waiting if _has_word(client)], "somebody to be served")
            for client in served:
                client.close()
                waiting.remove(client)
            self.assertLessEqual(max(self.first.most, self.second.most), 5)
        self.assertEqual((self.first.most, self.second.most), (5, 5))
        self.proxy.end()

    def test_a_client_has_one_server_whichever_worker_takes_it(self) -> None:
        self.run_proxy('persistence = { kind = "source" }')
        self.fill_both()
        self.assertEqual(len({self.client() for _ in range(20)}), 1)
        self.proxy.end()

    def test_what_is_remembered_survives_a_worker(self) -> None:
        self.run_proxy('persistence = { kind = "source" }')
        name = self.client()
        for pid in self.workers():
            before = self.proxy.written()
            os.kill(pid, signal.SIGKILL)
            self.proxy.wait_for_log("worker . serves", before)
        self.assertEqual({self.client() for _ in range(20)}, {name})
        self.proxy.end()


def _has_word(client: socket.socket) -> bool:
    """Whether the server's name came, to a client that does not block.

    :raises AssertionError: the connection ended instead.
    """
    try:
        word = client.recv(3)
    except BlockingIOError:
        return False
    assert word in (b"one", b"two"), word
    return True


class DeathTests(WorkersTestCase):
    def test_a_killed_worker_is_replaced_and_no_client_is_refused(self) -> None:
        self.run_proxy()
        self.fill_both()
        victim = min(self.workers())
        before = self.proxy.written()
        stop = threading.Event()
        names: list[bytes] = []
        errors: list[OSError] = []

        def come() -> None:
            while not stop.is_set():
                try:
                    with socket.create_connection((FRONT, self.front), timeout=WAIT) as client:
                        names.append(client.recv(3))
                except OSError as error:
                    errors.append(error)

        coming = threading.Thread(target=come, daemon=True)
        self.addCleanup(coming.join)
        self.addCleanup(stop.set)
        coming.start()
        eventually(lambda: names, "the first to be served")
        os.kill(victim, signal.SIGKILL)
        self.proxy.wait_for_log("worker . has ended .signal 9.", before)
        self.proxy.wait_for_log("worker . serves", before)
        stop.set()
        coming.join()
        # who was the victim's at that moment has lost his session; all others were served
        refused = [error for error in errors if isinstance(error, ConnectionRefusedError)]
        self.assertEqual((refused, len(errors) + names.count(b"") <= 2), ([], True))
        self.assertGreater(len(names), 10)
        self.assertEqual(len(self.workers()), WORKERS)
        self.proxy.end()

    def test_a_wedged_worker_is_noticed_and_replaced(self) -> None:
        self.run_proxy()
        victim = min(self.workers())
        before = self.proxy.written()
        os.kill(victim, signal.SIGSTOP)
        self.assertEqual({self.client() for _ in range(10)}, {b"one", b"two"})
        self.proxy.wait_for_log("worker . does not answer any more", before)
        self.proxy.wait_for_log("worker . serves", before)
        self.assertNotIn(victim, self.workers())
        self.proxy.end()

    def test_a_killed_master_leaves_no_worker(self) -> None:
        self.run_proxy()
        workers = self.workers()
        os.kill(min(workers), signal.SIGSTOP)
        self.proxy.process.signal(signal.SIGKILL)
        self.proxy.process.wait()
        eventually(lambda: not any(_lives(pid) for pid in workers), "the workers to end")
        self.assertEqual(len(workers), WORKERS)

    def test_a_killed_fork_server_is_replaced_with_all_workers_and_no_client_is_refused(self) -> None:
        self.run_proxy()
        workers = self.workers()
        os.kill(min(workers), signal.SIGSTOP)
        before = self.proxy.written()
        os.kill(self.fork_server(), signal.SIGKILL)
        eventually(lambda: not any(_lives(pid) for pid in workers), "the workers to end")
        self.assertEqual({self.client() for _ in range(10)}, {b"one", b"two"})
        for number in range(WORKERS):
            self.proxy.wait_for_log(f"worker {number + 1} serves", before)
        self.assertEqual(len(self.workers() - workers), WORKERS)
        self.proxy.end()

    def test_a_wedged_fork_server_hurts_nobody_until_it_is_needed_and_is_replaced_then(self) -> None:
        self.run_proxy()
        wedged = self.fork_server()
        os.kill(wedged, signal.SIGSTOP)
        self.assertEqual({self.client() for _ in range(10)}, {b"one", b"two"})
        before = self.proxy.written()
        os.kill(min(self.workers()), signal.SIGKILL)
        self.proxy.wait_for_log("worker . does not answer any more", before)
        self.proxy.wait_for_log("the fork server has ended .signal 9.", before)
        self.proxy.wait_for_log("worker 1 serves", before)
        self.assertIn(self.client(), (b"one", b"two"))
        self.assertNotEqual(self.fork_server(), wedged)
        self.proxy.end()

    def test_a_killed_master_leaves_no_fork_server(self) -> None:
        self.run_proxy()
        family = {self.fork_server(), *self.workers()}
        os.kill(self.fork_server(), signal.SIGSTOP)
        self.proxy.process.signal(signal.SIGKILL)
        self.proxy.process.wait()
        eventually(lambda: not any(_lives(pid) for pid in family), "all to end")
        self.assertEqual(len(family), WORKERS + 1)

    def test_a_worker_has_no_descriptor_of_another(self) -> None:
        self.run_proxy()
        before = self.proxy.written()
        os.kill(min(self.workers()), signal.SIGKILL)
        self.proxy.wait_for_log("worker . serves", before)
        pairs = [_unix_sockets(pid) for pid in (*self.workers(), self.fork_server())]
        self.assertGreaterEqual(min(map(len, pairs)), 2)  # its link and its standard error
        self.assertEqual(len(set.union(*pairs)), sum(map(len, pairs)))
        self.proxy.end()

    def test_told_twice_all_end_at_once(self) -> None:
        self.run_proxy()
        self.client()
        self.proxy.process.signal(signal.SIGTERM)
        self.proxy.wait_for_log("draining: 1 session has")
        self.proxy.process.signal(signal.SIGTERM)
        self.assertEqual(self.proxy.process.wait(), 0)

    def test_all_logs_are_reopened(self) -> None:
        self.run_proxy()
        path = self.proxy.folder / "access.log"
        path.rename(path.with_suffix(".1"))
        self.proxy.process.signal(signal.SIGUSR1)
        old = str(path.with_suffix(".1"))
        eventually(lambda: path.exists() and not any(_has_open(pid, old) for pid in self.workers()), "the new access log")
        self.fill_both()
        for client in self.clients:
            client.close()
        eventually(lambda: len(path.read_text().splitlines()) == len(self.clients), "all lines in the new file")
        self.assertEqual(path.with_suffix(".1").read_text(), "")
        self.proxy.end()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
