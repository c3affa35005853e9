"""Valid inputs of each target, in both byte orders, made by the code that writes them."""

from collections.abc import Callable, Iterator
from typing import get_args

import attrs

from exproxy.wire.epm import HTTP, MapRequest, MapResponse, Tower, tower
from exproxy.wire.eptlookup import OPNUM_LOOKUP, Entry, FreeRequest, FreeResponse, LookupRequest, LookupResponse
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI, RFRI
from exproxy.wire.rpc.association import Bind, BindNak, Context, answer_bind
from exproxy.wire.rpc.call import Fault, Request, Response
from exproxy.wire.rpc.ndr import ByteOrder
from exproxy.wire.rpc.pdu import Auth, PduReader, PduType, encode_pdu
from exproxy.wire.rpc.syntax import NDR64, bind_time_features

ORDERS: tuple[ByteOrder, ...] = get_args(ByteOrder)
EMSMDB_TOWER = tower(EMSMDB.syntax, 6002, "10.0.0.15")
NSPI_TOWER = tower(NSPI.syntax, 6005, "10.0.0.15")
HTTP_TOWER = tower(RFRI.syntax, 6004, "10.0.0.15", protocol=HTTP)
PIPE_TOWER = Tower((*EMSMDB_TOWER.floors[:3], attrs.evolve(EMSMDB_TOWER.floors[3], protocol=0x0F, right=b"\\pipe\\x\0")))
TOWERS = (EMSMDB_TOWER, NSPI_TOWER, HTTP_TOWER, PIPE_TOWER)
ENTRIES = (Entry(EMSMDB_TOWER, "emsmdb", EMSMDB.uuid), Entry(NSPI_TOWER), Entry(None, "nowhere"), Entry(HTTP_TOWER, "http"))
LIVE = b"\0\0\0\0sixteen octets!!"
WINDOWS = (
    Context(0, EPM.syntax),
    Context(1, EPM.syntax, (NDR64,)),
    Context(2, EPM.syntax, (bind_time_features(3),)),
    Context(3, RFRI.syntax),
)
SECRET = Auth(10, 6, 0, bytes(16))


def pdus() -> Iterator[bytes]:
    for order in ORDERS:
        for auth in (None, SECRET):
            yield _bind(order, auth) + _ack(_bind(order))
            yield b"".join(encode_pdu(kind, 1, bytes(24), order=order, auth=auth) for kind in PduType)
        yield BindNak(4, ((5, 0), (5, 1))).encode(1, order=order) + Fault(0, 5, order).encode(2)
        yield _ask_map(order, fragment=60) + _tell_map(order, fragment=80)


def stubs() -> Iterator[bytes]:
    for order in ORDERS:
        parts = (
            [each.encode() for each in TOWERS],
            [MapRequest(EMSMDB_TOWER).encode(order), MapRequest(HTTP_TOWER, NSPI.uuid).encode(order)],
            [MapResponse(TOWERS).encode(16, order), MapResponse((), 0x16C9A0D6).encode(4, order)],
            [LookupRequest().encode(order), LookupRequest(3, NSPI.uuid, NSPI.syntax, 5, LIVE, 16).encode(order)],
            [LookupResponse(ENTRIES, 0, LIVE).encode(500, order), LookupResponse(()).encode(4, order)],
            [FreeRequest(LIVE).encode(order), FreeResponse().encode(order)],
        )
        for number, octets in enumerate(parts):
            kind = number if order == "little" else _big(number, len(parts))
            yield from (bytes((kind,)) + stub for stub in octets)


def relay() -> Iterator[bytes]:
    """Conversations; the first octet says whether protected calls pass."""
    for order in ORDERS:
        bound = _client(_bind(order)) + _server(_ack(_bind(order)))
        yield b"r" + bound + _client(_ask_map(order)) + _server(_tell_map(order))
        yield b"r" + bound + _client(_ask_map(order, fragment=60)) + _server(_tell_map(order, fragment=80))
        yield b"r" + bound + _client(_ask_lookup(order)) + _server(_tell_lookup(order, fragment=120))
        yield b"r" + bound + _client(_ask_map(order) + _ask_lookup(order, 3)) + _server(_tell_lookup(order, 3) + _tell_map(order))
        for way in (b"r", b"p"):
            yield way + bound + _client(_signed(_ask_map(order))) + _server(_signed(_tell_map(order)))
        half, *_ = PduReader().feed(_ask_map(order, fragment=60))
        gone = b"".join(encode_pdu(kind, 2, b"", order=order) for kind in (PduType.CO_CANCEL, PduType.ORPHANED, PduType.AUTH3))
        yield b"r" + bound + _client(_signed(half.raw) + gone) + _server(Fault(0, 5, order).encode(2))
        more = Bind((Context(9, RFRI.syntax),), kind=PduType.ALTER_CONTEXT).encode(7, order=order)
        yield b"r" + bound + _client(more) + _server(_ack(more)) + _client(Request(9, 3, b"stub", order=order).encode(8))
        yield (
            b"r"
            + bound
            + _client(_ask_map(order) + encode_pdu(PduType.ORPHANED, 2, b"", order=order))
            + _server(_tell_map(order))
        )
        yield b"r" + bound + _client(_ask_map(order)) + _server(Fault(0, 5, order).encode(2))
        yield b"r" + _client(_bind(order)) + _server(BindNak(0).encode(1, order=order))


def requests() -> Iterator[bytes]:
    get = b"GET /owa/?a=b HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"
    yield get + get
    for lines in (
        b"Content-Length: 5\r\n\r\nhello",
        b"content-length:  005\t\r\nConnection: close, X-Y\r\nX-Y: z\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b'Transfer-Encoding:Chunked\r\nTE: trailers\r\n\r\n5;a=b;c="d"\r\nhello\r\n0;x\r\nX-Sum: y\r\n\r\n',
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        b"X-Forwarded-For: 1\r\nContent_Length: 5\r\nCookie: a=b\r\nCookie: c=d\r\nContent-Length: 0\r\n\r\n",
    ):
        yield b"POST /ews HTTP/1.1\r\nHost: a:443\r\n" + lines + get
    yield b"GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n\r\n" + get
    yield b"RPC_IN_DATA /rpc/rpcproxy.dll?ex1:6002 HTTP/1.1\r\nHost: [::1]:443\r\nContent-Length: 3\r\n\r\nabc"
    yield b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"


def responses() -> Iterator[bytes]:
    for asked in range(4):
        for answer in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nX: y\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: X\r\nX: y\r\n\r\n",
            b"HTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00",
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nuntil the end",
        ):
            yield bytes((asked,)) + answer


def _big(number: int, kinds: int) -> int:
    """An octet that says the same structure with the bit for big-endian."""
    return next(octet for octet in range(0x80, 0x100) if octet % kinds == number)


def _turns(side: int, octets: bytes) -> bytes:
    """Each PDU a turn whose length is put right."""
    fragments = [pdu.raw for pdu in PduReader().feed(octets)]
    return b"".join(bytes((side | 2,)) + len(raw).to_bytes(2, "little") + raw for raw in fragments)


def _client(octets: bytes) -> bytes:
    return _turns(1, octets)


def _server(octets: bytes) -> bytes:
    return _turns(0, octets)


def _bind(order: ByteOrder, auth: Auth | None = None) -> bytes:
    return Bind(WINDOWS).encode(1, order=order, auth=auth)


def _ack(data: bytes) -> bytes:
    [pdu] = PduReader().feed(data)
    bind = Bind.decode(pdu)
    return answer_bind(bind, (EPM.syntax, RFRI.syntax), secondary="135", group=7, features=3).encode(pdu.call_id, order=pdu.order)


def _ask_map(order: ByteOrder, call_id: int = 2, fragment: int = 5840) -> bytes:
    return Request(0, 3, MapRequest(EMSMDB_TOWER).encode(order), order=order).encode(call_id, fragment=fragment)


def _tell_map(order: ByteOrder, call_id: int = 2, fragment: int = 5840) -> bytes:
    return Response(0, MapResponse(TOWERS).encode(4, order), order).encode(call_id, fragment=fragment)


def _ask_lookup(order: ByteOrder, call_id: int = 2) -> bytes:
    return Request(0, OPNUM_LOOKUP, LookupRequest().encode(order), order=order).encode(call_id)


def _tell_lookup(order: ByteOrder, call_id: int = 2, fragment: int = 5840) -> bytes:
    return Response(0, LookupResponse(ENTRIES, 0, LIVE).encode(500, order), order).encode(call_id, fragment=fragment)


def _signed(data: bytes) -> bytes:
    [pdu] = PduReader().feed(data)
    return encode_pdu(pdu.type, pdu.call_id, pdu.body, flags=pdu.flags, order=pdu.order, auth=SECRET)


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "pdus": pdus,
    "stubs": stubs,
    "relay": relay,
    "requests": requests,
    "responses": responses,
}
