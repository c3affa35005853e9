"""What the clients of a front end have in common whose server is chosen by who they are."""

from collections.abc import Callable

import attrs

from exproxy.net.interfaces import PipedStream
from exproxy.proxy.joint import Joined
from exproxy.proxy.mail.deskvisit import DeskVisit
from exproxy.proxy.mail.house import House
from exproxy.proxy.mail.manner import Desks
from exproxy.wire.offers import common


@attrs.define(eq=False)
class DeskHouse(House):
    """:param desks: of the protocol.

    :param key_of: the key of a user, by which servers are chosen.
    :param failure_delay: seconds after which a refused login is told at the earliest: who guesses is not to be quick.
    """

    desks: Desks = attrs.field(kw_only=True)
    key_of: Callable[[bytes], bytes] = attrs.field(kw_only=True)
    failure_delay: float = attrs.field(default=2.0, kw_only=True)

    def serve(self, session: Joined, client: PipedStream, secure: bool) -> DeskVisit:
        """Serve a client from now on; for :attr:`Frontend.serve`."""
        return DeskVisit(self, session, client, secure)

    def expects(self) -> bool:
        """Whether there is a server, or about to be."""
        return any(server.opened or server.awaited for server in self.backend.pool.servers.values())

    def offered(self) -> tuple[str, ...]:
        """What every server can that a client may come to."""
        return common(server.health.offers for server in self.backend.pool.servers.values() if server.usable)
