"""A program that runs as long as a test: started in the foreground, awaited by a condition, ended with all its children."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from twisted.trial.itrial import IReporter
from twisted.trial.reporter import TestResultDecorator
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.peers.waiting import PATIENCE, eventually

GRACE = 10.0
"""Seconds that a program has to end by itself after SIGTERM, where it may as well be killed."""


def new_folder(name: str) -> Path:
    """A folder under the system's temporary one, open to the users that servers change to.

    Not trial's: that may lie under somebody's private folder, and a unix socket's path has 107 bytes at most.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"exproxy-{name}-"))
    folder.chmod(0o755)
    return folder


def whole_line(pattern: str, text: str) -> str | None:
    """The first line that matches; one that has no end yet is still being written."""
    found = re.search(f"^(.*(?:{pattern}).*)\n", text, re.MULTILINE)
    return found and found[1]


def whole_lines(path: Path) -> list[str]:
    """Of a file that another process writes: without a line that has no end yet; none, if there is no file."""
    return path.read_text().rpartition("\n")[0].splitlines() if path.exists() else []


def _group_lives(group: int) -> bool:
    """Whether anybody in a process group still runs; who has ended but was not reaped by its adopter holds nothing any more."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False


@attrs.define
class Process:
    """One program and its children, in a process group of their own."""

    name: str
    log: Path
    directory: Path
    environment: dict[str, str] | None = None
    running: subprocess.Popen[bytes] | None = None
    _begun: int = 0
    """How much stood in the log when it was started."""

    def start(self, command: Sequence[str]) -> None:
        self._begun = len(self.text())
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=self.environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.running is not None, f"{self.name} was not started"
        return self.running.pid

    @property
    def exited(self) -> int | None:
        """The exit status, once it has ended."""
        return self.running.poll() if self.running else None

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status, once it has ended by itself."""
        assert self.running is not None, f"{self.name} was not started"
        return self.running.wait(seconds)

    def stop(self) -> None:
        """End it and all of its children; may be called again."""
        if self.running is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.running.wait(GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(PATIENCE)
        eventually(lambda: not _group_lives(self.pid), f"the children of {self.name} to end")
        self.running = None

    def text(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def news(self) -> str:
        """What it wrote since it was last started."""
        return self.text()[self._begun :]

    def line(self, pattern: str, after: int = 0) -> str | None:
        """The first whole line that matches, in what it wrote ``after``: another process may be in the middle of one."""
        return whole_line(pattern, self.text()[after:])


@attrs.define
class Peer:
    """A real server under one name, on one loopback address.  A subclass says what is run and when it is ready."""

    name: str
    host: str
    port: int
    folder: Path = attrs.field(init=False)
    process: Process = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.folder = new_folder(self.name)
        self.process = Process(self.name, self.folder / "output.log", self.folder)

    def command(self) -> list[str]:
        """The program, in the foreground."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Write its configuration; before each start."""

    def ready(self) -> bool:
        """Whether it answers as it should.  May raise ``OSError`` for no."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.prepare()
        self.process.start(self.command())
        eventually(self._ready_or_dead, f"{self.name} to be ready")

    def _ready_or_dead(self) -> bool:
        status = self.process.exited
        assert status is None, f"{self.name} ended with {status} instead of becoming ready:\n{self.logged()}"
        return self.ready()

    def stop(self) -> None:
        self.process.stop()

    def close(self) -> None:
        """Stop it, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def logged(self) -> str:
        """What it wrote: its output, and its log files."""
        logs = [path for path in sorted(self.folder.rglob("*.log")) if path != self.process.log]
        return self.process.text() + "".join(f"--- {path.name}\n{path.read_text(errors='replace')}" for path in logs)

    def wait_for_log(self, pattern: str) -> str:
        """The first line of what it wrote that matches."""
        return eventually(lambda: whole_line(pattern, self.logged()), f"{pattern!r} in the log of {self.name}") or ""


class PeerTestCase(SynchronousTestCase):
    """A test with real processes: ends them whatever happens, and shows their logs when it fails."""

    maxDiff = None

    def setUp(self) -> None:
        self.logs: dict[str, str] = {}

    def keep(self, peer: Peer) -> None:
        """End ``peer`` with the test."""
        self.addCleanup(peer.close)
        self.addCleanup(
            lambda: self.logs.update({f"{peer.name} ({type(peer).__name__}, {peer.host}:{peer.port})": peer.logged()})
        )

    def started(self, *peers: Peer) -> None:
        """Start each, and end it with the test."""
        for peer in peers:
            self.keep(peer)
        for peer in peers:
            peer.start()

    def run(self, result: IReporter) -> None:
        self.logs = {}
        noticing = _Noticing(IReporter(result))
        super().run(noticing)
        if noticing.failed:
            for name, text in self.logs.items():
                sys.stdout.write(f"\n----- {self.id()}: log of {name}\n{text[-6000:]}\n")


class _Noticing(TestResultDecorator):
    """Notices that the test failed: the reporter of trial that a test is given shows nobody what it counts."""

    failed = False

    def addFailure(self, test: Any, fail: Any) -> None:
        self.failed = True
        super().addFailure(test, fail)

    def addError(self, test: Any, error: Any) -> None:
        self.failed = True
        super().addError(test, error)
