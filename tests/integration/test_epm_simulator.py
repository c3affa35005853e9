"""Mode ``epm`` before simulated Exchange 2010 servers: emsmdb 0.81, nspi 56.0 and rfri 1.0, on ports that the system chose."""

from collections.abc import Callable
from typing import Any

from impacket.dcerpc.v5 import transport
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from exproxy.simulator.layout import Layout
from exproxy.simulator.site import Simulator
from tests.integration.balanced import FIRST, SECOND
from tests.integration.clients import endpoint_of
from tests.integration.peers import samba
from tests.integration.peers.ports import free_port
from tests.integration.proxy import Proxy

FRONT = "127.0.0.4"

SITE = """
[tables.rpc]

[frontends.epm]
mode = "epm"
bind = "{front}:{epm}"
backend = "epm"
map = {{ emsmdb = "ca", nspi = "ab", rfri = "ab" }}
"""

BACKEND = """
[backends.{name}]
persistence = {{ table = "rpc" }}
check = {check}
servers = {{ ex1 = "{first}", ex2 = "{second}" }}
"""

FRONTEND = """
[frontends.{name}]
bind = "{front}:{port}"
backend = "{name}"
"""

SERVICES = {"epm": "epm", "ca": "rpc-ca", "ab": "rpc-ab"}
CHECKS = {
    "epm": '{ type = "epm", interface = "emsmdb" }',
    "ca": '{ type = "rpc", interface = "emsmdb" }',
    "ab": '{ type = "rpc", interface = "nspi" }',
}


class SimulatedTests(TestCase):
    """The clients block, so each works in a thread beside the reactor, in which the servers are."""

    timeout = 600

    async def setUp(self) -> None:
        self.site = Simulator(reactor, Layout({"ex1": FIRST, "ex2": SECOND}))
        self.addCleanup(self.site.stop)
        await self.site.start()
        self.ports = {name: free_port(FRONT) for name in SERVICES}
        configuration = SITE.format(front=FRONT, epm=self.ports["epm"])
        for name, service in SERVICES.items():
            servers = {
                which: f"{host}:{self.site.server(server).service(service).port}"
                for which, server, host in (("first", "ex1", FIRST), ("second", "ex2", SECOND))
            }
            configuration += BACKEND.format(name=name, check=CHECKS[name], **servers)
            if name != "epm":
                configuration += FRONTEND.format(name=name, front=FRONT, port=self.ports[name])
        self.proxy = Proxy("proxy", FRONT, self.ports["epm"], configuration)
        self.addCleanup(self.in_thread, self.proxy.close)
        await self.in_thread(self.proxy.start)
        self.addCleanup(self.in_thread, self.proxy.end)
        for name in SERVICES:
            for server in ("ex1", "ex2"):
                await self.in_thread(lambda full=f"{name}/{server}": self.proxy.wait_until(full, "up"))

    def in_thread(self, client: Callable[[], Any]) -> Deferred[Any]:
        return deferToThread(client)

    async def test_each_interface_is_told_where_our_front_end_is_and_takes_a_bind_there(self) -> None:
        def client() -> None:
            for interface in samba.SERVED:
                port = endpoint_of(FRONT, self.ports["epm"], interface)
                self.assertEqual(port, self.ports["ca" if interface == "emsmdb" else "ab"])
                dce = transport.TCPTransport(FRONT, port).get_dce_rpc()
                dce.connect()
                identifier, major, minor = samba.INTERFACES[interface]
                dce.bind(uuidtup_to_bin((identifier, f"{major}.{minor}")))
                dce.disconnect()

        await self.in_thread(client)

    async def test_an_interface_that_no_server_has_is_not_told(self) -> None:
        def client() -> None:
            self.assertRaises(DCERPCException, endpoint_of, FRONT, self.ports["epm"], "nameplate")

        await self.in_thread(client)
