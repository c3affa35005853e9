"""TLS by the real proxy: curl and ``openssl s_client`` in front, nginx behind, with TLS or without on either side."""

import os
import re
import signal
import socket
import ssl
import subprocess
from datetime import UTC, datetime

import trustme

from tests.integration.balanced import FIRST, FRONT
from tests.integration.clients import PATIENCE, curl
from tests.integration.peers import needs, nginx
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

CONFIGURATION = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.bridge]
bind = "{front}:{bridge}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "tls"
[frontends.offload]
bind = "{front}:{offload}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "plain"
[frontends.plain]
bind = "{front}:{plain}"
backend = "tls"
[backends.tls]
check = {{ type = "https", tls = {{ verify = false }}, path = "/owa/healthcheck.htm" }}
tls = {{ mode = "implicit", ca = "ca.pem", name = "mail.example.com" }}
servers = {{ ex1 = "{first}:{behind}" }}
[backends.plain]
check = "off"
servers = {{ ourselves = "{front}:{plain}" }}
"""


class TLSTestCase(PeerTestCase):
    WORKERS = 1

    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL, needs.OPENSSL)
        self.authority = trustme.CA()
        behind = free_port(FIRST)
        self.server = nginx.Nginx("ex1", FIRST, behind, self.authority)
        self.started(self.server)
        self.bridge, self.offload, plain = free_port(FRONT), free_port(FRONT), free_port(FRONT)
        configuration = CONFIGURATION.format(
            workers=self.WORKERS, front=FRONT, first=FIRST, bridge=self.bridge, offload=self.offload, plain=plain, behind=behind
        )
        self.proxy = Proxy("proxy", FRONT, self.bridge, configuration)
        self.issue()
        self.authority.cert_pem.write_to_path(str(self.proxy.folder / "ca.pem"))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        self.proxy.wait_until("tls/ex1", "up")
        for number in range(self.WORKERS if self.WORKERS > 1 else 0):
            self.proxy.wait_for_log(f"worker {number + 1} serves")

    def issue(self) -> None:
        leaf = self.authority.issue_cert("mail.example.com", not_before=datetime.now(UTC))
        leaf.private_key_and_cert_chain_pem.write_to_path(str(self.proxy.folder / "mail.pem"))

    def curl(self, port: int, *options: str) -> str:
        where = f"mail.example.com:{port}"
        url = f"https://{where}/owa/auth/logon.aspx"
        return curl(self.server, "--fail", *options, "--resolve", f"{where}:{FRONT}", url).strip()

    def s_client(self, *options: str) -> str:
        command = ["openssl", "s_client", "-connect", f"{FRONT}:{self.offload}", "-servername", "mail.example.com", *options]
        command += ["-CAfile", str(self.proxy.folder / "ca.pem"), "-ign_eof"]
        request = b"GET / HTTP/1.0\r\n\r\n"
        return subprocess.run(command, input=request, capture_output=True, timeout=PATIENCE, check=False).stdout.decode("latin-1")

    def connect(self) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        sock = context.wrap_socket(socket.create_connection((FRONT, self.bridge), PATIENCE), server_hostname="mail.example.com")
        self.addCleanup(sock.close)
        return sock

    def shown(self) -> bytes | None:
        """The certificate of a new connection."""
        with self.connect() as client:
            return client.getpeercert(binary_form=True)


class Scenes:
    """What holds with any number of workers."""

    def test_from_tls_to_tls(self) -> None:
        self.assertEqual(self.curl(self.bridge), "this is ex1")

    def test_from_tls_to_plain_and_from_plain_to_tls(self) -> None:
        self.assertEqual(self.curl(self.offload), "this is ex1")
        self.assertEqual(self.curl(self.offload, "--tls-max", "1.2"), "this is ex1")

    def test_old_versions_are_refused(self) -> None:
        self.assertIn("no peer certificate available", self.s_client("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"))

    def test_a_renewed_certificate_is_used_and_live_sessions_stay(self) -> None:
        live = self.connect()
        before = live.getpeercert(binary_form=True)
        self.issue()
        eventually(lambda: self.shown() != before, "the new certificate")
        self.proxy.wait_for_log("new certificates are in use: .*mail.pem")
        live.sendall(b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
        self.assertIn(b"200 OK", live.recv(4096))
        (self.proxy.folder / "mail.pem").write_text("nonsense")
        self.proxy.wait_for_log("cannot be used; the old one stays: .*mail.pem")
        self.assertEqual(self.curl(self.bridge), "this is ex1")

    def test_clients_that_speak_no_tls_are_counted_in_the_log(self) -> None:
        for _ in range(20):
            with socket.create_connection((FRONT, self.bridge), PATIENCE) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                while client.recv(100):
                    pass
        eventually(lambda: sum(" PR " in line for line in self.proxy.accessed()) == 20, "a line for each")
        line = self.proxy.wait_for_log("bridge: .* failed")
        self.assertIn("the last one of 127.0.0.1: the client spoke plain HTTP to the TLS port", line)
        self.proxy.end()
        counts = re.findall(r"bridge: (\d+) (?:more )?TLS handshakes? failed", self.proxy.logged())
        self.assertEqual(sum(map(int, counts)), 20)


class TLSTests(Scenes, TLSTestCase):
    def test_sessions_are_resumed_in_both_versions(self) -> None:
        session = str(self.proxy.folder / "session.pem")
        for version in ("-tls1_2", "-tls1_3"):
            first = self.s_client(version, "-sess_out", session)
            self.assertIn("New, TLSv1.", first)
            self.assertIn("this is ex1", first)
            again = self.s_client(version, "-sess_in", session)
            self.assertIn("Reused, TLSv1.", again)
            self.assertIn("this is ex1", again)


class TwoWorkersTLSTests(Scenes, TLSTestCase):
    """Tickets are good in all workers (docs/workers.md)."""

    WORKERS = 2

    def context(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.maximum_version = version
        self.authority.configure_trust(context)
        return context

    def visit(self, context: ssl.SSLContext, session: ssl.SSLSession | None) -> tuple[bool, ssl.SSLSession | None]:
        """Whether it was resumed, and what the next connection may bring."""
        sock = socket.create_connection((FRONT, self.bridge), PATIENCE)
        with context.wrap_socket(sock, server_hostname="mail.example.com", session=session) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertIn(b"200 OK", client.recv(4096))  # and with it a ticket, in TLS 1.3
            return client.session_reused is True, client.session

    def test_a_client_that_brings_its_ticket_is_resumed_by_either_worker(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(version)
            _, session = self.visit(context, None)
            resumed = 0
            for _ in range(99):
                again, session = self.visit(context, session)
                resumed += again
            self.assertGreaterEqual(resumed, 95)

    def test_a_ticket_outlives_the_worker_that_gave_it(self) -> None:
        context = self.context(ssl.TLSVersion.TLSv1_3)
        _, session = self.visit(context, None)
        for worker in self.proxy.workers():
            before = self.proxy.written()
            os.kill(worker, signal.SIGKILL)
            self.proxy.wait_for_log("worker . serves", before)
        resumed, _ = self.visit(context, session)
        self.assertTrue(resumed)

    def test_a_fork_server_without_its_certificate_says_so_and_goes_on_when_it_is_back(self) -> None:
        file = self.proxy.folder / "mail.pem"
        away = file.rename(file.with_suffix(".away"))
        before = self.proxy.written()
        os.kill(self.proxy.fork_server(), signal.SIGKILL)
        self.proxy.wait_for_log("the fork server: .*frontends.bridge.tls: cannot read .*mail.pem", before)
        away.rename(file)
        self.proxy.wait_for_log("worker 1 serves", before)
        self.assertEqual(self.curl(self.bridge), "this is ex1")
