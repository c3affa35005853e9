"""What is not wrong yet, told once: certificates that run out, checks that are only watched and fail."""

from collections.abc import Iterable

from twisted.logger import Logger

from exproxy import pool

QUIET = 60.0
"""Seconds between two sentences about one host: a check whose failure words itself anew each time fills no log."""

_log = Logger()


class Warnings:
    """A host's certificate is behind all of its back ends: what several of its servers warn of in the same words is told once.

    :param servers: those that are looked at.
    """

    def __init__(self, servers: Iterable[pool.Server]) -> None:
        self._hosts: dict[pool.Host, list[pool.Server]] = {}
        self._told: dict[pool.Host, dict[str, pool.Server]] = {}
        """Each sentence, with the server for which it was told."""
        self._quiet_until: dict[pool.Host, float] = {}
        self.follow(servers)

    def follow(self, servers: Iterable[pool.Server]) -> None:
        """Look at these from now on."""
        self._hosts = {}
        for server in servers:
            self._hosts.setdefault(server.host, []).append(server)
        self._told = {host: self._told.get(host, {}) for host in self._hosts}
        self._quiet_until = {host: until for host, until in self._quiet_until.items() if host in self._hosts}

    def look(self, now: float) -> None:
        """Log what has come up or has gone since it was last told; about once a second."""
        for host, servers in self._hosts.items():
            present: dict[str, pool.Server] = {}
            for server in servers:
                for text in server.health.warnings:
                    present.setdefault(text, server)
            told = self._told[host]
            if present.keys() != told.keys() and now >= self._quiet_until.get(host, 0.0):
                self._quiet_until[host] = now + QUIET
                self._told[host] = present | {text: server for text, server in told.items() if text in present}
                self._tell(told, self._told[host])

    def _tell(self, old: dict[str, pool.Server], new: dict[str, pool.Server]) -> None:
        for text in sorted(new.keys() - old.keys()):
            _log.warn("{server}: warning: {text}", server=new[text].full_name, text=text)
        for name in sorted({server.full_name for server in old.values()} - {server.full_name for server in new.values()}):
            _log.info("{server}: nothing to warn of any more", server=name)
