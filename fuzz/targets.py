"""What has to hold for every input: only :class:`WireError` comes out, memory is bounded, and what we send on can be read."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs

from exproxy.wire.epm import MapRequest, MapResponse, Tower
from exproxy.wire.epmrelay import Broken, Counters, MapperRelay, Place, Protected
from exproxy.wire.epmrelay.enquiry import Enquiry
from exproxy.wire.epmrelay.rewriting import Rewriter
from exproxy.wire.eptlookup import OPNUM_LOOKUP, FreeRequest, FreeResponse, LookupRequest, LookupResponse
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.association import Bind, BindAck, BindNak
from exproxy.wire.rpc.call import Fault, Reassembler, Request, Response
from exproxy.wire.rpc.ndr import ByteOrder
from exproxy.wire.rpc.pdu import HEADER_SIZE, PduReader, PduType
from exproxy.wire.rpc.syntax import Syntax
from fuzz.web import requests, responses

T = TypeVar("T")
MOST = 65_536
"""Bytes that one session may hold."""


@attrs.frozen
class Evens:
    """A directory that hides what is at odd ports, and keeps short towers of other protocols."""

    def place(self, interface: Syntax, protocol: int, port: int) -> Place | None:
        return None if port % 2 else Place("192.0.2.9" if port % 4 else None, port ^ 0xFFFF)

    def keeps(self, tower: Tower) -> bool:
        return len(tower.floors) < 5


_BODIES = {
    PduType.BIND: Bind.decode,
    PduType.ALTER_CONTEXT: Bind.decode,
    PduType.BIND_ACK: BindAck.decode,
    PduType.ALTER_CONTEXT_RESPONSE: BindAck.decode,
    PduType.BIND_NAK: BindNak.decode,
    PduType.REQUEST: Request.decode,
    PduType.RESPONSE: Response.decode,
    PduType.FAULT: Fault.decode,
}


def pdus(data: bytes) -> None:
    """A stream of PDUs, each decoded by its type, and calls joined."""
    reader, calls = PduReader(), Reassembler()
    reader.push(data)
    try:
        while (pdu := reader.next()) is not None:
            if pdu.type in _BODIES:
                _quietly(_BODIES[pdu.type], pdu)
            if pdu.type in (PduType.REQUEST, PduType.RESPONSE, PduType.FAULT):
                _quietly(calls.add, pdu)
            assert calls.buffered <= calls.limit, f"{calls.buffered} bytes of stubs held"
    except WireError:
        return
    assert reader.buffered <= reader.limit, f"{reader.buffered} bytes held"


def stubs(data: bytes) -> None:
    """The first octet says which structure and which byte order the rest is in; what is decoded is encoded to the same again."""
    if not data:
        return
    order: ByteOrder = "big" if data[0] & 0x80 else "little"
    kind, stub = _STUBS[data[0] % len(_STUBS)], data[1:]
    _quietly(lambda stub: kind(stub, order), stub)


def relay(data: bytes) -> None:
    """A conversation as :func:`turns` reads it: whole and cut in the middle it comes to the same."""
    protected = Protected.PASS if data[:1] == b"p" else Protected.REFUSE
    said = turns(data[1:])
    whole = _converse(protected, said, 1)
    halves = _converse(protected, said, 2)
    assert whole == halves, f"cut in two: {halves}\nwhole: {whole}"
    for way in whole[:2]:
        reader = PduReader()
        reader.feed(way)
        assert not reader.buffered, "we sent a fragment that is not whole"


def turns(data: bytes) -> list[tuple[bool, bytes]]:
    """Whether the client speaks, and what: an octet (odd: the client), a length of two, and so many octets.

    The octet's second bit puts the ``frag_length`` of the PDU right, so that what is inserted into it stays one PDU.
    """
    said = []
    while len(data) >= 3:
        end = 3 + int.from_bytes(data[1:3], "little")
        octets = data[3:end]
        if data[0] & 2 and len(octets) >= HEADER_SIZE:
            octets = octets[:8] + len(octets).to_bytes(2, "little" if octets[4] else "big") + octets[10:]
        said.append((bool(data[0] & 1), octets))
        data = data[end:]
    return said


def _converse(protected: Protected, said: Sequence[tuple[bool, bytes]], parts: int) -> tuple[bytes, bytes, str]:
    """What went to the server and to the client, and how it ended."""
    between = MapperRelay(Evens(), protected)
    server, client = bytearray(), bytearray()
    try:
        for speaks, octets in said:
            step = len(octets) // parts + 1
            for start in range(0, len(octets), step):
                crossing = (between.from_client if speaks else between.from_server)(octets[start : start + step])
                server += crossing.to_server
                client += crossing.to_client
                assert between.buffered <= MOST, f"{between.buffered} bytes held"
    except Broken as end:
        assert end.what, "an error says what is wrong"
        assert end.where, "and where"
        return bytes(server + end.last.to_server), bytes(client + end.last.to_client), str(end)
    return bytes(server), bytes(client), ""


def _quietly(read: Callable[[T], object], data: T) -> None:
    try:
        read(data)
    except WireError as error:
        assert error.what, "an error says what is wrong"
        assert error.where, "and where"


def _tower(stub: bytes, _order: ByteOrder) -> None:
    tower = Tower.decode(stub)
    assert Tower.decode(tower.encode()) == tower
    for each in (tower.interface, tower.transfer, tower.port, tower.http_port, tower.address):
        str(each)


def _map_request(stub: bytes, order: ByteOrder) -> None:
    asked = MapRequest.decode(stub, order)
    assert MapRequest.decode(asked.encode(order), order) == asked


def _map_response(stub: bytes, order: ByteOrder) -> None:
    told = Rewriter(Evens(), Counters()).map(stub, order)
    answer = MapResponse.decode(told, order)
    assert answer.encode(int.from_bytes(told[24:28], order), order) == told


def _lookup_request(stub: bytes, order: ByteOrder) -> None:
    [pdu] = PduReader().feed(Request(0, OPNUM_LOOKUP, stub, order=order).encode(1, fragment=MOST // 2))
    enquiry = Enquiry.of(pdu)
    asked = LookupRequest.decode(stub, order)
    assert enquiry is not None, "what can be read can be asked"
    assert len(enquiry.question) == len(pdu.raw)
    assert (enquiry.wanted, enquiry.fresh) == (asked.max_ents, asked.handle == bytes(20))
    assert LookupRequest.decode(asked.encode(order), order) == asked


def _lookup_response(stub: bytes, order: ByteOrder) -> None:
    found = Rewriter(Evens(), Counters()).lookup(stub, order)
    told = found.answer.encode(500, order)
    assert LookupResponse.decode(told, order) == found.answer
    assert len(told) <= found.size + 50


def _free(stub: bytes, order: ByteOrder) -> None:
    asked = FreeRequest.decode(stub, order)
    assert FreeRequest.decode(asked.encode(order), order) == asked
    told = FreeResponse.decode(stub, order)
    assert FreeResponse.decode(told.encode(order), order) == told


_STUBS = (_tower, _map_request, _map_response, _lookup_request, _lookup_response, _free)
TARGETS: dict[str, Callable[[bytes], None]] = {
    "pdus": pdus,
    "stubs": stubs,
    "relay": relay,
    "requests": requests,
    "responses": responses,
}
