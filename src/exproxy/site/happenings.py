"""What of all that happens is worth telling people who do not look at the log."""

from collections.abc import Callable, Iterable

from exproxy import pool
from exproxy.notify.news import News
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts

HOUR = 3600.0
"""Seconds between two looks at our own certificates, unless they are renewed."""

Tell = Callable[[News], None]

_ADMIN = {pool.Admin.READY: "ready", pool.Admin.DRAIN: "draining", pool.Admin.MAINT: "in maintenance"}


class Happenings:
    """Looks at pools and certificates, and hears of transitions from the first look on.

    What is so at that time is no news, unless it is bad: after a start nobody wants to read that all servers are up.

    :param pools: read anew with each look: there may be others of them by then.
    """

    def __init__(self, tell: Tell, pools: Pools, tls: TLSContexts) -> None:
        self._tell = tell
        self._pools = pools
        self._tls = tls
        self._heard: set[pool.Backend] = set()
        self._without: set[str] = set()
        self._warned: dict[str, frozenset[str]] = {}
        self._renewals = -1
        self._due = 0.0

    def follow(self, pools: Pools, tls: TLSContexts) -> None:
        """There is another configuration."""
        self._pools, self._tls = pools, tls
        self._due = 0.0

    def look(self, now: float) -> None:
        """About once a second."""
        there = {backend.pool for backend in self._pools.backends.values() if not backend.pool.leaving}
        for backend in there - self._heard:
            backend.subscribe(self._changed)
        self._heard = there
        self._without &= {backend.name for backend in there}
        for backend in there:
            self._count(backend, now)
        self._warn(now)

    # ---- servers

    def _changed(self, transition: pool.Transition) -> None:
        name = transition.server.partition("/")[0]
        backend = next((backend for backend in self._heard if backend.name == name), None)
        if backend is None:
            return
        sentence = backend.describe(transition)
        new, reason, at = transition.new, transition.reason, transition.at
        if isinstance(new, pool.Admin):
            bad = new is not pool.Admin.READY
            self._tell(News("admin", transition.server, _ADMIN[new], reason, sentence, at, bad))
        elif (transition.old, new) != (pool.Operational.STARTING, pool.Operational.UP):
            bad = new is not pool.Operational.UP
            self._tell(News("server", transition.server, new.value, reason, sentence, at, bad))
        self._count(backend, at)

    def _count(self, backend: pool.Backend, now: float) -> None:
        """Whether it has servers; while first checks are under way, nobody knows."""
        subject, servers = f"back end {backend.name}", backend.staying
        if backend.usable:
            if backend.name in self._without:
                self._without.discard(backend.name)
                state, reason = "has servers again", f"{backend.usable} of {len(servers)} usable"
                self._tell(News("backend", subject, state, reason, f"{subject} {state}: {reason}", now, bad=False))
        elif backend.name not in self._without and not any(server.awaited for server in servers):
            self._without.add(backend.name)
            reason = "; ".join(f"{server.name} {server.condition()}" for server in servers)
            self._tell(News("backend", subject, "without servers", reason, f"{subject} has no usable server: {reason}", now))

    # ---- what is not wrong yet

    def _warn(self, now: float) -> None:
        texts: dict[str, set[str]] = {}
        for backend in self._heard:
            for server in backend.staying:
                if server.health.warnings:
                    texts.setdefault(f"host {server.host.name}", set()).update(server.health.warnings)
        for subject in [subject for subject in self._warned if subject != _OURS and subject not in texts]:
            self._differ(subject, (), now)
        for subject, found in texts.items():
            self._differ(subject, found, now)
        if now >= self._due or self._renewals != self._tls.renewals:
            self._due, self._renewals = now + HOUR, self._tls.renewals
            self._differ(_OURS, self._tls.warnings(), now)

    def _differ(self, subject: str, found: Iterable[str], now: float) -> None:
        texts, before = frozenset(found), self._warned.pop(subject, frozenset())
        if texts:
            self._warned[subject] = texts
        if texts == before:
            return
        if texts:
            reason = "; ".join(sorted(texts))
            self._tell(News("warning", subject, "warning", reason, f"{subject}: warning: {reason}", now))
        else:
            state = "nothing to warn of any more"
            self._tell(News("warning", subject, state, "", f"{subject}: {state}", now, bad=False))


_OURS = "our certificates"
