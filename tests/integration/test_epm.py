"""Mode ``epm``: Samba's endpoint mappers behind the proxy, services on other ports than clients are told, and real clients."""

import socket
from collections import Counter
from typing import Any

from impacket.dcerpc.v5.rpcrt import DCERPC_v5, DCERPCException

from exproxy.cli.connection import Connection
from tests.integration.balanced import FIRST, SECOND, BalancedTests
from tests.integration.clients import (
    endpoint_of,
    endpoints_of,
    interfaces_of_mapper,
    protected_endpoint_of,
    rpc_client,
    rpc_server_name,
    rpcclient,
)
from tests.integration.peers import needs, samba
from tests.integration.peers.liar import Liar
from tests.integration.peers.ports import accepts, free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import ADMIN, Proxy

FRONT = "127.0.0.4"
"""Whoever maps goes to port 135, on which the servers' mappers are too."""
BALANCER = "127.0.0.5"
"""Stands before us and is trusted."""
IPV6 = b"PROXY TCP6 2001:db8::7 2001:db8::9 4711 135\r\n"
"""What it says of a client."""

MAPPER = samba.MAPPER_PORT
USER, PASSWORD = "root", "Outlook-2010"

SITE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}

[tables.rpc]
expire = "24h"

[frontends.epm]
mode = "epm"
bind = {bind}
backend = "epm"
map = {{ emsmdb = "ca", nspi = "ab", rfri = "ab" }}
{policy}

[backends.epm]
persistence = {{ table = "rpc" }}
check = {{ type = "epm", interface = "emsmdb" }}
servers = {{ ex1 = "{first}:135", ex2 = "{second}:135" }}
"""

SERVICE = """
[frontends.{name}]
bind = {bind}
backend = "{name}"

[backends.{name}]
persistence = {{ table = "rpc" }}
check = {{ type = "rpc", interface = "{interface}" }}
servers = {{ ex1 = "{first}:{first_port}", ex2 = "{second}:{second_port}" }}
"""


class Server:
    """One machine: its endpoint mapper, and its services on ports of its own.

    The nameplate is a service like the others that stands in no map of the proxy.
    """

    def __init__(self, name: str, host: str) -> None:
        self.host = host
        self.ports = {"ca": free_port(host), "ab": free_port(host), "nameplate": free_port(host)}
        self.services = {
            "emsmdb": self.ports["ca"],
            "nspi": self.ports["ab"],
            "rfri": self.ports["ab"],
            "nameplate": self.ports["nameplate"],
        }
        self.mapper = samba.EndpointMapper(name, host, MAPPER, self.services)
        self.rpc = samba.RpcServices(name, host, self.ports["ca"], self.services)
        self.peers = (self.mapper, self.rpc)

    def start(self) -> None:
        for peer in self.peers:
            peer.start()

    def stop(self) -> None:
        for peer in self.peers:
            peer.stop()


class MapperTestCase(PeerTestCase):
    """Two servers, on which nothing is as clients are told it."""

    proxy: Proxy
    backends = ("epm", "ca", "ab")

    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)
        self.first = Server("ex1", FIRST)
        self.second = Server("ex2", SECOND)
        self.ports = {"ca": free_port(FRONT), "ab": free_port(FRONT)}
        self.started(*self.first.peers, *self.second.peers)

    def site(self, policy: str, bind: str, advertise: str, workers: int) -> str:
        def bound(port: int, more: str = "") -> str:
            return f'{{ address = "{FRONT}:{port}"{bind}{more} }}'

        site = SITE.format(bind=bound(MAPPER, advertise), policy=policy, first=FIRST, second=SECOND, workers=workers)
        for name, interface in (("ca", "emsmdb"), ("ab", "nspi")):
            site += SERVICE.format(
                name=name,
                bind=bound(self.ports[name]),
                interface=interface,
                first=FIRST,
                first_port=self.first.ports[name],
                second=SECOND,
                second_port=self.second.ports[name],
            )
        return site

    def run_proxy(self, policy: str = "", bind: str = "", advertise: str = "", workers: int = 1) -> None:
        """Start it, and wait for the servers.

        :param policy: further lines of the mapper's front end.
        :param bind: further keys of all binds.
        :param advertise: of the mapper's.
        """
        self.proxy = Proxy("proxy", FRONT, MAPPER, self.site(policy, bind, advertise, workers) + ADMIN)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for backend in self.backends:
            for server in ("ex1", "ex2"):
                self.proxy.wait_until(f"{backend}/{server}", "up")
        self.proxy.wait_for_workers()

    def visit(self, source: str, header: bytes = b"") -> str:
        """Ask the mapper, go to the ports that it tells and call each service: the name of the one server of them all."""
        names = set()
        for interface in samba.SERVED:
            port = endpoint_of(FRONT, MAPPER, interface, source, header)
            assert port == self.ports["ca" if interface == "emsmdb" else "ab"], f"{interface} is told on {port}"
            names.add(rpc_server_name(FRONT, port, interface, source, header))
        assert len(names) == 1, f"{source} was sent to several servers: {names}"
        return names.pop()

    def lines(self, *words: str) -> list[str]:
        """The access log's lines with all of these words, once there are some."""
        return eventually(
            lambda: [line for line in self.proxy.accessed() if all(word in line for word in words)], f"{words} in the access log"
        )


class BalancedMapperTests(BalancedTests, MapperTestCase):
    """What holds for every protocol."""

    def setUp(self) -> None:
        super().setUp()
        self.clients = 0
        self.run_proxy()

    def client(self) -> str:
        self.clients += 1
        return self.visit(f"127.0.1.{self.clients}")

    def spoil(self) -> None:
        """The mapper stays; on both other ports somebody accepts and answers garbage."""
        with self.unseen():
            self.second.rpc.stop()
            self.garbage = [Liar(SECOND, port) for port in set(self.second.services.values())]
            self.begin(self.garbage)

    def mend(self) -> None:
        for liar in self.garbage:
            liar.stop()
        self.second.rpc.start()


class MappedTests(MapperTestCase):
    def test_the_mapper_that_is_asked_is_that_of_the_client_s_server(self) -> None:
        self.run_proxy()
        for source in ("127.0.2.1", "127.0.2.2"):
            server = self.visit(source)
            self.assertEqual({self.visit(source) for _ in range(2)}, {server})
            asked = Counter(line.split()[3] for line in self.lines(f"{source}:", " epm "))
            self.assertEqual(set(asked), {f"epm/{server}"})

    def test_a_lookup_shows_our_ports_and_nothing_else(self) -> None:
        self.run_proxy()
        found = endpoints_of(FRONT, MAPPER)
        self.assertEqual({(tower.address, tower.port) for tower in found}, {(FRONT, port) for port in self.ports.values()})
        served = {samba.INTERFACES[name][0] for name in samba.SERVED}
        self.assertEqual({str(tower.interface.uuid) for tower in found if tower.interface}, served)

    def test_other_interfaces_are_hidden(self) -> None:
        self.run_proxy()
        error = self.assertRaises(DCERPCException, endpoint_of, FRONT, MAPPER, "nameplate")
        self.assertIn("0x16c9a0d6", str(error))

    def test_what_the_server_of_the_client_does_not_offer_is_not_told(self) -> None:
        """Though the other one does."""
        del self.first.mapper.services["rfri"], self.second.mapper.services["rfri"]
        for server in (self.first, self.second):
            server.mapper.stop()
            server.mapper.start()
        self.run_proxy()
        self.assertEqual(endpoint_of(FRONT, MAPPER, "nspi"), self.ports["ab"])
        self.assertRaises(DCERPCException, endpoint_of, FRONT, MAPPER, "rfri")

    def test_another_address_is_advertised(self) -> None:
        self.run_proxy(advertise=', advertise = "192.0.2.135"')
        self.assertEqual({tower.address for tower in endpoints_of(FRONT, MAPPER)}, {"192.0.2.135"})

    def test_behind_a_balancer_its_client_and_its_address_count(self) -> None:
        self.run_proxy(bind=f', accept_proxy = ["{BALANCER}"]')
        reached = set()
        for number in range(1, 7):
            header = f"PROXY TCP4 10.9.9.{number} 192.0.2.9 4711 135\r\n".encode()
            server = self.visit(BALANCER, header)
            self.assertEqual(self.visit(BALANCER, header), server)
            reached.add(server)
        self.assertEqual(reached, {"ex1", "ex2"})
        self.assertEqual({tower.address for tower in endpoints_of(FRONT, MAPPER, BALANCER, header)}, {"192.0.2.9"})

    def test_who_came_to_an_ipv6_address_is_told_of_nothing(self) -> None:
        self.run_proxy(bind=f', accept_proxy = ["{BALANCER}"]')
        self.assertEqual(endpoints_of(FRONT, MAPPER, BALANCER, IPV6), [])

    def test_who_came_to_an_ipv6_address_is_told_of_what_is_advertised(self) -> None:
        self.run_proxy(bind=f', accept_proxy = ["{BALANCER}"]', advertise=', advertise = "192.0.2.135"')
        self.assertEqual({tower.address for tower in endpoints_of(FRONT, MAPPER, BALANCER, IPV6)}, {"192.0.2.135"})

    def test_a_question_may_come_in_fragments(self) -> None:
        self.run_proxy()
        self.assertEqual(endpoint_of(FRONT, MAPPER, "nspi", fragment=40), self.ports["ab"])

    def test_a_context_that_is_added_to_the_connection_passes(self) -> None:
        self.run_proxy()
        self.assertEqual(interfaces_of_mapper(FRONT, MAPPER), interfaces_of_mapper(FIRST, MAPPER))

    def test_two_workers_have_one_mind(self) -> None:
        self.run_proxy(workers=2)
        for source in ("127.0.3.1", "127.0.3.2", "127.0.3.3"):
            self.assertEqual(len({self.visit(source) for _ in range(3)}), 1)

    def test_garbage_ends_its_session_and_is_told(self) -> None:
        self.run_proxy()
        with socket.create_connection((FRONT, MAPPER), timeout=PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
            while client.recv(1000):
                pass
        self.assertIn(" PD ", self.lines(" epm ", " PD ")[0])
        self.proxy.wait_for_log(r"epm: a session of 127\.0\.0\.\d with epm/ex\d was ended, for the client broke the protocol: ")


class OthersTests(MapperTestCase):
    """Interfaces that are in no map."""

    def test_they_are_passed_as_they_are(self) -> None:
        self.run_proxy('others = "pass"')
        told = {endpoint_of(FRONT, MAPPER, "nameplate", f"127.0.4.{number}") for number in range(1, 5)}
        self.assertEqual(told, {self.first.ports["nameplate"], self.second.ports["nameplate"]})
        self.assertEqual(endpoint_of(FRONT, MAPPER, "emsmdb"), self.ports["ca"])

    def dynamic(self, idle: str = "10m", count: int = 20, workers: int = 1) -> range:
        ours = range(0)
        while not ours or any(port in ours for port in self.ports.values()):
            first = free_port(FRONT)
            ours = range(first, first + count)
        lines = f'others = "dynamic"\ndynamic_ports = "{ours[0]}-{ours[-1]}"\ndynamic_idle = "{idle}"'
        self.run_proxy(lines, workers=workers)
        return ours

    def test_a_port_is_opened_to_the_server_of_the_client(self) -> None:
        ours = self.dynamic()
        for source in ("127.0.5.1", "127.0.5.2", "127.0.5.3"):
            server = self.visit(source)
            ports = {endpoint_of(FRONT, MAPPER, "nameplate", source) for _ in range(3)}
            (port,) = ports
            self.assertIn(port, ours)
            self.assertEqual(rpc_server_name(FRONT, port, "nameplate", source), server)
            real = {"ex1": self.first, "ex2": self.second}[server].ports["nameplate"]
            self.lines(f"{source}:", f" epm:{port} ", f" epm:{real}/{server} ")

    def test_each_worker_opens_its_own(self) -> None:
        ours = self.dynamic(workers=2)
        told = set()
        for number in range(1, 13):
            source = f"127.0.5.{number}"
            server = self.visit(source)
            port = endpoint_of(FRONT, MAPPER, "nameplate", source)
            self.assertEqual(rpc_server_name(FRONT, port, "nameplate", source), server)
            told.add(port)
        self.assertLessEqual(told, set(ours))

    def test_who_is_there_is_shown_counted_and_ended(self) -> None:
        self.seen_and_ended()

    def test_who_is_there_is_shown_counted_and_ended_in_each_worker(self) -> None:
        self.seen_and_ended(workers=2)

    def seen_and_ended(self, workers: int = 1) -> None:
        """Clients are told of ports, enter them and stay; then one of them is ended."""
        self.dynamic(workers=workers)
        sources = [f"127.0.91.{number}" for number in range(1, 13)]
        ports = {source: endpoint_of(FRONT, MAPPER, "nameplate", source) for source in sources}
        asked = eventually(lambda: self.epm(0, len(sources)), "those who asked the mapper to be gone")
        clients = {source: rpc_client(FRONT, port, "nameplate", source) for source, port in ports.items()}
        for client in clients.values():
            self.addCleanup(client.disconnect)
        seen = self.shown()
        self.assertEqual(set(seen), set(sources))
        places = {f"epm:{each.ports['nameplate']}/{name}" for name, each in (("ex1", self.first), ("ex2", self.second))}
        self.assertEqual({(one["frontend"], *one["servers"]) for one in seen.values()}, {("epm", place) for place in places})
        for way in ("bytes_in", "bytes_out"):
            octets = asked[way] + sum(one[way] for one in seen.values())
            eventually(lambda way=way, octets=octets: self.epm(12, 24).get(way) == octets, f"{way} to be counted while they live")
        Connection(self.proxy.folder / "x.sock", PATIENCE).order("POST", "sessions", seen[sources[6]]["id"], "end")
        self.assertEqual(clients.pop(sources[6]).get_rpc_transport().get_socket().recv(1), b"")
        eventually(lambda: self.epm(11, 24), "it to be over")
        self.assertEqual(set(self.shown()), set(clients))

    def shown(self) -> dict[str, dict[str, Any]]:
        """The sessions of the mapper's front end, by the client's address."""
        found = Connection(self.proxy.folder / "x.sock", PATIENCE).get("sessions", frontend="epm")
        return {one["client"].partition(":")[0]: one for one in found}

    def epm(self, sessions: int, total: int) -> dict[str, Any]:
        """What is counted of the mapper's front end, once it has so many sessions and had so many; before that, nothing."""
        (seen,) = [one for one in self.proxy.told("frontends") if one["name"] == "epm"]
        return seen if (seen["sessions"], seen["total"]) == (sessions, total) else {}

    def test_it_is_closed_when_nobody_has_needed_it_for_long(self) -> None:
        self.dynamic("1s")
        port, client = eventually(self.entered, "a client to come within a second")
        before = self.proxy.written()
        unused = next(told for told in map(self.nameplate, range(1, 255)) if told != port)
        self.proxy.wait_for_log(f"epm:{unused} is closed: nobody has used it for 1 s", before)
        # which was opened later than the other one was entered
        self.assertNotIn(f"epm:{port} is closed", self.proxy.process.text()[before:])
        client.disconnect()
        self.proxy.wait_for_log(f"epm:{port} is closed: nobody has used it for 1 s", before)
        self.assertFalse(accepts(FRONT, port))

    def nameplate(self, number: int) -> int:
        """Its port, as that client is told it."""
        return endpoint_of(FRONT, MAPPER, "nameplate", f"127.0.6.{number}")

    def entered(self) -> tuple[int, DCERPC_v5]:
        """The port, and a client of the nameplate who is there.

        :raises OSError: he was too late.
        """
        port = self.nameplate(1)
        return port, rpc_client(FRONT, port, "nameplate", "127.0.6.1")

    def test_when_no_port_is_free_they_are_hidden(self) -> None:
        (port,) = self.dynamic(count=1)
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # clients of other tests may have had it
            holder.bind((FRONT, port))
            holder.listen()
            self.assertRaises(DCERPCException, endpoint_of, FRONT, MAPPER, "nameplate")
        self.proxy.wait_for_log(f"epm: no port of {port}-{port} can be opened on {FRONT}")
        self.assertEqual(endpoint_of(FRONT, MAPPER, "emsmdb"), self.ports["ca"])

    def test_samba_s_own_client_gets_through_anonymous_signed_and_sealed(self) -> None:
        needs.require(needs.RPCCLIENT)
        for server in (self.first, self.second):
            server.mapper.add_user(USER, PASSWORD)
        ours = self.dynamic()
        for options in ("", "[sign]", "[seal]"):
            self.assertIn("platform_id", rpcclient(FRONT, options, USER, PASSWORD))
        told = {int(line.split()[2].partition(":")[2]) for line in self.lines(" epm:")}
        self.assertLessEqual(told, set(ours))


class ProtectedTests(MapperTestCase):
    """Questions that are signed or sealed."""

    def setUp(self) -> None:
        super().setUp()
        for server in (self.first, self.second):
            server.mapper.add_user(USER, PASSWORD)

    def ask(self, level: int) -> int:
        return protected_endpoint_of(FRONT, MAPPER, "emsmdb", USER, PASSWORD, level)

    def test_they_are_refused_and_that_is_explained_once(self) -> None:
        self.run_proxy()
        for level in (5, 6):
            error = self.assertRaises(DCERPCException, self.ask, level)
            self.assertIn("rpc_s_access_denied", str(error))
        self.proxy.wait_for_log("epm: 127.* has signed or sealed its question")
        self.assertEqual(self.proxy.logged().count("has signed or sealed"), 1)

    def test_they_may_pass(self) -> None:
        self.run_proxy('protected = "pass"')
        for level in (5, 6):
            self.assertIn(self.ask(level), {self.first.ports["ca"], self.second.ports["ca"]})
