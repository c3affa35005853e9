"""The service of Windows through its whole life, with clients of this machine and a simulated server.

Not among the tests that trial finds by itself: ``make test-windows`` prepares what it needs.
"""

import os
import re
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from exproxy.simulator.layout import Layout
from exproxy.simulator.site import Simulator
from tests.integration.peers.waiting import eventually
from tests.windows.session import Query, Session, windows_path

FRONT, SERVER = "127.0.71.1", "127.0.71.2"
PORT, ADMIN = 21025, 21777
"""Below those that the system chooses for others."""

CONFIGURATION = """
[defaults]
check = {{ interval = "200ms", timeout = "1m" }}
timeouts = {{ connect = "1m", drain = "10m" }}
[admin]
listen = "{front}:{admin}"
socket = "exproxy.sock"
[frontends.smtp]
mode = "smtp"
bind = "{front}:{port}"
backend = "hub"
[backends.hub]
check = {{ type = "smtp" }}
[backends.hub.servers]
ex1 = "{server}:{server_port}"
"""

START_AND_STOP = """
import time
from exproxy.winservice import manager
from exproxy.winservice.answers import ManagerError
manager.start()
end = time.monotonic() + 90
while True:
    try:
        manager.stop()
        break
    except ManagerError as error:
        if time.monotonic() > end:
            raise
        time.sleep(0.002)
print(manager.look())
"""
"""Asks for the end as soon as the manager takes the order."""

PATIENCE = 90.0
"""Seconds for what a service does: on a machine that is busy with other tests, Python under Wine takes half a minute to start."""

T = TypeVar("T")


class Client:
    """One who speaks SMTP, line by line."""

    def __init__(self) -> None:
        self._sock = socket.create_connection((FRONT, PORT), timeout=PATIENCE)
        self._lines = self._sock.makefile("rb")
        self.greeting = self.heard()

    def said(self, line: str) -> str:
        self._sock.sendall(line.encode() + b"\r\n")
        return self.heard()

    def heard(self) -> str:
        """A whole reply; empty: the other side has left."""
        reply = ""
        while (line := self._lines.readline().decode()) and line[3:4] == "-":
            reply += line
        return reply + line

    def close(self) -> None:
        self._lines.close()
        self._sock.close()


class ServiceLife(TestCase):
    timeout = 900

    async def setUp(self) -> None:
        tools, folder = os.environ["EXPROXY_WINDOWS"].split(os.pathsep)
        self.session = Session(Path(tools), Path(folder))
        self.site = Simulator(reactor, Layout({"ex1": SERVER}))
        self.addCleanup(self.site.stop)
        await self.site.start()
        # not trial's folder: its names are longer than a unix socket's path would be
        self.folder = Path(tempfile.mkdtemp(prefix="exproxy-windows-"))
        self.addCleanup(lambda: [path.unlink() for path in self.folder.iterdir()] and self.folder.rmdir())
        self.file = self.folder / "site.toml"
        port = self.site.server("ex1").service("smtp").port
        self.text = CONFIGURATION.format(front=FRONT, server=SERVER, port=PORT, admin=ADMIN, server_port=port)
        self.file.write_text(self.text)
        self.before = len(self.session.entries())
        installed = await self.service("install", "-c", windows_path(self.file), "--start", "manual")
        self.addCleanup(self.removed)
        self.assertEqual(installed[0], 0, installed[1])

    async def removed(self) -> None:
        code, said = await self.service("remove")
        self.assertEqual(code, 0, said)
        self.assertIsNone(await self.aside(self.session.query))

    async def aside(self, call: Callable[..., T], *arguments: Any) -> T:
        """Blocking, while the simulated server goes on."""
        done: T = await deferToThread(call, *arguments)
        return done

    async def exproxy(self, *arguments: str) -> tuple[int, str]:
        done = await self.aside(self.session.exproxy, *arguments)
        return done.code, done.text

    async def service(self, *arguments: str) -> tuple[int, str]:
        return await self.exproxy("service", *arguments)

    async def started(self) -> None:
        code, said = await self.service("start")
        self.assertEqual(code, 0, f"{said}\n{self.log()}")

    async def queried(self) -> Query:
        found = await self.aside(self.session.query)
        assert found is not None
        return found

    async def client(self) -> Client:
        client = await self.aside(eventually, self.greeted, "a server behind the front end", PATIENCE)
        self.addCleanup(client.close)
        return client

    def greeted(self) -> Client | None:
        """A client whom a server has greeted; ``None``: the checks have not found one yet."""
        client = Client()
        if client.greeting.startswith("220"):
            return client
        client.close()
        return None

    def log(self) -> str:
        path = self.folder / "exproxy.log"
        return path.read_text() if path.exists() else ""

    def entries(self) -> str:
        """What came into the event log since the test began."""
        return "\n".join(self.session.entries()[self.before :])

    async def test_a_client_gets_through_the_running_service_to_a_server(self) -> None:
        await self.started()
        self.assertEqual((await self.queried()).state, "RUNNING")
        client = await self.client()
        self.assertIn("EX1", await self.aside(client.said, "EHLO client.example.com"))
        self.assertTrue((await self.aside(client.said, "QUIT")).startswith("221"))
        self.assertIn("exproxy is ready", self.entries())

    async def test_a_stop_drains_while_the_manager_is_told_that_it_goes_on(self) -> None:
        await self.started()
        client = await self.client()
        stopping = deferToThread(self.session.exproxy, "service", "stop")
        pending = await self.aside(eventually, self.pending, "STOP_PENDING", PATIENCE)
        self.assertEqual((pending.hint, pending.code), (15_000, 0))
        await self.aside(eventually, lambda: self.session.query().point > pending.point, "another sign of life", PATIENCE)
        self.assertRaises(OSError, socket.create_connection, (FRONT, PORT), 5)
        self.assertTrue((await self.aside(client.said, "NOOP")).startswith(("250", "421")))
        client.close()
        done = await stopping
        self.assertEqual(done.code, 0, done.text)
        ended = await self.queried()
        self.assertEqual((ended.state, ended.code, ended.own_code), ("STOPPED", 0, 0))
        self.assertRegex(self.entries(), "exproxy stops(.|\n)*exproxy has stopped")

    def pending(self) -> Query | None:
        found = self.session.query()
        return found if found is not None and found.state == "STOP_PENDING" else None

    async def test_a_stop_during_the_start_is_not_lost(self) -> None:
        done = await self.aside(self.session.run_python, "-c", START_AND_STOP)
        self.assertEqual(done.code, 0, done.text)
        await self.aside(eventually, lambda: self.session.query().state == "STOPPED", "STOPPED", PATIENCE)
        ended = await self.queried()
        self.assertEqual((ended.code, ended.own_code), (0, 0))
        self.assertIn("exproxy has stopped", self.entries())
        self.assertNotIn("exproxy is ready", self.entries())

    async def test_a_restart_is_another_process_that_has_clients_again(self) -> None:
        await self.started()
        code, said = await self.service("restart", "-c", windows_path(self.file.with_name("other.toml")))
        self.assertEqual((code, "has another configuration" in said), (1, True), said)
        code, said = await self.service("restart", "-c", windows_path(self.file))
        self.assertEqual(code, 0, said)
        self.assertTrue((await self.client()).greeting.startswith("220"))
        self.assertEqual(len(re.findall("exproxy is ready", self.entries())), 2)

    async def test_a_start_with_a_wrong_configuration_says_why_and_ends_with_a_code(self) -> None:
        self.file.write_text(self.text.replace('mode = "smtp"', 'mode = "stmp"'))
        code, said = await self.service("start")
        self.assertEqual(code, 1)
        self.assertIn("exproxy did not start (code 1)", said)
        ended = await self.queried()
        self.assertEqual((ended.state, ended.code, ended.own_code), ("STOPPED", 1066, 1))
        self.assertIn('"stmp" is not a mode; did you mean "smtp"?', self.entries())
        self.file.write_text(self.text)
        await self.started()

    async def test_so_does_one_whose_port_is_taken(self) -> None:
        with socket.create_server((FRONT, PORT)):
            code, said = await self.service("start")
        self.assertEqual(code, 1, said)
        ended = await self.queried()
        self.assertEqual((ended.state, ended.code, ended.own_code), ("STOPPED", 1066, 1))
        self.assertIn(f"frontends.smtp: cannot listen on {FRONT}:{PORT}", self.entries())
        self.assertIn("another program has it", self.log())

    async def test_administrators_come_in_by_the_token_and_nobody_else_does(self) -> None:
        await self.started()
        await self.client()
        arguments = ("-c", windows_path(self.file))
        code, said = await self.exproxy("status", *arguments)
        self.assertEqual(code, 0, said)
        code, said = await self.exproxy("host", "drain", SERVER, *arguments)
        self.assertEqual((code, "is set to drain" in said), (0, True), said)
        self.assertIn("audit: somebody with the socket's token set host", self.log())
        port = int((self.folder / "exproxy.sock").read_text().split()[1].rpartition(":")[2])
        for first in (b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3, b"token " + b"0" * 64 + b"\nshow stat\n"):
            self.assertEqual(await self.aside(self.answered, ("127.0.0.1", port), first), b"")
        answered = await self.aside(self.answered, (FRONT, ADMIN), b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertIn(b"200 OK", answered)
        await self.service("stop")
        self.assertFalse((self.folder / "exproxy.sock").exists())

    def answered(self, address: tuple[str, int], said: bytes) -> bytes:
        """All that comes until the end."""
        heard = b""
        with socket.create_connection(address, timeout=PATIENCE) as sock:
            try:
                sock.sendall(said)
                while data := sock.recv(65_536):
                    heard += data
            except ConnectionError:
                pass
        return heard
