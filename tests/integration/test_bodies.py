"""Many long bodies at once between slow peers: all come whole, and the real proxy holds next to nothing of them."""

import os
import socket
import ssl
import sys
import threading
from functools import partial
from pathlib import Path

import trustme

from bench import bodies
from bench.bodies import PATIENCE
from bench.load import Connect
from tests.integration.crowd import resident
from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.ports import accepts, free_port
from tests.integration.peers.process import Peer, PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import DEFAULTS, ROOT, Proxy

FRONT = "127.0.60.1"
SERVER = "127.0.60.2"
EACH_WAY = 50
SIZE = 10 << 20
"""All of them are 1 GB."""

MOST = 60 * 1024
"""Kilobytes that they may take: for each of the 100 a full buffer, two ends of TLS, and some room."""

SITE = """
[service]
log = {{ access = "access.log" }}
[frontends.plain]
mode = "http"
bind = "{front}:{plain}"
backend = "bodies"
[frontends.tls]
mode = "http"
bind = "{front}:{tls}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "bodies"
[backends.bodies]
check = "off"
servers = {{ one = "{server}:{behind}" }}
"""


UNHURRIED = DEFAULTS.replace("timeouts = {", 'timeouts = { handshake = "10m", http_request = "10m",')
"""A hundred clients in one process come and speak when it is their turn."""


class BodyServer(Peer):
    def command(self) -> list[str]:
        self.process.environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        return [sys.executable, "-m", "bench.bodies", self.host, str(self.port)]

    def ready(self) -> bool:
        return accepts(self.host, self.port)


class MemoryTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        behind = free_port(SERVER)
        self.failures: list[Exception] = []
        self.ports = {"plain": free_port(FRONT), "tls": free_port(FRONT)}
        site = SITE.format(front=FRONT, server=SERVER, behind=behind, **self.ports)
        self.proxy = Proxy("proxy", FRONT, self.ports["plain"], site, UNHURRIED)
        authority = trustme.CA()
        write_certificate(Path(self.proxy.folder) / "mail.pem", authority.issue_cert("mail.example.com"))
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        self.started(BodyServer("bodies", SERVER, behind), self.proxy)
        self.addCleanup(self.proxy.end)

    def secured(self) -> socket.socket:
        plain = socket.create_connection((FRONT, self.ports["tls"]), PATIENCE)
        return self.trust.wrap_socket(plain, server_hostname="mail.example.com")

    def grown(self, connect: Connect) -> int:
        """Kilobytes at most while all are carried, or as soon as they are too many; every body is whole, or this fails."""
        bodies.carry(connect, 1 << 20, 2)
        before = most = resident(self.proxy)
        carrying = threading.Thread(target=self.carry, args=(connect,), daemon=True)
        carrying.start()
        while carrying.is_alive() and most - before < MOST:
            most = max(most, resident(self.proxy))
            carrying.join(0.02)
        self.assertEqual(self.failures, [])
        return most - before

    def carry(self, connect: Connect) -> None:
        try:
            bodies.carry(connect, SIZE, EACH_WAY)
        except Exception as error:  # noqa: BLE001 - of a thread's: the test tells it
            self.failures.append(error)

    def test_plain(self) -> None:
        self.assertLess(self.grown(partial(socket.create_connection, (FRONT, self.ports["plain"]), PATIENCE)), MOST)
        self.assertCounted()

    def test_over_tls(self) -> None:
        self.assertLess(self.grown(self.secured), MOST)
        self.assertCounted()

    def assertCounted(self) -> None:
        """Each access line says what was carried, and that nothing went wrong."""
        lines = eventually(self.whole, "a line for each body")
        self.assertEqual(len(lines), 2 * EACH_WAY)

    def whole(self) -> list[str] | None:
        """The lines of long bodies; ``None`` until all have been written."""
        found = []
        for line in self.proxy.accessed():
            fields = line.split()
            ended, up, down = fields[9], int(fields[-1]), int(fields[6])
            if ended == "----" and SIZE <= max(up, down) < SIZE + 1000:
                found.append(line)
        return found if len(found) >= 2 * EACH_WAY else None
