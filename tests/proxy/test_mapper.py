"""Mode ``epm``: what clients are told."""

from ipaddress import ip_network

from exproxy.proxy.dynamic import Spot
from exproxy.proxy.mapper import Door, Places, Services
from exproxy.wire.epm import HTTP, OPNUM_MAP, TCP, MapRequest, tower
from exproxy.wire.epmrelay.bounds import ANSWERS, CONTEXTS, READ
from exproxy.wire.eptlookup import OPNUM_LOOKUP, Entry, LookupRequest
from exproxy.wire.interfaces import EMSMDB, NSPI, SAMR
from exproxy.wire.rpc.association import Context
from exproxy.wire.rpc.call import Fault, Request, Response
from exproxy.wire.rpc.client import RpcClient
from exproxy.wire.rpc.pdu import Auth, PduReader, PduType, encode_pdu
from exproxy.wire.rpc.syntax import Syntax
from tests.net.memory import Recorder
from tests.proxy.mapping import FRONT, MAPPER, SERVICE, MapperFront
from tests.wire.epmrelay.talking import EMSMDB_TOWER, MGMT, ack, ask_map, bind, joined, pdus, tell_lookup, tell_map

FRONT6 = ("2001:db8::9", 135)
ELSEWHERE = ("192.0.2.10", 59531)


class MapperTests(MapperFront):
    def test_a_mapped_interface_is_at_our_address_and_the_port_of_its_front_end(self) -> None:
        mapper = self.mapped(self.service(SERVICE))
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [SERVICE])
        self.assertEqual((mapper.counters.mapped, mapper.counters.hidden), (1, 0))
        self.assertEqual((self.mappers["one"].asked, self.mappers["two"].asked), (1, 0))

    def test_no_more_is_read_at_once_than_may_wait_for_a_peer_that_reads_nothing(self) -> None:
        self.mapped(self.service(SERVICE))
        client = self.client(FRONT)
        self.assertEqual(self.far(client).portion, READ)

    def test_what_the_server_does_not_offer_is_not_told(self) -> None:
        self.mapper({(NSPI.uuid, 56): Services(tcp=self.service(SERVICE))})
        self.assertEqual(self.told(self.client(FRONT), NSPI.syntax), [])

    def test_other_interfaces_are_hidden(self) -> None:
        mapper = self.mapped(self.service(SERVICE))
        self.assertEqual(self.told(self.client(FRONT), SAMR.syntax), [])
        self.assertEqual(mapper.counters.hidden, 1)

    def test_other_interfaces_are_passed_as_they_are(self) -> None:
        self.mapped(self.service(SERVICE), others="pass")
        self.assertEqual(self.told(self.client(FRONT), SAMR.syntax), [("192.0.2.1", 49152)])

    def test_other_interfaces_get_ports_of_ours(self) -> None:
        self.mapped(self.service(SERVICE), others="dynamic", dynamic=True, door=Door(Spot("192.0.2.9")))
        self.assertEqual(self.told(self.client(FRONT), SAMR.syntax), [("192.0.2.9", 40000)])
        self.assertIn(("192.0.2.9", 40000), self.network.ports)

    def test_the_mapper_itself_is_here_and_not_past_us(self) -> None:
        mapper = self.mapped(None, others="dynamic", dynamic=True, door=Door(Spot("192.0.2.9")))
        self.offer(MAPPER, self.addresses["one"][1])
        self.assertEqual(self.told(self.client(FRONT), MAPPER), [FRONT])
        assert mapper.dynamic is not None
        self.assertEqual(mapper.dynamic.endpoints, {})

    def test_the_major_version_has_to_be_the_mapped_one_unless_none_was_said(self) -> None:
        self.offer(Syntax(EMSMDB.uuid, 7, 0), 6007)
        service = self.service(SERVICE)
        self.mapped(service)
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [SERVICE])
        self.mapper({(EMSMDB.uuid, None): Services(tcp=service)}, address=ELSEWHERE)
        self.assertEqual(len(self.told(self.client(ELSEWHERE), EMSMDB.syntax)), 2)

    def test_ncacn_http_has_a_front_end_of_its_own_or_is_hidden(self) -> None:
        self.offer(EMSMDB.syntax, (TCP, 6001), (HTTP, 6002))
        service, web = self.service(SERVICE), self.service(("192.0.2.9", 6001))
        self.mapped(service)
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [SERVICE])
        self.mapper({(EMSMDB.uuid, 0): Services(tcp=service, http=web)}, address=("192.0.2.9", 10135))
        told = self.ask(self.client(("192.0.2.9", 10135)), EMSMDB.syntax)
        self.assertEqual([(each.port, each.http_port) for each in told], [(59531, None), (None, 6001)])

    def test_the_address_that_the_client_reached_is_told_where_the_service_is_there_too(self) -> None:
        service = self.service(ELSEWHERE, ("192.0.2.9", 60000))
        self.mapped(service)
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [("192.0.2.9", 60000)])

    def test_a_service_on_all_addresses_is_where_the_client_is(self) -> None:
        self.mapped(self.service(ELSEWHERE, ("0.0.0.0", 60000)))
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [("192.0.2.9", 60000)])

    def test_a_service_that_is_elsewhere_is_told_elsewhere(self) -> None:
        self.mapped(self.service(("2001:db8::9", 59531), ELSEWHERE))
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [ELSEWHERE])

    def test_a_service_without_an_ipv4_address_is_hidden(self) -> None:
        self.mapped(self.service(("2001:db8::9", 59531)))
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [])

    def test_a_service_that_listens_no_more_is_hidden(self) -> None:
        service = self.service(SERVICE)
        self.mapped(service)
        service.listeners[0].stop()
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [])

    def test_the_advertised_address_wins(self) -> None:
        self.mapped(self.service(ELSEWHERE), door=Door(advertise="198.51.100.1"))
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [("198.51.100.1", 59531)])

    def test_who_comes_by_ipv6_is_told_of_nothing(self) -> None:
        self.mapped(self.service(SERVICE), address=FRONT6, others="dynamic", dynamic=True, door=Door(Spot("192.0.2.9")))
        self.assertEqual(self.told(self.client(FRONT6), EMSMDB.syntax), [])
        self.assertEqual(self.told(self.client(FRONT6), SAMR.syntax), [])

    def test_who_comes_by_ipv6_is_told_of_the_advertised_address(self) -> None:
        self.mapped(self.service(SERVICE), address=FRONT6, door=Door(advertise="198.51.100.1"))
        self.assertEqual(self.told(self.client(FRONT6), EMSMDB.syntax), [("198.51.100.1", 59531)])

    def test_behind_a_balancer_its_address_is_told(self) -> None:
        self.mapped(self.service(SERVICE), accept_proxy=(ip_network("127.0.0.0/8"),))
        client = self.client(FRONT)
        self.send(client, b"PROXY TCP4 10.1.2.3 203.0.113.1 4711 135\r\n")
        self.assertEqual(self.told(client, EMSMDB.syntax), [("203.0.113.1", 59531)])

    def test_all_that_listens_on_all_addresses_is_one_door(self) -> None:
        frontend = self.mapped(self.service(SERVICE), address=("0.0.0.0", 135)).frontend
        self.assertEqual(self.told(self.client(FRONT), EMSMDB.syntax), [SERVICE])
        self.assertEqual(frontend.total, 1)

    def test_named_pipes_are_told_only_where_others_pass_and_of_no_mapped_interface(self) -> None:
        for number, (others, keeps) in enumerate((("hide", False), ("pass", True))):
            mapper = self.mapped(None, address=("192.0.2.9", 1135 + number), others=others)
            assert mapper.frontend.backend is not None
            server = mapper.frontend.backend.pool.servers["one"]
            places = Places(mapper, server, Door(), FRONT, "192.0.2.9")
            self.assertEqual([places.keeps(tower(each.syntax, 1)) for each in (SAMR, EMSMDB)], [keeps, False])

    def test_silence_ends_a_session_as_usual(self) -> None:
        self.mapped(self.service(SERVICE))
        client = self.client(FRONT)
        rpc = self.bound(client)
        self.clock.advance(20)
        self.assertEqual(len(self.ask(client, EMSMDB.syntax, rpc)), 1)
        self.clock.advance(20)
        self.assertFalse(client.lost)
        self.clock.advance(11)
        self.settle()
        self.assertEqual([record.termination for record in self.records], ["cD"])

    def test_a_client_that_says_its_last_word_gets_the_answer(self) -> None:
        self.mapped(self.service(SERVICE))
        client = self.client(FRONT)
        rpc = self.bound(client)
        client.stream.write(rpc.call(OPNUM_MAP, MapRequest(tower(EMSMDB.syntax, 135)).encode()))
        client.stream.write_eof()
        self.settle()
        rpc.push(bytes(client.data))
        self.assertIsNotNone(rpc.next())
        self.assertTrue(client.eof)

    def ask_protected(self) -> list[PduType]:
        """A client's signed question, and what comes back."""
        client = self.client(FRONT)
        self.bound(client)
        stub = MapRequest(tower(EMSMDB.syntax, 135)).encode()
        body = len(stub).to_bytes(4, "little") + bytes((0, 0, OPNUM_MAP, 0)) + stub
        self.send(client, encode_pdu(PduType.REQUEST, 2, body, auth=Auth(10, 5, 0, bytes(16))))
        return [pdu.type for pdu in PduReader().feed(bytes(client.data))]

    def test_protected_calls_are_refused_counted_and_explained_once(self) -> None:
        mapper = self.mapped(self.service(SERVICE))
        self.assertEqual([self.ask_protected(), self.ask_protected()], [[PduType.FAULT]] * 2)
        self.assertEqual((mapper.counters.refused, self.mappers["one"].asked), (2, 0))
        explanation = [line for line in self.heard if "signed or sealed" in line]
        self.assertEqual(len(explanation), 1)
        self.assertIn("epm: 127.0.0.1 has signed", explanation[0])

    def test_a_client_s_garbage_ends_its_session_is_counted_and_logged_but_not_each_time(self) -> None:
        frontend = self.mapped(self.service(SERVICE)).frontend
        for _ in range(3):
            client = self.client(FRONT)
            self.send(client, b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
            self.assertTrue(client.eof)
        self.assertEqual([record.termination for record in self.records], ["PD"] * 3)
        self.assertEqual(frontend.broken, 3)
        (line,) = [line for line in self.heard if "was ended" in line]
        self.assertIn("epm: a session of 127.0.0.1 with hub/one was ended, for the client broke the protocol: RPC", line)
        self.clock.advance(60)
        self.send(self.client(FRONT), b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
        self.assertIn("(2 more in the last minute)", self.heard[-1])

    def test_a_server_s_garbage_ends_the_session(self) -> None:
        frontend = self.mapped(self.service(SERVICE)).frontend
        self.mappers["one"].answer = lambda _: b"220 mail.example.com ESMTP\r\n"
        client = self.client(FRONT)
        self.send(client, RpcClient().bind(MAPPER))
        self.assertEqual(([record.termination for record in self.records], frontend.broken), (["SD"], 1))
        self.assertEqual((bytes(client.data), client.eof), (b"", True))


class BadInputTests(MapperFront):
    """What breaks the protocol ends its session, is counted, and the log says what and where; the others go on."""

    def setUp(self) -> None:
        super().setUp()
        self.mode = self.mapped(self.service(SERVICE))
        self.frontend = self.mode.frontend

    def ended(self, client: Recorder, who: str, what: str) -> None:
        """It has just ended, because of ``who``."""
        self.settle()
        self.assertTrue(client.eof, what)
        self.assertTrue(all(session.lost or session.eof for session in self.mappers["one"].sessions), what)
        self.assertEqual([record.termination for record in self.records], ["PD" if who == "client" else "SD"])
        self.assertEqual(self.frontend.broken, 1)
        lines = [line for line in self.heard if "was ended" in line]
        self.assertEqual(len(lines), 1, what)
        self.assertIn(f"epm: a session of 127.0.0.1 with hub/one was ended, for the {who} broke the protocol: ", lines[0])
        self.assertIn(what, lines[0])
        self.again()

    def again(self) -> None:
        """For the next one."""
        self.records.clear()
        self.heard.clear()
        self.frontend.broken = 0
        self.mappers["one"].answer = self.mappers["one"].respond
        self.clock.advance(60)
        other = self.client(FRONT)
        self.assertEqual(self.told(other, EMSMDB.syntax), [SERVICE])
        other.stream.close()
        self.settle()
        self.assertEqual(self.frontend.broken, 0)
        self.records.clear()
        self.mappers["one"].sessions.clear()

    def refused(self, data: bytes, what: str, before: bool = False) -> list[PduType]:
        """A client that says ``data``, ``before`` a bind or behind it, is told this and has to go."""
        client = self.client(FRONT)
        if not before:
            self.bound(client)
        for start in range(0, len(data), 1000):
            self.send(client, data[start : start + 1000])
        told = [pdu.type for pdu in pdus(bytes(client.data))]
        self.ended(client, "client", what)
        return told

    def changed(self, data: bytes, at: int, octets: bytes) -> bytes:
        return data[:at] + octets + data[at + len(octets) :]

    def test_fragment_lengths_that_lie(self) -> None:
        for length in (0, 15, 12_289, 65_535):
            octets = length.to_bytes(2, "little")
            what = f"RPC header: frag_length {length} is "
            self.assertEqual(self.refused(self.changed(ask_map(), 8, octets), what), [PduType.FAULT])
            self.assertEqual(self.refused(self.changed(bind(), 8, octets), what, before=True), [PduType.BIND_NAK])

    def test_fragment_lengths_that_are_too_short_for_what_is_in_them(self) -> None:
        data = self.changed(bind(), 8, (40).to_bytes(2, "little"))
        self.assertEqual(self.refused(data, "RPC bind, offset ", before=True), [PduType.BIND_NAK])
        self.assertEqual(self.refused(self.changed(ask_map(), 8, b"\x14\0")[:20], "4 bytes are too few"), [PduType.FAULT])

    def test_trailers_that_lie(self) -> None:
        data = self.changed(ask_map(), 10, b"\xff\x0f")
        self.assertEqual(self.refused(data, "auth_length 4095 does not fit into frag_length"), [PduType.FAULT])

    def test_unknown_types(self) -> None:
        for kind in (1, 10, 20, 255):
            what = f"RPC header: PDU type {kind} does not exist on a connection"
            self.assertEqual(self.refused(self.changed(ask_map(), 2, bytes((kind,))), what), [PduType.FAULT])

    def test_types_that_only_servers_send(self) -> None:
        self.assertEqual(self.refused(tell_map(EMSMDB_TOWER), "RPC response: is a server's to send"), [PduType.FAULT])

    def test_other_versions(self) -> None:
        for at, version, name in ((0, 4, "version 4 is not 5"), (0, 6, "version 6 is"), (1, 2, "version 5.2 is neither")):
            octets = bytes((version,))
            self.assertEqual(self.refused(self.changed(ask_map(), at, octets), f"RPC header: {name}"), [PduType.FAULT])
            told = self.refused(self.changed(bind(), at, octets), f"RPC header: {name}", before=True)
            self.assertEqual(told, [PduType.BIND_NAK])

    def test_a_request_before_a_bind(self) -> None:
        self.assertEqual(self.refused(ask_map(), "RPC request: came before a bind", before=True), [PduType.FAULT])

    def test_a_call_that_begins_twice(self) -> None:
        client = self.client(FRONT)
        self.bound(client)
        self.mappers["one"].answer = lambda _: b""
        self.send(client, ask_map() * 2)
        self.assertEqual([pdu.type for pdu in pdus(bytes(client.data))], [PduType.FAULT])
        self.ended(client, "client", "RPC request: call 2 begins a second time")

    def test_65535_contexts(self) -> None:
        many = b"".join(bind(Context(number, MGMT), call_id=number, kind=PduType.ALTER_CONTEXT) for number in range(65_535))
        client = self.client(FRONT)
        self.bound(client)
        self.mappers["one"].answer = lambda _: b""
        client.stream.write(many)
        self.settle()
        [fault] = pdus(bytes(client.data))
        self.assertEqual((fault.type, self.far(client).received < 200_000), (PduType.FAULT, True))
        self.ended(client, "client", "RPC alter_context: more than 4 offers are without an answer")

    def test_255_contexts_in_a_bind(self) -> None:
        data = bind(*(Context(number, MAPPER) for number in range(255)))
        told = self.refused(data, f"RPC bind: more than {CONTEXTS} presentation contexts", before=True)
        self.assertEqual(told, [PduType.BIND_NAK])

    def test_requests_cut_anywhere(self) -> None:
        """The client ends in the middle."""
        for end in (1, 15, 16, len(ask_map()) - 1):
            client = self.client(FRONT)
            self.bound(client)
            client.stream.write(ask_map()[:end])
            client.stream.write_eof()
            self.ended(client, "client", f"RPC connection: the connection ended {end} bytes into a fragment")

    def test_a_client_that_stalls_in_the_middle_goes_when_its_time_is_over(self) -> None:
        for before, data in ((True, bind()), (False, ask_map())):
            client = self.client(FRONT)
            if not before:
                self.bound(client)
            self.send(client, data[:-1])
            self.clock.advance(29)
            self.assertFalse(client.eof)
            self.clock.advance(2)
            self.settle()
            self.assertTrue(client.eof)
            self.assertEqual(([record.termination for record in self.records], self.frontend.broken), (["cD"], 0))
            self.again()

    def test_arguments_that_are_malformed_are_the_servers_to_refuse(self) -> None:
        """A floor that overruns, a referent that repeats: its fault comes back, and the session goes on."""
        floor = ask_map().index(b"\x13\0\x0d")
        for data in (self.changed(ask_map(), floor, b"\xff\xff"), self.changed(ask_map(), 44, b"\1\0\0\0")):
            client = self.client(FRONT)
            rpc = self.bound(client)
            self.mappers["one"].answer = lambda _: Fault(0, 1783).encode(2)
            self.send(client, data)
            self.assertEqual(bytes(self.mappers["one"].sessions[-1].data[-len(data) :]), data)
            self.assertEqual(joined(bytes(client.data)), Fault(0, 1783))
            client.data.clear()
            self.mappers["one"].answer = self.mappers["one"].respond
            rpc.call(OPNUM_MAP, b"")  # call 2 has been
            self.assertEqual(len(self.ask(client, EMSMDB.syntax, rpc)), 1)
            self.assertEqual(self.frontend.broken, 0)

    def lied(self, answer: bytes, what: str) -> None:
        """A mapper that answers this to a map gets no further."""
        client = self.client(FRONT)
        self.bound(client)
        self.mappers["one"].answer = lambda _: answer
        self.send(client, ask_map())
        self.assertEqual(bytes(client.data), b"", what)
        self.ended(client, "server", what)

    def test_answers_for_another_call(self) -> None:
        self.lied(tell_map(EMSMDB_TOWER, call_id=77), "RPC response: call 77 was never begun, or has its answer already")
        self.lied(Fault(0, 5).encode(77), "RPC fault: answers call 77, which nobody asked")
        self.lied(ack(bind()), "RPC bind_ack: answers call 1, which nobody asked")

    def test_answers_that_are_none(self) -> None:
        answer = tell_map(EMSMDB_TOWER)
        for at, octets, what in (
            (0, b"\4", "RPC header: version 4 is not 5"),
            (2, b"\x14", "RPC header: PDU type 20 does not exist"),
            (8, b"\xff\xff", "RPC header: frag_length 65535 is more than the 8192 bytes allowed"),
            (8, b"\0\0", "RPC header: frag_length 0 is less"),
            (10, b"\xff\x0f", "RPC header: auth_length 4095 does not fit"),
        ):
            self.lied(self.changed(answer, at, octets), what)

    def test_towers_that_overrun(self) -> None:
        answer = tell_map(EMSMDB_TOWER)
        self.lied(self.changed(answer, answer.index(b"\x13\0\x0d"), b"\xff\xff"), "65535 bytes overrun")

    def test_referents_that_repeat(self) -> None:
        """Those of a map's towers may (C706 14.3.10); a table's make it grow without end."""
        client = self.client(FRONT)
        self.bound(client)
        entry = Entry(EMSMDB_TOWER, "x")
        answer = tell_lookup(entry, entry)
        self.mappers["one"].answer = lambda _: self.changed(answer, answer.index(b"\2\0\0\0\0\0\0\0\2\0\0\0"), b"\1")
        self.send(client, Request(0, OPNUM_LOOKUP, LookupRequest().encode()).encode(2))
        self.ended(client, "server", "ept_lookup response, offset ")

    def test_an_answer_without_end(self) -> None:
        first, middle, *_ = (pdu.raw for pdu in pdus(Response(0, bytes(4000)).encode(2, fragment=1000)))
        self.lied(first + middle * 100, f"RPC response: call 2 is longer than the {ANSWERS} bytes allowed")

    def test_a_mapper_that_dies_in_the_middle_of_its_answer(self) -> None:
        for abort, end, what in (
            (False, 100, "RPC connection: the connection ended 100 bytes into a fragment"),
            (True, 100, "RPC connection: the connection ended 100 bytes into a fragment"),
            (False, 0, "RPC connection: the connection ended without an answer to call 2"),
            (True, 0, "RPC connection: the connection ended without an answer to call 2"),
        ):
            client = self.client(FRONT)
            self.bound(client)
            self.mappers["one"].answer = lambda _, end=end: tell_map(EMSMDB_TOWER)[:end]
            self.send(client, ask_map())
            stream = self.mappers["one"].sessions[-1].stream
            (stream.abort if abort else stream.close)()
            self.settle()
            self.assertEqual(bytes(client.data), b"")
            self.ended(client, "server", what)

    def test_a_mapper_that_dies_before_it_answers_a_bind(self) -> None:
        self.mappers["one"].answer = lambda _: b""
        client = self.client(FRONT)
        self.send(client, bind())
        self.mappers["one"].sessions[-1].stream.close()
        self.ended(client, "server", "RPC connection: the connection ended without an answer to the bind of call 1")

    def test_a_mapper_that_leaves_between_answers_is_not_to_blame(self) -> None:
        client = self.client(FRONT)
        self.bound(client)
        self.mappers["one"].sessions[-1].stream.close()
        self.settle()
        self.assertTrue(client.eof)
        client.stream.write_eof()
        self.settle()
        self.assertEqual(([record.termination for record in self.records], self.frontend.broken), (["--"], 0))

    def test_whom_we_send_away_is_not_to_blame(self) -> None:
        """The mapper's silence has ended the session, and not that it hung up then."""
        client = self.client(FRONT)
        self.bound(client)
        self.mappers["one"].answer = lambda _: b""
        self.send(client, ask_map())
        self.clock.advance(31)
        self.settle()
        self.mappers["one"].sessions[-1].stream.abort()
        self.settle()
        self.assertEqual(([record.termination for record in self.records], self.frontend.broken), (["cD"], 0))
