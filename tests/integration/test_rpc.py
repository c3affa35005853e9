"""MSRPC: Samba's endpoint mapper and Exchange 2010's services behind the proxy, by the template, and impacket in front."""

from tests.integration.balanced import FIRST, FRONT, SECOND, BalancedTests
from tests.integration.clients import endpoint_of, rpc_server_name
from tests.integration.peers import needs, samba
from tests.integration.peers.liar import Liar
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase

CONFIGURATION = """
[exchange]
version = "2010"
listen = "{front}"
servers = {{ ex1 = "{first}", ex2 = "{second}" }}
services = ["rpc"]
rpc_ports = {{ client_access = {client_access}, address_book = {address_book} }}

[frontends.rpc-epm]
others = "pass"
"""
"""With static ports; those that the mappers tell are in test_epm_ports.py.  The nameplate is nobody's to map."""

NAMEPLATES = {"ex1": 1001, "ex2": 1002}
"""What each mapper tells of the interface that tells the mappers apart."""


class Server:
    """One machine: its endpoint mapper and its services."""

    def __init__(self, name: str, host: str, services: dict[str, int]) -> None:
        self.mapper = samba.EndpointMapper(name, host, samba.MAPPER_PORT, {**services, "nameplate": NAMEPLATES[name]})
        self.rpc = samba.RpcServices(name, host, services["emsmdb"], services)
        self.peers = (self.mapper, self.rpc)

    def start(self) -> None:
        for peer in self.peers:
            peer.start()

    def stop(self) -> None:
        for peer in self.peers:
            peer.stop()


class RpcTests(BalancedTests, PeerTestCase):
    backends = ("rpc-epm", "rpc-ca", "rpc-ab")

    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)
        everywhere = (FRONT, FIRST, SECOND)
        client_access, address_book = free_port(*everywhere), free_port(*everywhere)
        self.services = {"emsmdb": client_access, "nspi": address_book, "rfri": address_book}
        self.first = Server("ex1", FIRST, self.services)
        self.second = Server("ex2", SECOND, self.services)
        self.started(*self.first.peers, *self.second.peers)
        configuration = CONFIGURATION.format(
            front=FRONT, first=FIRST, second=SECOND, client_access=client_access, address_book=address_book
        )
        self.balance(samba.MAPPER_PORT, configuration)
        self.clients = 0

    def client(self) -> str:
        """Somebody who was never here before; has to find the mapper and all services on one server."""
        self.clients += 1
        return self.visit(f"127.0.1.{self.clients}")

    def visit(self, source: str) -> str:
        """Ask the mapper, go to the ports that it tells and call each service: the name of the one server of them all."""
        nameplate = endpoint_of(FRONT, samba.MAPPER_PORT, "nameplate", source)
        names = {name for name, port in NAMEPLATES.items() if port == nameplate}
        for interface in samba.SERVED:
            port = endpoint_of(FRONT, samba.MAPPER_PORT, interface, source)
            names.add(rpc_server_name(FRONT, port, interface, source))
        assert len(names) == 1, f"{source} was sent to several servers: {names}"
        return names.pop()

    def spoil(self) -> None:
        """The mapper stays; on both other ports somebody accepts and answers garbage."""
        with self.unseen():
            self.second.rpc.stop()
            self.garbage = [Liar(SECOND, port) for port in set(self.services.values())]
            self.begin(self.garbage)

    def mend(self) -> None:
        for liar in self.garbage:
            liar.stop()
        self.second.rpc.start()

    def test_a_client_stays_with_its_server_on_all_three_ports(self) -> None:
        self.wait_until_up()
        for source in ("127.0.2.1", "127.0.2.2"):
            self.assertEqual(len({self.visit(source) for _ in range(3)}), 1)

    def test_the_whole_group_moves_when_one_of_its_members_dies(self) -> None:
        """Only the address book of the second server is gone; its clients leave its mapper and RPC Client Access too."""
        self.wait_until_up()
        sources = [f"127.0.3.{number}" for number in range(1, 5)]
        stuck = [source for source in sources if self.visit(source) == "ex2"]
        self.assertNotEqual(stuck, [], "nobody reached the second server")
        before = self.proxy.written()
        self.second.rpc.stop()
        self.second.rpc.services = {"emsmdb": self.services["emsmdb"]}
        self.second.rpc.start()
        self.proxy.wait_until("rpc-ab/ex2", "down", before)
        self.assertEqual({self.visit(source) for source in stuck}, {"ex1"})
