"""What is not wrong yet, told once: certificates that run out, checks that are only watched and fail."""

from collections.abc import Iterable

from twisted.logger import Logger

from exproxy import pool

QUIET = 60.0
"""Seconds between two sentences about one server: a check whose failure words itself anew each time fills no log."""

_log = Logger()


class Warnings:
    """:param servers: those that are looked at."""

    def __init__(self, servers: Iterable[pool.Server]) -> None:
        self._told: dict[pool.Server, frozenset[str]] = {server: frozenset() for server in servers}
        self._quiet_until: dict[pool.Server, float] = {}

    def look(self, now: float) -> None:
        """Log what has come up or has gone since it was last told; about once a second."""
        for server, told in self._told.items():
            present = frozenset(server.health.warnings)
            if present != told and now >= self._quiet_until.get(server, 0.0):
                self._told[server] = present
                self._quiet_until[server] = now + QUIET
                self._tell(server, present - told, present)

    def _tell(self, server: pool.Server, new: frozenset[str], present: frozenset[str]) -> None:
        for text in sorted(new):
            _log.warn("{server}: warning: {text}", server=server.full_name, text=text)
        if not present:
            _log.info("{server}: nothing to warn of any more", server=server.full_name)
