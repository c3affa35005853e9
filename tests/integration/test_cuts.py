"""The table of answers with real sockets: what is cut is seen to be cut, by curl and by Python's client, with TLS and without."""

import socket
import ssl
import subprocess
from http.client import HTTPException
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

import trustme

from tests.integration.peers import needs
from tests.integration.peers.actor import Actor
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE
from tests.integration.proxy import Proxy
from tests.smuggling.answers import ANSWERS, GET, OLD, POISON, Answer, End, Outcome, read

FRONT, BEHIND = "127.0.80.3", "127.0.80.4"
ASK_NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
CURL_SEES = frozenset({18, 52, 56})
"""Its statuses for: less came than was promised; nothing came; the connection broke."""

CONFIGURATION = """
[frontends.web]
mode = "http"
bind = "{front}:{port}"
{near}
forwarded = []
backend = "server"
[backends.server]
check = "off"
{far}
servers = {{ one = "{behind}" }}
"""


class PlainTests(PeerTestCase):
    """No TLS at all."""

    near = far = False

    def setUp(self) -> None:
        super().setUp()
        self.authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(self.context)
        self.actor = Actor(BEHIND, free_port(BEHIND), self._servers_tls())
        self.actor.start()
        self.addCleanup(self.actor.stop)
        port = free_port(FRONT)
        values = {
            "front": FRONT,
            "port": port,
            "behind": f"{BEHIND}:{self.actor.port}",
            "near": 'tls = { mode = "implicit", certificates = "mail.pem" }' if self.near else "",
            "far": 'tls = { mode = "implicit", ca = "authority.pem" }' if self.far else "",
        }
        self.proxy = Proxy("proxy", FRONT, port, CONFIGURATION.format(**values))
        folder = Path(self.proxy.folder)
        write_certificate(folder / "mail.pem", self.authority.issue_cert(FRONT, "mail.example.com"))
        self.authority_file = write_authority(folder, self.authority)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def _servers_tls(self) -> ssl.SSLContext | None:
        if not self.far:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(BEHIND).configure_cert(context)
        return context

    def connected(self) -> socket.socket:
        """A client; over TLS, one that wants to be told of the end there."""
        plain = socket.create_connection((FRONT, self.proxy.port), timeout=PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.near:
            return plain
        return self.context.wrap_socket(plain, server_hostname=FRONT, suppress_ragged_eofs=False)

    def test_each_is_what_the_table_says(self) -> None:
        wrong = {name: complaint for name, answer in ANSWERS.items() if (complaint := self.complaint(answer))}
        self.assertEqual(wrong, {})

    def complaint(self, answer: Answer, ragged: bool = False) -> str:
        """What is wrong with what a client gets, and with what it gets next."""
        self.actor.play(answer, ragged)
        with self.connected() as connection, cast(BufferedReader, connection.makefile("rb")) as stream:
            connection.sendall(answer.asked)
            try:
                stream.peek(1)
                self.actor.heard()
                found = read(stream, answer.method)
            except TimeoutError:
                return "it does not end"
            except (HTTPException, OSError) as error:
                return "" if answer.outcome is Outcome.CUT else repr(error)
            if answer.outcome is Outcome.CUT or found[0] != answer.status:
                return f"it took {found} for whole"
            if answer.outcome is Outcome.WHOLE and found[1] != answer.body:
                return f"{found}"
            if answer.kept is True:
                return self.behind(connection, stream)
            if answer.kept is False or answer.outcome is Outcome.BAD:
                return self.end_of(stream)
            return ""

    def behind(self, connection: socket.socket, stream: BinaryIO) -> str:
        """What is wrong with the next answer on a connection."""
        self.actor.wait()
        try:
            connection.sendall(ASK_NEXT)
            found = read(stream, "GET")
        except (HTTPException, OSError) as error:
            return f"its connection is closed: {error!r}"
        return "" if found == (200, b"next") else f"the next answer is {found}"

    def end_of(self, stream: BinaryIO) -> str:
        """What is wrong with the end of a connection."""
        try:
            more = stream.read(1)
        except OSError as error:
            return f"its connection ends with {error!r}"
        return f"behind the answer comes {more!r}" if more else ""

    def test_curl_sees_each_cut(self) -> None:
        needs.require(needs.CURL)
        wrong = {}
        for name, answer in ANSWERS.items():
            if answer.asked in (GET, OLD) and answer.outcome is Outcome.CUT:
                self.actor.play(answer)
                status, said = self.curl("--http1.0" if answer.asked is OLD else "--http1.1")
                if status not in CURL_SEES or POISON in said:
                    wrong[name] = f"curl ended with {status}, and got {said!r}"
        self.assertEqual(wrong, {})

    def curl(self, *options: str) -> tuple[int, bytes]:
        url = f"http{'s' if self.near else ''}://{FRONT}:{self.proxy.port}/outer"
        command = ["curl", "-sv", "--max-time", f"{PATIENCE:g}", "--cacert", str(self.authority_file), *options, url]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            for line in running.stderr:
                if line.startswith(b"< HTTP/"):
                    self.actor.heard()
            return running.wait(2 * PATIENCE), running.stdout.read()


class OffloadTests(PlainTests):
    """TLS ends at us."""

    near = True


class BridgeTests(PlainTests):
    """TLS on both sides."""

    near = far = True

    def test_a_server_that_does_not_say_in_tls_that_it_ends_has_cut_what_would_end_so(self) -> None:
        until_end = Answer((b"HTTP/1.1 200 OK\r\n\r\nhello",), Outcome.CUT, End.CLOSES)
        self.assertEqual(self.complaint(until_end, ragged=True), "")
        old = Answer(until_end.parts, Outcome.CUT, End.CLOSES, OLD)
        self.assertEqual(self.complaint(old, ragged=True), "")
        self.actor.play(until_end, ragged=True)
        self.assertIn(self.curl()[0], CURL_SEES)
        whole = Answer((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",), Outcome.WHOLE, End.CLOSES)
        self.assertEqual(self.complaint(whole, ragged=True), "")


class ToServersTests(PlainTests):
    """TLS to servers only."""

    far = True
