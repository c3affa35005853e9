"""The process from its start to its end: what keeps it from starting, what signals mean, and twistd's daemon."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import attrs

from tests.integration.balanced import FIRST, FRONT
from tests.integration.peers.echo import Echo, EchoClient, echoing_server
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import TWISTD, Proxy

SITE = """
[service]
log = {{ access = "access.log" }}

[frontends.front]
bind = "{host}:{port}"
backend = "echo"
timeouts = {{ drain = "60s" }}

[backends.echo]
servers = {{ ex1 = "{server}" }}
"""


@attrs.define
class Daemon(Proxy):
    """As an administrator types it: twistd leaves the terminal."""

    def arguments(self) -> list[str]:
        where = [f"--pidfile={self.pidfile}", f"--logfile={self.process.log}"]
        return [sys.executable, "-c", TWISTD, *where, "exproxy", "-c", str(self.file)]

    @property
    def pidfile(self) -> Path:
        return self.folder / "twistd.pid"

    def type(self) -> tuple[int, str]:
        """The exit status that the terminal sees, and what is written on it."""
        self.prepare()
        done = subprocess.run(
            self.arguments(),
            env=self.process.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        return done.returncode, done.stdout

    @property
    def pid(self) -> int | None:
        """Of the daemon, if there is one."""
        with contextlib.suppress(OSError, ValueError):  # it is not there, or nothing stands in it yet
            return int(self.pidfile.read_text())
        return None

    def lives(self) -> bool:
        pid = self.pid
        return pid is not None and _runs(pid)

    def stop(self) -> None:
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            eventually(lambda: not _runs(pid), "the daemon to end")


def _runs(pid: int) -> bool:
    """Who has ended but was not reaped by its adopter does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class LifeTestCase(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.echo = Echo("ex1", FIRST, free_port(FIRST))
        self.addCleanup(self.echo.stop)
        self.echo.start()
        self.port = free_port(FRONT)
        self.site = SITE.format(host=FRONT, port=self.port, server=f"{FIRST}:{self.echo.port}")

    def taken(self) -> None:
        """Somebody else is on the port."""
        other = socket.create_server((FRONT, self.port))
        self.addCleanup(other.close)

    def refused(self) -> bool:
        """Whether new clients are."""
        try:
            socket.create_connection((FRONT, self.port), 5).close()
        except ConnectionRefusedError:
            return True
        return False


class SignalTests(LifeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = Proxy("proxy", FRONT, self.port, self.site)
        self.started(self.proxy)
        self.proxy.wait_until("echo/ex1", "up")

    def test_the_first_sigterm_lets_live_sessions_end_and_nobody_in(self) -> None:
        client = EchoClient(FRONT, self.port)
        self.addCleanup(client.close)
        self.proxy.process.signal(signal.SIGTERM)
        self.proxy.wait_for_log("draining: 1 session has 60 s to end")
        eventually(self.refused, "new clients to be refused")
        self.assertEqual(client.echo("still"), "still")
        self.assertIsNone(self.proxy.process.exited)
        client.close()
        self.assertEqual(self.proxy.process.wait(), 0)
        self.assertRegex(self.proxy.accessed()[-1], r" front echo/ex1 .* -- ")

    def test_the_second_sigterm_ends_at_once(self) -> None:
        client = EchoClient(FRONT, self.port)
        self.addCleanup(client.close)
        self.proxy.process.signal(signal.SIGTERM)
        self.proxy.wait_for_log("draining: ")
        self.proxy.process.signal(signal.SIGTERM)
        self.assertEqual(self.proxy.process.wait(), 0)
        self.assertRaises(OSError, client.echo, "still")
        self.assertRegex(self.proxy.accessed()[-1], r" front echo/ex1 .* KD ")
        self.assertNotIn("Traceback", self.proxy.logged())

    def test_without_sessions_it_ends_by_the_first(self) -> None:
        self.proxy.end()
        self.assertTrue(self.refused())

    def test_sigusr1_begins_a_new_access_log(self) -> None:
        echoing_server(FRONT, self.port)
        eventually(self.proxy.accessed, "the first session's line")
        path = self.proxy.folder / "access.log"
        old = path.rename(path.with_name("access.log.1"))
        self.proxy.process.signal(signal.SIGUSR1)
        eventually(path.exists, "the new file")
        echoing_server(FRONT, self.port)
        eventually(self.proxy.accessed, "the second session's line")
        self.assertEqual((len(old.read_text().splitlines()), len(self.proxy.accessed())), (1, 1))
        self.proxy.end()


class StartTests(LifeTestCase):
    """What twistd says in the foreground, and as a daemon before it leaves the terminal: the same."""

    def status_and_words(self, site: str) -> list[tuple[int, str]]:
        foreground, daemon = Proxy("foreground", FRONT, self.port, site), Daemon("daemon", FRONT, self.port, site)
        for peer in (foreground, daemon):
            self.keep(peer)
        foreground.prepare()
        foreground.process.start(foreground.command())
        status = foreground.process.wait()
        return [(status, foreground.logged()), daemon.type()]

    def test_a_port_in_use_is_named_with_its_front_end(self) -> None:
        self.taken()
        for status, words in self.status_and_words(self.site):
            self.assertEqual(status, 1, words)
            self.assertIn(f"frontends.front: cannot listen on {FRONT}:{self.port}: Address already in use", words)
            self.assertIn("exproxy is not started", words)
            self.assertNotIn("Traceback", words)

    def test_a_broken_file_is_told_with_every_line(self) -> None:
        broken = '[frontends.front]\nbnd = ":25"\nbackend = "hub"\n[backends.hub]\nbalance = "leastcon"\n'
        for status, words in self.status_and_words(broken):
            self.assertEqual(status, 1, words)
            self.assertIn('site.toml:2: frontends.front.bnd: there is no such key; did you mean "bind"?', words)
            self.assertIn("site.toml:5: backends.hub.balance: ", words)
            self.assertNotIn("Traceback", words)
            self.assertTrue(self.refused())

    def test_broken_toml_is_told_with_its_line(self) -> None:
        for status, words in self.status_and_words("[frontends.front\n"):
            self.assertEqual(status, 1, words)
            self.assertIn("site.toml:1: ", words)

    def test_more_sessions_than_the_system_has_descriptors_for_are_refused_with_their_number(self) -> None:
        for status, words in self.status_and_words(self.site.replace("[service]", "[service]\nmaxconn = 1_000_000_000")):
            self.assertEqual(status, 1, words)
            self.assertRegex(words, r"service\.maxconn: .*2,?000,?000,?\d+")
            self.assertNotIn("Traceback", words)


class DaemonTests(LifeTestCase):
    def test_it_leaves_the_terminal_serves_and_ends_by_its_pid_file(self) -> None:
        daemon = Daemon("daemon", FRONT, self.port, self.site)
        self.keep(daemon)
        status, words = daemon.type()
        self.assertEqual((status, words), (0, ""))
        eventually(daemon.lives, "the pid file")
        daemon.wait_for_log("exproxy is ready")
        daemon.wait_for_log("echo/ex1: .*up;")
        self.assertEqual(echoing_server(FRONT, self.port), "ex1")
        daemon.stop()
        self.assertFalse(daemon.pidfile.exists())
        self.assertNotIn("Traceback", daemon.logged())
        self.assertRegex((daemon.folder / "access.log").read_text(), r" front echo/ex1 ")
