import attrs
from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import epm, rpcrt
from impacket.uuid import uuidtup_to_bin
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.crossing import Crossing
from exproxy.wire.epm import NOT_REGISTERED, tower
from exproxy.wire.epmrelay import MapperRelay, Protected
from exproxy.wire.epmrelay.bounds import ANSWERS, CALLS, CONTEXTS, ENTRIES, ROUNDS
from exproxy.wire.epmrelay.contexts import NOBODYS
from exproxy.wire.epmrelay.rewriting import declared
from exproxy.wire.eptlookup import OPNUM_LOOKUP, Entry, LookupRequest, LookupResponse
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI
from exproxy.wire.rpc.association import Bind, BindNak, Context
from exproxy.wire.rpc.call import Fault, Request, Response
from exproxy.wire.rpc.ndr import ByteOrder
from exproxy.wire.rpc.pdu import Auth, Flags, PduType, encode_pdu
from exproxy.wire.rpc.syntax import NDR
from tests.wire.epmrelay.talking import (
    EMSMDB_TOWER,
    MGMT,
    NSPI_TOWER,
    OURS,
    SERVER,
    WINDOWS,
    Map,
    Turn,
    ack,
    ask_map,
    assert_cut_invariant,
    bind,
    bound,
    broken,
    joined,
    looked_up,
    mapped,
    pdus,
    relay,
    results,
    tell_lookup,
    tell_map,
)
from tests.wire.rpc import captured

ORDERS: tuple[ByteOrder, ...] = ("little", "big")
ORPHANED = PduType.ORPHANED
LIVE = b"\0" * 4 + b"h" * 16
TWO_INTERFACES = (Context(0, EPM.syntax), Context(1, MGMT))


def signed(data: bytes, level: int) -> bytes:
    """The one PDU in ``data`` with a trailer of this level."""
    [pdu] = pdus(data)
    auth = Auth(10, level, 0, bytes(16))
    return encode_pdu(pdu.type, pdu.call_id, pdu.body, flags=pdu.flags, order=pdu.order, auth=auth)


def ask_lookup(call_id: int = 2, *, order: ByteOrder = "little", max_ents: int = 500, handle: bytes = bytes(20)) -> bytes:
    return Request(0, OPNUM_LOOKUP, LookupRequest(handle=handle, max_ents=max_ents).encode(order), order=order).encode(call_id)


def entries(count: int, name: str = "service") -> list[Entry]:
    return [Entry(tower(EMSMDB.syntax, 6000 + number, SERVER), f"{name} {number}") for number in range(count)]


class CapturedTests(SynchronousTestCase):
    """What a client and Samba said, with us between them."""

    def test_a_client_learns_our_place_instead_of_the_servers(self) -> None:
        @attrs.frozen
        class Everything(Map):
            def place(self, interface, protocol, port):  # type: ignore[no-untyped-def] # as Map's
                return attrs.evolve(Map().place(EMSMDB.syntax, protocol, port), port=port + 1)

        to = MapperRelay(Everything(), Protected.REFUSE)
        to.from_client(captured.BIND_THREE)
        self.assertEqual(to.from_server(captured.BIND_THREE_ACK).to_client, captured.BIND_THREE_ACK)
        self.assertEqual(to.from_client(captured.MAP_REQUEST).to_server, captured.MAP_REQUEST)
        told = to.from_server(captured.MAP_RESPONSE)
        ours = captured.MAP_RESPONSE.replace(b"\xc0\x64", b"\xc0\x65").replace(b"\x7f\0\0\4", b"\xc0\0\2\x09")
        self.assertEqual((told.to_client, told.to_server), (ours, b""))
        self.assertEqual(to.buffered, 0)

    def test_an_answer_without_a_tower_passes_as_it_is(self) -> None:
        to = bound(relay())
        to.from_client(captured.MAP_REQUEST)
        self.assertEqual(to.from_server(captured.MAP_NOTHING).to_client, captured.MAP_NOTHING)

    def test_an_alter_context_that_is_refused_passes(self) -> None:
        to = bound(relay())
        data = bind(Context(1, EMSMDB.syntax), call_id=8, kind=PduType.ALTER_CONTEXT)
        self.assertEqual(to.from_client(data).to_server, data)
        self.assertEqual(to.from_server(captured.ALTER_REFUSED).to_client, captured.ALTER_REFUSED)

    def test_a_fault_passes(self) -> None:
        to = bound(relay())
        to.from_client(ask_map(3))
        self.assertEqual(to.from_server(captured.OPNUM_FAULT).to_client, captured.OPNUM_FAULT)
        self.assertIn("never begun", broken(to.from_server, tell_map(call_id=3)).what)


class WindowsTests(SynchronousTestCase):
    """Three contexts in one bind: NDR, NDR64, bind time features."""

    def test_ndr64_is_offered_under_a_name_that_no_server_knows(self) -> None:
        sent = relay().from_client(bind(*WINDOWS)).to_server
        [pdu] = pdus(sent)
        offered = Bind.decode(pdu).contexts
        self.assertEqual([each.transfers for each in offered], [(NDR,), (NOBODYS,), WINDOWS[2].transfers])
        self.assertEqual(len(sent), len(bind(*WINDOWS)))

    def test_the_answer_is_the_one_of_a_server_without_ndr64(self) -> None:
        to = relay()
        told = to.from_server(ack(to.from_client(bind(*WINDOWS)).to_server)).to_client
        self.assertEqual(results(told), [(0, 0), (2, 2), (3, 3)])

    def test_a_call_in_the_first_context_is_rewritten(self) -> None:
        to = bound(relay(), *WINDOWS)
        to.from_client(ask_map())
        [told] = mapped(to.from_server(tell_map(EMSMDB_TOWER)).to_client).towers
        self.assertEqual((told.port, told.address), (59531, OURS))


class RewritingTests(SynchronousTestCase):
    def test_each_pdu_may_have_its_own_byte_order(self) -> None:
        for asking in ORDERS:
            for telling in ORDERS:
                to = bound(relay(), order=asking)
                asked = ask_map(order=asking)
                self.assertEqual(to.from_client(asked).to_server, asked)
                answer = to.from_server(tell_map(EMSMDB_TOWER, order=telling)).to_client
                [pdu] = pdus(answer)
                self.assertEqual(pdu.order, telling)
                self.assertEqual([each.port for each in mapped(answer).towers], [59531])

    def test_hidden_towers_are_taken_out_and_counted(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        told = mapped(to.from_server(tell_map(NSPI_TOWER, EMSMDB_TOWER)).to_client)
        self.assertEqual([each.port for each in told.towers], [59531])
        self.assertEqual((to.counters.mapped, to.counters.hidden), (1, 1))

    def test_with_no_tower_left_the_interface_is_not_registered(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        told = mapped(to.from_server(tell_map(NSPI_TOWER)).to_client)
        self.assertEqual((told.towers, told.status), ((), NOT_REGISTERED))

    def test_an_answer_in_fragments_is_joined_and_cut_for_the_client(self) -> None:
        to = relay()
        small = Bind((Context(0, EPM.syntax),), max_receive=1500).encode(1)
        to.from_server(ack(to.from_client(small).to_server))
        to.from_client(ask_lookup())
        said = tell_lookup(*entries(60), fragment=4000)
        self.assertGreater(len(pdus(said)), 1)
        told = pdus(to.from_server(said).to_client)
        self.assertTrue(all(len(pdu.raw) <= 1500 and pdu.call_id == 2 for pdu in told))
        self.assertGreater(len(told), len(pdus(said)))
        self.assertEqual([pdu.first for pdu in told], [True] + [False] * (len(told) - 1))
        answer = looked_up(b"".join(pdu.raw for pdu in told))
        self.assertEqual({each.tower.port for each in answer.entries if each.tower}, {59531})
        self.assertEqual(to.buffered, 0)

    def test_nothing_goes_to_the_client_before_the_answer_is_whole(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        first, *more = pdus(tell_map(EMSMDB_TOWER, fragment=80))
        self.assertEqual(to.from_server(first.raw).to_client, b"")
        self.assertGreater(to.buffered, 0)
        self.assertEqual(len(mapped(to.from_server(b"".join(pdu.raw for pdu in more)).to_client).towers), 1)

    def test_answers_may_mix(self) -> None:
        to = bound(relay())
        to.from_client(ask_map(2) + ask_map(3))
        two, three = (pdus(tell_map(EMSMDB_TOWER, call_id=number, fragment=80)) for number in (2, 3))
        mixed = b"".join(b.raw + a.raw for a, b in zip(two, three, strict=True))
        told = [pdu.call_id for pdu in pdus(to.from_server(mixed).to_client)]
        self.assertEqual(told, [3, 2])

    def test_a_lookup_asks_for_no_more_than_can_be_held(self) -> None:
        for order in ORDERS:
            to = bound(relay())
            sent = joined(to.from_client(ask_lookup(order=order)).to_server)
            assert isinstance(sent, Request)
            self.assertEqual(LookupRequest.decode(sent.stub, sent.order), LookupRequest(max_ents=ENTRIES))

    def test_a_lookup_that_asks_for_less_passes_as_it_is(self) -> None:
        asked = ask_lookup(max_ents=ENTRIES)
        self.assertEqual(bound(relay()).from_client(asked).to_server, asked)

    def test_a_lookup_is_declared_to_be_as_large_as_its_client_asked_for(self) -> None:
        """Samba's clients take another size for an overrun."""
        for wanted in (3, 100, 500, 2**32 - 1):
            to = bound(relay())
            to.from_client(ask_lookup(max_ents=wanted))
            answer = joined(to.from_server(tell_lookup(*entries(2), asked=min(wanted, ENTRIES))).to_client)
            assert isinstance(answer, Response)
            self.assertEqual(declared(answer.stub, answer.order), wanted)

    def test_where_entries_are_hidden_the_server_is_asked_on_in_the_clients_place(self) -> None:
        for way in ORDERS:
            to = bound(relay(), order=way)
            to.from_client(ask_lookup(max_ents=10, order=way))
            hidden, [shown] = Entry(NSPI_TOWER, "nspi"), entries(1)
            asked = to.from_server(tell_lookup(hidden, shown, handle=LIVE, order=way))
            self.assertEqual(asked, Crossing(ask_lookup(max_ents=9, order=way, handle=LIVE)))
            self.assertGreater(to.buffered, 0)
            last = to.from_server(tell_lookup(shown, hidden, status=NOT_REGISTERED, order=way))
            told = looked_up(last.to_client)
            self.assertEqual((len(told.entries), told.status, told.handle), (2, NOT_REGISTERED, bytes(20)))
            self.assertEqual((last.to_server, to.buffered, to.counters.mapped, to.counters.hidden), (b"", 0, 1, 2))

    def test_a_fault_ends_that(self) -> None:
        to = bound(relay())
        to.from_client(ask_lookup())
        to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"), handle=LIVE))
        self.assertEqual(to.from_server(Fault(0, 5).encode(2)), Crossing(b"", Fault(0, 5).encode(2)))
        self.assertEqual(to.buffered, 0)

    def test_one_lookup_at_a_time_is_asked_on(self) -> None:
        to = bound(relay())
        to.from_client(ask_lookup(2) + ask_lookup(3))
        hidden = Entry(NSPI_TOWER, "nspi")
        told = looked_up(to.from_server(tell_lookup(hidden, call_id=3, handle=LIVE)).to_client)
        self.assertEqual((told.entries, told.status, told.handle), ((), 0, LIVE))
        self.assertTrue(to.from_server(tell_lookup(hidden, call_id=2, handle=LIVE)).to_server)

    def test_a_lookup_that_was_given_up_is_not_asked_on(self) -> None:
        to = bound(relay())
        to.from_client(ask_lookup() + encode_pdu(ORPHANED, 2, b""))
        crossing = to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"), handle=LIVE))
        self.assertEqual((crossing.to_server, looked_up(crossing.to_client).handle), (b"", LIVE))

    def test_a_server_that_has_always_more_to_hide_is_left_at_last(self) -> None:
        to = bound(relay())
        to.from_client(ask_lookup())
        for _ in range(ROUNDS):
            crossing = to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"), handle=LIVE))
            self.assertLessEqual(to.buffered, 65_536)
        self.assertEqual((crossing.to_server, looked_up(crossing.to_client).handle), (b"", LIVE))

    def test_a_lookup_in_pieces_is_told_what_the_server_says(self) -> None:
        to = bound(relay())
        for pdu in pdus(Request(0, OPNUM_LOOKUP, LookupRequest(max_ents=7).encode()).encode(2, fragment=40)):
            to.from_client(pdu.raw)
        answer = joined(to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"), handle=LIVE, asked=7)).to_client)
        assert isinstance(answer, Response)
        self.assertEqual(
            (declared(answer.stub, answer.order), LookupResponse.decode(answer.stub, answer.order).handle), (7, LIVE)
        )

    def test_a_new_lookup_that_finds_nothing_for_us_found_nothing(self) -> None:
        to = bound(relay())
        to.from_client(ask_lookup())
        told = looked_up(to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"))).to_client)
        self.assertEqual((told.entries, told.status), ((), NOT_REGISTERED))

    def test_the_end_of_a_lookup_keeps_the_servers_status(self) -> None:
        to = bound(relay())
        to.from_client(ask_lookup(handle=LIVE))
        self.assertEqual(looked_up(to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"))).to_client).status, 0)

    def test_a_call_in_pieces_is_passed_on_as_it_comes(self) -> None:
        to = bound(relay())
        for pdu in pdus(ask_map(fragment=60)):
            self.assertEqual(to.from_client(pdu.raw).to_server, pdu.raw)
        self.assertEqual(len(mapped(to.from_server(tell_map(EMSMDB_TOWER)).to_client).towers), 1)

    def test_a_call_before_the_binds_answer_is_rewritten_too(self) -> None:
        to = relay()
        sent = to.from_client(bind() + ask_map()).to_server
        to.from_server(ack(pdus(sent)[0].raw))
        self.assertEqual([each.port for each in mapped(to.from_server(tell_map(EMSMDB_TOWER)).to_client).towers], [59531])

    def test_a_trailer_that_protects_nothing_stays(self) -> None:
        to = bound(relay())
        self.assertEqual(to.from_client(signed(ask_map(), 2)).to_server, signed(ask_map(), 2))
        [told] = pdus(to.from_server(signed(tell_map(EMSMDB_TOWER), 2)).to_client)
        self.assertEqual(told.auth, Auth(10, 2, 0, bytes(16)))
        self.assertEqual([each.port for each in mapped(told.raw).towers], [59531])


class PassingTests(SynchronousTestCase):
    """Byte for byte."""

    def test_calls_of_other_interfaces_pass(self) -> None:
        to = bound(relay(), *TWO_INTERFACES)
        asked = ask_map(context=1)
        self.assertEqual(to.from_client(asked).to_server, asked)
        answer = Response(1, b"anything").encode(2)
        self.assertEqual(to.from_server(answer).to_client, answer)

    def test_other_calls_of_the_mapper_pass(self) -> None:
        to = bound(relay())
        asked, answer = Request(0, 4, bytes(20)).encode(2), Response(0, bytes(24)).encode(2)
        self.assertEqual(to.from_client(asked).to_server, asked)
        self.assertEqual(to.from_server(answer).to_client, answer)

    def test_an_answer_in_fragments_passes_as_it_comes(self) -> None:
        to = bound(relay(), *TWO_INTERFACES)
        to.from_client(ask_map(context=1))
        for pdu in pdus(Response(1, bytes(300)).encode(2, fragment=100)):
            self.assertEqual(to.from_server(pdu.raw).to_client, pdu.raw)

    def test_an_added_interface_passes(self) -> None:
        to = bound(relay())
        data = bind(Context(1, MGMT), call_id=5, kind=PduType.ALTER_CONTEXT)
        self.assertEqual(to.from_client(data).to_server, data)
        answer = ack(data)
        self.assertEqual(to.from_server(answer).to_client, answer)

    def test_auth3_cancel_orphaned_and_shutdown_pass(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        for kind in (PduType.AUTH3, PduType.CO_CANCEL, ORPHANED):
            data = encode_pdu(kind, 2, b"", auth=Auth(10, 5, 0, b"token"))
            self.assertEqual(to.from_client(data).to_server, data)
        data = encode_pdu(PduType.SHUTDOWN, 0, b"")
        self.assertEqual(to.from_server(data).to_client, data)

    def test_the_trailer_of_a_bind_is_not_touched(self) -> None:
        data = Bind(WINDOWS).encode(1, auth=Auth(10, 6, 1, b"NTLMSSP\0" * 9))
        [pdu] = pdus(relay().from_client(data).to_server)
        self.assertEqual(pdu.auth, Auth(10, 6, 1, b"NTLMSSP\0" * 9))

    def test_a_bind_nak_passes(self) -> None:
        to = relay()
        to.from_client(bind())
        self.assertEqual(to.from_server(BindNak(1).encode(1)).to_client, BindNak(1).encode(1))

    def test_a_fault_for_a_failed_auth3_passes(self) -> None:
        to = bound(relay())
        to.from_client(encode_pdu(PduType.AUTH3, 1, b"pad ", auth=Auth(10, 5, 0, b"token")))
        self.assertEqual(to.from_server(Fault(0, 5).encode(1)).to_client, Fault(0, 5).encode(1))

    def test_an_answer_to_a_call_that_was_given_up_is_still_rewritten(self) -> None:
        to = bound(relay())
        to.from_client(ask_map() + encode_pdu(ORPHANED, 2, b""))
        self.assertEqual(len(mapped(to.from_server(tell_map(EMSMDB_TOWER)).to_client).towers), 1)

    def test_version_5_1_is_kept(self) -> None:
        to = relay()
        data = bytearray(bind())
        data[1] = 1
        self.assertEqual(to.from_client(bytes(data)).to_server, bytes(data))
        to.from_server(ack(bind()))
        to.from_client(ask_map())
        answer = bytearray(tell_map(EMSMDB_TOWER))
        answer[1] = 1
        self.assertEqual(to.from_server(bytes(answer)).to_client[:2], b"\5\1")


class ProtectedTests(SynchronousTestCase):
    def test_a_protected_call_is_refused_with_a_fault(self) -> None:
        for level in (3, 4, 5, 6):
            to = bound(relay())
            crossing = to.from_client(signed(ask_map(7), level))
            self.assertEqual((crossing.to_server, joined(crossing.to_client)), (b"", Fault(0, 5)))
            self.assertEqual((pdus(crossing.to_client)[0].call_id, to.counters.refused), (7, 1))

    def test_a_protected_lookup_too(self) -> None:
        crossing = bound(relay()).from_client(signed(ask_lookup(), 6))
        self.assertEqual((crossing.to_server, joined(crossing.to_client)), (b"", Fault(0, 5)))

    def test_its_fragments_are_swallowed_and_the_fault_comes_after_the_last(self) -> None:
        to = bound(relay())
        first, *more, last = (signed(pdu.raw, 6) for pdu in pdus(ask_map(fragment=60)))
        for octets in (first, *more, encode_pdu(PduType.CO_CANCEL, 2, b"")):
            self.assertEqual(to.from_client(octets).to_server, b"")
        self.assertEqual(joined(to.from_client(last).to_client), Fault(0, 5))
        self.assertEqual(to.counters.refused, 1)

    def test_a_refused_call_that_is_given_up_half_way_has_no_answer(self) -> None:
        to = bound(relay())
        first, *_ = (signed(pdu.raw, 6) for pdu in pdus(ask_map(fragment=60)))
        crossing = to.from_client(first + encode_pdu(ORPHANED, 2, b""))
        self.assertEqual((crossing.to_server, crossing.to_client), (b"", b""))
        self.assertEqual(to.from_client(ask_map()).to_server, ask_map())

    def test_after_a_refusal_all_protected_calls_are_refused(self) -> None:
        """They are numbered: the server, which knows nothing of the refused one, would take the next for forged and hang up."""
        to = bound(relay(), *TWO_INTERFACES)
        other = signed(ask_map(3, context=1), 6)
        to.from_client(signed(ask_map(), 6))
        crossing = to.from_client(other)
        self.assertEqual((crossing.to_server, joined(crossing.to_client)), (b"", Fault(1, 5)))
        self.assertEqual(to.counters.refused, 2)

    def test_the_session_goes_on_after_a_refusal(self) -> None:
        to = bound(relay())
        to.from_client(signed(ask_map(), 6))
        self.assertEqual(to.from_client(ask_map(3)).to_server, ask_map(3))

    def test_the_fault_is_in_the_clients_byte_order(self) -> None:
        crossing = bound(relay(), order="big").from_client(signed(ask_map(order="big"), 5))
        self.assertEqual(joined(crossing.to_client), Fault(0, 5, "big"))

    def test_if_so_configured_it_passes_untouched_both_ways(self) -> None:
        to = bound(relay(Protected.PASS))
        asked, answer = signed(ask_map(), 6), signed(tell_map(EMSMDB_TOWER), 6)
        self.assertEqual(to.from_client(asked).to_server, asked)
        self.assertEqual(to.from_server(answer).to_client, answer)
        self.assertEqual((to.counters.refused, to.counters.mapped), (0, 0))

    def test_protected_calls_of_other_interfaces_pass(self) -> None:
        asked = signed(ask_map(context=1), 6)
        self.assertEqual(bound(relay(), *TWO_INTERFACES).from_client(asked).to_server, asked)

    def test_a_protected_answer_to_an_unprotected_call_is_a_lie(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        self.assertIn("at level 6", broken(to.from_server, signed(tell_map(EMSMDB_TOWER), 6)).what)

    def test_or_passes_where_protected_calls_do(self) -> None:
        to = bound(relay(Protected.PASS))
        to.from_client(ask_map())
        answer = signed(tell_map(EMSMDB_TOWER), 6)
        self.assertEqual(to.from_server(answer).to_client, answer)


class BadClientTests(SynchronousTestCase):
    """Each is told a fault or bind_nak where the protocol has one, and its session ends."""

    def nak(self, to: MapperRelay, data: bytes) -> BindNak:
        [pdu] = pdus(broken(to.from_client, data).last.to_client)
        return BindNak.decode(pdu)

    def fault(self, to: MapperRelay, data: bytes) -> str:
        answer = joined(broken(to.from_client, data).last.to_client)
        assert isinstance(answer, Fault)
        return answer.text

    def test_another_protocol_is_told_nothing(self) -> None:
        error = broken(relay().from_client, b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual((error.what, error.last.to_client), ("version 71 is not 5: this is no DCE/RPC", b""))

    def test_a_bind_of_another_version_is_told_ours(self) -> None:
        for at, version in ((0, 4), (0, 6), (1, 2)):
            data = bytearray(bind(call_id=9))
            data[at] = version
            refusal = self.nak(relay(), bytes(data))
            self.assertEqual((refusal.text, refusal.versions), ("protocol version not supported", ((5, 0), (5, 1))))

    def test_a_call_of_another_version_is_a_fault(self) -> None:
        data = bytearray(ask_map())
        data[1] = 2
        self.assertEqual(self.fault(bound(relay()), bytes(data)), "protocol version not supported (0x1c000008)")

    def test_an_unknown_type_is_a_fault_with_its_call(self) -> None:
        for kind in (1, 10, 20, 255):
            data = bytearray(ask_map(77))
            data[2] = kind
            error = broken(bound(relay()).from_client, bytes(data))
            self.assertIn(f"PDU type {kind}", error.what)
            [pdu] = pdus(error.last.to_client)
            self.assertEqual((pdu.call_id, Fault.decode(pdu).text), (77, "protocol error (0x1c01000b)"))

    def test_lengths_that_lie(self) -> None:
        for length in (0, 15, 12_289, 65_535):
            data = bytearray(ask_map())
            data[8:10] = length.to_bytes(2, "little")
            self.assertIn("protocol error", self.fault(bound(relay()), bytes(data)))
            data = bytearray(bind())
            data[8:10] = length.to_bytes(2, "little")
            self.assertEqual(self.nak(relay(), bytes(data)).reason, 0)

    def test_a_trailer_that_does_not_fit(self) -> None:
        data = bytearray(ask_map())
        data[10:12] = (5000).to_bytes(2, "little")
        self.assertIn("auth_length 5000", broken(bound(relay()).from_client, bytes(data)).what)

    def test_a_call_before_a_bind(self) -> None:
        self.assertEqual(broken(relay().from_client, ask_map()).what, "came before a bind")
        self.assertIn("protocol error", self.fault(relay(), ask_map()))

    def test_anything_else_before_a_bind(self) -> None:
        self.assertIn("protocol error", self.fault(relay(), bind(kind=PduType.ALTER_CONTEXT)))
        for kind in (PduType.AUTH3, ORPHANED, PduType.CO_CANCEL):
            self.assertEqual(broken(relay().from_client, encode_pdu(kind, 1, b"")).last.to_client, b"")

    def test_what_only_servers_send(self) -> None:
        for data in (tell_map(EMSMDB_TOWER), ack(bind()), Fault(0, 5).encode(1)):
            self.assertIn("server's to send", broken(bound(relay()).from_client, data).what)

    def test_a_bind_that_ends_too_early(self) -> None:
        for data in (encode_pdu(PduType.BIND, 1, bytes(8)), encode_pdu(PduType.BIND, 1, bind()[16:-1])):
            self.assertEqual(self.nak(relay(), data).reason, 0)

    def test_a_bind_without_a_context(self) -> None:
        self.assertEqual(self.nak(relay(), encode_pdu(PduType.BIND, 1, bytes(12))).reason, 0)

    def test_a_bind_in_fragments(self) -> None:
        self.assertEqual(self.nak(relay(), encode_pdu(PduType.BIND, 1, bind()[16:], flags=int(Flags.FIRST))).reason, 0)

    def test_too_many_contexts_in_a_bind(self) -> None:
        many = tuple(Context(number, EPM.syntax) for number in range(255))
        self.assertEqual(self.nak(relay(), bind(*many)).text, "local limit exceeded")

    def test_contexts_added_without_end(self) -> None:
        to = bound(relay())
        for number in range(1, CONTEXTS):
            to.from_server(ack(to.from_client(bind(Context(number, MGMT), kind=PduType.ALTER_CONTEXT)).to_server))
        data = bind(Context(CONTEXTS, MGMT), kind=PduType.ALTER_CONTEXT)
        self.assertEqual(self.fault(to, data), "server too busy (0x1c010014)")

    def test_contexts_that_the_server_refuses_cost_nothing(self) -> None:
        to = bound(relay())
        for number in range(1, 1000):
            to.from_server(ack(to.from_client(bind(Context(number, NSPI.syntax), kind=PduType.ALTER_CONTEXT)).to_server))
        self.assertEqual(to.buffered, 0)

    def test_offers_without_waiting_for_their_answers(self) -> None:
        to = relay()
        for number in range(4):
            to.from_client(bind(call_id=number))
        self.assertEqual(self.nak(to, bind(call_id=9)).text, "local limit exceeded")

    def test_calls_without_waiting_for_their_answers(self) -> None:
        to = bound(relay())
        to.from_client(b"".join(ask_map(number) for number in range(CALLS)))
        self.assertIn("too busy", self.fault(to, ask_map(CALLS)))

    def test_calls_that_are_given_up_make_room(self) -> None:
        to = bound(relay())
        for number in range(5 * CALLS):
            to.from_client(ask_map(number) + encode_pdu(ORPHANED, number, b""))
        self.assertEqual(to.buffered, 0)

    def test_calls_that_want_no_answer_make_room(self) -> None:
        to = bound(relay())
        maybe = int(Flags.FIRST | Flags.LAST | Flags.MAYBE)
        for number in range(5 * CALLS):
            to.from_client(encode_pdu(PduType.REQUEST, number, ask_map()[16:], flags=maybe))
        self.assertEqual(to.buffered, 0)

    def test_a_call_that_begins_twice(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        self.assertIn("begins a second time", broken(to.from_client, ask_map()).what)

    def test_a_fragment_of_a_call_that_never_began(self) -> None:
        last = pdus(ask_map(fragment=60))[-1].raw
        self.assertIn("never begun", broken(bound(relay()).from_client, last).what)

    def test_a_call_too_short_for_its_head(self) -> None:
        self.assertIn("7 bytes", broken(bound(relay()).from_client, encode_pdu(PduType.REQUEST, 2, bytes(7))).what)

    def test_what_came_before_the_broken_one_is_passed_on(self) -> None:
        error = broken(bound(relay()).from_client, ask_map() + b"GET /")
        self.assertEqual(error.last.to_server, ask_map())

    def test_a_lookup_that_is_malformed_is_the_servers_to_refuse(self) -> None:
        for stub in (b"", bytes(20), b"\0\0\0\0\1\0\0\0" + bytes(16) + b"\1\0\0\0" + bytes(60)):
            data = Request(0, OPNUM_LOOKUP, stub).encode(2)
            self.assertEqual(bound(relay()).from_client(data).to_server, data)


class LyingServerTests(SynchronousTestCase):
    """Each ends the session; the log is told what and where."""

    def lie(self, data: bytes, to: MapperRelay | None = None) -> str:
        if to is None:
            to = bound(relay())
            to.from_client(ask_map())
        error = broken(to.from_server, data)
        self.assertEqual(error.last.to_client, b"")
        return str(error)

    def test_garbage(self) -> None:
        self.assertEqual(self.lie(b"SSH-2.0"), "RPC header: version 83 is not 5: this is no DCE/RPC")

    def test_an_answer_for_another_call(self) -> None:
        self.assertIn("call 3 was never begun", self.lie(tell_map(EMSMDB_TOWER, call_id=3)))

    def test_a_second_answer(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        to.from_server(tell_map(EMSMDB_TOWER))
        self.assertIn("has its answer already", self.lie(tell_map(EMSMDB_TOWER), to))

    def test_an_answer_to_a_call_that_it_never_saw(self) -> None:
        to = bound(relay())
        to.from_client(signed(pdus(ask_map(fragment=60))[0].raw, 6))
        self.assertIn("was not passed on", self.lie(tell_map(EMSMDB_TOWER), to))
        self.assertIn("nobody asked", self.lie(Fault(0, 5).encode(2), to))

    def test_a_fault_for_another_call(self) -> None:
        self.assertIn("answers call 3, which nobody asked", self.lie(Fault(0, 5).encode(3)))

    def test_a_bind_ack_that_nobody_asked(self) -> None:
        self.assertIn("answers call 1, which nobody asked", self.lie(ack(bind())))
        self.assertIn("answers call 1, which nobody asked", self.lie(BindNak(0).encode(1)))

    def test_an_acceptance_of_ndr64_all_the_same(self) -> None:
        to = relay()
        to.from_client(bind(*WINDOWS))
        answer = captured.BIND_THREE_ACK.replace(b"\2\0\2\0" + bytes(20), bytes(4) + bytes.fromhex(NDR64_OCTETS))
        answer = answer[:12] + b"\1\0\0\0" + answer[16:]
        self.assertIn("which was not offered", self.lie(answer, to))

    def test_what_only_clients_send(self) -> None:
        for data in (bind(), ask_map(), encode_pdu(PduType.AUTH3, 1, b""), encode_pdu(ORPHANED, 2, b"")):
            self.assertIn("client's to send", self.lie(data))

    def test_a_tower_that_overruns(self) -> None:
        answer = bytearray(tell_map(EMSMDB_TOWER))
        at = answer.index(b"\x13\0\x0d")
        answer[at : at + 2] = b"\xff\xff"
        self.assertIn("65535 bytes overrun", self.lie(bytes(answer)))

    def test_an_answer_without_end(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        part = Response(0, bytes(4000)).encode(2, fragment=1000)
        first, middle, *_ = (pdu.raw for pdu in pdus(part))
        stream = first + middle * 50
        self.assertIn(f"longer than the {ANSWERS} bytes", self.lie(stream, to))
        self.assertLessEqual(to.buffered, 65_536)

    def test_more_incomplete_answers_than_anyone_needs(self) -> None:
        to = bound(relay())
        to.from_client(b"".join(ask_map(number) for number in range(2, 12)))
        firsts = [pdus(tell_map(EMSMDB_TOWER, call_id=number, fragment=80))[0].raw for number in range(2, 12)]
        self.assertIn("calls are incomplete", self.lie(b"".join(firsts), to))

    def test_one_large_tower_under_many_pointers(self) -> None:
        """A referent that repeats is the same tower again, and would be written as often (C706 14.3.10)."""
        big = attrs.evolve(NSPI_TOWER, floors=(*EMSMDB_TOWER.floors, attrs.evolve(EMSMDB_TOWER.floors[4], right=bytes(5000))))
        octets = big.encode()
        words = (1, *(0,) * 4, 500, 500, 0, 500, *(7,) * 500, len(octets), len(octets))
        stub = b"".join(word.to_bytes(4, "little") for word in words[1:]) + octets + bytes(-len(octets) % 4 + 4)
        stub = bytes(4) + stub
        self.assertIn("longer than", self.lie(Response(0, stub).encode(2)))


NDR64_OCTETS = "33 05 71 71 ba be 37 49 83 19 b5 db ef 9c cc 36 01 00 00 00"


class CuttingTests(SynchronousTestCase):
    """How the input is cut changes nothing, whatever the input is."""

    TURNS: tuple[Turn, ...] = (
        (True, bind(*WINDOWS)),
        (False, ack(bind(*WINDOWS)).replace(b"\0\0\0\0" + bytes.fromhex(NDR64_OCTETS), b"\2\0\2\0" + bytes(20))),
        (True, ask_map(2) + signed(ask_map(3), 6) + ask_lookup(4) + ask_map(5, context=2)),
        (False, tell_map(EMSMDB_TOWER, NSPI_TOWER, fragment=80) + tell_lookup(*entries(3), call_id=4, fragment=200)),
        (False, Fault(2, 5).encode(5)),
        (True, encode_pdu(ORPHANED, 9, b"") + ask_map(6, fragment=60, order="big")),
        (False, tell_map(NSPI_TOWER, call_id=6, order="big")),
    )

    def test_a_whole_conversation(self) -> None:
        @given(st.lists(st.integers(0, 3000), max_size=8))
        def check(cuts: list[int]) -> None:
            talk = assert_cut_invariant(relay, self.TURNS, cuts)
            self.assertEqual((talk.error, talk.counted), (None, (3, 2, 1)))

        check()

    def test_a_damaged_conversation(self) -> None:
        @given(
            st.integers(0, len(self.TURNS) - 1),
            st.integers(0, 3000),
            st.binary(min_size=1, max_size=4),
            st.lists(st.integers(0, 3000), max_size=4),
        )
        def check(turn: int, at: int, noise: bytes, cuts: list[int]) -> None:
            speaks, data = self.TURNS[turn]
            at %= len(data)
            damaged = data[:at] + noise + data[at + len(noise) :]
            turns = (*self.TURNS[:turn], (speaks, damaged), *self.TURNS[turn + 1 :])
            assert_cut_invariant(relay, turns, cuts)

        check()

    def test_anything_at_all(self) -> None:
        @given(st.lists(st.tuples(st.booleans(), st.binary(max_size=100)), max_size=5), st.lists(st.integers(0, 99), max_size=4))
        def check(turns: list[Turn], cuts: list[int]) -> None:
            assert_cut_invariant(relay, turns, cuts)

        check()


class ImpacketTests(SynchronousTestCase):
    """What impacket builds, and what it reads of ours."""

    def ask(self, call: object, **fields: object) -> bytes:
        """A request as impacket's client sends it."""
        packet = rpcrt.MSRPCRequestHeader()
        packet["op_num"] = call.opnum  # type: ignore[attr-defined] # impacket has no types
        packet["call_id"] = 2
        packet["pduData"] = call.getData()  # type: ignore[attr-defined]
        return bytes(packet.get_packet())

    def test_a_map(self) -> None:
        call = epm.ept_map()
        wanted = epm.EPMTower()
        interface = epm.EPMRPCInterface()
        interface["InterfaceUUID"] = uuidtup_to_bin((str(EMSMDB.uuid), "0.81"))[:16]
        interface["MajorVersion"], interface["MinorVersion"] = 0, 81
        wanted["NumberOfFloors"], wanted["Floors"] = 1, interface.getData()
        call["max_towers"] = 4
        call["map_tower"]["tower_length"] = len(wanted)
        call["map_tower"]["tower_octet_string"] = wanted.getData()
        to = bound(relay())
        asked = self.ask(call)
        self.assertEqual(to.from_client(asked).to_server, asked)
        told = rpcrt.MSRPCRespHeader(to.from_server(tell_map(NSPI_TOWER, EMSMDB_TOWER)).to_client)
        answer = epm.ept_mapResponse(told["pduData"])
        self.assertEqual((answer["num_towers"], answer["status"]), (1, 0))
        theirs = epm.EPMTower(b"".join(answer["ITowers"][0]["Data"]["tower_octet_string"]))
        self.assertEqual(epm.EPMPortAddr(theirs["Floors"][3].getData())["IpPort"], 59531)
        self.assertEqual(epm.EPMHostAddr(theirs["Floors"][4].getData())["Ip4addr"], bytes((192, 0, 2, 9)))

    def test_a_lookup(self) -> None:
        call = epm.ept_lookup()
        call["inquiry_type"], call["object"], call["Ifid"], call["vers_option"], call["max_ents"] = 0, epm.NULL, epm.NULL, 1, 500
        to = bound(relay())
        sent = joined(to.from_client(self.ask(call)).to_server)
        assert isinstance(sent, Request)
        self.assertEqual(LookupRequest.decode(sent.stub, sent.order).max_ents, ENTRIES)
        said = tell_lookup(Entry(NSPI_TOWER, "hidden"), Entry(EMSMDB_TOWER, "shown"), Entry(None, "nowhere"))
        answer = epm.ept_lookupResponse(rpcrt.MSRPCRespHeader(to.from_server(said).to_client)["pduData"])
        self.assertEqual(answer["num_ents"], 2)
        self.assertEqual(b"".join(answer["entries"][0]["annotation"]), b"shown\0")
        theirs = epm.EPMTower(b"".join(answer["entries"][0]["tower"]["tower_octet_string"]))
        self.assertEqual(epm.EPMPortAddr(theirs["Floors"][3].getData())["IpPort"], 59531)


class EndTests(SynchronousTestCase):
    """Of either side."""

    def test_a_client_may_end_between_fragments_and_gets_its_answer(self) -> None:
        to = bound(relay())
        to.from_client(ask_map())
        to.client_ended()
        self.assertEqual(len(mapped(to.from_server(tell_map(EMSMDB_TOWER)).to_client).towers), 1)
        to.server_ended()
        self.assertEqual(to.buffered, 0)

    def test_a_client_that_ends_in_a_fragment(self) -> None:
        to = bound(relay())
        to.from_client(ask_map()[:7])
        error = self.assertRaises(WireError, to.client_ended)
        self.assertEqual(str(error), "RPC connection: the connection ended 7 bytes into a fragment")

    def test_a_server_that_ends_in_a_fragment(self) -> None:
        to = bound(relay())
        to.from_server(tell_map(EMSMDB_TOWER)[:20])
        self.assertIn("20 bytes into a fragment", str(self.assertRaises(WireError, to.server_ended)))

    def test_a_server_that_ends_without_an_answer(self) -> None:
        to = relay()
        to.from_client(bind(call_id=9))
        self.assertIn("without an answer to the bind of call 9", str(self.assertRaises(WireError, to.server_ended)))
        to = bound(relay())
        to.from_client(ask_map(5))
        self.assertIn("without an answer to call 5", str(self.assertRaises(WireError, to.server_ended)))

    def test_a_server_owes_nothing_to_who_has_given_up_or_left_and_for_what_it_never_saw(self) -> None:
        for data in (ask_map() + encode_pdu(ORPHANED, 2, b""), signed(pdus(ask_map(fragment=60))[0].raw, 6), b""):
            to = bound(relay())
            to.from_client(data)
            to.server_ended()
            self.assertEqual(to.counters.refused, 0)
        to.from_client(ask_map())
        to.client_ended()
        to.server_ended()

    def test_who_has_ended_is_asked_for_no_more(self) -> None:
        """The server has been told of the end, and hears no questions."""
        to = bound(relay())
        to.from_client(ask_lookup())
        to.client_ended()
        crossing = to.from_server(tell_lookup(Entry(NSPI_TOWER, "nspi"), handle=LIVE))
        self.assertEqual((crossing.to_server, looked_up(crossing.to_client).handle), (b"", LIVE))
