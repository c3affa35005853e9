"""The PROXY header in both directions: real servers see the client's own address, and balancers in front of us are believed."""

import imaplib
import json
import smtplib
import socket
from typing import Any

import trustme

from tests.integration.balanced import FIRST, FRONT
from tests.integration.clients import PATIENCE, curl
from tests.integration.peers import dovecot, haproxy, needs, nginx, postfix
from tests.integration.peers.echo import Echo, EchoClient
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

CLIENT = "127.0.0.77"
"""Who the client is: an address that nobody else here has."""

FORWARDER, STRANGER = "127.0.0.5", "127.0.0.66"

VERSIONS = ("v1", "v2")

SITE = """
[frontends.{version}]
bind = "{host}:{port}"
backend = "{version}"

[backends.{version}]
send_proxy = "{version}"
check = {check}
servers = {{ ex1 = "{server}" }}
"""


class OutgoingTests(PeerTestCase):
    """A server that demands the header is up only if the checks send it too."""

    def run_proxy(self, check: str, server: str) -> None:
        """One front end a version, in ``ports``, before the one server that there is."""
        self.ports = {version: free_port(FRONT) for version in VERSIONS}
        site = "".join(
            SITE.format(version=version, host=FRONT, port=port, check=check, server=server)
            for version, port in self.ports.items()
        )
        proxy = Proxy("proxy", FRONT, self.ports["v1"], site)
        self.started(proxy)
        self.addCleanup(proxy.end)
        for version in VERSIONS:
            proxy.wait_until(f"{version}/ex1", "up")

    def test_postfix_logs_the_client(self) -> None:
        needs.require(*postfix.NEEDS)
        peer = postfix.Postfix("ex1", FIRST, free_port(FIRST), proxied=True)
        self.started(peer)
        self.run_proxy('"smtp"', f"{FIRST}:{peer.port}")
        for position, port in enumerate(self.ports.values()):
            client = f"127.0.1.{position + 1}"
            with smtplib.SMTP(FRONT, port, timeout=PATIENCE, source_address=(client, 0)) as connection:
                connection.sendmail("bob@example.net", ["anna@example.com"], f"Subject: from {client}\r\n\r\n")
            peer.wait_for_log(rf"connect from unknown\[{client}\]")
        eventually(lambda: len(peer.delivered()) == len(VERSIONS), "both messages to be delivered")
        for client in ("127.0.1.1", "127.0.1.2"):
            self.assertEqual(sum(f"[{client}]" in message for message in peer.delivered()), 1, "of the two Received lines")
        self.assertNotIn("haproxy read", peer.logged())

    def test_dovecot_logs_the_client(self) -> None:
        needs.require(*dovecot.NEEDS)
        peer = dovecot.Dovecot("ex1", FIRST, free_port(FIRST), free_port(FIRST), proxied=True)
        self.started(peer)
        self.run_proxy('"imap"', f"{FIRST}:{peer.port}")
        for position, port in enumerate(self.ports.values()):
            client = f"127.0.1.{position + 1}"
            with _Imap(port, client) as connection:
                connection.login(dovecot.USER, dovecot.PASSWORD)
            peer.wait_for_log(rf"Login: user=<{dovecot.USER}>.* rip={client},")
        self.assertNotIn("haproxy:", peer.logged())

    def test_nginx_answers_with_the_client(self) -> None:
        needs.require(*nginx.NEEDS, needs.CURL)
        peer = nginx.Nginx("ex1", FIRST, free_port(FIRST), trustme.CA(), proxied=True)
        self.started(peer)
        self.run_proxy('{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }', f"{FIRST}:{peer.port}")
        for port in self.ports.values():
            where = f"mail.example.com:{port}"
            answer = curl(peer, "--interface", CLIENT, "--resolve", f"{where}:{FRONT}", f"https://{where}/who")
            self.assertEqual(answer, f"127.0.0.1 reached ex1 for {CLIENT}\n")


class _Imap(imaplib.IMAP4):
    """Comes from an address of the test's choice."""

    def __init__(self, port: int, source: str) -> None:
        self._source = source
        super().__init__(FRONT, port, timeout=PATIENCE)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout, source_address=(self._source, 0))


INCOMING = """
[service]
log = {{ format = "json", access = "access.log" }}

[frontends.front]
bind = {{ address = "{host}:{port}", accept_proxy = "{forwarder}/32" }}
backend = "echo"

[backends.echo]
servers = {{ ex1 = "{server}" }}
"""


class IncomingTests(PeerTestCase):
    """HAProxy stands before us at ``FORWARDER``."""

    def setUp(self) -> None:
        super().setUp()
        echo = Echo("ex1", FIRST, free_port(FIRST))
        echo.start()
        self.addCleanup(echo.stop)
        port = free_port(FRONT)
        values = {"host": FRONT, "port": port, "forwarder": FORWARDER, "server": f"{FIRST}:{echo.port}"}
        self.proxy = Proxy("proxy", FRONT, port, INCOMING.format(**values))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        self.proxy.wait_until("echo/ex1", "up")

    def logged_for(self, client: str) -> dict[str, Any]:
        """The access line of this client, once it is there."""

        def found() -> dict[str, Any] | None:
            entries = map(json.loads, self.proxy.accessed())
            return next((entry for entry in entries if entry["client_ip"] == client), None)

        return eventually(found, f"an access line of {client}") or {}

    def test_a_trusted_balancer_is_believed_in_either_version(self) -> None:
        needs.require(*haproxy.NEEDS)
        for position, header in enumerate(("send-proxy", "send-proxy-v2")):
            before = haproxy.HAProxy(header, FRONT, free_port(FRONT), f"{FRONT}:{self.proxy.port}", FORWARDER, header)
            self.started(before)
            client = EchoClient(FRONT, before.port, f"127.0.2.{position + 1}")
            self.assertEqual((client.server, client.echo("hello")), ("ex1", "hello"))
            client.close()
            self.assertEqual(self.logged_for(f"127.0.2.{position + 1}")["server"], "ex1")

    def test_a_stranger_is_taken_as_it_is_and_its_header_is_no_header(self) -> None:
        client = EchoClient(FRONT, self.proxy.port, STRANGER)
        forged = "PROXY TCP4 203.0.113.5 203.0.113.6 1 2\r"
        self.assertEqual(client.echo(forged), forged.strip())
        client.close()
        self.assertEqual(self.logged_for(STRANGER)["bytes_uploaded"], len(forged) + 1)

    def test_a_trusted_balancer_without_a_header_reaches_nobody(self) -> None:
        with socket.create_connection((FRONT, self.proxy.port), PATIENCE, source_address=(FORWARDER, 0)) as connection:
            connection.sendall(b"EHLO there\r\n")
            self.assertEqual(connection.recv(100), b"")
        self.assertEqual(self.logged_for(FORWARDER)["termination"], "PR")
