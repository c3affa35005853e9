"""Server ports by interface: Samba's endpoint mapper tells them, impacket's services move, and clients find them."""

from impacket.dcerpc.v5 import transport
from impacket.uuid import uuidtup_to_bin
from twisted.internet import reactor
from twisted.internet.threads import blockingCallFromThread, deferToThread
from twisted.trial.unittest import TestCase

from exproxy.simulator.layout import Layout
from exproxy.simulator.modes import Mode
from exproxy.simulator.site import Simulator
from tests.integration.clients import endpoint_of, exproxy, rpc_server_name
from tests.integration.peers import needs, samba
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import ADMIN, DEFAULTS, Proxy

FRONT, FIRST, SECOND = "127.0.4.1", "127.0.4.2", "127.0.4.3"

SELDOM = '[defaults]\ncheck = { interval = "1h", timeout = "20s" }\ntimeouts = { connect = "20s", drain = "1s" }\n'
"""Whoever gets anywhere within a test, gets there without waiting for a check."""


class Server:
    """One machine: its endpoint mapper, and RPC Client Access on some port."""

    def __init__(self, name: str, host: str) -> None:
        self.host = host
        self.port = free_port(host)
        services = {"emsmdb": self.port}
        self.mapper = samba.EndpointMapper(name, host, samba.MAPPER_PORT, dict(services))
        self.rpc = samba.RpcServices(name, host, self.port, services)
        self.peers = (self.mapper, self.rpc)

    def restart(self) -> None:
        """As Windows does: the service is on another port afterwards."""
        self.rpc.stop()
        self.port = free_port(self.host)
        self.rpc.port = self.port
        self.rpc.services = self.mapper.services = {"emsmdb": self.port}
        self.rpc.start()
        self.mapper.register()


class Exchange:
    """A machine with all of Exchange 2010's services, on whatever ports."""

    def __init__(self, name: str, host: str) -> None:
        self.host = host
        services = self._ports()
        self.mapper = samba.EndpointMapper(name, host, samba.MAPPER_PORT, dict(services))
        self.rpc = samba.RpcServices(name, host, services["emsmdb"], services)
        self.peers = (self.mapper, self.rpc)

    def restart(self) -> None:
        """All of them are on other ports afterwards."""
        self.rpc.stop()
        self.rpc.services = self.mapper.services = self._ports()
        self.rpc.start()
        self.mapper.register()

    def _ports(self) -> dict[str, int]:
        access, book = free_port(self.host), free_port(self.host)
        return {"emsmdb": access, "nspi": book, "rfri": book}


class InterfacePortTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)
        self.first, self.second = Server("ex1", FIRST), Server("ex2", SECOND)
        self.started(*self.first.peers, *self.second.peers)
        self.clients = 0

    def run_proxy(self, *servers: Server, check: str = "", defaults: str = DEFAULTS, workers: int = 1) -> None:
        front = free_port(FRONT)
        lines = "\n".join(f'{server.rpc.name} = "{server.host}:epm/emsmdb"' for server in servers)
        configuration = f"""
[service]
workers = {workers}
[frontends.rpc-ca]
bind = "{FRONT}:{front}"
backend = "rpc-ca"
[backends.rpc-ca]
{check}
[backends.rpc-ca.servers]
{lines}
"""
        self.proxy = Proxy("proxy", FRONT, front, configuration + ADMIN, defaults)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for server in servers:
            self.proxy.wait_for_log(f"rpc-ca/{server.rpc.name}: emsmdb is at port {server.port}, as its endpoint mapper says")

    def wait_until_up(self) -> None:
        """Both, in each process."""
        for name in ("ex1", "ex2"):
            self.proxy.wait_until(f"rpc-ca/{name}", "up")
        self.proxy.wait_for_workers()

    def client(self) -> str:
        """Somebody who was never here before: the name of the server."""
        self.clients += 1
        return rpc_server_name(FRONT, self.proxy.port, "emsmdb", f"127.0.1.{self.clients}")

    def wait_for_move(self, before: int) -> None:
        """Until the first server, which has been restarted, gets clients again: checks fail while that takes long."""
        self.proxy.wait_for_log(f"emsmdb is at port {self.first.port} now", before)
        self.proxy.wait_for_a_passed_check("rpc-ca/ex1")

    def test_clients_reach_the_ports_that_the_mappers_tell(self) -> None:
        self.run_proxy(self.first, self.second)
        self.wait_until_up()
        self.assertEqual({self.client() for _ in range(6)}, {"ex1", "ex2"})

    def test_the_next_client_finds_a_service_that_has_moved_before_any_check_does(self) -> None:
        for workers in (1, 2):
            self.run_proxy(self.first, defaults=SELDOM, workers=workers)
            self.proxy.wait_until("rpc-ca/ex1", "up")
            self.assertEqual(self.client(), "ex1")
            old, before = self.first.port, self.proxy.written()
            self.first.restart()
            self.assertEqual(self.client(), "ex1")
            now = f"rpc-ca/ex1: emsmdb is at port {self.first.port} now \\(was {old}\\), as its endpoint mapper says"
            self.proxy.wait_for_log(now, before)
            self.assertNotIn("; down", self.proxy.process.text()[before:])

    def test_a_check_follows_a_service_that_has_moved(self) -> None:
        self.run_proxy(self.first)
        self.proxy.wait_until("rpc-ca/ex1", "up")
        before = self.proxy.written()
        self.first.restart()
        self.wait_for_move(before)
        self.assertEqual(self.client(), "ex1")

    def test_a_server_whose_interface_is_gone_is_left_out(self) -> None:
        """Its mapper lives, and so does the service, which nobody can be told of."""
        self.run_proxy(self.first, self.second)
        self.wait_until_up()
        before = self.proxy.written()
        self.second.mapper.withdraw("emsmdb")
        why = "the endpoint mapper offers no emsmdb: the RPC Client Access service is not registered"
        sentence = self.proxy.wait_until("rpc-ca/ex2", "down", before)
        self.assertIn(why, sentence)
        self.assertIn("1 of 2 servers of rpc-ca left", sentence)
        self.proxy.wait_for_log(rf"rpc-ca/ex2: emsmdb is at no port any more \(was {self.second.port}\): {why}", before)
        self.assertEqual({self.client() for _ in range(6)}, {"ex1"})
        before = self.proxy.written()
        self.second.mapper.services = {"emsmdb": self.second.port}
        self.second.mapper.register()
        self.proxy.wait_until("rpc-ca/ex2", "up", before)
        self.assertEqual({self.client() for _ in range(6)}, {"ex1", "ex2"})

    def test_other_checks_go_to_the_port_that_is_told(self) -> None:
        self.run_proxy(self.first, self.second, check='check = "tcp"')
        self.wait_until_up()
        before = self.proxy.written()
        self.first.restart()
        self.wait_for_move(before)
        self.assertEqual({self.client() for _ in range(6)}, {"ex1", "ex2"})
        before = self.proxy.written()
        self.second.rpc.stop()
        self.assertIn("connection refused", self.proxy.wait_until("rpc-ca/ex2", "down", before))

    def test_without_a_check_only_the_mapper_takes_a_server_out(self) -> None:
        self.run_proxy(self.first, self.second, check='check = "off"')
        before = self.proxy.written()
        self.second.mapper.withdraw("emsmdb")
        self.proxy.wait_until("rpc-ca/ex2", "down", before)
        self.assertEqual({self.client() for _ in range(6)}, {"ex1"})

    def test_two_workers_follow(self) -> None:
        self.run_proxy(self.first, self.second, workers=2)
        self.wait_until_up()
        self.assertEqual({self.client() for _ in range(6)}, {"ex1", "ex2"})
        before = self.proxy.written()
        self.second.mapper.withdraw("emsmdb")
        self.proxy.wait_until("rpc-ca/ex2", "down", before)
        self.proxy.wait_for_workers()
        self.assertEqual({self.client() for _ in range(6)}, {"ex1"})


class TemplateTests(PeerTestCase):
    """Exchange 2010 by the template: no port is fixed anywhere, and no registry was edited."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)
        self.servers = [Exchange("ex1", FIRST), Exchange("ex2", SECOND)]
        self.started(*(peer for server in self.servers for peer in server.peers))
        configuration = f"""
[exchange]
version = "2010"
listen = "{FRONT}"
servers = {{ ex1 = "{FIRST}", ex2 = "{SECOND}" }}
services = ["rpc"]
"""
        self.proxy = Proxy("proxy", FRONT, samba.MAPPER_PORT, configuration + ADMIN)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for backend in ("rpc-epm", "rpc-ca", "rpc-ab"):
            for name in ("ex1", "ex2"):
                self.proxy.wait_until(f"{backend}/{name}", "up")

    def visit(self, source: str) -> str:
        """Outlook: each interface by way of the mapper; the name of the one server of them all."""
        names = set()
        for interface in samba.SERVED:
            port = endpoint_of(FRONT, samba.MAPPER_PORT, interface, source)
            names.add(rpc_server_name(FRONT, port, interface, source))
        assert len(names) == 1, f"{source} was sent to several servers: {names}"
        return names.pop()

    def test_one_client_has_one_server_and_goes_on_when_its_services_move(self) -> None:
        sources = [f"127.0.5.{number}" for number in range(1, 7)]
        self.assertEqual({self.visit(source) for source in sources}, {"ex1", "ex2"})
        for server in self.servers:
            before = self.proxy.written()
            server.restart()
            for backend in ("rpc-ca", "rpc-ab"):
                self.proxy.wait_for_log(f"{backend}/{server.rpc.name}: .* is at port [0-9]+ now", before)
            for backend in ("rpc-ca", "rpc-ab"):
                self.proxy.wait_for_a_passed_check(f"{backend}/{server.rpc.name}")
            self.assertLessEqual({self.visit(source) for source in sources}, {"ex1", "ex2"})

    def test_a_server_whose_address_book_is_not_registered_gets_nobody_on_any_port(self) -> None:
        before = self.proxy.written()
        self.servers[1].mapper.withdraw("nspi")
        self.assertIn("the Address Book service is not registered", self.proxy.wait_until("rpc-ab/ex2", "down", before))
        self.assertEqual({self.visit(f"127.0.6.{number}") for number in range(1, 5)}, {"ex1"})


class SimulatorTests(TestCase):
    """Against simulated servers, whose interfaces have the versions of Exchange.  The clients block: they are in a thread."""

    timeout = 600

    async def setUp(self) -> None:
        hosts = {"ex1": "127.0.4.12", "ex2": "127.0.4.13"}
        self.site = Simulator(reactor, Layout(hosts))
        self.addCleanup(self.site.stop)
        await self.site.start()

    def configuration(self, fronts: dict[str, int]) -> str:
        text = ""
        for name, interface in (("rpc-ca", "emsmdb"), ("rpc-ab", "nspi")):
            text += f'[frontends.{name}]\nbind = "{FRONT}:{fronts[interface]}"\nbackend = "{name}"\n[backends.{name}.servers]\n'
            for server in self.site.servers.values():
                mapper = server.service("epm").port
                text += f'{server.name} = {{ address = "{server.address}:epm/{interface}", mapper = {mapper} }}\n'
        return text

    def bind(self, port: int, interface: str) -> None:
        channel = transport.TCPTransport(FRONT, port)
        dce = channel.get_dce_rpc()
        dce.connect()
        identifier, major, minor = samba.INTERFACES[interface]
        dce.bind(uuidtup_to_bin((identifier, f"{major}.{minor}")))
        dce.disconnect()

    async def test_a_service_moves_and_goes_and_clients_get_there_all_the_same(self) -> None:
        await deferToThread(self.scenario)

    def scenario(self) -> None:
        fronts = {"emsmdb": free_port(FRONT), "nspi": free_port(FRONT)}
        proxy = Proxy("proxy", FRONT, fronts["emsmdb"], self.configuration(fronts))
        try:
            proxy.start()
            for backend in ("rpc-ca", "rpc-ab"):
                for name in self.site.servers:
                    proxy.wait_until(f"{backend}/{name}", "up")
            before = proxy.written()
            blockingCallFromThread(reactor, self.site.server("ex1").restart, "rpc-ca")
            port = self.site.server("ex1").service("rpc-ca").port
            proxy.wait_for_log(f"rpc-ca/ex1: emsmdb is at port {port} now", before)
            blockingCallFromThread(reactor, self.site.server("ex2").service("rpc-ab").set, Mode.REFUSE)
            sentence = proxy.wait_until("rpc-ab/ex2", "down", before)
            self.assertIn("the endpoint mapper offers no nspi: the Address Book service is not registered", sentence)
            for interface, front in fronts.items():
                for _client in range(6):
                    self.bind(front, interface)
            blockingCallFromThread(reactor, self.site.server("ex2").service("rpc-ab").set, Mode.WELL)
            proxy.wait_until("rpc-ab/ex2", "up", before)
            proxy.end()
        finally:
            proxy.close()


class CommandTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)
        self.server = Server("ex1", FIRST)
        self.started(*self.server.peers)

    def test_probe_shows_the_port_and_what_the_bind_agreed_on(self) -> None:
        status, output = exproxy("probe", "--timeout", "1m", "rpc", f"{FIRST}:epm/emsmdb")
        self.assertEqual(status, 0, output)
        self.assertIn(f"rpc bind to emsmdb was accepted on port {self.server.port}, which the endpoint mapper told", output)
        self.assertRegex(output, f"emsmdb at port {self.server.port}: fragments of up to [0-9]+ bytes to the server")

    def test_probe_goes_to_the_port_with_any_check(self) -> None:
        status, output = exproxy("probe", "--timeout", "1m", "tcp", f"{FIRST}:epm/emsmdb")
        self.assertEqual(status, 0, output)
        self.assertIn(f"--- the endpoint mapper tells port {self.server.port} for emsmdb", output)
        self.assertIn(f"--- connected to {FIRST}:{self.server.port}", output)

    def test_probe_says_what_is_not_offered(self) -> None:
        status, output = exproxy("probe", "--timeout", "1m", "tcp", f"{FIRST}:epm/nspi")
        self.assertEqual(status, 1, output)
        self.assertIn("failed: the endpoint mapper offers no nspi: the Address Book service is not registered", output)

    def test_config_check_connect_shows_the_port(self) -> None:
        file = self.server.rpc.folder / "site.toml"
        for check, words in (("", "which the endpoint mapper told"), ('check = "tcp"', "tells"), ('check = "off"', "tells")):
            file.write_text(
                f'[frontends.a]\nbind = "127.0.0.1:1"\nbackend = "b"\n[backends.b]\n{check}\nservers.x = "{FIRST}:epm/emsmdb"\n'
                '[defaults]\ncheck = { timeout = "1m" }\n'
            )
            status, output = exproxy("config", "check", "--connect", str(file))
            self.assertEqual(status, 0, output)
            self.assertRegex(output, f"{words}.*port {self.server.port}|port {self.server.port}.*{words}")
