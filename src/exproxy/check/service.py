"""Checks all servers, each check at its own times, and tells what they find to the servers' health."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Literal

import attrs
from twisted.internet.interfaces import IReactorTime

from exproxy.check.agent import AgentTask
from exproxy.check.plan import AgentPlan, CheckPlan, PortPlan
from exproxy.check.port import PortTask
from exproxy.check.report import Report
from exproxy.check.task import CheckTask
from exproxy.net.interfaces import Network
from exproxy.net.tlscontext import Contexts
from exproxy.pool import Server, Transition


def _nobody(server: Server, transition: Transition) -> None:
    pass


def utc_now() -> datetime:
    """The time of day, with its time zone."""
    return datetime.now(UTC)


@attrs.frozen
class Run:
    """How something ended that is asked of a server again and again.

    :param kind: of a check with the name ``name``, of its agent, or of its endpoint mapper.
    """

    kind: Literal["check", "agent", "port"]
    name: str
    report: Report


@attrs.frozen
class _Watched:
    checks: tuple[CheckTask, ...]
    agent: AgentTask | None
    finder: PortTask | None

    @property
    def tasks(self) -> "Sequence[CheckTask | AgentTask | PortTask]":
        """The port comes first: checks go there."""
        return [task for task in (self.finder, *self.checks, self.agent) if task is not None]


class CheckService:
    """Servers may be added before :meth:`start` and after it; first checks are spread over a second, later ones over their
    intervals.

    :param rng: for moments.
    :param on_transition: called with each operational transition that a check or an agent made; the server's back end has
        told its own listeners by then.
    :param today: the time of day, with its time zone, for certificates.
    """

    def __init__(
        self,
        clock: IReactorTime,
        network: Network,
        rng: Random,
        on_transition: Callable[[Server, Transition], None] = _nobody,
        today: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._network = network
        self._rng = rng
        self._on_transition = on_transition
        self._contexts = Contexts()
        self._today = today
        self._watched: dict[Server, _Watched] = {}
        self._running = False

    def add(
        self, server: Server, checks: Sequence[CheckPlan], agent: AgentPlan | None = None, port: PortPlan | None = None
    ) -> None:
        """Check ``server``; its address may be ``None`` yet, and may change; likewise its port, with a plan for it.

        :raises ValueError: the server is there already, or its health knows no check of a plan's name.
        """
        unknown = [plan.name for plan in checks if plan.name not in server.health.checks]
        if server in self._watched or unknown:
            raise ValueError(f"{server.full_name}: " + (f"no such check: {', '.join(unknown)}" if unknown else "added twice"))
        common = (self._clock, self._network, self._rng, server)
        told = self._today, self._observed
        finder = None if port is None else PortTask(*common, port, *told)
        tasks = tuple(CheckTask(*common, plan, self._contexts, *told, finder) for plan in checks)
        asked = None if agent is None else AgentTask(*common, agent, *told)
        watched = self._watched[server] = _Watched(tasks, asked, finder)
        if self._running:
            for task in watched.tasks:
                task.start(self._rng.random())

    def remove(self, server: Server) -> None:
        """Check it no more; what is under way is ended.  A server that is not there is none to remove."""
        watched = self._watched.pop(server, None)
        if watched is not None:
            for task in watched.tasks:
                task.stop()

    def start(self) -> None:
        """Begin."""
        self._running = True
        tasks = [task for watched in self._watched.values() for task in watched.tasks]
        for position, task in enumerate(tasks):
            task.start(position / len(tasks))

    def stop(self) -> None:
        """End everything; no server is checked any more."""
        self._running = False
        for server in tuple(self._watched):
            self.remove(server)

    def reports(self, server: Server) -> Mapping[str, Report]:
        """How the last run of each check of ``server`` ended, by the check's name; those that have not ended yet are missing."""
        watched = self._watched.get(server)
        if watched is None:
            return {}
        return {task.plan.name: task.last for task in watched.checks if task.last is not None}

    def runs(self, server: Server) -> Sequence[Run]:
        """The last ones of all that ``server`` is asked, its port first."""
        watched = self._watched.get(server)
        if watched is None:
            return []
        finder, agent = watched.finder, watched.agent
        runs = [] if finder is None or finder.last is None else [Run("port", finder.plan.interface.name, finder.last)]
        runs += [Run("check", task.plan.name, task.last) for task in watched.checks if task.last is not None]
        return runs if agent is None or agent.last is None else [*runs, Run("agent", "agent", agent.last)]

    def _observed(self, server: Server, transition: Transition | None) -> None:
        if transition is not None:
            self._on_transition(server, transition)
