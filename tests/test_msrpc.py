"""The annotated octets of docs/msrpc.md are true: they stand where they say, and mean what they say."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epm import NO_HANDLE, OPNUM_MAP, MapRequest, MapResponse, tower
from exproxy.wire.interfaces import EPM, NSPI
from exproxy.wire.rpc.association import Bind, BindAck
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader
from exproxy.wire.rpc.syntax import NDR

PAGE = Path(__file__).resolve().parent.parent / "docs" / "msrpc.md"
_LINE = re.compile(r" {4} *(?P<at>\d+)  (?P<octets>[0-9a-f]{2}(?: [0-9a-f]{2})*) {2,}(?P<meaning>\S.*)")
_NUMBER = re.compile(
    r"(?:PDU type|frag_length|auth_length|call_id|max_xmit_frag|max_recv_frag|alloc_hint|context|opnum|num_towers|max_towers"
    r"|tower_length|major version|minor version|floor \d, left side:|right side:|secondary address:|elements:|from|cancel_count) "
    r"(\d+)(?:\D.*)?"
)
_SERVERS = re.compile(r"\[([0-9a-f]{2}(?: [0-9a-f]{2})*) from the server")


def tables() -> list[list[tuple[int, bytes, str]]]:
    """Each table's lines: offset, octets, meaning."""
    found: list[list[tuple[int, bytes, str]]] = []
    for match in filter(None, map(_LINE.fullmatch, PAGE.read_text().splitlines())):
        if match["at"] == "0":
            found.append([])
        found[-1].append((int(match["at"]), bytes.fromhex(match["octets"]), match["meaning"]))
    return found


def servers(octets: bytes, meaning: str) -> bytes:
    """What the server had sent in a line."""
    match = _SERVERS.search(meaning)
    return octets if match is None else bytes.fromhex(match[1])


class ExchangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.tables = tables()
        self.bind, self.ack, self.request, self.response = (
            self.pdu(b"".join(octets for _, octets, _ in table)) for table in self.tables
        )

    def pdu(self, octets: bytes) -> Pdu:
        [pdu] = PduReader().feed(octets)
        return pdu

    def test_each_line_stands_where_the_last_one_ends(self) -> None:
        for table in self.tables:
            end = 0
            for at, octets, meaning in table:
                self.assertEqual(at, end, meaning)
                end += len(octets)

    def test_the_lengths_are_those_that_are_told(self) -> None:
        for table, pdu in zip(self.tables, (self.bind, self.ack, self.request, self.response), strict=True):
            self.assertIn((8, pdu.raw[8:10], f"frag_length {len(pdu.raw)}"), table)
            self.assertIn((2, pdu.raw[2:3], f"PDU type {pdu.type:d}: {pdu.name}"), table)

    def test_the_bind_is_what_it_is_said_to_be(self) -> None:
        bind = Bind.decode(self.bind)
        [context] = bind.contexts
        self.assertEqual((context.id, context.abstract, context.transfers), (0, EPM.syntax, (NDR,)))
        self.assertEqual((bind.max_transmit, bind.max_receive, bind.group, self.bind.call_id), (4280, 4280, 0, 1))

    def test_the_bind_ack_is_what_it_is_said_to_be(self) -> None:
        ack = BindAck.decode(self.ack)
        [result] = ack.results
        self.assertEqual((result.accepted, result.transfer, ack.secondary), (True, NDR, "135"))

    def test_the_request_is_what_it_is_said_to_be(self) -> None:
        request = Request.decode(self.request)
        asked = MapRequest.decode(request.stub, request.order)
        self.assertEqual((request.context, request.opnum), (0, OPNUM_MAP))
        self.assertEqual((asked.tower, asked.handle, asked.max_towers), (tower(NSPI.syntax, 0), NO_HANDLE, 4))

    def test_the_response_has_our_address_and_port(self) -> None:
        response = Response.decode(self.response)
        expected = MapResponse((tower(NSPI.syntax, 59532, "127.0.0.9"),))
        self.assertEqual(MapResponse.decode(response.stub, response.order), expected)
        self.assertEqual(Response(0, expected.encode(4)).encode(1), self.response.raw, "it is what we write")

    def test_the_server_had_sent_its_own(self) -> None:
        octets = b"".join(servers(octets, meaning) for _, octets, meaning in self.tables[3])
        response = Response.decode(self.pdu(octets))
        told = MapResponse.decode(response.stub, response.order)
        self.assertEqual(told, MapResponse((tower(NSPI.syntax, 6006, "127.0.0.15"),)))

    def test_every_uuid_in_words_is_the_one_in_octets(self) -> None:
        known = {f"{name}, {uuid}": uuid.bytes_le for name, uuid in (("epm", EPM.uuid), ("nspi", NSPI.uuid), ("NDR", NDR.uuid))}
        told = [(meaning, octets) for meaning, octets in self.lines() if len(octets) == 16 and meaning.count("-") == 4]
        self.assertEqual([(meaning, known[meaning]) for meaning, _ in told], told)

    def test_every_number_in_words_is_the_one_in_octets(self) -> None:
        numbered = [(_NUMBER.fullmatch(meaning), octets) for meaning, octets in self.lines()]
        told = [(int(match[1]), int.from_bytes(octets, "little")) for match, octets in numbered if match]
        self.assertGreater(len(told), 30)
        self.assertEqual([word for word, _ in told], [octets for _, octets in told])

    def lines(self) -> list[tuple[str, bytes]]:
        return [(meaning, octets) for table in self.tables for _, octets, meaning in table]
