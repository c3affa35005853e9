"""HAProxy's agent-check: a server's own agent tells weight, maxconn and state on a port of its own.

An agent that cannot be reached or understood changes nothing, as in HAProxy: its last word holds, and the log tells once.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exproxy.check.plan import AgentPlan
from exproxy.check.repeater import Repeater
from exproxy.check.report import Kept, Report
from exproxy.check.runner import CheckRun, Job
from exproxy.net.interfaces import Network
from exproxy.pool import Admin, AgentAnswer, Server, Transition
from exproxy.wire.agent import AgentAnswer as Said
from exproxy.wire.dialogue.agent import AgentCheck, AgentOutcome

_log = Logger()


class AgentTask:
    """Asks the agent of ``server`` again and again.

    :param today: the time of day, with its time zone.
    :param observed: called after each answer with the transition that it made, if any.
    """

    def __init__(
        self,
        clock: IReactorTime,
        network: Network,
        rng: Random,
        server: Server,
        plan: AgentPlan,
        today: Callable[[], datetime],
        observed: Callable[[Server, Transition | None], None],
    ) -> None:
        self.plan = plan
        self.last: Report | None = None
        """How the last question ended."""
        self._clock = clock
        self._network = network
        self._server = server
        self._today = today
        self._observed = observed
        self._repeater = Repeater(clock, rng, self._begin, lambda: plan.interval)
        self._run: CheckRun | None = None
        self._silent = False

    def start(self, phase: float) -> None:
        """:param phase: 0 to 1: see :meth:`exproxy.check.repeater.Repeater.start`."""
        self._repeater.start(phase)

    def stop(self) -> None:
        """End the question that is under way, and ask no more."""
        self._repeater.stop()
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def _begin(self) -> None:
        if self._run is not None:
            self._run.cancel()
            self._run = None
        if self._server.address is None:
            self._repeater.finished()
            return
        job = Job(
            checker="agent",
            dialogue=lambda: AgentCheck(self.plan.send),
            address=(self._server.address, self.plan.port),
            timeout=self.plan.timeout,
            today=self._today,
            source=self.plan.source,
            transcript=Kept(),
        )
        self._run = CheckRun(self._clock, self._network, job, self._done)
        self._run.start()

    def _done(self, report: Report) -> None:
        if self._repeater.stopped:
            return
        self.last = report
        self._repeater.finished()
        outcome = report.outcome
        said = outcome.answer if isinstance(outcome, AgentOutcome) else None
        self._tell_silence(said is None, report.said)
        if said is not None:
            transition = self._server.agent(answer_of(said, outcome.line), self._clock.seconds())
            self._observed(self._server, transition)

    def _tell_silence(self, silent: bool, why: str) -> None:
        if silent and not self._silent:
            words = "{server}: its agent on port {port} has not answered ({why}); what it said last holds"
            _log.warn(words, server=self._server.full_name, port=self.plan.port, why=why)
        elif self._silent and not silent:
            _log.info("{server}: its agent answers again", server=self._server.full_name)
        self._silent = silent


def answer_of(said: Said, line: str) -> AgentAnswer:
    """What an agent said, in the pool's terms.

    :param line: its words, for people.
    """
    return AgentAnswer(
        # HAProxy takes more than 100 % too; the pool's measure is the configured weight, which is the most.
        weight=None if said.weight_percent is None else min(100, said.weight_percent),
        # A server cannot be asked for no session at all by its limit: drain says that.
        maxconn=said.maxconn or None,
        up=None if said.operational is None else said.operational == "up",
        admin=None if said.administrative is None else Admin(said.administrative),
        text=line,
    )
