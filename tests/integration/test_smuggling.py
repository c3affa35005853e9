"""The table of ambiguous requests with real servers: what we pass on ends for nginx and HAProxy where it ends for us."""

import re
import socket
import socketserver
import threading
from typing import Any

import attrs

from tests.integration.peers import needs, witness
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy
from tests.smuggling.questions import CANARY, NEXT, QUESTIONS, Question

FRONT, BEHIND = "127.0.80.1", "127.0.80.2"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
LAST = NEXT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
"""What the server sees of it is :data:`NEXT`."""
PATIENCE = 60.0
"""Seconds for which a client waits for an answer that has to come."""
MOMENT = 0.3
"""Seconds for what is not to come."""

REFUSALS = ([], [400], [414], [431], [501], [505])

CONFIGURATION = """
[service]
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
forwarded = []
backend = "server"
[backends.server]
check = "off"
servers = {{ one = "{server}" }}
"""


class Differential(PeerTestCase):
    """Every case of the table, by a client of ours."""

    def proxied(self, server: str) -> Proxy:
        """Us before ``server``."""
        port = free_port(FRONT)
        proxy = Proxy("proxy", FRONT, port, CONFIGURATION.format(front=FRONT, port=port, server=server))
        self.started(proxy)
        self.addCleanup(proxy.end)
        return proxy

    def complaint(self, proxy: Proxy, question: Question) -> str:
        """What is wrong with the answers to a question, as far as they are ours to decide."""
        answers = witness.told(FRONT, proxy.port, question.said + LAST, PATIENCE if question.whole else MOMENT)
        found = statuses(answers)
        if question.whole and len(found) != question.answers:
            return f"{question.answers} answers expected, and got {answers!r}"
        if question.status and found[-1] != question.status:
            return f"{found[-1]} and not {question.status}"
        if CANARY in answers:
            return f"the canary is in {answers!r}"
        return ""


class WitnessTests(Differential):
    """Real servers see as many requests as we do, and none in a body."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*witness.NEEDS)
        self.nginx = witness.NginxWitness("nginx", BEHIND, free_port(BEHIND))
        self.started(self.nginx)

    def haproxy(self) -> witness.HAProxyWitness:
        server = witness.HAProxyWitness("haproxy", BEHIND, free_port(BEHIND), f"{BEHIND}:{self.nginx.port}")
        self.started(server)
        return server

    def test_nginx_sees_what_we_count(self) -> None:
        self.compare(self.nginx)

    def test_haproxy_sees_what_we_count(self) -> None:
        self.compare(self.haproxy())
        self.assertEqual(smuggled(self.nginx), [])

    def compare(self, server: witness.Witness) -> None:
        proxy = self.proxied(f"{BEHIND}:{server.port}")
        found = {name: self.complaint(proxy, question) for name, question in QUESTIONS.items()}
        self.assertEqual({name: complaint for name, complaint in found.items() if complaint}, {})
        expected = sum(question.answers - bool(question.status) for question in QUESTIONS.values() if question.whole)
        unfinished = sum(not question.whole for question in QUESTIONS.values())
        eventually(lambda: len(server.seen()) >= expected, f"{expected} requests in the log of {server.name}")
        self.assertEqual(smuggled(server), [])
        self.assertIn(len(server.seen()), range(expected, expected + unfinished + 1))

    def test_what_both_refuse_we_refuse_too(self) -> None:
        """Where nginx and HAProxy agree that it is no request, it should be none for us."""
        haproxy = self.haproxy()
        lenient = []
        for name, question in QUESTIONS.items():
            if question.reach and question.whole:
                one, two = (server.told(question.said + LAST, PATIENCE) for server in (self.nginx, haproxy))
                # What has the name of nginx in it HAProxy did not say itself.
                if b"nginx" not in two and all(statuses(answers)[:1] in REFUSALS for answers in (one, two)):
                    lenient.append(name)
        self.assertEqual(lenient, [])


def statuses(answers: bytes) -> list[int]:
    """Of each."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) (?!Continue)", answers)]


def smuggled(server: witness.Witness) -> list[str]:
    """The requests for the canary's path that it saw."""
    return [line for line in server.seen() if CANARY.decode() in line.partition("?")[0]]


class _Scribes(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    heard = b""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Scribe)
        self.awaited: list[bytes] = []
        self.came: set[object] = set()
        self.here: set[object] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.here.add(client_address)
        self.came.add(client_address)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        self.here.discard(client_address)


class _Scribe(socketserver.BaseRequestHandler):
    """Writes down every octet, and answers when all of what it waits for has come."""

    def handle(self) -> None:
        server, data = self.server, b""
        assert isinstance(server, _Scribes)
        try:
            while octets := self.request.recv(65_536):
                server.heard += octets
                data += octets
                if server.awaited and data == server.awaited[0]:
                    server.awaited.pop(0)
                    body = b"" if data.startswith(b"HEAD ") else b"ok"
                    data = b""
                    self.request.sendall(OK + body)
        except ConnectionResetError:
            pass  # a cut request


@attrs.define
class Scribe:
    """A server that understands nothing."""

    host: str
    port: int
    _server: _Scribes = attrs.field(init=False)

    def start(self) -> None:
        self._server = _Scribes((self.host, self.port))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def await_(self, messages: list[bytes]) -> None:
        """The next ones to be answered; whoever came before has been heard to his end by then."""
        with socket.create_connection((self.host, self.port), PATIENCE) as last:
            name = last.getsockname()
        server = self._server
        eventually(lambda: name in server.came and not server.here, "all who came before to be heard")
        self._server.heard, self._server.awaited = b"", messages

    @property
    def heard(self) -> bytes:
        return self._server.heard


class OctetTests(Differential):
    def test_the_server_gets_what_the_table_says_octet_for_octet(self) -> None:
        scribe = Scribe(BEHIND, free_port(BEHIND))
        scribe.start()
        self.addCleanup(scribe.stop)
        proxy = self.proxied(f"{BEHIND}:{scribe.port}")
        wrong = {}
        for name, question in QUESTIONS.items():
            if question.whole:
                expected = [*question.reach, *(() if question.status or question.closes else (NEXT,))]
                scribe.await_(list(expected))
                wrong[name] = self.complaint(proxy, question)
                if expected and scribe.heard != b"".join(expected):
                    wrong[name] += f"the server heard {scribe.heard!r}"
                elif CANARY in scribe.heard and not expected:
                    wrong[name] += f"the server heard the canary in {scribe.heard!r}"
        self.assertEqual({name: complaint for name, complaint in wrong.items() if complaint}, {})
