"""The port of a server that its endpoint mapper tells, asked again and again, and at once when it is in doubt.

A port holds until the mapper tells another one, or tells ``fall`` times in a row that there is none.  A mapper that does not
answer takes nothing away: whether the service is well is for the server's checks to say.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exproxy.check.plan import CheckPlan, PortPlan
from exproxy.check.repeater import Repeater
from exproxy.check.report import Kept, Report, Transcript
from exproxy.check.runner import CheckRun, Job
from exproxy.net.interfaces import Network
from exproxy.pool import Server, Transition
from exproxy.wire.dialogue.mapped import RpcOutcome
from exproxy.wire.dialogue.mapping import PortAnswer
from exproxy.wire.dialogue.port import PortQuestion

AT_MOST = 1.0
"""Seconds from one question to the next, however many sessions cannot connect."""
ASK_AGAIN = 0.25
"""Seconds after which it is looked again whether the server's name has been resolved."""
OVERHEARD = 1.5
"""Intervals for which a check that asks the same mapper spares a question."""

_log = Logger()


class PortTask:
    """Asks the endpoint mapper of ``server`` for its port.

    :param today: the time of day, with its time zone.
    :param observed: called after each answer with the transition that it made, if any.
    """

    def __init__(
        self,
        clock: IReactorTime,
        network: Network,
        rng: Random,
        server: Server,
        plan: PortPlan,
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
        self._asked: str | None = None
        """The address of the question that is under way, or was the last."""
        self._silent = False
        self._without = 0
        """Answers in a row without a port."""

    def start(self, phase: float) -> None:
        """:param phase: 0 to 1: see :meth:`exproxy.check.repeater.Repeater.start`."""
        self._server.when_in_doubt(self.ask)
        self._repeater.start(phase)

    def stop(self) -> None:
        """End the question that is under way, and ask no more."""
        self._server.when_in_doubt(None)
        self._repeater.stop()
        self._cancel()

    def ask(self) -> None:
        """A session or a check could not connect, or the server has moved: ask at once, but a mapper once a second at most."""
        moved = self._server.address != self._asked
        if moved and self._repeater.under_way:
            self._cancel()  # what another machine says is nothing to this one
            self._repeater.again(0.0)
        else:
            self._repeater.hasten(0.0 if moved else AT_MOST)

    def overhear(self, check: CheckPlan, report: Report) -> None:
        """A check of the server has ended: if it asked the same mapper for the same interface, that was the question."""
        if check.place is None and check.port == self.plan.mapper:
            answer = _answer(report, self.plan)
            if answer is not None:
                self._repeater.put_off(OVERHEARD * self.plan.interval)
                self._judge(answer)

    def _begin(self) -> None:
        self._cancel()
        address = self._asked = self._server.address
        if address is None:
            self._repeater.again(ASK_AGAIN)
            return
        job = question(self.plan, address, self._today, Kept())
        self._run = CheckRun(self._clock, self._network, job, self._done)
        self._run.start()

    def _done(self, report: Report) -> None:
        if self._repeater.stopped:
            return
        self.last = report
        self._repeater.finished()
        answer = _answer(report, self.plan)
        if answer is None:
            self._tell_silence(report.said)
            self._server.mapping_failed(report.said, self._clock.seconds())
        else:
            self._judge(answer)

    def _judge(self, answer: PortAnswer) -> None:
        if self._silent:
            self._silent = False
            _log.info("{server}: its endpoint mapper answers again", server=self._server.full_name)
        if answer.port is not None:
            self._without = 0
            self._found(answer.port)
            return
        self._without += 1
        if self._server.port is None or self._without >= self.plan.fall:
            self._lost(answer.text)

    def _found(self, port: int) -> None:
        before = self._server.port
        if port != before:
            now = f"{port} now (was {before})" if before else str(port)
            _log.info("{server}: {interface} is at port {now}, as its endpoint mapper says", now=now, **self._who())
        self._observed(self._server, self._server.mapped(port, self._clock.seconds()))

    def _lost(self, why: str) -> None:
        before = self._server.port
        if before is not None:
            words = "{server}: {interface} is at no port any more (was {before}): {why}"
            _log.warn(words, before=before, why=why, **self._who())
        self._observed(self._server, self._server.unmapped(why, self._clock.seconds()))

    def _tell_silence(self, why: str) -> None:
        if not self._silent:
            self._silent = True
            port = self._server.port
            kept = "no port is known, so it gets nobody" if port is None else f"port {port} is kept"
            words = "{server}: its endpoint mapper cannot be asked for {interface} ({why}); {kept}"
            _log.warn(words, why=why, kept=kept, **self._who())

    def _who(self) -> dict[str, str]:
        return {"server": self._server.full_name, "interface": self.plan.interface.name}

    def _cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()
            self._run = None


def question(plan: PortPlan, address: str, today: Callable[[], datetime], transcript: Transcript) -> Job:
    """One question to the mapper at ``address``."""
    return Job(
        checker="port",
        dialogue=lambda: PortQuestion(plan.interface, reached=plan.mapper),
        address=(address, plan.mapper),
        timeout=plan.timeout,
        today=today,
        source=plan.source,
        transcript=transcript,
    )


def _answer(report: Report, plan: PortPlan) -> PortAnswer | None:
    outcome = report.outcome
    return outcome.answer_for(plan.interface) if isinstance(outcome, RpcOutcome) else None
