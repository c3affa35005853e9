"""Mode ``epm``: a server's endpoint mapper answers, and clients are told of us.

A session asks the server that its client's affinity has chosen, and no other: what that one does not offer is not told.
"""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import attrs
from twisted.logger import Logger

from exproxy.net.interfaces import Address, Stream
from exproxy.pool import Server
from exproxy.proxy.dynamic import DynamicPorts, Spot
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined, Joint
from exproxy.proxy.sparing import Sparing
from exproxy.wire.crossing import Crossing
from exproxy.wire.epm import TCP, Tower
from exproxy.wire.epmrelay import Counters, MapperRelay, Place, Protected
from exproxy.wire.epmrelay.bounds import READ
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.syntax import Syntax

Others = Literal["hide", "pass", "dynamic"]

ANY_IPV4, ANY_IPV6 = "0.0.0.0", "::"

_log = Logger()


@attrs.frozen
class Services:
    """The front ends of an interface, over ncacn_ip_tcp and over ncacn_http; ``None``: it is not told of."""

    tcp: Frontend | None = None
    http: Frontend | None = None


@attrs.frozen
class Door:
    """One of a mapper's listening addresses.

    :param spot: where ports are opened for those who come in here; ``None``: nowhere.
    :param advertise: the address that they are told; ``None``: the one that they have reached.
    """

    spot: Spot | None = None
    advertise: str | None = None


@attrs.define(eq=False)
class Mapper:
    """What all sessions of a front end have in common; :meth:`join` is its :data:`exproxy.proxy.joint.Join`.

    :param services: by UUID and major version, or by UUID and ``None`` for any version.
    :param doors: by the address that is listened on.
    :param dynamic: for ``others = "dynamic"``.
    """

    frontend: Frontend
    services: Mapping[tuple[UUID, int | None], Services]
    others: Others
    protected: Protected
    doors: Mapping[Address, Door]
    dynamic: DynamicPorts | None = None
    counters: Counters = attrs.field(factory=Counters)
    explained: bool = False
    _sparing: Sparing = attrs.field(factory=Sparing, init=False)

    def join(self, session: Joined, client: Stream, upstream: Stream, server: Server) -> None:
        """Stand between a client and the endpoint mapper of its server."""
        local = client.local
        here = self.doors.get(local) or self.doors[ANY_IPV6 if ":" in local[0] else ANY_IPV4, local[1]]
        reached = session.reached()[0]
        told = here.advertise or (None if ":" in reached else reached)
        relay = MapperRelay(Places(self, server, here, local, told), self.protected, self.counters)
        client.portion = upstream.portion = READ
        Joint(session, client, upstream, _Enquiry(relay, self, session, server))

    def find(self, interface: Syntax) -> Services | None:
        """The front ends of an interface; the minor version does not count, for the server has looked at it."""
        return self.services.get((interface.uuid, interface.major)) or self.services.get((interface.uuid, None))

    def explain(self, client: str) -> None:
        """Say once what it means that a protected call was refused."""
        self.explained = True
        _log.warn(
            "{frontend}: {client} has signed or sealed its question to the endpoint mapper, so the answer cannot be changed, and"
            ' it was refused.  protected = "pass" would give such clients the servers\' own addresses and ports.  This is said'
            " once; such calls are counted",
            frontend=self.frontend.name,
            client=client,
        )

    def broken(self, who: str, client: str, server: str, error: WireError) -> None:
        """Count and log, but not everything, why a session was ended."""
        self.frontend.broken += 1
        left_out = self._sparing.left_out(who, self.frontend.seconds())
        if left_out is not None:
            _log.warn(
                "{frontend}: a session of {client} with {server} was ended, for the {who} broke the protocol: {error}{more}",
                frontend=self.frontend.name,
                client=client,
                server=server,
                who=who,
                error=str(error),
                more=f" ({left_out} more in the last minute)" if left_out else "",
            )


@attrs.frozen(eq=False)
class Places:
    """What one session's client is told; an :class:`exproxy.wire.epmrelay.Directory`.

    :param local: what was connected to here.
    :param told: our address as the client is to know it; ``None``: it has come by IPv6, and can be told of nothing.
    """

    mapper: Mapper
    server: Server
    door: Door
    local: Address
    told: str | None

    def place(self, interface: Syntax, protocol: int, port: int) -> Place | None:
        services = self.mapper.find(interface)
        if services is not None:
            return self._of(services.tcp if protocol == TCP else services.http)
        if self.mapper.others == "pass":
            return Place(None, port)
        if self.mapper.dynamic is None or self.door.spot is None or self.told is None:
            return None
        if port == self.server.port:
            return Place(self.told, self.local[1])  # the mapper itself: past us it would tell the servers' own places
        ours = self.mapper.dynamic.port(self.door.spot, self.server, port)
        return None if ours is None else Place(self.told, ours)

    def keeps(self, tower: Tower) -> bool:
        """Named pipes and the like lead to the server itself."""
        interface = tower.interface
        return self.mapper.others == "pass" and (interface is None or self.mapper.find(interface) is None)

    def _of(self, front: Frontend | None) -> Place | None:
        """Where this client reaches a front end: where it has come in, if that can be, else at its first address."""
        if front is None or self.told is None:
            return None
        addresses = [listener.address for listener in front.listeners]
        for host in (self.local[0], ANY_IPV4):
            for address in addresses:
                if address[0] == host:
                    return Place(self.told, address[1])
        for address in addresses:
            if self.door.advertise is not None or ":" not in address[0]:
                return Place(self.door.advertise or address[0], address[1])
        return None


@attrs.frozen(eq=False)
class _Enquiry:
    """One session's relay, and who is told what comes up; a :class:`exproxy.proxy.joint.Translator`."""

    relay: MapperRelay
    mapper: Mapper
    session: Joined
    server: Server

    def from_client(self, data: bytes) -> Crossing:
        crossing = self.relay.from_client(data)
        if self.mapper.counters.refused and not self.mapper.explained:
            self.mapper.explain(self.session.source[0])
        return crossing

    def from_server(self, data: bytes) -> Crossing:
        return self.relay.from_server(data)

    def client_ended(self) -> None:
        self.relay.client_ended()

    def server_ended(self) -> None:
        self.relay.server_ended()

    def broken(self, who: str, error: WireError) -> None:
        self.mapper.broken(who, self.session.source[0], self.server.full_name, error)
