"""Units of work, measured in turns."""

import time
from collections.abc import Callable
from typing import NamedTuple

from bench import load
from bench.processes import cpu_ns
from bench.proxies import Running

SETTLE = 0.25  # closes and batched log lines that are still on their way belong to the work


class Unit(NamedTuple):
    """``work(port, seconds)`` does it and returns how often."""

    name: str
    what: str
    work: Callable[[int, float], int]


class Sample(NamedTuple):
    """One round of one proxy."""

    cpu_us: float
    """CPU microseconds of the proxy for each."""
    times: int
    seconds: float


UNITS = (
    Unit("connections", "connection (opened, one request, closed)", load.connections),
    Unit("requests", "request on a kept connection", load.requests),
    Unit("bulk", "64 MB body", load.bodies),
)


def sample(unit: Unit, running: Running, seconds: float) -> Sample:
    """Do the work once through one proxy."""
    before, started = cpu_ns(running.pid), time.monotonic()
    count = unit.work(running.port, seconds)
    took = time.monotonic() - started
    time.sleep(SETTLE)
    return Sample((cpu_ns(running.pid) - before) / 1000 / count, count, took)


def rounds(unit: Unit, proxies: list[Running], number: int, seconds: float) -> dict[str, list[Sample]]:
    """``number`` rounds, the proxies in turns, so that what else the machine does hits all alike."""
    samples: dict[str, list[Sample]] = {running.name: [] for running in proxies}
    for running in proxies:
        unit.work(running.port, 1.0)  # the first connections load, allocate and specialise
    for _ in range(number):
        for running in proxies:
            samples[running.name].append(sample(unit, running, seconds))
    return samples
