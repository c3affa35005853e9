"""Mode ``epm``: what clients are told."""

from ipaddress import ip_network
from typing import Any

from twisted.logger import globalLogPublisher

from exproxy.net.interfaces import Address
from exproxy.proxy.dynamic import DynamicPorts, Spot
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.mapper import Door, Mapper, Places, Services
from exproxy.wire.epm import HTTP, OPNUM_MAP, TCP, MapRequest, tower
from exproxy.wire.epmrelay import Protected
from exproxy.wire.epmrelay.bounds import READ
from exproxy.wire.interfaces import EMSMDB, NSPI, SAMR
from exproxy.wire.rpc.client import RpcClient
from exproxy.wire.rpc.pdu import Auth, PduReader, PduType, encode_pdu
from exproxy.wire.rpc.syntax import Syntax
from tests.proxy.mapping import MAPPER, MapperStage

FRONT = ("192.0.2.9", 135)
FRONT6 = ("2001:db8::9", 135)
SERVICE = ("192.0.2.9", 59531)
ELSEWHERE = ("192.0.2.10", 59531)


class MapperTests(MapperStage):
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
    ) -> Mapper:
        """The front end of mappers, with both servers behind it."""
        frontend = self.open(self.backend(), address=address, name="epm", accept_proxy=options.pop("accept_proxy", ()))
        values = {"others": "hide", "protected": Protected.REFUSE, "doors": {address: door or Door()}}
        ports = DynamicPorts(frontend, self.network, 40000, 40001, 600.0) if dynamic else None
        mapper = Mapper(frontend=frontend, services=services, dynamic=ports, **(values | options))
        frontend.join = mapper.join
        frontend.mapping = mapper.counters
        return mapper

    def mapped(self, service: Frontend | None, **options: Any) -> Mapper:
        return self.mapper({(EMSMDB.uuid, 0): Services(tcp=service)}, **options)

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
