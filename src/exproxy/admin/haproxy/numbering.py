"""HAProxy's numbers for things: front ends and back ends share one row of them, a back end's servers have their own."""

from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from exproxy import pool
from exproxy.admin.sources import Things

FIRST = 2
"""0 and 1 are HAProxy's own."""


@frozen
class Proxy:
    """A front end or a back end, in HAProxy's word for both."""

    sort: Literal["Frontend", "Backend"]
    iid: int
    name: str


def proxies(things: Things) -> Iterator[Proxy]:
    """In the order in which HAProxy tells them."""
    iid = FIRST
    for name in things.frontends:
        yield Proxy("Frontend", iid, name)
        iid += 1
    for name in things.backends:
        yield Proxy("Backend", iid, name)
        iid += 1


def servers(backend: pool.Backend) -> Iterator[tuple[int, pool.Server]]:
    """A back end's as they are when the first is asked for, with their numbers."""
    return enumerate(tuple(backend.servers.values()), 1)
