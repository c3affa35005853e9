"""The table that is printed and the file that is kept."""

import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from OpenSSL import SSL

from bench.idle import Held
from bench.latency import DIRECT, Latency, Pace, Taken
from bench.measure import Sample, Unit
from bench.processes import MissingError, program

RESULTS = Path(__file__).with_name("results.json")
LATENCY_BASELINE = "haproxy-file"
IDLE_BASELINES = {"plain": "haproxy", "tls": "haproxy-file"}


def _said(name: str, option: str, pattern: str) -> str:
    """What a program says of its version."""
    try:
        done = subprocess.run([program(name), option], capture_output=True, text=True, check=False)
    except MissingError:
        return "not installed"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "twisted": version("twisted"),
        "pyopenssl": version("pyopenssl"),
        "openssl": SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode(),
        "haproxy": _said("haproxy", "-v", r"version (\S+)"),
        "nginx": _said("nginx", "-v", r"nginx/(\S+)"),
        "wrk": _said("wrk", "-v", r"wrk \S*?(\d\S*)"),
    }


def ratio(samples: dict[str, list[Sample]], name: str, baseline: str) -> float:
    """The median of the rounds' ratios: in a round, all had the same machine."""
    return median(one.cpu_us / other.cpu_us for one, other in zip(samples[name], samples[baseline], strict=True))


def _row(name: str, *cells: str) -> None:
    print(name.ljust(15) + "".join(cell.rjust(width) for cell, width in zip(cells, (12, 22, 12), strict=False)), end="")
    print("".join(cell.rjust(17) for cell in cells[3:]))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _baselines(names: Iterable[str]) -> list[str]:
    """Those that exproxy is compared with."""
    return [name for name in names if not name.startswith("exproxy")]


def unit_result(unit: Unit, samples: dict[str, list[Sample]]) -> dict[str, Any]:
    """Print a unit's rows; returns what is kept of it."""
    baselines = _baselines(samples)
    shown = [name for name in baselines if name.startswith("haproxy")]
    print(f"\nCPU microseconds per {unit.what}, {len(next(iter(samples.values())))} rounds")
    _row("", "median", "least - most", "a second", *(f"/ {baseline}" for baseline in shown))
    kept: dict[str, Any] = {}
    for name, taken in samples.items():
        costs = [each.cpu_us for each in taken]
        rate = median(each.done.times / each.seconds for each in taken)
        ratios = {baseline: ratio(samples, name, baseline) for baseline in baselines}
        span = f"{_number(min(costs))} - {_number(max(costs))}"
        _row(name, _number(median(costs)), span, _number(rate), *(f"{ratios[each]:.2f}" for each in shown))
        kept[name] = {
            "cpu_us": round(median(costs), 2),
            "samples_us": [round(each, 2) for each in costs],
            "per_second": round(rate, 1),
            "ratio": {baseline: round(each, 3) for baseline, each in ratios.items()},
            **_handshakes(name, taken),
        }
    return {"unit": f"CPU microseconds per {unit.what}", "baseline": unit.baseline, "proxies": kept}


def _handshakes(name: str, taken: list[Sample]) -> dict[str, Any]:
    """What is known of a unit's TLS handshakes."""
    kept: dict[str, Any] = {}
    if agreed := taken[-1].done.agreed:
        kept["agreed"] = agreed
        print(f"{'':15}{agreed}", end="")
        shares = [each.done.resumed for each in taken if each.done.resumed is not None]
        if shares:
            kept["resumed"] = round(median(shares), 3)
            print(f", {median(shares):.0%} resumed", end="")
        print(f" ({name})")
    return kept


def latency_result(pace: Pace, latency: Latency) -> dict[str, Any]:
    """Print the latencies; returns what is kept."""
    baselines = [name for name in _baselines(latency.taken) if name != DIRECT]
    print(f"\nLatency in microseconds of a {pace.what} at {latency.rate:,.0f} a second, {len(latency.taken[DIRECT])} rounds")
    print("saturation: " + ", ".join(f"{name} {rate:,.0f} a second" for name, rate in latency.saturation.items()))
    print("".ljust(15) + "p50".rjust(10) + "p99".rjust(10) + "least - most p99".rjust(22) + "CPU each".rjust(11), end="")
    print("".join(f"p50 / {name}".rjust(20) + f"p99 / {name}".rjust(20) for name in baselines))
    kept: dict[str, Any] = {}
    for name, taken in latency.taken.items():
        halves, tails = [each.p50 for each in taken], [each.p99 for each in taken]
        ratios = {baseline: _latency_ratios(taken, latency.taken[baseline]) for baseline in baselines}
        print(f"{name:15}{_number(median(halves)):>10}{_number(median(tails)):>10}", end="")
        print(f"{_number(min(tails))} - {_number(max(tails))}".rjust(22), end="")
        cpu_us = median(each.cpu_us for each in taken)
        print(_number(cpu_us).rjust(11) if name != DIRECT else "".rjust(11), end="")
        print("".join(f"{each['p50']:.2f}".rjust(20) + f"{each['p99']:.2f}".rjust(20) for each in ratios.values()))
        kept[name] = {
            "p50_us": round(median(halves), 1),
            "p99_us": round(median(tails), 1),
            "cpu_us": round(cpu_us, 2),
            "samples_p99_us": [round(each, 1) for each in tails],
            "ratio": ratios,
        }
    return {
        "unit": f"microseconds from due to answered of a {pace.what}",
        "baseline": LATENCY_BASELINE,
        "rate": round(latency.rate, 1),
        "saturation": {name: round(rate, 1) for name, rate in latency.saturation.items()},
        "proxies": kept,
    }


def _latency_ratios(taken: list[Taken], baseline: list[Taken]) -> dict[str, float]:
    pairs = list(zip(taken, baseline, strict=True))
    return {
        "p50": round(median(one.p50 / other.p50 for one, other in pairs), 3),
        "p99": round(median(one.p99 / other.p99 for one, other in pairs), 3),
    }


def idle_result(kind: str, resident: dict[str, Held], objects: Held | None) -> dict[str, Any]:
    """Print what idle sessions cost; returns what is kept."""
    print(f"\nMemory of idle {kind} sessions, each after one request")
    for name, each in resident.items():
        print(f"{name:15}  {each.sessions:6,} held   {each.bytes_each / 1024:6.2f} KB resident each")
    if objects is not None:
        print(f"{'exproxy':15}  {objects.sessions:6,} held   {objects.bytes_each / 1024:6.2f} KB of Python objects each")
    baselines = _baselines(resident)
    kept: dict[str, Any] = {
        name: {
            "sessions": each.sessions,
            "resident_bytes": round(each.bytes_each),
            "ratio": {baseline: round(each.bytes_each / resident[baseline].bytes_each, 3) for baseline in baselines},
        }
        for name, each in resident.items()
    }
    if objects is not None:
        kept["exproxy"]["object_bytes"] = round(objects.bytes_each)
    return {"unit": f"bytes per idle {kind} session", "baseline": IDLE_BASELINES[kind], "proxies": kept}


def keep(results: dict[str, dict[str, Any]], path: Path = RESULTS) -> dict[str, Any]:
    """Put the units that were measured into the file; others stay, each with its own date and machine.  Returns all."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    load = [round(each, 1) for each in os.getloadavg()]
    stamp = {"measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "load": load, "machine": machine()}
    for name, result in results.items():
        found[name] = {**stamp, **result}
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return found
