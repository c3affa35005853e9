"""A hundred administrators who are slow, silent or greedy: neither the proxy's clients nor the next administrator notice."""

import contextlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlencode

import trustme

from exproxy.admin.door import IDLE
from exproxy.config.passwords import hashed
from tests.integration.crowd import Address, Crowd, Hall, Visitor, Visitors
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy

FRONT, SERVERS, ADMIN = "127.0.147.1", "127.0.147.11", "127.0.147.21"
NAME = "lb.example.com"
MANY = 100
TIMES, BESIDE = 10.0, 15.0
"""Among them, 99 of 100 visits may take so many times as long as apart from them, and so many milliseconds more: the five
handshakes that come before a visit take their time too, which is as much longer on a busy machine as all the rest."""

SITE = """
[admin]
listen = "{admin}:{port}"
users = {{ anna = {{ password = "{password}", role = "operator" }}, otto = {{ password = "{password}" }} }}
{tls}
[frontends.plain]
bind = "{front}:{plain}"
backend = "hall"
[backends.hall]
check = "off"
servers = {{ one = "{server}" }}
"""


class AdminCrowdTestCase(PeerTestCase):
    tls = ""

    def setUp(self) -> None:
        super().setUp()
        self.hall = Hall(SERVERS)
        self.addCleanup(self.hall.stop)
        authority = trustme.CA()
        self.leaf = authority.issue_cert(NAME)
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        port = free_port(ADMIN)
        self.address: Address = (ADMIN, port)
        self.proxy, apart = self.running("proxy", port), self.running("apart", free_port(ADMIN))
        self.crowd = Crowd(self.address)
        self.addCleanup(self.crowd.leave)
        self.cookie, self.ottos = self.log_in("anna"), self.log_in("otto")
        self.visitors = Visitors(Visitor((FRONT, self.proxy.port)), Visitor((FRONT, apart.port)), TIMES, BESIDE)

    def running(self, name: str, port: int) -> Proxy:
        """:param port: of its administrators."""
        plain, server = free_port(FRONT), "{}:{}".format(*self.hall.address)
        site = {"admin": ADMIN, "port": port, "front": FRONT, "plain": plain, "server": server}
        proxy = Proxy(name, FRONT, plain, SITE.format(**site, tls=self.tls, password=hashed("secret")), defaults="")
        self.leaf.private_key_and_cert_chain_pem.write_to_path(str(proxy.folder / "lb.pem"))
        self.started(proxy)
        return proxy

    def connection(self) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection(*self.address, timeout=2 * IDLE)
        made.sock = self.secured(socket.create_connection(self.address, 2 * IDLE))
        return made

    def secured(self, plain: socket.socket) -> socket.socket:
        return plain

    def log_in(self, user: str) -> str:
        """The cookie."""
        connection = self.connection()
        with contextlib.closing(connection):
            form = urlencode({"user": user, "password": "secret"})
            connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded", "Host": NAME})
            response = connection.getresponse()
            self.assertEqual(response.status, 303)
            return (response.getheader("Set-Cookie") or "").partition(";")[0]

    def look(self) -> float:
        """Seconds that the next administrator waits for what there is."""
        began = time.monotonic()
        with contextlib.closing(self.connection()) as connection:
            connection.request("GET", "/api/v1/status", headers={"Cookie": self.cookie, "Host": NAME})
            response = connection.getresponse()
            self.assertEqual(response.status, 200, response.read())
            response.read()
        return time.monotonic() - began

    def bear(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """They are there, and nobody else is harmed."""
        self.visitors.assert_unharmed(meanwhile)
        self.assertLess(self.look(), IDLE, "the next administrator has waited until one of them had no time left")
        self.crowd.leave()

    def say(self, words: bytes) -> None:
        """All who are there say that; who was cut off comes again."""
        for client in tuple(self.crowd.clients):
            try:
                client.setblocking(False)
                client.send(words)
            except BlockingIOError:
                pass
            except OSError:
                self.crowd.clients.remove(client)
                client.close()

    def come(self, words: bytes = b"", buffer: int = 0) -> None:
        """As many as are missing, who say that."""
        for _ in range(min(5, MANY - len(self.crowd.clients))):
            client = socket.socket()
            self.crowd.clients.append(client)
            client.setblocking(False)
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            with contextlib.suppress(OSError):  # it may have to wait before it is let in, and has said nothing then
                client.connect_ex(self.address)
                client.send(words)

    def request(self, path: str, lines: str = "") -> bytes:
        """Of a viewer, whose program has gone mad."""
        return f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nCookie: {self.ottos}\r\n{lines}\r\n".encode()

    def who_say_nothing(self) -> None:
        self.crowd.come(MANY)
        self.bear()

    def who_say_it_letter_by_letter(self) -> None:
        self.crowd.come(MANY)
        self.bear(lambda: (self.come(), self.say(b"G")))

    def who_come_again_and_again(self) -> None:
        def again() -> None:
            for client in self.crowd.clients[:5]:
                client.close()
            del self.crowd.clients[:5]
            self.come()

        self.bear(again)


class ClearTests(AdminCrowdTestCase):
    """In the clear; what comes behind TLS is the same."""

    def test_one_kind_after_the_other(self) -> None:
        self.who_say_nothing()
        self.who_say_it_letter_by_letter()
        self.who_come_again_and_again()
        self.who_do_not_read()
        self.who_follow_events()
        self.who_send_a_body_that_does_not_end()
        self.who_ask_for_more_than_anybody_may()
        self.proxy.end()

    def who_do_not_read(self) -> None:
        self.bear(lambda: (self.say(self.request("/metrics")), self.come(self.request("/metrics"), buffer=4096)))

    def who_follow_events(self) -> None:
        for _ in range(60):
            self.crowd.come(1, 4096)
            self.crowd.clients[-1].sendall(self.request("/events", "Accept: text/event-stream\r\n"))
        self.bear()

    def who_send_a_body_that_does_not_end(self) -> None:
        head = f"PUT /api/v1/hosts/a/state HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 10000000\r\n\r\n".encode()
        self.bear(lambda: (self.come(head), self.say(b"x" * 1000)))

    def who_ask_for_more_than_anybody_may(self) -> None:
        strangers = f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n\r\nGET /metrics HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode() * 50
        self.bear(lambda: (self.say(strangers), self.come(strangers)))


class SecureTests(AdminCrowdTestCase):
    """With TLS: those who never get through the handshake."""

    tls = 'tls = { certificates = "lb.pem" }'

    def test_one_kind_after_the_other(self) -> None:
        self.who_say_nothing()
        self.who_begin_a_handshake()
        self.who_let_us_answer_a_handshake_and_go()
        self.who_come_again_and_again()
        self.who_speak_in_the_clear_are_told()
        self.proxy.end()

    def secured(self, plain: socket.socket) -> socket.socket:
        return self.trust.wrap_socket(plain, server_hostname=NAME)

    def who_begin_a_handshake(self) -> None:
        hello = self.hello()[:100]
        self.bear(lambda: self.come(hello))

    def who_let_us_answer_a_handshake_and_go(self) -> None:
        hello = self.hello()

        def again() -> None:
            for client in self.crowd.clients[:5]:
                client.close()
            del self.crowd.clients[:5]
            self.come(hello)

        self.bear(again)

    def hello(self) -> bytes:
        outgoing = ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            self.trust.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=NAME).do_handshake()
        return outgoing.read()

    def who_speak_in_the_clear_are_told(self) -> None:
        with socket.create_connection(self.address, 2 * IDLE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            said = b""
            while data := plain.recv(4096):
                said += data
        self.assertTrue(re.match(rb"HTTP/1.1 400 .*this port speaks TLS: ask for https://", said, re.DOTALL), said)
