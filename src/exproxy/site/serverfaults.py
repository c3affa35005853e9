"""Why TLS with servers failed, told once a minute at most for each: a session that fails has only two letters for it."""

import attrs
from twisted.logger import Logger

from exproxy.net.tls.client import ClientTLS

QUIET = 60.0
"""Seconds between two lines about one server."""

_log = Logger()


@attrs.define(eq=False)
class _Told:
    server: str
    failed: int = 0
    quiet_until: float = 0.0


class ServerFaults:
    """Servers are added as they are made."""

    def __init__(self) -> None:
        self._told: dict[ClientTLS, _Told] = {}

    def add(self, server: str, tls: ClientTLS, former: "ServerFaults | None" = None) -> None:
        """:param server: ``backend/server``.

        :param former: may know already what was told of it.
        """
        known = None if former is None else former._told.get(tls)
        self._told[tls] = known or _Told(server, tls.failed)

    def look(self, now: float) -> None:
        """Tell what has failed since; to be called often."""
        for tls, told in self._told.items():
            if tls.failed != told.failed and now >= told.quiet_until:
                count, told.failed, told.quiet_until = tls.failed - told.failed, tls.failed, now + QUIET
                what = "1 TLS handshake" if count == 1 else f"{count} TLS handshakes"
                _log.warn("{server}: {what} failed: {fault}", server=told.server, what=what, fault=tls.fault)
