"""Units of work, measured in turns."""

import time
from collections.abc import Callable
from typing import NamedTuple

from bench import load, mail, mailbox, mapper, tls
from bench.load import Done
from bench.processes import SETTLE, cpu_ns
from bench.proxies import Running


class Unit(NamedTuple):
    """``work(port, seconds)`` does it and says how often."""

    name: str
    what: str
    work: Callable[[int, float], Done]
    baseline: str = "haproxy-file"
    """The HAProxy that does the same work as exproxy here: like for like."""


class Sample(NamedTuple):
    """One round of one proxy."""

    cpu_us: float
    """CPU microseconds of the proxy for each."""
    done: Done
    seconds: float


UNITS = (
    Unit("connections", "connection (opened, one request, closed)", load.connections),
    Unit("requests", "request on a kept connection", load.requests),
    Unit("bulk", "64 MB body", load.bodies, baseline="haproxy-splice"),
    Unit("tls-full", "TLS connection with a full handshake", tls.full),
    Unit("tls-resumed", "TLS connection that brings a ticket", tls.resumed),
    Unit("tls-request", "request on a kept TLS connection", load.tls_requests),
    Unit("tls-bulk", "64 MB body over TLS", tls.bodies),
    Unit("http-connections", "connection with one request, mode http", load.connections),
    Unit("http-requests", "request on a kept connection, mode http", load.requests),
    Unit("http-varied", "request on a kept connection, each with another head, mode http", load.varied),
    Unit("http-bulk", "64 MB body, mode http", load.bodies, baseline="haproxy-splice"),
    Unit("http-tls-full", "TLS connection with a full handshake and one request, mode http", tls.full),
    Unit("http-tls-request", "request on a kept TLS connection, mode http", load.tls_requests),
    Unit("http-tls-varied", "request on a kept TLS connection, each with another head, mode http", load.tls_varied),
    Unit("http-tls-bulk", "64 MB body over TLS, mode http", tls.bodies),
    Unit("smtp", "SMTP session (one message of 4 KB)", mail.sessions),
    Unit("smtp-followed", "SMTP session, followed (mode smtp)", mail.sessions),
    Unit("smtp-bulk", "mail of 64 MB, mode smtp", mail.mails, baseline="haproxy-splice"),
    Unit("imap-login", "IMAP session: LOGIN and LOGOUT, mode imap", mailbox.imap_logins),
    Unit("pop3-login", "POP3 session: USER, PASS and QUIT, mode pop3", mailbox.pop_logins),
    Unit("imap-bulk", "mail of 64 MB fetched after the login, mode imap", mailbox.mails, baseline="haproxy-splice"),
    Unit("epm", "question to an endpoint mapper (connection, bind, map)", mapper.maps),
)


def sample(unit: Unit, running: Running, seconds: float) -> Sample:
    """Do the work once through one proxy."""
    before, started = cpu_ns(running.pid), time.monotonic()
    done = unit.work(running.port, seconds)
    took = time.monotonic() - started
    time.sleep(SETTLE)
    return Sample((cpu_ns(running.pid) - before) / 1000 / done.times, done, took)


def rounds(unit: Unit, proxies: list[Running], number: int, seconds: float) -> dict[str, list[Sample]]:
    """``number`` rounds, the proxies in turns, so that what else the machine does hits all alike."""
    samples: dict[str, list[Sample]] = {running.name: [] for running in proxies}
    for running in proxies:
        unit.work(running.port, 1.0)  # the first connections load, allocate and specialise
    for _ in range(number):
        for running in proxies:
            samples[running.name].append(sample(unit, running, seconds))
    return samples
