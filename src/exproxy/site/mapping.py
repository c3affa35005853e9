"""Mode ``epm`` of a configuration: its front ends, once all front ends are there."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from exproxy.config import model
from exproxy.net.interfaces import Address, Network
from exproxy.proxy.dynamic import DynamicPorts, Spot
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.listener import Listener
from exproxy.proxy.mapper import Door, Mapper, Services
from exproxy.wire.epmrelay import Counters, Protected
from exproxy.wire.interfaces import interface

Opened = Iterable[tuple[model.Bind, Listener]]


def install(
    frontend: Frontend,
    said: model.Mapper,
    opened: Opened,
    frontends: Mapping[str, Frontend],
    network: Network,
    former: DynamicPorts | None = None,
) -> DynamicPorts | None:
    """Make ``frontend`` one of endpoint mappers, perhaps again.

    :param opened: its listeners, with what is said of each.
    :param frontends: those that ``said`` names.
    :param network: binds further ports.
    :param former: the ports that it opened before, which are used on where ports may be opened at all.
    """
    dynamic = None
    ports = said.dynamic_ports
    if said.others == "dynamic" and ports is not None:
        if former is None:
            dynamic = DynamicPorts(frontend, network, ports.first, ports.last, said.dynamic_idle)
        else:
            dynamic = former
            dynamic.reconfigure(ports.first, ports.last, said.dynamic_idle)
    mapper = Mapper(
        frontend=frontend,
        services={_key(mapped.interface): _services(mapped, frontends) for mapped in said.map},
        others=said.others,
        protected=Protected(said.protected),
        doors={listener.address: _door(bind, listener.address) for bind, listener in opened},
        dynamic=dynamic,
        counters=frontend.mapping or Counters(),
    )
    frontend.join = mapper.join
    frontend.mapping = mapper.counters
    return dynamic


def _key(name: str) -> tuple[UUID, int | None]:
    """A UUID alone means every version: nobody has said one."""
    known = interface(name)
    anonymous = known.name == str(known.uuid) and "/" not in name
    return known.uuid, None if anonymous else known.major


def _services(mapped: model.Mapped, frontends: Mapping[str, Frontend]) -> Services:
    return Services(
        tcp=None if mapped.tcp is None else frontends[mapped.tcp],
        http=None if mapped.http is None else frontends[mapped.http],
    )


def _door(bind: model.Bind, address: Address) -> Door:
    """Who came in by IPv6 is told of IPv4, so ports are opened there: at the address that is advertised."""
    host = bind.advertise if ":" in address[0] else address[0]
    return Door(None if host is None else Spot(host, bind.accept_proxy), bind.advertise)
