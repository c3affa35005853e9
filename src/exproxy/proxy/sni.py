"""Which back end a TLS name goes to."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

B = TypeVar("B")


class SniTable(Generic[B]):
    """:param routes: pairs of patterns and a back end, the first that matches wins.

    A pattern is a host name, or ``*.`` and a domain: that matches one label or more, as RFC 6125's do for one.
    """

    def __init__(self, routes: Iterable[tuple[Iterable[str], B]]) -> None:
        exact: dict[str, tuple[int, B]] = {}
        wild: dict[str, tuple[int, B]] = {}
        for order, (patterns, backend) in enumerate(routes):
            for pattern in patterns:
                name = pattern.lower().rstrip(".")
                place, table = (name[2:], wild) if name.startswith("*.") else (name, exact)
                table.setdefault(place, (order, backend))
        self._exact: Mapping[str, tuple[int, B]] = exact
        self._wild: Mapping[str, tuple[int, B]] = wild

    def find(self, name: str | None) -> B | None:
        """The back end for a ClientHello's server name; ``None`` when no route takes it."""
        if name is None:
            return None
        name = name.lower().rstrip(".")
        found = [self._exact[name]] if name in self._exact else []
        labels = name.split(".")
        for cut in range(1, len(labels)):
            domain = ".".join(labels[cut:])
            if domain in self._wild:
                found.append(self._wild[domain])
        return min(found, key=lambda route: route[0])[1] if found else None
