"""What HAProxy remembers and nobody else here does: peaks, how often and how long something was down, and what was cleared."""

from collections.abc import Mapping

from attrs import define
from twisted.internet.interfaces import IReactorTime

from exproxy import pool
from exproxy.admin.haproxy import status
from exproxy.admin.sources import Sources, Things


@define
class Past:
    """Of one thing.

    :param since: when its state changed last.
    :param sessions: the most at once, as ``queued``; looked at once a second and whenever somebody asks.
    :param total: sessions ever, at the last look.
    :param last: when the last one came.
    :param down_since: ``None``: it is not.
    :param down: seconds, of the times that are over.
    """

    since: float
    down_since: float | None = None
    sessions: int = 0
    queued: int = 0
    total: int = 0
    last: float | None = None
    downs: int = 0
    down: float = 0.0

    def look(self, sessions: int, queued: int, total: int, now: float) -> None:
        """Note what there is."""
        self.sessions = max(self.sessions, sessions)
        self.queued = max(self.queued, queued)
        if total > self.total:
            self.last = now
        self.total = total

    def turn(self, down: bool, now: float) -> None:
        """Its state has changed."""
        self.since = now
        if down and self.down_since is None:
            self.downs += 1
            self.down_since = now
        elif not down and self.down_since is not None:
            self.down += now - self.down_since
            self.down_since = None

    def downtime(self, now: float) -> int:
        """Whole seconds."""
        return int(self.down + (0.0 if self.down_since is None else now - self.down_since))

    def idle(self, now: float) -> int:
        """Whole seconds since the last session; -1: there was none."""
        return -1 if self.last is None else int(now - self.last)


class Memory:
    """From now on, of all ``things``."""

    def __init__(self, clock: IReactorTime, things: Things, sources: Sources) -> None:
        self._clock = clock
        self._things = things
        self._sources = sources
        self._zeros: dict[str, Mapping[str, int]] = {}
        self._pasts: dict[str, Past] = {}
        self._heard: set[pool.Backend] = set()
        self.follow()

    def follow(self) -> None:
        """Remember what there is, which may be something else than before, and forget what is no more."""
        now = self._clock.seconds()
        pasts = {f"frontend {name}": Past(now) for name in self._things.frontends}
        there = set(self._things.backends.values())
        for backend in there:
            pasts[f"backend {backend.name}"] = Past(now)
            pasts |= {f"server {server.full_name}": Past(server.health.since) for server in backend.servers.values()}
        for backend in there - self._heard:
            backend.subscribe(self._note)
        self._heard = there
        self._pasts = {name: self._pasts.get(name, past) for name, past in pasts.items()}

    def frontend(self, name: str) -> Past:
        """What has been of a front end, up to now."""
        numbers = self._sources.frontend(name)
        past = self._past(f"frontend {name}")
        past.look(numbers.sessions, 0, numbers.total, self._clock.seconds())
        return past

    def server(self, server: pool.Server) -> Past:
        """What has been of a server, up to now."""
        numbers = self._sources.server(server)
        past = self._past(f"server {server.full_name}")
        past.look(numbers.sessions, server.queued, numbers.total, self._clock.seconds())
        return past

    def backend(self, backend: pool.Backend) -> Past:
        """What has been of a back end, up to now."""
        numbers = [self._sources.server(server) for server in backend.servers.values()]
        past = self._past(f"backend {backend.name}")
        sessions, total = sum(one.sessions for one in numbers), sum(one.total for one in numbers)
        past.look(sessions, self._sources.backend(backend.name).queued, total, self._clock.seconds())
        return past

    def sample(self) -> None:
        """Look at everything; once a second."""
        for name in self._things.frontends:
            self.frontend(name)
        for backend in self._things.backends.values():
            self.backend(backend)
            for server in backend.servers.values():
                self.server(server)

    def zero(self, name: str) -> Mapping[str, int]:
        """What its counters had when they were cleared."""
        return self._zeros.get(name, {})

    def clear(self) -> None:
        """Forget the peaks."""
        for past in self._pasts.values():
            past.sessions = past.queued = 0

    def clear_counters(self, counters: Mapping[str, Mapping[str, int]]) -> None:
        """Count from these on, which are those of things by name; other ways in go on counting from the start."""
        self.clear()
        self._zeros = dict(counters)

    def _past(self, name: str) -> Past:
        past = self._pasts.get(name)
        if past is None:
            past = self._pasts[name] = Past(self._clock.seconds())
        return past

    def _note(self, transition: pool.Transition) -> None:
        name, _, word = transition.server.partition("/")
        backend = self._things.backends.get(name)
        server = None if backend is None else backend.servers.get(word)
        if backend is None or server is None:
            return
        self._past(f"server {server.full_name}").turn(status.stopped(server), transition.at)
        past, down = self._past(f"backend {backend.name}"), not backend.usable
        if down != (past.down_since is not None):
            past.turn(down, transition.at)
