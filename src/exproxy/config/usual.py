"""What most of a configuration has in common: its ``[defaults]``, so that every other table says only what is its own."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from exproxy.config.model import Backend, CheckTiming, Configuration, Frontend, Server, Timeouts

T = TypeVar("T", bound=Hashable)

OF_BACKENDS = (
    "balance",
    "retries",
    "redispatch",
    "queue_size",
    "on_marked_down",
    "on_marked_up",
    "abortonclose",
    "observe",
    "error_limit",
)
OF_SERVERS = ("slow_start", "send_proxy", "send_xclient", "send_id", "resolve")
OF_FRONTENDS = ("dontlognull", "backlog")


@attrs.frozen
class Usual:
    """:param settings: the value of each key of ``OF_BACKENDS``, ``OF_SERVERS`` and ``OF_FRONTENDS``."""

    timeouts: Timeouts
    check: CheckTiming
    settings: Mapping[str, Any]


def usual(configuration: Configuration) -> Usual:
    """For each key what most have; where that is not decided, what exproxy itself would take."""
    frontends, backends = list(configuration.frontends.values()), list(configuration.backends.values())
    ends: list[Frontend | Backend] = [*frontends, *backends]
    servers = [server for backend in backends for server in backend.servers]
    timeouts = {
        field.name: _most((getattr(end.timeouts, field.name) for end in ends), field.default) for field in attrs.fields(Timeouts)
    }
    settings: dict[str, Any] = {}
    for kind, names, things in (
        (Backend, OF_BACKENDS, backends),
        (Server, OF_SERVERS, servers),
        (Frontend, OF_FRONTENDS, frontends),
    ):
        for name in names:
            settings[name] = _most((getattr(thing, name) for thing in things), attrs.fields_dict(kind)[name].default)
    return Usual(
        Timeouts(**timeouts), _most((check.timing for server in servers for check in server.checks), CheckTiming()), settings
    )


def _most(values: Iterable[T], default: T) -> T:
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value == default), default=default)
