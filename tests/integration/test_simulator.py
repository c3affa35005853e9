"""The simulated site on real sockets, with the clients of the standard library and impacket."""

import http.client
import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from impacket.dcerpc.v5 import epm, nspi, transport
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from exproxy.simulator.layout import Layout
from exproxy.simulator.modes import Mode
from exproxy.simulator.service import SiteError
from exproxy.simulator.site import Simulator

HOST = "127.0.0.1"
PATIENCE = 60
"""Seconds for which a client waits before it fails."""


class SimulatorTests(TestCase):
    """The clients block, so each works in a thread beside the reactor."""

    timeout = 4 * PATIENCE

    async def setUp(self) -> None:
        self.site = Simulator(reactor, Layout({"ex1": HOST}, control=(HOST, 0)))
        self.addCleanup(self.site.stop)
        await self.site.start()
        self.server = self.site.server("ex1")
        self.tls = ssl.create_default_context(cadata=self.site.certificate.pem.decode())

    def port(self, service: str) -> int:
        return self.server.service(service).port

    def in_thread(self, client: Callable[[], Any]) -> Deferred[Any]:
        return deferToThread(client)

    async def test_smtp_takes_a_mail(self) -> None:
        def client() -> None:
            with smtplib.SMTP(HOST, self.port("smtp"), timeout=PATIENCE) as smtp:
                smtp.sendmail("a@example.com", ["b@example.com"], "Subject: hello\r\n\r\n.dot\r\n")

        await self.in_thread(client)
        (mail,) = self.site.mails
        self.assertEqual((mail.server, mail.sender, mail.recipient), ("ex1", "a@example.com", "b@example.com"))
        self.assertTrue(mail.data.endswith(b"\r\n.dot\r\n"), mail.data)

    async def test_submission_with_starttls_and_a_login(self) -> None:
        def client() -> None:
            with smtplib.SMTP(HOST, self.port("submission"), timeout=PATIENCE) as smtp:
                smtp.starttls(context=self.tls)
                smtp.login("anna", "demo")
                smtp.sendmail("a@example.com", ["b@example.com"], "Subject: hello\r\n\r\n")

        await self.in_thread(client)
        self.assertEqual([mail.service for mail in self.site.mails], ["submission"])

    def read_imap(self, imap: imaplib.IMAP4) -> bytes:
        imap.login("anna", "demo")
        imap.select("INBOX", readonly=True)
        (_, message), *_ = imap.fetch("1", "(RFC822)")[1]  # type: ignore[misc]  # imaplib says bytes or a pair
        imap.logout()
        return bytes(message)

    async def test_imap_in_clear_with_starttls_and_with_tls(self) -> None:
        service = self.server.service("imap")

        def clear() -> bytes:
            return self.read_imap(imaplib.IMAP4(HOST, service.port, timeout=PATIENCE))

        def starttls() -> bytes:
            imap = imaplib.IMAP4(HOST, service.port, timeout=PATIENCE)
            imap.starttls(self.tls)
            return self.read_imap(imap)

        def implicit() -> bytes:
            return self.read_imap(imaplib.IMAP4_SSL(HOST, service.tls_port, ssl_context=self.tls, timeout=PATIENCE))

        for client in (clear, starttls, implicit):
            self.assertIn(b"served by EX1.example.com.", await self.in_thread(client))

    def read_pop3(self, pop3: poplib.POP3) -> bytes:
        pop3.user("anna")
        pop3.pass_("demo")
        lines = pop3.retr(1)[1]
        pop3.quit()
        return b"\n".join(lines)

    async def test_pop3_in_clear_with_stls_and_with_tls(self) -> None:
        service = self.server.service("pop3")

        def clear() -> bytes:
            return self.read_pop3(poplib.POP3(HOST, service.port, timeout=PATIENCE))

        def stls() -> bytes:
            pop3 = poplib.POP3(HOST, service.port, timeout=PATIENCE)
            pop3.stls(self.tls)
            return self.read_pop3(pop3)

        def implicit() -> bytes:
            return self.read_pop3(poplib.POP3_SSL(HOST, service.tls_port, context=self.tls, timeout=PATIENCE))

        for client in (clear, stls, implicit):
            self.assertIn(b"served by EX1.example.com.", await self.in_thread(client))

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(HOST, self.server.service("https").tls_port, timeout=PATIENCE, context=self.tls)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body

    async def test_https_answers_with_alpn_and_without(self) -> None:
        self.assertEqual(await self.in_thread(lambda: self.get("/ews/healthcheck.htm")), (200, b"200 OK<br/>EX1.example.com"))
        self.tls.set_alpn_protocols(["h2", "http/1.1"])
        status, body = await self.in_thread(lambda: self.get("/owa/"))
        self.assertEqual((status, b"EX1.example.com" in body), (200, True))

    async def test_garbage_comes_inside_tls(self) -> None:
        await self.server.service("https").set(Mode.GARBAGE)
        failure = self.in_thread(lambda: self.get("/owa/"))
        await self.assertFailure(failure, http.client.BadStatusLine)

    async def test_the_endpoint_mapper_tells_a_port_that_accepts_the_bind(self) -> None:
        def client() -> str:
            channel = transport.TCPTransport(HOST, self.port("epm"))
            dce = channel.get_dce_rpc()
            dce.connect()
            binding: str = epm.hept_map(HOST, nspi.MSRPC_UUID_NSPI, protocol="ncacn_ip_tcp", dce=dce)
            dce.disconnect()
            told = transport.DCERPCTransportFactory(binding).get_dce_rpc()
            told.connect()
            told.bind(nspi.MSRPC_UUID_NSPI)
            told.disconnect()
            return binding

        self.assertEqual(await self.in_thread(client), f"ncacn_ip_tcp:{HOST}[{self.port('rpc-ab')}]")

    def control(self, line: str) -> str:
        """As ``echo … | nc`` does: the sending half is closed before the answer comes."""
        assert self.site.control_port is not None
        with socket.create_connection((HOST, self.site.control_port), PATIENCE) as connection:
            connection.sendall(f"{line}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode()

    async def test_a_command_closes_a_port_and_another_opens_it_again(self) -> None:
        port = self.port("smtp")

        def greeting() -> bytes:
            with socket.create_connection((HOST, port), PATIENCE) as connection:
                return connection.recv(4)

        self.assertEqual(await self.in_thread(lambda: self.control("ex1 smtp refuse")), "ex1 smtp refuse\n")
        await self.assertFailure(self.in_thread(greeting), ConnectionRefusedError)
        self.assertEqual(await self.in_thread(lambda: self.control("ex1 smtp well")), "ex1 smtp well\n")
        self.assertEqual(await self.in_thread(greeting), b"220 ")

    async def test_refuse_cuts_a_live_session(self) -> None:
        connection = await self.in_thread(lambda: socket.create_connection((HOST, self.port("imap")), PATIENCE))
        self.addCleanup(connection.close)
        await self.in_thread(lambda: connection.recv(1024))
        await self.server.service("imap").set(Mode.REFUSE)
        await self.assertFailure(self.in_thread(lambda: connection.recv(1024)), ConnectionResetError)

    async def test_a_port_that_is_taken_is_told_and_leaves_nothing_open(self) -> None:
        assert self.site.control_port is not None
        second = Simulator(reactor, Layout({"ex1": HOST}, control=(HOST, self.site.control_port)))
        error = await self.assertFailure(second.start(), SiteError)
        self.assertIn(f"control port: cannot listen on {HOST}:{self.site.control_port}", str(error))
