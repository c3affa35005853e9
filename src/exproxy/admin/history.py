"""The last transitions of each server, on both axes."""

from collections import deque
from collections.abc import Iterable

from exproxy import pool

LENGTH = 50
"""So many are remembered of each server."""


class History:
    """:param backends: whose servers are heard."""

    def __init__(self, backends: Iterable[pool.Backend]) -> None:
        self._kept: dict[str, deque[pool.Transition]] = {}
        self._heard: set[pool.Backend] = set()
        self.follow(backends)

    def follow(self, backends: Iterable[pool.Backend]) -> None:
        """Hear these from now on, and forget what is known of others."""
        there = set(backends)
        for backend in there - self._heard:
            backend.subscribe(self._note)
        self._heard = there
        names = {backend.name for backend in there}
        self._kept = {name: kept for name, kept in self._kept.items() if name.partition("/")[0] in names}

    def of(self, server: pool.Server) -> tuple[pool.Transition, ...]:
        """The oldest first."""
        return tuple(self._kept.get(server.full_name, ()))

    def _note(self, transition: pool.Transition) -> None:
        self._kept.setdefault(transition.server, deque(maxlen=LENGTH)).append(transition)
