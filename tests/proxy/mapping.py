"""Endpoint mappers in memory, and clients who ask them."""

from typing import Any

import attrs
from twisted.logger import globalLogPublisher

from exproxy.net.interfaces import Address
from exproxy.proxy.dynamic import DynamicPorts
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.mapper import Door, Services
from exproxy.proxy.mapper import Mapper as Mode
from exproxy.wire.epm import NOT_REGISTERED, OPNUM_MAP, TCP, MapRequest, MapResponse, Tower, tower
from exproxy.wire.epmrelay import Protected
from exproxy.wire.interfaces import EMSMDB, EPM, SAMR
from exproxy.wire.rpc.association import Bind, answer_bind
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.client import RpcClient
from exproxy.wire.rpc.pdu import PduReader, PduType
from exproxy.wire.rpc.syntax import Syntax
from tests.net.memory import Peer, Recorder
from tests.proxy.stage import Stage

MAPPER = EPM.syntax
FRONT = ("192.0.2.9", 135)
SERVICE = ("192.0.2.9", 59531)


@attrs.define(eq=False)
class Mapper(Peer):
    """Answers binds and ``ept_map``, one request at a time; ``offers`` are its interfaces and where they are."""

    host: str = "192.0.2.1"
    offers: dict[Syntax, list[tuple[int, int]]] = attrs.field(factory=dict)
    """Protocol and port; one interface may have several."""
    asked: int = 0

    def __attrs_post_init__(self) -> None:
        self.answer = self.respond

    def respond(self, data: bytes) -> bytes | None:
        (pdu,) = PduReader().feed(data)
        if pdu.type is PduType.BIND:
            return answer_bind(Bind.decode(pdu), [MAPPER], secondary="135", group=1).encode(pdu.call_id)
        self.asked += 1
        wanted = MapRequest.decode(Request.decode(pdu).stub, pdu.order)
        assert wanted.tower.interface is not None
        towers = tuple(
            tower(syntax, port, self.host, protocol=protocol)
            for syntax, places in self.offers.items()
            if syntax.uuid == wanted.tower.interface.uuid
            for protocol, port in places
        )
        stub = MapResponse(towers, 0 if towers else NOT_REGISTERED).encode(wanted.max_towers)
        return Response(0, stub).encode(pdu.call_id)


class MapperStage(Stage):
    """Both servers of the stage are endpoint mappers."""

    def setUp(self) -> None:
        super().setUp()
        self.mappers = {name: Mapper(host=host) for name, (host, _) in self.addresses.items()}
        for name, mapper in self.mappers.items():
            self.network.ports.pop(self.addresses[name])
            self.network.listen(self.addresses[name], mapper).resume()

    def offer(self, interface: Syntax, *places: int | tuple[int, int]) -> None:
        """Both offer ``interface`` on these TCP ports, or protocols and ports."""
        for mapper in self.mappers.values():
            mapper.offers[interface] = [place if isinstance(place, tuple) else (TCP, place) for place in places]

    def bound(self, client: Recorder) -> RpcClient:
        """``client``, bound to the mapper."""
        rpc = RpcClient()
        self.send(client, rpc.bind(MAPPER))
        rpc.push(bytes(client.data))
        client.data.clear()
        assert rpc.next() is not None
        return rpc

    def ask(self, client: Recorder, interface: Syntax, rpc: RpcClient | None = None) -> list[Tower]:
        """What the client is told."""
        rpc = rpc or self.bound(client)
        self.send(client, rpc.call(OPNUM_MAP, MapRequest(tower(interface, 135)).encode()))
        rpc.push(bytes(client.data))
        client.data.clear()
        answer = rpc.next()
        assert isinstance(answer, Response), answer
        return list(MapResponse.decode(answer.stub, answer.order).towers)

    def told(self, client: Recorder, interface: Syntax) -> list[tuple[str | None, int | None]]:
        """The addresses and ports that the client is told."""
        return [(each.address, each.port or each.http_port) for each in self.ask(client, interface)]


class MapperFront(MapperStage):
    """A front end of mode ``epm`` before them, and what it says in the log."""

    def setUp(self) -> None:
        super().setUp()
        self.offer(EMSMDB.syntax, 6001)
        self.offer(SAMR.syntax, 49152)
        self.heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            self.heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)

    def service(self, *addresses: Address) -> Frontend:
        """A front end of a service that listens there."""
        frontend = self.open(self.backend(), address=addresses[0], name="ca")
        for address in addresses[1:]:
            self.listen(frontend, address=address)
        return frontend

    def mapper(
        self,
        services: dict[Any, Services],
        address: Address = FRONT,
        door: Door | None = None,
        dynamic: bool = False,
        **options: Any,
    ) -> Mode:
        """The front end of mappers, with both servers behind it."""
        frontend = self.open(self.backend(), address=address, name="epm", accept_proxy=options.pop("accept_proxy", ()))
        values = {"others": "hide", "protected": Protected.REFUSE, "doors": {address: door or Door()}}
        ports = DynamicPorts(frontend, self.network, 40000, 40001, 600.0) if dynamic else None
        mapper = Mode(frontend=frontend, services=services, dynamic=ports, **(values | options))
        frontend.join = mapper.join
        frontend.mapping = mapper.counters
        return mapper

    def mapped(self, service: Frontend | None, **options: Any) -> Mode:
        return self.mapper({(EMSMDB.uuid, 0): Services(tcp=service)}, **options)
