"""How long an answer takes when the proxies are half busy."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from bench import load
from bench.load import Done
from bench.openloop import Client, Connecting, Keeping, latencies
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


def _taken(pace: Pace, port: int, rate: float, seconds: float) -> Taken:
    ordered = latencies(pace.client(port), rate, seconds)
    return Taken(percentile(ordered, 0.50) * 1e6, percentile(ordered, 0.99) * 1e6)


def measured(pace: Pace, proxies: list[Running], web: int, number: int, seconds: float) -> Latency:
    """Find the saturation first, then ask all at one rate, in turns."""
    saturation = {
        running.name: median(pace.saturate(running.port, 1.0).times for _ in range(SATURATION_ROUNDS)) for running in proxies
    }
    rate = PART * min(saturation.values())
    ports = {DIRECT: web, **{running.name: running.port for running in proxies}}
    taken: dict[str, list[Taken]] = {name: [] for name in ports}
    for _ in range(number):
        for name, port in ports.items():
            taken[name].append(_taken(pace, port, rate, seconds))
    return Latency(saturation, rate, taken)
