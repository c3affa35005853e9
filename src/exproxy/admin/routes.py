"""What can be asked: which method of which address, by whom, and what may be answered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from attrs import frozen
from twisted.internet.defer import Deferred

from exproxy.admin.answers import Answer, Asked, RefusedError
from exproxy.admin.callers import Caller

Names = Mapping[str, str]
Handle = Callable[[Asked, Names, Caller], "Answer | Deferred[Answer]"]
"""The request, the names in its path, and who asks."""
Demand = Literal["nothing", "viewer", "operator"]
"""Whom it is for; ``nothing``: nobody has to say who it is."""


@frozen
class Route:
    """:param template: ``/api/v1/hosts/{host}``, for people and for the description.

    :param statuses: what it may answer, beside what every request may.
    """

    method: Literal["GET", "POST", "PUT"]
    template: str
    demand: Demand
    handle: Handle
    statuses: frozenset[int]

    @property
    def answers(self) -> frozenset[int]:
        """All statuses that there may be, but for our own mistakes."""
        demanded = {"nothing": (), "viewer": (401, 421, 429), "operator": (401, 403, 421, 429)}
        return self.statuses.union(demanded[self.demand])

    def match(self, path: Sequence[str]) -> dict[str, str] | None:
        """The names in the path; ``None``: it is another one."""
        parts = self.template.strip("/").split("/")
        if len(parts) != len(path):
            return None
        names = {}
        for part, given in zip(parts, path, strict=True):
            if part.startswith("{"):
                names[part.strip("{}")] = given
            elif part != given:
                return None
        return names


def find(routes: Sequence[Route], method: str, path: Sequence[str]) -> tuple[Route, dict[str, str]]:
    """Where a request goes, and the names in its path.

    :raises RefusedError: nowhere: 404, or 405 with what would be allowed.
    """
    found = [(route, names) for route in routes if (names := route.match(path)) is not None]
    for route, names in found:
        if route.method == ("GET" if method == "HEAD" else method):
            return route, names
    if found:
        allowed = ", ".join(
            sorted({route.method for route, _ in found} | ({"HEAD"} if any(r.method == "GET" for r, _ in found) else set()))
        )
        raise RefusedError(405, f"{method} cannot be done here; what can: {allowed}", (("Allow", allowed),))
    raise RefusedError(404, f'there is nothing at "/{"/".join(path)[:200]}"; /api/v1/openapi.json tells what there is')
