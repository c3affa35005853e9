"""How long an answer takes when the proxies are half busy."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from bench import load
from bench.load import Done
from bench.openloop import Client, Connecting, Keeping, latencies
from bench.processes import SETTLE, cpu_ns
from bench.proxies import Running

PART = 0.5
"""Of the saturation that the slowest proxy was measured at."""
SATURATION_ROUNDS = 3
DIRECT = "none"
"""The row without a proxy: what client, kernel and web server take."""


class Pace(NamedTuple):
    """A unit of latency: ``saturate(port, seconds)`` as fast as it goes, ``client(port)`` at a rate."""

    name: str
    what: str
    saturate: Callable[[int, float], Done]
    client: Callable[[int], Client]


class Taken(NamedTuple):
    """One round of one proxy, in microseconds."""

    p50: float
    p99: float
    cpu_us: float = 0.0
    """CPU of the proxy for each: more than at saturation, where one turn of its loop serves many."""


class Latency(NamedTuple):
    """What was found; ``saturation`` and ``rate`` are a second."""

    saturation: dict[str, float]
    rate: float
    taken: dict[str, list[Taken]]


PACES = (
    Pace("latency", "connection (opened, answered)", load.connections, Connecting),
    Pace("latency-request", "request on a kept connection", load.requests, Keeping),
)


def percentile(ordered: list[float], part: float) -> float:
    """The value below which ``part`` of the values are."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _taken(pace: Pace, running: Running, rate: float, seconds: float) -> Taken:
    before = cpu_ns(running.pid)
    ordered = latencies(pace.client(running.port), rate, seconds)
    time.sleep(SETTLE)
    cpu_us = (cpu_ns(running.pid) - before) / 1000 / len(ordered)
    return Taken(percentile(ordered, 0.50) * 1e6, percentile(ordered, 0.99) * 1e6, cpu_us)


def _saturation(pace: Pace, proxies: list[Running]) -> dict[str, float]:
    rates: dict[str, list[float]] = {running.name: [] for running in proxies}
    for _ in range(SATURATION_ROUNDS):
        for running in proxies:
            rates[running.name].append(pace.saturate(running.port, 1.0).times)
    return {name: median(each) for name, each in rates.items()}


def measured(pace: Pace, proxies: list[Running], web: Running, number: int, seconds: float) -> Latency:
    """Find the saturation first, then ask all at one rate, in turns; ``web`` without a proxy too."""
    saturation = _saturation(pace, proxies)
    rate = PART * min(saturation.values())
    taken: dict[str, list[Taken]] = {running.name: [] for running in (web, *proxies)}
    for _ in range(number):
        for running in (web, *proxies):
            taken[running.name].append(_taken(pace, running, rate, seconds))
    return Latency(saturation, rate, taken)
