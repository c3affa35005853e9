"""Mode ``http`` with nginx behind, and curl and wrk in front: what people measure and script with."""

import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import trustme

from tests.integration.clients import PATIENCE
from tests.integration.peers import needs, nginx
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.talker import Talker
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.90.1", "127.0.90.2", "127.0.90.3"
NAME = "mail.example.com"
MEGABYTE = 1 << 20
CONNECTIONS, SECONDS = 40, 1
SILENCE = 4.0
"""Seconds for which clients may be silent where that matters: more than the machine itself may stand still."""
POLL = 1.2 * SILENCE
NEVER = "600"
"""Seconds after which curl would send its upload without having been told to; before that it fails."""

SITE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = ["{front}:{plain}", {{ address = "{front}:{tls}", tls = {{ mode = "implicit", certificates = "mail.pem" }} }}]
timeouts = {{ http_request = "{patience}s", client = "{patience}s" }}
backend = "owa"
[[frontends.web.routes]]
path = "/ws"
backend = "talker"
[[frontends.web.routes]]
path = "/Microsoft-Server-ActiveSync"
backend = "eas"
[backends.owa]
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }}
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
[backends.talker]
check = "off"
servers = {{ ex1 = "{first}:{talker}" }}
[backends.eas]
check = "off"
timeouts = {{ server = "10s" }}
servers = {{ ex1 = "{first}:{eas}" }}
"""


class Scene(PeerTestCase):
    workers = 1
    patience = 60.0
    """Seconds for which a client may be silent."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL, needs.WRK)
        behind, self.talker, self.eas = free_port(FIRST, SECOND), free_port(FIRST), free_port(FIRST)
        self.plain, self.tls = free_port(FRONT), free_port(FRONT)
        authority = trustme.CA()
        self.servers = [nginx.Nginx(name, host, behind, authority) for name, host in (("ex1", FIRST), ("ex2", SECOND))]
        self.started(*self.servers)
        ports = {"plain": self.plain, "tls": self.tls, "behind": behind, "talker": self.talker, "eas": self.eas}
        site = {"front": FRONT, "first": FIRST, "second": SECOND, "patience": self.patience, "workers": self.workers, **ports}
        self.proxy = Proxy("proxy", FRONT, self.plain, SITE.format(**site))
        write_certificate(self.proxy.folder / "mail.pem", authority.issue_cert(NAME))
        self.authority = write_authority(self.proxy.folder, authority)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for number in range(self.workers if self.workers > 1 else 0):
            self.proxy.wait_for_log(f"worker {number + 1} serves")
        for server in self.servers:
            self.proxy.wait_until(f"owa/{server.name}", "up")
        self.folder = Path(self.proxy.folder)

    def url(self, path: str) -> str:
        return f"https://{NAME}:{self.tls}{path}"

    def curl(self, *arguments: str, said: bytes = b"", status: int = 0) -> bytes:
        """What it prints; ``status`` is what it ends with."""
        done = subprocess.run(self.command(*arguments), input=said, capture_output=True, timeout=3 * PATIENCE, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + (done.stderr if "--verbose" in arguments else b"")

    def command(self, *arguments: str) -> list[str]:
        options = ["--silent", "--show-error", "--max-time", str(PATIENCE), "--cacert", str(self.authority)]
        return ["curl", *options, "--resolve", f"{NAME}:{self.tls}:{FRONT}", *arguments]

    def stored(self, name: str) -> list[bytes]:
        """What came by PUT, to whichever server."""
        paths = [server.store / name for server in self.servers]
        return [path.read_bytes() for path in paths if path.exists()]

    def ended(self) -> list[list[str]]:
        """The access lines in words, once the proxy has ended."""
        self.proxy.end()
        return [line.split() for line in self.proxy.accessed()]


class WrkTests(Scene):
    def test_every_request_is_answered_and_counted_plain_and_by_tls(self) -> None:
        counted = sum(self.wrk(url) for url in (f"http://{FRONT}:{self.plain}/owa/", f"https://{FRONT}:{self.tls}/owa/"))
        lines = self.ended()
        whole = [line for line in lines if (line[5], line[9]) == ("200", "----")]
        # Each of its connections may have had an answer on its way when it left.
        self.assertLessEqual(counted, len(whole))
        self.assertLessEqual(len(whole), counted + 2 * CONNECTIONS)
        self.assertLessEqual(len(lines), len(whole) + 2 * CONNECTIONS)
        self.assertEqual({line[3] for line in whole}, {"owa/ex1", "owa/ex2"})
        # nginx writes its line behind the answer
        eventually(lambda: self.served() >= len(whole), "nginx' lines")
        self.assertLessEqual(self.served(), len(lines))

    def served(self) -> int:
        """Requests, by the servers' own logs."""
        return sum(server.logged().count('"GET /owa/ HTTP/1.1" 200 ') for server in self.servers)

    def wrk(self, url: str) -> int:
        """Requests that it counts."""
        command = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s"]
        command += ["--timeout", f"{PATIENCE}s", url]
        said = subprocess.run(command, capture_output=True, text=True, timeout=3 * PATIENCE, check=True).stdout
        found = re.search(r"(\d+) requests in", said)
        assert found is not None, said
        self.assertNotIn("Socket errors", said)
        self.assertNotIn("Non-2xx", said)
        return int(found.group(1))


class TwoWorkersWrkTests(WrkTests):
    workers = 2


class CurlTests(Scene):
    def test_several_transfers_of_all_kinds_on_one_connection(self) -> None:
        upload = self.folder / "upload"
        upload.write_bytes(os.urandom(100_000))
        written = ("--write-out", "\n%{http_code} %{num_connects} %{size_download}\n", "--output", "/dev/null")
        transfers = [
            ("--upload-file", str(upload), self.url("/store/kept")),
            (self.url("/store/kept"),),
            ("--head", self.url("/store/kept")),
            ("--data", "x=y", self.url("/owa/")),
            ("--request", "OPTIONS", self.url("/owa/")),
            (self.url("/none/healthcheck.htm"),),
        ]
        arguments = [part for transfer in transfers for part in ("--next", *self.common(), *written, *transfer)][1:]
        found = [line.split() for line in self.curl(*arguments).decode().splitlines() if line]
        self.assertEqual([line[0] for line in found], ["201", "200", "200", "200", "200", "200"])
        self.assertEqual([line[1] for line in found], ["1", "0", "0", "0", "0", "0"])
        self.assertEqual([found[1][2], found[2][2]], ["100000", "0"])
        self.assertEqual(len({line[0] for line in self.ended()}), 1)

    def common(self) -> tuple[str, ...]:
        """What holds for one transfer only, and has to be said for each."""
        return ("--silent", "--cacert", str(self.authority), "--max-time", str(PATIENCE))

    def test_an_upload_waits_for_the_servers_100(self) -> None:
        upload = self.folder / "upload"
        upload.write_bytes(os.urandom(5 * MEGABYTE))
        head = ("--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", NEVER)
        said = self.curl(*head, "--upload-file", str(upload), self.url("/store/expected"))
        self.assertEqual(said.count(b"< HTTP/1.1 100 Continue"), 1)
        self.assertIn(b"< HTTP/1.1 201 Created", said)
        self.assertEqual(self.stored("expected"), [upload.read_bytes()])

    def test_who_is_refused_need_not_send_his_upload(self) -> None:
        upload = self.folder / "upload"
        upload.write_bytes(bytes(5 * MEGABYTE))
        head = ("--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", NEVER, "--write-out", "%{size_upload}")
        said = self.curl(*head, "--upload-file", str(upload), self.url("/owa/"))
        self.assertIn(b"< HTTP/1.1 413 Request Entity Too Large", said)
        self.assertNotIn(b"< HTTP/1.1 100 ", said)
        self.assertIn(b"</html>\r\n0", said)

    def test_what_comes_from_a_pipe_comes_in_chunks(self) -> None:
        octets = os.urandom(3 * MEGABYTE)
        said = self.curl("--verbose", "--upload-file", "-", self.url("/store/piped"), said=octets)
        self.assertIn(b"> Transfer-Encoding: chunked", said)
        self.assertIn(b"< HTTP/1.1 201 Created", said)
        self.assertEqual(self.stored("piped"), [octets])

    def test_ranges_and_heads(self) -> None:
        octets = os.urandom(MEGABYTE)
        for server in self.servers:
            (server.store / "file").write_bytes(octets)
        url = self.url("/store/file")
        self.assertEqual(self.curl(url), octets)
        self.assertEqual(self.curl("--range", "1000-1999", url), octets[1000:2000])
        self.assertEqual(self.curl("--range", "-10", url), octets[-10:])
        parts = self.curl("--range", "0-9,20-29", url)
        self.assertIn(octets[:10], parts)
        self.assertIn(octets[20:30], parts)
        half = self.folder / "half"
        half.write_bytes(octets[: MEGABYTE // 2])
        self.curl("--continue-at", "-", "--output", str(half), url)
        self.assertEqual(half.read_bytes(), octets)
        self.assertIn(b"Content-Length: 1048576\r\n", self.curl("--head", url))
        self.assertEqual(self.curl("--http1.0", url), octets)

    def test_an_upgrade_to_a_websocket(self) -> None:
        self.started(Talker("talker", FIRST, self.talker))
        lines = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        headers = [part for line in lines for part in ("--header", line)]
        command = self.command("--http1.1", "--verbose", *headers, self.url("/ws"))
        # of all that it writes only this goes out while it waits for more
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as client:
            self.addCleanup(client.kill)
            assert client.stderr is not None
            heard = []
            while not heard or heard[-1] not in (b"< \r\n", b""):
                heard.append(client.stderr.readline())
            self.assertIn(b"< HTTP/1.1 101 Switching Protocols\r\n", heard)
            self.assertIn(b"< Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", heard)
            self.assertIsNone(client.poll())
            client.kill()


class PollTests(Scene):
    patience = SILENCE

    def test_a_phone_waits_for_mail_for_longer_than_clients_may_be_silent(self) -> None:
        server = socket.create_server((FIRST, self.eas))
        self.addCleanup(server.close)
        threading.Thread(target=_mail_later, args=(server,), daemon=True).start()
        url = self.url("/Microsoft-Server-ActiveSync?Cmd=Ping&User=anna")
        ping = ("--header", "Content-Type: application/vnd.ms-sync.wbxml", "--data-binary", "ping")
        began = time.monotonic()
        said = self.curl(*ping, "--write-out", " %{num_connects}", url, url)
        self.assertEqual(said, b"mail 1mail 0")
        self.assertGreater(time.monotonic() - began, 2 * POLL)

    def test_each_notification_comes_when_it_is_said(self) -> None:
        """Streaming notifications of EWS, and MAPI's pending answers: one answer, whose chunks are minutes apart."""
        server = socket.create_server((FIRST, self.eas))
        self.addCleanup(server.close)
        server.settimeout(PATIENCE)
        command = self.command("--no-buffer", self.url("/Microsoft-Server-ActiveSync"))
        with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                assert client.stdout is not None
                for word in (b"PROCESSING\n", b"PENDING\n", b"PENDING\n", b"DONE\n"):
                    connection.sendall(b"%x\r\n%s\r\n" % (len(word), word))
                    self.assertEqual(client.stdout.readline(), word)
                connection.sendall(b"0\r\n\r\n")
                self.assertEqual(client.stdout.read(), b"")
            self.assertEqual(client.wait(PATIENCE), 0)


def _mail_later(server: socket.socket) -> None:
    """Answers each request of one connection after a while."""
    connection, _ = server.accept()
    with connection:
        while connection.recv(65_536):
            time.sleep(POLL)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmail")
