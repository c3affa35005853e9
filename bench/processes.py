"""Programs that the bench starts, and ends whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
SETTLE = 0.25  # closes and batched log lines that are still on their way belong to the work that is counted
CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the CPU time of a whole process, in ns


class BenchError(Exception):
    """Something the bench needs is missing or does not start; the text says what to do."""


class MissingError(BenchError):
    """A program of the system is not there."""


class SilentError(BenchError):
    """A program does not listen; the text says what it said."""


def program(name: str, package: str | None = None) -> str:
    """The path of a program of the system; ``package`` is Debian's, where its name is another.

    :raises MissingError: it is not installed.
    """
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MissingError(f"{name} is not installed; on Debian: apt-get install --no-install-recommends {package or name}")
    return found


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def tree(pid: int) -> list[int]:
    """A process and all that it started, and they."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # it has ended meanwhile
            continue
    return found


def cpu_ns(pid: int) -> int:
    """User and system time of a process and its living children, in ns (clock_getcpuclockid(3) says how the clock is named)."""
    return sum(time.clock_gettime_ns((~each << 3) | CPUCLOCK_SCHED) for each in tree(pid))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its children."""
    total = 0
    for each in tree(pid):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


class Processes:
    """Started programs, each the leader of a process group; all groups end with the ``with`` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in reversed(self._started):
            self._end(process)

    def start(self, name: str, arguments: list[str], port: int | None = None, env: dict[str, str] | None = None) -> int:
        """Start a program, wait until it listens on ``port``, and return its process id.

        :raises SilentError: it ended, or did not listen in time.
        """
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **(env or {})},
                start_new_session=True,
            )
        self._started.append(process)
        if port is not None:
            self._wait(name, process, port, log)
        return process.pid

    def stop(self, pid: int) -> None:
        """End one program now."""
        for process in self._started:
            if process.pid == pid:
                self._started.remove(process)
                self._end(process)
                return

    def _wait(self, name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        deadline = time.monotonic() + 15
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection((LOOPBACK, port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        tail = log.read_text(errors="replace")[-1500:]
        raise SilentError(f"{name} does not listen on {LOOPBACK}:{port}; it said:\n{tail}")

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        process.poll()
