"""What of a front end's configuration administrators see beside its numbers: where its clients go, and what they are told."""

from collections.abc import Iterator, Mapping, Sequence

from exproxy.admin.views import MapView, RouteView
from exproxy.config import model


def routes(frontend: model.Frontend) -> tuple[RouteView, ...]:
    """In the order in which they are looked at."""
    by_name = [RouteView(f"name {' or '.join(route.sni)}", route.backend, "") for route in frontend.routes]
    web = () if frontend.web is None else frontend.web.routes
    return (*by_name, *(RouteView(_condition(route), route.backend, _redirect(route.redirect)) for route in web))


def told(frontend: model.Frontend, addresses: Mapping[str, Sequence[str]]) -> tuple[MapView, ...]:
    """What clients of mode ``epm`` are told of each interface; of other modes, nothing.

    :param addresses: of all front ends.
    """
    return () if frontend.mapper is None else tuple(_told(frontend.mapper, addresses))


def _told(mapper: model.Mapper, addresses: Mapping[str, Sequence[str]]) -> Iterator[MapView]:
    for mapped in mapper.map:
        for protocol, name in (("ncacn_ip_tcp", mapped.tcp), ("ncacn_http", mapped.http)):
            if name is not None:
                yield MapView(mapped.interface, protocol, name, tuple(addresses.get(name, ())))


def _condition(route: model.WebRoute) -> str:
    """Names of headers only: what has to stand in them may be a secret between somebody and us."""
    said = {"host": route.hosts, "path": route.paths, "method": route.methods, "header": [name for name, _ in route.headers]}
    return ", ".join(f"{word} {' or '.join(values)}" for word, values in said.items() if values) or "everything"


def _redirect(redirect: model.Redirect | None) -> str:
    return "" if redirect is None else f"{redirect.status} to {redirect.to}"
