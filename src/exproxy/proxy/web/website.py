"""What the clients of a front end in mode ``http`` have in common."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import cast

import attrs
from cryptography import x509

from exproxy.net.interfaces import PipedStream, SecureStream
from exproxy.net.tls.identity import told
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined
from exproxy.proxy.web.guard import Guard
from exproxy.proxy.web.routes import Routes
from exproxy.proxy.web.visit import Visit
from exproxy.wire.web.forwarding import Forwarder, Forwarding
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.origin import Origin
from exproxy.wire.web.pages import Pages


@attrs.define(eq=False)
class Website:
    """Times are seconds.

    :param request_timeout: for a whole head; before a client's first request, from its connection on.
    :param keep_alive_timeout: between an answer and the next request.
    :param tunnel_timeout: without a byte, after the protocol was switched.
    :param trusted: the networks of proxies whose word about their own clients is believed.
    :param max_body: octets of a request's body.
    :param forwardings: of back ends that have rules of their own, by name.
    :param identity: names of lines that tell servers of a client's certificate, and which of
        :data:`exproxy.net.tls.identity.FACTS` they have.
    :param limits: of the heads of requests  :param answers: of those of servers' answers.
    :param guard: who is let to the routes; ``None``: everybody.
    :param body_rate: octets a second that a body has to come with at least; ``None``: at any pace.
    :param body_grace: seconds over which that is looked at.
    """

    frontend: Frontend
    routes: Routes
    request_timeout: float
    keep_alive_timeout: float
    tunnel_timeout: float
    forwarding: Forwarding = attrs.field(factory=Forwarding)
    pages: Pages = attrs.field(factory=Pages)
    limits: Limits = attrs.field(factory=Limits)
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    max_body: int | None = None
    forwardings: Mapping[str, Forwarding] = attrs.field(factory=dict)
    identity: Mapping[str, str] = attrs.field(factory=dict)
    answers: Limits = attrs.field(factory=Limits)
    guard: Guard | None = None
    body_rate: float | None = None
    body_grace: float = 20.0

    def serve(self, session: Joined, client: PipedStream, secure: bool) -> Visit:
        """Serve a client from now on; for :attr:`Frontend.serve`."""
        return Visit(self, session, client, self.forwarder(session, client, secure))

    def forwarder(self, session: Joined, client: PipedStream, secure: bool) -> Forwarder:
        """What writes the heads of a client's requests."""
        host = session.source[0]
        origin = Origin(host, secure, bool(self.trusted) and self._trusts(host))
        about = told(self.identity, _shown(client, secure)) if self.identity else {}
        return Forwarder(self.forwarding, origin, about)

    def _trusts(self, host: str) -> bool:
        address = ip_address(host)
        return any(address in network for network in self.trusted)


def _shown(client: PipedStream, secure: bool) -> x509.Certificate | None:
    return cast(SecureStream, client).peer_certificate if secure else None
