"""NTLM through mode ``http``: servers that know a *connection*, and hundreds of clients who take turns at random moments."""

import base64
import http.client
import random
import socket
import ssl
import struct
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import attrs
import spnego
import trustme

from tests.integration.peers import iis, needs
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.doorkeeper import DOMAIN, password
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.90.1", "127.0.90.2", "127.0.90.3"
NAME = "mail.example.com"
PEOPLE = 200
VISITS = 2
"""Connections that each makes, one after the other."""
QUESTIONS = 6
DIRECTORIES = ("/owa", "/ews")
ENDINGS = (iis.LEAVE, iis.VANISH)

SITE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = ["{front}:{plain}", {{ address = "{front}:{tls}", tls = {{ mode = "implicit", certificates = "mail.pem" }} }}]
backend = "owa"
routes = {{ path = "/ews", backend = "ews" }}
[backends.owa]
check = "off"
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
[backends.ews]
check = "off"
balance = "leastconn"
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
"""


@attrs.frozen
class Answer:
    status: int
    challenges: list[str]
    user: str
    connection: str
    """The server's name, and which of its connections it was."""


@attrs.define
class Person:
    """Logs in and asks who it is taken for; each step of its life ends with a request that is on its way."""

    name: str
    address: tuple[str, int]
    trust: ssl.SSLContext | None = attrs.field(repr=False)
    chance: random.Random = attrs.field(repr=False)
    owners: dict[str, tuple[str, int]] = attrs.field(repr=False)
    """A server's connection and whose it was: one visit of one person, for ever."""
    asked: int = 0
    """Requests that were answered."""
    visit: int = 0
    _client: http.client.HTTPConnection | None = attrs.field(default=None, repr=False)

    def life(self) -> Iterator[None]:
        for self.visit in range(VISITS):
            yield from self._come()

    def _come(self) -> Iterator[None]:
        plain = socket.create_connection(self.address, 60)
        self._client = client = http.client.HTTPConnection(*self.address)
        client.sock = plain if self.trust is None else self.trust.wrap_socket(plain, server_hostname=NAME)
        kept: dict[str, str] = {}
        leaves_early = self.chance.random() < 0.2
        for directory in self.chance.sample(DIRECTORIES, len(DIRECTORIES)):
            stranger = yield from self._ask(directory)
            assert (stranger.status, stranger.user) == (401, "nobody"), f"{self} came, and was {stranger}"
            kept[directory] = stranger.connection
            if leaves_early and self.chance.random() < 0.5:
                self._send(directory, self._initiator()[0])
                yield
                self._leave()
                return
            yield from self._log_in(directory, kept[directory])
        for _ in range(QUESTIONS):
            directory = self.chance.choice(DIRECTORIES)
            ending = self.chance.choice(ENDINGS) if self.chance.random() < 0.1 else ""
            self._check((yield from self._ask(directory, "", ending)), kept[directory])
            if ending:
                kept[directory] = yield from self._come_again(directory, kept[directory])
        if leaves_early:
            self._send(directory)
        self._leave()

    def _come_again(self, directory: str, before: str) -> Generator[None, None, str]:
        """The server has left: whoever it is on the new connection is nobody, and has to log in; returns that connection."""
        stranger = yield from self._ask(directory)
        assert (stranger.status, stranger.user) == (401, "nobody"), f"{self} came again, and was {stranger}"
        assert stranger.connection != before
        yield from self._log_in(directory, stranger.connection)
        return stranger.connection

    def _log_in(self, directory: str, connection: str) -> Iterator[None]:
        token, context, scheme = self._initiator()
        challenged = yield from self._ask(directory, token)
        assert challenged.status == 401, f"{self} was {challenged} in the middle of logging in"
        assert challenged.connection == connection, f"{self} logs in on two connections: {challenged} and {connection}"
        (challenge,) = challenged.challenges
        answer = context.step(base64.b64decode(challenge.removeprefix(scheme)))
        assert answer is not None
        self._check((yield from self._ask(directory, f"{scheme} {base64.b64encode(answer).decode()}")), connection)

    def _initiator(self) -> tuple[str, spnego.ContextProxy, str]:
        scheme = self.chance.choice(("NTLM", "Negotiate"))
        context = spnego.client(f"{DOMAIN}\\{self.name}", password(self.name), protocol=scheme.lower())
        return f"{scheme} {base64.b64encode(context.step() or b'').decode()}", context, scheme

    def _check(self, answer: Answer, connection: str) -> None:
        assert (answer.status, answer.user) == (200, self.name), f"{self} was taken for {answer}"
        assert answer.connection == connection, f"{self} was on {connection} and is on {answer.connection}"

    def _ask(self, directory: str, authorization: str = "", ending: str = "") -> Generator[None, None, Answer]:
        self._send(directory, authorization, ending)
        yield
        assert self._client is not None
        response = self._client.getresponse()
        user, connection = response.read().decode().split(" ", 1)
        self.asked += 1
        owner = self.owners.setdefault(connection, (self.name, self.visit))
        assert owner == (self.name, self.visit), f"{self} is on {connection}, which was {owner}'s"
        return Answer(response.status, response.headers.get_all("WWW-Authenticate", []), user, connection)

    def _send(self, directory: str, authorization: str = "", ending: str = "") -> None:
        assert self._client is not None
        headers = {"Authorization": authorization} if authorization else {}
        self._client.request("GET", f"{directory}/{self.name}{ending}", headers=headers)

    def _leave(self) -> None:
        assert self._client is not None
        if self.chance.random() < 0.3:
            self._client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._client.close()


class Scene(PeerTestCase):
    workers = 1

    def setUp(self) -> None:
        super().setUp()
        behind, plain, tls = free_port(FIRST, SECOND), free_port(FRONT), free_port(FRONT)
        names = [f"person-{number}" for number in range(PEOPLE)]
        self.started(iis.Iis("ex1", FIRST, behind, names), iis.Iis("ex2", SECOND, behind, names))
        site = {"front": FRONT, "plain": plain, "tls": tls, "first": FIRST, "second": SECOND, "behind": behind}
        self.proxy = Proxy("proxy", FRONT, plain, SITE.format(workers=self.workers, **site))
        authority = trustme.CA()
        write_certificate(self.proxy.folder / "mail.pem", authority.issue_cert(NAME))
        self.authority = write_authority(self.proxy.folder, authority)
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        chance, owners = random.Random(5), dict[str, tuple[str, int]]()
        ways: list[tuple[int, ssl.SSLContext | None]] = [(plain, None), (tls, self.trust)]
        self.people = [
            Person(name, (FRONT, ways[number % 2][0]), ways[number % 2][1], chance, owners) for number, name in enumerate(names)
        ]
        self.tls = tls


class IdentityTests(Scene):
    def test_everybody_is_always_taken_for_himself(self) -> None:
        chance = random.Random(6)
        lives = [person.life() for person in self.people]
        while lives:
            life = chance.choice(lives)
            if next(life, life) is life:
                lives.remove(life)
        self.assertEqual({person.visit for person in self.people}, {VISITS - 1})
        self.proxy.end()
        lines = self.proxy.accessed()
        answered = [line for line in lines if " 200 " in line or " 401 " in line]
        self.assertGreaterEqual(len(answered), sum(person.asked for person in self.people))
        self.assertEqual([line for line in lines if " 502 " in line or " 503 " in line or " 504 " in line], [])


class TwoWorkersIdentityTests(IdentityTests):
    workers = 2


class LoginTests(Scene):
    def curl(self, name: str, *arguments: str) -> "subprocess.Popen[str]":
        options = [
            "--silent",
            "--show-error",
            "--max-time",
            "100",
            "--cacert",
            str(self.authority),
            "--resolve",
            f"{NAME}:{self.tls}:{FRONT}",
        ]
        who = ["--ntlm", "--user", f"{DOMAIN}\\{name}:{password(name)}", "--write-out", " %{http_code} %{num_connects}\n"]
        return subprocess.Popen(["curl", *options, *who, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_curl_logs_in_once_for_each_directory(self) -> None:
        needs.require(needs.CURL)
        upload = Path(self.proxy.folder) / "upload"
        upload.write_bytes(b"x" * 3_000_000)
        urls = [f"https://{NAME}:{self.tls}{directory}" for directory in ("/owa", "/ews", "/owa", "/ews", "/owa")]
        asking = {person.name: self.curl(person.name, *urls) for person in self.people[:10]}
        sending = {person.name: self.curl(person.name, "--data-binary", f"@{upload}", *urls[:2]) for person in self.people[10:14]}
        seen = set[str]()
        for name, running in {**asking, **sending}.items():
            output, _ = running.communicate(timeout=120)
            answers = [line.split() for line in output.splitlines()]
            self.assertEqual({(answer[0], answer[3]) for answer in answers}, {(name, "200")}, output)
            self.assertEqual(sum(int(answer[4]) for answer in answers), 1, output)
            connections = {f"{answer[1]} {answer[2]}" for answer in answers}
            self.assertEqual(len(connections), 2, output)
            self.assertFalse(connections & seen, output)
            seen |= connections

    def test_a_login_is_not_finished_with_a_server_that_has_not_begun_it(self) -> None:
        for ending in ENDINGS:
            client = http.client.HTTPConnection(FRONT, self.proxy.port, timeout=60)
            self.addCleanup(client.close)
            context = spnego.client(f"{DOMAIN}\\person-1", password("person-1"), protocol="ntlm")
            client.request("GET", f"/owa{ending}", headers={"Authorization": _ntlm(context.step())})
            challenged = client.getresponse()
            challenged.read()
            self.assertEqual(challenged.status, 401)
            challenge = base64.b64decode(challenged.headers["WWW-Authenticate"].removeprefix("NTLM "))
            client.request("GET", "/owa", headers={"Authorization": _ntlm(context.step(challenge))})
            self.assertRaises(ConnectionError, client.getresponse)

    def test_who_fails_to_log_in_is_nobody(self) -> None:
        needs.require(needs.CURL)
        url = f"https://{NAME}:{self.tls}/owa"
        output, _ = self.curl("person-1", "--user", f"{DOMAIN}\\person-1:wrong", url).communicate(timeout=120)
        self.assertEqual((output.split()[0], output.split()[3]), ("nobody", "401"))


def _ntlm(token: bytes | None) -> str:
    return f"NTLM {base64.b64encode(token or b'').decode()}"
