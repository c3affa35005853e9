"""Memory: idle sessions are opened through a fresh proxy and held."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.processes import ROOT, BenchError, Processes, resident_bytes
from bench.proxies import Behind, Running, start_traced

HOLDERS = 3  # processes, each with its own descriptors and its own loopback address, whose ports are its own
TRACED_SESSIONS = 1_000


class Held(NamedTuple):
    """What sessions cost; ``bytes_each`` is the growth of the resident memory by session."""

    sessions: int
    bytes_each: float


@contextmanager
def held(port: int, count: int, kind: str = "plain") -> Iterator[int]:
    """Holds ``count`` sessions, ``plain`` or ``tls``; gives how many there are."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    holders: list[subprocess.Popen[str]] = []
    try:
        for number in range(HOLDERS):
            share = count // HOLDERS + (1 if number < count % HOLDERS else 0)
            arguments = [sys.executable, "-m", "bench.holder", str(port), str(share), f"127.0.0.{10 + number}", kind]
            holders.append(
                subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
            )
        yield sum(_count(holder) for holder in holders)
    finally:
        for holder in holders:
            holder.kill()
        for holder in holders:
            holder.communicate()


def _count(holder: subprocess.Popen[str]) -> int:
    assert holder.stdout is not None
    for line in holder.stdout:
        if line.startswith("held "):
            return int(line.split()[1])
        print(line, end="")
    raise BenchError("a process that holds sessions ended")


def resident(processes: Processes, running: Running, sessions: int, kind: str) -> Held:
    """Resident bytes by session of a fresh proxy, which is ended."""
    try:
        with held(running.port, 10, kind):  # what is loaded and allocated once
            time.sleep(0.3)
        before = resident_bytes(running.pid)
        with held(running.port, sessions, kind) as count:
            time.sleep(0.5)
            return Held(count, (resident_bytes(running.pid) - before) / count)
    finally:
        processes.stop(running.pid)


def objects(processes: Processes, behind: Behind) -> Held:
    """Bytes of Python objects by session of exproxy."""
    tell = processes.folder / "traced"
    running = start_traced(processes, behind, tell)
    try:
        with held(running.port, 10):
            time.sleep(0.5)
        time.sleep(0.3)
        before = _told(running.pid, tell)
        with held(running.port, TRACED_SESSIONS) as count:
            time.sleep(0.5)
            return Held(count, (_told(running.pid, tell) - before) / count)
    finally:
        processes.stop(running.pid)


def _told(pid: int, tell: Path) -> int:
    tell.unlink(missing_ok=True)
    os.kill(pid, signal.SIGRTMIN)
    deadline = time.monotonic() + 20
    while not tell.exists():
        if time.monotonic() > deadline:
            raise BenchError("exproxy does not tell its objects' bytes")
        time.sleep(0.05)
    return int(tell.read_text())
