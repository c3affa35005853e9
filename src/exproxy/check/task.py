"""One check of one server, again and again."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from OpenSSL import SSL
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exproxy.check.plan import CheckPlan
from exproxy.check.port import ASK_AGAIN, PortTask
from exproxy.check.repeater import Repeater
from exproxy.check.report import Kept, Report, Transcript
from exproxy.check.runner import CheckRun, ClientTLS, Job, no_words
from exproxy.net.certificate import is_address
from exproxy.net.interfaces import Network
from exproxy.net.tlscontext import Contexts, TLSSettingsError
from exproxy.pool import Operational, Server, Transition
from exproxy.wire.dialogue.base import Outcome, Status

_log = Logger()


class CheckTask:
    """Runs ``plan`` against ``server`` and tells the server's health.

    :param contexts: shared by all checks.
    :param today: the time of day, with its time zone.
    :param observed: called after each run with the transition that it made, if any.
    :param finder: finds the server's port, if that is not known beforehand.
    """

    def __init__(
        self,
        clock: IReactorTime,
        network: Network,
        rng: Random,
        server: Server,
        plan: CheckPlan,
        contexts: Contexts,
        today: Callable[[], datetime],
        observed: Callable[[Server, Transition | None], None],
        finder: PortTask | None = None,
    ) -> None:
        self.plan = plan
        self.last: Report | None = None
        """How the last run ended."""
        self._clock = clock
        self._network = network
        self._server = server
        self._contexts = contexts
        self._today = today
        self._observed = observed
        self._finder = finder
        self._repeater = Repeater(clock, rng, self._begin, self._interval)
        self._run: CheckRun | None = None
        self._asked: str | None = None
        """The address of the run that is under way; likewise the port."""
        self._asked_port: int | None = None
        self._lost_since: float | None = None
        self._fault = ""

    def start(self, phase: float) -> None:
        """:param phase: 0 to 1: see :meth:`exproxy.check.repeater.Repeater.start`."""
        self._repeater.start(phase)

    def stop(self) -> None:
        """End the run that is under way, and begin none."""
        self._repeater.stop()
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def _interval(self) -> float:
        state = self._server.health.checks[self.plan.name]
        if state.in_transition:
            return self.plan.fast_interval
        return self.plan.down_interval if state.verdict is Operational.DOWN else self.plan.interval

    def _address(self) -> str | None:
        return self._server.address if self.plan.place is None else self.plan.place.address

    def _port(self) -> int | None:
        return self.plan.port or self._server.port

    def _begin(self) -> None:
        if self._run is not None:
            self._run.cancel()  # it has been done for long; at most its goodbye is still under way
            self._run = None
        address = self._asked = self._address()
        port = self._asked_port = self._port()
        if address is None:
            self._begin_without(f"the name {self.plan.host} is not resolved yet")
            return
        if port is None and self._finder is not None:
            why = self._server.port_error or "its endpoint mapper has not answered yet"
            self._begin_without(f"the server has no port to go to: {why}")
            return
        self._lost_since = None
        if not is_address(address):
            self._done(self._at_once(Status.L4CON, f"{address!r} is no IP address, and the check knows no other"))
            return
        if port is None:
            self._done(self._at_once(Status.L4CON, "the check has no port to go to: give it one"))
            return
        security = self.plan.security
        if security is not None and not security.implicit and not self.plan.checker.starttls:
            kind = self.plan.checker.name
            self._done(self._at_once(Status.L6RSP, f"checks of the type {kind} know no STARTTLS: their tls can only be implicit"))
            return
        try:
            job = self._job(address, port)
        except TLSSettingsError as error:
            self._done(self._at_once(Status.L6RSP, str(error)))
            return
        self._run = CheckRun(self._clock, self._network, job, self._done)
        self._run.start()

    def _begin_without(self, missing: str) -> None:
        """DNS and endpoint mappers are given as long as a server would be: at the start, they answer a little after the first
        check is due."""
        now = self._clock.seconds()
        if self._lost_since is None:
            self._lost_since = now
        if now - self._lost_since < self.plan.timeout:
            self._repeater.again(ASK_AGAIN)
        else:
            self._done(self._at_once(Status.L4CON, missing))

    def _job(self, address: str, port: int) -> Job:
        security = self.plan.security
        context = None if security is None else self._contexts.get(security.settings)
        return job_of(self.plan, self._server.full_name, address, port, context, self._today, Kept())

    def _at_once(self, status: Status, text: str) -> Report:
        """A run that could not even begin."""
        return Report(Outcome(status, text), 0.0, at=self._clock.seconds())

    def _done(self, report: Report) -> None:
        if self._repeater.stopped:
            return
        if self._address() not in (None, self._asked):
            self._repeater.again(0.0)  # the server has moved meanwhile: what was found there says nothing of it
            return
        if self._port() not in (None, self._asked_port):
            self._repeater.again(0.0)  # likewise
            return
        if self._finder is not None:
            self._finder.overhear(self.plan, report)
            if not report.passed and self.plan.port is None:
                self._finder.ask()
        self.last = report
        if report.fault and report.fault != self._fault:
            name = f"{self._server.full_name}, check {self.plan.name}"
            _log.error("{check}: {text}", check=name, text=report.outcome.text)
        self._fault = report.fault
        transition = self._server.observe(self.plan.name, report.result(), self._clock.seconds())
        self._repeater.finished()
        self._observed(self._server, transition)


def job_of(
    plan: CheckPlan,
    name: str,
    address: str,
    port: int,
    context: SSL.Context | None,
    today: Callable[[], datetime],
    transcript: Transcript,
) -> Job:
    """One run of ``plan``.

    :param name: ``backend/server``.
    :param context: of ``plan.security``, if there is one.
    """
    security = plan.security
    tls = None
    if security is not None and context is not None:
        tls = ClientTLS(
            context=context,
            name=security.name(plan.host),
            verify=security.settings.verify,
            implicit=security.implicit,
            warn_days=security.warn_days,
            pins=security.settings.pins,
            fault=security.fault,
            warn=security.difference if security.bound else no_words,
        )
    target = plan.target(name, address, port)
    return Job(
        checker=plan.checker.name,
        dialogue=lambda: plan.checker.dialogue(plan.options, target),
        address=(address, port),
        timeout=plan.timeout,
        today=today,
        tls=tls,
        send_proxy=plan.send_proxy,
        source=plan.source,
        transcript=transcript,
    )
