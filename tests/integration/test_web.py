"""Mode ``http`` with real connections: whose server's connection is whose, routes, TLS on both sides, bodies of any size."""

import http.client
import random
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
import trustme

from tests.integration.clients import PATIENCE, curl
from tests.integration.peers import needs, nginx
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.0.1", "127.0.0.2", "127.0.0.3"
CLIENTS = 200
ROUNDS = 4
MEGABYTE = 1 << 20


class Guard(BaseHTTPRequestHandler):
    """Authenticates the connection, as NTLM does: who spoke first on it is who speaks on it from then on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    known = ""

    def do_GET(self) -> None:
        if self.headers.get("Upgrade"):
            self._switch()
            return
        if not self.known:
            self.known = self.headers.get("Authorization", "nobody")
        self._answer(self.known.encode())

    def _switch(self) -> None:
        """To a protocol that answers in capitals."""
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        self.close_connection = True
        while said := self.connection.recv(65536):
            self.connection.sendall(said.upper())

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self._answer(self.headers["Content-Length"].encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Guards(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request: object, address: object) -> None:
        pass


@attrs.define
class Person:
    """Says who it is once, and asks who it is taken for ever after."""

    name: str
    address: tuple[str, int]
    connection: http.client.HTTPConnection = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        assert self.ask(path="/", Authorization=self.name) == self.name

    def ask(self, path: str, **headers: str) -> str:
        self.connection.request("GET", path, headers=headers)
        return self.connection.getresponse().read().decode()

    def leave(self) -> None:
        self.connection.close()


GUARDED = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
backend = "guards"
[backends.guards]
check = "off"
servers = {{ one = "{one}", two = "{two}" }}
"""


class IdentityTests(PeerTestCase):
    """A server takes all that comes on a connection for the one who authenticated there."""

    workers = 1

    def setUp(self) -> None:
        super().setUp()
        servers = {"one": self.guards(FIRST), "two": self.guards(SECOND)}
        port = free_port(FRONT)
        self.address = (FRONT, port)
        self.proxy = Proxy("proxy", FRONT, port, GUARDED.format(workers=self.workers, front=FRONT, port=port, **servers))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def guards(self, host: str) -> str:
        guards = Guards((host, 0), Guard)
        threading.Thread(target=guards.serve_forever, daemon=True).start()
        self.addCleanup(guards.server_close)
        self.addCleanup(guards.shutdown)
        return f"{host}:{guards.server_address[1]}"

    def test_nobody_is_ever_taken_for_another(self) -> None:
        rng = random.Random(5)
        people = [Person(f"person-{number}", self.address) for number in range(CLIENTS)]
        count = CLIENTS
        for _ in range(ROUNDS):
            rng.shuffle(people)
            # Some leave, and others come at once: what those left behind must be nobody's.
            for person in people[: CLIENTS // 4]:
                person.leave()
            newcomers = [Person(f"person-{count + number}", self.address) for number in range(CLIENTS // 4)]
            count += CLIENTS // 4
            people = people[CLIENTS // 4 :] + newcomers
            rng.shuffle(people)
            for person in people:
                self.assertEqual(person.ask("/owa"), person.name)
        for person in people:
            person.leave()
        self.proxy.end()
        lines = self.proxy.accessed()
        self.assertEqual(len(lines), count + ROUNDS * CLIENTS)
        self.assertTrue(
            all(re.search(r' guards/(one|two) 0/\d+/\d+/\d+/\d+ 200 .* "GET /(owa)? HTTP/1.1" \d+$', line) for line in lines)
        )

    def test_who_says_nothing_is_nobody_though_others_were_there(self) -> None:
        for number in range(20):
            Person(f"person-{number}", self.address).leave()
            stranger = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
            stranger.request("GET", "/")
            self.assertEqual(stranger.getresponse().read(), b"nobody")
            stranger.close()

    def test_after_a_switch_bytes_go_both_ways(self) -> None:
        with socket.create_connection(self.address, timeout=PATIENCE) as client:
            client.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            answers = client.makefile("rb")
            self.assertEqual(answers.readline(), b"HTTP/1.1 101 Switching Protocols\r\n")
            while answers.readline() != b"\r\n":
                pass
            for _ in range(3):
                client.sendall(b"hello\n")
                self.assertEqual(answers.readline(), b"HELLO\n")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(answers.read(), b"")

    def test_a_long_upload_comes_whole_and_the_next_request_behind_it(self) -> None:
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        connection.request("POST", "/ews", body=b"x" * (32 * MEGABYTE))
        self.assertEqual(connection.getresponse().read(), str(32 * MEGABYTE).encode())
        connection.request("GET", "/", headers={"Authorization": "anna"})
        self.assertEqual(connection.getresponse().read(), b"anna")
        connection.close()


class TwoWorkersIdentityTests(IdentityTests):
    workers = 2


BRIDGED = """
[service]
log = {{ access = "access.log" }}
[frontends.plain]
mode = "http"
bind = "{front}:{plain}"
routes = {{ redirect = "https" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "owa"
[[frontends.web.routes]]
path = "=/"
redirect = "/owa"
[[frontends.web.routes]]
host = "www.example.com"
redirect = {{ to = "https://mail.example.com/owa", status = 301 }}
[[frontends.web.routes]]
path = ["/ews", "/mapi"]
backend = "ews"
[backends.owa]
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }}
servers = {{ ex1 = "{first}:{behind}" }}
[backends.ews]
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/ews/healthcheck.htm" }}
servers = {{ ex2 = "{second}:{behind}" }}
"""


class BridgeTests(PeerTestCase):
    """TLS to us, TLS to two nginx, and a route by path."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL)
        behind, port, self.plain = free_port(FIRST, SECOND), free_port(FRONT), free_port(FRONT)
        authority = trustme.CA()
        self.first = nginx.Nginx("ex1", FIRST, behind, authority)
        self.second = nginx.Nginx("ex2", SECOND, behind, authority)
        self.started(self.first, self.second)
        names = {"front": FRONT, "port": port, "plain": self.plain, "first": FIRST, "second": SECOND, "behind": behind}
        self.proxy = Proxy("proxy", FRONT, port, BRIDGED.format(**names))
        write_certificate(Path(self.proxy.folder) / "mail.pem", authority.issue_cert("mail.example.com", "www.example.com"))
        write_authority(Path(self.proxy.folder), authority)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for server in ("owa/ex1", "ews/ex2"):
            self.proxy.wait_until(server, "up")

    def ask(self, *paths: str, host: str = "mail.example.com", options: tuple[str, ...] = ()) -> str:
        where = f"{host}:{self.proxy.port}"
        resolve = ["--resolve", f"{where}:{FRONT}"]
        return curl(self.first, "--path-as-is", *options, *resolve, *(f"https://{where}{path}" for path in paths))

    def test_each_path_goes_where_its_route_says_on_one_connection(self) -> None:
        self.assertEqual(
            self.ask("/x", "/ews/exchange.asmx", "/x", "/EWS/", "/%65ws", "/owa/../mapi", options=("-w", "%{num_connects} ")),
            "this is ex1\n1 this is ex2\n0 this is ex1\n0 this is ex2\n0 this is ex2\n0 this is ex2\n0 ",
        )

    def test_redirects(self) -> None:
        located = ("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}")
        self.assertEqual(self.ask("/", options=located), f"302 https://mail.example.com:{self.proxy.port}/owa")
        self.assertEqual(self.ask("/x", host="www.example.com", options=located), "301 https://mail.example.com/owa")
        url = f"http://{FRONT}:{self.plain}/owa/?a=b"
        self.assertEqual(curl(self.first, *located, url), f"302 https://{FRONT}/owa/?a=b")

    def test_a_path_that_servers_could_read_differently_is_refused(self) -> None:
        for path in ("/%2e%2e%2fecp", "/owa%00", "/ecp%2fx", "/%256dapi"):
            self.assertEqual(self.ask(path, options=("-o", "/dev/null", "-w", "%{http_code}")), "400")

    def test_when_its_service_is_down_only_that_path_is(self) -> None:
        after = self.proxy.written()
        self.second.answer(well=False)
        self.proxy.wait_until("ews/ex2", "down", after)
        codes = ("-o", "/dev/null", "-w", "%{http_code}")
        self.assertEqual((self.ask("/x", options=codes), self.ask("/ews/", options=codes)), ("200", "503"))
