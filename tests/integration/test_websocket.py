"""Websockets through mode ``http``, with a client and a server that others wrote."""

import re
import signal
import socket
import ssl
import time
from threading import Thread

import trustme

from tests.integration.crowd import resident
from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.talker import Talker
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import DEFAULTS, Proxy
from tests.integration.websocket import Websocket

FRONT, BEHIND = "127.0.90.1", "127.0.90.2"
NAME = "mail.example.com"
MEGABYTE = 1 << 20
SILENCE = 4.0
"""Seconds for which one may be silent where that matters: more than the machine itself may stand still."""
WAIT = 60
"""Seconds for which a client waits before it fails."""
TLS = ', {{ address = "{front}:{tls}", tls = {{ mode = "implicit", certificates = "mail.pem" }} }}'
UPGRADE = f"GET /ws HTTP/1.1\r\nHost: {NAME}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode()
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

SITE = """
[service]
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = ["{front}:{plain}"{tls}]
timeouts = {{ http_request = "{patience}s", client = "{patience}s", tunnel = "{tunnel}s" }}
backend = "talker"
[backends.talker]
check = "off"
timeouts = {{ server = "{patience}s" }}
servers = {{ ex1 = "{behind}:{port}" }}
"""


class WebsocketTests(PeerTestCase):
    patience = 60.0
    """Seconds that requests and answers may take."""
    tunnel = 600.0
    drain = 1.0

    def setUp(self) -> None:
        super().setUp()
        port, self.plain, self.tls = free_port(BEHIND), free_port(FRONT), free_port(FRONT)
        self.talker: Talker = Talker("talker", BEHIND, port)
        self.started(self.talker)
        site = {"front": FRONT, "plain": self.plain, "behind": BEHIND, "port": port}
        tls = TLS.format(front=FRONT, tls=self.tls)
        configuration = SITE.format(tls=tls, patience=self.patience, tunnel=self.tunnel, **site)
        defaults = DEFAULTS.replace('drain = "1s"', f'drain = "{self.drain}s"')
        self.proxy = Proxy("proxy", FRONT, self.plain, configuration, defaults)
        authority = trustme.CA()
        write_certificate(self.proxy.folder / "mail.pem", authority.issue_cert(NAME))
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def websocket(self, *, secure: bool = True) -> Websocket:
        connection = socket.create_connection((FRONT, self.tls if secure else self.plain), WAIT)
        if secure:
            connection = self.trust.wrap_socket(connection, server_hostname=NAME)
        self.addCleanup(connection.close)
        return Websocket(connection, f"{'wss' if secure else 'ws'}://{NAME}/ws")

    def endings(self) -> list[str]:
        """Termination of each line."""
        return [found.group(1) for line in self.proxy.accessed() if (found := re.search(r" 101 \d+ - - (..)-- ", line))]


class TalkTests(WebsocketTests):
    def test_words_and_pings_go_both_ways(self) -> None:
        for secure in (True, False):
            client = self.websocket(secure=secure)
            for word in ("hello", "", "ÄÖÜ" * 100):
                self.assertEqual(client.ask(word), word)
            client.send(b"\0\xff")
            self.assertEqual(client.receive(), b"\0\xff")
            client.ping()
            self.assertEqual(client.ask("ping and you"), "pong")
            self.assertIn(f"x-forwarded-proto: {'https' if secure else 'http'}", str(client.ask("headers")).lower())

    def test_ten_megabytes_in_one_message(self) -> None:
        client = self.websocket()
        client.ask("hello")
        before = resident(self.proxy)
        self.assertEqual(client.ask(f"say {10 * MEGABYTE}"), b"x" * (10 * MEGABYTE))
        client.send("size")
        client.send(b"x" * (10 * MEGABYTE))
        self.assertEqual(client.receive(), str(10 * MEGABYTE))
        self.assertLess(resident(self.proxy) - before, 4096)

    def test_many_at_once(self) -> None:
        clients = [self.websocket(secure=number % 2 == 0) for number in range(40)]
        for turn in range(3):
            for number, client in enumerate(clients):
                client.send(f"{number} {turn}")
            for number, client in enumerate(clients):
                self.assertEqual(client.receive(), f"{number} {turn}")

    def test_the_clients_code_reaches_the_server(self) -> None:
        client = self.websocket()
        client.close(4001, "good night")
        self.talker.wait_for_log("closed 4001 good night")
        eventually(self.endings, "the line")
        self.assertEqual(self.endings(), ["--"])

    def test_the_servers_code_reaches_the_client(self) -> None:
        client = self.websocket()
        client.send("close 1012 restarting")
        client.wait()
        self.assertEqual((client.close_code, client.close_reason), (1012, "restarting"))
        eventually(self.endings, "the line")
        self.assertEqual(self.endings(), ["--"])

    def test_when_the_server_dies_the_client_is_told(self) -> None:
        client = self.websocket()
        client.ask("hello")
        self.talker.process.signal(signal.SIGKILL)
        self.assertRaises(ConnectionError, client.receive)


class DrainTests(WebsocketTests):
    drain = SILENCE

    def test_while_it_drains_they_go_on_and_then_they_end(self) -> None:
        client = self.websocket()
        client.ask("hello")
        self.proxy.process.signal(signal.SIGTERM)
        self.proxy.wait_for_log("draining: 1 session")
        self.assertEqual(client.ask("still here"), "still here")
        self.assertRaises(ConnectionError, client.receive)
        self.assertEqual(self.proxy.process.wait(), 0)
        self.assertEqual(self.endings(), ["KD"])


class LifeTests(WebsocketTests):
    patience = SILENCE

    def test_it_lives_longer_than_a_request_may(self) -> None:
        client = self.websocket()
        time.sleep(1.2 * self.patience)
        self.assertEqual(client.ask("hello"), "hello")


class SilenceTests(WebsocketTests):
    patience = 600.0
    """Nobody is cut by that."""
    tunnel = SILENCE

    def test_who_is_silent_for_too_long_is_cut_and_who_pings_is_not(self) -> None:
        pinging = self.websocket(secure=False)
        began = time.monotonic()
        silent = self.websocket()
        cut: list[float] = []

        def wait() -> None:
            self.assertRaises(ConnectionError, silent.receive)
            cut.append(time.monotonic() - began)

        waiting = Thread(target=wait, daemon=True)
        waiting.start()
        while waiting.is_alive() or time.monotonic() - began < 1.5 * SILENCE:
            pinging.ping()
            time.sleep(SILENCE / 20)
        self.assertGreater(cut[0], SILENCE - 0.1)
        self.assertEqual(pinging.ask("hello"), "hello")
        eventually(self.endings, "the line")
        self.assertEqual(self.endings(), ["sD"])


class EndsTests(PeerTestCase):
    """One direction may end before the other, behind a switch too."""

    def setUp(self) -> None:
        super().setUp()
        port = free_port(FRONT)
        self.address = (FRONT, port)
        self.behind = socket.create_server((BEHIND, 0))
        self.behind.settimeout(WAIT)
        self.addCleanup(self.behind.close)
        server = self.behind.getsockname()[1]
        configuration = SITE.format(front=FRONT, plain=port, tls="", behind=BEHIND, port=server, patience=60, tunnel=600)
        self.proxy = Proxy("proxy", FRONT, port, configuration)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def switched(self, early: bytes = b"") -> tuple[socket.socket, socket.socket]:
        """Client and server, who have agreed on another protocol."""
        client = socket.create_connection(self.address, WAIT)
        self.addCleanup(client.close)
        client.sendall(UPGRADE + early)
        server, _ = self.behind.accept()
        self.addCleanup(server.close)
        server.settimeout(WAIT)
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            heard += server.recv(1)
        server.sendall(SWITCHED)
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            heard += client.recv(1)
        self.assertTrue(heard.startswith(b"HTTP/1.1 101 "), heard)
        return client, server

    def test_a_client_that_says_no_more_hears_all_that_the_server_still_says(self) -> None:
        client, server = self.switched()
        client.sendall(b"last words")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(server.makefile("rb").read(), b"last words")
        server.sendall(b"x" * MEGABYTE)
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(client.makefile("rb").read(), b"x" * MEGABYTE)

    def test_a_server_that_says_no_more_hears_all_that_the_client_still_says(self) -> None:
        client, server = self.switched()
        server.sendall(b"last words")
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(client.makefile("rb").read(), b"last words")
        client.sendall(b"x" * MEGABYTE)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(server.makefile("rb").read(), b"x" * MEGABYTE)

    def test_who_does_not_wait_for_the_switch_is_heard_behind_it(self) -> None:
        _, server = self.switched(b"too early")
        self.assertEqual(server.makefile("rb").read(9), b"too early")

    def test_an_end_before_the_switch_is_an_end_behind_it(self) -> None:
        client = socket.create_connection(self.address, WAIT)
        client.sendall(UPGRADE + b"too early")
        client.shutdown(socket.SHUT_WR)
        server, _ = self.behind.accept()
        server.settimeout(WAIT)
        with client, server, server.makefile("rb") as heard:
            while heard.readline() != b"\r\n":
                pass
            server.sendall(SWITCHED)
            self.assertEqual(heard.read(), b"too early")
            server.sendall(b"last words")
            server.shutdown(socket.SHUT_WR)
            self.assertEqual(client.makefile("rb").read().partition(b"\r\n\r\n")[2], b"last words")
