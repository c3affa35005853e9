"""Who is let in, and how much one source may have: what a configuration says of it, as the objects that see to it.

Each front end has its own counts.  With several workers these are told to one another under the names that are made here.
"""

import attrs

from exproxy.config import model
from exproxy.pool.key import SourceKeys
from exproxy.pool.logins import Logins
from exproxy.pool.presence import Presence
from exproxy.pool.rates import Rates
from exproxy.pool.together import Shared
from exproxy.proxy.admission import Admission, Gatekeeping
from exproxy.proxy.mail.conduct import Limits
from exproxy.proxy.networks import Networks
from exproxy.proxy.web.guard import AccessRule, Action, Guard, Tarpit

TARPIT_PART = 10
"""One session in so many of the process may be held in a front end's tarpit."""


@attrs.frozen
class Together:
    """What is counted in all workers.

    :param events: what has happened  :param presence: what is there now, and is taken back when a worker ends.
    """

    events: dict[str, Shared] = attrs.field(factory=dict)
    presence: dict[str, Shared] = attrs.field(factory=dict)

    def add(self, name: str, admission: Admission | None, guard: Guard | None, conduct: Limits | None = None) -> None:
        """Those of the front end ``name``."""
        for one in (admission, guard, conduct):
            if one is not None:
                self.events.update({f"{name} {what}": shared for what, shared in one.shared().items()})
        if admission is not None and admission.present is not None:
            self.presence[f"{name} conn_cur"] = admission.present


def admission(said: model.Frontend) -> Admission | None:
    """Who may come in; ``None``: everybody.  In mode ``http`` rules are asked for each request instead."""
    limits = said.per_source or model.PerSource()
    asked = () if said.web is not None else said.access
    rules = tuple(Gatekeeping(rule.action == "allow", Networks(rule.sources)) for rule in asked)
    if not rules and limits.conn_cur is None and limits.conn_rate is None:
        return None
    return Admission(
        SourceKeys(limits.ipv4_prefix, limits.ipv6_prefix),
        rules,
        None if limits.conn_cur is None else Presence(limits.conn_cur),
        _rates(limits.conn_rate, limits.size),
        _exempt(said, limits),
        limits.conn_cur,
    )


def guard(said: model.Frontend, web: model.Web, service: model.Service, secret: bytes) -> Guard | None:
    """What stands before the routes; ``None``: nothing.

    :param secret: of all processes that count together.
    """
    limits = said.per_source or model.PerSource()
    failures = limits.basic_failures
    if not said.access and limits.http_req_rate is None and failures is None:
        return None
    return Guard(
        SourceKeys(limits.ipv4_prefix, limits.ipv6_prefix),
        _tarpit(said, service),
        tuple(_rule(rule) for rule in said.access),
        _rates(limits.http_req_rate, limits.size),
        None if failures is None else Logins(failures.count, failures.seconds, secret, limits.size),
        _exempt(said, limits),
        Networks(web.trusted),
        limits.action == "tarpit",
    )


def conduct(said: model.Frontend, service: model.Service) -> Limits | None:
    """What the clients of mail of one source may do wrong; ``None``: nobody counts."""
    limits = said.per_source or model.PerSource()
    if limits.bad_commands is None and limits.auth_failures is None:
        return None
    return Limits(
        SourceKeys(limits.ipv4_prefix, limits.ipv6_prefix),
        _rates(limits.bad_commands, limits.size),
        _rates(limits.auth_failures, limits.size),
        _exempt(said, limits),
        _tarpit(said, service) if limits.action == "tarpit" else None,
    )


def _tarpit(said: model.Frontend, service: model.Service) -> Tarpit:
    return Tarpit(said.timeouts.tarpit, max(1, service.maxconn // TARPIT_PART // service.workers))


def _rule(rule: model.Access) -> AccessRule:
    headers = tuple((name.encode("ascii"), None if value == "*" else value.encode("ascii")) for name, value in rule.headers)
    return AccessRule(
        Action[rule.action.upper()],
        rule.hosts,
        rule.paths,
        frozenset(rule.methods),
        headers,
        Networks(rule.sources),
        rule.status,
    )


def _rates(rate: model.Rate | None, size: int) -> Rates | None:
    return None if rate is None else Rates(rate.count, rate.seconds, size)


def _exempt(said: model.Frontend, limits: model.PerSource) -> Networks:
    """Proxies that are trusted come for many clients."""
    trusted = () if said.web is None else said.web.trusted
    return Networks((*limits.exempt, *trusted))
