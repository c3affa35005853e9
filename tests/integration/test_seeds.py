"""Configurations that people had for HAProxy, in our terms (``conf/``): with addresses and ports of a test, they run."""

import re
from pathlib import Path

import trustme

from tests.integration.balanced import FRONT
from tests.integration.clients import curl, swaks
from tests.integration.peers import needs, nginx, postfix
from tests.integration.peers.ports import accepts, free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy

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
        ports |= dict(zip((60200, 60201), self.pair(first, second), strict=True))
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

    def pair(self, *hosts: str) -> tuple[int, int]:
        """Two free ports, one behind the other."""
        for _ in range(50):
            first = free_port(FRONT, *hosts)
            if not any(accepts(host, first + 1) for host in (FRONT, *hosts)):
                return first, first + 1
        raise AssertionError("no two free ports side by side")
