"""Extended Protection with a server that means it: what works passed through and bridged, and what a mismatch looks like."""

import base64
import http.client
import os
import socket
import ssl
import tempfile
from pathlib import Path

import spnego
import trustme

from tests.integration.peers.bound import PASSWORD, USER, USERS, Bound, bindings, write_users
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE
from tests.integration.proxy import Proxy

FRONT, SERVER = "127.0.70.1", "127.0.70.2"
NAME = "mail.example.com"

TEMPLATE = """
[exchange]
version = "2016"
listen = "{front}"
servers = {{ ex1 = "{server}" }}
services = ["https"]
ports = {{ https = {port} }}
server_ports = {{ https = {behind} }}
"""
BRIDGED = 'tls = { certificates = "mail.pem" }\nserver_tls = { ca = "authority.pem" }\n'


class ExtendedProtectionTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.patch(os, "environ", {**os.environ, USERS: str(write_users(self.folder))})
        self.authority = trustme.CA()
        self.identity = self.authority.issue_cert(NAME)
        self.server = Bound(SERVER, self.identity, self.folder)
        self.addCleanup(self.server.stop)

    def balance(self, more: str, ours: trustme.LeafCert) -> None:
        self.port = free_port(FRONT)
        text = TEMPLATE.format(front=FRONT, server=SERVER, port=self.port, behind=self.server.port) + more
        self.proxy = Proxy("proxy", FRONT, self.port, text)
        write_certificate(Path(self.proxy.folder) / "mail.pem", ours)
        write_authority(Path(self.proxy.folder), self.authority)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        self.proxy.wait_until("owa/ex1" if more else "https/ex1", "up")

    def connected(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        connection = http.client.HTTPSConnection(NAME, self.port, timeout=PATIENCE)
        plain = socket.create_connection((FRONT, self.port), timeout=PATIENCE)
        connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        self.addCleanup(connection.close)
        return connection

    def log_in(self) -> int:
        """As Outlook does: NTLM, bound to the certificate that it sees; the status in the end."""
        connection = self.connected()
        assert isinstance(connection.sock, ssl.SSLSocket)
        seen = connection.sock.getpeercert(binary_form=True) or b""
        client = spnego.client(USER, PASSWORD, hostname=NAME, service="HTTP", protocol="ntlm", channel_bindings=bindings(seen))
        token = client.step()
        for _ in range(2):
            said = base64.b64encode(token or b"").decode()
            connection.request("GET", "/mapi/emsmdb", headers={"Authorization": f"NTLM {said}"})
            answer = connection.getresponse()
            answer.read()
            challenge = answer.headers.get("WWW-Authenticate", "").removeprefix("NTLM").strip()
            if answer.status != 401 or not challenge:
                break
            token = client.step(base64.b64decode(challenge))
        return answer.status

    def form(self) -> int:
        connection = self.connected()
        connection.request("GET", "/owa/auth/logon.aspx")
        return connection.getresponse().status

    def test_it_is_content_with_what_is_passed_through(self) -> None:
        self.balance("", self.identity)
        self.assertEqual((self.form(), self.log_in()), (200, 200))

    def test_it_is_content_with_the_same_certificate(self) -> None:
        self.balance(BRIDGED, self.identity)
        self.assertEqual((self.form(), self.log_in()), (200, 200))

    def test_with_another_one_owa_works_and_outlook_fails(self) -> None:
        self.balance(BRIDGED, self.authority.issue_cert(NAME))
        self.assertEqual((self.form(), self.log_in()), (200, 401))
