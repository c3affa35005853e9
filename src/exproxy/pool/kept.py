"""What outlives a process: what people have set by hand, and what checks have found.  (Choices of clients: :class:`Table`.)

What was set by hand is taken over however old it is, as long as what it was set on is configured.  What checks have found is
taken over only while it is fresh, and only by a server that is still at the same place: a server that was down stays down until
its checks say otherwise, and one that was up need not keep clients waiting for them.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address

import attrs

from exproxy.pool.backend import Backend
from exproxy.pool.health import Verdict
from exproxy.pool.host import Host
from exproxy.pool.server import MAX_WEIGHT, Server
from exproxy.pool.states import Admin, Operational

FRESH = 300.0
"""Seconds after which nobody knows any more how a server is."""
BY = "hand, before the restart"
"""Who has set what is taken over; for texts."""
_FOUND = "found before the restart"


def _demand_address(_place: "Place", _attribute: "attrs.Attribute[str]", value: str) -> None:
    """:raises ValueError: it is none."""
    ip_address(value)


@attrs.frozen
class Place:
    """:param address: no name.

    :param port: ``None``: the one that the client reached.
    """

    address: str = attrs.field(validator=_demand_address)
    port: int | None = attrs.field(validator=attrs.validators.optional(attrs.validators.in_(range(1, 65536))))

    def __str__(self) -> str:
        return self.address if self.port is None else f"{self.address} port {self.port}"


@attrs.frozen
class Configured:
    """What a configuration says of a server.

    :param place: its address and port, unless these are found elsewhere (DNS, an endpoint mapper).
    :param where: its address and ports, as a text: where that differs, it is another server of the same name.
    """

    weight: int
    where: str
    maxconn: int | None = None
    place: Place | None = None


@attrs.frozen
class WeightByHand:
    """:param instead: of that weight, which was configured; the file wins when it says something new."""

    weight: int = attrs.field(validator=attrs.validators.in_(range(MAX_WEIGHT + 1)))
    instead: int


@attrs.frozen
class LimitByHand:
    """Likewise; ``None`` is no limit."""

    maxconn: int | None = attrs.field(validator=attrs.validators.optional(attrs.validators.ge(1)))
    instead: int | None


@attrs.frozen
class PlaceByHand:
    """Likewise."""

    place: Place
    instead: Place


@attrs.frozen
class ByHand:
    """What people have set: only what is not so by itself.

    :param hosts: by name; all others by ``backend/server``.
    """

    hosts: Mapping[str, Admin] = attrs.Factory(dict)
    servers: Mapping[str, Admin] = attrs.Factory(dict)
    weights: Mapping[str, WeightByHand] = attrs.Factory(dict)
    limits: Mapping[str, LimitByHand] = attrs.Factory(dict)
    places: Mapping[str, PlaceByHand] = attrs.Factory(dict)


@attrs.frozen
class Found:
    """What the checks of a server have found.

    :param seconds: for which the server's state has held; not part of what it is.
    """

    where: str
    checks: Mapping[str, Verdict]
    seconds: float = attrs.field(default=0.0, eq=False, validator=attrs.validators.ge(0.0))


@attrs.frozen
class Kept:
    """:param health: by ``backend/server``."""

    by_hand: ByHand = ByHand()
    health: Mapping[str, Found] = attrs.Factory(dict)


def keep(hosts: Iterable[Host], backends: Iterable[Backend], configured: Mapping[str, Configured], now: float) -> Kept:
    """What is so now.

    :param configured: by ``backend/server``; others are left out.
    """
    servers = {server.full_name: server for backend in backends for server in backend.servers.values()}
    known = {name: (server, configured[name]) for name, server in servers.items() if name in configured}
    by_hand = ByHand(
        {host.name: host.admin for host in hosts if host.admin is not Admin.READY},
        {name: server.own_admin for name, (server, _) in known.items() if server.own_admin is not Admin.READY},
        {
            name: WeightByHand(server.weight, said.weight)
            for name, (server, said) in known.items()
            if server.weight != said.weight
        },
        {
            name: LimitByHand(server.maxconn, said.maxconn)
            for name, (server, said) in known.items()
            if server.maxconn != said.maxconn
        },
        {name: moved for name, (server, said) in known.items() if (moved := _moved(server, said)) is not None},
    )
    return Kept(by_hand, {name: _found(server, said, now) for name, (server, said) in known.items() if server.health.checks})


def _moved(server: Server, configured: Configured) -> PlaceByHand | None:
    if configured.place is None or server.address is None:
        return None
    now = Place(server.address, server.port)
    return None if now == configured.place else PlaceByHand(now, configured.place)


def _found(server: Server, configured: Configured, now: float) -> Found:
    checks = server.health.checks.items()
    verdicts = {name: Verdict(check.verdict, check.reason) for name, check in checks if check.verdict is not Operational.STARTING}
    return Found(configured.where, verdicts, max(0.0, now - server.health.since))


def restore(
    kept: Kept,
    hosts: Mapping[str, Host],
    backends: Mapping[str, Backend],
    configured: Mapping[str, Configured],
    age: float,
    now: float,
) -> list[str]:
    """Make hosts and servers what they were.

    :param age: seconds since ``kept`` was so.
    :returns: what was set by hand and could not be taken over, a sentence part each.
    """
    servers = {server.full_name: server for backend in backends.values() for server in backend.servers.values()}
    if age <= FRESH:
        for name, found in kept.health.items():
            if name in servers and configured[name].where == found.where:
                _recall(servers[name], found, age, now)
    return _set(kept.by_hand, hosts, servers, configured, now)


def _recall(server: Server, found: Found, age: float, now: float) -> None:
    verdicts = {name: Verdict(verdict.state, _before(verdict.reason)) for name, verdict in found.checks.items()}
    server.recall(verdicts, max(0.0, now - found.seconds - age), now)


def _before(reason: str) -> str:
    """Once, however often we were restarted."""
    bare = reason.removesuffix(f"({_FOUND})").removesuffix(_FOUND).rstrip()
    return f"{bare} ({_FOUND})" if bare else _FOUND


def _set(
    by_hand: ByHand, hosts: Mapping[str, Host], servers: Mapping[str, Server], configured: Mapping[str, Configured], now: float
) -> list[str]:
    left = []
    for name, weight in by_hand.weights.items():
        if why := _outdated(name, weight.instead, configured, lambda said: said.weight):
            left.append(f"weight {weight.weight} of server {name}, {why}")
        else:
            servers[name].set_weight(weight.weight, now)
    for name, limit in by_hand.limits.items():
        if why := _outdated(name, limit.instead, configured, lambda said: said.maxconn):
            left.append(f"maxconn {limit.maxconn} of server {name}, {why}")
        else:
            servers[name].set_maxconn(limit.maxconn, now)
    for name, moved in by_hand.places.items():
        if why := _outdated(name, moved.instead, configured, lambda said: said.place):
            left.append(f"address {moved.place} of server {name}, {why}")
        else:
            servers[name].move(moved.place.address, moved.place.port, now)
    for name, admin in by_hand.servers.items():
        if name in servers:
            servers[name].set_admin(admin, now, BY)
        else:
            left.append(f"{admin.value} of server {name}, which is not configured any more")
    for name, admin in by_hand.hosts.items():
        if name in hosts:
            hosts[name].set_admin(admin, now, BY)
        else:
            left.append(f"{admin.value} of host {name}, which is not configured any more")
    return left


def _outdated(name: str, instead: object, configured: Mapping[str, Configured], of: Callable[[Configured], object]) -> str:
    """Why a setting cannot be taken over: what it was set in place of is not there any more."""
    if name not in configured:
        return "which is not configured any more"
    return "" if of(configured[name]) == instead else f"since the configuration now says {of(configured[name])}"
