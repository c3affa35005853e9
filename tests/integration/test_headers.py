"""Heads between a real curl and real nginx: header rules, claims, redirects, pages, and who tells what when it fails."""

import contextlib
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import trustme

from tests.integration.peers import needs, shower
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.50.1", "127.0.50.2", "127.0.50.3"
PATIENCE = 60.0

NAMES = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Forwarded",
    "Front-End-Https",
    "X-Real-IP",
    "X-Client-IP",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Forwarded-Port",
    "X-Secret",
    "X-Of",
    "Proxy",
    "Keep-Alive",
    "TE",
    "Upgrade",
)

SITE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[defaults]
timeouts = {{ connect = "1m", server = "1m", http_request = "1m", http_keep_alive = "1m", client_fin = "{fin}", drain = "1s" }}
pages = {{ 503 = "sorry.html", 502 = "sorry.html" }}
[frontends.plain]
mode = "http"
bind = "{front}:{plain}"
routes = {{ redirect = {{ to = "https", port = {port}, status = 308 }} }}
[frontends.old]
mode = "http"
bind = "{front}:{old}"
backend = "site"
trust = "{second}/32"
max_body = "1KB"
routes = {{ path = "/narrow", backend = "narrow" }}
[frontends.hasty]
mode = "http"
bind = "{front}:{hasty}"
backend = "hasty"
timeouts = {{ http_request = "5s", http_keep_alive = "1s" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "site"
forwarded = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "front-end-https"]
request_headers.set = {{ X-Forwarded-Port = "443", X-Secret = "front", X-Of = "{{source}} {{proto}} {{host}}" }}
response_headers = {{ set = {{ Strict-Transport-Security = "max-age=60" }}, remove = ["Server", "X-Powered-By"] }}
pages = {{ 503 = "later.txt" }}
[[frontends.web.routes]]
path = "=/"
redirect = "/owa"
[[frontends.web.routes]]
path = "/nobody"
backend = "nobody"
[[frontends.web.routes]]
path = "/narrow"
backend = "narrow"
[[frontends.web.routes]]
path = "/full"
backend = "full"
[[frontends.web.routes]]
path = "/silent"
backend = "patient"
[backends.site]
check = "off"
balance = "roundrobin"
request_headers.set = {{ X-Secret = "back" }}
response_headers.add = {{ X-Behind = ["1", "2"] }}
servers = {{ one = "{first}:{behind}", two = "{second}:{behind}" }}
[backends.hasty]
check = "off"
timeouts = {{ server = "5s" }}
servers = {{ one = "{first}:{behind}", two = "{second}:{behind}" }}
[backends.patient]
check = "off"
abortonclose = true
timeouts = {{ server = "10m" }}
servers = {{ mute = "{first}:{mute}" }}
[backends.narrow]
check = "off"
servers = {{ mute = {{ address = "{first}:{mute}", maxconn = 1 }} }}
timeouts = {{ queue = "1m", server = "10m" }}
[backends.full]
check = "off"
servers = {{ mute = {{ address = "{first}:{mute}", maxconn = 1 }} }}
timeouts = {{ queue = "2s", server = "10m" }}
[backends.nobody]
check = "off"
retries = 0
servers = {{ none = "{first}:{none}" }}
"""


class _Site(PeerTestCase):
    """The proxy before two nginx and somebody who says nothing."""

    workers = 1
    fin = "30s"
    """How long the proxy waits for who does not read its last words."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*shower.NEEDS, needs.CURL)
        self.mute = socket.create_server((FIRST, 0))
        self.addCleanup(self.mute.close)
        behind = free_port(FIRST, SECOND)
        silent = f"{FIRST}:{self.mute.getsockname()[1]}"
        self.servers = {
            name: shower.Shower(name, host, behind, names=NAMES, silent=silent)
            for name, host in (("one", FIRST), ("two", SECOND))
        }
        self.started(*self.servers.values())
        self.port, self.plain, self.old, self.hasty, none = free_ports(5, FRONT, FIRST)
        names = {"front": FRONT, "first": FIRST, "second": SECOND, "behind": behind, "none": none, "workers": self.workers}
        names |= {"hasty": self.hasty, "fin": self.fin}
        ports = {"port": self.port, "plain": self.plain, "old": self.old, "mute": self.mute.getsockname()[1]}
        self.proxy = Proxy("proxy", FRONT, self.port, SITE.format(**names, **ports), defaults="")
        self.folder = Path(self.proxy.folder)
        authority = trustme.CA()
        write_certificate(self.folder / "mail.pem", authority.issue_cert("mail.example.com"))
        write_authority(self.folder, authority)
        (self.folder / "sorry.html").write_text("<h1>Wartung</h1>\n")
        (self.folder / "later.txt").write_text("sp\u00e4ter\n")
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def curl(self, *arguments: str) -> str:
        """What curl prints, CR and all."""
        where = [f"mail.example.com:{port}:{FRONT}" for port in (self.port, self.plain, self.old, self.hasty)]
        resolve = [word for each in where for word in ("--resolve", each)]
        command = [
            "curl",
            "-sS",
            "--max-time",
            str(PATIENCE),
            "--cacert",
            str(self.folder / "authority.pem"),
            *resolve,
            *arguments,
        ]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=2 * PATIENCE
        ).stdout.decode()

    @property
    def web(self) -> str:
        return f"https://mail.example.com:{self.port}"

    @property
    def in_the_clear(self) -> str:
        return f"http://mail.example.com:{self.old}"

    def told(self, *arguments: str, path: str = "/told") -> dict[str, str]:
        """What nginx was told; without what was not said."""
        parts = (part.partition("=") for part in self.curl(*arguments, self.web + path).strip().split("|"))
        return {name: value for name, _, value in parts if value}

    def raw(self, data: bytes, port: int, half_close: bool = False) -> bytes:
        """All that comes until the proxy ends the connection."""
        with socket.create_connection((FRONT, port), timeout=PATIENCE) as client:
            client.sendall(data)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def asking(self, head: bytes) -> ssl.SSLSocket:
        """A client that has sent a head, all but the empty line behind it."""
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        plain = socket.create_connection((FRONT, self.port), timeout=PATIENCE)
        client = context.wrap_socket(plain, server_hostname="mail.example.com")
        self.addCleanup(client.close)
        client.sendall(head + b"\r\n")
        return client

    def asked(self) -> tuple[bytes, socket.socket]:
        """The head that comes to the server who says nothing, and its end of the connection."""
        self.mute.settimeout(PATIENCE)
        server, _ = self.mute.accept()
        self.addCleanup(server.close)
        server.settimeout(PATIENCE)
        return self.head(server), server

    def head(self, client: socket.socket) -> bytes:
        """Of the answer that comes, and what comes with it."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(65536)
            self.assertTrue(more, f"the connection has ended behind {head!r}")
            head += more
        return head

    def pending(self, lines: bytes = b"") -> tuple[ssl.SSLSocket, socket.socket]:
        """A client with a request that nobody has answered, and the server's end."""
        client = self.asking(b"POST /silent HTTP/1.1\r\nHost: mail.example.com\r\n" + lines)
        head, server = self.asked()
        self.assertTrue(head.startswith(b"POST /silent "))
        return client, server


class RuleTests(_Site):
    """Header rules, claims and pages."""

    def ours(self) -> dict[str, str]:
        host = f"mail.example.com:{self.port}"
        return {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": host,
            "Forwarded": f'for=127.0.0.1;host="{host}";proto=https',
            "Front-End-Https": "on",
            "X-Forwarded-Port": "443",
            "X-Secret": "back",
            "X-Of": f"127.0.0.1 https {host}",
        }

    def test_servers_are_told_what_the_rules_say(self) -> None:
        self.assertEqual(self.told(), self.ours())

    def test_clients_are_told_what_the_rules_say(self) -> None:
        head = self.curl("-i", self.web + "/x")
        self.assertIn("\r\nX-Behind: 1\r\nX-Behind: 2\r\nStrict-Transport-Security: max-age=60\r\n", head)
        self.assertNotRegex(head, "(?i)\r\n(server|x-powered-by):")

    def test_a_claim_in_any_spelling_reaches_nobody(self) -> None:
        """Though this nginx takes underscores for hyphens, as IIS does."""
        for name in NAMES[:13]:
            spellings = {name, name.upper(), name.replace("-", "_"), name.lower().replace("-", "_", 1)}
            for spelling in spellings:
                self.assertEqual(self.told("-H", f"{spelling}: 6.6.6.6"), self.ours(), spelling)

    def test_what_connection_names_is_not_what_we_say(self) -> None:
        names = "X-Forwarded-For, X-Forwarded-Proto, Forwarded, Front-End-Https, X-Secret, X-Of, X-Forwarded-Port, Host"
        self.assertEqual(self.told("-H", f"Connection: close, {names}"), self.ours())

    def test_what_is_between_neighbours_stays_there(self) -> None:
        upgrade = ("-H", "Connection: Upgrade, HTTP2-Settings", "-H", "Upgrade: h2c", "-H", "HTTP2-Settings: AAMAAABk")
        self.assertEqual(
            self.told("-H", "Keep-Alive: timeout=5", "-H", "TE: gzip", "-H", "Proxy-Connection: x", *upgrade), self.ours()
        )

    def test_a_trusted_proxy_is_believed_and_nobody_else(self) -> None:
        said = ("-H", "X-Forwarded-For: 198.51.100.1", "-H", "X-Real-IP: 198.51.100.1", f"{self.in_the_clear}/told")
        stranger, trusted = self.curl("--interface", FIRST, *said), self.curl("--interface", SECOND, *said)
        self.assertIn(f"X-Forwarded-For={FIRST}|", stranger)
        self.assertIn("X-Real-IP=|", stranger)
        self.assertIn(f"X-Forwarded-For=198.51.100.1, {SECOND}|", trusted)
        self.assertIn("X-Real-IP=198.51.100.1|", trusted)

    def test_pages_of_ones_own(self) -> None:
        answer = self.curl("-i", self.web + "/nobody")
        self.assertIn("\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\n", answer)
        self.assertIn("\r\nConnection: close\r\n", answer)
        self.assertTrue(answer.endswith("\r\n\r\nsp\u00e4ter\n"))
        self.assertTrue(self.curl("-i", self.web + "/hangs-up").endswith("\r\n\r\n<h1>Wartung</h1>\n"))
        self.assertTrue(self.curl("-I", self.web + "/nobody").endswith("\r\n\r\n"))

    def test_a_page_of_the_servers_is_theirs(self) -> None:
        self.assertRegex(self.curl(self.web + "/ill"), "^(one|two) is ill\n$")


class TwoWorkersRuleTests(RuleTests):
    workers = 2


class RedirectTests(_Site):
    def test_to_https_on_its_own_port_with_path_and_query(self) -> None:
        located = ("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}")
        plain = f"http://mail.example.com:{self.plain}"
        for path in ("/", "/owa/?a=b&c=%20d", "//x"):
            self.assertEqual(self.curl("--path-as-is", *located, plain + path), f"308 {self.web}{path}")
        host = ("-H", "Host: [fd00::9]:8080")
        self.assertEqual(self.curl(*located, *host, plain + "/x"), f"308 https://[fd00::9]:{self.port}/x")

    def test_who_follows_gets_there_with_his_method_and_body(self) -> None:
        plain = f"http://mail.example.com:{self.plain}/who"
        self.assertRegex(self.curl("-L", plain), "^(one|two) GET /who\n$")
        self.assertRegex(self.curl("-L", "-d", "a=b", plain), "^(one|two) POST /who\n$")
        self.assertRegex(self.curl("-L", "-X", "RPC_OUT_DATA", plain), "^(one|two) RPC_OUT_DATA /who\n$")

    def test_the_answer_to_head_has_no_body_and_the_connection_stays(self) -> None:
        plain = f"http://mail.example.com:{self.plain}/a"
        self.assertEqual(
            self.curl("-I", "-o", "/dev/null", "-w", "%{http_code}/%{num_connects} ", plain, "-o", "/dev/null", plain),
            "308/1 308/0 ",
        )
        whole, head = self.curl("-i", plain), self.curl("-I", plain)
        self.assertTrue(whole.startswith(head))
        self.assertTrue(head.endswith("\r\n\r\n"))

    def test_redirects_and_pages_have_the_front_ends_headers(self) -> None:
        for path, status in (("/", 302), ("/nobody", 503), ("/%2500", 400)):
            head = self.curl("-i", self.web + path)
            self.assertTrue(head.startswith(f"HTTP/1.1 {status} "), head)
            self.assertEqual(head.count("\r\nStrict-Transport-Security: max-age=60\r\n"), 1)

    def test_a_client_learns_of_hsts_by_the_first_redirect(self) -> None:
        known = self.folder / "hsts.txt"
        self.curl("--hsts", str(known), self.web + "/")
        self.assertRegex(known.read_text(), "(?m)^mail.example.com ")


class FailureTests(_Site):
    """Who tells what when it fails."""

    def test_each_failure_has_its_status(self) -> None:
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        for path, status in (("/x", "200"), ("/hangs-up", "502"), ("/nobody", "503")):
            self.assertEqual(self.curl(*code, self.web + path), status, path)
        self.assertEqual(self.curl(*code, f"http://mail.example.com:{self.hasty}/silent"), "504")
        self.assertEqual(self.curl(*code, "-d", "x" * 1025, f"{self.in_the_clear}/x"), "413")
        self.assertEqual(self.curl(*code, "-d", "x" * 1025, "-H", "Transfer-Encoding: chunked", f"{self.in_the_clear}/x"), "413")
        self.assertEqual(self.curl(*code, "-H", "X: " + "x" * 66_000, f"{self.in_the_clear}/x"), "431")
        self.assertEqual(self.curl(*code, "-H", "Expect: tea", f"{self.in_the_clear}/x"), "417")
        self.assertTrue(self.raw(b"GET / HTTP/1.1\r\nHost: a\r\n", self.hasty).startswith(b"HTTP/1.1 408 "))
        self.assertEqual(self.raw(b"POST /narrow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", self.old, True), b"")

    def test_who_says_nothing_gets_no_page(self) -> None:
        """Browsers open connections before they need them, and would take a 408 for the answer to their next request."""
        self.assertEqual(self.raw(b"", self.hasty), b"")
        answer = self.raw(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", self.hasty)
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)

    def test_a_server_that_is_away_is_passed_over_and_the_client_sees_nothing_of_it(self) -> None:
        self.servers["one"].stop()
        for _ in range(6):
            self.assertEqual(self.curl("-d", "x" * 1000, self.web + "/who"), "two POST /who\n")
        self.proxy.end()
        retried = [line for line in self.proxy.accessed() if re.search(r" site/two .* \d+/\d+/\d+/\d+/\+[1-9] ", line)]
        self.assertTrue(retried, self.proxy.accessed())

    def test_with_nobody_there_it_is_503_after_all_retries(self) -> None:
        for server in self.servers.values():
            server.stop()
        self.assertEqual(self.curl("-o", "/dev/null", "-w", "%{http_code}", self.web + "/x"), "503")
        self.proxy.end()
        self.assertRegex(self.proxy.accessed()[-1], r" SC-- .*/\+?3 ")

    def test_who_finds_no_slot_waits_for_it_in_the_queue(self) -> None:
        first = self.asking(b"GET /narrow/1 HTTP/1.1\r\nHost: a\r\n")
        _, server = self.asked()
        second = self.asking(b"GET /narrow/2 HTTP/1.1\r\nHost: a\r\n")
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(self.head(first).startswith(b"HTTP/1.1 200 OK\r\n"))
        first.close()
        head, server = self.asked()
        self.assertTrue(head.startswith(b"GET /narrow/2 "))
        server.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertTrue(self.head(second).startswith(b"HTTP/1.1 204 No Content\r\n"))

    def test_who_waits_too_long_for_a_slot_gets_503(self) -> None:
        self.asking(b"GET /full/1 HTTP/1.1\r\nHost: a\r\n")
        self.asked()
        began = time.monotonic()
        second = self.asking(b"GET /full/2 HTTP/1.1\r\nHost: a\r\n")
        self.assertTrue(self.head(second).startswith(b"HTTP/1.1 503 "))
        self.assertGreater(time.monotonic() - began, 1.8)
        eventually(lambda: any(" sQ-- " in line for line in self.proxy.accessed()), "its line")


class PassingTests(_Site):
    """What goes through as it came."""

    def test_order_and_case_stay_in_both_directions(self) -> None:
        lines = b"HOST: a\r\nx-MS-Thing:  spaced  out \r\nCookie: b=1\r\nACCEPT:*/*\r\ncookie: a=2\r\n"
        client = self.asking(b"RPC_OUT_DATA /silent?%61 HTTP/1.1\r\n" + lines)
        head, server = self.asked()
        self.assertTrue(head.startswith(b"RPC_OUT_DATA /silent?%61 HTTP/1.1\r\n" + lines), head)
        answer = b"HTTP/1.1 401 Who are you\r\nx-FEServer:EX1\r\nSet-Cookie: b=1\r\nWWW-Authenticate: NTLM\r\nset-cookie: a=2\r\n"
        server.sendall(answer + b"Content-Length: 0\r\n\r\n")
        self.assertTrue(self.head(client).startswith(answer))

    def test_100_is_the_servers_and_never_ours(self) -> None:
        body = ("-H", "Expect: 100-continue", "-d", "x" * 100, "-i")
        self.assertRegex(self.curl(*body, self.web + "/read"), r"^HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")

    def test_without_the_servers_100_there_is_none(self) -> None:
        client, server = self.pending(b"Expect: 100-continue\r\nContent-Length: 5\r\n")
        client.settimeout(0.3)
        self.assertRaises(TimeoutError, client.recv, 65536)
        server.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        client.settimeout(PATIENCE)
        self.assertTrue(self.head(client).startswith(b"HTTP/1.1 401 Unauthorized\r\n"))

    def test_trailers_come_behind_the_body(self) -> None:
        answer = self.curl("-i", "--raw", "-H", "TE: trailers", "-H", "Connection: TE", self.web + "/trailed")
        self.assertIn("\r\nTransfer-Encoding: chunked\r\n", answer)
        self.assertTrue(answer.endswith("\r\n0\r\nX-Digest: 1234\r\n\r\n"), answer)

    def test_every_method_is_passed_on(self) -> None:
        for method in (
            "RPC_IN_DATA",
            "RPC_OUT_DATA",
            "PROPFIND",
            "SUBSCRIBE",
            "X-MS-ENUMATTS",
            "BPROPPATCH",
            "SEARCH",
            "DELETE",
            "PATCH",
        ):
            self.assertRegex(self.curl("-X", method, self.web + "/rpc/rpcproxy.dll"), f"^(one|two) {method} /rpc/rpcproxy.dll\n$")


class LeavingTests(_Site):
    fin = "500ms"

    def test_who_reads_slowly_gets_the_whole_last_answer(self) -> None:
        size = 1_500_000
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        for number, port in enumerate((self.old, self.port), 1):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
            client.settimeout(PATIENCE)
            client.connect((FRONT, port))
            if port == self.port:
                client = context.wrap_socket(client, server_hostname="mail.example.com")
            self.addCleanup(client.close)
            client.sendall(b"GET /narrow HTTP/1.0\r\n\r\n")
            _, server = self.asked()
            server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
            eventually(lambda number=number: self.answered() == number, "its line")
            time.sleep(1.5)  # longer than client_fin, from when the kernel had it all
            answer = b"".join(iter(lambda client=client: client.recv(65536), b""))
            self.assertEqual(len(answer.partition(b"\r\n\r\n")[2]), size)
            server.close()

    def answered(self) -> int:
        """Requests that are over."""
        return sum(" narrow/mute " in line for line in self.proxy.accessed())

    def test_abortonclose_sees_who_leaves_behind_a_held_request(self) -> None:
        client, server = self.pending()
        client.sendall(b"GET /next HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
        began = time.monotonic()
        client.close()
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(server.recv(65536), b"")
        self.assertLess(time.monotonic() - began, PATIENCE, "and not when the server's time is over, which is ten minutes")
        eventually(lambda: any(" CH-- " in line for line in self.proxy.accessed()), "its line")
