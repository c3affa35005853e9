"""Every way in and every way out of a mail mode: one proxy that has a front end for each pair, and the servers of both kinds."""

import imaplib
import poplib
import smtplib
import socket
import ssl
from itertools import product
from pathlib import Path

import trustme

from tests.integration.clients import PATIENCE
from tests.integration.peers import needs
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.120.1", "127.0.120.2", "127.0.120.3"
CLIENT = "127.0.120.78"
"""Who the client is: an address that nobody else here has."""

IN = ("off", "starttls", "implicit")
"""How clients come, in the configuration's words."""
OUT = ("off", "starttls", "implicit")
"""How servers are gone to."""

_FRONT = """
[frontends.{name}]
mode = "{mode}"
bind = {bind}
backend = "{backend}"
{more}
"""
_BACK = """
[backends.{name}]
check = {check}
{more}
[backends.{name}.servers]
{servers}
"""


class MailWaysTests(PeerTestCase):
    """Write front ends and back ends, then :meth:`run_site`."""

    mode: str

    def setUp(self) -> None:
        super().setUp()
        needs.require(needs.ROOT)
        self.authority = trustme.CA()
        self.ports: dict[str, int] = {}
        self.site = ""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.ca = write_authority(folder, self.authority)
        self.certificate = write_certificate(folder / "mail.pem", self.authority.issue_cert(FRONT, common_name=FRONT))
        self.context = ssl.create_default_context(cafile=str(self.ca))

    def leaf(self, host: str) -> trustme.LeafCert:
        """For a server that may be believed."""
        return self.authority.issue_cert(host)

    def front(self, name: str, backend: str, tls: str | None, more: str = "", trusted: str = "") -> None:
        """A front end at a port of ``self.ports``; ``tls`` of None says nothing of TLS."""
        port = self.ports[name] = free_port(FRONT)
        bind = f'{{ address = "{FRONT}:{port}", accept_proxy = ["{trusted}"] }}' if trusted else f'"{FRONT}:{port}"'
        if tls is not None:
            said = f'mode = "{tls}"' + ("" if tls == "off" else f', certificates = "{self.certificate}"')
            more = f"tls = {{ {said} }}\n{more}"
        self.site += _FRONT.format(name=name, mode=self.mode, bind=bind, backend=backend, more=more)

    def back(self, name: str, servers: dict[str, str], tls: str | None = None, check: str = "", more: str = "") -> None:
        """A back end whose servers are verified, if they are spoken to over TLS."""
        if tls is not None and tls != "off":
            more = f'tls = {{ mode = "{tls}", ca = "{self.ca}" }}\n{more}'
        said = "\n".join(f'{server} = "{place}"' for server, place in servers.items())
        self.site += _BACK.format(name=name, check=check or f'"{self.mode}"', more=more, servers=said)

    def pairs(self, plain: str, implicit: str) -> None:
        """A front end ``IN-OUT`` for each of the nine; ``plain`` and ``implicit`` are the places of the one server."""
        for out in OUT:
            check = f'{{ type = "{self.mode}", tls = "implicit" }}' if out == "implicit" else ""
            self.back(out, {"ex1": implicit if out == "implicit" else plain}, out, check)
        for way, out in product(IN, OUT):
            self.front(f"{way}-{out}", out, way)

    def run_site(self, *up: str) -> None:
        """Run what was written, and wait until each ``backend/server`` of ``up`` is."""
        self.proxy = Proxy("proxy", FRONT, next(iter(self.ports.values())), self.site)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        for each in up:
            self.proxy.wait_until(each, "up")

    def connection(self, name: str, way: str = "off", first: bytes = b"") -> socket.socket:
        """To a front end, from ``CLIENT``; it says ``first`` at once, and then speaks TLS if ``way`` is ``implicit``."""
        connection = socket.create_connection((FRONT, self.ports[name]), PATIENCE, source_address=(CLIENT, 0))
        self.addCleanup(connection.close)
        connection.sendall(first)
        if way == "implicit":
            connection = self.context.wrap_socket(connection, server_hostname=FRONT)
            self.addCleanup(connection.close)
        return connection

    def smtp(self, name: str, way: str = "off", first: bytes = b"", at: socket.socket | None = None) -> smtplib.SMTP:
        """A client that has said EHLO, over TLS if its way is one; ``at`` a connection that is there already."""
        client = _Smtp(at or self.connection(name, way, first))
        client.ehlo()
        if way == "starttls":
            self.assertEqual(client.starttls(context=self.context)[0], 220)
            client.ehlo()
        return client

    def imap(self, name: str, way: str = "off", first: bytes = b"", at: socket.socket | None = None) -> imaplib.IMAP4:
        """A client that knows what is offered to it."""
        client = _Imap(at or self.connection(name, way, first))
        if way == "starttls":
            self.assertEqual(client.starttls(self.context)[0], "OK")
        return client

    def pop(self, name: str, way: str = "off", first: bytes = b"", at: socket.socket | None = None) -> poplib.POP3:
        """A client that has been greeted."""
        client = _Pop(at or self.connection(name, way, first))
        if way == "starttls":
            client.stls(self.context)
        return client


class _Smtp(smtplib.SMTP):
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(FRONT, 1, "client.example.com", PATIENCE)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connection


class _Imap(imaplib.IMAP4):
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(FRONT, timeout=PATIENCE)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._connection


class _Pop(poplib.POP3):
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(FRONT, timeout=PATIENCE)

    def _create_socket(self, timeout: float) -> socket.socket:
        return self._connection
