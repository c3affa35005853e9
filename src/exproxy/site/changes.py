"""What two configurations differ in, in words."""

from collections.abc import Iterable, Iterator, Mapping

import attrs

from exproxy.config import model


def changes(old: model.Configuration, new: model.Configuration) -> tuple[str, ...]:
    """A sentence part for each thing: ``front end smtp was changed``, ``server hub/ex3 was added``."""
    return tuple(_changes(old, new))


def restarts(old: model.Configuration, new: model.Configuration) -> list[str]:
    """A sentence for each key whose change needs a restart."""
    found = []
    if old.service.workers != new.service.workers:
        found.append(
            f"service.workers: {new.service.workers} instead of {old.service.workers} needs a restart: all else can be reloaded"
        )
    if (old.service.state is None) != (new.service.state is None):
        found.append("service.state: to begin with a state file, or to end with it, needs a restart; another file does not")
    if _ways(old.admin) != _ways(new.admin):
        found.append("admin: where administrators come in, and whether with TLS, needs a restart: all else can be reloaded")
    return found


def _changes(old: model.Configuration, new: model.Configuration) -> Iterator[str]:
    for key in ("maxconn", "log", "state"):
        if getattr(old.service, key) != getattr(new.service, key):
            yield f"service.{key} was changed"
    for key in ("users", "tls", "hsts"):
        if getattr(old.admin, key, None) != getattr(new.admin, key, None):
            yield f"admin.{key} was changed"
    if old.notify != new.notify:
        yield "notify was changed"
    yield from _named("front end", old.frontends, new.frontends)
    yield from _named("back end", _bare(old.backends), _bare(new.backends))
    yield from _named("server", _servers(old.backends.values()), _servers(new.backends.values()))
    yield from _named("table", old.tables, new.tables)
    yield from _named("host", old.hosts, new.hosts)
    yield from _named("TLS profile", old.profiles, new.profiles)


def _ways(admin: model.Admin | None) -> tuple[model.Admin | None, bool]:
    """What is bound, and whether TLS is spoken there."""
    if admin is None:
        return None, False
    return attrs.evolve(admin, users=(), tls=None, hsts=0.0), admin.tls is not None


def _named(kind: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for name in old:
        if name not in new:
            yield f"{kind} {name} was removed"
    for name, thing in new.items():
        if name not in old:
            yield f"{kind} {name} was added"
        elif old[name] != thing:
            yield f"{kind} {name} was changed"


def _bare(backends: Mapping[str, model.Backend]) -> dict[str, model.Backend]:
    return {name: attrs.evolve(backend, servers=()) for name, backend in backends.items()}


def _servers(backends: Iterable[model.Backend]) -> dict[str, model.Server]:
    return {f"{backend.name}/{server.name}": server for backend in backends for server in backend.servers}
