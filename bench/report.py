"""The table that is printed and the file that is kept."""

import json
import os
import platform
import re
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.idle import Held
from bench.measure import Sample, Unit
from bench.processes import program

RESULTS = Path(__file__).with_name("results.json")


def _said(arguments: list[str], pattern: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
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
        "haproxy": _said([program("haproxy"), "-v"], r"version (\S+)"),
        "nginx": _said([program("nginx"), "-v"], r"nginx/(\S+)"),
        "wrk": _said([program("wrk"), "-v"], r"wrk \S*?(\d\S*)"),
    }


def ratio(samples: dict[str, list[Sample]], name: str, baseline: str) -> float:
    """The median of the rounds' ratios: in a round, all had the same machine."""
    return median(one.cpu_us / other.cpu_us for one, other in zip(samples[name], samples[baseline], strict=True))


def _row(name: str, *cells: str) -> None:
    print(name.ljust(15) + "".join(cell.rjust(width) for cell, width in zip(cells, (12, 20, 12), strict=False)), end="")
    print("".join(cell.rjust(17) for cell in cells[3:]))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def unit_result(unit: Unit, samples: dict[str, list[Sample]]) -> dict[str, Any]:
    """Print a unit's rows; returns what is kept of it."""
    baselines = [name for name in samples if name != "exproxy"]
    print(f"\nCPU microseconds per {unit.what}, {len(next(iter(samples.values())))} rounds")
    _row("", "median", "least - most", "a second", *(f"/ {baseline}" for baseline in baselines))
    kept: dict[str, Any] = {}
    for name, taken in samples.items():
        costs = [each.cpu_us for each in taken]
        rate = median(each.times / each.seconds for each in taken)
        ratios = {baseline: ratio(samples, name, baseline) for baseline in baselines}
        span = f"{_number(min(costs))} - {_number(max(costs))}"
        _row(name, _number(median(costs)), span, _number(rate), *(f"{each:.2f}" for each in ratios.values()))
        kept[name] = {
            "cpu_us": round(median(costs), 2),
            "samples_us": [round(each, 2) for each in costs],
            "per_second": round(rate, 1),
            "ratio": {baseline: round(each, 3) for baseline, each in ratios.items()},
        }
    return {"unit": f"CPU microseconds per {unit.what}", "proxies": kept}


def idle_result(resident: dict[str, Held], objects: Held | None) -> dict[str, Any]:
    """Print what idle sessions cost; returns what is kept."""
    print("\nMemory of idle plain sessions, each after one request")
    for name, each in resident.items():
        print(f"{name:15}  {each.sessions:6,} held   {each.bytes_each / 1024:6.2f} KB resident each")
    if objects is not None:
        print(f"{'exproxy':15}  {objects.sessions:6,} held   {objects.bytes_each / 1024:6.2f} KB of Python objects each")
    kept: dict[str, Any] = {
        name: {"sessions": each.sessions, "resident_bytes": round(each.bytes_each)} for name, each in resident.items()
    }
    if objects is not None:
        kept["exproxy"]["object_bytes"] = round(objects.bytes_each)
    return {"unit": "bytes per idle session", "proxies": kept}


def keep(results: dict[str, dict[str, Any]], path: Path = RESULTS) -> None:
    """Put the units that were measured into the file; others stay, each with its own date and machine."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    stamp = {"measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine()}
    for name, result in results.items():
        found[name] = {**stamp, **result}
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
