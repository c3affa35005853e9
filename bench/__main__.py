"""``python -m bench [connections|requests|bulk|idle …]``: all units by default."""

import argparse
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import report
from bench.idle import objects, resident
from bench.measure import UNITS, rounds
from bench.processes import BenchError, Processes, free_port
from bench.proxies import PROXIES, Behind, Proxy
from bench.web import start_web

NAMES = (*(unit.name for unit in UNITS), "idle")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("units", nargs="*", metavar="unit", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each unit (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a proxy works in a round (default 2)")
    parser.add_argument("--quick", action="store_true", help="three rounds of one second: for tuning, not kept")
    parser.add_argument("--sessions", type=int, default=9_000, help="idle sessions to hold (default 9000)")
    parser.add_argument("--proxies", default=",".join(proxy.name for proxy in PROXIES), help="which, with commas between")
    parser.add_argument("--no-keep", action="store_true", help="leave bench/results.json as it is")
    chosen = parser.parse_args()
    if unknown := [unit for unit in chosen.units if unit not in NAMES]:
        parser.error(f"no unit {unknown[0]!r}; there are {', '.join(NAMES)}")
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.no_keep = 3, 1.0, True
    return chosen


def measure(chosen: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    """Measure the chosen units; returns what is kept of each."""
    results: dict[str, dict[str, Any]] = {}
    proxies = [proxy for proxy in PROXIES if proxy.name in chosen.proxies.split(",")]
    units = chosen.units or NAMES
    with Processes(folder) as processes:
        behind = Behind(start_web(processes), free_port())
        processes.start("discard", [sys.executable, "-m", "bench.discard", str(behind.syslog)])
        for unit in (unit for unit in UNITS if unit.name in units):
            running = [proxy.start(processes, behind) for proxy in proxies if unit.name in proxy.units]
            results[unit.name] = report.unit_result(unit, rounds(unit, running, chosen.rounds, chosen.seconds))
            for each in running:
                processes.stop(each.pid)
        if "idle" in units:
            results["idle"] = idle(processes, behind, proxies, chosen.sessions)
    return results


def idle(processes: Processes, behind: Behind, proxies: list[Proxy], sessions: int) -> dict[str, Any]:
    found = {proxy.name: resident(processes, behind, proxy, sessions) for proxy in proxies if "idle" in proxy.units}
    return report.idle_result(found, objects(processes, behind) if "exproxy" in found else None)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt  # as Ctrl-C, so that what was started is ended


def main() -> int:
    chosen = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="exproxy-bench-") as folder:
        try:
            results = measure(chosen, Path(folder))
        except BenchError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("bench: interrupted; what was started is ended", file=sys.stderr)
            return 130
    if not chosen.no_keep:
        report.keep(results)
        print(f"\nkept in {report.RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
