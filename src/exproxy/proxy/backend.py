"""A pool of servers with what sessions need to know besides."""

from collections.abc import Mapping, Set
from typing import Literal

import attrs

from exproxy.net.interfaces import Address
from exproxy.net.tls.client import ClientTLS
from exproxy.pool import Backend as Pool
from exproxy.pool import Server
from exproxy.proxy.mail.users import KeyOfUser
from exproxy.proxy.sessionids import SessionIds
from exproxy.proxy.web.persistence import Sticky
from exproxy.wire.proxyheader import encode_v1, encode_v2
from exproxy.wire.web.rules import HeaderRules

ENCODERS = {"v1": encode_v1, "v2": encode_v2}


@attrs.define(eq=False)
class Backend:
    """Times are seconds.

    :param send_proxy: the PROXY protocol's version for each server, by name, that wants it.
    :param source: the local address to connect from.
    :param tls: how to speak TLS to each server, by name, that wants it.
    :param sticky: what of a request says where it belongs; ``None``: nothing does.
    :param session_ids: in mode ``tcp``: the sessions of TLS by which clients are known; ``None``: they are known by nothing.
    :param user_key: in the mail modes: what users are known by; ``None``: they are not asked who they are.
    :param starttls: TLS likewise where the protocol has a command for it.
    :param xclient: the names of the servers that are told who the client is by XCLIENT.
    :param imap_id: likewise by IMAP's ID.
    :param request_rules: for header lines of requests, in mode ``http``; ``response_rules`` for those of answers.
    """

    pool: Pool
    connect_timeout: float
    server_timeout: float
    queue_timeout: float
    retries: int
    redispatch: bool
    abortonclose: bool
    source: str | None
    send_proxy: Mapping[str, Literal["v1", "v2"]]
    handshake_timeout: float
    tls: Mapping[str, ClientTLS]
    sticky: Sticky | None = None
    session_ids: SessionIds | None = None
    user_key: KeyOfUser | None = None
    starttls: Mapping[str, ClientTLS] = attrs.field(factory=dict)
    xclient: Set[str] = frozenset()
    imap_id: Set[str] = frozenset()
    request_rules: HeaderRules = attrs.field(factory=HeaderRules)
    response_rules: HeaderRules = attrs.field(factory=HeaderRules)

    def become(self, fresh: "Backend") -> None:
        """Be as ``fresh`` is, with the same pool, for sessions that live too.

        Who is on the way to a server that was taken out speaks with it as before.
        """
        leaving = {name for name, server in self.pool.servers.items() if server.leaving}
        kept = {
            "send_proxy": {name: said for name, said in self.send_proxy.items() if name in leaving} | {**fresh.send_proxy},
            "tls": {name: tls for name, tls in self.tls.items() if name in leaving} | {**fresh.tls},
            "starttls": {name: tls for name, tls in self.starttls.items() if name in leaving} | {**fresh.starttls},
            "xclient": (self.xclient & leaving) | fresh.xclient,
            "imap_id": (self.imap_id & leaving) | fresh.imap_id,
        }
        for field in attrs.fields(Backend):
            if field.name != "pool":
                setattr(self, field.name, kept.get(field.name, getattr(fresh, field.name)))

    def proxy_header(self, server: Server, source: Address, destination: Address) -> bytes:
        """What ``server`` must hear before the client's first byte; empty if it wants nothing."""
        version = self.send_proxy.get(server.name)
        return ENCODERS[version](source, destination) if version else b""
