"""``[service] state``: what the last process has left, and what this one leaves."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from exproxy.config import model
from exproxy.pool.kept import Configured, Place, restore
from exproxy.process import statefile
from exproxy.process.statefile import Remembered, State, StateFileError
from exproxy.site.pools import Pools, is_literal
from exproxy.site.statewriter import Aim, InThread, StateWriter

_log = Logger()


class Keeping:
    """Reads at once what there is, and changes no file before :meth:`start`.

    :param path: ``None``: nothing outlives the process.
    :param secret: of the process, if the last one has left none.
    :param wall: seconds since the epoch.
    :param in_thread: calls something that takes as long as a disk does; by default in one of the reactor's threads.
    """

    def __init__(
        self, reactor: Any, path: Path | None, secret: bytes, wall: Callable[[], float], in_thread: InThread | None = None
    ) -> None:
        self._reactor = reactor
        self._path = path
        self._wall = wall
        self._in_thread = in_thread or partial(_in_thread_of, reactor)
        self._bad = ""
        self._past: State | None = None
        self._left: list[str] = []
        self._aim: Aim | None = None
        self._writer: StateWriter | None = None
        if path is not None:
            try:
                self._past = statefile.read(path)
            except StateFileError as error:
                self._bad = str(error)
        self.secret = secret if self._past is None else self._past.secret
        """The process's: as long as there is the file, what was made with it is good."""

    def restore(self, configuration: model.Configuration, pools: Pools) -> None:
        """Make the pools what they were, before anybody is let in."""
        self.follow(configuration, pools)
        past, self._past = self._past, None
        if past is None:
            return
        now, age = self._reactor.seconds(), max(0.0, self._wall() - past.written)
        backends = {name: backend.pool for name, backend in pools.backends.items()}
        self._left = restore(past.kept, pools.hosts, backends, _configured(configuration), age, now)
        for name, table in past.tables.items():
            self._recall(name, table, pools, age, now)

    def follow(self, configuration: model.Configuration, pools: Pools) -> None:
        """Keep what is so in ``pools`` from now on, in the file that is named there."""
        path = configuration.service.state
        self._aim = None if path is None else Aim(path, pools, _configured(configuration))
        if self._writer is not None and self._aim is not None:
            self._writer.aim = self._aim

    def start(self) -> None:
        """Tell what was found, and keep from now on."""
        if self._bad and self._path is not None:
            _log.error(
                "service.state: {path} is ignored: {why}; {kept}", path=str(self._path), why=self._bad, kept=_aside(self._path)
            )
        for what in self._left:
            _log.warn("service.state: not taken over: {what}", what=what)
        if self._aim is not None:
            self._writer = StateWriter(self._reactor, self._aim, self.secret, self._wall, self._in_thread)
            self._writer.start()

    def stop(self) -> "Deferred[None]":
        """Write all of it; fires when that is done.  From then on the file is the next process's."""
        return succeed(None) if self._writer is None else self._writer.stop()

    def _recall(self, name: str, past: Remembered, pools: Pools, age: float, now: float) -> None:
        group = pools.groups.get(name)
        if group is None or group.table.kind != past.kind:
            if past.entries:
                self._left.append(f"{len(past.entries)} entries of table {name} ({past.kind}), which is not configured any more")
            return
        lasting = group.table.expire_after - age
        group.table.recall((key, host, now - age - idle) for key, host, idle in past.entries if idle < lasting)


def _configured(configuration: model.Configuration) -> dict[str, Configured]:
    return {
        f"{backend.name}/{server.name}": Configured(server.weight, _where(server), server.maxconn, _place(server))
        for backend in configuration.backends.values()
        for server in backend.servers
    }


def _place(server: model.Server) -> Place | None:
    return Place(server.address, server.port) if is_literal(server.address) and server.mapping is None else None


def _where(server: model.Server) -> str:
    """What its checks look at."""
    checks = (f"{check.name}={check.type}@{check.address or ''}:{check.port or ''}" for check in server.checks)
    return " ".join((f"{server.address}:{server.port or ''}", *checks))


def _aside(path: Path) -> str:
    try:
        return f"it is kept as {statefile.put_aside(path)}"
    except OSError as error:
        return f"and it cannot be put aside: {error.strerror}"


def _in_thread_of(reactor: Any, call: Callable[[], None]) -> "Deferred[None]":
    return deferToThreadPool(reactor, reactor.getThreadPool(), call)
