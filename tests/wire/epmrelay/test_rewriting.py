from typing import get_args

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epm import HTTP, NO_HANDLE, NOT_REGISTERED, TCP, Floor, MapResponse, Tower, tower
from exproxy.wire.epmrelay.enquiry import Found
from exproxy.wire.epmrelay.relay import Counters
from exproxy.wire.epmrelay.rewriting import Rewriter, declared
from exproxy.wire.eptlookup import Entry, LookupResponse
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB
from exproxy.wire.rpc.ndr import ByteOrder, NdrWriter
from exproxy.wire.rpc.syntax import Syntax
from tests.wire.epmrelay.talking import EMSMDB_TOWER, HTTP_TOWER, NSPI_TOWER, OURS, PIPE_TOWER, SERVER, Map

LIVE = b"h" * 20
UNKNOWN_FLOOR = Floor(0x77, b"l", b"right")


def rewriter(*, keeping: bool = False) -> Rewriter:
    return Rewriter(Map(keeping), Counters())


def mapped(*towers: Tower, keeping: bool = False, status: int = 0, handle: bytes = NO_HANDLE) -> MapResponse:
    stub = MapResponse(towers, status, handle).encode(4)
    return MapResponse.decode(rewriter(keeping=keeping).map(stub, "little"), "little")


def looked_up(*entries: Entry) -> Found:
    return rewriter().lookup(LookupResponse(entries, 7, LIVE).encode(100), "little")


class TowerTests(SynchronousTestCase):
    def test_tcp_gets_our_port_and_address(self) -> None:
        self.assertEqual(mapped(EMSMDB_TOWER).towers, (tower(EMSMDB.syntax, 59531, OURS),))

    def test_http_gets_our_port_and_keeps_an_address_that_we_do_not_give(self) -> None:
        self.assertEqual(mapped(HTTP_TOWER).towers, (tower(EMSMDB.syntax, 6001, SERVER, protocol=HTTP),))

    def test_the_directory_is_asked_with_what_the_tower_says(self) -> None:
        directory = Map()
        Rewriter(directory, Counters()).map(MapResponse((EMSMDB_TOWER, HTTP_TOWER)).encode(4), "little")
        self.assertEqual(directory.asked, [(EMSMDB.syntax, TCP, 6001), (EMSMDB.syntax, HTTP, 6004)])

    def test_other_floors_stay(self) -> None:
        more = attrs.evolve(EMSMDB_TOWER, floors=(*EMSMDB_TOWER.floors, UNKNOWN_FLOOR))
        [told] = mapped(more).towers
        self.assertEqual((told.floors[:3], told.floors[5]), (more.floors[:3], UNKNOWN_FLOOR))

    def test_a_tower_without_an_address_gets_none(self) -> None:
        [told] = mapped(Tower(EMSMDB_TOWER.floors[:4])).towers
        self.assertEqual((told.port, len(told.floors)), (59531, 4))

    def test_other_protocols_are_the_directorys_to_keep_or_to_hide(self) -> None:
        self.assertEqual(mapped(PIPE_TOWER, keeping=True).towers, (PIPE_TOWER,))
        self.assertEqual(mapped(PIPE_TOWER).towers, ())

    def test_a_port_of_which_nobody_knows_the_interface_is_hidden(self) -> None:
        nameless = Tower((Floor(0x0D, b"short"), *EMSMDB_TOWER.floors[1:]))
        self.assertEqual(mapped(nameless, keeping=True).towers, ())

    def test_a_port_that_is_none_is_hidden(self) -> None:
        odd = Tower((*EMSMDB_TOWER.floors[:3], Floor(TCP, right=b"\1\2\3"), EMSMDB_TOWER.floors[4]))
        self.assertEqual(mapped(odd, keeping=True).towers, ())

    def test_a_tower_without_floors_is_the_directorys(self) -> None:
        self.assertEqual(mapped(Tower(()), keeping=True).towers, (Tower(()),))


class MapTests(SynchronousTestCase):
    def test_the_declared_size_and_the_handle_stay(self) -> None:
        for order in ("little", "big"):
            way: ByteOrder = "little" if order == "little" else "big"
            stub = rewriter().map(MapResponse((EMSMDB_TOWER, NSPI_TOWER), 0, LIVE).encode(16, way), way)
            counts = [int.from_bytes(stub[at : at + 4], way) for at in (20, 24, 28, 32)]
            self.assertEqual((stub[:20], counts), (LIVE, [1, 16, 0, 1]))

    def test_the_status_of_a_failure_stays(self) -> None:
        self.assertEqual(mapped(status=5).status, 5)

    def test_no_tower_left_is_not_registered_and_keeps_the_handle(self) -> None:
        told = mapped(NSPI_TOWER, handle=LIVE)
        self.assertEqual((told.towers, told.status, told.handle), ((), NOT_REGISTERED, LIVE))

    def test_a_referent_that_repeats_is_the_same_tower_again(self) -> None:
        octets = EMSMDB_TOWER.encode()
        writer = NdrWriter()
        writer.octets(bytes(20))
        for value in (3, 4, 0, 3, 9, 0, 9, len(octets), len(octets)):
            writer.u32(value)
        writer.octets(octets)
        writer.u32(0)
        told = MapResponse.decode(rewriter().map(bytes(writer), "little"), "little")
        self.assertEqual(told.towers, (tower(EMSMDB.syntax, 59531, OURS),) * 2)

    def test_counts_that_lie_are_refused(self) -> None:
        stub = bytearray(MapResponse((EMSMDB_TOWER,)).encode(4))
        for at in (20, 28, 32, 40):
            broken = stub[:at] + b"\xff\xff\xff\xff" + stub[at + 4 :]
            self.assertRaises(WireError, rewriter().map, bytes(broken), "little")

    def test_cut_anywhere_it_is_refused(self) -> None:
        stub = MapResponse((EMSMDB_TOWER,)).encode(4)
        for end in range(len(stub)):
            self.assertRaises(WireError, rewriter().map, stub[:end], "little")


class LookupTests(SynchronousTestCase):
    def test_entries_keep_object_and_annotation(self) -> None:
        subject = Syntax(EMSMDB.uuid, 1).uuid
        told = looked_up(Entry(EMSMDB_TOWER, "Exchange", subject), Entry(NSPI_TOWER, "hidden")).answer
        self.assertEqual(told.entries, (Entry(tower(EMSMDB.syntax, 59531, OURS), "Exchange", subject),))
        self.assertEqual((told.status, told.handle), (7, LIVE))

    def test_a_null_tower_is_kept(self) -> None:
        self.assertEqual(looked_up(Entry(None, "nowhere")).answer.entries, (Entry(None, "nowhere"),))

    def test_hidden_entries_are_counted(self) -> None:
        counters = Counters()
        stub = LookupResponse((Entry(NSPI_TOWER), Entry(PIPE_TOWER), Entry(EMSMDB_TOWER))).encode(100)
        self.assertEqual(Rewriter(Map(), counters).lookup(stub, "little").hidden, 2)
        self.assertEqual(counters.hidden, 2)

    def test_they_are_measured(self) -> None:
        entries = (Entry(EMSMDB_TOWER, "x" * 63), Entry(NSPI_TOWER, "hidden"), Entry(None, "nowhere"))
        found = looked_up(*entries)
        empty = len(LookupResponse(()).encode(100))
        written = len(found.answer.encode(100)) - empty
        self.assertTrue(written <= found.size <= written + 80, f"{written} and not {found.size}")

    def test_the_declared_size_is_what_was_asked_for(self) -> None:
        for way in get_args(ByteOrder):
            self.assertEqual(declared(LookupResponse((Entry(NSPI_TOWER),)).encode(77, way), way), 77)
