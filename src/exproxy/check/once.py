"""One check now, for people: the name is looked up, the check runs once, and its dialogue is kept."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution
from twisted.internet.interfaces import IResolutionReceiver as Receiver
from zope.interface import implementer

from exproxy.check.plan import CheckPlan, PortPlan
from exproxy.check.port import question
from exproxy.check.report import Report, Transcript
from exproxy.check.runner import CheckRun, Job
from exproxy.check.service import utc_now
from exproxy.check.task import job_of
from exproxy.net import network_for
from exproxy.net.certificate import is_address
from exproxy.net.interfaces import Network
from exproxy.net.resolver import preferred
from exproxy.net.tlscontext import Contexts, TLSSettingsError


class CheckNowError(Exception):
    """The check cannot even begin: a name has no address, a file cannot be used; the text says which."""


async def check_now(
    reactor: Any,
    plan: CheckPlan,
    port: int,
    transcript: Transcript,
    network: Network | None = None,
    contexts: Contexts | None = None,
) -> Report:
    """Run ``plan`` once against ``plan.host``, a name or an IP address.

    :param reactor: the live reactor.
    :param transcript: what is said is written there.
    :param network: makes the streams; the reactor's own, if nothing else is said.
    :param contexts: of TLS, where several checks share them.
    :raises CheckNowError: the name has no address, the file of certificate authorities cannot be used, or STARTTLS is asked of a
        type of check that does not know it.
    """
    if plan.security is not None and not plan.security.implicit and not plan.checker.starttls:
        raise CheckNowError(f"checks of the type {plan.checker.name} know no STARTTLS: their tls can only be implicit")
    try:
        context = None if plan.security is None else (contexts or Contexts()).get(plan.security.settings)
    except TLSSettingsError as error:
        raise CheckNowError(str(error)) from error
    address = await resolve(reactor, plan.host, plan.timeout)
    job = job_of(plan, plan.host, address, port, context, utc_now, transcript)
    return await _run(reactor, job, network)


async def ask_port_now(reactor: Any, plan: PortPlan, transcript: Transcript, network: Network | None = None) -> Report:
    """Ask the endpoint mapper of ``plan.host``, a name or an IP address, once; ``outcome.port`` is what it tells.

    The other parameters are those of :func:`check_now`.

    :raises CheckNowError: the name has no address.
    """
    address = await resolve(reactor, plan.host, plan.timeout)
    return await _run(reactor, question(plan, address, utc_now, transcript), network)


async def _run(reactor: Any, job: Job, network: Network | None) -> Report:
    done: Deferred[Report] = Deferred()
    gone: Deferred[None] = Deferred()
    CheckRun(reactor, network or network_for(reactor), job, done.callback, lambda: gone.callback(None)).start()
    report = await done
    await gone  # a program that ended before would take the goodbye with it
    return report


async def resolve(reactor: Any, host: str, timeout: float) -> str:
    """An address of ``host``, IPv4 before IPv6; an address is its own.

    :param timeout: seconds that the answer may take.
    :raises CheckNowError: there is none.
    """
    if is_address(host):
        return host
    answer = _Answer()
    resolver: IHostnameResolver = reactor.nameResolver
    resolver.resolveHostName(answer, host)
    try:
        addresses = await answer.complete.addTimeout(timeout, reactor)
    except DeferredTimeout:
        raise CheckNowError(f"no name server has told the address of {host} within {timeout:g} s") from None
    found = preferred(addresses, None)
    if found is None:
        raise CheckNowError(f"{host} has no address, or no name server answers")
    return found


@implementer(Receiver)
class _Answer:
    """What the resolver says."""

    def __init__(self) -> None:
        self.complete: Deferred[list[str]] = Deferred()
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing to keep: Twisted's resolver cannot be cancelled."""

    def addressResolved(self, address: IAddress) -> None:
        host = getattr(address, "host", "")
        if is_address(host):
            self._addresses.append(host)

    def resolutionComplete(self) -> None:
        if not self.complete.called:
            self.complete.callback(self._addresses)
