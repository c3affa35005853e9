"""SMTP sessions with Postfix's own generator and sink."""

import os
import subprocess
import time

from bench.load import Done
from bench.processes import LOOPBACK, BenchError, Processes, free_port, program
from bench.web import BULK_BYTES

AT_ONCE = 16
BATCH = 500
"""Sessions of one run of smtp-source."""
SIZE = 4_000
"""Bytes of a message."""


def start_sink(processes: Processes) -> int:
    """Start smtp-sink, which takes every message and throws it away; returns its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it does not serve as root
    processes.start("smtp-sink", [program("smtp-sink", "postfix"), *user, f"{LOOPBACK}:{port}", "1024"], port)
    return port


def sessions(port: int, seconds: float) -> Done:
    """Whole SMTP sessions, each with one message, :data:`AT_ONCE` at a time."""
    return _sent(port, seconds, AT_ONCE, BATCH, SIZE)


def mails(port: int, seconds: float) -> Done:
    """Mails of 64 MB, one after the other."""
    return _sent(port, seconds, 1, 1, BULK_BYTES)


def _sent(port: int, seconds: float, at_once: int, batch: int, size: int) -> Done:
    arguments = [
        program("smtp-source", "postfix"),
        *("-s", str(at_once), "-m", str(batch), "-l", str(size)),
        *("-f", "sender@bench.example", "-t", "recipient@bench.example", f"{LOOPBACK}:{port}"),
    ]
    times = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise BenchError(f"smtp-source did not get its messages through: {done.stderr.strip()}")
        times += batch
    return Done(times)
