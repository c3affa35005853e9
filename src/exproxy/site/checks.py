"""The checks that a configuration asks for, as the check service wants them."""

from collections.abc import Mapping

import attrs

from exproxy.check.interfaces import IChecker
from exproxy.check.plan import AgentPlan, CheckPlan, Place, PortPlan, Security
from exproxy.check.survey import PortSubject, Subject
from exproxy.config import model
from exproxy.net.tlscontext import TLSContextSettings
from exproxy.site.pools import is_literal
from exproxy.site.tls import TLSContexts


class Plans:
    """:param checkers: the types of checks, by name.

    :param tls: has the certificates that clients see.

    ``named`` are the addresses of checks that DNS has to find, with the name and the seconds between two look-ups.
    """

    def __init__(self, checkers: Mapping[str, IChecker], tls: TLSContexts) -> None:
        self._checkers = checkers
        self._tls = tls
        self.named: list[tuple[Place, str, float]] = []

    def of(self, server: model.Server, source: str | None) -> list[CheckPlan]:
        """The checks of one server.

        :param source: the address that its back end connects from.
        """
        return [self._plan(server, check, source) for check in server.checks]

    def agent_of(self, server: model.Server, source: str | None) -> AgentPlan | None:
        """The agent of one server, if it has one."""
        agent = server.agent
        return None if agent is None else AgentPlan(port=agent.port, send=agent.send, interval=agent.interval, source=source)

    def port_of(self, server: model.Server, source: str | None) -> PortPlan | None:
        """How the port of one server is found, if its endpoint mapper tells it."""
        mapping = server.mapping
        if mapping is None:
            return None
        return PortPlan(
            host=server.address,
            interface=mapping.interface,
            mapper=mapping.mapper,
            interval=mapping.interval,
            timeout=mapping.timeout,
            fall=mapping.fall,
            source=source,
        )

    def _plan(self, server: model.Server, check: model.Check, source: str | None) -> CheckPlan:
        timing = check.timing
        return CheckPlan(
            name=check.name,
            host=check.address or server.address,
            checker=self._checkers[check.type],
            options=check.options,
            interval=timing.interval,
            fast_interval=timing.fast_interval,
            down_interval=timing.down_interval,
            timeout=timing.timeout,
            port=check.port,
            place=None if check.address is None else self._place(check.address, server.resolve),
            security=None if check.tls is None else self._security(check.tls),
            send_proxy=check.send_proxy,
            source=source,
        )

    def _security(self, tls: model.CheckTLS) -> Security:
        # What "same" means is more than OpenSSL can be told: it looks, and the check decides.
        settings = TLSContextSettings(verify=tls.verify is True, ca=tls.ca, name=tls.name, legacy=tls.legacy, pins=tls.pin)
        return Security(
            settings=settings,
            implicit=tls.mode == "implicit",
            warn_days=tls.warn_days,
            shown=self._tls.shown(tls.fronts) if tls.fronts else None,
            same=tls.verify == "same",
            bound=tls.bound,
        )

    def _place(self, address: str, resolve: float) -> Place:
        if is_literal(address):
            return Place(address)
        place = Place(None)
        self.named.append((place, address, resolve))
        return place


def subjects(
    configuration: model.Configuration, checkers: Mapping[str, IChecker], tls: TLSContexts
) -> list[Subject | PortSubject]:
    """Every check of every server, for a look at all of them before anything runs."""
    plans = Plans(checkers, tls)
    found: list[Subject | PortSubject] = []
    for backend in configuration.backends.values():
        for server in backend.servers:
            name, port = f"{backend.name}/{server.name}", plans.port_of(server, backend.source)
            for check, plan in zip(server.checks, plans.of(server, backend.source), strict=True):
                found.append(Subject(name, plan, plan.port or port or server.port or 0, check.required))
            if port is not None and not server.checks:
                found.append(PortSubject(name, port))
            if backend.extended_protection and not any(check.tls and check.tls.fronts for check in server.checks):
                found += _certificates(plans, name, server, backend, checkers)
    return found


def _certificates(
    plans: Plans, name: str, server: model.Server, backend: model.Backend, checkers: Mapping[str, IChecker]
) -> list[Subject | PortSubject]:
    """A look at a certificate that no check sees and that has to be ours."""
    tls = server.tls
    if tls is None or tls.mode != "implicit" or not tls.fronts or server.port is None:
        return []
    seen = model.CheckTLS(tls.mode, tls.verify, tls.ca, tls.name, legacy=tls.profile == "legacy", fronts=tls.fronts, bound=True)
    check = model.Check("certificate", "tls", checkers["tls"].options(), model.CheckTiming(), tls=seen)
    (plan,) = plans.of(attrs.evolve(server, checks=(check,)), backend.source)
    return [Subject(name, plan, server.port)]
