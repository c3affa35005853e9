"""Endpoint mappers in memory, and clients who ask them."""

import attrs

from exproxy.wire.epm import NOT_REGISTERED, OPNUM_MAP, TCP, MapRequest, MapResponse, Tower, tower
from exproxy.wire.interfaces import EPM
from exproxy.wire.rpc.association import Bind, answer_bind
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.client import RpcClient
from exproxy.wire.rpc.pdu import PduReader, PduType
from exproxy.wire.rpc.syntax import Syntax
from tests.net.memory import Peer, Recorder
from tests.proxy.stage import Stage

MAPPER = EPM.syntax


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
