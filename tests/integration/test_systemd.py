"""Under a supervisor: what it is told, and the sockets that it passes."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import attrs

from tests.integration.peers.echo import Echo, EchoClient
from tests.integration.peers.needs import SOCKET_ACTIVATE, require
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.0.1", "127.0.0.2", "127.0.0.3"

SITE = """
[service]
workers = {workers}

[frontends.front]
bind = [{binds}]
backend = "echo"
timeouts = {{ drain = "60s" }}

[backends.echo]
servers = {{ ex1 = "{server}" }}
"""


@attrs.define
class Supervised(Proxy):
    """``orders`` is what the supervisor puts into its environment."""

    orders: dict[str, str] = attrs.field(factory=dict)

    def prepare(self) -> None:
        super().prepare()
        assert self.process.environment is not None
        self.process.environment |= self.orders


@attrs.define
class Activated(Proxy):
    """Started by the first client: ``systemd-socket-activate`` listens until then."""

    passed: tuple[tuple[str, str], ...] = ()
    """Names and addresses."""

    def command(self) -> list[str]:
        names = f"--fdname={':'.join(name for name, _ in self.passed)}"
        listens = [f"--listen={address}" for _, address in self.passed]
        environment = [f"--setenv={name}" for name in ("PYTHONPATH", "PYTHONUNBUFFERED", "PATH")]
        return ["systemd-socket-activate", names, *listens, *environment, *super().command()]


@attrs.define
class Held(Proxy):
    """Given a socket that the test holds, as systemd would."""

    held: socket.socket = attrs.field(kw_only=True)

    def start(self) -> None:
        self.prepare()
        passing = 'exec 3<&"$0"; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=held exec "$@"'
        descriptor = self.held.fileno()
        with self.process.log.open("ab") as log:
            self.process.running = subprocess.Popen(
                ["bash", "-c", passing, str(descriptor), *self.command()],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.process.environment,
                start_new_session=True,
            )
        eventually(self._ready_or_dead, f"{self.name} to be ready")


class SystemdTestCase(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.echo = Echo("ex1", FIRST, free_port(FIRST))
        self.addCleanup(self.echo.stop)
        self.echo.start()

    def site(self, workers: int, *ports: int) -> str:
        binds = ", ".join(f'"{FRONT}:{port}"' for port in ports)
        return SITE.format(workers=workers, binds=binds, server=f"{FIRST}:{self.echo.port}")

    def client(self, port: int) -> EchoClient:
        client = EchoClient(FRONT, port)
        self.addCleanup(client.close)
        return client


class Supervisor:
    """A datagram socket that hears what a service says."""

    def __init__(self, address: str | bytes) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.heard: list[str] = []
        self.tellers: set[int] = set()

    def close(self) -> None:
        self._socket.close()

    def words(self) -> list[str]:
        """All that was said until now."""
        while True:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(4096, 100)
            except BlockingIOError:
                return self.heard
            self.heard += data.decode().split("\n")
            self.tellers |= {int.from_bytes(about[:4], "little") for _, _, about in ancillary}

    def wait_for(self, word: str, times: int = 1) -> None:
        eventually(lambda: self.words().count(word) >= times, f"{word!r}, {times} times, among {self.heard}")


class NotifyTests(SystemdTestCase):
    def supervised(self, address: str | bytes, shown: str, workers: int = 1) -> None:
        self.supervisor = Supervisor(address)
        self.addCleanup(self.supervisor.close)
        orders = {"NOTIFY_SOCKET": shown, "WATCHDOG_USEC": "200000"}
        self.port = free_port(FRONT)
        self.proxy = Supervised("proxy", FRONT, self.port, self.site(workers, self.port), orders=orders)
        self.started(self.proxy)

    def has(self, pid: int, name: str) -> bool:
        """Whether a process has a variable in its environment."""
        return any(each.startswith(f"{name}=".encode()) for each in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))

    def whole_life(self) -> None:
        self.supervisor.wait_for("READY=1")
        self.supervisor.wait_for("WATCHDOG=1", 3)
        client = self.client(self.port)
        self.supervisor.wait_for("STATUS=1 session, 1 of 1 server up")
        self.proxy.process.signal(signal.SIGTERM)
        self.supervisor.wait_for("STOPPING=1")
        self.supervisor.wait_for("EXTEND_TIMEOUT_USEC=30000000", 3)
        self.assertEqual(client.echo("still"), "still")
        client.close()
        self.proxy.end()
        self.assertEqual(self.supervisor.words().count("READY=1"), 1)
        self.assertEqual(self.supervisor.tellers, {self.proxy.process.pid})

    def test_a_path_hears_a_whole_life(self) -> None:
        address = f"/tmp/exproxy-notify-{os.getpid()}-{self.echo.port}"
        self.addCleanup(os.unlink, address)
        self.supervised(address, address)
        self.whole_life()

    def test_an_abstract_name_hears_a_whole_life_of_a_master_with_workers(self) -> None:
        name = f"exproxy-notify-{os.getpid()}-{self.echo.port}"
        self.supervised(b"\0" + name.encode(), f"@{name}", workers=2)
        self.assertTrue(self.has(self.proxy.process.pid, "NOTIFY_SOCKET"))
        for pid in (self.proxy.fork_server(), *self.proxy.workers()):
            self.assertFalse(self.has(pid, "NOTIFY_SOCKET"))
        self.whole_life()

    def test_a_reload_is_told_when_it_begins_and_when_it_is_over_well_or_not(self) -> None:
        name = f"exproxy-notify-{os.getpid()}-{self.echo.port}"
        self.supervised(b"\0" + name.encode(), f"@{name}")
        for times, text in ((2, self.proxy.file.read_text() + "\n[hosts]\n"), (3, "this is no TOML")):
            self.supervisor.wait_for("READY=1", times - 1)
            self.proxy.file.write_text(text)
            self.proxy.process.signal(signal.SIGHUP)
            self.supervisor.wait_for("READY=1", times)
        words = [word for word in self.supervisor.words() if word in ("READY=1", "RELOADING=1")]
        self.assertEqual(words, ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"])
        moments = [int(word.partition("=")[2]) for word in self.supervisor.words() if word.startswith("MONOTONIC_USEC=")]
        self.assertEqual(len(moments), 2)
        self.assertLess(abs(moments[1] / 1e6 - time.monotonic()), 60)
        self.assertIn("the last reload was refused", [word for word in self.supervisor.words() if "STATUS=" in word][-1])
        self.proxy.end()

    def test_a_process_that_does_not_turn_gives_no_sign_of_life(self) -> None:
        name = f"exproxy-notify-{os.getpid()}-{self.echo.port}"
        self.supervised(b"\0" + name.encode(), f"@{name}")
        self.supervisor.wait_for("WATCHDOG=1", 2)
        self.proxy.process.signal(signal.SIGSTOP)
        eventually(lambda: _state(self.proxy.process.pid) == "T", "it to be stopped")
        before = len(self.supervisor.words())
        # as long as three signs would have taken, by another process' clock
        self.proxy_of_another_supervisor()
        self.assertEqual(len(self.supervisor.words()), before)
        self.proxy.process.signal(signal.SIGCONT)
        eventually(lambda: len(self.supervisor.words()) > before, "it to go on")
        self.proxy.end()

    def proxy_of_another_supervisor(self) -> None:
        """Lives for several times the other's interval."""
        name = f"exproxy-other-{os.getpid()}-{self.echo.port}"
        other = Supervisor(b"\0" + name.encode())
        self.addCleanup(other.close)
        orders = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "200000"}
        port = free_port(FRONT)
        proxy = Supervised("other", FRONT, port, self.site(1, port), orders=orders)
        self.started(proxy)
        other.wait_for("WATCHDOG=1", 4)
        proxy.end()


class ActivationTests(SystemdTestCase):
    def activated(self, workers: int) -> None:
        require(SOCKET_ACTIVATE)
        self.passed, self.bound, self.spare = free_ports(3, FRONT)
        passed = (("smtp", f"{FRONT}:{self.passed}"), ("forgotten", f"{FRONT}:{self.spare}"))
        self.proxy = Activated("proxy", FRONT, self.passed, self.site(workers, self.passed, self.bound), passed=passed)
        self.keep(self.proxy)
        self.proxy.prepare()
        self.proxy.process.start(self.proxy.command())
        first = eventually(lambda: socket.create_connection((FRONT, self.passed), PATIENCE), "the socket to listen")
        self.addCleanup(first.close)
        eventually(self.proxy._ready_or_dead, "the proxy to be ready")
        self.first = first

    def served(self) -> None:
        self.assertEqual(self.first.recv(100), b"ex1\n")
        for port in (self.passed, self.bound):
            self.assertEqual(self.client(port).echo("word"), "word")
        self.proxy.wait_for_log(f'bound already by who started us: {FRONT}:{self.passed} by "smtp"')
        warning = self.proxy.wait_for_log('the socket "forgotten"')
        self.assertIn(f"listens on {FRONT}:{self.spare}, which the configuration does not have", warning)

    def test_a_socket_that_is_passed_is_listened_at_and_the_client_that_waits_there_is_served(self) -> None:
        self.activated(1)
        self.served()

    def test_workers_have_it_too(self) -> None:
        self.activated(2)
        self.served()

    def taken_up(self, workers: int) -> None:
        self.activated(workers)
        both, one = f'"{FRONT}:{self.passed}", "{FRONT}:{self.bound}"', f'"{FRONT}:{self.spare}"'
        before = self.proxy.file.read_text()
        self.assertIn(both, before)
        for text, ports in ((before.replace(both, one), [self.spare]), (before, [self.passed, self.bound])):
            written = self.proxy.written()
            self.proxy.file.write_text(text)
            self.proxy.process.signal(signal.SIGHUP)
            self.proxy.wait_for_log("the configuration was read anew: ", written)
            for port in ports:
                self.assertEqual(self.client(port).echo("word"), "word")

    def test_a_reload_takes_up_a_socket_that_nothing_used_and_one_that_was_let_go(self) -> None:
        self.taken_up(1)

    def test_so_it_does_with_workers(self) -> None:
        self.taken_up(2)

    def test_clients_that_come_between_two_lives_wait_for_the_second(self) -> None:
        held = socket.create_server((FRONT, 0))
        self.addCleanup(held.close)
        port = held.getsockname()[1]
        first, second = (Held(name, FRONT, port, self.site(1, port), held=held) for name in ("first", "second"))
        self.keep(first)
        self.keep(second)
        first.start()
        self.assertEqual(self.client(port).echo("word"), "word")
        first.process.signal(signal.SIGTERM)
        first.wait_for_log("draining: ")
        waiting = socket.create_connection((FRONT, port), PATIENCE)
        self.addCleanup(waiting.close)
        first.process.signal(signal.SIGTERM)
        first.end()
        second.start()
        self.assertEqual(waiting.recv(100), b"ex1\n")
        waiting.close()
        second.end()

    def test_it_is_the_same_socket_and_no_second_one(self) -> None:
        self.activated(1)
        listening = Path("/proc/net/tcp").read_text().splitlines()
        ours = [line for line in listening if f":{self.passed:04X} 00000000:0000 0A" in line]
        self.assertEqual(len(ours), 1)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
