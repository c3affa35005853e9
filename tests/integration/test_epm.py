"""Mode ``epm``: Samba's endpoint mappers behind the proxy, Exchange's services on other ports than clients are told, real clients."""

from tests.integration.balanced import FIRST, SECOND, BalancedTests
from tests.integration.clients import endpoint_of, endpoints_of, rpc_server_name
from tests.integration.peers import needs, samba
from tests.integration.peers.liar import Liar
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase

FRONT = "127.0.0.4"
"""Whoever maps goes to port 135, on which the servers' mappers are too."""

SITE = """
[service]
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
on_marked_down = "shutdown-sessions"
servers = {{ ex1 = "{first}:{first_port}", ex2 = "{second}:{second_port}" }}
"""

NAMEPLATES = {"ex1": 1001, "ex2": 1002}


class Server:
    """One machine: its endpoint mapper, and its services on ports of its own."""

    def __init__(self, name: str, host: str) -> None:
        self.ports = {"ca": free_port(host), "ab": free_port(host)}
        self.services = {"emsmdb": self.ports["ca"], "nspi": self.ports["ab"], "rfri": self.ports["ab"]}
        self.mapper = samba.EndpointMapper(name, host, samba.MAPPER_PORT, {**self.services, "nameplate": NAMEPLATES[name]})
        self.rpc = samba.RpcServices(name, host, self.ports["ca"], self.services)
        self.peers = (self.mapper, self.rpc)

    def start(self) -> None:
        for peer in self.peers:
            peer.start()

    def stop(self) -> None:
        for peer in self.peers:
            peer.stop()


class MapperTests(BalancedTests, PeerTestCase):
    """Nothing on the servers is as clients are told it."""

    backends = ("epm", "ca", "ab")

    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)
        self.first = Server("ex1", FIRST)
        self.second = Server("ex2", SECOND)
        self.ports = {"ca": free_port(FRONT), "ab": free_port(FRONT)}
        self.clients = 0
        self.started(*self.first.peers, *self.second.peers)
        self.run_proxy()

    def run_proxy(self) -> None:
        self.balance(samba.MAPPER_PORT, self.site())

    def site(self, policy: str = "", accept_proxy: str = "") -> str:
        def bind(port: int) -> str:
            return f'{{ address = "{FRONT}:{port}"{accept_proxy} }}'

        site = SITE.format(bind=bind(samba.MAPPER_PORT), policy=policy, first=FIRST, second=SECOND)
        for name, interface in (("ca", "emsmdb"), ("ab", "nspi")):
            site += SERVICE.format(
                name=name,
                bind=bind(self.ports[name]),
                interface=interface,
                first=FIRST,
                first_port=self.first.ports[name],
                second=SECOND,
                second_port=self.second.ports[name],
            )
        return site

    def client(self) -> str:
        self.clients += 1
        return self.visit(f"127.0.1.{self.clients}")

    def visit(self, source: str) -> str:
        """Ask the mapper, go to the ports that it tells and call each service: the name of the one server of them all."""
        names = set()
        for interface in samba.SERVED:
            port = endpoint_of(FRONT, samba.MAPPER_PORT, interface, source)
            assert port == self.ports["ca" if interface == "emsmdb" else "ab"], f"{interface} is told on {port}"
            names.add(rpc_server_name(FRONT, port, interface, source))
        assert len(names) == 1, f"{source} was sent to several servers: {names}"
        return names.pop()

    def spoil(self) -> None:
        """The mapper stays; on both other ports somebody accepts and answers garbage."""
        self.second.rpc.stop()
        self.garbage = [Liar(SECOND, port) for port in set(self.second.services.values())]
        for liar in self.garbage:
            self.addCleanup(liar.stop)
            liar.start()

    def mend(self) -> None:
        for liar in self.garbage:
            liar.stop()
        self.second.rpc.start()

    def test_the_mapper_that_was_asked_is_that_of_the_client_s_server(self) -> None:
        self.wait_until_up()
        server = self.visit("127.0.2.1")
        self.assertEqual({self.visit("127.0.2.1") for _ in range(3)}, {server})
        asked = {line.split()[-1] for line in self.proxy.accessed() if "127.0.2.1:" in line}
        self.assertTrue(asked, self.proxy.accessed())

    def test_a_lookup_shows_our_ports_and_nothing_else(self) -> None:
        self.wait_until_up()
        found = endpoints_of(FRONT, samba.MAPPER_PORT)
        self.assertEqual({(tower.address, tower.port) for tower in found}, {(FRONT, port) for port in self.ports.values()})
        served = {samba.INTERFACES[name][0] for name in samba.SERVED}
        self.assertEqual({str(tower.interface.uuid) for tower in found if tower.interface}, served)
