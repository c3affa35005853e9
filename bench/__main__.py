"""``python -m bench [connections|requests|bulk|… …]``: all units by default."""

import argparse
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import mail, mailbox, mapper, picture, report
from bench.certificate import make_certificate
from bench.idle import objects, resident
from bench.latency import DIRECT, PACES, measured
from bench.measure import UNITS, rounds
from bench.processes import BenchError, MissingError, Processes, SilentError, free_port
from bench.proxies import PROXIES, Behind, Proxy, Running
from bench.web import start_web

NAMES = (*(unit.name for unit in UNITS), *(pace.name for pace in PACES), "idle", "idle-tls")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("units", nargs="*", metavar="unit", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each unit (default 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a proxy works in a round (default 1)")
    parser.add_argument("--quick", action="store_true", help="three rounds of one second: for tuning, not kept")
    parser.add_argument("--sessions", type=int, default=9_000, help="idle plain sessions to hold (default 9000)")
    parser.add_argument("--tls-sessions", type=int, default=2_000, help="idle TLS sessions to hold (default 2000)")
    parser.add_argument("--proxies", default=",".join(dict.fromkeys(proxy.name for proxy in PROXIES)), help="which, with commas")
    parser.add_argument("--no-keep", action="store_true", help="leave bench/results.json and the picture as they are")
    chosen = parser.parse_args()
    if unknown := [unit for unit in chosen.units if unit not in NAMES]:
        parser.error(f"no unit {unknown[0]!r}; there are {', '.join(NAMES)}")
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.no_keep = 3, 1.0, True
    return chosen


class Bench:
    """One run: what stands around the proxies, and what was found."""

    def __init__(self, chosen: argparse.Namespace, processes: Processes) -> None:
        self.chosen = chosen
        self.processes = processes
        self.results: dict[str, dict[str, Any]] = {}
        pid, port = start_web(processes)
        self._direct = Running(DIRECT, pid, port)
        self._mailbox = mailbox.start_mailbox(processes)
        certificate = make_certificate(processes.folder / "bench.pem")
        self._behind = Behind(port, free_port(), certificate, self._mailbox.permission)
        processes.start("discard", [sys.executable, "-m", "bench.discard", str(self._behind.syslog)])

    def run(self) -> None:
        """All units that were chosen."""
        units = self.chosen.units or NAMES
        for unit in (unit for unit in UNITS if unit.name in units):
            try:
                behind = self._behind._replace(server=self._server(unit.name))
            except MissingError as missing:
                self._leave_out(unit.name, "every proxy", missing)
                continue
            if running := self._running(unit.name, behind):
                samples = rounds(unit, running, self.chosen.rounds, self.chosen.seconds)
                self._found(unit.name, report.unit_result(unit, samples), running)
        for pace in (pace for pace in PACES if pace.name in units):
            if running := self._running(pace.name, self._behind):
                latency = measured(pace, running, self._direct, self.chosen.rounds, self.chosen.seconds)
                self._found(pace.name, report.latency_result(pace, latency), running)
        if "idle" in units:
            self._idle("idle", "plain", self.chosen.sessions)
        if "idle-tls" in units:
            self._idle("idle-tls", "tls", self.chosen.tls_sessions)

    def _server(self, unit: str) -> int:
        """The port of the server that speaks what the unit speaks."""
        if unit.startswith("smtp"):
            return mail.start_sink(self.processes)
        if unit.startswith(("imap", "pop3")):
            return self._mailbox.pop3 if unit == "pop3-login" else self._mailbox.imap
        return mapper.start_mapper(self.processes) if unit == "epm" else self._behind.server

    def _idle(self, unit: str, kind: str, sessions: int) -> None:
        found = {}
        for proxy in self._proxies(unit):
            running = self._started(proxy, unit, self._behind)
            if running is not None:
                found[proxy.name] = resident(self.processes, running, min(sessions, proxy.sessions), kind)
        traced = objects(self.processes, self._behind) if kind == "plain" and "exproxy" in found else None
        if found:
            self._found(unit, report.idle_result(kind, found, traced), [])

    def _proxies(self, unit: str) -> list[Proxy]:
        return [proxy for proxy in PROXIES if unit in proxy.units and proxy.name in self.chosen.proxies.split(",")]

    def _running(self, unit: str, behind: Behind) -> list[Running]:
        started = [self._started(proxy, unit, behind) for proxy in self._proxies(unit)]
        return [running for running in started if running is not None]

    def _started(self, proxy: Proxy, unit: str, behind: Behind) -> Running | None:
        """A proxy that cannot start is left out, and the reason is told and kept."""
        try:
            return proxy.start(self.processes, behind)
        except (MissingError, SilentError) as error:
            self._leave_out(unit, proxy.name, error)
            return None

    def _leave_out(self, unit: str, name: str, error: BenchError) -> None:
        print(f"\nleft out of {unit}: {name}: {error}")
        self.results.setdefault(unit, {}).setdefault("left_out", {})[name] = str(error)

    def _found(self, unit: str, result: dict[str, Any], running: list[Running]) -> None:
        self.results.setdefault(unit, {}).update(result)
        for each in running:
            self.processes.stop(each.pid)


def interrupted(*_: object) -> None:
    """As Ctrl-C, once, so that what was started is ended, and the ending is not interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    chosen = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="exproxy-bench-") as folder:
        Path(folder).chmod(0o755)  # smtp-sink and nginx may serve as somebody else
        try:
            with Processes(Path(folder)) as processes:
                bench = Bench(chosen, processes)
                bench.run()
        except BenchError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("bench: interrupted; what was started is ended", file=sys.stderr)
            return 130
    print(f"\ntook {time.monotonic() - started:.0f} s")
    if not chosen.no_keep:
        kept = report.keep(bench.results)
        picture.PICTURE.write_text(picture.drawn(kept))

        print(f"kept in {report.RESULTS} and {picture.PICTURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
