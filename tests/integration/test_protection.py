"""Access rules, limits per source, slow clients and guessed passwords, with real connections; one worker and two."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from tests.integration.peers import needs
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import ADMIN, Proxy
from tests.integration.test_paths import TARGETS, canonical
from tests.integration.together import all_know

FRONT, SERVER = "127.0.30.1", "127.0.30.2"
THIEF, OTHER, INSIDE = "127.0.30.7", "127.0.30.8", "127.0.30.100"
PATIENCE = 60.0

PASSWORD = "right"


class Mailboxes(BaseHTTPRequestHandler):
    """Wants Basic for ``/ews``; everything else is for everybody."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    guesses: Counter[str]
    thought: threading.Event

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if self.path == "/thinks-first":
            self.thought.wait(PATIENCE)
        self.rfile.read(length)
        status = 200
        if self.path.startswith("/ews"):
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            name, _, password = b64decode(token).decode().partition(":")
            self.guesses[name] += bool(scheme)
            status = 200 if password == PASSWORD else 401
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.do_GET()

    def do_RPC_IN_DATA(self) -> None:
        self.do_GET()

    def log_message(self, *args: object) -> None:
        pass


class Servers(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    came = 0

    def verify_request(self, request: object, address: object) -> bool:
        self.came += 1
        return True

    def handle_error(self, request: object, address: object) -> None:
        pass


CONFIGURATION = (
    """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
backend = "owa"
timeouts = {{ {timeouts} }}
{web}
[frontends.mail]
bind = "{front}:{mail}"
backend = "owa"
{tcp}
[backends.owa]
check = "off"
servers = {{ one = "{server}" }}
"""
    + ADMIN
)


class ProtectionTestCase(PeerTestCase):
    workers = 1

    def setUp(self) -> None:
        super().setUp()
        self.sockets: list[socket.socket] = []
        self.addCleanup(lambda: [each.close() for each in self.sockets])
        self.guesses: Counter[str] = Counter()
        self.thought = threading.Event()
        self.addCleanup(self.thought.set)
        handler = type("Handler", (Mailboxes,), {"guesses": self.guesses, "thought": self.thought})
        self.servers = server = Servers((SERVER, 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.server = f"{SERVER}:{server.server_address[1]}"

    def protect(self, web: str = "", tcp: str = "", timeouts: str = 'tarpit = "2s"') -> None:
        """Run the proxy with these lines in its front ends."""
        self.port, self.mail = free_port(FRONT), free_port(FRONT)
        names = {"workers": self.workers, "front": FRONT, "port": self.port, "mail": self.mail, "server": self.server}
        names["timeouts"] = timeouts
        self.proxy = Proxy("proxy", FRONT, self.port, CONFIGURATION.format(web=web, tcp=tcp, **names))
        if "mail.pem" in web:
            self.authority = trustme.CA()
            write_certificate(Path(self.proxy.folder) / "mail.pem", self.authority.issue_cert("mail.example.com"))
            write_authority(Path(self.proxy.folder), self.authority)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        if self.workers > 1:
            for number in range(self.workers):
                self.proxy.wait_for_log(f"worker {number + 1} serves")

    def told(self) -> None:
        """What one worker has counted, all know."""
        all_know(self.proxy)

    def connect(self, source: str, port: int | None = None) -> socket.socket:
        client = socket.create_connection((FRONT, port or self.port), PATIENCE, source_address=(source, 0))
        self.sockets.append(client)
        return client

    def served(self, source: str, port: int | None = None) -> bool:
        """Whether a new connection is let in and answered; it stays."""
        try:
            client = self.connect(source, port)
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return b" 200 " in client.recv(65536)
        except ConnectionError:
            return False

    def ask(self, source: str, target: bytes = b"/", *lines: bytes) -> bytes:
        """The whole answer to one request on a connection of its own."""
        client = self.connect(source)
        client.sendall(b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: a", b"Connection: close", *lines, b"", b""]))
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while data := client.recv(65536):
                answer += data
        client.close()
        return answer

    def status(self, source: str, target: bytes = b"/", *lines: bytes) -> int:
        answer = self.ask(source, target, *lines)
        return int(answer[9:12]) if answer else 0

    def login(self, source: str, name: str, password: str) -> int:
        return self.status(source, b"/ews", b"Authorization: Basic " + b64encode(f"{name}:{password}".encode()))


KEEP_INSIDE = f"""
access = [
  {{ path = ["/ecp", "/powershell"], src = ["{INSIDE}"], action = "allow" }},
  {{ path = ["/ecp", "/powershell"], action = "deny" }},
]
"""


class AccessTests(ProtectionTestCase):
    def test_no_spelling_of_a_protected_path_reaches_a_server_from_outside(self) -> None:
        self.protect(KEEP_INSIDE)
        denied = 0
        for target in TARGETS:
            path = canonical(target)
            protected = path is not None and (path + "/").startswith(("/ecp/", "/ecp;"))
            status = self.status(OTHER, target)
            if protected:
                self.assertEqual(status, 403, target)
                denied += 1
            elif path is None:
                self.assertGreaterEqual(status, 400, target)
            elif not path.startswith("/ecp"):
                self.assertEqual(status, 200, target)
        self.assertGreater(denied, 30)
        self.assertEqual(self.status(INSIDE, b"/ecp/"), 200)
        self.assertEqual(self.status(OTHER, b"/owa"), 200)

    def test_curl_sees_the_page_and_the_log_has_the_line(self) -> None:
        needs.require(needs.CURL)
        self.protect(KEEP_INSIDE)
        url = f"http://{FRONT}:{self.port}"
        command = ["curl", "-s", "-w", "%{http_code} %{num_connects} ", "--interface", OTHER, f"{url}/ecp/", f"{url}/owa"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        self.assertRegex(done.stdout, "(?s)<h1>403 Forbidden</h1>.*403 1 ok200 0 $")
        self.proxy.end()
        lines = [line for line in self.proxy.accessed() if '"GET /ecp/ HTTP/1.1"' in line]
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], rf"^{OTHER}:\d+ .* web -/<NOSRV> .* 403 \d+ - - PR-- ")

    def test_in_mode_tcp_by_network_before_a_server_is_chosen(self) -> None:
        self.protect(tcp=f'access = [{{ src = "{INSIDE}", action = "allow" }}, {{ action = "deny" }}]')
        self.assertTrue(self.served(INSIDE, self.mail))
        self.assertFalse(self.served(OTHER, self.mail))
        self.proxy.end()
        (line,) = [line for line in self.proxy.accessed() if line.startswith(OTHER)]
        self.assertIn(" mail -/<NOSRV> -1/-1/0 0 PR ", line)


class LimitTests(ProtectionTestCase):
    def test_so_many_connections_at_a_time_and_others_are_none_the_worse(self) -> None:
        self.protect("per_source = { conn_cur = 6 }")
        for _ in range(6):
            self.assertTrue(self.served(THIEF))
            self.told()
        self.assertEqual([self.served(THIEF) for _ in range(6)], [False] * 6)
        self.assertTrue(self.served(OTHER))
        for client in self.sockets[:6]:
            client.close()
        eventually(lambda: self.served(THIEF), "it is let in again")

    def test_so_many_connections_at_a_time_in_mode_tcp(self) -> None:
        self.protect(tcp="per_source = { conn_cur = 4 }")
        for _ in range(4):
            self.assertTrue(self.served(THIEF, self.mail))
            self.told()
        self.assertEqual([self.served(THIEF, self.mail) for _ in range(4)], [False] * 4)
        self.assertTrue(self.served(OTHER, self.mail))

    def test_so_many_connections_at_a_time_in_a_mail_mode(self) -> None:
        """The server never greets, so clients wait; who is refused does not."""
        self.protect(tcp='mode = "smtp"\nper_source = { conn_cur = 3 }')
        found = []
        for source in (THIEF, THIEF, THIEF, THIEF, OTHER):
            found.append(self.stays(source))
            self.told()
        self.assertEqual(found, [True, True, True, False, True])

    def stays(self, source: str) -> bool:
        """Whether a connection to the mail port is let in: a server gets it, or the client hears that it ends."""
        before = self.servers.came
        try:
            client = self.connect(source, self.mail)
        except ConnectionResetError:
            return False
        client.setblocking(False)

        def ended() -> bool:
            try:
                return client.recv(1) == b""
            except ConnectionError:
                return True
            except BlockingIOError:
                return False

        eventually(lambda: self.servers.came > before or ended(), "it is let in or not")
        return not ended()

    def test_so_many_new_connections_in_a_time(self) -> None:
        self.protect('per_source = { conn_rate = "10/1h" }')
        taken = 0
        for _ in range(30):
            taken += self.served(THIEF)
            self.told()
        self.assertEqual(taken, 10)
        self.assertTrue(self.served(OTHER))

    def test_a_flood_of_requests_is_told_to_wait_and_hurts_nobody(self) -> None:
        self.protect('per_source = { http_req_rate = "50/1h" }')
        statuses: list[int] = []
        done = threading.Event()
        self.addCleanup(done.set)

        def flood() -> None:
            while not done.is_set():
                statuses.append(self.status(THIEF))

        threads = [threading.Thread(target=flood) for _ in range(3)]
        for thread in threads:
            thread.start()
        others = [self.status(OTHER) for _ in range(30)]
        eventually(lambda: statuses.count(429) > 20, "it is told to wait")
        done.set()
        for thread in threads:
            thread.join()
        self.assertEqual(others, [200] * 30)
        self.assertGreaterEqual(statuses.count(200), 50)
        # what others count is heard of a moment later, and a flood does not wait for that
        self.assertLessEqual(statuses.count(200), 50 * self.workers)
        self.told()
        self.assertRegex(self.ask(THIEF), rb"HTTP/1\.1 429 Too Many Requests\r\n(?s:.*)\r\nRetry-After: [1-9]\d*\r\n")
        said = self.proxy.wait_for_log("sources that want too much")
        self.assertRegex(said, rf"web: \d+ refusals? of .*, the last one of {THIEF}: requests come faster than http_req_rate")

    def test_who_is_exempt_is_not_limited(self) -> None:
        self.protect(f'per_source = {{ conn_cur = 1, http_req_rate = "1/1h", exempt = "{INSIDE}" }}')
        self.assertEqual([self.served(INSIDE) for _ in range(5)], [True] * 5)

    def test_behind_a_trusted_proxy_each_client_has_its_own(self) -> None:
        self.protect(f'trust = "{INSIDE}"\nper_source = {{ conn_cur = 1, http_req_rate = "2/1h" }}')
        told = [(number, b"X-Forwarded-For: 203.0.113.1, 198.51.100.%d" % number) for number in (1, 2, 1, 2, 1, 2, 3)]
        found = []
        for _, line in told:
            found.append(self.status(INSIDE, b"/", line))
            self.told()
        self.assertEqual(found, [200, 200, 200, 200, 429, 429, 200])


class TarpitTests(ProtectionTestCase):
    def test_who_is_held_waits(self) -> None:
        self.protect('access = { path = "/ecp", action = "tarpit" }')
        begun = time.monotonic()
        self.assertEqual(self.status(THIEF, b"/ecp"), 403)
        self.assertGreaterEqual(time.monotonic() - begun, 1.9)

    def test_who_is_held_and_leaves_is_forgotten(self) -> None:
        """Long before it would be answered."""
        self.protect('access = { path = "/ecp", action = "tarpit" }', timeouts='tarpit = "1h"')
        client = self.connect(THIEF)
        client.sendall(b"GET /ecp HTTP/1.1\r\nHost: a\r\n\r\n")
        self.told()  # it is held by now
        client.close()
        eventually(self.proxy.accessed, "it is seen that it has left")
        self.assertIn(" -1 0 - - CT-- ", *self.proxy.accessed())

    def test_over_tls_who_is_held_waits(self) -> None:
        with self.held_over_tls('tarpit = "2s"') as client:
            self.assertIn(b" 403 ", client.recv(65536))
        eventually(lambda: [line.split()[9] for line in self.proxy.accessed()] == ["PT--"], "the line")

    def test_over_tls_who_is_held_and_leaves_is_forgotten(self) -> None:
        with self.held_over_tls('tarpit = "1h"'):
            self.told()
        eventually(lambda: [line.split()[9] for line in self.proxy.accessed()] == ["CT--"], "its leaving is seen")

    def held_over_tls(self, timeouts: str) -> ssl.SSLSocket:
        """A client who has asked for what is in the tarpit."""
        rules = 'access = { path = "/ecp", action = "tarpit" }\ntls = { mode = "implicit", certificates = "mail.pem" }'
        self.protect(rules, timeouts=timeouts)
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        client = context.wrap_socket(self.connect(THIEF), server_hostname="mail.example.com")
        client.sendall(b"GET /ecp HTTP/1.1\r\nHost: a\r\n\r\n")
        return client


class SlowTests(ProtectionTestCase):
    def trickle(self, begin: bytes, each: bytes, meanwhile: Callable[[], object] = lambda: None) -> bytes:
        """Send ``each`` several times a second, without end; the answer to that."""
        client = self.connect(THIEF)
        client.sendall(begin)
        client.settimeout(0.25)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                return client.recv(65536)
            with contextlib.suppress(ConnectionError):  # it has just been answered
                client.sendall(each)
            meanwhile()
        raise AssertionError(f"nobody minds {each!r} coming for {PATIENCE} s")

    def test_a_head_that_trickles_is_cut(self) -> None:
        self.protect(timeouts='http_request = "2s"')
        self.assertIn(b"HTTP/1.1 408 ", self.trickle(b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"))

    def test_a_body_that_trickles_is_cut(self) -> None:
        self.protect('body_rate = "1KB/s"\nbody_grace = "1s"')
        self.assertIn(b"HTTP/1.1 408 ", self.trickle(_post(b"/owa", 100_000), b"x"))
        self.assertRegex(self.proxy.wait_for_log("HTTP request failed"), "web: 1 HTTP request failed.*its body comes with less")

    def test_a_body_that_comes_fast_enough_is_not_and_neither_is_outlooks_channel(self) -> None:
        """Not by the time that one which began later, and trickles, is cut; all have so much grace that a test may falter."""
        self.protect('body_rate = "1KB/s"\nbody_grace = "5s"')
        fast, channel = self.connect(OTHER), self.connect(OTHER)
        fast.sendall(_post(b"/owa", 100_000_000))
        channel.sendall(b"RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n")
        trickled = self.trickle(_post(b"/owa", 100_000), b"x", lambda: fast.sendall(b"x" * 20_000))
        self.assertIn(b"HTTP/1.1 408 ", trickled)
        for client in (fast, channel):
            client.setblocking(False)
            self.assertRaises(BlockingIOError, client.recv, 1)

    def test_a_body_that_the_server_does_not_take_is_nobodys_fault(self) -> None:
        """The same: it is taken when the other one was cut."""
        self.protect('body_rate = "100KB/s"\nbody_grace = "5s"')
        client = self.connect(OTHER)
        size = 32 << 20
        client.sendall(_post(b"/thinks-first", size))
        sending = threading.Thread(target=client.sendall, args=(b"x" * size,), daemon=True)
        sending.start()
        self.assertIn(b"HTTP/1.1 408 ", self.trickle(_post(b"/owa", 100_000), b"x"))
        self.assertTrue(sending.is_alive(), "the server has not taken it")
        self.thought.set()
        self.assertIn(b"HTTP/1.1 200 ", client.recv(65536))
        sending.join()

    def test_heads_have_the_limits_that_are_said(self) -> None:
        self.protect('max_head = "2KB"\nmax_headers = 10\nmax_target = "256B"')
        self.assertEqual(self.status(OTHER, b"/", b"X-A: " + b"a" * 1500), 200)
        self.assertEqual(self.status(OTHER, b"/", b"X-A: " + b"a" * 2500), 431)
        self.assertEqual(self.status(OTHER, b"/", *[b"X-A: a"] * 10), 431)
        self.assertEqual(self.status(OTHER, b"/" + b"a" * 256), 414)
        self.assertRegex(self.proxy.wait_for_log("HTTP request"), rf"web: [123] HTTP requests? failed, the last one of {OTHER}: ")


def _post(target: bytes, length: int) -> bytes:
    """The head of a request with a body."""
    return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (target, length)


class LoginTests(ProtectionTestCase):
    def guess(self, source: str, name: str, times: int) -> list[int]:
        """Before each, other workers have heard of the one before."""
        statuses = []
        for number in range(times):
            statuses.append(self.login(source, name, f"wrong {number}"))
            self.told()
        return statuses

    def test_a_guesser_is_braked_and_nobody_else(self) -> None:
        self.protect('per_source = { basic_failures = "4/1h" }')
        self.assertEqual(self.login(OTHER, "anna", PASSWORD), 200)
        self.assertEqual(self.guess(THIEF, "anna", 8), [401] * 4 + [429] * 4)
        self.assertEqual(self.guesses["anna"], 5)
        self.assertEqual(self.login(THIEF, "CONTOSO\\Anna", PASSWORD), 429)
        self.assertEqual(self.login(OTHER, "anna", PASSWORD), 200)
        self.assertEqual(self.login(THIEF, "bert", PASSWORD), 200)
        self.assertEqual(self.status(THIEF, b"/owa"), 200)
        self.assertRegex(self.ask(THIEF, b"/ews", b"Authorization: Basic " + b64encode(b"anna:x")), rb"\r\nRetry-After: \d+\r\n")

    def test_a_source_that_tries_one_password_with_everybody_is_braked_but_for_who_is_known_there(self) -> None:
        self.protect('per_source = { basic_failures = "2/1h" }')
        self.assertEqual(self.login(THIEF, "nobody", "wrong"), 401)
        self.told()
        self.assertEqual(self.login(THIEF, "bert", PASSWORD), 200)
        self.told()
        statuses = [status for number in range(15) for status in self.guess(THIEF, f"user {number}", 1)]
        self.assertEqual(statuses, [401] * 9 + [429] * 6)
        self.assertEqual(self.login(THIEF, "bert", PASSWORD), 200)


class TwoWorkersLimitTests(LimitTests):
    workers = 2


class TwoWorkersLoginTests(LoginTests):
    workers = 2


class TwoWorkersDeathTests(ProtectionTestCase):
    workers = 2

    def test_who_was_with_a_worker_that_dies_counts_no_more(self) -> None:
        self.protect("per_source = { conn_cur = 8 }")
        for _ in range(8):
            self.assertTrue(self.served(THIEF))
            self.told()
        self.assertFalse(self.served(THIEF))
        before = self.proxy.written()
        for worker in sorted(self.proxy.workers()):
            os.kill(worker, signal.SIGKILL)
        for number in (1, 2):
            self.proxy.wait_for_log(f"worker {number} serves", before)
        eventually(lambda: self.served(THIEF), "it is let in again")
