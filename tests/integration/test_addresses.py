"""Where sessions come from and go to: IPv6, servers by name, and TLS that is passed through by the name that it asks for."""

import socket
import ssl

import trustme

from tests.integration.balanced import FIRST, FRONT, SECOND
from tests.integration.clients import PATIENCE, curl
from tests.integration.peers import needs, nginx
from tests.integration.peers.echo import Echo, echoing_server
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

SIX = "::1"

SITE = """
[service]
log = {{ access = "access.log" }}

[frontends.front]
bind = "{bind}"
backend = "hub"

[backends.hub]
check = {check}
servers = {{ ex1 = "{server}" }}
"""

HTTPS = '{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }'

BY_NAME = """
[frontends.front]
bind = "{host}:{port}"
routes = [
  {{ sni = "mail.example.com", backend = "mail" }},
  {{ sni = "*.example.org", backend = "other" }},
]

[backends.mail]
check = {check}
servers = {{ ex1 = "{first}" }}

[backends.other]
check = {check}
servers = {{ ex2 = "{second}" }}
"""


class AddressTestCase(PeerTestCase):
    def run_proxy(self, host: str, port: int, configuration: str) -> Proxy:
        proxy = Proxy("proxy", host, port, configuration)
        self.started(proxy)
        self.addCleanup(proxy.end)
        return proxy

    def echo(self, host: str) -> Echo:
        server = Echo("ex1", host, free_port(host))
        self.addCleanup(server.stop)
        server.start()
        return server


class IPv6Tests(AddressTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(needs.IPV6)

    def test_a_client_over_ipv6_reaches_a_server_over_ipv6(self) -> None:
        needs.require(*nginx.NEEDS, needs.CURL)
        peer = nginx.Nginx("ex1", SIX, free_port(SIX))
        self.started(peer)
        port = free_port(SIX)
        proxy = self.run_proxy(SIX, port, SITE.format(bind=f"[{SIX}]:{port}", check=HTTPS, server=f"[{SIX}]:{peer.port}"))
        proxy.wait_until("hub/ex1", "up")
        proxy.wait_for_log(rf"front listens on \[{SIX}\]:{port}")
        self.assertIn("this is ex1", curl(peer, f"https://[{SIX}]:{port}/"))
        self.assertRegex(eventually(proxy.accessed, "an access line")[0], rf"^{SIX}:\d+ \[.*\] front hub/ex1 ")

    def test_a_client_over_ipv4_reaches_a_server_over_ipv6_and_the_other_way_round(self) -> None:
        for front, behind in ((FRONT, SIX), (SIX, FRONT)):
            server, port = self.echo(behind), free_port(front)
            bind, address = (
                f"[{host}]:{at}" if ":" in host else f"{host}:{at}" for host, at in ((front, port), (behind, server.port))
            )
            proxy = self.run_proxy(front, port, SITE.format(bind=bind, check='"tcp"', server=address))
            proxy.wait_until("hub/ex1", "up")
            self.assertEqual(echoing_server(front, port), "ex1")


class NameTests(AddressTestCase):
    def test_a_server_is_found_by_its_name(self) -> None:
        server, port = self.echo(FRONT), free_port(FRONT)
        site = SITE.format(bind=f"{FRONT}:{port}", check='"tcp"', server=f"localhost:{server.port}")
        proxy = self.run_proxy(FRONT, port, site)
        proxy.wait_until("hub/ex1", "up")
        self.assertEqual(echoing_server(FRONT, port), "ex1")


class PassthroughTests(AddressTestCase):
    """Two servers with certificates of their own behind one address."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL)
        authority = trustme.CA()
        self.first = nginx.Nginx("ex1", FIRST, free_port(FIRST), authority, certified="mail.example.com")
        self.second = nginx.Nginx("ex2", SECOND, free_port(SECOND), authority, certified="www.example.org")
        self.started(self.first, self.second)
        self.port = free_port(FRONT)
        values = {"check": HTTPS, "first": self.first.address, "second": self.second.address}
        self.proxy = self.run_proxy(FRONT, self.port, BY_NAME.format(host=FRONT, port=self.port, **values))
        for server in ("mail/ex1", "other/ex2"):
            self.proxy.wait_until(server, "up")

    def test_each_name_reaches_the_server_that_has_its_certificate(self) -> None:
        for name, server in (("mail.example.com", "ex1"), ("www.example.org", "ex2"), ("MAIL.example.com", "ex1")):
            where = f"{name}:{self.port}"
            self.assertEqual(curl(self.first, "--resolve", f"{where}:{FRONT}", f"https://{where}/"), f"this is {server}\n")

    def test_a_name_that_no_route_takes_reaches_nobody(self) -> None:
        context = ssl.create_default_context()
        for name in ("example.org", "mail.example.net"):
            with socket.create_connection((FRONT, self.port), PATIENCE) as connection, self.assertRaises(OSError):
                context.wrap_socket(connection, server_hostname=name)
