"""What the tests of the pool share: a holder that remembers, and short ways to servers and back ends."""

from random import Random
from typing import Any

from exproxy.pool import Backend, CheckResult, CheckSpec, Host, Lease, NoServer, Server

PASSED = CheckResult(passed=True, status="L7OKD", text="SMTP said 220 ready", line="220 ready")
FAILED = CheckResult(passed=False, status="L7STS", text="SMTP said 554 No", line="554 No", code=554)
STOPPING = CheckResult(
    passed=True,
    stopping=True,
    status="L7OKC",
    text="SMTP said 421 4.3.2 Service not active: Exchange is in maintenance",
    code=421,
)
CHECK = CheckSpec("smtp", rise=2, fall=3)


class Recorder:
    """A holder that remembers what it was told."""

    def __init__(self) -> None:
        self.leases: list[Lease] = []
        self.errors: list[NoServer] = []
        self.evictions: list[tuple[Lease, str]] = []

    def lease_granted(self, lease: Lease) -> None:
        self.leases.append(lease)

    def lease_denied(self, error: NoServer) -> None:
        self.errors.append(error)

    def evicted(self, lease: Lease, reason: str) -> None:
        self.evictions.append((lease, reason))


def make_server(name: str, host: Host | None = None, **settings: Any) -> Server:
    """A server at 10.0.0.1:25, on a host of its own name unless one is given."""
    return Server(name, host or Host(name, "10.0.0.1"), "10.0.0.1", 25, **settings)


def make_backend(*servers: Server, name: str = "hub", balance: Any = "roundrobin", **settings: Any) -> Backend:
    """A back end with these servers, added at 0 seconds."""
    backend = Backend(name, balance, rng=Random(7), **settings)
    for server in servers:
        backend.add(server, 0.0)
    return backend


def get(backend: Backend, client: str | None = None, now: float = 1.0, avoid: Server | None = None) -> Lease:
    """A lease that is to be had at once, for a client's address where that matters."""
    got = backend.acquire(Recorder(), None if client is None else backend.key_for(client), now, () if avoid is None else (avoid,))
    assert isinstance(got, Lease), "no slot is free"
    return got


def fail(server: Server, now: float = 10.0) -> None:
    """Let every check of ``server`` fail until it is down."""
    for check, state in server.health.checks.items():
        for _ in range(state.spec.fall):
            server.observe(check, FAILED, now)


def heal(server: Server, now: float = 20.0) -> None:
    """Let every check of ``server`` pass until it is up."""
    for check, state in server.health.checks.items():
        for _ in range(state.spec.rise):
            server.observe(check, PASSED, now)


def stop(server: Server, now: float = 10.0) -> None:
    """Let every check of ``server`` say that it is stopping, until that is believed."""
    for check, state in server.health.checks.items():
        for _ in range(state.spec.fall):
            server.observe(check, STOPPING, now)
