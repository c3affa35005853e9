"""Ports that are opened because a client was told of them."""

import errno
from ipaddress import ip_network

from twisted.logger import globalLogPublisher

from exproxy.net.interfaces import Address, Port
from exproxy.pool import Admin, CheckResult, CheckSpec, Server
from exproxy.pool.key import SourceKeys
from exproxy.proxy.admission import Admission, Gatekeeping
from exproxy.proxy.dynamic import DynamicPorts, Spot
from tests.net.memory import MemoryNetwork, Peer
from tests.proxy.stage import Stage

HOST = "192.0.2.9"
SPOT = Spot(HOST)
PORT = 49152


class DynamicTests(Stage):
    def setUp(self) -> None:
        super().setUp()
        self.heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            self.heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        pool = self.servers_of(server={"checks": [CheckSpec("epm", 1, 1)]}, on_marked_down="shutdown-sessions")
        self.frontend = self.open(self.backend(pool), name="epm", address=(HOST, 135))
        self.one, self.two = pool.servers["one"], pool.servers["two"]
        for server in (self.one, self.two):
            self.check(server, passed=True)
        self.ports = DynamicPorts(self.frontend, self.network, 40000, 40002, 600.0)
        self.service = Peer(greeting=b"the service of one")
        self.network.listen(("192.0.2.1", PORT), self.service).resume()

    def check(self, server: Server, *, passed: bool) -> None:
        server.observe("epm", CheckResult(passed=passed, text="it said so"), self.clock.seconds())
        self.settle()

    def visit(self, port: int | None) -> bytes:
        """What a client hears there."""
        assert port is not None
        return bytes(self.client((HOST, port)).data)

    def test_a_port_leads_to_that_port_of_that_server(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        self.assertEqual((port, self.visit(port)), (40000, b"the service of one"))

    def test_it_is_shared_by_all_who_ask_for_the_same(self) -> None:
        self.assertEqual([self.ports.port(SPOT, self.one, PORT) for _ in range(3)], [40000] * 3)

    def test_other_servers_ports_and_addresses_have_others(self) -> None:
        wanted = ((SPOT, self.one, PORT), (SPOT, self.one, PORT + 1), (SPOT, self.two, PORT))
        self.assertEqual([self.ports.port(*each) for each in wanted], [40000, 40001, 40002])

    def test_sessions_are_logged_and_count_for_the_process(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        client = self.client((HOST, port or 0))
        self.assertEqual((self.gate.taken, len(list(self.ports.sessions())), self.one.sessions), (1, 1, 0))
        client.stream.close()
        self.settle()
        (record,) = self.records
        self.assertEqual((record.frontend, record.backend, record.server), ("epm:40000", "hub:49152", "one"))
        self.assertEqual(self.gate.taken, 0)

    def test_who_looks_sees_them_as_the_mapper_s_and_the_mapper_s_limit_is_not_theirs(self) -> None:
        self.frontend.set_maxconn(1)
        ports = [self.ports.port(SPOT, self.one, PORT) or 0, self.ports.port(SPOT, self.two, PORT) or 0]
        for port in (135, *ports, ports[0]):
            self.client((HOST, port))
        own, *annexes = self.frontend.parts
        self.assertEqual([len(part.sessions) for part in (own, *annexes)], [1, 2, 1])
        self.assertEqual(sorted(one.number for part in self.frontend.parts for one in part.sessions), [1, 2, 3, 4])

    def test_what_it_has_counted_stays_when_it_is_closed(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        client = self.client((HOST, port or 0))
        client.stream.close()
        self.settle()
        (annex,) = self.frontend.annexes
        sent = annex.bytes_out
        self.assertEqual((annex.total, sent), (1, len(b"the service of one")))
        self.clock.advance(1201)
        self.assertEqual((self.ports.endpoints, self.frontend.annexes), ({}, []))
        self.assertEqual((self.frontend.total, self.frontend.bytes_out), (1, sent))

    def test_a_port_that_cannot_be_opened_is_no_part_of_it(self) -> None:
        for number in range(40000, 40003):
            self.network.listen((HOST, number), Peer())
        self.assertIsNone(self.ports.port(SPOT, self.one, PORT))
        self.assertEqual(self.frontend.annexes, [])

    def test_a_header_is_demanded_where_the_mapper_demands_it(self) -> None:
        port = self.ports.port(Spot(HOST, (ip_network("127.0.0.0/8"),)), self.one, PORT)
        client = self.client((HOST, port or 0))
        self.assertEqual(bytes(client.data), b"")
        self.send(client, b"PROXY TCP4 10.1.2.3 203.0.113.1 4711 40000\r\n")
        self.assertEqual(bytes(client.data), b"the service of one")

    def test_whom_the_mapper_does_not_let_in_does_not_come_in_there(self) -> None:
        self.frontend.admission = Admission(SourceKeys(), (Gatekeeping(False),))
        port = self.ports.port(SPOT, self.one, PORT)
        self.assertTrue(self.client((HOST, port or 0)).lost)

    def test_a_port_that_is_taken_is_left_out(self) -> None:
        self.network.listen((HOST, 40000), Peer())
        self.assertEqual(self.ports.port(SPOT, self.one, PORT), 40001)

    def test_when_all_are_taken_there_is_none_and_that_is_told_once_a_minute(self) -> None:
        for number in range(40000, 40003):
            self.network.listen((HOST, number), Peer())
        for _ in range(5):
            self.assertIsNone(self.ports.port(SPOT, self.one, PORT))
            self.clock.advance(2)
        (line,) = [line for line in self.heard if "no port of" in line]
        self.assertIn("epm: no port of 40000-40002 can be opened on 192.0.2.9 (Address already in use)", line)
        self.assertTrue(line.endswith("; widen dynamic_ports"), line)

    def test_an_address_that_is_not_ours_is_tried_once(self) -> None:
        tried: list[int] = []

        def listen(_network: MemoryNetwork, address: Address, *_: object) -> Port:
            tried.append(address[1])
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

        self.patch(MemoryNetwork, "listen", listen)
        self.assertIsNone(self.ports.port(Spot("198.51.100.1"), self.one, PORT))
        self.assertEqual(tried, [40000])
        self.assertIn("ports can only be opened on addresses of this machine", self.heard[-1])

    def test_a_full_range_is_not_searched_again_at_once(self) -> None:
        for number in range(40000, 40003):
            self.network.listen((HOST, number), Peer())
        self.assertIsNone(self.ports.port(SPOT, self.one, PORT))
        self.network.ports.pop((HOST, 40001))
        self.assertIsNone(self.ports.port(SPOT, self.one, PORT))
        self.clock.advance(1)
        self.assertEqual(self.ports.port(SPOT, self.one, PORT), 40001)

    def test_it_is_closed_when_nobody_has_needed_it_for_long(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        self.clock.advance(500)
        self.ports.port(SPOT, self.one, PORT)
        self.clock.advance(599)
        self.assertIn((HOST, port), self.network.ports)
        self.clock.advance(2)
        self.assertNotIn((HOST, port), self.network.ports)
        self.assertEqual(self.ports.endpoints, {})

    def test_a_session_keeps_it_open_and_so_does_one_that_has_just_ended(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        endpoint = next(iter(self.ports.endpoints.values()))
        assert endpoint.frontend.backend is not None
        endpoint.frontend.client_timeout = endpoint.frontend.backend.server_timeout = 1e6
        client = self.client((HOST, port or 0))
        for _ in range(5):
            self.clock.advance(500)
        self.assertIn((HOST, port), self.network.ports)
        client.stream.close()
        self.settle()
        self.clock.advance(599)
        self.assertIn((HOST, port), self.network.ports)
        self.clock.advance(600)
        self.assertNotIn((HOST, port), self.network.ports)

    def test_a_closed_port_is_given_to_others_as_late_as_may_be(self) -> None:
        self.ports.port(SPOT, self.one, PORT)
        self.clock.advance(601)
        told = [self.ports.port(SPOT, self.one, PORT + number) for number in range(3)]
        self.assertEqual(told, [40001, 40002, 40000])

    def test_it_goes_down_and_up_with_the_mapper_s_server(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        client = self.client((HOST, port or 0))
        self.check(self.one, passed=False)
        self.assertTrue(client.eof)
        self.assertEqual(self.records[0].termination, "DD")
        self.assertEqual(self.visit(port), b"")
        self.check(self.one, passed=True)
        self.assertEqual(self.visit(port), b"the service of one")

    def test_maintenance_closes_it_and_drain_does_not(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        for admin, heard in ((Admin.DRAIN, b"the service of one"), (Admin.MAINT, b""), (Admin.READY, b"the service of one")):
            self.one.host.set_admin(admin, self.clock.seconds())
            self.settle()
            self.assertEqual(self.visit(port), heard, admin)

    def test_maintenance_ends_who_is_there_where_the_mapper_s_back_end_says_so(self) -> None:
        client = self.client((HOST, self.ports.port(SPOT, self.one, PORT) or 0))
        self.one.set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertTrue(client.eof)
        self.assertEqual(self.records[0].termination, "DD")

    def test_it_follows_the_server_s_address(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        self.network.listen(("192.0.2.7", PORT), Peer(greeting=b"moved")).resume()
        self.one.resolved("192.0.2.7", self.clock.seconds())
        self.settle()
        self.assertEqual(self.visit(port), b"moved")

    def test_closed_it_opens_nothing_and_sessions_go_on(self) -> None:
        port = self.ports.port(SPOT, self.one, PORT)
        client = self.client((HOST, port or 0))
        self.ports.close()
        self.assertNotIn((HOST, port), self.network.ports)
        self.assertIsNone(self.ports.port(SPOT, self.two, PORT))
        self.send(client, b"still here")
        self.assertEqual(bytes(self.service.sessions[0].data), b"still here")
        for session in list(self.ports.sessions()):
            session.kill("K")
        self.settle()
        self.assertEqual(self.records[0].termination, "KD")
