"""What a request has to be like for a route or an access rule to take it."""

from typing import Generic, TypeVar

import attrs

from exproxy.wire.web.head import RequestHead
from exproxy.wire.web.path import within

T = TypeVar("T")


@attrs.frozen
class Matching(Generic[T]):
    """All that is said has to match; what is not said matches everything.

    :param target: what becomes of the request.
    :param hosts: names in lower case, or ``*.`` and a domain: that matches one label or more.
    :param paths: canonical prefixes (:mod:`exproxy.wire.web.path`); with ``=`` before it, that path and none beneath it.
    :param methods: as they are written.
    :param headers: names in lower case; with a value, one of the header's lines has to have that value.
    """

    target: T
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset()
    headers: tuple[tuple[bytes, bytes | None], ...] = ()
    _exact: frozenset[str] = attrs.field(init=False)
    _domains: tuple[str, ...] = attrs.field(init=False)
    _whole: frozenset[str] = attrs.field(init=False)
    _prefixes: tuple[str, ...] = attrs.field(init=False)

    @_exact.default
    def _names(self) -> frozenset[str]:
        return frozenset(host for host in self.hosts if not host.startswith("*."))

    @_domains.default
    def _endings(self) -> tuple[str, ...]:
        return tuple(host[1:] for host in self.hosts if host.startswith("*."))

    @_whole.default
    def _whole_paths(self) -> frozenset[str]:
        return frozenset(path[1:] for path in self.paths if path.startswith("="))

    @_prefixes.default
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths if not path.startswith("="))

    def takes(self, head: RequestHead) -> bool:
        """Whether ``head`` matches."""
        if self.hosts and head.host not in self._exact and not head.host.endswith(self._domains):
            return False
        if self.methods and head.method not in self.methods:
            return False
        if self.paths and head.path not in self._whole and not any(within(head.path, prefix) for prefix in self._prefixes):
            return False
        return all(_has(head, name, value) for name, value in self.headers)


def _has(head: RequestHead, name: bytes, value: bytes | None) -> bool:
    return name in head.values if value is None else value in head.every(name)
