"""A client, the relay and a mapper in one process: what the tests of the relay share."""

from collections.abc import Callable, Sequence

import attrs

from exproxy.wire.epm import HTTP, NO_HANDLE, TCP, MapRequest, MapResponse, Tower, tower
from exproxy.wire.epmrelay import Broken, Crossing, MapperRelay, Place, Protected
from exproxy.wire.epmrelay.bounds import ENTRIES
from exproxy.wire.eptlookup import Entry, LookupResponse
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI, RFRI
from exproxy.wire.rpc.association import Bind, BindAck, Context, answer_bind
from exproxy.wire.rpc.call import Fault, Reassembler, Request, Response
from exproxy.wire.rpc.ndr import ByteOrder
from exproxy.wire.rpc.pdu import Pdu, PduReader, PduType
from exproxy.wire.rpc.syntax import NDR64, Syntax, bind_time_features
from tests.wire.cutting import pieces

SERVER = "10.0.0.15"
OURS = "192.0.2.9"
MGMT = Syntax(RFRI.uuid, 1)
"""Another interface that the servers of these tests have on their mapper's port."""
EMSMDB_TOWER = tower(EMSMDB.syntax, 6001, SERVER)
HTTP_TOWER = tower(EMSMDB.syntax, 6004, SERVER, protocol=HTTP)
NSPI_TOWER = tower(NSPI.syntax, 6005, SERVER)
PIPE_TOWER = Tower((*EMSMDB_TOWER.floors[:3], attrs.evolve(EMSMDB_TOWER.floors[3], protocol=0x0F, right=b"\\pipe\\x\0")))
WINDOWS = (
    Context(0, EPM.syntax),
    Context(1, EPM.syntax, (NDR64,)),
    Context(2, EPM.syntax, (bind_time_features(3),)),
)
"""What a Windows client binds to."""


@attrs.define
class Map:
    """A directory: emsmdb is at 59531 and, over HTTP, at 6001 under the server's own address; nobody else is told."""

    keeping: bool = False
    asked: list[tuple[Syntax, int, int]] = attrs.field(factory=list)

    def place(self, interface: Syntax, protocol: int, port: int) -> Place | None:
        self.asked.append((interface, protocol, port))
        if interface.uuid != EMSMDB.uuid:
            return None
        return Place(OURS, 59531) if protocol == TCP else Place(None, 6001)

    def keeps(self, tower: Tower) -> bool:
        return self.keeping


def relay(protected: Protected = Protected.REFUSE, *, keeping: bool = False) -> MapperRelay:
    return MapperRelay(Map(keeping), protected)


def bind(*contexts: Context, call_id: int = 1, kind: PduType = PduType.BIND, order: ByteOrder = "little") -> bytes:
    return Bind(contexts or (Context(0, EPM.syntax),), kind=kind).encode(call_id, order=order)


def ack(data: bytes, *, secondary: str = "135") -> bytes:
    """What a server that has the mapper, ``MGMT`` and NDR answers to the bind or alter_context in ``data``."""
    [pdu] = PduReader().feed(data)
    answer = answer_bind(Bind.decode(pdu), (EPM.syntax, MGMT), secondary=secondary, group=7, features=3)
    return answer.encode(pdu.call_id, order=pdu.order)


def bound(to: MapperRelay, *contexts: Context, order: ByteOrder = "little") -> MapperRelay:
    """``to`` after a bind that was accepted."""
    to.from_server(ack(to.from_client(bind(*contexts, order=order)).to_server))
    return to


def ask_map(call_id: int = 2, *, context: int = 0, order: ByteOrder = "little", fragment: int = 5840) -> bytes:
    stub = MapRequest(tower(EMSMDB.syntax, 0), max_towers=4).encode(order)
    return Request(context, 3, stub, order=order).encode(call_id, fragment=fragment)


def tell_map(*towers: Tower, status: int = 0, order: ByteOrder = "little", call_id: int = 2, fragment: int = 5840) -> bytes:
    stub = MapResponse(towers, status).encode(4, order)
    return Response(0, stub, order).encode(call_id, fragment=fragment)


def tell_lookup(
    *entries: Entry,
    order: ByteOrder = "little",
    call_id: int = 2,
    fragment: int = 5840,
    asked: int = ENTRIES,
    status: int = 0,
    handle: bytes = NO_HANDLE,
) -> bytes:
    stub = LookupResponse(entries, status, handle).encode(asked, order)
    return Response(0, stub, order).encode(call_id, fragment=fragment)


def pdus(data: bytes) -> list[Pdu]:
    return PduReader().feed(data)


def joined(data: bytes) -> Request | Response | Fault:
    """The one message in ``data``."""
    calls = Reassembler()
    messages = [message for pdu in pdus(data) if (message := calls.add(pdu)) is not None]
    assert len(messages) == 1, f"{len(messages)} messages"
    return messages[0]


def mapped(data: bytes) -> MapResponse:
    answer = joined(data)
    assert isinstance(answer, Response)
    return MapResponse.decode(answer.stub, answer.order)


def looked_up(data: bytes) -> LookupResponse:
    answer = joined(data)
    assert isinstance(answer, Response)
    return LookupResponse.decode(answer.stub, answer.order)


def results(data: bytes) -> list[tuple[int, int]]:
    """(verdict, reason) of each context of a bind_ack or alter_context_response."""
    [pdu] = pdus(data)
    return [(int(result.verdict), result.reason) for result in BindAck.decode(pdu).results]


def broken(say: Callable[[bytes], Crossing], data: bytes) -> Broken:
    """The end of the session that ``data`` brings."""
    try:
        say(data)
    except Broken as error:
        return error
    raise AssertionError("the session goes on")


@attrs.frozen
class Talk:
    """What came of a conversation; ``error`` is what and where."""

    to_server: bytes
    to_client: bytes
    error: tuple[str, str] | None
    counted: tuple[int, int, int]


Turn = tuple[bool, bytes]
"""Whether the client speaks, and what."""


def converse(to: MapperRelay, turns: Sequence[Turn], cut: Callable[[bytes], Sequence[bytes]]) -> Talk:
    """Feed ``turns``, each in the pieces that ``cut`` makes; the bound on memory is checked after each."""
    server, client = bytearray(), bytearray()
    error = None
    try:
        for speaks, data in turns:
            for piece in cut(data):
                crossing = (to.from_client if speaks else to.from_server)(piece)
                server += crossing.to_server
                client += crossing.to_client
                assert to.buffered <= 65_536, f"{to.buffered} bytes held"
    except Broken as end:
        server += end.last.to_server
        client += end.last.to_client
        error = (end.what, end.where)
    counters = to.counters
    return Talk(bytes(server), bytes(client), error, (counters.mapped, counters.hidden, counters.refused))


def assert_cut_invariant(make: Callable[[], MapperRelay], turns: Sequence[Turn], cuts: Sequence[int]) -> Talk:
    """Whole, byte by byte and cut at ``cuts``: the same octets on both sides, and the same end."""
    whole = converse(make(), turns, lambda data: [data])
    assert converse(make(), turns, lambda data: [bytes((octet,)) for octet in data]) == whole
    assert converse(make(), turns, lambda data: pieces(data, cuts)) == whole
    return whole
