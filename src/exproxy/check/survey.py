"""Every check of a site once, now: what an administrator asks before anything is started."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredSemaphore, ensureDeferred

from exproxy.check.once import CheckNowError, ask_port_now, check_now
from exproxy.check.plan import CheckPlan, PortPlan
from exproxy.check.report import Report, Unwritten
from exproxy.net import network_for
from exproxy.net.interfaces import Network
from exproxy.net.tlscontext import Contexts

AT_ONCE = 16
"""Checks that run side by side: a large site takes seconds, and no server sees a crowd."""


@attrs.frozen
class Subject:
    """One check of one server.

    :param server: ``backend/server``.
    :param port: where the check goes; or how that is found out.
    :param required: whether the server gets nobody while this check fails.
    """

    server: str
    plan: CheckPlan
    port: int | PortPlan
    required: bool = True

    @property
    def name(self) -> str:
        return self.plan.name


@attrs.frozen
class PortSubject:
    """The port of a server that has no check: a mapper that tells none leaves it without clients."""

    server: str
    port: PortPlan
    required: bool = True

    @property
    def name(self) -> str:
        return "port"


@attrs.frozen
class Finding:
    """What came out.

    :param words: the status, the time and what was said; or why the check could not even begin.
    :param warnings: what is not wrong yet: sentence parts.
    """

    subject: Subject | PortSubject
    passed: bool
    words: str
    warnings: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """The server would get clients, as far as this check is concerned."""
        return self.passed or not self.subject.required

    @property
    def line(self) -> str:
        """ "hub/ex1 smtp: L7OKD in 12 ms: SMTP said 220 ready"."""
        aside = "" if self.passed or self.subject.required else " (not required: only a warning)"
        return f"{self.subject.server} {self.subject.name}: {self.words}{aside}"


async def survey(
    reactor: Any, subjects: Sequence[Subject | PortSubject], tell: Callable[[Finding], None], network: Network | None = None
) -> list[Finding]:
    """Run every check once, ``AT_ONCE`` at a time, each within its own timeout.

    :param reactor: the live reactor.
    :param tell: called with each finding in the order of ``subjects``, as soon as those before it are there.
    :param network: makes the streams; the reactor's own, if nothing else is said.
    """
    slots = DeferredSemaphore(AT_ONCE)
    streams = network or network_for(reactor)
    contexts = Contexts()
    running = [slots.run(_begin, reactor, subject, streams, contexts) for subject in subjects]
    findings = []
    for one in running:
        finding = await one
        tell(finding)
        findings.append(finding)
    return findings


def _begin(reactor: Any, subject: Subject | PortSubject, network: Network, contexts: Contexts) -> "Deferred[Finding]":
    return ensureDeferred(_look(reactor, subject, network, contexts))


async def _look(reactor: Any, subject: Subject | PortSubject, network: Network, contexts: Contexts) -> Finding:
    where = ""
    try:
        if isinstance(subject.port, PortPlan):
            report = await ask_port_now(reactor, subject.port, Unwritten(), network)
            if isinstance(subject, PortSubject) or report.outcome.port is None:
                return Finding(subject, report.passed, _words(report), report.outcome.warnings)
            port, where = report.outcome.port, f"; {report.outcome.text}"
        else:
            port = subject.port
        report = await check_now(reactor, subject.plan, port, Unwritten(), network, contexts)
    except CheckNowError as error:
        return Finding(subject, False, f"could not begin: {error}")
    return _compared(subject, report, f"{_words(report)}{where}")


def _compared(subject: Subject | PortSubject, report: Report, words: str) -> Finding:
    """A server that would be up, and whose clients could not log in, is not fine before anything runs."""
    warnings = report.outcome.warnings
    security = subject.plan.security if isinstance(subject, Subject) else None
    if security is None or report.certificate is None or not report.passed:
        return Finding(subject, report.passed, words, warnings)
    difference = security.difference(report.certificate)
    if difference and security.bound:
        others = tuple(warning for warning in warnings if warning != difference)
        return Finding(subject, False, f"{words}; but {difference}", others)
    if difference and security.bound is None:
        warnings = (*warnings, difference)
    return Finding(subject, report.passed, words, warnings)


def _words(report: Report) -> str:
    outcome = report.outcome
    return f"{outcome.status.value} in {report.duration * 1000:.0f} ms: {report.said}"
