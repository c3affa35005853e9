"""The access log, end to end: one session, one line, in a file and at a syslog server."""

import json
import re
import socket
from typing import Any

from tests.integration.balanced import FIRST, FRONT
from tests.integration.clients import PATIENCE
from tests.integration.peers.echo import Echo, EchoClient
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

SITE = """
[service]
log = {{ format = "{style}", access = "access.log", syslog = "udp://{host}:{syslog}" }}

[frontends.front]
bind = "{host}:{port}"
backend = "echo"

[backends.echo]
servers = {{ ex1 = "{server}" }}
"""

RFC5424 = re.compile(r"<134>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) (\S+) exproxy (\d+) access - (.*)", re.DOTALL)
"""Facility local0, severity informational; no structured data."""


class LogTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.syslog = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.syslog.close)
        self.syslog.bind((FRONT, 0))
        self.syslog.settimeout(PATIENCE)

    def session(self, style: str) -> tuple[str, str]:
        """One session's line: in the file and at the syslog server."""
        echo = Echo("ex1", FIRST, free_port(FIRST))
        self.addCleanup(echo.stop)
        echo.start()
        port = free_port(FRONT)
        values = {"syslog": self.syslog.getsockname()[1], "server": f"{FIRST}:{echo.port}", "style": style}
        self.proxy = Proxy("proxy", FRONT, port, SITE.format(host=FRONT, port=port, **values))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        self.proxy.wait_until("echo/ex1", "up")
        client = EchoClient(FRONT, port)
        self.client = client.connection.getsockname()
        client.echo("hello")
        client.close()
        message = RFC5424.fullmatch(self.syslog.recv(4096).decode())
        assert message is not None, "no message of RFC 5424"
        self.assertEqual(message.group(3), str(self.proxy.process.pid))
        lines = eventually(self.proxy.accessed, "a line in the file")
        self.assertEqual(len(lines), 1)
        return lines[0], message.group(4)

    def test_json(self) -> None:
        written, sent = self.session("json")
        self.assertEqual(written, sent)
        entry: dict[str, Any] = json.loads(written)
        self.assertEqual((entry["client_ip"], entry["client_port"]), self.client)
        self.assertEqual((entry["frontend"], entry["backend"], entry["server"]), ("front", "echo", "ex1"))
        self.assertEqual((entry["bytes_uploaded"], entry["bytes_read"]), (len("hello\n"), len("ex1\nhello\n")))
        self.assertEqual((entry["termination"], entry["retries"], entry["redispatched"]), ("--", 0, False))

    def test_text(self) -> None:
        written, sent = self.session("text")
        self.assertEqual(written, sent)
        host, port = self.client
        self.assertRegex(written, rf"^{host}:{port} \[\S+\] front echo/ex1 \d+/\d+/\d+ 10 -- 1/1/0/0/0 0/0 6$")
