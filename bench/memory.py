"""``python -m bench.memory``: what exproxy takes in mode ``http`` while 50 bodies of 1 GB go each way between slow peers.

It carries 200 GB, plain and over TLS, and takes a quarter of an hour; so ``make bench`` does not do it.
"""

import argparse
import signal
import socket
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench import bodies, report
from bench.__main__ import interrupted
from bench.certificate import make_certificate
from bench.load import Connect
from bench.processes import LOOPBACK, Processes, free_port, resident_bytes
from bench.proxies import TLS, WEB, Behind, exproxy
from bench.tls import connected, trusting

EVERY = 0.05
"""Seconds between two looks at the memory."""
MB = 1 << 20


class Watch:
    """Looks at a process's resident memory until it is over; ``with`` it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: list[int] = []
        """Bytes, one look after the other."""

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self.seen.append(resident_bytes(self._pid))


def measured(pid: int, connect: Connect, size: int, each_way: int) -> dict[str, Any]:
    """Carry them, and say what the proxy took: before, at most in each quarter of the time, and afterwards."""
    bodies.carry(connect, MB, 2)  # what is loaded and allocated once
    before = resident_bytes(pid)
    started = time.monotonic()
    with Watch(pid) as watch:
        bodies.carry(connect, size, each_way)
    took = time.monotonic() - started
    quarter = max(1, len(watch.seen) // 4)
    return {
        "bodies_each_way": each_way,
        "body_bytes": size,
        "seconds": round(took, 1),
        "resident_before": before,
        "most_by_quarter": [max(watch.seen[at : at + quarter]) for at in range(0, 4 * quarter, quarter)],
        "resident_after": resident_bytes(pid),
    }


def said(kind: str, found: dict[str, Any]) -> None:
    most = " ".join(f"{each / MB:.1f}" for each in found["most_by_quarter"])
    print(
        f"{kind:6} {found['bodies_each_way']} uploads and as many downloads of {found['body_bytes'] / MB:,.0f} MB in "
        f"{found['seconds']:,.0f} s: {found['resident_before'] / MB:.1f} MB resident before, at most {most} in each quarter, "
        f"{found['resident_after'] / MB:.1f} after",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--bodies", type=int, default=50, help="each way (default 50)")
    parser.add_argument("--megabytes", type=int, default=1024, help="of each (default 1024)")
    parser.add_argument("--kind", choices=("plain", "tls"), help="both by default")
    parser.add_argument("--no-keep", action="store_true", help="leave bench/results.json as it is")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="exproxy-bench-") as folder, Processes(Path(folder)) as processes:
        behind = Behind(bodies.start_server(processes), free_port(), make_certificate(Path(folder) / "bench.pem"))
        for kind in [chosen.kind] if chosen.kind else ["plain", "tls"]:
            front = WEB if kind == "plain" else f"{WEB}\n{TLS}"
            running = exproxy(f"exproxy-{kind}", front=front)(processes, behind)
            address = LOOPBACK, running.port
            connect: Connect = partial(socket.create_connection, address)
            if kind == "tls":
                connect = partial(connected, trusting(), running.port, None)
            results[kind] = measured(running.pid, connect, chosen.megabytes * MB, chosen.bodies)
            said(kind, results[kind])
            processes.stop(running.pid)
    if not chosen.no_keep:
        report.keep({"http-memory": {"unit": "bytes resident", **results}})
    return 0


if __name__ == "__main__":
    sys.exit(main())
