"""Configurations that people had for HAProxy, in our terms (``conf/``): with addresses and ports of a test, they run."""

import re
from collections.abc import Collection
from pathlib import Path

import trustme

from tests.integration.asker import ENOUGH, Asker
from tests.integration.balanced import FRONT
from tests.integration.clients import curl, swaks
from tests.integration.peers import needs, nginx, postfix
from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.clientaccess import NAMES, ClientAccess
from tests.integration.peers.ports import accepts, free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy
from tests.net.tls.files import pfx_file

FRONTS = [f"127.0.70.{last}" for last in range(20, 25)]
SERVERS = ["127.0.70.30", "127.0.70.31"]
CONF = Path(__file__).resolve().parents[2] / "conf"


def scaled(text: str) -> str:
    """For so few sessions that every machine has the descriptors, and with checks in the rhythm of a test."""
    text = re.sub(r"(maxconn *= *)[0-9_]+", r"\g<1>100", text)
    return re.sub(r'interval = "[0-9]+s"', 'interval = "200ms"', text)


class SeedTests(PeerTestCase):
    def run_proxy(self, port: int, configuration: str) -> Proxy:
        proxy = Proxy("proxy", FRONT, port, configuration, defaults="")
        self.started(proxy)
        self.addCleanup(proxy.end)
        return proxy

    def test_exchange_2010_with_rpc_on_static_ports(self) -> None:
        needs.require(*postfix.NEEDS, needs.SWAKS)
        text = scaled((CONF / "exchange-2010-haproxy.toml").read_text()).partition("# listen stats")[0]
        first, second = "127.0.0.22", "127.0.0.23"
        text = text.replace("192.168.72.222", first).replace("192.168.72.223", second)
        ports = {port: free_port(FRONT, first, second) for port in (135, 80, 443, 25)}
        ports |= dict(zip((60200, 60201), self.pair(ports.values(), first, second), strict=True))
        text = re.sub(r'":([0-9-]+)"', rf'"{FRONT}:\1"', text)
        text = re.sub(r"(?<=[:\-])[0-9]+(?=[\"-])|(?<=port = )[0-9]+", lambda found: str(ports[int(found[0])]), text)
        transport = postfix.Postfix("EXCH01", first, ports[25])
        self.started(transport)
        proxy = self.run_proxy(ports[25], text)
        proxy.wait_until("HT-SERVERS/EXCH01", "up")
        for server in ("HT-SERVERS/EXCH02", "CAS-WEB-SERVERS/EXCH01", "CAS-RPC-SERVERS/EXCH02"):
            self.assertIn("connection refused", proxy.wait_until(server, "down"))
        self.assertIn("220 EXCH01.example.com", swaks(FRONT, ports[25]))
        self.assertEqual([port for port in ports.values() if not accepts(FRONT, port)], [])

    def test_exchange_2013_passed_through(self) -> None:
        needs.require(*nginx.NEEDS, needs.CURL)
        text = scaled((CONF / "exchange-2013-passthrough.toml").read_text()).replace("10.0.0.", "127.0.0.")
        fronts, first, second = [f"127.0.0.{last}" for last in range(5, 10)], "127.0.0.15", "127.0.0.16"
        port = free_port(*fronts, first, second)
        authority = trustme.CA()
        servers = [nginx.Nginx(name, host, port, authority) for name, host in (("cas1", first), ("cas2", second))]
        self.started(*servers)
        proxy = self.run_proxy(port, re.sub(r"(?<=[: ])443\b", str(port), text))
        for server in ("exchange/cas1", "exchange/cas2"):
            proxy.wait_until(server, "up")
        where = f"mail.example.com:{port}"
        for front in fronts:
            reached = {curl(servers[0], "--resolve", f"{where}:{front}", f"https://{where}/") for _ in range(4)}
            self.assertEqual(reached, {"this is cas1\n", "this is cas2\n"})

    def servers(self, authority: trustme.CA, identity: trustme.LeafCert, *names: str) -> list[ClientAccess]:
        """Two, with one certificate."""
        port, plain = free_port(*SERVERS), free_port(*SERVERS)
        found = [
            ClientAccess(name, host, port, authority, identity=identity, plain=plain)
            for name, host in zip(names, SERVERS, strict=True)
        ]
        self.started(*found)
        return found

    def prepared(self, conf: str, port: int, replacements: dict[str, str]) -> Proxy:
        """A proxy with a file of conf/ and its certificates' folder, not started."""
        text = scaled((CONF / conf).read_text())
        for old, new in replacements.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        proxy = Proxy("proxy", FRONTS[0], port, text)
        (Path(proxy.folder) / "certs").mkdir()
        return proxy

    def run_prepared(self, proxy: Proxy) -> None:
        self.started(proxy)
        self.addCleanup(proxy.end)

    def test_the_services_of_2013_and_newer_bridged_under_one_name(self) -> None:
        """Seed 001, with the health checks for each service that its author left for a later article."""
        needs.require(*nginx.NEEDS)
        authority = trustme.CA()
        identity = authority.issue_cert(*NAMES)
        first, second = self.servers(authority, identity, "ex1", "ex2")
        port = free_port(FRONTS[0])
        ports = f"ports = {{ https = {port} }}\nserver_ports = {{ https = {first.port} }}\n"
        addresses = {"10.0.0.9": FRONTS[0], "10.0.0.15": SERVERS[0], "10.0.0.16": SERVERS[1]}
        addresses['services = ["https", "smtp"]\n'] = f'services = ["https"]\n{ports}'
        proxy = self.prepared("exchange-2016-bridging.toml", port, addresses)
        write_certificate(Path(proxy.folder) / "certs" / "mail.pem", identity)
        self.run_prepared(proxy)
        for server in ("owa/ex1", "owa/ex2", "ews/ex1", "ews/ex2"):
            proxy.wait_until(server, "up")
        second.fail("ews")
        proxy.wait_until("ews/ex2", "down")
        client = Asker(authority, port, FRONTS[0])
        self.assertEqual((client.reached("ews"), client.reached("owa")), ({"ex1"}, {"ex1", "ex2"}))

    def test_https_offloaded_as_the_template_of_a_loadmaster_for_2010(self) -> None:
        """Seed 002: "SSL connections terminate at the load balancer"; one certificate is a PFX, as Windows exports it."""
        needs.require(*nginx.NEEDS)
        authority = trustme.CA()
        mail, autodiscover = (authority.issue_cert(name) for name in NAMES)
        first, _ = self.servers(authority, mail, "ex1", "ex2")
        port, redirect = free_port(FRONTS[0]), free_port(FRONTS[0])
        ports = f"ports = {{ https = {port}, http = {redirect} }}\nserver_ports = {{ http = {first.plain} }}\n"
        places = {"10.0.0.9": FRONTS[0], "10.0.0.15": SERVERS[0], "10.0.0.16": SERVERS[1]}
        places['services = ["https", "rpc", "smtp"]\n'] = f'services = ["https"]\n{ports}'
        places['"certs/autodiscover.pfx"'] = '{ file = "certs/autodiscover.pfx", password = "secret" }'
        proxy = self.prepared("exchange-2010-offload.toml", port, places)
        certificates = Path(proxy.folder) / "certs"
        write_certificate(certificates / "mail.pem", mail)
        pfx_file(str(certificates), autodiscover, "secret").rename(certificates / "autodiscover.pfx")
        self.run_prepared(proxy)
        for backend in ("owa", "eas", "rpc", "autodiscover"):
            for server in ("ex1", "ex2"):
                proxy.wait_until(f"{backend}/{server}", "up")
        client = Asker(authority, port, FRONTS[0])
        self.assertEqual(client.words("/owa/")[1:5], ["owa", f"{NAMES[0]}:{port}", "proto=https", "https=on"])
        self.assertEqual(client.words("/Autodiscover/Autodiscover.xml", NAMES[1])[1], "Autodiscover")
        self.assertEqual(len(client.reached("Rpc")), 1, "2010 wants one server for one client")

    def test_a_name_for_each_service_with_a_service_of_its_own(self) -> None:
        """Seed 003: "you can appoint different FQDNs for each service", each with its own check: here on one address, by SNI."""
        needs.require(*nginx.NEEDS)
        authority = trustme.CA()
        first, second = self.servers(authority, authority.issue_cert(*NAMES), "L12EX1", "L12EX2")
        port = free_port(FRONTS[0])
        hosts = f'[hosts]\nL12EX1 = "{SERVERS[0]}"\nL12EX2 = "{SERVERS[1]}"\n'
        front = f'[frontends.https]\nbind = "{FRONTS[0]}:{port}"\nbackend = "owa"\n'
        text = hosts + front + f'routes = {{ sni = "{NAMES[1]}", backend = "autodiscover" }}\n'
        for backend in ("owa", "autodiscover"):
            servers = f"servers = {{ L12EX1 = {first.port}, L12EX2 = {first.port} }}"
            check = f'check = {{ type = "https", preset = "healthcheck", path = "/{backend}/healthcheck.htm" }}'
            text += f"[backends.{backend}]\n{check}\n{servers}\n"
        proxy = Proxy("proxy", FRONTS[0], port, text)
        self.run_prepared(proxy)
        for server in ("owa/L12EX1", "owa/L12EX2", "autodiscover/L12EX1", "autodiscover/L12EX2"):
            proxy.wait_until(server, "up")
        second.fail("Autodiscover")
        proxy.wait_until("autodiscover/L12EX2", "down")
        client = Asker(authority, port, FRONTS[0])
        reached = {name: {client.words("/owa/", name)[0] for _ in range(ENOUGH)} for name in NAMES}
        self.assertEqual(reached, {NAMES[0]: {"L12EX1", "L12EX2"}, NAMES[1]: {"L12EX1"}})

    def pair(self, taken: Collection[int], *hosts: str) -> tuple[int, int]:
        """Two free ports, one behind the other, besides those that were ``taken`` and are not bound yet."""
        for _ in range(50):
            first = free_port(FRONT, *hosts)
            if first + 1 not in taken and not any(accepts(host, first + 1) for host in (FRONT, *hosts)):
                return first, first + 1
        raise AssertionError("no two free ports side by side")
